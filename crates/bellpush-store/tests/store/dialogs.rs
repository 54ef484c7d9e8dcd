//! Dialogs that are open, and who answers for them.

use bellpush_core::{
    ids::{CallId, DestinationId, NodeId, TrunkId},
    trunk::{CSEQ_GAP, DialogChange, DialogSnapshot, Hop, OpenDialog, SdpOrigin, Transport},
};
use uuid::Uuid;

use crate::site::{Site, after, master_key, new_call, new_node, now};

pub(crate) fn dialog(sip_call_id: &str, call_id: CallId) -> OpenDialog {
    let hop = Hop {
        address: ([192, 0, 2, 1], 5060).into(),
        transport: Transport::Tls,
        name: "pbx.example".into(),
    };
    let snapshot = DialogSnapshot {
        sip_call_id: sip_call_id.into(),
        local: "<sip:49@pbx.example>;tag=1".into(),
        remote: "<sip:100@pbx.example>;tag=2".into(),
        remote_target: "sip:100@192.0.2.7:5062".into(),
        goes_by_hop: false,
        remote_source: Some(([192, 0, 2, 7], 5062).into()),
        routes: vec!["<sip:192.0.2.1;lr>".into(), "<sip:[2001:db8::1];lr>".into()],
        cseq: 7,
        remote_cseq: None,
        user: "49".into(),
        hop,
        origin: Some(SdpOrigin { id: u64::MAX, version: 3, address: None }),
        media_lines: vec!["image 0 udptl t38".into(), "audio 20000 RTP/AVP 8".into()],
        session_seconds: Some(90),
    };
    let profile_id = DestinationId::from_uuid(Uuid::from_u128(4));
    OpenDialog { call_id, profile_id, trunk_id: TrunkId::from_uuid(Uuid::from_u128(5)), snapshot }
}

fn over(sip_call_id: &str) -> DialogChange {
    DialogChange::Over { sip_call_id: sip_call_id.into() }
}

async fn keep(site: &Site, node_id: NodeId, changes: Vec<DialogChange>) {
    site.store.keep_dialogs(node_id, now(), changes).await.unwrap();
}

/// What a node takes over, by Call-ID.
async fn take(site: &Site, own: NodeId, most: usize) -> Vec<OpenDialog> {
    let latest = after(7200);
    let mut taken = site.store.take_left_dialogs(own, now(), latest, most).await.unwrap();
    taken.sort_by(|one, other| one.snapshot.sip_call_id.cmp(&other.snapshot.sip_call_id));
    taken
}

fn taken_over(open: &OpenDialog) -> OpenDialog {
    OpenDialog { snapshot: open.snapshot.clone().taken_over(), ..open.clone() }
}

on_both_stores! {
    async fn a_dialog_is_taken_over_as_it_was_kept_last_once_its_node_is_gone(site) {
        let (node, heir) = (new_node(), new_node());
        site.store.join(node, after(60), None).await.unwrap();
        let (one, mut two) = (dialog("one", new_call()), dialog("two", new_call()));
        let open = [&one, &two].map(|open| DialogChange::Open(open.clone())).to_vec();
        keep(site, node, open).await;
        two.snapshot.remote_target = "sip:elsewhere@192.0.2.9".into();
        two.snapshot.cseq = 12;
        keep(site, node, vec![DialogChange::Open(two.clone())]).await;
        assert_eq!(take(site, heir, 9).await, []);
        assert_eq!(take(site, node, 9).await, [], "nobody takes over what is its own");
        site.store.leave(node).await.unwrap();
        assert_eq!(take(site, heir, 9).await, [taken_over(&one), taken_over(&two)]);
        assert_eq!(taken_over(&two).snapshot.cseq, 12 + CSEQ_GAP);
        // It has them already.
        assert_eq!(take(site, heir, 9).await, []);
    }

    async fn whoever_takes_a_dialog_over_from_an_heir_that_died_too_numbers_higher_still(site) {
        let one = dialog("one", new_call());
        keep(site, new_node(), vec![DialogChange::Open(one.clone())]).await;
        let taken = take(site, new_node(), 9).await;
        assert_eq!(taken, [taken_over(&one)]);
        assert_eq!(take(site, new_node(), 9).await, [taken_over(&taken[0])]);
    }

    async fn a_dialog_that_is_over_is_taken_over_by_nobody(site) {
        let (one, two) = (dialog("one", new_call()), dialog("two", new_call()));
        let node = new_node();
        keep(site, node, vec![DialogChange::Open(one.clone()), over("one")]).await;
        keep(site, node, vec![DialogChange::Open(two.clone())]).await;
        keep(site, node, vec![over("two"), over("two"), over("never there")]).await;
        assert_eq!(take(site, new_node(), 9).await, []);
    }

    async fn a_node_that_was_taken_for_dead_changes_nothing_of_what_is_anothers(site) {
        let (node, heir) = (new_node(), new_node());
        let mut one = dialog("one", new_call());
        keep(site, node, vec![DialogChange::Open(one.clone())]).await;
        let taken = take(site, heir, 9).await;
        one.snapshot.remote_target = "sip:elsewhere@192.0.2.9".into();
        keep(site, node, vec![DialogChange::Open(one)]).await;
        keep(site, node, vec![over("one")]).await;
        assert_eq!(take(site, new_node(), 9).await, [taken_over(&taken[0])]);
    }

    async fn of_many_that_were_left_no_more_are_taken_than_are_asked_for(site) {
        let many: Vec<_> = (0..7).map(|n| dialog(&format!("{n}"), new_call())).collect();
        for open in &many {
            keep(site, new_node(), vec![DialogChange::Open(open.clone())]).await;
        }
        let mut taken = take(site, new_node(), 5).await;
        assert_eq!(taken.len(), 5);
        let heir = new_node();
        site.store.join(heir, after(60), None).await.unwrap();
        taken.extend(take(site, heir, 5).await);
        // The first five were left again by whoever had taken them.
        assert_eq!(taken.len(), 10);
        assert_eq!(take(site, heir, 5).await.len(), 2);
    }

    async fn a_call_goes_on_by_its_last_dialog_since_that_was_answered(site) {
        let (call_id, node) = (new_call(), new_node());
        assert_eq!(site.store.dialog_of_call(call_id, node).await.unwrap(), None);
        for open in [dialog("one", call_id), dialog("two", new_call())] {
            keep(site, node, vec![DialogChange::Open(open)]).await;
        }
        site.sql("UPDATE dialogs SET opened_at = 1700000000000").await;
        keep(site, node, vec![DialogChange::Open(dialog("one", call_id))]).await;
        let (kept, since) = site.store.dialog_of_call(call_id, node).await.unwrap().unwrap();
        assert_eq!((kept, since.millis()), (dialog("one", call_id), 1_700_000_000_000));
        // Nobody else's, whenever that was opened.
        keep(site, new_node(), vec![DialogChange::Open(dialog("stray", call_id))]).await;
        let next = dialog("three", call_id);
        keep(site, node, vec![DialogChange::Open(next.clone())]).await;
        assert_eq!(site.store.dialog_of_call(call_id, node).await.unwrap().unwrap().0, next);
    }

    async fn dialogs_are_kept_in_the_commits_of_events(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        let node = new_node();
        let open = vec![DialogChange::Open(dialog("one", call_id))];
        let (started, kept) = tokio::join!(
            site.store.append(vec![visitor.starts(call_id, node)]),
            site.store.keep_dialogs(node, now(), open),
        );
        started.unwrap();
        kept.unwrap();
        // Its visitor may take the call up yet.
        assert_eq!(take(site, new_node(), 9).await, []);
        site.store.append(vec![visitor.loses_media(call_id)]).await.unwrap();
        assert_eq!(take(site, new_node(), 9).await.len(), 1);
    }
}

#[tokio::test]
async fn of_two_nodes_that_want_it_at_once_one_has_a_dialog() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    let many: Vec<_> = (0..50).map(|n| dialog(&format!("{n}"), new_call())).collect();
    let open = many.into_iter().map(DialogChange::Open).collect();
    keep(&site, new_node(), open).await;
    // Both live: what the first has taken is not left, also when the second comes a moment later.
    let (first, second) = (new_node(), new_node());
    for node in [first, second] {
        site.store.join(node, after(60), None).await.unwrap();
    }
    let (one, two) = tokio::join!(
        site.store.take_left_dialogs(first, now(), after(60), 99),
        other.take_left_dialogs(second, now(), after(60), 99),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.len() + two.len(), 50, "{} and {}", one.len(), two.len());
    other.close().await;
    site.clear().await;
}
