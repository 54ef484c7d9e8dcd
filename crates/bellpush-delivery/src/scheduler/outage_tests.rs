//! Endpoints that fail for days, through restarts: on simulated time.

use std::time::Duration;

use bellpush_core::{
    delivery::{DeliveryStatus, DisableReason},
    ids::IntegrationId,
};

use super::{
    Limits,
    simulation::{Behaviour, Simulation},
};
use crate::breaker::BreakerState;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Publishes an event an hour.
fn publish_for(sim: &mut Simulation, id: IntegrationId, hours: u32) {
    for _ in 0..hours {
        if sim.endpoints.contains_key(&id) {
            sim.publish(id, None);
        }
        sim.advance(HOUR);
    }
}

#[test]
fn an_endpoint_that_fails_for_five_days_is_disabled_and_keeps_what_was_not_sent() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    publish_for(&mut sim, id, 7 * 24);
    let [(disabled, DisableReason::Failing, at)] = sim.disabled[..] else {
        panic!("{:?}", sim.disabled)
    };
    assert_eq!(disabled, id);
    assert!(at >= 5 * DAY && at < 5 * DAY + HOUR, "after {at:?}");
    assert!(sim.with_status(DeliveryStatus::Pending) > 0);
    let attempts = sim.attempts_of(id);
    sim.advance(10 * DAY);
    assert_eq!(sim.attempts_of(id), attempts, "nothing is sent any more");
    sim.endpoint(1, Behaviour::Healthy);
    assert_eq!(sim.lane(id).breaker, BreakerState::Closed);
    sim.advance(DAY);
    assert_eq!(sim.with_status(DeliveryStatus::Pending), 0);
}

#[test]
fn days_without_an_event_are_no_days_of_failure_also_over_a_crash() {
    for crashes in [false, true] {
        let mut sim = Simulation::new(1, Limits::default());
        let id = sim.endpoint(1, Behaviour::Status(401));
        publish_for(&mut sim, id, 24);
        // Until all of it was given up.
        sim.advance(7 * DAY);
        if crashes {
            sim.crash();
        }
        sim.advance(8 * DAY);
        assert_eq!(sim.with_status(DeliveryStatus::Pending), 0);
        publish_for(&mut sim, id, 2);
        assert!(sim.disabled.is_empty(), "{crashes}: {:?}", sim.disabled);
    }
}

#[test]
fn crashes_do_not_start_the_five_days_anew() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Hanging);
    for _ in 0..14 {
        publish_for(&mut sim, id, 12);
        sim.crash();
    }
    let [(_, DisableReason::Failing, at)] = sim.disabled[..] else { panic!("{:?}", sim.disabled) };
    assert!(at >= 5 * DAY && at < 5 * DAY + 2 * HOUR, "after {at:?}");
}

#[test]
fn a_single_success_starts_the_five_days_anew() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    publish_for(&mut sim, id, 4 * 24);
    sim.behave(id, Behaviour::Healthy);
    publish_for(&mut sim, id, 1);
    sim.behave(id, Behaviour::Status(500));
    publish_for(&mut sim, id, 4 * 24);
    assert_eq!(sim.disabled, []);
    publish_for(&mut sim, id, 2 * 24);
    assert_eq!(sim.disabled.len(), 1);
}

#[test]
fn an_endpoint_has_an_hour_to_show_that_it_works_after_the_server_was_away_for_days() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    publish_for(&mut sim, id, 24);
    sim.stand_still(10 * DAY);
    sim.behave(id, Behaviour::Healthy);
    publish_for(&mut sim, id, 24);
    assert_eq!(sim.disabled, []);
    assert_eq!(sim.lane(id).breaker, BreakerState::Closed);
}

#[test]
fn a_crash_does_not_close_an_open_breaker() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    (0..500).for_each(|_| _ = sim.publish(id, None));
    sim.advance(6 * HOUR);
    let before = sim.attempts_of(id);
    for _ in 0..6 {
        sim.crash();
        assert_eq!(sim.lane(id).breaker, BreakerState::Open);
        sim.advance(HOUR / 6);
    }
    let attempts = sim.attempts_of(id) - before;
    assert!(attempts <= 7, "{attempts} attempts in an hour of probes each ten minutes");
}

#[test]
fn a_reset_breaker_is_forgotten_on_disk_too() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    (0..100).for_each(|_| _ = sim.publish(id, None));
    sim.advance(HOUR);
    assert!(sim.lane(id).outage.is_some());
    sim.behave(id, Behaviour::Healthy);
    sim.reset_breaker(id);
    sim.advance(Duration::from_secs(1));
    sim.crash();
    assert_eq!(sim.lane(id).breaker, BreakerState::Closed);
}
