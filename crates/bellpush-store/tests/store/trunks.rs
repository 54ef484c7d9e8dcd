//! Trunks and their passwords.

use bellpush_core::{
    events::EventTime,
    ids::TrunkId,
    profile::{ProfileKind, ProfileSettings},
    trunk::TrunkSettings,
};
use bellpush_store::{Actor, PasswordChange};
use secrecy::ExposeSecret;
use uuid::Uuid;

pub(crate) fn trunk() -> TrunkSettings {
    let settings = r#"{"name":"Provider","domain":"sip.provider.example","username":"u"}"#;
    serde_json::from_str(settings).unwrap()
}

on_both_stores! {
    async fn a_trunk_is_made_changed_and_deleted(site) {
        let store = &site.store;
        let made = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap();
        assert!(!made.has_password);
        assert_eq!(store.trunk(made.id).await.unwrap(), Some(made.clone()));
        let settings = TrunkSettings { name: "Other".into(), ..trunk() };
        let changed =
            store.update_trunk(made.id, &settings, &PasswordChange::Keep, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(changed.settings, settings);
        assert_eq!(store.trunks().await.unwrap(), [changed]);
        let unknown = TrunkId::from_uuid(Uuid::now_v7());
        let result = store.update_trunk(unknown, &settings, &PasswordChange::Keep, &Actor::HOST).await;
        assert_eq!(result.unwrap(), None);
        assert!(store.delete_trunk(made.id, &Actor::HOST).await.unwrap());
        assert!(!store.delete_trunk(made.id, &Actor::HOST).await.unwrap());
    }

    async fn a_password_is_kept_changed_and_removed_and_its_row_does_not_show_it(site) {
        let store = &site.store;
        let word = "correct horse battery".into();
        let id = store.create_trunk(&trunk(), Some(&word), &Actor::HOST).await.unwrap().id;
        let password = async || {
            let (_, password) = store.trunks_with_passwords().await.unwrap().remove(0);
            password.map(|password| password.expose_secret().to_owned())
        };
        assert_eq!(password().await.as_deref(), Some("correct horse battery"));
        store.update_trunk(id, &trunk(), &PasswordChange::Keep, &Actor::HOST).await.unwrap();
        assert_eq!(password().await.as_deref(), Some("correct horse battery"));
        let other = PasswordChange::Set("staple".into());
        assert!(store.update_trunk(id, &trunk(), &other, &Actor::HOST).await.unwrap().unwrap().has_password);
        assert_eq!(password().await.as_deref(), Some("staple"));
        let updated = store.update_trunk(id, &trunk(), &PasswordChange::Remove, &Actor::HOST).await.unwrap();
        assert!(!updated.unwrap().has_password);
        assert_eq!(password().await, None);
    }

    async fn an_outage_is_kept_once_for_the_apps_that_call_by_the_trunk(site) {
        let store = &site.store;
        let at = |seconds: i64| EventTime::from_millis(seconds * 1_000).unwrap();
        let all = (at(0), at(1_000_000));
        let id = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap().id;
        let (app, stranger) = (site.app().await, site.app().await);
        let profile = ProfileSettings {
            kind: ProfileKind::Sip,
            trunk_id: Some(id),
            to: Some("100".parse().unwrap()),
            ..ProfileSettings::demo()
        };
        store.create_profile(app, &profile, false, &Actor::HOST).await.unwrap();
        let (one, other) = tokio::join!(store.begin_trunk_outage(id, at(100)), store.begin_trunk_outage(id, at(101)));
        assert!(one.unwrap() != other.unwrap(), "two nodes saw it, and it is one");
        assert_eq!(store.trunks_out_of_order().await.unwrap(), [id]);
        assert_eq!(store.trunk_outages(app, all, 9).await.unwrap()[0].ended_at, None);
        store.end_trunk_outage(id, at(160)).await.unwrap();
        store.end_trunk_outage(id, at(170)).await.unwrap();
        assert_eq!(store.trunks_out_of_order().await.unwrap(), []);
        assert!(store.begin_trunk_outage(id, at(300)).await.unwrap());
        // A clock was put back.
        store.end_trunk_outage(id, at(200)).await.unwrap();
        let found = store.trunk_outages(app, all, 9).await.unwrap();
        let ends: Vec<_> = found.iter().map(|it| it.ended_at).collect();
        assert_eq!(ends, [Some(at(300)), Some(at(160))]);
        assert_eq!(found[0].name, "Provider");
        assert_eq!(store.trunk_outages(app, (at(161), at(300)), 9).await.unwrap(), []);
        assert_eq!(store.trunk_outages(app, (at(159), at(300)), 9).await.unwrap().len(), 1);
        assert_eq!(store.trunk_outages(stranger, all, 9).await.unwrap(), []);

        let outages = format!(
            "INSERT INTO trunk_outages (trunk_id, began_at, ended_at)
             WITH RECURSIVE seconds (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM seconds WHERE n < 2002)
             SELECT '{id}', n * 1000, n * 1000 FROM seconds"
        );
        site.sql(&outages).await;
        for n in 1_003..1_005 {
            assert!(store.begin_trunk_outage(id, at(1_000 + n)).await.unwrap());
            store.end_trunk_outage(id, at(1_000 + n)).await.unwrap();
        }
        assert_eq!(store.trunk_outages(app, all, 2_000).await.unwrap().len(), 1_000);
        store.remove_trunk_outages(at(2_000)).await.unwrap();
        assert_eq!(store.trunk_outages(app, all, 2_000).await.unwrap().len(), 5);
    }
}
