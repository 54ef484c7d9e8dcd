use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Lets an attempt begin and end at once. Returns whether it was let through.
fn attempt(breaker: &mut Breaker, now: Instant, success: bool) -> bool {
    match breaker.ask(now) {
        Verdict::Go(permit) => {
            breaker.report(now, permit, success);
            true
        }
        Verdict::Wait => false,
    }
}

#[test]
fn a_probe_that_did_not_reach_the_endpoint_leaves_its_place_to_the_next() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let then = breaker.next_deadline().unwrap();
    let Verdict::Go(permit) = breaker.ask(then) else { panic!("no probe") };
    breaker.release(then, permit);
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(attempt(&mut breaker, then, true));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(BreakerPolicy::default());
    (0..10).for_each(|_| assert!(attempt(&mut breaker, now, false)));
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker
}

#[test]
fn ten_failures_in_a_row_open_it_and_nine_do_not() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default());
    for _ in 0..2 {
        (0..9).for_each(|_| assert!(attempt(&mut breaker, now, false)));
        assert!(attempt(&mut breaker, now, true));
        // The ratio must not be what opens it here.
        (0..20).for_each(|_| assert!(attempt(&mut breaker, now, true)));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(opened(now).next_deadline(), Some(now + 10 * SECOND));
}

#[test]
fn every_second_one_failing_opens_it_and_every_third_does_not() {
    for (every, state) in [(2, BreakerState::Open), (3, BreakerState::Closed)] {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(BreakerPolicy::default());
        for number in 0..200 {
            attempt(&mut breaker, now, number % every != 0);
            now += SECOND / 10;
        }
        assert_eq!(breaker.state(), state, "every {every}");
    }
}

#[test]
fn failures_far_apart_in_time_do_not_add_up_to_a_ratio() {
    let mut now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default());
    for number in 0..200 {
        attempt(&mut breaker, now, number % 2 == 0);
        now += 10 * SECOND;
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn half_open_lets_a_single_probe_through_and_its_success_closes() {
    let now = Instant::now();
    let mut breaker = opened(now);
    assert_eq!(breaker.ask(now + 9 * SECOND), Verdict::Wait);
    let later = now + 10 * SECOND;
    let Verdict::Go(probe) = breaker.ask(later) else { panic!("no probe") };
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(breaker.ask(later + 100 * SECOND), Verdict::Wait);
    breaker.report(later, probe, true);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(attempt(&mut breaker, later, false), "one failure does not open it again");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn each_failed_probe_doubles_the_wait_up_to_the_longest() {
    let mut now = Instant::now();
    let mut breaker = opened(now);
    let mut waits = Vec::new();
    for _ in 0..40 {
        let until = breaker.next_deadline().unwrap();
        waits.push((until - now).as_secs());
        now = until;
        assert!(attempt(&mut breaker, now, false));
    }
    assert_eq!(waits[..8], [10, 20, 40, 80, 160, 320, 600, 600]);
    assert!(waits[8..].iter().all(|wait| *wait == 600));
}

#[test]
fn an_attempt_from_before_it_opened_says_nothing_about_the_probe() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default());
    let Verdict::Go(old) = breaker.ask(now) else { panic!("closed") };
    let Verdict::Go(older) = breaker.ask(now) else { panic!("closed") };
    (0..10).for_each(|_| assert!(attempt(&mut breaker, now, false)));
    breaker.report(now, old, true);
    assert_eq!(breaker.state(), BreakerState::Open);
    let Verdict::Go(_probe) = breaker.ask(now + 10 * SECOND) else { panic!("no probe") };
    breaker.report(now + 11 * SECOND, older, true);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

#[test]
fn an_endpoint_is_hopeless_after_five_days_without_a_success_and_not_before() {
    let begun = Instant::now();
    let mut breaker = opened(begun);
    let mut now = begun;
    while now < begun + 5 * 24 * 3_600 * SECOND {
        assert!(!breaker.is_hopeless(now));
        now = breaker.next_deadline().unwrap();
        assert!(attempt(&mut breaker, now, false));
    }
    assert!(breaker.is_hopeless(now));
    let mut repaired = opened(begun);
    assert!(attempt(&mut repaired, now, true));
    (0..10).for_each(|_| assert!(attempt(&mut repaired, now, false)));
    assert!(!repaired.is_hopeless(now + SECOND));
}

#[test]
fn a_breaker_goes_on_where_an_earlier_process_left_it() {
    let now = Instant::now();
    let policy = BreakerPolicy::default();
    let days = |days: u32| days * 24 * 3_600 * SECOND;
    let left = Failing { failing_for: days(4), trips: 3, open_for: 40 * SECOND };
    let mut breaker = Breaker::resume(policy.clone(), now, left);
    assert_eq!(breaker.failing(now), Some(left));
    assert_eq!(breaker.ask(now + 39 * SECOND), Verdict::Wait);
    let later = now + 40 * SECOND;
    assert!(attempt(&mut breaker, later, false));
    assert_eq!(breaker.next_deadline(), Some(later + 160 * SECOND));
    assert!(!breaker.is_hopeless(now + days(1) - SECOND));
    assert!(breaker.is_hopeless(now + days(1)));
    // A wrong clock, or a long stop: from its first failure, the endpoint gets an hour to show that it works.
    let wrong = Failing { failing_for: days(900), trips: 0, open_for: days(900) };
    let mut breaker = Breaker::resume(policy, now, wrong);
    assert_eq!(breaker.next_deadline(), Some(now + 600 * SECOND));
    assert!(!breaker.is_hopeless(now + days(1)));
    let failed = now + 3_700 * SECOND;
    assert!(attempt(&mut breaker, failed, false));
    assert!(!breaker.is_hopeless(failed + 3_599 * SECOND));
    assert!(breaker.is_hopeless(failed + 3_600 * SECOND));
}

#[test]
fn days_without_an_attempt_are_no_days_of_failure() {
    let begun = Instant::now();
    let day = 24 * 3_600 * SECOND;
    let mut breaker = opened(begun);
    let silent = begun + 8 * day;
    assert!(attempt(&mut breaker, silent, false));
    assert!(!breaker.is_hopeless(silent));
    assert_eq!(breaker.failing(silent).unwrap().failing_for, Duration::ZERO);
    // From then on it fails, once a day.
    for days in 1..5 {
        assert!(attempt(&mut breaker, silent + days * day, false));
        assert!(!breaker.is_hopeless(silent + days * day), "after {days} days");
    }
    assert!(attempt(&mut breaker, silent + 5 * day, false));
    assert!(breaker.is_hopeless(silent + 5 * day));
    // Failures that opened nothing, long ago.
    let mut breaker = Breaker::new(BreakerPolicy::default());
    assert!(attempt(&mut breaker, begun, false));
    (0..9).for_each(|_| _ = attempt(&mut breaker, silent, false));
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(!breaker.is_hopeless(silent + day));
    // A process that is started anew, and has nothing to send for days.
    let left = Failing { failing_for: 4 * day, trips: 3, open_for: SECOND };
    let mut breaker = Breaker::resume(BreakerPolicy::default(), begun, left);
    assert!(attempt(&mut breaker, silent, false));
    assert!(!breaker.is_hopeless(silent + 3_600 * SECOND));
    assert!(breaker.is_hopeless(silent + day));
}

proptest! {
    #[test]
    fn no_sequence_of_attempts_lets_a_second_probe_through(
        steps in proptest::collection::vec((0..3_u8, 0..200_u64), 1..300),
    ) {
        run_attempts(steps)?;
    }
}

fn run_attempts(steps: Vec<(u8, u64)>) -> Result<(), TestCaseError> {
    let mut now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default());
    let mut passes = Vec::new();
    for (kind, seconds) in steps {
        match kind {
            0 => {
                let before = breaker.state();
                if let Verdict::Go(permit) = breaker.ask(now) {
                    prop_assert_ne!(before, BreakerState::HalfOpen);
                    passes.push(permit);
                }
            }
            _ if passes.is_empty() => now += Duration::from_secs(seconds),
            success => {
                breaker.report(now, passes.remove(0), success == 1);
            }
        }
    }
    Ok(())
}

/// The same, found by the code that it reaches.
#[cfg(fuzzing)]
#[test]
fn fuzz_breaker() {
    let steps = proptest::collection::vec((0..3_u8, 0..200_u64), 1..300);
    bellpush_test_fuzz::fuzz_values(steps, |steps| run_attempts(steps).unwrap());
}
