//! Days as rules see them, minute by minute.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    events::{ErrorCode, EventTime},
    hours::BusinessHours,
};

/// Monday, 2 March 2026, 00:00 in Berlin.
const MONDAY: i64 = 1_772_406_000_000;
const MINUTE_MS: i64 = 60_000;

fn time(minute: i64) -> EventTime {
    EventTime::from_millis(MONDAY + minute * MINUTE_MS).unwrap()
}

/// Minutes since the Monday began.
fn at(day: i64, hour: i64, minute: i64) -> i64 {
    (day * 24 + hour) * 60 + minute
}

fn office_hours() -> BusinessHours {
    let day = json!([{ "from": "09:00", "to": "17:00" }]);
    let week = json!({ "monday": day, "tuesday": day });
    serde_json::from_value(json!({ "timeZone": "Europe/Berlin", "week": week })).unwrap()
}

/// What a rule does in two days of an office.
fn two_days(rule: &AlertRuleSettings, calls: impl Fn(i64) -> MinuteCounts) -> Rehearsal {
    rule.check().unwrap();
    let hours = office_hours();
    let mut window = SlidingWindow::new(rule);
    let past = (0..at(2, 0, 0)).map(|minute| {
        let now = time(minute);
        window.push(&calls(minute), hours.is_open(now.timestamp()));
        (now, window.reading(), rule.is_quiet(hours.time_zone.time_zone(), now.timestamp()))
    });
    rehearse(rule, past)
}

/// What a rule does with one value after the other, minute by minute.
fn minutes_of(rule: &AlertRuleSettings, values: &[Option<f64>]) -> Rehearsal {
    let past = (0..)
        .zip(values)
        .map(|(minute, value)| (time(minute), Reading { value: *value, sample: 100 }, false));
    rehearse(rule, past)
}

fn well(calls: u32) -> MinuteCounts {
    MinuteCounts {
        started: calls,
        ended: calls,
        answered: calls,
        graded: calls,
        ..Default::default()
    }
}

fn failed(calls: u32) -> MinuteCounts {
    MinuteCounts {
        started: calls,
        ended: calls,
        errors: [(ErrorCode::DestinationUnreachable, calls)].into(),
        ..Default::default()
    }
}

/// Two calls a minute by day, none by night.
fn usual(minute: i64) -> MinuteCounts {
    let hour = minute.rem_euclid(24 * 60) / 60;
    if (9..17).contains(&hour) { well(2) } else { MinuteCounts::default() }
}

fn all_kinds_of_calls() -> [AlertRuleSettings; 4] {
    [AlertKind::CallErrors, AlertKind::AnswerRate, AlertKind::NoCalls, AlertKind::Quality]
        .map(|kind| AlertRuleSettings::new("r", kind))
}

#[test]
fn a_night_without_calls_tells_nothing() {
    for rule in all_kinds_of_calls() {
        let found = two_days(&rule, usual);
        assert_eq!((found.fired, found.notices), (0, 0), "{rule:?}");
        assert!(found.readings > 900, "{rule:?}: it has looked");
    }
}

#[test]
fn one_bad_call_tells_nothing() {
    let bad = at(0, 20, 0);
    for rule in all_kinds_of_calls() {
        let found = two_days(&rule, |minute| if minute == bad { failed(1) } else { usual(minute) });
        assert_eq!((found.fired, found.notices), (0, 0), "by night, {rule:?}");
        let bad = at(0, 11, 0);
        let found = two_days(&rule, |minute| if minute == bad { failed(1) } else { usual(minute) });
        assert_eq!((found.fired, found.notices), (0, 0), "by day, {rule:?}");
    }
}

#[test]
fn a_value_that_hops_over_the_line_each_minute_tells_once() {
    let rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
    let hopping: Vec<_> =
        (0..24 * 60).map(|minute| Some(if minute % 2 == 0 { 21.0 } else { 19.0 })).collect();
    let found = minutes_of(&rule, &hopping);
    assert_eq!((found.fired, found.notices), (1, 1));
    // From 09:00 on, every other minute, one of the calls of the window more fails.
    let found = two_days(&rule, |minute| {
        let mut counts = usual(minute);
        if minute < at(1, 0, 0) && minute % 5 < 2 && counts.ended > 0 {
            counts.errors = [(ErrorCode::MediaFailed, 1)].into();
        }
        counts
    });
    assert_eq!((found.fired, found.notices), (1, 2), "and once that it is over, on the next day");
}

#[test]
fn a_true_outage_tells_once_and_once_that_it_is_over() {
    let outage = at(0, 10, 30)..at(0, 11, 10);
    let rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
    let found =
        two_days(&rule, |minute| if outage.contains(&minute) { failed(2) } else { usual(minute) });
    assert_eq!((found.fired, found.notices), (1, 2));
    let alert = found.alerts[0];
    assert!((time(at(0, 10, 34))..=time(at(0, 10, 40))).contains(&alert.fired_at), "{alert:?}");
    let over = alert.recovered_at.unwrap();
    assert!((time(at(0, 11, 24))..=time(at(0, 11, 32))).contains(&over), "{alert:?}");
    assert_eq!(alert.worst, 100.0);
}

#[test]
fn an_outage_over_night_is_one_alert_that_ends_with_the_next_calls() {
    let mut rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
    rule.quiet_hours = serde_json::from_value(json!({ "from": "18:00", "to": "08:00" })).unwrap();
    let found = two_days(&rule, |minute| {
        if minute >= at(0, 16, 0) && minute < at(0, 17, 0) { failed(2) } else { usual(minute) }
    });
    assert_eq!((found.fired, found.notices), (1, 2));
    let over = found.alerts[0].recovered_at.unwrap();
    assert!((time(at(1, 9, 5))..=time(at(1, 9, 30))).contains(&over), "{:?}", found.alerts);
}

#[test]
fn silence_in_open_hours_is_told_and_the_first_call_ends_it() {
    let mut rule = AlertRuleSettings::new("r", AlertKind::NoCalls);
    rule.window_minutes = 30;
    let silence = at(0, 13, 0)..at(0, 15, 0);
    let found = two_days(&rule, |minute| {
        if silence.contains(&minute) { MinuteCounts::default() } else { usual(minute) }
    });
    assert_eq!((found.fired, found.notices), (1, 2));
    assert_eq!(found.alerts[0].fired_at, time(at(0, 13, 34)));
    assert_eq!(found.alerts[0].recovered_at, Some(time(at(0, 15, 5))));
}

#[test]
fn what_comes_and_goes_while_it_is_quiet_is_not_told_and_what_stays_is_told_afterwards() {
    let mut rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
    rule.quiet_hours = serde_json::from_value(json!({ "from": "10:00", "to": "12:00" })).unwrap();
    let outage = |from: i64, to: i64| {
        two_days(
            &rule,
            move |minute| {
                if (from..to).contains(&minute) { failed(2) } else { usual(minute) }
            },
        )
    };
    let short = outage(at(0, 10, 10), at(0, 10, 40));
    assert_eq!((short.fired, short.notices), (1, 0));
    assert!(!short.alerts[0].told);
    let long = outage(at(0, 10, 10), at(0, 13, 0));
    assert_eq!((long.fired, long.notices), (1, 2));
    assert!(long.alerts[0].told);
}

#[test]
fn what_begins_while_it_is_quiet_is_told_afterwards_though_another_one_was_known() {
    let rule = AlertRuleSettings {
        hold_minutes: 0,
        recovery_minutes: 1,
        ..AlertRuleSettings::new("r", AlertKind::Backlog)
    };
    let told = |values: &[f64], quiet: std::ops::Range<i64>| {
        let mut progress = Progress::default();
        let look = |(minute, value): (i64, &f64)| {
            let reading = Reading { value: Some(*value), sample: 0 };
            let step = progress.step(&rule, reading, quiet.contains(&minute), time(minute));
            progress = step.progress;
            step.notices
        };
        (0..).zip(values).map(look).collect::<Vec<_>>()
    };
    let (fired, over): (&[_], &[_]) = (&[NoticeKind::Fired], &[NoticeKind::Recovered]);
    let both: &[_] = &[NoticeKind::Recovered, NoticeKind::Fired];
    let none: &[_] = &[];
    let bad = 2000.0;
    assert_eq!(
        told(&[bad, 0.0, 0.0, bad, bad, bad, 0.0, 0.0], 1..5),
        [fired, none, none, none, none, both, none, over]
    );
    assert_eq!(
        told(&[bad, 0.0, 0.0, bad, 0.0, bad], 1..4),
        [fired, none, none, none, over, fired],
        "a new one that may be over soon waits, the end of the other does not"
    );
    assert_eq!(told(&[bad, 0.0, bad, bad], 1..2), [fired, none, none, none], "still the same");
}

#[test]
fn a_look_that_is_yet_to_come_is_no_evidence() {
    let rule = AlertRuleSettings::new("r", AlertKind::Backlog);
    let look = |progress: Progress, value, minute| {
        let reading = Reading { value: Some(value), sample: 0 };
        progress.step(&rule, reading, false, time(minute)).progress
    };
    let day = 24 * 60;
    let ahead = look(Progress::default(), 2000.0, day);
    let back = look(ahead, 2000.0, 0);
    assert_eq!(back.state, AlertState::Pending { since: time(0) });
    let firing = look(look(back, 2000.0, 3), 2000.0, 5);
    assert_eq!(firing.state.name(), StateName::Firing);
    let recovering = look(look(firing, 0.0, day), 0.0, 6);
    assert_eq!(recovering.state.since(), Some(time(6)));
}

#[test]
fn a_gap_without_looks_breaks_what_has_to_hold_but_no_alert() {
    let rule = AlertRuleSettings::new("r", AlertKind::Backlog);
    let reading = |value| Reading { value: Some(value), sample: 0 };
    let look = |progress: Progress, value, minute| {
        progress.step(&rule, reading(value), false, time(minute)).progress
    };
    let pending = look(Progress::default(), 2000.0, 0);
    assert_eq!(pending.state.name(), StateName::Pending);
    let after = look(pending, 2000.0, 60);
    assert_eq!(after.state, AlertState::Pending { since: time(60) });
    let firing = look(look(after, 2000.0, 63), 2000.0, 66);
    assert_eq!(firing.state, AlertState::Firing { fired_at: time(66) });
    let later = look(firing, 2000.0, 600);
    assert_eq!(later.state, AlertState::Firing { fired_at: time(66) });
    let recovering = look(later, 0.0, 601);
    assert_eq!(recovering.state.name(), StateName::Recovering);
    let again = look(recovering, 0.0, 700);
    assert_eq!(again.state, AlertState::Recovering { fired_at: time(66), since: time(700) });
}

fn values() -> impl Strategy<Value = Vec<Option<f64>>> {
    proptest::collection::vec(proptest::option::weighted(0.9, 0.0..100.0_f64), 1..400)
}

prop_compose! {
    fn rules()(
        kind in prop::sample::select(vec![AlertKind::CallErrors, AlertKind::AnswerRate]),
        threshold in 1..=100_u32,
        distance in 0..40_u32,
        hold_minutes in 0..20_u16,
        recovery_minutes in 1..20_u16,
    ) -> AlertRuleSettings {
        let recovery = match kind {
            AlertKind::CallErrors => threshold.saturating_sub(distance).max(1),
            _ => (threshold + distance).min(100),
        };
        AlertRuleSettings {
            threshold: Some(threshold),
            recovery_threshold: Some(recovery),
            hold_minutes,
            recovery_minutes,
            ..AlertRuleSettings::new("r", kind)
        }
    }
}

proptest! {
    #[test]
    fn alerts_and_their_ends_come_in_turn_and_never_faster_than_the_rule_says(
        rule in rules(),
        values in values(),
    ) {
        rule.check().unwrap();
        let found = minutes_of(&rule, &values);
        let mut last: Option<EventTime> = None;
        for alert in &found.alerts {
            if let Some(end) = last {
                let quiet = (alert.fired_at.millis() - end.millis()) / MINUTE_MS;
                prop_assert!(quiet >= i64::from(rule.hold_minutes.max(1)));
            }
            if let Some(over) = alert.recovered_at {
                let lasted = (over.millis() - alert.fired_at.millis()) / MINUTE_MS;
                prop_assert!(lasted > i64::from(rule.recovery_minutes));
            }
            last = alert.recovered_at;
        }
        let open = found.alerts.iter().filter(|alert| alert.recovered_at.is_none()).count();
        prop_assert!(open <= 1);
        prop_assert_eq!(found.notices as usize, 2 * found.fired as usize - open);
        let most = values.len() / (usize::from(rule.recovery_minutes) + 2) + 1;
        prop_assert!(found.fired as usize <= most);
    }

    #[test]
    fn what_people_believe_is_what_is_so_whenever_they_may_be_told(
        rule in rules(),
        looks in proptest::collection::vec(
            (proptest::option::weighted(0.9, 0.0..100.0_f64), any::<bool>()),
            1..300,
        ),
    ) {
        let (mut progress, mut believed) = (Progress::default(), None);
        let mut fired = 0;
        for (minute, (value, is_muted)) in (0..).zip(looks) {
            let reading = Reading { value, sample: 100 };
            let step = progress.step(&rule, reading, is_muted, time(minute));
            fired += u32::from(step.transition == Some(Transition::Fired));
            for notice in step.notices {
                match notice {
                    NoticeKind::Fired => {
                        prop_assert!(believed.is_none(), "told twice");
                        believed = Some(fired);
                    }
                    NoticeKind::Recovered => {
                        prop_assert!(believed.is_some(), "told of the end of what nobody knew");
                        believed = None;
                    }
                }
            }
            prop_assert!(!is_muted || step.notices.is_empty());
            progress = step.progress;
            prop_assert_eq!(progress.told, believed.is_some());
            let fires = progress.state.fired_at().is_some().then_some(fired);
            let is_recovering = progress.state.name() == StateName::Recovering;
            let is_so = believed == fires || (is_recovering && believed.is_none());
            prop_assert!(is_muted || is_so);
        }
    }

    #[test]
    fn a_rule_goes_on_after_a_restart_as_if_there_had_been_none(
        rule in rules(),
        values in values(),
    ) {
        let (mut kept, mut alone) = (Progress::default(), Progress::default());
        for (minute, value) in (0..).zip(values) {
            let reading = Reading { value, sample: 100 };
            alone = alone.step(&rule, reading, false, time(minute)).progress;
            let json = serde_json::to_string(&kept).unwrap();
            let read: Progress = serde_json::from_str(&json).unwrap();
            kept = read.step(&rule, reading, false, time(minute)).progress;
            prop_assert_eq!(kept, alone);
        }
    }
}
