//! A wall clock that was wrong when deliveries were read from disk, and is set right later.

use std::time::{Duration, Instant};

use bellpush_core::{
    delivery::{Outage, PendingDelivery},
    events::EventTime,
};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    Action, AttemptReport, Input, Limits, Now, RetrySchedule, Scheduler,
    simulation::{Simulation, integration},
};
use crate::breaker::BreakerPolicy;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A scheduler with one integration, and both clocks.
struct Bench {
    scheduler: Scheduler,
    rng: StdRng,
    started: Instant,
    /// The right wall clock at the start, in milliseconds since the epoch.
    epoch: i64,
    pending: PendingDelivery,
}

impl Bench {
    /// Starts with a wall clock that is off by `off` milliseconds, and reads a delivery that had an
    /// attempt before and is due `due` milliseconds after the start by the right clock.
    fn start(off: i64, due: i64, outage: Option<i64>) -> Self {
        let mut sim = Simulation::new(1, Limits::default());
        let id = integration(1);
        let key = sim.commit(id, None).key;
        let mut rules = sim.rules(id);
        let mut pending = sim.rows[&key].pending.clone();
        let epoch = pending.due.millis();
        let at = |millis| EventTime::from_millis(epoch + millis).unwrap();
        (pending.attempts, pending.due) = (1, at(due));
        rules.outage = outage.map(|until| Outage {
            failing_since: at(-HOUR),
            trips: 3,
            open_until: at(until),
        });
        let scheduler =
            Scheduler::new(Limits::default(), RetrySchedule::default(), BreakerPolicy::default());
        let (rng, started) = (StdRng::seed_from_u64(1), Instant::now());
        let mut bench = Self { scheduler, rng, started, epoch, pending: pending.clone() };
        bench.handle(0, off, Input::EndpointsChanged(vec![rules]));
        let page = Input::Loaded { integration_id: id, deliveries: vec![pending], exhausted: true };
        let actions = bench.handle(0, off, page);
        assert!(!attempts(&actions), "attempted too early");
        bench
    }

    /// Lets something happen `after` milliseconds, by a wall clock that is off by so much then.
    fn handle(&mut self, after: i64, off: i64, input: Input) -> Vec<Action> {
        let at = self.started + Duration::from_millis(after.try_into().unwrap());
        let wall = EventTime::from_millis(self.epoch + after + off).unwrap();
        self.scheduler.handle(Now { at, wall }, &mut self.rng, input)
    }

    /// When something is to be done next, in milliseconds after the start.
    fn next(&self) -> i64 {
        let next = self.scheduler.next_deadline().unwrap() - self.started;
        i64::try_from(next.as_millis()).unwrap()
    }
}

fn attempts(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Attempt { .. }))
}

#[test]
fn a_retry_does_not_wait_for_a_clock_that_was_an_hour_back_at_the_start() {
    let mut bench = Bench::start(-HOUR, MINUTE / 2, None);
    assert_eq!(bench.next(), HOUR + MINUTE / 2);
    let actions = bench.handle(MINUTE, 0, Input::Tick);
    assert!(attempts(&actions), "{actions:?}");
}

#[test]
fn a_retry_that_is_to_come_is_due_when_it_is_by_the_right_clock() {
    for off in [-HOUR, -90_000, HOUR, 90_000] {
        let mut bench = Bench::start(off, 3 * HOUR, None);
        assert_eq!(bench.next(), 3 * HOUR - off);
        let actions = bench.handle(MINUTE, 0, Input::Tick);
        assert!(actions.is_empty(), "{actions:?}");
        assert_eq!(bench.next(), 3 * HOUR, "{off}");
    }
}

#[test]
fn a_clock_that_is_slewed_is_followed_and_one_that_is_right_moves_nothing() {
    let mut bench = Bench::start(-10_000, 3 * HOUR, None);
    for minute in 1..=20 {
        // Half a second is made up in each minute.
        bench.handle(minute * MINUTE, -10_000 + minute * 500, Input::Tick);
    }
    assert!((3 * HOUR..3 * HOUR + 1_000).contains(&bench.next()), "{}", bench.next());
    for minute in 21..=60 {
        let before = bench.next();
        bench.handle(minute * MINUTE, 0, Input::Tick);
        assert_eq!(bench.next(), before);
    }
}

#[test]
fn a_probe_does_not_wait_for_a_clock_that_was_an_hour_back_at_the_start() {
    let mut bench = Bench::start(-HOUR, 0, Some(MINUTE / 2));
    let actions = bench.handle(MINUTE, 0, Input::Tick);
    assert!(attempts(&actions), "{actions:?}");
}

#[test]
fn a_retry_that_was_decided_since_the_start_keeps_to_the_steady_clock() {
    for jump in [-HOUR, HOUR] {
        let mut bench = Bench::start(0, MINUTE, None);
        assert!(attempts(&bench.handle(MINUTE, 0, Input::Tick)));
        let key = bench.pending.key;
        let report = AttemptReport {
            started_at: bench.pending.due,
            duration_ms: 1,
            status: None,
            failure: Some(bellpush_core::delivery::FailureClass::Connect),
            detail: String::new(),
            retry_after: Some(Duration::from_secs(7_200)),
            exchange: None,
        };
        bench.handle(MINUTE, 0, Input::Finished { key, report });
        bench.handle(MINUTE, 0, Input::Recorded(vec![key]));
        let before = bench.next();
        bench.handle(2 * MINUTE, jump, Input::Tick);
        assert_eq!(bench.next(), before, "{jump}");
    }
}
