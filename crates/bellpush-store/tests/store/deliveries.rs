//! Deliveries: who gets which event, and what becomes of it.

use base64::Engine;
use bellpush_core::{
    delivery::{
        AttemptRecord, DeliveryKey, DeliveryStatus, FailureClass, PendingDelivery, Seq,
        exchange::{Exchange, Header, SentRequest, Timing},
    },
    events::{Event, EventTime},
    ids::{AppId, IntegrationId},
    integration::IntegrationSettings,
};
use bellpush_store::{Actor, Append, Delivery, DeliveryFilter, PageRequest, Store};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::site::{Site, master_key, new_call, new_node, now};

pub(crate) fn settings(events: &[&str]) -> IntegrationSettings {
    IntegrationSettings {
        events: events.iter().map(|name| (*name).to_owned()).collect(),
        ..IntegrationSettings::new("Hook", "https://hooks.example/x".parse().unwrap())
    }
}

pub(crate) async fn integrate(
    store: &Store,
    app_id: AppId,
    settings: IntegrationSettings,
) -> IntegrationId {
    store
        .create_integration(app_id, &settings, &"whsec_test".into(), 10, &Actor::HOST)
        .await
        .unwrap()
        .id
}

pub(crate) async fn pending(store: &Store, id: IntegrationId) -> Vec<PendingDelivery> {
    store.pending(id, None, 1000).await.unwrap()
}

/// All deliveries of an integration that stand somewhere, newest first.
pub(crate) async fn listed(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
    statuses: &[DeliveryStatus],
) -> Vec<Delivery> {
    let filter = DeliveryFilter { statuses: statuses.to_vec(), ..DeliveryFilter::default() };
    store.deliveries(app_id, id, &filter, PageRequest::first(100)).await.unwrap().items
}

pub(crate) fn attempt(key: DeliveryKey, number: u32, outcome: DeliveryStatus) -> AttemptRecord {
    let failed = outcome != DeliveryStatus::Delivered;
    AttemptRecord {
        key,
        number,
        started_at: now(),
        duration_ms: 12,
        status: Some(if failed { 500 } else { 204 }),
        failure: failed.then_some(FailureClass::Status),
        detail: "no\0 luck".into(),
        exchange: None,
        outcome,
        next_due: (outcome == DeliveryStatus::Pending)
            .then(|| EventTime::from_millis(now().millis() + 5_000).unwrap()),
        rehearsal_id: None,
    }
}

fn exchange() -> Exchange {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Exchange {
        request: SentRequest {
            method: "POST".into(),
            url: "https://hooks.example/{secret.key}".into(),
            headers: vec![header("webhook-signature", "[signature]")],
            body_bytes: 7,
            body: Some("Zo\u{eb} \0".into()),
        },
        response_headers: Some(vec![header("x-visitor", "zoe@visitor.example")]),
        timing: Timing { reused: true, connection_us: 9, ..Timing::default() },
    }
}

/// An integration with one pending delivery for each of these events.
pub(crate) async fn backlog(site: &Site, count: usize) -> (IntegrationId, Vec<PendingDelivery>) {
    let visitor = site.visitor().await;
    let id = integrate(&site.store, visitor.app_id(), settings(&["widget_loaded"])).await;
    let appends = (0..count).map(|_| Append::Event(visitor.loaded())).collect();
    site.store.append(appends).await.unwrap();
    (id, pending(&site.store, id).await)
}

on_both_stores! {
    async fn the_parent_of_a_trace_is_kept_with_its_event_as_long_as_its_app_is_there(site) {
        let visitor = site.visitor().await;
        let app_id = visitor.app_id();
        let id = integrate(&site.store, app_id, settings(&["widget_loaded"])).await;
        let mut written = site.store.take_new_deliveries().unwrap();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().ok();
        let traced = Event { trace_parent: parent, ..visitor.loaded() };
        let appends = [traced, visitor.loaded()].map(Append::Event).to_vec();
        let appended = site.store.append(appends).await.unwrap();
        let parents = |deliveries: &[PendingDelivery]| {
            deliveries.iter().map(|delivery| delivery.trace_parent).collect::<Vec<_>>()
        };
        assert!(parent.is_some());
        assert_eq!(parents(&written.recv().await.unwrap()), [parent, None]);
        assert_eq!(parents(&pending(&site.store, id).await), [parent, None]);
        assert!(site.store.delete_app(app_id, &Actor::HOST).await.unwrap());
        site.nothing_is_left().await;
        // Its place is free again.
        let seq = appended[0].seq();
        site.sql(&format!("INSERT INTO event_traces VALUES ({seq}, 'x')")).await;
    }

    async fn what_an_attempt_sent_is_kept_encrypted_and_only_with_that_attempt(site) {
        let (_, pending) = backlog(site, 2).await;
        let store = &site.store;
        let sent = Some(Box::new(exchange()));
        let failed = AttemptRecord {
            exchange: sent.clone(),
            ..attempt(pending[0].key, 1, DeliveryStatus::Pending)
        };
        let delivered = attempt(pending[0].key, 2, DeliveryStatus::Delivered);
        let other = attempt(pending[1].key, 1, DeliveryStatus::Delivered);
        store.record_attempts(vec![failed.clone(), delivered]).await.unwrap();
        // Told again, it changes nothing.
        store.record_attempts(vec![failed, other]).await.unwrap();
        let exchanges = |attempts: Vec<AttemptRecord>| {
            attempts.into_iter().map(|attempt| attempt.exchange).collect::<Vec<_>>()
        };
        assert_eq!(exchanges(store.attempts(pending[0].key).await.unwrap()), [sent, None]);
        assert_eq!(exchanges(store.attempts(pending[1].key).await.unwrap()), [None]);

        let kept = "SELECT exchange AS found FROM attempts WHERE exchange IS NOT NULL";
        let [text] = &site.found(kept).await[..] else { panic!() };
        let sealed = base64::prelude::BASE64_STANDARD.decode(text).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("visitor.example"));
        // At another attempt it can't be read.
        site.sql(&format!("UPDATE attempts SET exchange = '{text}'")).await;
        assert!(store.attempts(pending[1].key).await.is_err());
    }

    async fn each_active_integration_gets_the_events_that_it_selected(site) {
        let visitor = site.visitor().await;
        let store = &site.store;
        let ends = integrate(store, visitor.app_id(), settings(&["call_ended", "call_error"])).await;
        let all = integrate(store, visitor.app_id(), settings(&["call_ended", "wish"])).await;
        let nothing = integrate(store, visitor.app_id(), settings(&[])).await;
        let mut off = settings(&["call_ended"]);
        off.active = false;
        let off = integrate(store, visitor.app_id(), off).await;
        let stranger = integrate(store, site.app().await, settings(&["call_ended"])).await;

        let mut new = store.take_new_deliveries().unwrap();
        let call_id = new_call();
        let custom = visitor.custom("wish");
        let appended = store
            .append(vec![
                visitor.starts(call_id, new_node()),
                visitor.hangs_up(call_id),
                Append::Event(custom.clone()),
            ])
            .await
            .unwrap();

        let seqs = |deliveries: &[PendingDelivery]| -> Vec<Seq> {
            deliveries.iter().map(|delivery| delivery.key.seq).collect()
        };
        let (ended, wish) = (appended[1].seq(), appended[2].seq());
        let for_all = pending(store, all).await;
        assert_eq!(seqs(&for_all), [ended, wish]);
        assert_eq!(seqs(&pending(store, ends).await), [ended]);
        for none in [nothing, off, stranger] {
            assert_eq!(pending(store, none).await, []);
        }
        assert_eq!(for_all[0].call_id, Some(call_id));
        assert_eq!(for_all[0].attempts, 0);
        assert_eq!(for_all[1].event_id, custom.id);
        assert_eq!(for_all[1].body, serde_json::to_string(&custom.envelope).unwrap());

        // The engine is handed the same as it would read.
        let mut handed = new.recv().await.unwrap();
        let mut read = for_all;
        read.extend(pending(store, ends).await);
        handed.sort_by_key(|delivery| delivery.key);
        read.sort_by_key(|delivery| delivery.key);
        assert_eq!(handed, read);
        assert!(!store.take_missed());
    }

    async fn a_repeated_event_is_delivered_once(site) {
        let visitor = site.visitor().await;
        let id = integrate(&site.store, visitor.app_id(), settings(&["widget_loaded"])).await;
        let event = visitor.loaded();
        for _ in 0..3 {
            site.store.append(vec![Append::Event(event.clone())]).await.unwrap();
        }
        assert_eq!(pending(&site.store, id).await.len(), 1);
    }

    async fn previews_go_only_where_they_are_wanted(site) {
        let app_id = site.app().await;
        let preview = site.visitor_of(app_id, &[], true).await;
        let wary = integrate(&site.store, app_id, settings(&["widget_loaded"])).await;
        let mut eager = settings(&["widget_loaded"]);
        eager.include_previews = true;
        let eager = integrate(&site.store, app_id, eager).await;
        site.store.append(vec![Append::Event(preview.loaded())]).await.unwrap();
        assert_eq!(pending(&site.store, wary).await, []);
        assert_eq!(pending(&site.store, eager).await.len(), 1);
    }

    async fn a_changed_filter_holds_from_the_next_event_on(site) {
        let visitor = site.visitor().await;
        let (store, app_id) = (&site.store, visitor.app_id());
        let id = integrate(store, app_id, settings(&["widget_loaded"])).await;
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        store.update_integration(app_id, id, &settings(&["wish"]), 3, &Actor::HOST).await.unwrap().unwrap();
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        store.append(vec![Append::Event(visitor.custom("wish"))]).await.unwrap();
        assert_eq!(pending(store, id).await.len(), 2);
    }

    async fn an_engine_that_lags_is_told_to_read_the_disk(site) {
        let visitor = site.visitor().await;
        let store = &site.store;
        let id = integrate(store, visitor.app_id(), settings(&["widget_loaded"])).await;
        let mut new = store.take_new_deliveries().unwrap();
        assert!(store.take_new_deliveries().is_none(), "there is one engine");
        let mut appended = 0;
        while !store.take_missed() {
            store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
            appended += 1;
            assert!(appended < 10_000, "the hand-over has no bound");
        }
        assert!(!store.take_missed(), "it is told once");
        let mut handed = 0;
        while let Ok(batch) = new.try_recv() {
            handed += batch.len();
        }
        assert_eq!(handed, appended - 1);
        let read = store.pending(id, None, 20_000).await.unwrap();
        assert_eq!(read.len(), appended);
        // And is handed deliveries again from then on.
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        assert_eq!(new.recv().await.unwrap().len(), 1);
    }

    async fn waiting_deliveries_are_read_page_by_page_oldest_first(site) {
        let (id, all) = backlog(site, 25).await;
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = site.store.pending(id, after, 10).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.key.seq);
            read.extend(page);
        }
        assert_eq!(read, all);
        assert!(read.is_sorted_by_key(|delivery| delivery.key.seq));
        assert_eq!(read.len(), 25);
    }

    async fn attempts_move_their_deliveries(site) {
        let (id, waiting) = backlog(site, 3).await;
        let [one, two, three] = [0, 1, 2].map(|n| waiting[n].key);
        let again = attempt(two, 1, DeliveryStatus::Pending);
        site.store
            .record_attempts(vec![
                attempt(one, 1, DeliveryStatus::Delivered),
                again.clone(),
                attempt(three, 1, DeliveryStatus::Pending),
                attempt(three, 2, DeliveryStatus::Dead),
            ])
            .await
            .unwrap();

        let left = pending(&site.store, id).await;
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].key, left[0].attempts), (two, 1));
        assert_eq!(Some(left[0].due), again.next_due);

        let app_id = waiting[0].app_id;
        let listed_now = listed(&site.store, app_id, id, &[]).await;
        let states: Vec<_> = listed_now.iter().map(|d| (d.key, d.status, d.attempts)).collect();
        assert_eq!(
            states,
            [
                (three, DeliveryStatus::Dead, 2),
                (two, DeliveryStatus::Pending, 1),
                (one, DeliveryStatus::Delivered, 1),
            ]
        );
        for (status, key) in [
            (DeliveryStatus::Dead, three),
            (DeliveryStatus::Pending, two),
            (DeliveryStatus::Delivered, one),
        ] {
            let listed = listed(&site.store, app_id, id, &[status]).await;
            assert_eq!(listed.iter().map(|d| d.key).collect::<Vec<_>>(), [key]);
        }

        let log = site.store.attempts(three).await.unwrap();
        assert_eq!(log.iter().map(|a| a.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(log[1].outcome, DeliveryStatus::Dead);
        assert_eq!(log[0].detail, "no\u{fffd} luck");
        assert_eq!(log[0].failure, Some(FailureClass::Status));
        assert_eq!(log[0].status, Some(500));
    }

    async fn a_settled_delivery_stays_settled(site) {
        let (id, waiting) = backlog(site, 2).await;
        let [done, dead] = [waiting[0].key, waiting[1].key];
        let settle = vec![
            attempt(done, 1, DeliveryStatus::Delivered),
            attempt(dead, 1, DeliveryStatus::Dead),
        ];
        site.store.record_attempts(settle.clone()).await.unwrap();
        let late = vec![
            attempt(done, 2, DeliveryStatus::Pending),
            attempt(dead, 2, DeliveryStatus::Delivered),
        ];
        site.store.record_attempts(late).await.unwrap();
        // The same results once more, as after a lost answer.
        site.store.record_attempts(settle).await.unwrap();
        assert_eq!(pending(&site.store, id).await, []);
        let dead_ones =
            listed(&site.store, waiting[0].app_id, id, &[DeliveryStatus::Dead]).await;
        assert_eq!(dead_ones.iter().map(|d| d.key).collect::<Vec<_>>(), [dead]);
    }

    async fn results_of_a_deleted_integration_are_passed_over(site) {
        let (id, waiting) = backlog(site, 2).await;
        let unknown = IntegrationId::from_uuid(Uuid::now_v7());
        let stranger = DeliveryKey { integration_id: unknown, seq: waiting[0].key.seq };
        site.store
            .record_attempts(vec![
                attempt(stranger, 1, DeliveryStatus::Delivered),
                attempt(waiting[0].key, 1, DeliveryStatus::Delivered),
            ])
            .await
            .unwrap();
        assert_eq!(site.store.attempts(stranger).await.unwrap(), []);
        assert_eq!(pending(&site.store, id).await.len(), 1);
    }

    async fn results_and_events_do_not_keep_each_other_from_being_recorded(site) {
        let (_, waiting) = backlog(site, 2).await;
        let visitor = site.visitor().await;
        let append = || site.store.append(vec![Append::Event(visitor.loaded())]);
        let result = |number: usize| {
            site.store.record_attempts(vec![attempt(
                waiting[number].key,
                1,
                DeliveryStatus::Delivered,
            )])
        };
        // All wait before the first is written: they are one group.
        let together = async |number| tokio::join!(append(), append(), result(number), append());
        site.sql("ALTER TABLE attempts RENAME TO away").await;
        let (first, second, recorded, third) = together(0).await;
        assert!(first.is_ok() && second.is_ok() && third.is_ok());
        recorded.unwrap_err();
        site.sql("ALTER TABLE away RENAME TO attempts").await;
        assert_eq!(site.store.attempts(waiting[0].key).await.unwrap(), []);

        site.sql("ALTER TABLE survey_responses RENAME TO away").await;
        let (first, second, recorded, third) = together(1).await;
        assert!(first.is_err() && second.is_err() && third.is_err());
        recorded.unwrap();
        site.sql("ALTER TABLE away RENAME TO survey_responses").await;
        append().await.unwrap();
        assert_eq!(site.store.attempts(waiting[1].key).await.unwrap().len(), 1);
        result(0).await.unwrap();
        assert_eq!(site.store.attempts(waiting[0].key).await.unwrap().len(), 1);
    }

    async fn a_deleted_integration_takes_its_deliveries_with_it(site) {
        let (id, waiting) = backlog(site, 2).await;
        site.store
            .record_attempts(vec![attempt(waiting[0].key, 1, DeliveryStatus::Pending)])
            .await
            .unwrap();
        let app_id = waiting[0].app_id;
        assert!(!site.store.delete_integration(site.app().await, id, &Actor::HOST).await.unwrap());
        assert!(site.store.delete_integration(app_id, id, &Actor::HOST).await.unwrap());
        assert!(!site.store.delete_integration(app_id, id, &Actor::HOST).await.unwrap());
        site.nothing_is_left().await;
    }

    async fn what_many_deliveries_of_a_deleted_integration_leave_goes_on_being_removed(site) {
        let (kept, _) = backlog(site, 900).await;
        let (id, waiting) = backlog(site, 900).await;
        for outcome in [DeliveryStatus::Pending, DeliveryStatus::Dead] {
            let number = if outcome == DeliveryStatus::Pending { 1 } else { 2 };
            let results = waiting.iter().map(|one| attempt(one.key, number, outcome));
            site.store.record_attempts(results.collect()).await.unwrap();
        }
        let app_id = waiting[0].app_id;
        assert!(site.store.delete_integration(app_id, id, &Actor::HOST).await.unwrap());
        // In the middle of it.
        site.store.close().await;
        let reopened = site.open(master_key()).await.unwrap();
        site.nothing_is_left().await;
        assert_eq!(pending(&reopened, kept).await.len(), 900);
        reopened.close().await;
    }

    async fn a_deleted_app_takes_the_deliveries_of_its_integrations_with_it(site) {
        let (_, waiting) = backlog(site, 3).await;
        site.store
            .record_attempts(vec![attempt(waiting[0].key, 1, DeliveryStatus::Pending)])
            .await
            .unwrap();
        assert!(site.store.delete_app(waiting[0].app_id, &Actor::HOST).await.unwrap());
        site.nothing_is_left().await;
    }

    async fn an_integration_is_deleted_while_results_of_it_are_recorded(site) {
        for _ in 0..20 {
            let (id, waiting) = backlog(site, 200).await;
            let record = async |outcome, number| {
                for some in waiting.chunks(20) {
                    let results = some.iter().map(|one| attempt(one.key, number, outcome));
                    site.store.record_attempts(results.collect()).await.unwrap();
                }
            };
            // From now on there is a row of this hour to be counted in.
            record(DeliveryStatus::Pending, 1).await;
            let ((), deleted) = tokio::join!(
                record(DeliveryStatus::Pending, 2),
                site.store.delete_integration(waiting[0].app_id, id, &Actor::HOST),
            );
            assert!(deleted.unwrap());
        }
        site.nothing_is_left().await;
    }

    async fn an_endpoint_comes_with_its_signing_secret_opened(site) {
        let app_id = site.app().await;
        let id = integrate(&site.store, app_id, settings(&["call_ended"])).await;
        let endpoints = site.store.endpoints().await.unwrap();
        assert_eq!(endpoints.len(), 1);
        assert_eq!((endpoints[0].id, endpoints[0].app_id), (id, app_id));
        assert_eq!(endpoints[0].settings, settings(&["call_ended"]));
        assert_eq!(endpoints[0].signing.secret.expose_secret(), "whsec_test");
        assert!(!format!("{endpoints:?}").contains("whsec_test"));
    }
}
