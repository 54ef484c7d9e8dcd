mod going_on;

use proptest::prelude::*;

use super::*;

const POLICY: Policy = Policy {
    connect_timeout: Duration::from_secs(15),
    reconnect_after: Duration::from_secs(5),
    media_timeout: Duration::from_secs(20),
    leave_grace: Duration::from_secs(2),
    max_duration: Duration::from_secs(3_600),
};

const ROUTE: RoutePolicy =
    RoutePolicy { ring_timeout: Duration::from_secs(60), max_duration: Duration::from_secs(3_600) };

const MEDIA_FAILED: Signal = Signal::Failed(ErrorCode::MediaFailed);
const USER_HANGUP: Signal = Signal::Ended(EndReason::UserHangup);
const REMOTE_HANGUP: Signal = Signal::Ended(EndReason::RemoteHangup);

/// A call under simulated time.
struct Simulation {
    now: Instant,
    control: CallControl,
    signals: Vec<Signal>,
    dialled: Vec<usize>,
    /// How often both sides were let go without a word.
    released: usize,
}

impl Simulation {
    fn placed() -> Self {
        Self::with_routes(vec![ROUTE])
    }

    fn with_routes(routes: Vec<RoutePolicy>) -> Self {
        let now = Instant::now();
        let control = CallControl::new(now, POLICY, routes);
        Self { now, control, signals: Vec::new(), dialled: Vec::new(), released: 0 }
    }

    /// The far side is being called.
    fn called(routes: usize) -> Self {
        let mut call = Self::with_routes(vec![ROUTE; routes]);
        call.input(Input::Connected);
        assert_eq!(std::mem::take(&mut call.dialled), [0]);
        call
    }

    fn connected() -> Self {
        let mut call = Self::called(1);
        call.input(Input::Answered);
        assert_eq!(std::mem::take(&mut call.signals), [Signal::Connected]);
        call
    }

    fn input(&mut self, input: Input) {
        let Outcome { signal, dial, release, .. } = self.control.handle(self.now, input);
        self.signals.extend(signal);
        self.dialled.extend(dial);
        self.released += usize::from(release);
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

#[test]
fn nobody_is_called_before_the_visitor_can_be_heard() {
    let mut call = Simulation::placed();
    call.input(Input::Heard);
    assert!(call.dialled.is_empty());
    call.input(Input::Connected);
    call.input(Input::Connected);
    assert_eq!(call.dialled, [0]);
    assert_eq!(call.signals, []);
    call.input(Input::Ringing);
    call.input(Input::Ringing);
    call.input(Input::Answered);
    assert_eq!(call.signals, [Signal::Ringing, Signal::Connected]);
}

#[test]
fn a_far_side_that_does_not_take_the_call_gives_way_to_the_next_and_the_last_tells_why() {
    let mut call = Simulation::called(3);
    call.input(Input::Refused(FarFailure::Busy));
    assert_eq!((&call.dialled[..], &call.signals[..]), (&[1][..], &[] as &[Signal]));
    // Nobody answers there in time.
    for _ in 0..59 {
        call.advance_secs(1);
        call.input(Input::Heard);
    }
    assert_eq!(call.dialled, [1]);
    call.advance_secs(1);
    assert_eq!(call.dialled, [1, 2]);
    call.input(Input::Refused(FarFailure::Rejected));
    assert_eq!(call.signals, [Signal::Failed(ErrorCode::DestinationRejected)]);
}

#[test]
fn every_failure_of_the_far_side_has_its_code() {
    for (failure, code) in [
        (FarFailure::Busy, ErrorCode::DestinationBusy),
        (FarFailure::NoAnswer, ErrorCode::NoAnswer),
        (FarFailure::Unreachable, ErrorCode::DestinationUnreachable),
        (FarFailure::Transport, ErrorCode::DestinationUnreachable),
        (FarFailure::Rejected, ErrorCode::DestinationRejected),
    ] {
        let mut call = Simulation::called(1);
        call.input(Input::Refused(failure));
        assert_eq!(call.signals, [Signal::Failed(code)]);
    }
}

#[test]
fn a_far_side_that_says_nothing_can_not_be_reached_and_one_that_only_rings_gives_no_answer() {
    for (heard, code) in [
        (None, ErrorCode::DestinationUnreachable),
        (Some(Input::Trying), ErrorCode::NoAnswer),
        (Some(Input::Ringing), ErrorCode::NoAnswer),
    ] {
        let mut call = Simulation::with_routes(vec![ROUTE]);
        call.input(Input::Connected);
        if let Some(heard) = heard {
            call.input(heard);
        }
        while !call.control.is_over() {
            call.input(Input::Heard);
            call.advance_secs(1);
        }
        assert_eq!(call.signals.last(), Some(&Signal::Failed(code)));
    }
}

#[test]
fn the_longest_duration_of_a_route_counts_from_its_answer() {
    let route = RoutePolicy { max_duration: Duration::from_secs(100), ..ROUTE };
    let mut call = Simulation::with_routes(vec![route]);
    call.input(Input::Connected);
    let mut seconds = 0;
    while !call.control.is_over() {
        if seconds == 50 {
            call.input(Input::Answered);
        }
        call.input(Input::Heard);
        call.advance_secs(1);
        seconds += 1;
    }
    assert_eq!((seconds, call.signals.last()), (150, Some(&REMOTE_HANGUP)));
}

#[test]
fn hold_is_told_once_and_a_far_side_that_falls_silent_fails_the_call() {
    let mut call = Simulation::connected();
    for held in [false, true, true, false] {
        call.input(Input::Held(held));
    }
    call.input(Input::Lost);
    assert_eq!(call.signals, [Signal::Held(true), Signal::Held(false), MEDIA_FAILED]);
}

#[test]
fn a_queue_is_told_before_the_answer_and_a_transfer_after_it() {
    let mut call = Simulation::connected();
    call.input(Input::Notice(queued(1)));
    call.input(Input::Notice(CallNotice::Transferred));
    call.input(Input::Notice(CallNotice::Transferred));
    let transferred = Signal::Notice(CallNotice::Transferred);
    assert_eq!(call.signals, [transferred.clone(), transferred]);

    let mut call = Simulation::called(1);
    for place in [2, 2, 1] {
        call.input(Input::Notice(queued(place)));
    }
    call.input(Input::Notice(CallNotice::Transferred));
    assert_eq!(call.signals, [2, 1].map(|place| Signal::Notice(queued(place))));
}

#[test]
fn a_far_side_that_tells_its_queue_for_ever_is_told_of_no_more_than_so_often() {
    let mut call = Simulation::called(1);
    for place in 0..u32::from(MAX_NOTICES) + 50 {
        call.input(Input::Notice(queued(place)));
    }
    assert_eq!(call.signals.len(), usize::from(MAX_NOTICES));
}

#[test]
fn a_browser_that_gives_its_media_up_fails_the_call_at_once_wherever_it_is() {
    let mut away = Simulation::connected();
    away.input(Input::Suspended { window: Duration::from_secs(8) });
    away.input(Input::GivenUp);
    assert_eq!(away.signals, [Signal::Reconnecting, MEDIA_FAILED]);
    let mut call = Simulation::connected();
    call.input(Input::GivenUp);
    call.input(Input::HangUp(EndReason::UserHangup));
    assert_eq!(call.signals, [MEDIA_FAILED]);
}

#[test]
fn a_page_that_comes_back_in_time_goes_on_with_its_call() {
    let mut call = Simulation::connected();
    let window = Duration::from_secs(8);
    call.input(Input::Suspended { window });
    // What is left of the old connection does not count any more.
    for late in [Input::Closed, Input::Heard, Input::Broken, Input::Connected] {
        call.input(late);
    }
    call.advance_secs(7);
    call.input(Input::Suspended { window });
    call.input(Input::Resumed);
    call.advance_secs(10);
    call.input(Input::Connected);
    assert_eq!(call.signals, [Signal::Reconnecting, Signal::Connected]);
    assert!(call.dialled.is_empty());
}

#[test]
fn a_page_that_does_not_come_back_has_hung_up() {
    let mut call = Simulation::connected();
    call.input(Input::Suspended { window: Duration::from_secs(8) });
    call.advance_secs(8);
    assert_eq!(call.signals, [Signal::Reconnecting, USER_HANGUP]);
    let mut call = Simulation::connected();
    call.input(Input::Suspended { window: Duration::ZERO });
    assert_eq!(call.signals, [USER_HANGUP]);
}

#[test]
fn a_page_that_comes_back_but_can_not_connect_fails_the_call() {
    let mut call = Simulation::connected();
    call.input(Input::Suspended { window: Duration::from_secs(8) });
    call.input(Input::Resumed);
    call.advance(POLICY.connect_timeout);
    assert_eq!(call.signals, [Signal::Reconnecting, MEDIA_FAILED]);
}

#[test]
fn the_far_side_may_answer_while_the_page_is_away() {
    let mut call = Simulation::called(1);
    call.input(Input::Suspended { window: Duration::from_secs(8) });
    call.input(Input::Ringing);
    call.input(Input::Answered);
    assert_eq!(call.signals, [Signal::Ringing]);
    call.input(Input::Resumed);
    call.input(Input::Connected);
    assert_eq!(call.signals, [Signal::Ringing, Signal::Connected]);
}

#[test]
fn the_same_place_in_the_next_telephone_systems_queue_is_told() {
    let mut call = Simulation::called(2);
    call.input(Input::Notice(queued(5)));
    call.input(Input::Refused(FarFailure::Busy));
    for _ in 0..2 {
        call.input(Input::Notice(queued(5)));
    }
    assert_eq!(call.signals, [5, 5].map(|place| Signal::Notice(queued(place))));
}

fn queued(place: u32) -> CallNotice {
    CallNotice::Queued { position: Some(place), wait_seconds: None }
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Connected),
        8 => Just(Input::Heard),
        1 => Just(Input::Closed),
        1 => Just(Input::GivenUp),
        1 => Just(Input::Broken),
        2 => (0_u64..10).prop_map(|secs| Input::Suspended { window: Duration::from_secs(secs) }),
        2 => Just(Input::Resumed),
        2 => Just(Input::Ringing),
        2 => Just(Input::Answered),
        1 => any::<bool>().prop_map(Input::Held),
        1 => Just(Input::Notice(CallNotice::Transferred)),
        1 => (0_u32..3).prop_map(|place| Input::Notice(queued(place))),
        1 => Just(Input::Refused(FarFailure::Busy)),
        1 => Just(Input::Lost),
        1 => Just(Input::HangUp(EndReason::UserHangup)),
        1 => Just(Input::HangUp(EndReason::RemoteHangup)),
        1 => Just(Input::Shutdown),
        4 => Just(Input::Time),
    ]
}

proptest! {
    #[test]
    fn every_call_ends_in_exactly_one_terminal_signal_and_nothing_follows_it(
        steps in proptest::collection::vec((any_input(), 0_u64..8_000), 0..60),
        routes in 1_usize..4,
    ) {
        run_to_the_end(steps, routes)?;
    }

    #[test]
    fn connected_and_reconnecting_take_turns_however_the_page_comes_and_goes(
        steps in proptest::collection::vec((0_usize..5, 0_u64..7_000), 0..40)
    ) {
        let mut call = Simulation::connected();
        call.signals.push(Signal::Connected);
        for (step, millis) in steps {
            call.advance(Duration::from_millis(millis));
            call.input(match step {
                0 => Input::Suspended { window: Duration::from_secs(9) },
                1 => Input::Resumed,
                2 => Input::Connected,
                _ => Input::Heard,
            });
        }
        for (n, signal) in call.signals.iter().enumerate() {
            let expected = if n % 2 == 0 { Signal::Connected } else { Signal::Reconnecting };
            prop_assert!(*signal == expected || (signal.is_terminal() && n + 1 == call.signals.len()));
        }
    }
}

fn run_to_the_end(steps: Vec<(Input, u64)>, routes: usize) -> Result<(), TestCaseError> {
    let mut call = Simulation::with_routes(vec![ROUTE; routes]);
    for (input, millis) in steps {
        call.advance(Duration::from_millis(millis));
        call.input(input);
        // Time that stands still must not keep a deadline due for ever.
        call.input(Input::Time);
        prop_assert!(call.control.next_deadline().is_none_or(|at| at > call.now));
        prop_assert!(call.control.is_over() || call.control.next_deadline().is_some());
    }
    call.advance(POLICY.max_duration);
    let terminal = call.signals.iter().filter(|signal| signal.is_terminal()).count();
    prop_assert_eq!(terminal, 1);
    prop_assert!(call.signals.last().is_some_and(|signal| signal.is_terminal()));
    // Every route is called once at most, in the order of the routes.
    prop_assert_eq!(&call.dialled, &(0..call.dialled.len()).collect::<Vec<_>>());
    prop_assert!(call.dialled.len() <= routes);
    Ok(())
}

/// The same, found by the code that it reaches.
#[cfg(fuzzing)]
#[test]
fn fuzz_call_control() {
    let steps = (proptest::collection::vec((any_input(), 0_u64..8_000), 0..60), 1_usize..4);
    bellpush_test_fuzz::fuzz_values(steps, |(steps, routes)| {
        run_to_the_end(steps, routes).unwrap();
    });
}
