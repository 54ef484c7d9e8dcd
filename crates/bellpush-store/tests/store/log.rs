//! The event log: all or nothing, once, one end per call, on disk before the answer.

use std::collections::HashSet;

use bellpush_core::{app::Retention, delivery::Seq, ids::AppId};
use bellpush_store::{
    Actor, Append, AppendError, CallFilter, CallState, EventFilter, PageRequest, RecordedEvent,
    Refusal, Store, Waiting,
};
use futures_util::{FutureExt, future::join_all};

use crate::site::{Site, after, new_call, new_node};

async fn recorded(store: &Store, app_id: AppId) -> Vec<RecordedEvent> {
    let page = PageRequest::first(10_000);
    let mut events = store.events(app_id, &EventFilter::default(), page).await.unwrap().items;
    events.reverse();
    events
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, AppendError>) -> (usize, Refusal) {
    match result {
        Err(AppendError::Refused { index, reason }) => (index, reason),
        other => panic!("not refused: {other:?}"),
    }
}

on_both_stores! {
    async fn what_receivers_get_is_kept_byte_for_byte_and_in_order(site) {
        let visitor = site.visitor().await;
        let mut events: Vec<_> = (0..5).map(|n| visitor.custom(&format!("step_{n}"))).collect();
        events[2].envelope.data.insert("text".into(), "\"\\ \u{0} \u{1F44B} '".into());
        let appends = events.iter().cloned().map(Append::Event).collect();
        let appended = site.store.append(appends).await.unwrap();
        let kept = recorded(&site.store, visitor.app_id()).await;
        for ((event, appended), kept) in events.iter().zip(&appended).zip(&kept) {
            assert_eq!(appended.event(), event);
            assert!(!appended.is_repeated());
            assert_eq!(kept.seq, appended.seq());
            assert_eq!(kept.envelope, serde_json::to_string(&event.envelope).unwrap());
            assert_eq!(kept.id, event.id);
            assert_eq!(kept.occurred_at, event.envelope.timestamp);
        }
        assert_eq!(kept.len(), 5);
        assert!(kept.is_sorted_by_key(|event| event.seq));
    }

    async fn a_request_is_kept_whole_or_not_at_all(site) {
        let visitor = site.visitor().await;
        let good = || Append::Event(visitor.loaded());
        let bad = visitor.hangs_up(new_call());
        let result = site.store.append(vec![good(), good(), bad, good()]).await;
        assert_eq!(refusal(result), (2, Refusal::UnknownCall));
        assert_eq!(recorded(&site.store, visitor.app_id()).await, []);
    }

    async fn a_call_of_a_refused_request_never_was(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        let start = visitor.starts(call_id, new_node());
        let result = site.store.append(vec![start, visitor.rates(call_id)]).await;
        assert_eq!(refusal(result), (1, Refusal::NotEnded));
        assert_eq!(site.store.call(call_id).await.unwrap(), None);
        // So it can still be started.
        site.store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
    }

    async fn a_repeated_event_is_accepted_and_changes_nothing(site) {
        let visitor = site.visitor().await;
        let event = visitor.loaded();
        let twice = vec![Append::Event(event.clone()), Append::Event(event.clone())];
        let first = site.store.append(twice).await.unwrap();
        assert_eq!(first.iter().map(|one| one.is_repeated()).collect::<Vec<_>>(), [false, true]);
        let again = site.store.append(vec![Append::Event(event)]).await.unwrap();
        assert!(again[0].is_repeated());
        assert_eq!(again[0].seq(), first[0].seq());
        assert_eq!(recorded(&site.store, visitor.app_id()).await.len(), 1);
    }

    async fn a_call_event_sent_again_after_a_lost_answer_is_a_repetition(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        for append in
            [visitor.starts(call_id, new_node()), visitor.hangs_up(call_id), visitor.rates(call_id)]
        {
            assert!(!site.store.append(vec![append.clone()]).await.unwrap()[0].is_repeated());
            assert!(site.store.append(vec![append]).await.unwrap()[0].is_repeated());
        }
    }

    async fn an_id_of_another_app_is_refused(site) {
        let (one, other) = (site.visitor().await, site.visitor().await);
        let event = one.loaded();
        site.store.append(vec![Append::Event(event.clone())]).await.unwrap();
        let mut stolen = other.loaded();
        stolen.id = event.id;
        let result = site.store.append(vec![Append::Event(stolen)]).await;
        assert_eq!(refusal(result), (0, Refusal::IdTaken));
    }

    async fn an_app_that_is_gone_records_nothing_more(site) {
        let visitor = site.visitor().await;
        site.store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        assert!(site.store.delete_app(visitor.app_id(), &Actor::HOST).await.unwrap());
        let result = site.store.append(vec![Append::Event(visitor.loaded())]).await;
        assert_eq!(refusal(result), (0, Refusal::UnknownApp));
        site.nothing_is_left().await;
    }

    async fn fifty_ends_at_once_make_one(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        let ends = (0..50).map(|n| {
            let end = if n % 2 == 0 { visitor.hangs_up(call_id) } else { visitor.loses_media(call_id) };
            site.store.append(vec![end])
        });
        let results = join_all(ends).await;
        let (kept, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(kept.len(), 1);
        assert!(refused.into_iter().all(|result| refusal(result) == (0, Refusal::AlreadyEnded)));
        let names: Vec<_> =
            recorded(&site.store, visitor.app_id()).await.into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["call_started", "call_ended"]);
        let call = site.store.call(call_id).await.unwrap().unwrap();
        assert!(matches!(call.state, CallState::Ended { duration: 7, .. }), "{call:?}");
    }

    async fn a_call_starts_once(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        let result = site.store.append(vec![visitor.starts(call_id, new_node())]).await;
        assert_eq!(refusal(result), (0, Refusal::AlreadyStarted));
    }

    async fn a_call_can_start_and_end_in_one_request(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        let appends = vec![visitor.starts(call_id, new_node()), visitor.loses_media(call_id)];
        site.store.append(appends).await.unwrap();
        let call = site.store.call(call_id).await.unwrap().unwrap();
        assert!(matches!(call.state, CallState::Failed { .. }));
    }

    async fn a_survey_belongs_to_a_call_that_ended_and_comes_once(site) {
        let visitor = site.visitor().await;
        let live = visitor.calls(&site.store).await;
        let survey = |call_id| site.store.append(vec![visitor.rates(call_id)]);
        assert_eq!(refusal(survey(live).await), (0, Refusal::NotEnded));
        let failed = visitor.calls(&site.store).await;
        site.store.append(vec![visitor.loses_media(failed)]).await.unwrap();
        assert_eq!(refusal(survey(failed).await), (0, Refusal::NotEnded));
        assert_eq!(refusal(survey(new_call()).await), (0, Refusal::UnknownCall));

        site.store.append(vec![visitor.hangs_up(live)]).await.unwrap();
        survey(live).await.unwrap();
        assert_eq!(refusal(survey(live).await), (0, Refusal::SurveyTwice));
        let answers = site.store.survey_answers(live).await.unwrap().unwrap();
        assert_eq!(answers.comment.as_deref(), Some("Thanks"));
        assert_eq!(site.store.survey_answers(failed).await.unwrap(), None);
    }

    async fn a_survey_comes_once_also_when_its_answers_are_kept_no_longer(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        site.store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
        site.store.append(vec![visitor.rates(call_id)]).await.unwrap();
        let forms = Retention { forms: Some(1), ..Retention::default() };
        let later = after(2 * 24 * 3_600);
        let retain = async || {
            let waiting = Waiting::default();
            site.store.apply_retention(visitor.app_id(), &forms, &waiting, later).await.unwrap()
        };
        assert!(retain().await > 0);
        assert_eq!(retain().await, 0);
        assert_eq!(site.store.survey_answers(call_id).await.unwrap(), None);
        let (any, page) = (CallFilter::default(), PageRequest::first(1));
        let found = site.store.calls(visitor.app_id(), &any, page).await.unwrap();
        assert_eq!(found.items[0].survey, None);
        let again = site.store.append(vec![visitor.rates(call_id)]).await;
        assert_eq!(refusal(again), (0, Refusal::SurveyTwice));
    }

    async fn what_does_not_go_with_the_disk_fails_alone_in_its_group(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        site.store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
        site.store.append(vec![visitor.rates(call_id)]).await.unwrap();
        // As versions before this one have left it.
        site.sql("DELETE FROM survey_responses").await;
        let requests = (0..21).map(|n| {
            let append =
                if n == 10 { visitor.rates(call_id) } else { Append::Event(visitor.loaded()) };
            site.store.append(vec![append])
        });
        let results = join_all(requests).await;
        let kept = results.iter().filter(|result| result.is_ok()).count();
        // PostgreSQL takes it where the event of before lies in another partition.
        assert!(kept >= 20, "{kept} were kept");
        site.store.check().await.unwrap();
    }

    async fn nobody_touches_the_call_of_another_session(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        let neighbour = site.visitor_of(visitor.app_id(), &[], false).await;
        let mut custom = neighbour.custom("spy");
        custom.call_id = Some(call_id);
        for append in [neighbour.hangs_up(call_id), Append::Event(custom)] {
            assert_eq!(refusal(site.store.append(vec![append]).await), (0, Refusal::UnknownCall));
        }
    }

    async fn what_changes_a_call_is_not_taken_as_a_plain_event(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        for append in [visitor.hangs_up(call_id), visitor.loses_media(call_id), visitor.rates(call_id)] {
            let plain = Append::Event(append.event().clone());
            assert_eq!(refusal(site.store.append(vec![plain]).await), (0, Refusal::Mismatch));
        }
        // The same without a call is what a widget reports of a call that was never accepted.
        let mut event = visitor.loses_media(call_id).event().clone();
        event.call_id = None;
        site.store.append(vec![Append::Event(event)]).await.unwrap();
    }

    async fn a_refused_request_does_not_fail_its_group(site) {
        let visitor = site.visitor().await;
        // All are queued before the writer runs, so they are one group.
        let requests = (0..21).map(|n| {
            let append =
                if n == 10 { visitor.hangs_up(new_call()) } else { Append::Event(visitor.loaded()) };
            site.store.append(vec![append])
        });
        let results = join_all(requests).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
        assert!(results[10].is_err());
        assert_eq!(recorded(&site.store, visitor.app_id()).await.len(), 20);
    }

    async fn a_statement_that_fails_takes_only_the_guilty_request_with_it(site) {
        let visitor = site.visitor().await;
        site.sql(if site.is_postgres() {
            "ALTER TABLE events ADD CONSTRAINT no_poison CHECK (name <> 'poison')"
        } else {
            "CREATE TRIGGER no_poison BEFORE INSERT ON events WHEN NEW.name = 'poison'
             BEGIN SELECT RAISE(ABORT, 'no poison'); END"
        }).await;
        let requests = (0..21).map(|n| {
            let event = if n == 10 { visitor.custom("poison") } else { visitor.loaded() };
            site.store.append(vec![Append::Event(event)])
        });
        let results = join_all(requests).await;
        for (n, result) in results.iter().enumerate() {
            if n == 10 {
                assert!(matches!(result, Err(AppendError::Store(_))), "{result:?}");
            } else {
                assert!(result.is_ok(), "{result:?}");
            }
        }
        assert_eq!(recorded(&site.store, visitor.app_id()).await.len(), 20);
    }

    async fn a_full_queue_says_so_at_once_and_loses_nothing_it_took(site) {
        let visitor = site.visitor().await;
        // Each is asked once and given up while it waits; the writer has no turn in between.
        let mut taken = HashSet::new();
        loop {
            let event = visitor.loaded();
            match site.store.append(vec![Append::Event(event.clone())]).now_or_never() {
                None => assert!(taken.insert(event.id)),
                Some(Err(AppendError::Overloaded)) => break,
                Some(other) => panic!("{other:?}"),
            }
            assert!(taken.len() < 100_000, "the queue has no bound");
        }
        // The log is written in order, so what is taken now comes after all of those.
        while let Err(AppendError::Overloaded) =
            site.store.append(vec![Append::Event(visitor.custom("last"))]).await
        {
            tokio::task::yield_now().await;
        }
        let kept: HashSet<_> = recorded(&site.store, visitor.app_id())
            .await
            .into_iter()
            .filter(|event| event.name != "last")
            .map(|event| event.id)
            .collect();
        assert_eq!(kept, taken);
    }

    async fn a_closed_log_takes_nothing_but_keeps_what_it_took(site) {
        let visitor = site.visitor().await;
        let waiting: Vec<_> = (0..50).map(|_| visitor.loaded()).collect();
        let appends =
            waiting.iter().map(|event| site.store.append(vec![Append::Event(event.clone())]));
        let (results, ()) = tokio::join!(join_all(appends), site.store.close());
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let late = site.store.append(vec![Append::Event(visitor.loaded())]).await;
        assert!(matches!(late, Err(AppendError::Closed)), "{late:?}");
        assert!(site.store.check().await.is_err());
        let store = site.open(crate::site::master_key()).await.unwrap();
        assert_eq!(recorded(&store, visitor.app_id()).await.len(), 50);
        store.close().await;
    }
}

async fn survives_a_drop_without_close(site: Site) {
    let visitor = site.visitor().await;
    let call_id = visitor.calls(&site.store).await;
    let appended = site.store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
    let site = site.reopen().await;
    let events = recorded(&site.store, visitor.app_id()).await;
    assert_eq!(events.last().unwrap().seq, appended[0].seq());
    assert_eq!(events.len(), 2);
    assert_eq!(site.store.call(call_id).await.unwrap().unwrap().state, CallState::Live);
    let next = site.store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
    assert!(next[0].seq() > appended[0].seq());
    assert!(next[0].seq() > Seq(0));
    site.clear().await;
}

#[tokio::test]
async fn events_survive_a_drop_without_close_on_sqlite() {
    survives_a_drop_without_close(Site::sqlite().await).await;
}

#[tokio::test]
async fn events_survive_a_drop_without_close_on_postgres() {
    survives_a_drop_without_close(Site::postgres().await).await;
}

#[tokio::test]
async fn two_nodes_end_a_call_once() {
    let site = Site::postgres().await;
    let other = site.open(crate::site::master_key()).await.unwrap();
    let visitor = site.visitor().await;
    for _ in 0..10 {
        let call_id = visitor.calls(&site.store).await;
        let ends = (0..20).map(|n| {
            let store = if n % 2 == 0 { &site.store } else { &other };
            store.append(vec![visitor.hangs_up(call_id)])
        });
        let results = join_all(ends).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        for result in results.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(result), (0, Refusal::AlreadyEnded));
        }
    }
    other.close().await;
    site.clear().await;
}

#[tokio::test]
async fn two_nodes_that_record_the_same_events_record_them_once() {
    let site = Site::postgres().await;
    let other = site.open(crate::site::master_key()).await.unwrap();
    let visitor = site.visitor().await;
    let events: Vec<_> = (0..200).map(|_| visitor.loaded()).collect();
    // In opposite orders, so that they get into each other's way.
    let forwards = events.iter().map(|e| site.store.append(vec![Append::Event(e.clone())]));
    let backwards = events.iter().rev().map(|e| other.append(vec![Append::Event(e.clone())]));
    let (one, two) = tokio::join!(join_all(forwards), join_all(backwards));
    let results: Vec<_> = one.into_iter().chain(two).map(|result| result.unwrap()).collect();
    assert_eq!(results.iter().filter(|result| !result[0].is_repeated()).count(), 200);
    assert_eq!(recorded(&site.store, visitor.app_id()).await.len(), 200);
    other.close().await;
    site.clear().await;
}

#[tokio::test]
async fn two_nodes_start_no_more_calls_of_an_app_than_it_may_have() {
    let site = Site::postgres().await;
    let other = site.open(crate::site::master_key()).await.unwrap();
    for _ in 0..10 {
        let visitor = site.visitor().await;
        let start = |call_id| {
            let mut start = visitor.starts(call_id, new_node());
            if let Append::CallStarted { call, .. } = &mut start {
                call.app_limit = Some(3);
            }
            vec![start]
        };
        let calls: Vec<_> = (0..8).map(|_| new_call()).collect();
        let starts = calls.iter().enumerate().map(|(n, call_id)| {
            let store = if n % 2 == 0 { &site.store } else { &other };
            store.append(start(*call_id))
        });
        let (mut started, mut refused) = (Vec::new(), 0);
        for (call_id, result) in calls.iter().zip(join_all(starts).await) {
            if result.is_ok() {
                started.push(*call_id);
            } else {
                assert_eq!(refusal(result), (0, Refusal::TooManyCalls));
                refused += 1;
            }
        }
        assert_eq!((started.len(), refused), (3, 5));
        let app_id = visitor.app_id();
        assert!(!other.has_room(app_id, 3).await.unwrap());
        assert!(other.has_room(app_id, 4).await.unwrap());
        site.store.append(vec![visitor.hangs_up(started[0])]).await.unwrap();
        assert!(other.has_room(app_id, 3).await.unwrap());
        other.append(start(new_call())).await.unwrap();
    }
    other.close().await;
    site.clear().await;
}
