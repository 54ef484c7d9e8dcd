use proptest::prelude::*;

use super::*;
use crate::events::EventName;

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

fn accept() -> Input {
    Input::Accept { destination_id: None, routing_key: None, has_form_values: false }
}

fn summary() -> SurveySummary {
    SurveySummary { rating: 4.0, answer_count: 1, has_comment: false }
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::Tap),
        Just(accept()),
        Just(Input::HangUp(EndReason::UserHangup)),
        Just(Input::HangUp(EndReason::RemoteHangup)),
        Just(Input::Fail(ErrorCode::MediaFailed)),
        Just(Input::Cancel),
        Just(Input::Resume(at(0))),
        Just(Input::OpenSurvey),
        Just(Input::SubmitSurvey(summary())),
        Just(Input::StartOver),
        Just(Input::Close),
        Just(Input::Open),
    ]
}

/// Long enough to reach every state, and weighted to what the present state allows, so that runs do
/// not idle in refusals.
fn any_run() -> impl Strategy<Value = Vec<(i64, Input)>> {
    proptest::collection::vec((0i64..5_000, any_input()), 0..120)
}

#[test]
fn a_call_with_a_survey_fires_its_events_in_order() {
    let mut call = Lifecycle::default();
    let mut fired = Vec::new();
    for (millis, input) in [
        (0, Input::Tap),
        (100, accept()),
        (3_099, Input::HangUp(EndReason::RemoteHangup)),
        (3_200, Input::OpenSurvey),
        (9_000, Input::SubmitSurvey(summary())),
        (9_500, Input::StartOver),
    ] {
        fired.extend(call.handle(at(millis), input).unwrap());
    }
    assert_eq!(
        fired.iter().map(CatalogueEvent::name).collect::<Vec<_>>(),
        [EventName::CallStarted, EventName::CallEnded, EventName::SurveySubmitted,]
    );
    let ended = CatalogueEvent::CallEnded { duration: 2, reason: EndReason::RemoteHangup };
    assert_eq!(fired[1], ended);
    assert_eq!(call, Lifecycle::default());
}

#[test]
fn nobody_has_to_answer_a_survey_before_the_next_call() {
    let mut call = Lifecycle::default();
    for (millis, input) in [
        (0, Input::Tap),
        (100, accept()),
        (3_099, Input::HangUp(EndReason::RemoteHangup)),
        (3_200, Input::OpenSurvey),
    ] {
        call.handle(at(millis), input).unwrap();
    }
    assert_eq!(call.handle(at(4_000), Input::StartOver), Ok(None));
    assert_eq!(call, Lifecycle::default());
    assert_eq!(call.handle(at(5_000), Input::Tap), Ok(None));
    assert_eq!(call.handle(at(5_100), accept()).unwrap().unwrap().name(), EventName::CallStarted);
}

#[test]
fn a_call_that_fails_before_its_acceptance_has_no_call_started() {
    let mut call = Lifecycle::default();
    assert_eq!(call.handle(at(0), Input::Tap), Ok(None));
    let fired = call.handle(at(10), Input::Fail(ErrorCode::MicrophoneDenied)).unwrap();
    assert_eq!(fired, Some(CatalogueEvent::CallError { code: ErrorCode::MicrophoneDenied }));
    assert!(call.handle(at(20), accept()).is_err());
}

#[test]
fn a_call_that_nobody_accepted_cannot_be_hung_up() {
    let mut call = Lifecycle::default();
    call.handle(at(0), Input::Tap).unwrap();
    assert!(call.handle(at(10), Input::HangUp(EndReason::UserHangup)).is_err());
    assert_eq!(call.state(), State::Calling);
}

#[test]
fn a_call_can_be_given_up_until_it_is_accepted() {
    let mut call = Lifecycle::default();
    call.handle(at(0), Input::Tap).unwrap();
    assert_eq!(call.handle(at(10), Input::Cancel), Ok(None));
    assert_eq!(call, Lifecycle::default());
    call.handle(at(20), Input::Tap).unwrap();
    call.handle(at(30), accept()).unwrap();
    assert!(call.handle(at(40), Input::Cancel).is_err());
    assert!(call.is_live());
}

#[test]
fn a_call_that_the_next_page_takes_up_has_no_second_call_started_and_ends_as_any_other() {
    for closed in [false, true] {
        let mut call = Lifecycle::default();
        if closed {
            call.handle(at(0), Input::Close).unwrap();
        }
        assert_eq!(call.handle(at(5_000), Input::Resume(at(1_000))), Ok(None));
        assert!(call.handle(at(5_100), accept()).is_err());
        let ended = call.handle(at(9_500), Input::HangUp(EndReason::UserHangup)).unwrap();
        let expected = CatalogueEvent::CallEnded { duration: 8, reason: EndReason::UserHangup };
        assert_eq!(ended, Some(expected));
    }
}

#[test]
fn a_clock_that_steps_back_gives_a_duration_of_zero() {
    let mut call = Lifecycle::live_since(at(10_000));
    let fired = call.handle(at(4_000), Input::HangUp(EndReason::UserHangup)).unwrap();
    assert_eq!(
        fired,
        Some(CatalogueEvent::CallEnded { duration: 0, reason: EndReason::UserHangup })
    );
}

#[test]
fn every_state_can_be_reached_and_left() {
    for state in State::ALL {
        assert!(TRANSITIONS.iter().any(|row| row.to == *state), "{state} can't be reached");
        assert!(TRANSITIONS.iter().any(|row| row.from == *state), "{state} can't be left");
    }
    for (index, row) in TRANSITIONS.iter().enumerate() {
        let same = |other: &&Transition| other.from == row.from && other.trigger == row.trigger;
        assert_eq!(TRANSITIONS.iter().filter(same).count(), 1, "row {index} is ambiguous");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_sequence_of_inputs_leaves_the_table(run in any_run()) {
        let mut machine = Lifecycle::default();
        let mut now = 0;
        for (step, input) in run {
            now += step;
            let before = machine.clone();
            let trigger = input.trigger();
            match (machine.handle(at(now), input), trigger) {
                (Err(_), _) => prop_assert_eq!(&machine, &before),
                (Ok(event), Some(trigger)) => {
                    let row = Transition::find(before.state(), trigger);
                    prop_assert!(row.is_some_and(|row| row.to == machine.state()));
                    if trigger != Trigger::Tap {
                        prop_assert_eq!(event.map(|event| event.name()), row.and_then(|row| row.event));
                    } else {
                        prop_assert_eq!(event, None);
                    }
                }
                (Ok(event), None) => {
                    prop_assert_eq!(before.state(), machine.state());
                    prop_assert_eq!(event.map(|event| event.name()), Some(EventName::CallStarted));
                }
            }
        }
    }

    #[test]
    fn no_sequence_of_inputs_yields_two_terminal_events_for_an_accepted_call(run in any_run()) {
        run_calls(run)?;
    }

    #[test]
    fn the_state_says_whether_a_call_is_live(run in any_run()) {
        let mut machine = Lifecycle::default();
        for (step, input) in run {
            let _ = machine.handle(at(step), input);
            prop_assert!(!machine.is_live() || machine.state() == State::Calling);
        }
    }
}

fn run_calls(run: Vec<(i64, Input)>) -> Result<(), TestCaseError> {
    let mut machine = Lifecycle::default();
    let mut now = 0;
    // The events of each call: it begins with a tap, or where the next page takes it up.
    let mut calls: Vec<Vec<EventName>> = Vec::new();
    for (step, input) in run {
        now += step;
        let begins = matches!(input, Input::Tap | Input::Resume(_));
        let Ok(event) = machine.handle(at(now), input) else { continue };
        if begins {
            calls.push(Vec::new());
        }
        if let (Some(event), Some(call)) = (event, calls.last_mut()) {
            call.push(event.name());
        }
    }
    let unfinished = machine.is_live();
    let last = calls.len().saturating_sub(1);
    for (index, events) in calls.iter().enumerate() {
        let started = events.iter().filter(|name| **name == EventName::CallStarted).count();
        let terminal = events.iter().filter(|name| name.is_terminal()).count();
        prop_assert!(started <= 1);
        prop_assert!(terminal <= 1);
        if started == 1 {
            prop_assert_eq!(events[0], EventName::CallStarted);
            let live = unfinished && index == last;
            prop_assert_eq!(terminal, usize::from(!live), "an accepted call has one end");
        }
        let end = events.iter().position(|name| name.is_terminal());
        if let Some(end) = end {
            for after in &events[end + 1..] {
                prop_assert_eq!(*after, EventName::SurveySubmitted);
                prop_assert_eq!(events[end], EventName::CallEnded);
            }
        }
    }
    Ok(())
}

/// The same, found by the code that it reaches.
#[cfg(fuzzing)]
#[test]
fn fuzz_life_cycle() {
    bellpush_test_fuzz::fuzz_values(any_run(), |run| run_calls(run).unwrap());
}
