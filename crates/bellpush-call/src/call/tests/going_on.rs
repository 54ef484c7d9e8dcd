//! Calls that come from another process, or go to one.

use super::*;

#[test]
fn a_call_that_goes_on_offers_the_far_side_the_session_at_once_and_is_connected_with_the_browser() {
    let mut call = Simulation::placed();
    call.control.go_on(call.now, GoesOn::AtOnce);
    call.input(Input::Time);
    call.input(Input::Time);
    assert_eq!(std::mem::take(&mut call.dialled), [0]);
    call.input(Input::Held(true));
    assert_eq!(call.signals, [Signal::Held(true)]);
    call.input(Input::Connected);
    assert_eq!(call.signals, [Signal::Held(true), Signal::Connected]);
    assert_eq!(call.dialled, [] as [usize; 0]);
    call.input(Input::HangUp(EndReason::RemoteHangup));
    assert_eq!(call.signals.last(), Some(&REMOTE_HANGUP));
}

#[test]
fn a_call_that_goes_on_without_its_browser_or_its_far_side_fails() {
    for input in [None, Some(Input::Refused(FarFailure::Transport)), Some(Input::Lost)] {
        let mut call = Simulation::placed();
        call.control.go_on(call.now, GoesOn::AtOnce);
        match input {
            Some(input) => call.input(input),
            None => call.advance(POLICY.connect_timeout),
        }
        assert_eq!(call.signals, [MEDIA_FAILED], "{input:?}");
    }
}

#[test]
fn a_call_that_another_process_still_relays_offers_the_far_side_the_session_with_the_browser_there()
{
    let mut call = Simulation::placed();
    call.control.go_on(call.now, GoesOn::WithBrowser);
    call.advance_secs(1);
    assert_eq!(call.dialled, [] as [usize; 0]);
    call.input(Input::Connected);
    call.input(Input::Heard);
    assert_eq!((&call.dialled[..], &call.signals[..]), (&[0][..], &[Signal::Connected][..]));
}

#[test]
fn the_end_of_a_call_whose_far_side_is_yet_to_be_called_by_its_dialog_is_told_to_it() {
    let ends: [&dyn Fn(&mut Simulation); 3] = [
        &|call| call.input(Input::HangUp(EndReason::UserHangup)),
        &|call| call.input(Input::Shutdown),
        &|call| call.advance(POLICY.connect_timeout),
    ];
    for end in ends {
        let mut call = Simulation::placed();
        call.control.go_on(call.now, GoesOn::WithBrowser);
        end(&mut call);
        assert_eq!((&call.dialled[..], call.signals.len()), (&[0][..], 1), "{:?}", call.signals);
    }
}

#[test]
fn a_call_whose_time_was_over_before_it_came_here_is_ended_at_once_and_the_far_side_hears_it() {
    for when in [GoesOn::AtOnce, GoesOn::WithBrowser] {
        let route = RoutePolicy { max_duration: Duration::ZERO, ..ROUTE };
        let mut call = Simulation::with_routes(vec![route]);
        call.control.go_on(call.now, when);
        call.input(Input::Time);
        assert_eq!((&call.dialled[..], &call.signals[..]), (&[0][..], &[REMOTE_HANGUP][..]));
    }
}

const RELAYED: Input = Input::HandedOver { within: Duration::from_secs(3) };

#[test]
fn a_call_that_another_process_has_is_relayed_until_its_browser_leaves_and_then_let_go_of() {
    let ends: [&dyn Fn(&mut Simulation); 4] = [
        &|call| call.input(Input::Closed),
        &|call| call.input(Input::Broken),
        &|call| call.input(Input::Shutdown),
        &|call| call.advance_secs(3),
    ];
    for end in ends {
        let mut call = Simulation::connected();
        call.input(RELAYED);
        call.advance_secs(2);
        call.input(Input::Heard);
        // Told again, it takes no longer.
        call.input(RELAYED);
        assert!(!call.control.is_over());
        end(&mut call);
        assert_eq!((call.released, &call.signals[..]), (1, &[][..]));
        assert!(call.control.is_over());
        assert_eq!(call.control.next_deadline(), None);
    }
}

#[test]
fn a_call_that_another_process_has_is_let_go_of_at_once_when_its_browser_is_not_there() {
    for gone in [Input::Closed, Input::Suspended { window: Duration::from_secs(8) }, Input::Time] {
        let mut call = Simulation::connected();
        if gone == Input::Time {
            call.advance(POLICY.reconnect_after);
        }
        call.input(gone);
        call.input(RELAYED);
        assert_eq!(call.released, 1, "{gone:?}");
    }
}
