//! Reading calls and events back.

use bellpush_core::{
    ids::{CallId, DestinationId, TrunkId},
    routing::{AnsweredBy, SipDialog},
};
use bellpush_store::{Append, CallFilter, CallState, EventFilter, PageRequest};

use uuid::Uuid;

use crate::site::{new_call, new_node};

fn with_context(key: &str, value: &str) -> Option<(String, String)> {
    Some((key.into(), value.into()))
}

on_both_stores! {
    async fn a_call_keeps_who_answered_and_how_it_sounded(site) {
        let visitor = site.visitor().await;
        let call_id = visitor.calls(&site.store).await;
        let live = site.store.call(call_id).await.unwrap().unwrap();
        assert_eq!((live.answered_by, live.quality), (None, None));
        let quality = serde_json::json!({ "visitor": { "mos": 4.2 } });
        let profile_id = DestinationId::from_uuid(Uuid::now_v7());
        let trunk_id = TrunkId::from_uuid(Uuid::now_v7());
        let dialog = SipDialog { trunk_id, call_id: "f00d@192.0.2.1".into() };
        for dialog in [Some(dialog), None] {
            let answered_by = AnsweredBy { profile_id, dialog };
            let call_id = visitor.calls(&site.store).await;
            let mut end = visitor.hangs_up(call_id);
            if let Append::CallEnded { finish, .. } = &mut end {
                finish.answered_by = Some(answered_by.clone());
                finish.quality = Some(quality.clone());
            }
            site.store.append(vec![end]).await.unwrap();
            let over = site.store.call(call_id).await.unwrap().unwrap();
            assert!(over.connected_at.is_some());
            assert_eq!(over.answered_by, Some(answered_by));
            assert_eq!(over.quality.as_ref(), Some(&quality));
        }
    }

    async fn calls_are_read_page_by_page_newest_first(site) {
        let visitor = site.visitor().await;
        let mut made = Vec::new();
        for _ in 0..7 {
            made.push(visitor.calls(&site.store).await);
        }
        made.reverse();
        let (mut read, mut request) = (Vec::<CallId>::new(), PageRequest::first(3));
        let mut sizes = Vec::new();
        loop {
            let page =
                site.store.calls(visitor.app_id(), &CallFilter::default(), request).await.unwrap();
            sizes.push(page.items.len());
            read.extend(page.items.iter().map(|found| found.call.id));
            let Some(next) = page.next else { break };
            request.after = Some(next);
        }
        assert_eq!(read, made);
        assert_eq!(sizes, [3, 3, 1]);
    }

    async fn events_are_read_page_by_page_newest_first(site) {
        let visitor = site.visitor().await;
        let appends = (0..6).map(|_| Append::Event(visitor.loaded())).collect();
        let mut made: Vec<_> =
            site.store.append(appends).await.unwrap().iter().map(|one| one.seq()).collect();
        made.reverse();
        let first = PageRequest::first(3);
        let filter = EventFilter::default();
        let one = site.store.events(visitor.app_id(), &filter, first).await.unwrap();
        let second = PageRequest { after: one.next, limit: 3 };
        let two = site.store.events(visitor.app_id(), &filter, second).await.unwrap();
        let read: Vec<_> = one.items.iter().chain(&two.items).map(|event| event.seq).collect();
        assert_eq!(read, made);
        assert_eq!(two.next, None, "a full last page has no next one");
    }

    async fn calls_and_events_are_found_by_a_value_of_their_context(site) {
        let app_id = site.app().await;
        let store = &site.store;
        let one = site.visitor_of(app_id, &[("orderId", "A-1"), ("tier", "gold")], false).await;
        let two = site.visitor_of(app_id, &[("orderId", "A-2"), ("tier", "gold")], false).await;
        let stranger = site.visitor().await;
        let first = one.calls(store).await;
        let second = two.calls(store).await;
        stranger.calls(store).await;
        store.append(vec![Append::Event(one.loaded())]).await.unwrap();

        let page = PageRequest::first(10);
        let calls = |context| async move {
            let calls = store.calls(app_id, &CallFilter { context, ..CallFilter::default() }, page).await.unwrap().items;
            calls.iter().map(|found| found.call.id).collect::<Vec<_>>()
        };
        assert_eq!(calls(with_context("orderId", "A-1")).await, [first]);
        assert_eq!(calls(with_context("tier", "gold")).await, [second, first]);
        assert_eq!(calls(with_context("tier", "A-1")).await, []);

        let names = |filter: EventFilter| async move {
            let events = store.events(app_id, &filter, PageRequest::first(10)).await.unwrap().items;
            events.into_iter().map(|event| event.name).collect::<Vec<_>>()
        };
        let context = with_context("orderId", "A-1");
        let by_context = EventFilter { context: context.clone(), ..Default::default() };
        assert_eq!(names(by_context).await, ["widget_loaded", "call_started"]);
        let name = Some("call_started".to_owned());
        let both = EventFilter { context, name: name.clone(), ..Default::default() };
        assert_eq!(names(both).await, ["call_started"]);
        let by_name = EventFilter { name, ..Default::default() };
        assert_eq!(names(by_name).await, ["call_started", "call_started"]);
        let by_call = EventFilter { call_id: Some(second), ..Default::default() };
        assert_eq!(names(by_call).await, ["call_started"]);
    }

    async fn a_context_value_with_any_character_is_found(site) {
        let app_id = site.app().await;
        for value in ["", "it's", "\"\\", "a\u{7f}b", "%_", "\u{1F44B}", "long"] {
            let value = if value == "long" { "\u{1F44B}".repeat(512) } else { value.to_owned() };
            let visitor = site.visitor_of(app_id, &[("k", &value)], false).await;
            let call_id = visitor.calls(&site.store).await;
            let filter = CallFilter { context: with_context("k", &value), ..Default::default() };
            let page = PageRequest::first(10);
            let found = site.store.calls(app_id, &filter, page).await.unwrap().items;
            assert_eq!(found.iter().map(|found| found.call.id).collect::<Vec<_>>(), [call_id]);
        }
    }

    async fn a_call_reads_back_as_it_was_told(site) {
        let visitor = site.visitor().await;
        let (call_id, node) = (new_call(), new_node());
        let start = visitor.starts(call_id, node);
        site.store.append(vec![start.clone()]).await.unwrap();
        let Append::CallStarted { event, call: told } = start else { unreachable!() };
        let call = site.store.call(call_id).await.unwrap().unwrap();
        assert_eq!(call.app_id, visitor.app_id());
        assert_eq!(call.session_id, visitor.session.id);
        assert_eq!((call.node_id, call.profile_id), (node, told.profile_id));
        assert_eq!(call.form_values, told.form_values);
        assert_eq!(call.routing_key, told.routing_key);
        assert_eq!(call.started_at, event.envelope.timestamp);
        assert_eq!((call.connected_at, call.state), (None, CallState::Live));

        let end = visitor.hangs_up(call_id);
        site.store.append(vec![end.clone()]).await.unwrap();
        let call = site.store.call(call_id).await.unwrap().unwrap();
        let at = end.event().envelope.timestamp;
        let reason = bellpush_core::events::EndReason::UserHangup;
        assert_eq!(call.state, CallState::Ended { at, reason, duration: 7 });
        assert!(call.connected_at.is_some());
    }
}
