//! The audit trail: each line vouches for those before it.

use bellpush_core::app::AppSettings;
use bellpush_store::{Actor, AuditFault, AuditTrail};
use futures_util::future::join_all;

use crate::site::Site;

/// Five lines.
async fn written(site: &Site) {
    for name in ["one", "two", "three", "four", "five"] {
        site.store.create_app(&AppSettings::named(name), &Actor::HOST).await.unwrap();
    }
}

async fn verify(site: &Site) -> Result<i64, AuditFault> {
    let trail = AuditTrail::open(&site.target).await.unwrap();
    let verified = trail.verify().await.unwrap();
    trail.close().await;
    assert_eq!(site.store.verify_audit().await.unwrap(), verified, "the server sees it as well");
    verified
}

on_both_stores! {
    async fn a_trail_as_it_was_written_is_whole(site) {
        assert_eq!(verify(site).await, Ok(0));
        written(site).await;
        assert_eq!(verify(site).await, Ok(5));
    }

    async fn a_line_that_was_changed_is_found(site) {
        written(site).await;
        site.sql("UPDATE audit_trail SET subject_name = 'other' WHERE seq = 3").await;
        assert_eq!(verify(site).await, Err(AuditFault::Changed(3)));
    }

    async fn a_line_that_was_taken_out_is_found(site) {
        written(site).await;
        site.sql("DELETE FROM audit_trail WHERE seq = 3").await;
        assert_eq!(verify(site).await, Err(AuditFault::Missing(3)));
    }

    async fn a_line_that_others_took_the_place_of_is_found(site) {
        written(site).await;
        site.sql("DELETE FROM audit_trail WHERE seq = 3").await;
        site.sql("UPDATE audit_trail SET seq = seq - 1 WHERE seq > 3").await;
        site.sql("UPDATE audit_head SET seq = 4").await;
        assert_eq!(verify(site).await, Err(AuditFault::Changed(3)));
    }

    async fn lines_that_were_cut_off_at_the_end_are_found(site) {
        written(site).await;
        site.sql("DELETE FROM audit_trail WHERE seq > 3").await;
        assert_eq!(verify(site).await, Err(AuditFault::End { expected: 5, found: 3 }));
    }

    async fn a_line_that_was_added_at_the_end_is_found(site) {
        written(site).await;
        let columns = "at, action, actor_kind, actor_id, actor_name, address, app_id, subject_id,
            subject_name, changes, hash";
        let line = "INSERT INTO audit_trail (seq, {}) SELECT 6, {} FROM audit_trail WHERE seq = 5";
        site.sql(&line.replace("{}", columns)).await;
        assert_eq!(verify(site).await, Err(AuditFault::End { expected: 5, found: 6 }));
    }

    async fn lines_that_are_written_at_once_follow_each_other(site) {
        let many = (0..40).map(|number| {
            let settings = AppSettings::named(number.to_string());
            async move { site.store.create_app(&settings, &Actor::HOST).await.unwrap() }
        });
        join_all(many).await;
        assert_eq!(verify(site).await, Ok(40));
    }
}
