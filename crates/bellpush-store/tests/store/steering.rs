//! Seeing and steering deliveries: the log, statistics, replays, outages.

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, DeliveryStatus, DisableReason, Outage, Seq},
    events::EventTime,
    ids::{AppId, EventId, IntegrationId},
};
use bellpush_store::{
    Actor, Append, BacklogSample, DeliveryFilter, PageRequest, ReplayState, Statistics, StepSize,
};

use uuid::Uuid;

use crate::{
    deliveries::{attempt, backlog, integrate, listed, pending, settings},
    site::{Site, Visitor, new_call, new_node, now},
};

const HOUR_MS: i64 = 3_600_000;

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

/// The places in the log of what a filter finds, newest first, by pages of two.
async fn found(site: &Site, app_id: AppId, id: IntegrationId, filter: DeliveryFilter) -> Vec<i64> {
    let (mut seqs, mut page) = (Vec::new(), PageRequest::first(2));
    loop {
        let got = site.store.deliveries(app_id, id, &filter, page).await.unwrap();
        seqs.extend(got.items.iter().map(|delivery| delivery.key.seq.0));
        match got.next {
            Some(next) => page.after = Some(next),
            None => return seqs,
        }
    }
}

/// A visitor's call from its start to its end. Returns the places of both in the log.
async fn call(site: &Site, visitor: &Visitor) -> (bellpush_core::ids::CallId, Vec<i64>) {
    let call_id = new_call();
    let appends = vec![visitor.starts(call_id, new_node()), visitor.hangs_up(call_id)];
    let appended = site.store.append(appends).await.unwrap();
    (call_id, appended.iter().map(|appended| appended.seq().0).collect())
}

/// Ends all that waits as dead.
async fn bury(site: &Site, id: IntegrationId) {
    let dead = pending(&site.store, id).await;
    let dead = dead.iter().map(|p| attempt(p.key, p.attempts + 1, DeliveryStatus::Dead)).collect();
    site.store.record_attempts(dead).await.unwrap();
}

/// Lets a replay go on until it ends; returns its steps.
async fn run_replay(site: &Site, id: IntegrationId, batch: u32) -> Vec<u64> {
    let mut steps = Vec::new();
    while let Some(replay) = site.store.running_replays().await.unwrap().pop() {
        assert_eq!(replay.integration_id, id);
        site.store.count_replay(&replay).await.unwrap();
        steps.push(site.store.advance_replay(&replay, batch).await.unwrap());
        assert!(steps.len() < 100, "it has no end");
    }
    steps
}

/// As which event of which app a delivery is written down; the database does not look.
fn replayed_by(_: DeliveryKey) -> (AppId, EventId) {
    (AppId::from_uuid(Uuid::now_v7()), EventId::from_uuid(Uuid::now_v7()).unwrap())
}

on_both_stores! {
    async fn the_delivery_log_is_searched_by_everything_that_is_known_of_a_delivery(site) {
        let visitor = site.visitor().await;
        let app_id = visitor.app_id();
        let other = site.visitor_of(app_id, &[("orderId", "B-2")], false).await;
        let names = ["call_started", "call_ended", "widget_loaded"];
        let id = integrate(&site.store, app_id, settings(&names)).await;
        // Its deliveries must never be found by the other.
        integrate(&site.store, app_id, settings(&names)).await;
        let (one, of_one) = call(site, &visitor).await;
        let (_, of_two) = call(site, &other).await;
        let loaded = site.store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        let loaded = &loaded[0];
        let waiting = pending(&site.store, id).await;
        site.store
            .record_attempts(vec![
                attempt(waiting[0].key, 1, DeliveryStatus::Delivered),
                attempt(waiting[1].key, 1, DeliveryStatus::Dead),
                attempt(waiting[3].key, 1, DeliveryStatus::Dead),
            ])
            .await
            .unwrap();
        let all = DeliveryFilter::default;
        let dead = || vec![DeliveryStatus::Dead];
        let named = |name: &str| Some(name.to_owned());
        let context = |order: &str| Some(("orderId".to_owned(), order.to_owned()));
        let ended = vec![DeliveryStatus::Dead, DeliveryStatus::Delivered];
        for (filter, expected) in [
            (all(), vec![loaded.seq().0, of_two[1], of_two[0], of_one[1], of_one[0]]),
            (DeliveryFilter { statuses: dead(), ..all() }, vec![of_two[1], of_one[1]]),
            (DeliveryFilter { statuses: ended, ..all() }, vec![of_two[1], of_one[1], of_one[0]]),
            (DeliveryFilter { name: named("call_ended"), ..all() }, vec![of_two[1], of_one[1]]),
            (
                DeliveryFilter { name: named("call_started"), statuses: dead(), ..all() },
                vec![],
            ),
            (
                DeliveryFilter { name: named("call_ended"), statuses: dead(), ..all() },
                vec![of_two[1], of_one[1]],
            ),
            (DeliveryFilter { event_id: Some(loaded.event().id), ..all() }, vec![loaded.seq().0]),
            (DeliveryFilter { call_id: Some(one), ..all() }, vec![of_one[1], of_one[0]]),
            (
                DeliveryFilter { call_id: Some(one), statuses: dead(), ..all() },
                vec![of_one[1]],
            ),
            (DeliveryFilter { context: context("B-2"), ..all() }, vec![of_two[1], of_two[0]]),
            (DeliveryFilter { context: context("C-3"), ..all() }, vec![]),
        ] {
            assert_eq!(found(site, app_id, id, filter.clone()).await, expected, "{filter:?}");
        }
        let one = site.store.delivery(app_id, id, loaded.event().id).await.unwrap().unwrap();
        assert_eq!((one.event_name.as_str(), one.attempts), ("widget_loaded", 0));
    }

    async fn a_range_of_times_is_found_exactly_even_when_the_clock_was_put_back(site) {
        let (id, waiting) = backlog(site, 40).await;
        let app_id = waiting[0].app_id;
        let base = 1_700_000_000_000;
        // One event an hour; the clock is put back by half an hour once.
        for (place, delivery) in (0..).zip(&waiting) {
            let shift = if place >= 20 { HOUR_MS / 2 } else { 0 };
            let time = base + place * HOUR_MS / 4 - shift;
            let seq = delivery.key.seq;
            site.sql(&format!("UPDATE events SET recorded_at = {time} WHERE seq = {seq}")).await;
        }
        let recorded = |place: usize| {
            let shift = if place >= 20 { HOUR_MS / 2 } else { 0 };
            base + place as i64 * HOUR_MS / 4 - shift
        };
        for (from, to) in [
            (None, None),
            (Some(base + 3 * HOUR_MS), None),
            (None, Some(base + 3 * HOUR_MS)),
            (Some(base + 4 * HOUR_MS), Some(base + 5 * HOUR_MS)),
            (Some(base + 4 * HOUR_MS + HOUR_MS / 2), Some(base + 4 * HOUR_MS + HOUR_MS / 2 + 1)),
            (Some(base + 900 * HOUR_MS), None),
            (None, Some(base - HOUR_MS)),
        ] {
            let expected: Vec<i64> = (0..40)
                .rev()
                .filter(|place| from.is_none_or(|from| recorded(*place) >= from))
                .filter(|place| to.is_none_or(|to| recorded(*place) < to))
                .map(|place| waiting[place].key.seq.0)
                .collect();
            let filter =
                DeliveryFilter { from: from.map(at), to: to.map(at), ..DeliveryFilter::default() };
            assert_eq!(found(site, app_id, id, filter).await, expected, "{from:?} to {to:?}");
        }
    }

    async fn attempts_are_counted_by_hour_once_however_often_they_are_told(site) {
        let (id, waiting) = backlog(site, 4).await;
        let noon = 1_700_000_000_000 / (24 * HOUR_MS) * 24 * HOUR_MS + 12 * HOUR_MS;
        let took = |place: usize, number, outcome, after, duration_ms| AttemptRecord {
            started_at: at(noon + after),
            duration_ms,
            ..attempt(waiting[place].key, number, outcome)
        };
        let group = vec![
            took(0, 1, DeliveryStatus::Delivered, 0, 10),
            took(1, 1, DeliveryStatus::Pending, 1, 100),
            took(1, 2, DeliveryStatus::Delivered, HOUR_MS, 20),
            took(2, 1, DeliveryStatus::Dead, HOUR_MS + 1, 9_000),
        ];
        for _ in 0..2 {
            site.store.record_attempts(group.clone()).await.unwrap();
        }
        let read = async |from, to, size| {
            let steps = site.store.statistics(id, at(from), at(to), size).await.unwrap();
            let counts = |step: &Statistics| (step.delivered, step.retried, step.dead);
            steps.iter().map(|(begin, step)| (begin.millis(), counts(step))).collect::<Vec<_>>()
        };
        let (first, second) = ((noon, (1, 1, 0)), (noon + HOUR_MS, (1, 0, 1)));
        assert_eq!(read(noon, noon + 2 * HOUR_MS, StepSize::Hour).await, [first, second]);
        assert_eq!(read(noon + 1, noon + 2, StepSize::Hour).await, [first]);
        assert_eq!(read(noon + 2 * HOUR_MS, noon + 9 * HOUR_MS, StepSize::Hour).await, []);
        let midnight = noon - 12 * HOUR_MS;
        assert_eq!(read(noon, noon + 1, StepSize::Day).await, [(midnight, (2, 1, 1))]);
        let day = site.store.statistics(id, at(noon), at(noon + 1), StepSize::Day).await.unwrap();
        let latency = &day[&at(midnight)].latency;
        let near = |share, exact: f64| {
            let told = f64::from(latency.percentile(share).unwrap());
            assert!((told - exact).abs() <= exact * 0.2 + 1.0, "{told} for {exact}");
        };
        near(0.25, 10.0);
        near(0.5, 20.0);
        near(1.0, 9_000.0);

        assert!(site.store.delete_integration(waiting[0].app_id, id, &Actor::HOST).await.unwrap());
        site.store.record_attempts(group).await.unwrap();
        site.nothing_is_left().await;
        assert_eq!(read(noon, noon + 2 * HOUR_MS, StepSize::Hour).await, []);
    }

    async fn the_backlog_is_seen_now_and_its_peaks_by_the_hour(site) {
        let (id, waiting) = backlog(site, 3).await;
        let (count, oldest) = site.store.backlog(id).await.unwrap();
        assert_eq!(count, 3);
        let first = &listed(&site.store, waiting[0].app_id, id, &[]).await[2];
        assert_eq!(oldest, Some(first.recorded_at));
        let begun = now();
        for (waiting, open) in [(5, 0), (90, 60), (7, 60)] {
            let sample =
                BacklogSample { integration_id: id, waiting, breaker_open_seconds: open };
            site.store.keep_backlog(&[sample]).await.unwrap();
        }
        let later = at(now().millis() + 1);
        let steps = site.store.statistics(id, begun, later, StepSize::Hour).await.unwrap();
        let mut seen = Statistics::default();
        steps.values().for_each(|step| seen.merge(step));
        assert_eq!((seen.most_waiting, seen.breaker_open_seconds), (90, 120));
        bury(site, id).await;
        assert_eq!(site.store.backlog(id).await.unwrap(), (0, None));
    }

    async fn a_replayed_delivery_waits_again_and_keeps_its_attempts(site) {
        let (id, waiting) = backlog(site, 2).await;
        let (key, app_id) = (waiting[0].key, waiting[0].app_id);
        assert!(!site.store.replay_delivery(replayed_by(key), key, &Actor::HOST).await.unwrap(), "it has not ended");
        let group =
            vec![attempt(key, 1, DeliveryStatus::Pending), attempt(key, 2, DeliveryStatus::Dead)];
        site.store.record_attempts(group.clone()).await.unwrap();
        assert!(site.store.replay_delivery(replayed_by(key), key, &Actor::HOST).await.unwrap());
        assert!(!site.store.replay_delivery(replayed_by(key), key, &Actor::HOST).await.unwrap(), "it waits already");
        let again = pending(&site.store, id).await;
        assert_eq!((again[0].key, again[0].attempts, again[0].earlier_attempts), (key, 2, 2));
        assert!(again[0].is_replay() && !again[1].is_replay());
        assert!(again[0].due <= now());
        // The end of before, told once more, is not the end of the replay.
        site.store.record_attempts(group).await.unwrap();
        assert_eq!(pending(&site.store, id).await.len(), 2);
        site.store
            .record_attempts(vec![attempt(key, 3, DeliveryStatus::Delivered)])
            .await
            .unwrap();
        assert_eq!(pending(&site.store, id).await.len(), 1);
        assert_eq!(site.store.attempts(key).await.unwrap().len(), 3);
        let delivered = listed(&site.store, app_id, id, &[DeliveryStatus::Delivered]).await;
        assert_eq!((delivered[0].attempts, delivered[0].earlier_attempts), (3, 2));
    }

    async fn a_replay_of_many_goes_on_step_by_step_and_takes_what_was_there_alone(site) {
        let (id, waiting) = backlog(site, 25).await;
        let app_id = waiting[0].app_id;
        bury(site, id).await;
        let [first, ..] = &waiting[..] else { panic!() };
        assert!(site.store.replay_delivery(replayed_by(first.key), first.key, &Actor::HOST).await.unwrap());
        site.store
            .record_attempts(vec![attempt(first.key, 2, DeliveryStatus::Delivered)])
            .await
            .unwrap();
        let filter =
            DeliveryFilter { statuses: vec![DeliveryStatus::Dead], ..DeliveryFilter::default() };
        let replay = site.store.create_replay(app_id, id, filter.clone(), &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(site.store.create_replay(app_id, id, filter.clone(), &Actor::HOST).await.unwrap(), None);
        // What dies after it was made does not belong to it.
        let visitor = site.visitor_of(app_id, &[], false).await;
        site.store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        bury(site, id).await;

        assert!(site.store.has_fewer_waiting(id, 1).await.unwrap());
        assert_eq!(run_replay(site, id, 10).await, [10, 10, 4]);
        assert!(!site.store.has_fewer_waiting(id, 24).await.unwrap());
        assert!(site.store.has_fewer_waiting(id, 25).await.unwrap());
        let replayed: Vec<Seq> =
            pending(&site.store, id).await.iter().map(|delivery| delivery.key.seq).collect();
        let expected: Vec<Seq> = waiting[1..].iter().map(|delivery| delivery.key.seq).collect();
        assert_eq!(replayed, expected);
        let done = site.store.replay(id, replay.id).await.unwrap().unwrap();
        assert_eq!((done.state, done.total, done.replayed), (ReplayState::Done, Some(24), 24));
        assert!(done.ended_at.is_some());
        // Then another may begin.
        let next = site.store.create_replay(app_id, id, filter, &Actor::HOST).await.unwrap().unwrap();
        let all = site.store.replays(id, PageRequest::first(10)).await.unwrap().items;
        assert_eq!(all.iter().map(|replay| replay.id).collect::<Vec<_>>(), [next.id, replay.id]);
    }

    async fn a_step_of_a_replay_that_is_taken_twice_counts_once(site) {
        let (id, waiting) = backlog(site, 9).await;
        bury(site, id).await;
        let app_id = waiting[0].app_id;
        let filter = DeliveryFilter::default();
        let replay = site.store.create_replay(app_id, id, filter, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(site.store.advance_replay(&replay, 4).await.unwrap(), 4);
        bury(site, id).await;
        // As a process that was away for a while would, with what it knew.
        assert_eq!(site.store.advance_replay(&replay, 4).await.unwrap(), 0);
        assert_eq!(pending(&site.store, id).await, []);
        assert_eq!(run_replay(site, id, 4).await, [4, 1]);
    }

    async fn a_cancelled_replay_stops_where_it_is(site) {
        let (id, waiting) = backlog(site, 9).await;
        bury(site, id).await;
        let filter = DeliveryFilter::default();
        let app_id = waiting[0].app_id;
        let replay = site.store.create_replay(app_id, id, filter, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(site.store.advance_replay(&replay, 4).await.unwrap(), 4);
        assert!(site.store.cancel_replay(replay.id, &Actor::HOST).await.unwrap());
        assert!(!site.store.cancel_replay(replay.id, &Actor::HOST).await.unwrap());
        let stale = site.store.replay(id, replay.id).await.unwrap().unwrap();
        assert_eq!(site.store.advance_replay(&stale, 4).await.unwrap(), 0);
        assert_eq!(pending(&site.store, id).await.len(), 4);
        assert_eq!(site.store.running_replays().await.unwrap(), []);
    }

    async fn statistics_and_notifications_are_removed_when_they_are_old(site) {
        let (id, waiting) = backlog(site, 2).await;
        let hour = HOUR_MS;
        let attempts = [(0, 5 * hour), (1, 7 * hour)].map(|(one, began)| AttemptRecord {
            started_at: at(began),
            ..attempt(waiting[one].key, 1, DeliveryStatus::Delivered)
        });
        site.store.record_attempts(attempts.to_vec()).await.unwrap();
        let sample = BacklogSample { integration_id: id, waiting: 9, breaker_open_seconds: 60 };
        site.store.keep_backlog(&[sample]).await.unwrap();
        let other = site.visitor().await;
        let told = site.store.disable_integration(id, DisableReason::Gone, None).await.unwrap().unwrap();
        let seen = async || {
            let size = StepSize::Hour;
            site.store.statistics(id, at(0), at(i64::MAX / 4_000_000), size).await.unwrap()
        };
        let hours = async || seen().await.into_keys().map(|at| at.millis() / hour).collect::<Vec<_>>();
        assert_eq!(hours().await[..2], [5, 7]);
        assert_eq!(hours().await.len(), 3);

        // An hour is kept as long as a part of it is.
        site.store.remove_statistics(at(6 * hour - 1)).await.unwrap();
        assert_eq!(hours().await.len(), 3);
        site.store.remove_statistics(at(6 * hour)).await.unwrap();
        assert_eq!(hours().await[0], 7);
        assert_eq!(hours().await.len(), 2);
        site.store.remove_statistics(at(now().millis() + hour)).await.unwrap();
        assert_eq!(hours().await, [0_i64; 0]);

        let notifications = async || {
            site.store.notifications(PageRequest::first(5)).await.unwrap().items
        };
        site.store.remove_notifications(told.created_at).await.unwrap();
        assert_eq!(notifications().await, std::slice::from_ref(&told));
        // Its id is made a moment after the time that it shows.
        site.store.remove_notifications(at(told.created_at.millis() + 60_000)).await.unwrap();
        assert_eq!(notifications().await, []);
        assert_eq!(site.store.unsent_notifications(5).await.unwrap(), []);
        // Everything else stays.
        assert_eq!(site.store.app(other.app_id()).await.unwrap().map(|app| app.id), Some(other.app_id()));
        assert_eq!(site.store.attempts(waiting[0].key).await.unwrap().len(), 1);
    }

    async fn an_outage_is_one_until_the_endpoint_is_well_or_switched_off(site) {
        let (id, waiting) = backlog(site, 1).await;
        let (store, app_id) = (&site.store, waiting[0].app_id);
        let all = (at(0), at(i64::MAX / 2_000_000));
        let outages = async || store.integration_outages(app_id, all, 9).await.unwrap();
        let failing = |since: i64, trips| {
            Some(Outage { failing_since: at(since), trips, open_until: at(since + 9_000) })
        };
        // After a restart its beginning is known less exactly.
        for (since, trips) in [(5_000, 1), (5_000, 2), (4_999, 3)] {
            store.keep_outages(&[(id, failing(since, trips))]).await.unwrap();
        }
        let going_on = outages().await;
        assert_eq!(going_on.len(), 1);
        assert_eq!((going_on[0].id, going_on[0].began_at), (id, at(5_000)));
        assert_eq!(going_on[0].ended_at, None);
        store.keep_outages(&[(id, None)]).await.unwrap();
        let over = outages().await[0].ended_at.unwrap();
        assert!(over > at(5_000));
        store.keep_outages(&[(id, None)]).await.unwrap();
        assert_eq!(outages().await[0].ended_at, Some(over));

        store.keep_outages(&[(id, failing(7_000, 1))]).await.unwrap();
        store.disable_integration(id, DisableReason::Failing, None).await.unwrap().unwrap();
        let found = outages().await;
        assert_eq!(found.iter().map(|it| it.began_at).collect::<Vec<_>>(), [at(7_000), at(5_000)]);
        assert!(found.iter().all(|it| it.ended_at.is_some()));
        let within = async |from, to| {
            store.integration_outages(app_id, (at(from), at(to)), 9).await.unwrap().len()
        };
        assert_eq!((within(6_000, 7_000).await, within(0, 5_000).await), (1, 0));
        let stranger = site.app().await;
        assert_eq!(store.integration_outages(stranger, all, 9).await.unwrap(), []);
        store.remove_integration_outages(over).await.unwrap();
        assert_eq!(outages().await.len(), 2, "what was over then stays");
        store.remove_integration_outages(at(all.1.millis())).await.unwrap();
        assert_eq!(outages().await, []);
    }

    async fn a_disabled_integration_says_why_until_it_is_active_again(site) {
        let (id, waiting) = backlog(site, 1).await;
        let app_id = waiting[0].app_id;
        let outage = Outage { failing_since: at(1_000), trips: 3, open_until: at(9_000) };
        site.store.keep_outages(&[(id, Some(outage))]).await.unwrap();
        assert_eq!(site.store.endpoints().await.unwrap()[0].outage, Some(outage));
        let told = site.store.disable_integration(id, DisableReason::Failing, None).await.unwrap();
        let told = told.unwrap();
        assert_eq!((told.app_id, told.integration_id), (app_id, id));
        assert_eq!(site.store.disable_integration(id, DisableReason::Gone, None).await.unwrap(), None);
        // It came too late to be kept.
        site.store.keep_outages(&[(id, Some(outage))]).await.unwrap();
        assert_eq!(site.store.endpoints().await.unwrap()[0].outage, None);

        let off = site.store.integration(app_id, id).await.unwrap().unwrap();
        assert!(!off.settings.active);
        assert_eq!(off.disabled, Some((DisableReason::Failing, told.created_at)));
        let notifications = site.store.notifications(PageRequest::first(5)).await.unwrap().items;
        assert_eq!(notifications, std::slice::from_ref(&told));
        assert_eq!(site.store.unsent_notifications(5).await.unwrap(), notifications);
        site.store.notification_sent(told.id).await.unwrap();
        assert_eq!(site.store.unsent_notifications(5).await.unwrap(), []);

        let renamed = bellpush_core::integration::IntegrationSettings {
            name: "Other".into(),
            ..off.settings.clone()
        };
        let off = site.store.update_integration(app_id, id, &renamed, 3, &Actor::HOST).await.unwrap().unwrap();
        assert!(off.disabled.is_some(), "a change of something else does not enable it");
        let on = settings(&["widget_loaded"]);
        let on = site.store.update_integration(app_id, id, &on, 3, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(on.disabled, None);
    }
}
