//! Replays: on simulated time.

use std::time::Duration;

use bellpush_core::delivery::{DeliveryKey, DeliveryStatus};

use super::{
    Limits,
    simulation::{Behaviour, Simulation, call},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[test]
fn a_dead_delivery_goes_out_again_only_when_it_is_replayed() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(400));
    let key = sim.publish(id, Some(call(1)));
    sim.advance(DAY);
    assert_eq!(sim.rows[&key].status, DeliveryStatus::Dead);
    sim.behave(id, Behaviour::Healthy);
    sim.missed();
    sim.advance(30 * DAY);
    assert_eq!(sim.attempts_of(id), 2);
    sim.replay(&[key]);
    sim.advance(SECOND);
    assert_eq!(sim.rows[&key].status, DeliveryStatus::Delivered);
    assert_eq!(sim.rows[&key].records.len(), 3, "the earlier attempts stay on record");
}

#[test]
fn a_replay_has_the_whole_schedule_before_it() {
    let mut sim = Simulation::new(1, Limits::default());
    let id = sim.endpoint(1, Behaviour::Status(500));
    let key = sim.publish(id, None);
    sim.advance(DAY);
    assert_eq!(sim.rows[&key].records.len(), 9);
    sim.reset_breaker(id);
    sim.replay(&[key]);
    sim.advance(2 * DAY);
    let row = &sim.rows[&key];
    assert_eq!((row.status, row.records.len()), (DeliveryStatus::Dead, 18));
    assert!(row.records.iter().zip(1..).all(|(record, number)| record.number == number));
}

#[test]
fn what_is_replayed_while_its_end_is_being_recorded_is_not_forgotten() {
    for micros in (0..60_000).step_by(500) {
        let mut sim = Simulation::new(micros, Limits::default());
        let id = sim.endpoint(1, Behaviour::Healthy);
        sim.advance(SECOND);
        let keys: Vec<DeliveryKey> =
            (0..4).map(|number| sim.publish(id, Some(call(number % 2)))).collect();
        sim.advance(Duration::from_micros(micros));
        sim.replay(&keys);
        sim.advance(DAY);
        for key in keys {
            let row = &sim.rows[&key];
            assert_eq!(row.status, DeliveryStatus::Delivered);
            assert_eq!(row.records.len(), 1 + row.replays, "after {micros} µs");
        }
    }
}

#[test]
fn a_replay_of_many_keeps_the_order_of_each_call() {
    let limits = Limits { window: 16, buffered: 64, ..Limits::default() };
    let mut sim = Simulation::new(3, limits);
    let id = sim.endpoint(1, Behaviour::Healthy);
    let keys: Vec<DeliveryKey> =
        (0..500).map(|number| sim.publish(id, Some(call(number % 5)))).collect();
    sim.advance(60 * SECOND);
    assert_eq!(sim.with_status(DeliveryStatus::Delivered), 500);
    sim.seen.clear();
    sim.replay(&keys);
    sim.advance(60 * SECOND);
    for of in 0..5 {
        let of_call = sim.seen.iter().map(|seen| seen.key.seq.0).filter(|seq| seq % 5 == of);
        let of_call: Vec<i64> = of_call.collect();
        assert!(of_call.len() == 100 && of_call.is_sorted(), "{of_call:?}");
    }
}
