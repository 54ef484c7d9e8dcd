//! Rehearsals: previews meet a fault, and what is real never does. On simulated time.

use std::time::Duration;

use bellpush_core::{
    delivery::{DeliveryKey, DeliveryStatus},
    rehearsal::EndpointFault,
};
use proptest::prelude::*;

use super::{
    Limits,
    simulation::{Behaviour, Simulation, call},
};
use crate::breaker::BreakerState;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// When a delivery was attempted first after it was there, and how often.
fn attempts(sim: &Simulation, key: DeliveryKey) -> Vec<Duration> {
    sim.seen.iter().filter(|seen| seen.key == key).map(|seen| seen.at).collect()
}

#[test]
fn previews_fail_and_are_retried_while_a_real_event_beside_them_is_delivered_at_once() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.advance(seconds(1));
    sim.rehearse(id, Some((EndpointFault::ServerError, seconds(120))));
    let previews: Vec<_> = (0..40).map(|one| sim.publish_preview(id, Some(call(one)))).collect();
    let mut real = Vec::new();
    for _ in 0..60 {
        let at = sim.now;
        let key = sim.publish(id, None);
        sim.advance(seconds(1));
        let lane = sim.lane(id);
        assert_eq!((lane.breaker, lane.outage), (BreakerState::Closed, None));
        real.push((key, at));
    }
    for (key, at) in real {
        let [attempt] = attempts(&sim, key)[..] else { panic!("{key:?} was attempted again") };
        assert!(attempt - at < Duration::from_millis(1), "it waited for {:?}", attempt - at);
        assert_eq!(sim.rows[&key].status, DeliveryStatus::Delivered);
    }
    let rehearsal = sim.lane(id).rehearsal.expect("it runs for two minutes");
    assert!(rehearsal.is_running && rehearsal.outage.is_some());
    assert!(matches!(rehearsal.breaker, BreakerState::Open | BreakerState::HalfOpen));
    assert!(sim.disabled.is_empty());
    // It ends by itself: a probe finds the endpoint well, and all is delivered by the schedule.
    sim.advance(seconds(3_600));
    assert_eq!(sim.lane(id).rehearsal, None);
    for key in previews {
        let row = &sim.rows[&key];
        assert_eq!(row.status, DeliveryStatus::Delivered);
        let last = row.records.last().unwrap();
        assert!(last.rehearsal_id.is_none() && last.failure.is_none());
        assert!(row.records.iter().all(|it| it.rehearsal_id.is_some() == it.failure.is_some()));
    }
    // Its breaker opened, and is known to be closed again.
    assert!(sim.rehearsed.iter().any(|(_, outage)| outage.is_some()));
    assert_eq!(sim.rehearsed.last().map(|(_, outage)| *outage), Some(None));
}

#[test]
fn previews_that_hang_take_no_attempt_of_what_is_real() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::Hanging, seconds(600))));
    for one in 0..500 {
        sim.publish_preview(id, Some(call(one)));
    }
    sim.advance(seconds(1));
    assert_eq!(sim.lane(id).in_flight, 0);
    let held = sim.lane(id).rehearsal.unwrap();
    assert_eq!(
        (held.in_flight, sim.lane(id).waiting),
        (Limits::default().reserved_per_integration, 0)
    );
    let real: Vec<_> = (0..200).map(|_| sim.publish(id, None)).collect();
    sim.advance(seconds(2));
    assert!(real.iter().all(|key| sim.rows[key].status == DeliveryStatus::Delivered));
}

#[test]
fn previews_that_are_held_back_leave_the_window_to_what_is_real() {
    let limits = Limits { window: 20, buffered: 30, ..Limits::default() };
    let mut sim = Simulation::new(3, limits);
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::ServerError, seconds(600))));
    for one in 0..20 {
        sim.publish_preview(id, Some(call(one)));
    }
    sim.advance(seconds(20));
    assert!(sim.lane(id).rehearsal.unwrap().outage.is_some());
    for _ in 0..100 {
        let key = sim.publish(id, None);
        sim.advance(Duration::from_millis(100));
        assert_eq!(sim.rows[&key].status, DeliveryStatus::Delivered);
    }
}

#[test]
fn a_rehearsal_that_says_when_to_come_back_is_believed() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::RateLimited, seconds(120))));
    let key = sim.publish_preview(id, None);
    sim.advance(seconds(100));
    let attempts = attempts(&sim, key);
    assert!(attempts.len() >= 2, "{attempts:?}");
    assert!(attempts.windows(2).all(|pair| pair[1] - pair[0] >= seconds(20)), "{attempts:?}");
}

#[test]
fn one_that_is_ended_early_recovers_from_then_on() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::ServerError, seconds(600))));
    for one in 0..10 {
        sim.publish_preview(id, Some(call(one)));
    }
    sim.advance(seconds(5));
    assert!(sim.lane(id).rehearsal.unwrap().outage.is_some());
    sim.rehearse(id, None);
    assert!(!sim.lane(id).rehearsal.unwrap().is_running);
    let before = sim.seen.len();
    sim.advance(seconds(60));
    assert!(sim.seen[before..].iter().all(|seen| !seen.simulated));
    assert_eq!(sim.lane(id).rehearsal, None);
    assert_eq!(sim.with_status(DeliveryStatus::Pending), 0);
}

#[test]
fn the_next_rehearsal_begins_with_a_closed_breaker() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::Hanging, seconds(300))));
    for one in 0..40 {
        sim.publish_preview(id, Some(call(one)));
    }
    sim.advance(seconds(45));
    assert!(sim.lane(id).rehearsal.unwrap().outage.is_some());
    sim.rehearse(id, Some((EndpointFault::ServerError, seconds(300))));
    // What still hangs of the first one says nothing about the second.
    let second = sim.lane(id).rehearsal.unwrap();
    assert_eq!((second.breaker, second.outage), (BreakerState::Closed, None));
    // Nobody believes that the first one's is open for ever.
    let (first, outage) = sim.rehearsed.last().unwrap();
    assert!(*first != second.id && outage.is_none());
}

#[test]
fn a_crash_leaves_the_rehearsal_as_it_is_on_disk() {
    let mut sim = Simulation::new(3, Limits::default());
    let id = sim.endpoint(1, Behaviour::Healthy);
    sim.rehearse(id, Some((EndpointFault::ServerError, seconds(60))));
    let key = sim.publish_preview(id, None);
    sim.advance(seconds(10));
    sim.crash();
    assert!(sim.lane(id).rehearsal.is_some());
    sim.stand_still(seconds(120));
    assert_eq!(sim.lane(id).rehearsal, None);
    sim.advance(seconds(60));
    assert_eq!(sim.rows[&key].status, DeliveryStatus::Delivered);
}

#[derive(Debug, Clone)]
enum Step {
    Real(Option<u128>),
    Preview(Option<u128>),
    Rehearse(u8, u64),
    End,
    Crash,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let of_call = || prop::option::of(0_u128..4);
    prop_oneof![
        4 => of_call().prop_map(Step::Real),
        6 => of_call().prop_map(|of| Step::Preview(of.map(|it| it + 100))),
        2 => (0_u8..3, 30_u64..200).prop_map(|(fault, during)| Step::Rehearse(fault, during)),
        1 => Just(Step::End),
        1 => Just(Step::Crash),
        6 => (1_u64..60_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_is_rehearsed_what_is_real_is_attempted_once_and_all_is_delivered(
        seed: u64, steps in prop::collection::vec(step(), 1..60),
    ) {
        let limits = Limits { window: 8, buffered: 12, ..Limits::default() };
        let mut sim = Simulation::new(seed, limits);
        let id = sim.endpoint(1, Behaviour::Healthy);
        let mut real = Vec::new();
        for step in steps {
            match step {
                Step::Real(of) => real.push(sim.publish(id, of.map(call))),
                Step::Preview(of) => _ = sim.publish_preview(id, of.map(call)),
                Step::Rehearse(fault, during) => {
                    let faults = [
                        EndpointFault::ServerError,
                        EndpointFault::Hanging,
                        EndpointFault::RateLimited,
                    ];
                    sim.rehearse(id, Some((faults[usize::from(fault)], seconds(during))));
                }
                Step::End => sim.rehearse(id, None),
                // What was in flight is lost with its process, and attempted again: not counted here.
                Step::Crash => {
                    sim.advance(seconds(15));
                    sim.crash();
                }
                Step::Wait(millis) => sim.advance(Duration::from_millis(millis)),
            }
            let lane = sim.lane(id);
            prop_assert_eq!((lane.breaker, lane.outage), (BreakerState::Closed, None));
        }
        sim.advance(seconds(2 * 24 * 3_600));
        for key in real {
            prop_assert_eq!(sim.rows[&key].records.len(), 1);
        }
        prop_assert_eq!(sim.with_status(DeliveryStatus::Pending), 0);
        prop_assert!(sim.disabled.is_empty());
        prop_assert_eq!(sim.lane(id).rehearsal, None);
    }
}
