use proptest::prelude::*;

use super::*;

const POLICY: Policy = Policy {
    connect_timeout: Duration::from_secs(15),
    reconnect_after: Duration::from_secs(5),
    media_timeout: Duration::from_secs(20),
    leave_grace: Duration::from_secs(2),
    max_duration: Duration::from_secs(3_600),
};

const MEDIA_FAILED: Signal = Signal::Failed(ErrorCode::MediaFailed);
const USER_HANGUP: Signal = Signal::Ended(EndReason::UserHangup);
const REMOTE_HANGUP: Signal = Signal::Ended(EndReason::RemoteHangup);

/// A call under simulated time.
struct Simulation {
    now: Instant,
    control: CallControl,
    signals: Vec<Signal>,
}

impl Simulation {
    fn placed() -> Self {
        let now = Instant::now();
        Self { now, control: CallControl::new(now, POLICY), signals: Vec::new() }
    }

    fn connected() -> Self {
        let mut call = Self::placed();
        call.input(Input::Connected);
        assert_eq!(std::mem::take(&mut call.signals), [Signal::Connected]);
        call
    }

    fn input(&mut self, input: Input) {
        self.signals.extend(self.control.handle(self.now, input));
    }

    /// Lets time pass, stopping at every deadline.
    fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.control.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Time);
        }
        self.now = end;
    }

    fn advance_secs(&mut self, secs: u64) {
        self.advance(Duration::from_secs(secs));
    }
}

#[test]
fn media_that_never_connects_fails_the_call() {
    let mut call = Simulation::placed();
    call.advance(POLICY.connect_timeout - Duration::from_millis(1));
    call.input(Input::Heard);
    assert_eq!(call.signals, []);
    call.advance_secs(1);
    assert_eq!(call.signals, [MEDIA_FAILED]);
}

#[test]
fn a_visitor_who_falls_silent_is_reconnecting_and_then_lost() {
    let mut call = Simulation::connected();
    call.advance(POLICY.reconnect_after - Duration::from_millis(1));
    assert_eq!(call.signals, []);
    call.advance_secs(1);
    assert_eq!(call.signals, [Signal::Reconnecting]);
    call.advance_secs(14);
    assert_eq!(call.signals, [Signal::Reconnecting]);
    call.advance_secs(1);
    assert_eq!(call.signals, [Signal::Reconnecting, MEDIA_FAILED]);
    assert_eq!(call.control.next_deadline(), None);
}

#[test]
fn a_visitor_who_comes_back_is_connected_again_and_has_the_full_time() {
    let mut call = Simulation::connected();
    call.advance_secs(19);
    call.input(Input::Heard);
    assert_eq!(call.signals, [Signal::Reconnecting, Signal::Connected]);
    call.advance_secs(4);
    call.input(Input::Heard);
    call.advance_secs(4);
    assert_eq!(call.signals.len(), 2);
}

#[test]
fn a_late_look_at_the_clock_does_not_report_a_lost_visitor_as_reconnecting() {
    let mut call = Simulation::connected();
    call.now += Duration::from_secs(60);
    call.input(Input::Time);
    assert_eq!(call.signals, [MEDIA_FAILED]);
}

#[test]
fn a_closed_connection_waits_for_the_hang_up_that_explains_it() {
    let mut call = Simulation::connected();
    call.input(Input::Closed);
    call.advance_secs(1);
    call.input(Input::HangUp(EndReason::UserHangup));
    assert_eq!(call.signals, [USER_HANGUP]);
}

#[test]
fn a_closed_connection_that_nobody_explains_is_a_media_failure() {
    let mut call = Simulation::connected();
    call.input(Input::Closed);
    call.input(Input::Heard);
    call.input(Input::Broken);
    call.advance(POLICY.leave_grace - Duration::from_millis(1));
    assert_eq!(call.signals, []);
    call.advance_secs(1);
    assert_eq!(call.signals, [MEDIA_FAILED]);
}

#[test]
fn a_call_that_takes_too_long_is_hung_up_by_the_far_side() {
    let mut call = Simulation::connected();
    for _ in 0..POLICY.max_duration.as_secs() {
        call.input(Input::Heard);
        call.advance_secs(1);
    }
    assert_eq!(call.signals, [REMOTE_HANGUP]);
}

#[test]
fn every_state_ends_at_once_when_asked_to() {
    let states: [&[Input]; 4] =
        [&[], &[Input::Connected], &[Input::Connected, Input::Time], &[Input::Closed]];
    for inputs in states {
        for (input, last) in [
            (Input::HangUp(EndReason::UserHangup), USER_HANGUP),
            (Input::HangUp(EndReason::RemoteHangup), REMOTE_HANGUP),
            (Input::Shutdown, Signal::Failed(ErrorCode::ServerShutdown)),
        ] {
            let mut call = Simulation::placed();
            for earlier in inputs {
                call.input(*earlier);
                call.advance_secs(1);
            }
            call.input(input);
            assert_eq!(call.signals.last(), Some(&last));
            assert!(call.control.is_over());
        }
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        1 => Just(Input::Connected),
        8 => Just(Input::Heard),
        1 => Just(Input::Closed),
        1 => Just(Input::Broken),
        1 => Just(Input::HangUp(EndReason::UserHangup)),
        1 => Just(Input::HangUp(EndReason::RemoteHangup)),
        1 => Just(Input::Shutdown),
        4 => Just(Input::Time),
    ]
}

proptest! {
    #[test]
    fn every_call_ends_in_exactly_one_terminal_signal_and_nothing_follows_it(
        steps in proptest::collection::vec((any_input(), 0_u64..8_000), 0..60)
    ) {
        let mut call = Simulation::placed();
        for (input, millis) in steps {
            call.advance(Duration::from_millis(millis));
            call.input(input);
            // Time that stands still must not keep a deadline due for ever.
            call.input(Input::Time);
            prop_assert!(call.control.next_deadline().is_none_or(|at| at > call.now));
        }
        call.advance(POLICY.max_duration);
        let terminal = call.signals.iter().filter(|signal| signal.is_terminal()).count();
        prop_assert_eq!(terminal, 1);
        prop_assert!(call.signals.last().is_some_and(|signal| signal.is_terminal()));
    }

    #[test]
    fn connected_and_reconnecting_take_turns(
        gaps in proptest::collection::vec(0_u64..12_000, 0..40)
    ) {
        let mut call = Simulation::placed();
        call.input(Input::Connected);
        for millis in gaps {
            call.advance(Duration::from_millis(millis));
            call.input(Input::Heard);
        }
        for (n, signal) in call.signals.iter().enumerate() {
            let expected = if n % 2 == 0 { Signal::Connected } else { Signal::Reconnecting };
            prop_assert_eq!(*signal, expected);
        }
    }
}
