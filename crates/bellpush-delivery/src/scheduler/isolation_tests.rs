//! No integration waits for another, and no app gets more than its share: on simulated time.

use std::time::Duration;

use bellpush_core::ids::IntegrationId;

use super::{
    Limits,
    simulation::{Behaviour, Simulation, call},
};

const SECOND: Duration = Duration::from_secs(1);

/// How long the deliveries waited that this endpoint gets, one every 50 ms for so many seconds.
fn longest_wait(sim: &mut Simulation, id: IntegrationId, seconds: u64) -> Duration {
    let mut longest = Duration::ZERO;
    for number in 0..u128::from(seconds) * 20 {
        let key = sim.publish(id, Some(call(number)));
        let published = sim.now;
        sim.advance(SECOND / 20);
        let sent = sim.seen.iter().rev().find(|seen| seen.key == key);
        longest = longest.max(sent.map_or(Duration::MAX, |sent| sent.at - published));
    }
    longest
}

#[test]
fn hundreds_of_hanging_endpoints_do_not_delay_a_healthy_one() {
    let mut sim = Simulation::new(1, Limits::default());
    for number in 0..600 {
        sim.add_endpoint(number, number, Behaviour::Hanging);
    }
    let healthy = sim.endpoint(9_999, Behaviour::Healthy);
    sim.advance(SECOND);
    let hanging: Vec<IntegrationId> =
        sim.endpoints.keys().copied().filter(|id| *id != healthy).collect();
    for id in &hanging {
        (0..5).for_each(|_| _ = sim.publish(*id, None));
    }
    sim.advance(SECOND);
    assert!(hanging.iter().all(|id| sim.lane(*id).in_flight > 0));
    // Through the first time-outs, which come after ten seconds.
    let longest = longest_wait(&mut sim, healthy, 12);
    assert!(longest < Duration::from_millis(1), "waited {longest:?}");
    let limits = Limits::default();
    assert!(sim.most_in_flight > limits.shared, "nothing was short");
    let bound = 601 * limits.reserved_per_integration + limits.shared;
    assert!(sim.most_in_flight <= bound, "{} at once", sim.most_in_flight);
}

#[test]
fn endpoints_that_hang_all_of_a_sudden_leave_a_busy_one_its_pace() {
    let mut sim = Simulation::new(1, Limits::default());
    let sudden: Vec<IntegrationId> =
        (0..16).map(|number| sim.endpoint(number, Behaviour::Healthy)).collect();
    let busy = sim.endpoint(9_999, Behaviour::Healthy);
    let publish = |sim: &mut Simulation| {
        (0..10).for_each(|_| _ = sim.publish(busy, None));
        sudden.iter().for_each(|id| _ = sim.publish(*id, None));
        sim.advance(Duration::from_millis(20));
    };
    (0..100).for_each(|_| publish(&mut sim));
    sudden.iter().for_each(|id| sim.behave(*id, Behaviour::Hanging));
    for _ in 0..1_000 {
        publish(&mut sim);
        // 500 a second of 15 ms each need 8 at once.
        assert!(sim.lane(busy).waiting < 100, "{:?}", sim.lane(busy));
    }
    assert!(sudden.iter().all(|id| sim.lane(*id).in_flight <= 4), "they are found out");
}

#[test]
fn slow_endpoints_share_what_is_theirs_and_work_at_many_at_once() {
    let mut sim = Simulation::new(1, Limits::default());
    let slow: Vec<IntegrationId> =
        (0..4).map(|number| sim.endpoint(number, Behaviour::Slow(5))).collect();
    for id in &slow {
        (0..500).for_each(|_| _ = sim.publish(*id, None));
    }
    sim.advance(11 * SECOND);
    assert!(slow.iter().all(|id| sim.lane(*id).in_flight == 32));
    let healthy = sim.endpoint(9_999, Behaviour::Healthy);
    sim.advance(SECOND);
    let longest = longest_wait(&mut sim, healthy, 3);
    assert!(longest < Duration::from_millis(1), "waited {longest:?}");
}

#[test]
fn one_integration_has_a_bounded_number_in_flight() {
    let limits = Limits { in_flight_per_integration: 8, ..Limits::default() };
    let mut sim = Simulation::new(1, limits);
    let ids = [1, 2, 3].map(|number| sim.endpoint(number, Behaviour::Hanging));
    sim.advance(SECOND);
    for id in ids {
        (0..50).for_each(|_| _ = sim.publish(id, None));
    }
    sim.advance(SECOND);
    assert_eq!(ids.map(|id| sim.lane(id).in_flight), [8, 8, 8]);
}

#[test]
fn an_app_with_one_integration_gets_as_much_as_one_with_three() {
    let limits = Limits {
        in_flight_per_integration: 100,
        reserved_per_integration: 1,
        shared: 60,
        ..Limits::default()
    };
    let mut sim = Simulation::new(1, limits);
    let many = [1, 2, 3].map(|number| sim.endpoint_of(1, number, Behaviour::Healthy));
    let one = sim.endpoint_of(2, 4, Behaviour::Healthy);
    sim.advance(SECOND);
    for id in many.into_iter().chain([one]) {
        (0..3_000).for_each(|_| _ = sim.publish(id, None));
    }
    sim.advance(SECOND);
    let of_many: usize = many.iter().map(|id| sim.attempts_of(*id)).sum();
    let of_one = sim.attempts_of(one);
    assert!(of_one < 3_000 && of_many < 9_000, "nothing was short: {of_one}, {of_many}");
    assert!(of_one * 5 > of_many * 4 && of_one * 4 < of_many * 5, "{of_one} beside {of_many}");
}
