//! The scheduler's promises, on simulated time.

use std::time::Duration;

use bellpush_core::{
    delivery::{DeliveryKey, DeliveryStatus, DisableReason},
    events::EventTime,
};
use proptest::prelude::*;

use super::{
    Limits, RetrySchedule,
    simulation::{Behaviour, Simulation, call, integration},
};
use crate::breaker::BreakerState;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

fn simulation() -> Simulation {
    Simulation::new(1, Limits::default())
}

#[test]
fn a_new_delivery_goes_out_at_once_and_once() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.advance(seconds(1));
    let key = sim.publish(id, Some(call(1)));
    sim.advance(Duration::from_millis(1));
    assert_eq!(sim.seen.len(), 1);
    sim.advance(hours(48));
    assert_eq!(sim.rows[&key].status, DeliveryStatus::Delivered);
    assert_eq!(sim.seen.len(), 1);
}

#[test]
fn a_delivery_to_a_dead_endpoint_is_dead_after_the_whole_schedule() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(500));
    let key = sim.publish(id, None);
    sim.advance(hours(24));
    let row = &sim.rows[&key];
    assert_eq!((row.status, row.records.len()), (DeliveryStatus::Dead, 9));
    let gaps = sim.seen.windows(2).map(|pair| pair[1].at - pair[0].at);
    for (gap, longest) in gaps.zip(RetrySchedule::default().waits) {
        // Beside the wait, an attempt takes its own time and that of its record on disk.
        assert!(gap <= longest + Duration::from_millis(100), "{gap:?} over {longest:?}");
    }
}

#[test]
fn events_of_one_call_keep_their_order_through_failures_and_others_do_not_wait() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(503));
    let first = sim.publish(id, Some(call(1))).seq.0;
    sim.advance(Duration::from_millis(100));
    sim.behave(id, Behaviour::Healthy);
    let second = sim.publish(id, Some(call(1))).seq.0;
    let other_call = sim.publish(id, Some(call(2))).seq.0;
    let without = sim.publish(id, None).seq.0;
    sim.advance(seconds(10));
    let delivered = sim.delivered(id);
    let place = |seq| delivered.iter().position(|delivered| *delivered == seq).unwrap();
    assert_eq!(delivered.len(), 4);
    assert!(place(first) < place(second));
    assert!(place(other_call) < place(first) && place(without) < place(first));
}

#[test]
fn what_nothing_was_said_of_is_found_though_something_waits_for_its_retry() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(503));
    let waits = sim.publish(id, None);
    sim.advance(hours(1));
    sim.behave(id, Behaviour::Healthy);
    let unheard = sim.commit(id, None).key;
    let heard = sim.publish(id, None);
    sim.advance(seconds(1));
    let is_delivered = |sim: &Simulation, key| sim.rows[&key].status == DeliveryStatus::Delivered;
    assert!(is_delivered(&sim, heard) && !is_delivered(&sim, unheard));
    sim.look();
    sim.advance(seconds(1));
    assert!(is_delivered(&sim, unheard));
    assert_eq!(sim.rows[&waits].status, DeliveryStatus::Pending, "it waits all the while");
    sim.advance(hours(24));
    assert!(is_delivered(&sim, waits));
    assert_eq!(sim.rows[&heard].records.len(), 1);
}

#[test]
fn what_nothing_was_said_of_is_found_though_more_waits_on_disk_than_fits_into_memory() {
    for behaviour in [Behaviour::Slow(5), Behaviour::Status(503)] {
        let mut sim = Simulation::new(1, Limits { window: 8, buffered: 32, ..Limits::default() });
        let id = sim.endpoint(1, behaviour);
        let early = sim.take_seq();
        for _ in 0..1_000 {
            sim.publish(id, None);
        }
        sim.advance(seconds(20));
        let unheard = sim.commit_as(early, id, None).key;
        sim.advance(seconds(20));
        assert_eq!(sim.rows[&unheard].records.len(), 0);
        sim.behave(id, Behaviour::Slow(5));
        sim.look();
        sim.advance(seconds(60));
        assert_eq!(sim.rows[&unheard].status, DeliveryStatus::Delivered, "{behaviour:?}");
        assert!(sim.lane(id).more_on_disk);
    }
}

#[test]
fn a_dead_event_lets_the_next_of_its_call_go_on() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(400));
    let dead = sim.publish(id, Some(call(1)));
    let next = sim.publish(id, Some(call(1)));
    while sim.rows[&dead].records.len() < 2 {
        sim.advance(Duration::from_millis(1));
    }
    sim.behave(id, Behaviour::Healthy);
    sim.advance(seconds(1));
    assert_eq!(sim.rows[&dead].status, DeliveryStatus::Dead);
    assert_eq!(sim.rows[&next].status, DeliveryStatus::Delivered);
}

#[test]
fn an_unordered_integration_does_not_wait_for_the_earlier_event_of_a_call() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Hanging);
    sim.endpoints.get_mut(&id).unwrap().1.ordered = false;
    sim.announce_endpoints();
    sim.publish(id, Some(call(1)));
    sim.publish(id, Some(call(1)));
    sim.advance(seconds(1));
    assert_eq!(sim.seen.len(), 2);
}

#[test]
fn while_the_breaker_is_open_deliveries_wait_and_use_up_no_attempt() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(500));
    for _ in 0..500 {
        sim.publish(id, None);
    }
    sim.advance(hours(6));
    assert_ne!(sim.lane(id).breaker, BreakerState::Closed);
    // The breaker stays open for ten minutes at most: a probe each, after the first burst.
    assert!(sim.attempts_of(id) < 32 + 50, "{} attempts", sim.attempts_of(id));
    assert_eq!(sim.with_status(DeliveryStatus::Dead), 0);
    sim.behave(id, Behaviour::Healthy);
    sim.advance(seconds(601));
    assert_eq!(sim.lane(id).breaker, BreakerState::Closed);
    sim.advance(hours(24));
    assert_eq!(sim.with_status(DeliveryStatus::Delivered), 500);
}

#[test]
fn a_reset_breaker_sends_what_waited_at_once() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(500));
    for _ in 0..100 {
        sim.publish(id, None);
    }
    sim.advance(seconds(600));
    assert_eq!(sim.lane(id).breaker, BreakerState::Open);
    sim.behave(id, Behaviour::Healthy);
    let fresh = sim.rows.values().filter(|row| row.records.is_empty()).count();
    sim.reset_breaker(id);
    sim.advance(seconds(1));
    assert!(fresh > 50 && sim.with_status(DeliveryStatus::Delivered) >= fresh);
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_and_keeps_what_was_not_sent() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(410));
    let first = sim.publish(id, Some(call(1)));
    let second = sim.publish(id, Some(call(1)));
    sim.advance(hours(48));
    assert!(matches!(sim.disabled[..], [(disabled, DisableReason::Gone, _)] if disabled == id));
    assert_eq!(sim.rows[&first].status, DeliveryStatus::Dead);
    assert_eq!(sim.rows[&second].status, DeliveryStatus::Pending);
    assert_eq!(sim.seen.len(), 1);
    let again = sim.endpoint(1, Behaviour::Healthy);
    sim.advance(seconds(1));
    assert_eq!(sim.delivered(again), [second.seq.0]);
}

#[test]
fn an_endpoint_that_is_gone_and_was_changed_meanwhile_is_no_end() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Status(410));
    // What was there before is read by then.
    sim.advance(seconds(1));
    let first = sim.publish(id, None);
    // It is announced after 300 µs, and the shortest answer takes 500.
    sim.advance(Duration::from_micros(400));
    assert_eq!(sim.seen.len(), 1);
    sim.reset_breaker(id);
    sim.advance(Duration::from_millis(40));
    assert!(sim.disabled.is_empty(), "{:?}", sim.disabled);
    assert_eq!(sim.rows[&first].status, DeliveryStatus::Pending);
    sim.behave(id, Behaviour::Healthy);
    sim.advance(seconds(10));
    assert_eq!(sim.delivered(id), [first.seq.0]);
    let records = &sim.rows[&first].records;
    assert_eq!(records.iter().map(|it| it.status).collect::<Vec<_>>(), [Some(410), Some(200)]);
}

#[test]
fn a_backlog_far_over_the_window_is_delivered_in_order_of_each_call() {
    let limits = Limits { window: 16, buffered: 64, ..Limits::default() };
    let mut sim = Simulation::new(3, limits);
    let id = integration(1);
    for number in 0..3_000 {
        sim.commit(id, Some(call(number % 7)));
    }
    sim.endpoint(1, Behaviour::Flaky(20));
    for _ in 0..50 {
        sim.advance(seconds(1));
        let lane = sim.lane(id);
        assert!(lane.waiting + lane.in_flight <= 64, "{lane:?}");
        sim.publish(id, Some(call(3)));
    }
    sim.behave(id, Behaviour::Healthy);
    sim.advance(hours(24));
    assert_eq!(sim.with_status(DeliveryStatus::Delivered), 3_050);
}

#[test]
fn retries_that_wait_do_not_keep_new_deliveries_out_of_the_window() {
    let limits = Limits { window: 16, buffered: 1_024, ..Limits::default() };
    let mut sim = Simulation::new(3, limits);
    let id = sim.endpoint(1, Behaviour::Healthy);
    for number in 0..2_000_u32 {
        let behaviour = if number % 4 == 0 { Behaviour::Status(500) } else { Behaviour::Healthy };
        sim.behave(id, behaviour);
        sim.publish(id, None);
        sim.advance(Duration::from_millis(50));
    }
    let attempted = sim.rows.values().filter(|row| !row.records.is_empty()).count();
    assert!(attempted > 1_990, "only {attempted} of 2000 were attempted");
}

#[test]
fn while_the_disk_does_not_write_nothing_is_sent_twice_and_sending_stops_at_a_bound() {
    let limits = Limits { unrecorded: 40, ..Limits::default() };
    let mut sim = Simulation::new(1, limits);
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.advance(seconds(1));
    sim.disk_works = false;
    (0..500).for_each(|_| _ = sim.publish(id, None));
    sim.advance(seconds(60));
    let sent = sim.seen.len();
    assert!((40..40 + 32).contains(&sent), "{sent} were sent");
    sim.disk_works = true;
    sim.advance(seconds(60));
    assert_eq!(sim.with_status(DeliveryStatus::Delivered), 500);
    assert_eq!(sim.seen.len(), 500);
}

/// What is done about a delivery on disk that had so many attempts, and is due in 400 days by a clock
/// that was wrong: how many attempts begin at once, and how long the next one waits.
fn due_in_400_days(attempts: u32) -> (usize, Option<Duration>) {
    const FAR_MS: i64 = 400 * 24 * 3_600_000;
    let mut sim = simulation();
    let id = integration(1);
    let key = sim.commit(id, None).key;
    let rules = sim.rules(id);
    let mut pending = sim.rows[&key].pending.clone();
    let wall = pending.due;
    pending.attempts = attempts;
    pending.due = EventTime::from_millis(wall.millis() + FAR_MS).unwrap();
    let mut scheduler = super::Scheduler::new(
        Limits::default(),
        RetrySchedule::default(),
        crate::breaker::BreakerPolicy::default(),
    );
    let at = std::time::Instant::now();
    let now = super::Now { at, wall };
    let mut rng: rand::rngs::StdRng = rand::SeedableRng::seed_from_u64(1);
    scheduler.handle(now, &mut rng, super::Input::EndpointsChanged(vec![rules]));
    let page =
        super::Input::Loaded { integration_id: id, deliveries: vec![pending], exhausted: true };
    let actions = scheduler.handle(now, &mut rng, page);
    let begun = actions.iter().filter(|action| matches!(action, super::Action::Attempt { .. }));
    (begun.count(), scheduler.next_deadline().map(|deadline| deadline - at))
}

#[test]
fn a_due_time_of_a_wrong_clock_delays_a_retry_by_a_day_at_most() {
    assert_eq!(due_in_400_days(1), (0, Some(hours(24))));
}

#[test]
fn a_due_time_of_a_wrong_clock_does_not_delay_a_first_attempt() {
    assert_eq!(due_in_400_days(0).0, 1);
}

#[test]
fn what_is_committed_after_a_later_one_is_delivered_too() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.advance(seconds(1));
    let (early, late) = (sim.take_seq(), sim.take_seq());
    let second = sim.commit_as(late, id, Some(call(2)));
    sim.announce(vec![second]);
    sim.advance(seconds(1));
    let first = sim.commit_as(early, id, Some(call(1)));
    sim.announce(vec![first]);
    sim.advance(seconds(1));
    assert_eq!(sim.delivered(id), [late.0, early.0]);
}

#[test]
fn what_was_read_and_delivered_before_it_was_announced_is_not_sent_again() {
    let mut sim = simulation();
    let id = sim.endpoint(1, Behaviour::Healthy);
    let pending = sim.commit(id, None);
    for _ in 0..2 {
        sim.missed();
        sim.advance(seconds(1));
        assert_eq!(sim.with_status(DeliveryStatus::Delivered), 1);
    }
    sim.announce(vec![pending]);
    sim.advance(seconds(1));
    assert_eq!(sim.seen.len(), 1);
}

/// What may happen to the world around the scheduler.
#[derive(Debug, Clone)]
enum Step {
    Publish { endpoint: u128, call: Option<u128>, count: usize },
    PublishUnannounced { endpoint: u128, call: Option<u128> },
    CommitOutOfOrder { endpoint: u128 },
    Behave { endpoint: u128, behaviour: Behaviour },
    Advance(Duration),
    Order { endpoint: u128, ordered: bool },
    Deactivate { endpoint: u128 },
    Replay { endpoint: u128, one_in: usize },
    ResetBreaker { endpoint: u128 },
    Crash,
}

const ENDPOINTS: u128 = 3;

fn step() -> impl Strategy<Value = Step> {
    let endpoint = 0..ENDPOINTS;
    let call = proptest::option::weighted(0.8, 0..4_u128);
    let behaviour = prop_oneof![
        3 => Just(Behaviour::Healthy),
        1 => Just(Behaviour::Status(500)),
        1 => Just(Behaviour::Status(404)),
        1 => Just(Behaviour::Status(410)),
        1 => Just(Behaviour::Hanging),
        1 => Just(Behaviour::Slow(5)),
        2 => (1..80_u8).prop_map(Behaviour::Flaky),
    ];
    prop_oneof![
        6 => (endpoint.clone(), call.clone(), 1..30_usize)
            .prop_map(|(endpoint, call, count)| Step::Publish { endpoint, call, count }),
        1 => (endpoint.clone(), call)
            .prop_map(|(endpoint, call)| Step::PublishUnannounced { endpoint, call }),
        1 => endpoint.clone().prop_map(|endpoint| Step::CommitOutOfOrder { endpoint }),
        3 => (endpoint.clone(), behaviour)
            .prop_map(|(endpoint, behaviour)| Step::Behave { endpoint, behaviour }),
        6 => (0..60_000_u64).prop_map(|millis| Step::Advance(Duration::from_millis(millis))),
        4 => (0..50_u64).prop_map(|millis| Step::Advance(Duration::from_millis(millis))),
        1 => (0..30_u64).prop_map(|count| Step::Advance(hours(count))),
        1 => (endpoint.clone(), any::<bool>())
            .prop_map(|(endpoint, ordered)| Step::Order { endpoint, ordered }),
        1 => endpoint.clone().prop_map(|endpoint| Step::Deactivate { endpoint }),
        2 => (endpoint.clone(), 1..4_usize)
            .prop_map(|(endpoint, one_in)| Step::Replay { endpoint, one_in }),
        1 => endpoint.prop_map(|endpoint| Step::ResetBreaker { endpoint }),
        1 => Just(Step::Crash),
    ]
}

fn take(sim: &mut Simulation, step: Step, others: &mut u128) {
    let exists = |sim: &Simulation, id| sim.endpoints.contains_key(&id);
    match step {
        Step::Publish { endpoint, call: of, count } => {
            for _ in 0..count {
                sim.publish(integration(endpoint), of.map(call));
            }
        }
        Step::PublishUnannounced { endpoint, call: of } => {
            sim.commit(integration(endpoint), of.map(call));
            sim.missed();
        }
        Step::CommitOutOfOrder { endpoint } => {
            // The events of one call are never committed out of order, those of two may be.
            *others += 1;
            let id = integration(endpoint);
            let (early, late) = (sim.take_seq(), sim.take_seq());
            let second = sim.commit_as(late, id, Some(call(*others)));
            sim.announce(vec![second]);
            sim.advance(Duration::from_millis(30));
            let first = sim.commit_as(early, id, None);
            sim.announce(vec![first]);
        }
        Step::Behave { endpoint, behaviour } => {
            if exists(sim, integration(endpoint)) {
                sim.behave(integration(endpoint), behaviour);
            } else {
                sim.endpoint(endpoint, behaviour);
            }
        }
        Step::Advance(by) => sim.advance(by),
        Step::Order { endpoint, ordered } => {
            if let Some((_, rules)) = sim.endpoints.get_mut(&integration(endpoint)) {
                rules.ordered = ordered;
                sim.announce_endpoints();
            }
        }
        Step::Deactivate { endpoint } => {
            sim.endpoints.remove(&integration(endpoint));
            sim.announce_endpoints();
        }
        Step::Replay { endpoint, one_in } => {
            let of = integration(endpoint);
            let keys: Vec<DeliveryKey> =
                sim.rows.keys().copied().filter(|key| key.integration_id == of).collect();
            sim.replay(&keys.into_iter().step_by(one_in).collect::<Vec<_>>());
        }
        Step::ResetBreaker { endpoint } => sim.reset_breaker(integration(endpoint)),
        Step::Crash => sim.crash(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The simulation checks at every step: per-call order, one attempt of a delivery at a time,
    /// none after the end (but by a replay) or before its time, one probe while half-open. Here:
    /// nothing is lost.
    #[test]
    fn whatever_happens_every_delivery_ends_and_every_promise_holds(
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        run_for_a_month(seed, steps)?;
    }
}

fn run_for_a_month(seed: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let limits = Limits {
        in_flight_per_integration: 4,
        reserved_per_integration: 1,
        shared: 5,
        unrecorded: 16,
        window: 8,
        buffered: 32,
    };
    let mut sim = Simulation::new(seed, limits);
    for number in 0..ENDPOINTS {
        sim.endpoint(number, Behaviour::Healthy);
    }
    let mut others = 1_000;
    for step in steps {
        take(&mut sim, step, &mut others);
    }
    for number in 0..ENDPOINTS {
        sim.endpoint(number, Behaviour::Healthy);
    }
    sim.missed();
    // The longest waits, one after another for each event of a call.
    sim.advance(hours(30 * 24));
    prop_assert_eq!(sim.with_status(DeliveryStatus::Pending), 0);
    prop_assert!(sim.most_in_flight <= 3 + 5);
    for row in sim.rows.values() {
        let last = row.records.last().unwrap();
        prop_assert_eq!(last.failure.is_some(), row.status == DeliveryStatus::Dead);
        let ends = row.records.iter().filter(|r| r.outcome != DeliveryStatus::Pending).count();
        prop_assert_eq!(ends, 1 + row.replays, "it ends once, and once more for each replay");
        for run in row.records.split_inclusive(|r| r.outcome != DeliveryStatus::Pending) {
            prop_assert!(run.len() <= 9);
        }
    }
    Ok(())
}

/// The same, found by the code that it reaches.
#[cfg(fuzzing)]
#[test]
fn fuzz_scheduler() {
    let steps = (any::<u64>(), proptest::collection::vec(step(), 1..60));
    bellpush_test_fuzz::fuzz_values(steps, |(seed, steps)| run_for_a_month(seed, steps).unwrap());
}
