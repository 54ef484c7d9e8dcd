//! Calls that another node claims, and who may end them.

use std::time::Duration;

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    trunk::{CSEQ_GAP, DialogChange},
};
use bellpush_store::{
    Append, AppendError, CallState, Claim, ClaimedCall, EndDialog, Refusal, SecretHash, Store,
};
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};

use crate::{
    dialogs::dialog,
    site::{Site, Visitor, after, first_token, master_key, new_call, new_node, now},
};

/// A live call on a node, with a dialog.
async fn call_on(site: &Site, node: NodeId) -> (Visitor, CallId) {
    let visitor = site.visitor().await;
    let call_id = new_call();
    site.store.append(vec![visitor.starts(call_id, node)]).await.unwrap();
    let open = DialogChange::Open(dialog(&call_id.to_string(), call_id));
    site.store.keep_dialogs(node, now(), vec![open]).await.unwrap();
    (visitor, call_id)
}

async fn claim(
    store: &Store,
    call_id: CallId,
    (from, to): (NodeId, NodeId),
    (shown, next): (&SecretHash, &SecretHash),
) -> Option<ClaimedCall> {
    let claim =
        Claim { call_id, from, to, shown, next, request: None, at: now(), orphaned_at: None };
    store.claim_call(claim).await.unwrap()
}

/// The same end, as another node would have it.
fn ended_by(node: NodeId, mut end: Append) -> Append {
    if let Append::CallEnded { node_id, .. } = &mut end {
        *node_id = node;
    }
    end
}

fn is_refused(result: &Result<Vec<bellpush_store::Appended>, AppendError>, by: Refusal) -> bool {
    matches!(result, Err(AppendError::Refused { reason, .. }) if *reason == by)
}

on_both_stores! {
    async fn whoever_shows_the_token_has_the_call_and_its_dialog_once(site) {
        let (old, new, third) = (new_node(), new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
        let claimed = claim(&site.store, call_id, (old, new), (&first, &second)).await.unwrap();
        assert_eq!((claimed.call.id, claimed.call.node_id), (call_id, new));
        assert_eq!(claimed.call.state, CallState::Live);
        let (open, _) = claimed.dialog.unwrap();
        let before = dialog(&call_id.to_string(), call_id);
        assert_eq!(open.snapshot.cseq, before.snapshot.cseq + CSEQ_GAP);
        assert_eq!(open.snapshot, before.snapshot.clone().taken_over());
        site.store.forget_former_token(call_id, new, &second).await.unwrap();
        // The token is used up, wherever the call is looked for.
        for from in [old, new] {
            let again = claim(&site.store, call_id, (from, third), (&first, &second)).await;
            assert_eq!(again, None);
        }
        let again = claim(&site.store, call_id, (new, third), (&second, &first)).await.unwrap();
        assert_eq!(again.dialog.unwrap().0.snapshot.cseq, before.snapshot.cseq + 2 * CSEQ_GAP);
    }

    async fn what_rang_elsewhere_is_ended_there_and_goes_with_the_call_to_nobody(site) {
        let (old, new, third) = (new_node(), new_node(), new_node());
        for node in [old, new, third] {
            site.store.join(node, after(60), None).await.unwrap();
        }
        let visitor = site.visitor().await;
        let call_id = new_call();
        site.store.append(vec![visitor.starts(call_id, old)]).await.unwrap();
        // It rings at the old node when the new one takes the call, and calls for itself.
        let tokens = ["rt_2", "rt_3", "rt_4"].map(SecretHash::of);
        let first = first_token(call_id);
        let claimed = claim(&site.store, call_id, (old, new), (&first, &tokens[0])).await.unwrap();
        assert_eq!(claimed.dialog, None);
        let open = |node, name| {
            let open = DialogChange::Open(dialog(name, call_id));
            site.store.keep_dialogs(node, now(), vec![open])
        };
        open(new, "new").await.unwrap();
        // By a clock that is ahead of the other's.
        open(old, "old").await.unwrap();
        let sql = "UPDATE dialogs SET opened_at = opened_at + 10000 WHERE sip_call_id = 'old'";
        site.sql(sql).await;
        let goes_on_by = async |node| {
            let (open, _) = site.store.dialog_of_call(call_id, node).await.unwrap().unwrap();
            open.snapshot.sip_call_id
        };
        let ends = async |node, when| {
            let asked = ["new", "old", "never kept"].map(|name| (name, call_id, when));
            let ours = site.store.end_dialogs(node, &asked).await.unwrap();
            asked.map(|(name, ..)| ours.contains(name))
        };
        assert_eq!(ends(old, EndDialog::WithoutCall).await, [false, true, false]);
        assert_eq!(ends(old, EndDialog::Always).await, [false, true, false]);
        assert_eq!(ends(new, EndDialog::WithoutCall).await, [false, false, false]);

        // The old node has the call once more, and may not have ended what it has left of before.
        let back = claim(&site.store, call_id, (new, old), (&tokens[0], &tokens[1])).await.unwrap();
        assert_eq!(back.dialog.unwrap().0.snapshot.sip_call_id, "new");
        assert_eq!(goes_on_by(old).await, "new");
        let next = claim(&site.store, call_id, (old, third), (&tokens[1], &tokens[2])).await.unwrap();
        assert_eq!(next.dialog.unwrap().0.snapshot.sip_call_id, "new");
        // Should it die over that, another one ends it, though the call goes on.
        site.store.leave(old).await.unwrap();
        let taken = site.store.take_left_dialogs(third, now(), after(60), 9).await.unwrap();
        let taken: Vec<_> = taken.iter().map(|open| &*open.snapshot.sip_call_id).collect();
        assert_eq!(taken, ["old"]);
        assert_eq!(goes_on_by(third).await, "new");
    }

    async fn a_dialog_that_its_node_ends_is_taken_over_by_nobody(site) {
        let (old, new) = (new_node(), new_node());
        site.store.join(old, after(60), None).await.unwrap();
        let visitor = site.visitor().await;
        // Both at once, and one after the other.
        for round in 0..24 {
            let call_id = new_call();
            site.store.append(vec![visitor.starts(call_id, old)]).await.unwrap();
            let name = format!("dialog {round}");
            let open = vec![DialogChange::Open(dialog(&name, call_id))];
            site.store.keep_dialogs(old, now(), open).await.unwrap();
            let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
            let asked = [(&*name, call_id, EndDialog::Always)];
            let ends = async || site.store.end_dialogs(old, &asked).await.unwrap().len() == 1;
            let claims = async || claim(&site.store, call_id, (old, new), (&first, &second)).await;
            let (ended, claimed) = match round {
                0 => (ends().await, claims().await),
                1 => {
                    let claimed = claims().await;
                    (ends().await, claimed)
                }
                _ => tokio::join!(ends(), claims()),
            };
            assert!(round > 1 || ended == (round == 0));
            assert_eq!(claimed.is_some(), !ended, "of both, one has it: {claimed:?}");
            let node_id = site.store.call(call_id).await.unwrap().unwrap().node_id;
            assert_eq!(node_id, if ended { old } else { new });
            if let Some(claimed) = claimed {
                assert_eq!(claimed.dialog.unwrap().0.snapshot.sip_call_id, name);
            }
        }
    }

    async fn what_a_node_has_of_a_call_that_others_have_ended_is_ended_by_it(site) {
        let node = new_node();
        let (visitor, call_id) = call_on(site, node).await;
        let name = call_id.to_string();
        let ends = async |when| {
            let asked = [(&*name, call_id, when)];
            site.store.end_dialogs(node, &asked).await.unwrap().contains(&name)
        };
        assert!(!ends(EndDialog::WithoutCall).await, "it goes on");
        site.store.append(vec![ended_by(node, visitor.hangs_up(call_id))]).await.unwrap();
        assert!(ends(EndDialog::WithoutCall).await);
    }

    async fn an_orphan_is_ended_as_long_as_its_node_has_no_lease(site) {
        let (gone, own) = (new_node(), new_node());
        let (visitor, call_id) = call_on(site, gone).await;
        let orphan = async || {
            let found = site.store.orphaned_calls(own, now(), after(60)).await.unwrap();
            found.into_iter().next().unwrap()
        };
        let found = orphan().await;
        assert!(!found.is_abandoned());
        let take = async || site.store.take_orphan(own, &found.call, now(), after(60)).await.unwrap();
        // It comes back after it was found without one.
        site.store.join(gone, after(20), None).await.unwrap();
        assert!(!take().await);
        site.store.leave(gone).await.unwrap();
        assert!(take().await);
        assert!(!take().await, "it is not that node's any more");
        let taken = site.store.own_call(call_id, own).await.unwrap().unwrap();
        assert!(taken.is_abandoned());
        // That is so for good, also when its node lives.
        site.store.join(own, after(60), None).await.unwrap();
        site.store.unmark_orphans(own, now(), after(60)).await.unwrap();
        assert!(site.store.own_call(call_id, own).await.unwrap().unwrap().is_abandoned());
        let late = site.store.append(vec![ended_by(gone, visitor.hangs_up(call_id))]).await;
        assert!(is_refused(&late, Refusal::LivesElsewhere), "{late:?}");
        // What is left of it is ended as all that its node has left.
        let left = site.store.take_left_dialogs(own, now(), after(60), 9).await.unwrap();
        assert_eq!(left.len(), 1);
        site.store.append(vec![ended_by(own, visitor.hangs_up(call_id))]).await.unwrap();
    }

    async fn a_wrong_token_and_a_call_that_is_over_are_claimed_by_nobody(site) {
        let (old, new) = (new_node(), new_node());
        let (visitor, call_id) = call_on(site, old).await;
        let (first, wrong) = (first_token(call_id), SecretHash::of("rt_wrong"));
        assert_eq!(claim(&site.store, call_id, (old, new), (&wrong, &first)).await, None);
        assert_eq!(claim(&site.store, new_call(), (old, new), (&first, &wrong)).await, None);
        site.store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
        assert_eq!(claim(&site.store, call_id, (old, new), (&first, &wrong)).await, None);
        assert_eq!(site.store.call(call_id).await.unwrap().unwrap().node_id, old);
    }

    async fn a_node_that_has_lost_a_call_ends_nothing_of_it(site) {
        let (old, new) = (new_node(), new_node());
        let (visitor, call_id) = call_on(site, old).await;
        let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
        let claimed = claim(&site.store, call_id, (old, new), (&first, &second)).await.unwrap();
        let late = site.store.append(vec![visitor.loses_media(call_id)]).await;
        assert!(is_refused(&late, Refusal::LivesElsewhere), "{late:?}");
        let sip_call_id = call_id.to_string();
        let over = DialogChange::Over { sip_call_id };
        site.store.keep_dialogs(old, now(), vec![over]).await.unwrap();
        let kept = site.store.dialog_of_call(call_id, new).await.unwrap();
        assert_eq!(kept, claimed.dialog);
        assert_eq!(site.store.calls_elsewhere(old, &[call_id]).await.unwrap(), [call_id].into());
        assert!(site.store.calls_elsewhere(new, &[call_id]).await.unwrap().is_empty());
        let end = ended_by(new, visitor.hangs_up(call_id));
        site.store.append(vec![end.clone()]).await.unwrap();
        // Once over, that is what everybody is told.
        let late = site.store.append(vec![visitor.loses_media(call_id)]).await;
        assert!(is_refused(&late, Refusal::AlreadyEnded), "{late:?}");
    }

    async fn a_call_that_its_new_node_can_not_go_on_with_is_as_it_was(site) {
        let (old, new) = (new_node(), new_node());
        let (visitor, call_id) = call_on(site, old).await;
        let (shown, next) = (first_token(call_id), SecretHash::of("rt_2"));
        let (request, at) = (Some(&SecretHash::of("a request")), now());
        let asked = Claim {
            call_id, from: old, to: new, shown: &shown, next: &next, request, at,
            orphaned_at: None,
        };
        site.store.claim_call(asked).await.unwrap().unwrap();
        site.store.unclaim_call(asked).await.unwrap();
        assert_eq!(site.store.claimed_by(call_id, request.unwrap(), now()).await.unwrap(), None);
        assert!(claim(&site.store, call_id, (old, new), (&shown, &next)).await.is_some());
        site.store.unclaim_call(asked).await.unwrap();
        site.store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
    }

    async fn an_orphan_that_is_given_back_waits_since_it_was_noticed_first(site) {
        let (old, new) = (new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let noticed = now();
        site.store.mark_orphans(&[(call_id, old)], noticed).await.unwrap();
        let orphaned_at = site.store.call(call_id).await.unwrap().unwrap().orphaned_at;
        assert_eq!(orphaned_at, Some(noticed));
        let (shown, next) = (first_token(call_id), SecretHash::of("rt_2"));
        let asked = Claim {
            call_id, from: old, to: new, shown: &shown, next: &next, request: None, at: after(5),
            orphaned_at,
        };
        for _ in 0..2 {
            let claimed = site.store.claim_call(asked).await.unwrap().unwrap();
            assert_eq!(claimed.call.orphaned_at, None);
            site.store.unclaim_call(asked).await.unwrap();
            site.store.mark_orphans(&[(call_id, old)], after(9)).await.unwrap();
            let call = site.store.call(call_id).await.unwrap().unwrap();
            assert_eq!((call.node_id, call.orphaned_at), (old, Some(noticed)));
        }
    }

    async fn a_mark_by_a_clock_that_was_set_back_since_begins_anew(site) {
        let old = new_node();
        let (_, call_id) = call_on(site, old).await;
        let marked = async |at| {
            site.store.mark_orphans(&[(call_id, old)], at).await.unwrap();
            site.store.call(call_id).await.unwrap().unwrap().orphaned_at
        };
        let (noticed, ahead) = (now(), after(5));
        assert_eq!(marked(ahead).await, Some(ahead));
        assert_eq!(marked(noticed).await, Some(noticed));
        assert_eq!(marked(after(9)).await, Some(noticed));
    }

    async fn a_token_is_exchanged_where_the_call_lives_and_nowhere_else(site) {
        let (old, new) = (new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let tokens = ["rt_2", "rt_3"].map(SecretHash::of);
        let first = first_token(call_id);
        let store = &site.store;
        let request = SecretHash::of("a request");
        let exchange = async |to, shown, next| {
            let (request, at) = (Some(&request), now());
            let orphaned_at = None;
            let claim = Claim { call_id, from: to, to, shown, next, request, at, orphaned_at };
            store.exchange_resume_token(claim).await.unwrap()
        };
        assert!(!exchange(new, &first, &tokens[0]).await);
        assert!(!exchange(old, &tokens[1], &first).await);
        assert_eq!(store.claimed_by(call_id, &request, now()).await.unwrap(), None);
        assert!(exchange(old, &first, &tokens[0]).await);
        assert_eq!(store.claimed_by(call_id, &request, now()).await.unwrap(), Some(old));
        store.forget_former_token(call_id, old, &tokens[0]).await.unwrap();
        assert_eq!(claim(store, call_id, (old, new), (&first, &tokens[1])).await, None);
        assert!(claim(store, call_id, (old, new), (&tokens[0], &tokens[1])).await.is_some());
    }

    async fn a_request_that_is_asked_again_is_known_until_its_answer_is_used_or_too_old(site) {
        let (old, new, third) = (new_node(), new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let store = &site.store;
        let [second, other] = ["rt_2", "rt_other"].map(SecretHash::of);
        let [request, wrong] = ["rt_1, an offer", "rt_1, another offer"].map(SecretHash::of);
        let first = first_token(call_id);
        let at = now();
        let asked = Claim {
            call_id, from: old, to: new, shown: &first, next: &second, request: Some(&request), at,
            orphaned_at: None,
        };
        assert_eq!(store.claimed_by(call_id, &request, at).await.unwrap(), None);
        store.claim_call(asked).await.unwrap().unwrap();
        let later = |seconds: i64| EventTime::from_millis(at.millis() + seconds * 1_000).unwrap();
        let late = later(31);
        assert_eq!(store.claimed_by(call_id, &request, later(29)).await.unwrap(), Some(new));
        assert_eq!(store.claimed_by(call_id, &request, late).await.unwrap(), None);
        assert_eq!(store.claimed_by(call_id, &wrong, at).await.unwrap(), None);

        // A third one may take it over from the one that has answered it, by the same request alone.
        let again = Claim { from: new, to: third, next: &other, ..asked };
        store.forget_former_token(call_id, new, &second).await.unwrap();
        for refused in [
            Claim { request: Some(&wrong), ..again },
            Claim { request: None, ..again },
            Claim { at: late, ..again },
        ] {
            assert_eq!(store.claim_call(refused).await.unwrap(), None);
        }
        assert_eq!(store.claim_call(again).await.unwrap().unwrap().call.node_id, third);
        assert_eq!(store.claimed_by(call_id, &request, at).await.unwrap(), Some(third));
        // What the first answer brought is of no use any more; what the last one did ends all that.
        assert_eq!(claim(store, call_id, (third, new), (&second, &first)).await, None);
        assert!(claim(store, call_id, (third, new), (&other, &second)).await.is_some());
        assert_eq!(store.claimed_by(call_id, &request, at).await.unwrap(), None);
        assert_eq!(store.claim_call(Claim { from: new, ..again }).await.unwrap(), None);
    }

    async fn the_token_of_before_has_the_call_until_a_connection_stands(site) {
        let (old, new, third) = (new_node(), new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let store = &site.store;
        let [two, three, four, five] = ["rt_2", "rt_3", "rt_4", "rt_5"].map(SecretHash::of);
        let first = first_token(call_id);
        let at = now();
        let asked = |from, to, shown, next| Claim {
            call_id, from, to, shown, next, request: None, at, orphaned_at: None,
        };
        store.claim_call(asked(old, new, &first, &two)).await.unwrap().unwrap();
        // The page that asked is gone; the next one knows the token of before. What the lost answer
        // brought is of no use then.
        let late = EventTime::from_millis(at.millis() + 31_000).unwrap();
        let again = asked(new, third, &first, &three);
        assert_eq!(store.claim_call(Claim { at: late, ..again }).await.unwrap(), None);
        assert_eq!(store.claim_call(asked(new, third, &five, &three)).await.unwrap(), None);
        store.claim_call(again).await.unwrap().unwrap();
        assert_eq!(store.claim_call(asked(third, new, &two, &five)).await.unwrap(), None);
        // The same where the call stays.
        assert!(store.exchange_resume_token(asked(third, third, &first, &four)).await.unwrap());
        // That of a connection which is not the last one any more changes nothing.
        store.forget_former_token(call_id, third, &three).await.unwrap();
        store.forget_former_token(call_id, new, &four).await.unwrap();
        assert!(store.exchange_resume_token(asked(third, third, &first, &five)).await.unwrap());
        store.forget_former_token(call_id, third, &five).await.unwrap();
        assert!(!store.exchange_resume_token(asked(third, third, &first, &four)).await.unwrap());
        assert_eq!(store.claim_call(asked(third, new, &first, &four)).await.unwrap(), None);
        assert!(store.claim_call(asked(third, new, &five, &four)).await.unwrap().is_some());
    }

    async fn a_request_is_not_answered_again_when_a_node_of_before_has_changed_the_token(site) {
        let (old, new) = (new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
        let (request, at) = (SecretHash::of("a request"), now());
        let asked = Claim {
            call_id, from: old, to: new, shown: &first, next: &second, request: Some(&request), at,
            orphaned_at: None,
        };
        site.store.claim_call(asked).await.unwrap().unwrap();
        // It knows nothing of requests.
        let sql = "UPDATE calls SET resume_hash = 'another'";
        site.sql(sql).await;
        assert_eq!(site.store.claimed_by(call_id, &request, at).await.unwrap(), None);
    }

    async fn an_orphan_waits_since_it_was_noticed_first_and_not_any_more_once_claimed(site) {
        let (old, new) = (new_node(), new_node());
        let (_, call_id) = call_on(site, old).await;
        let since = async || {
            let found = site.store.orphaned_calls(new_node(), now(), after(60)).await.unwrap();
            found.iter().map(|orphan| (orphan.can_be_taken_up, orphan.call.orphaned_at)).collect::<Vec<_>>()
        };
        assert_eq!(since().await, [(true, None)]);
        let noticed = now();
        site.store.mark_orphans(&[(call_id, old)], noticed).await.unwrap();
        site.store.mark_orphans(&[(call_id, old)], after(5)).await.unwrap();
        assert_eq!(since().await, [(true, Some(noticed))]);
        let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
        site.store.abandon_orphan(call_id, new).await.unwrap();
        assert_eq!(since().await, [(true, Some(noticed))]);
        site.store.abandon_orphan(call_id, old).await.unwrap();
        assert_eq!(since().await, [(true, EventTime::from_millis(0))]);
        claim(&site.store, call_id, (old, new), (&first, &second)).await.unwrap();
        // Who saw it as another's says nothing of the next one's.
        site.store.mark_orphans(&[(call_id, old)], after(5)).await.unwrap();
        assert_eq!(since().await, [(true, None)]);
    }
}

#[tokio::test]
async fn of_many_nodes_that_claim_a_call_at_once_one_has_it() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    for _ in 0..20 {
        let old = new_node();
        let (_, call_id) = call_on(&site, old).await;
        let shown = first_token(call_id);
        let nodes = [new_node(), new_node(), new_node(), new_node()];
        let next = nodes.map(|node| SecretHash::of(&node.to_string()));
        let by = |n: usize, store| claim(store, call_id, (old, nodes[n]), (&shown, &next[n]));
        let claimed =
            tokio::join!(by(0, &site.store), by(1, &other), by(2, &site.store), by(3, &other),);
        let claimed: Vec<ClaimedCall> =
            [claimed.0, claimed.1, claimed.2, claimed.3].into_iter().flatten().collect();
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        let node = site.store.call(call_id).await.unwrap().unwrap().node_id;
        assert_eq!(claimed[0].call.node_id, node);
    }
    other.close().await;
    site.clear().await;
}

/// The claim has found the dialog by then, and waits for whoever writes it.
#[tokio::test]
async fn a_dialog_that_is_marked_while_it_is_claimed_is_not_taken_over() {
    let site = Site::postgres().await;
    let (old, new) = (new_node(), new_node());
    let (_, call_id) = call_on(&site, old).await;
    let database = Database::connect(site.url()).await.unwrap();
    let marking = database.begin().await.unwrap();
    marking.execute_unprepared("UPDATE dialogs SET is_to_end = TRUE").await.unwrap();
    let claiming = tokio::spawn({
        let store = site.store.clone();
        async move {
            let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
            claim(&store, call_id, (old, new), (&first, &second)).await
        }
    });
    let waits = "SELECT 'it waits' AS found FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while site.found(waits).await.is_empty() {
        assert!(!claiming.is_finished(), "it waits for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    marking.commit().await.unwrap();
    assert_eq!(claiming.await.unwrap(), None);
    assert_eq!(site.store.call(call_id).await.unwrap().unwrap().node_id, old);
    database.close().await.unwrap();
    site.clear().await;
}

#[tokio::test]
async fn a_call_is_either_claimed_or_ended_by_its_old_node_and_never_both() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    for _ in 0..40 {
        let (old, new) = (new_node(), new_node());
        let (visitor, call_id) = call_on(&site, old).await;
        let (first, second) = (first_token(call_id), SecretHash::of("rt_2"));
        let (claimed, ended) = tokio::join!(
            claim(&other, call_id, (old, new), (&first, &second)),
            site.store.append(vec![visitor.hangs_up(call_id)]),
        );
        let state = site.store.call(call_id).await.unwrap().unwrap().state;
        if claimed.is_some() {
            assert!(is_refused(&ended, Refusal::LivesElsewhere), "{ended:?}");
            assert_eq!(state, CallState::Live);
        } else {
            ended.unwrap();
            assert_ne!(state, CallState::Live);
        }
    }
    other.close().await;
    site.clear().await;
}
