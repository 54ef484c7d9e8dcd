//! Leases, and calls whose node is gone.

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
};
use bellpush_store::CallState;

use crate::site::{Site, after, master_key, new_call, new_node, now};

/// As another node finds them, to which a lease of two hours is nothing strange.
async fn orphans(site: &Site, now: EventTime) -> Vec<CallId> {
    let found = site.store.orphaned_calls(new_node(), now, after(7200)).await.unwrap();
    found.into_iter().map(|orphan| orphan.call.id).collect()
}

async fn call_on(site: &Site, node_id: NodeId) -> CallId {
    let visitor = site.visitor().await;
    let call_id = new_call();
    site.store.append(vec![visitor.starts(call_id, node_id)]).await.unwrap();
    call_id
}

on_both_stores! {
    async fn a_call_is_orphaned_when_the_lease_of_its_node_ends(site) {
        let node = new_node();
        site.store.join(node, after(10), None).await.unwrap();
        let call_id = call_on(site, node).await;
        assert_eq!(orphans(site, now()).await, []);
        assert_eq!(orphans(site, after(11)).await, [call_id]);
        assert!(site.store.renew_lease(node, after(60)).await.unwrap());
        assert_eq!(orphans(site, after(11)).await, []);
        site.store.leave(node).await.unwrap();
        assert_eq!(orphans(site, now()).await, [call_id]);
        assert!(!site.store.renew_lease(node, after(60)).await.unwrap());
    }

    async fn calls_of_an_app_that_is_being_removed_are_no_orphans(site) {
        let call_id = call_on(site, new_node()).await;
        assert_eq!(orphans(site, now()).await, [call_id]);
        // As deletion leaves it, but nothing is taken away yet.
        site.sql("UPDATE app_rows SET removed = TRUE").await;
        assert_eq!(orphans(site, now()).await, []);
    }

    async fn an_orphan_comes_with_what_its_terminal_event_needs(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        let found = site.store.orphaned_calls(new_node(), now(), after(10)).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].call.id, call_id);
        assert_eq!(found[0].call.session_id, visitor.session.id);
        assert_eq!(found[0].call.state, CallState::Live);
        assert_eq!(found[0].context, visitor.session.context);
        assert!(!found[0].preview);
        site.store.append(vec![visitor.loses_media(call_id)]).await.unwrap();
        assert_eq!(orphans(site, now()).await, []);
    }

    async fn a_node_does_not_find_its_own_calls(site) {
        let node = new_node();
        let call_id = call_on(site, node).await;
        assert_eq!(orphans(site, now()).await, [call_id]);
        assert_eq!(site.store.orphaned_calls(node, now(), after(10)).await.unwrap(), []);
    }

    async fn a_call_whose_node_is_back_waits_anew_when_that_is_gone_another_time(site) {
        let (lapsed, gone, own) = (new_node(), new_node(), new_node());
        let ago = |seconds: i64| EventTime::from_millis(now().millis() - seconds * 1000).unwrap();
        let noticed = ago(600);
        for node in [lapsed, gone] {
            site.store.join(node, ago(1), None).await.unwrap();
        }
        let calls = [call_on(site, lapsed).await, call_on(site, gone).await];
        let of_own = call_on(site, own).await;
        let since = async |now: EventTime| {
            site.store.unmark_orphans(own, now, after(60)).await.unwrap();
            let found = site.store.orphaned_calls(new_node(), now, after(60)).await.unwrap();
            let since = found.iter().map(|orphan| (orphan.call.id, orphan.call.orphaned_at));
            since.collect::<std::collections::HashMap<_, _>>()
        };
        let marks = [(calls[0], lapsed), (calls[1], gone), (of_own, own)];
        site.store.mark_orphans(&marks, noticed).await.unwrap();
        let marked = since(now()).await;
        assert_eq!((marked[&calls[0]], marked[&calls[1]]), (Some(noticed), Some(noticed)));
        assert_eq!(marked[&of_own], None, "who asks is there");

        assert!(site.store.renew_lease(lapsed, after(10)).await.unwrap());
        assert!(!since(now()).await.contains_key(&calls[0]));
        let later = since(after(11)).await;
        assert_eq!((later[&calls[0]], later[&calls[1]]), (None, marked[&calls[1]]));
    }

    async fn a_lease_that_ends_later_than_any_can_is_of_a_clock_that_was_wrong(site) {
        let node = new_node();
        site.store.join(node, after(3600), None).await.unwrap();
        let call_id = call_on(site, node).await;
        let found = site.store.orphaned_calls(new_node(), now(), after(20)).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].call.id, call_id);
    }
}

#[tokio::test]
async fn on_sqlite_a_restart_proves_that_every_lease_is_void() {
    let site = Site::sqlite().await;
    let node = new_node();
    site.store.join(node, after(3600), None).await.unwrap();
    let call_id = call_on(&site, node).await;
    let site = site.reopen().await;
    assert_eq!(orphans(&site, now()).await, [call_id]);
    site.clear().await;
}

#[tokio::test]
async fn on_postgres_a_second_node_leaves_the_leases_of_the_first_alone() {
    let site = Site::postgres().await;
    let node = new_node();
    site.store.join(node, after(3600), None).await.unwrap();
    call_on(&site, node).await;
    let other = site.open(master_key()).await.unwrap();
    assert_eq!(other.orphaned_calls(new_node(), now(), after(7200)).await.unwrap(), []);
    other.close().await;
    site.clear().await;
}

on_both_stores! {
    async fn nodes_with_a_url_of_their_own_are_known_while_they_live(site) {
        let url = |n: u8| format!("https://node{n}.calls.example.com");
        let node = new_node;
        let gone = EventTime::from_millis(now().millis() - 1).unwrap();
        site.store.join(node(), after(60), Some(&url(2))).await.unwrap();
        site.store.join(node(), after(60), Some(&url(1))).await.unwrap();
        site.store.join(node(), after(60), None).await.unwrap();
        site.store.join(node(), gone, Some(&url(3))).await.unwrap();
        assert_eq!(site.store.node_urls(now()).await.unwrap(), [url(1), url(2)]);
    }
}
