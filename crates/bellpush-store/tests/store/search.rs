//! Searching calls.

use bellpush_core::{
    events::{EndReason, ErrorCode},
    ids::{CallId, DestinationId, EventId},
    quality::QualityGrade,
    routing::AnsweredBy,
};
use bellpush_store::{Append, CallEnd, CallFilter, CallStateName, PageRequest, Place, Store};
use uuid::Uuid;

use crate::site::{Site, Visitor, after, new_call, new_node};

async fn found(store: &Store, visitor: &Visitor, filter: CallFilter) -> Vec<CallId> {
    let page = store.calls(visitor.app_id(), &filter, PageRequest::first(50)).await.unwrap();
    assert_eq!(page.next, None, "there are few");
    let count = store.count_calls(visitor.app_id(), &filter).await.unwrap();
    assert_eq!((count.count as usize, count.is_exact), (page.items.len(), true), "{filter:?}");
    page.items.iter().map(|found| found.call.id).collect()
}

/// A call that ended cleanly: with these seconds, grade and answerer.
async fn ended(
    store: &Store,
    visitor: &Visitor,
    seconds: u64,
    grade: QualityGrade,
    by: DestinationId,
) -> CallId {
    let call_id = visitor.calls(store).await;
    let mut end = visitor.hangs_up(call_id);
    if let Append::CallEnded { finish, .. } = &mut end {
        finish.end = CallEnd::Ended { reason: EndReason::RemoteHangup, duration: seconds };
        finish.quality_grade = Some(grade);
        finish.answered_by = Some(AnsweredBy { profile_id: by, dialog: None });
    }
    store.append(vec![end]).await.unwrap();
    call_id
}

on_both_stores! {
    async fn calls_are_found_by_all_that_is_known_of_them(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let (one, two) = (DestinationId::from_uuid(Uuid::now_v7()), DestinationId::from_uuid(Uuid::now_v7()));
        let short = ended(store, &visitor, 5, QualityGrade::Good, one).await;
        let long = ended(store, &visitor, 500, QualityGrade::Poor, two).await;
        store.append(vec![visitor.rates(long)]).await.unwrap();
        let failed = visitor.calls(store).await;
        store.append(vec![visitor.loses_media(failed)]).await.unwrap();
        let live = visitor.calls(store).await;
        let profile = store.call(failed).await.unwrap().unwrap().profile_id;
        // Of another app: never found here.
        let stranger = site.visitor().await;
        ended(store, &stranger, 5, QualityGrade::Good, one).await;

        let all = CallFilter::default;
        let state = |state| CallFilter { state: Some(state), ..all() };
        for (filter, expected) in [
            (all(), vec![live, failed, long, short]),
            (state(CallStateName::Live), vec![live]),
            (state(CallStateName::Ended), vec![long, short]),
            (state(CallStateName::Error), vec![failed]),
            (CallFilter { answered_by: Some(two), ..all() }, vec![long]),
            (CallFilter { profile_id: Some(profile), ..all() }, vec![failed]),
            (CallFilter { reason: Some(EndReason::RemoteHangup), ..all() }, vec![long, short]),
            (CallFilter { reason: Some(EndReason::UserHangup), ..all() }, vec![]),
            (CallFilter { error_code: Some(ErrorCode::MediaFailed), ..all() }, vec![failed]),
            (CallFilter { rating: Some(5), ..all() }, vec![long]),
            (CallFilter { rating: Some(4), ..all() }, vec![]),
            (CallFilter { rating: Some(5), answered_by: Some(two), ..all() }, vec![long]),
            (CallFilter { quality: Some(QualityGrade::Good), ..all() }, vec![short]),
            (CallFilter { quality: Some(QualityGrade::Poor), answered_by: Some(one), ..all() }, vec![]),
            (CallFilter { min_duration: Some(6), ..all() }, vec![long]),
            (CallFilter { max_duration: Some(5), ..all() }, vec![short]),
            (CallFilter { from: Some(after(-60)), to: Some(after(60)), ..all() }, vec![live, failed, long, short]),
            (CallFilter { to: Some(after(-60)), ..all() }, vec![]),
            (CallFilter { from: Some(after(60)), ..all() }, vec![]),
        ] {
            assert_eq!(found(store, &visitor, filter.clone()).await, expected, "{filter:?}");
        }
        // With what stands beside them in a list.
        let rated = store.found_call(visitor.app_id(), long).await.unwrap().unwrap();
        assert_eq!(rated.survey.unwrap().stars(), 5);
        assert_eq!(rated.context, visitor.session.context);
        assert_eq!(store.found_call(visitor.app_id(), new_call()).await.unwrap(), None);
        assert_eq!(store.found_call(stranger.app_id(), long).await.unwrap(), None);
    }

    async fn a_page_goes_on_where_the_one_before_ended_though_calls_arrive(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let mut made = Vec::new();
        for _ in 0..10 {
            made.push(visitor.calls(store).await);
        }
        made.reverse();
        let (mut read, mut request) = (Vec::new(), PageRequest::first(3));
        loop {
            let page = store.calls(visitor.app_id(), &CallFilter::default(), request).await.unwrap();
            read.extend(page.items.iter().map(|found| found.call.id));
            // More come while somebody reads.
            visitor.calls(store).await;
            let Some(next) = page.next else { break };
            request.after = Some(next);
        }
        assert_eq!(read, made);
    }

    async fn what_is_rare_is_found_page_by_page_and_none_is_missed(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let oldest = ended(store, &visitor, 900, QualityGrade::Fair, DestinationId::from_uuid(Uuid::now_v7())).await;
        fill(site, &visitor, 25_000).await;
        let newest = ended(store, &visitor, 900, QualityGrade::Fair, DestinationId::from_uuid(Uuid::now_v7())).await;
        let filter = CallFilter { min_duration: Some(600), ..CallFilter::default() };
        let (mut read, mut request, mut pages) = (Vec::new(), PageRequest::first(50), 0);
        loop {
            let page = store.calls(visitor.app_id(), &filter, request).await.unwrap();
            read.extend(page.items.iter().map(|found| found.call.id));
            pages += 1;
            let Some(next) = page.next else { break };
            request.after = Some(next);
        }
        assert_eq!(read, [newest, oldest]);
        assert_eq!(pages, 3);
        let count = store.count_calls(visitor.app_id(), &CallFilter::default()).await.unwrap();
        assert_eq!((count.count, count.is_exact), (10_000, false));
        let count = store.count_calls(visitor.app_id(), &filter).await.unwrap();
        assert_eq!((count.count, count.is_exact), (2, true));
        // A context that they all have is no shorter way; one that few have is.
        for (pair, first) in [(("orderId", "A-1"), newest), (("orderId", "A-2"), oldest)] {
            let context = Some((pair.0.to_owned(), pair.1.to_owned()));
            let filter = CallFilter { context, ..CallFilter::default() };
            let page = store.calls(visitor.app_id(), &filter, PageRequest::first(5)).await.unwrap();
            let ids: Vec<_> = page.items.iter().map(|found| found.call.id).collect();
            assert_eq!(ids.contains(&first), pair.1 == "A-1", "{pair:?}");
        }
    }

    async fn keys_that_only_sessions_without_a_call_have_hide_none_of_the_calls(site) {
        let store = &site.store;
        let app_id = site.app().await;
        let visitor = site.visitor_of(app_id, &[("orderId", "A-7")], false).await;
        visitor.calls(store).await;
        for session in 0..7 {
            let keys: Vec<_> = (0..32).map(|key| format!("A{:03}", session * 32 + key)).collect();
            let context: Vec<_> = keys.iter().map(|key| (key.as_str(), "A-7")).collect();
            site.visitor_of(app_id, &context, false).await;
        }
        let keys = store.context_keys(app_id).await.unwrap();
        assert!(keys.len() == 200 && keys.contains(&"orderId".to_owned()), "{keys:?}");
        let places = store.look_up(&[app_id], "A-7").await.unwrap();
        assert_eq!(places.first(), Some(&Place::Context(app_id, "orderId".into(), "A-7".into())));
        assert_eq!(places.len(), 20);
    }

    async fn what_is_pasted_leads_to_where_it_is(site) {
        let store = &site.store;
        let app_id = site.app().await;
        let context = [("orderId", "A-12345"), ("phone", "+4930123456"), ("page", "/")];
        let visitor = site.visitor_of(app_id, &context, false).await;
        let call_id = new_call();
        let started = store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
        let event_id: EventId = started[0].event().id;
        let other = site.app().await;
        let pair = |key: &str, value: &str| Place::Context(app_id, key.into(), value.into());
        for (text, expected) in [
            (call_id.to_string(), vec![Place::Call(app_id, call_id)]),
            (event_id.to_string(), vec![Place::Event(app_id, event_id, Some(call_id))]),
            (app_id.to_string(), vec![Place::App(app_id)]),
            ("A-12345".into(), vec![pair("orderId", "A-12345")]),
            (" +49 (30) 123-456 ".into(), vec![pair("phone", "+4930123456")]),
            (new_call().to_string(), vec![]),
            ("a-12345".into(), vec![]),
            ("%".into(), vec![]),
            ("\0".into(), vec![]),
            (String::new(), vec![]),
            ("x".repeat(600), vec![]),
        ] {
            let places = store.look_up(&[app_id, other], &text).await.unwrap();
            assert_eq!(places, expected, "{text:?}");
            assert_eq!(store.look_up(&[other], &text).await.unwrap(), [], "{text:?}");
        }
        assert_eq!(store.context_keys(app_id).await.unwrap(), ["orderId", "page", "phone"]);
        assert_eq!(store.context_keys(other).await.unwrap(), [""; 0]);
    }
}

/// So many calls of this visitor that lasted three seconds, past the log.
async fn fill(site: &Site, visitor: &Visitor, calls: u32) {
    let now = crate::site::now().millis();
    site.sql(&format!(
        "INSERT INTO calls
            (id, app_id, session_id, profile_id, node_id, state, started_at, ended_at, end_reason,
             duration)
         SELECT 'call_{now:012x}7{{n}}', '{app}', '{session}', 'dest_0192000000007000800000000000000a',
            'node_0192000000007000800000000000000a', 'ended', {now}, {now}, 'user_hangup', 3
         FROM (WITH RECURSIVE counted (n) AS (
            SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {calls}
         ) SELECT n FROM counted) AS numbers",
        app = visitor.app_id(),
        session = visitor.session.id,
    ).replace("{n}'", if site.is_postgres() {
        "' || lpad(CAST(n AS TEXT), 19, '0')"
    } else {
        "' || printf('%019d', n)"
    }))
    .await;
}
