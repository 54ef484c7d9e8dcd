//! What is counted minute by minute, and what a rule reads from it.

use std::collections::{BTreeMap, VecDeque};

use super::rule::{AlertKind, AlertRuleSettings};
use crate::events::{ErrorCode, EventTime};

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// The minute that an instant is in, counted from 1970.
#[must_use]
pub fn minute_of(at: EventTime) -> i64 {
    at.millis().div_euclid(MINUTE_MS)
}

/// What happened to the calls of an app within a minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MinuteCounts {
    /// Calls that began.
    pub started: u32,
    /// Calls that ended, in whatever way.
    pub ended: u32,
    /// Of these, those that somebody had taken.
    pub answered: u32,
    /// Attempts that failed before there was a call.
    pub never_began: u32,
    /// Errors by their codes, of calls that ended and of attempts.
    pub errors: BTreeMap<ErrorCode, u32>,
    /// Calls that ended and of which is known how they sounded.
    pub graded: u32,
    /// Of these, those that sounded poor, or that one side was not heard in.
    pub poor: u32,
}

/// What a rule sees at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The value; `None` while there is too little to say one.
    pub value: Option<f64>,
    /// Of how many calls, where it is about calls.
    pub sample: u32,
}

impl Reading {
    /// A reading that is a count of things as they are now.
    #[must_use]
    pub fn of_count(count: u64) -> Self {
        Self { value: Some(count as f64), sample: 0 }
    }
}

/// Part of a whole, as a rule reads it from the minutes of its window.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    part: u64,
    whole: u64,
    open_minutes: u32,
}

/// The last minutes of a rule of calls, as they pass.
#[derive(Debug)]
pub struct SlidingWindow<'a> {
    rule: &'a AlertRuleSettings,
    minutes: VecDeque<Sums>,
    sums: Sums,
}

impl<'a> SlidingWindow<'a> {
    /// Before the first minute.
    #[must_use]
    pub fn new(rule: &'a AlertRuleSettings) -> Self {
        Self { rule, minutes: VecDeque::new(), sums: Sums::default() }
    }

    /// The next minute is over: what happened in it, and whether it was within business hours.
    pub fn push(&mut self, counts: &MinuteCounts, is_open: bool) {
        let (part, whole) = shares(self.rule, counts);
        let minute = Sums { part, whole, open_minutes: u32::from(is_open) };
        self.minutes.push_back(minute);
        self.sums.part += minute.part;
        self.sums.whole += minute.whole;
        self.sums.open_minutes += minute.open_minutes;
        if self.minutes.len() > usize::from(self.rule.window_minutes)
            && let Some(gone) = self.minutes.pop_front()
        {
            self.sums.part -= gone.part;
            self.sums.whole -= gone.whole;
            self.sums.open_minutes -= gone.open_minutes;
        }
    }

    /// What the rule reads now.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let Sums { part, whole, open_minutes } = self.sums;
        let sample = u32::try_from(whole).unwrap_or(u32::MAX);
        let value = match self.rule.kind {
            // Silence says something only where calls were taken all the time.
            AlertKind::NoCalls if whole > 0 => Some(whole as f64),
            AlertKind::NoCalls => {
                (open_minutes == u32::from(self.rule.window_minutes)).then_some(0.0)
            }
            _ if whole == 0 || sample < self.rule.min_sample => None,
            _ => Some(100.0 * part as f64 / whole as f64),
        };
        Reading { value, sample }
    }
}

/// Which part of which whole a rule watches, in one minute.
fn shares(rule: &AlertRuleSettings, counts: &MinuteCounts) -> (u64, u64) {
    let MinuteCounts { started, ended, answered, never_began, errors, graded, poor } = counts;
    let (part, whole) = match rule.kind {
        AlertKind::CallErrors => {
            let is_meant = |code| rule.error_codes.is_empty() || rule.error_codes.contains(code);
            let failed = errors.iter().filter(|(code, _)| is_meant(code)).map(|(_, count)| *count);
            return (failed.map(u64::from).sum(), u64::from(*ended) + u64::from(*never_began));
        }
        AlertKind::AnswerRate => (answered, ended),
        AlertKind::NoCalls => (started, started),
        AlertKind::Quality => (poor, graded),
        AlertKind::TrunkDown | AlertKind::BreakerOpen | AlertKind::Backlog => (&0, &0),
    };
    (u64::from(*part), u64::from(*whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window_of(rule: &AlertRuleSettings, minutes: &[(MinuteCounts, bool)]) -> Reading {
        let mut window = SlidingWindow::new(rule);
        for (counts, open) in minutes {
            window.push(counts, *open);
        }
        window.reading()
    }

    fn errors(ended: u32, of: &[(ErrorCode, u32)]) -> MinuteCounts {
        MinuteCounts { ended, errors: of.iter().copied().collect(), ..MinuteCounts::default() }
    }

    #[test]
    fn a_share_needs_its_sample_and_counts_the_errors_that_are_meant() {
        let mut rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
        rule.min_sample = 10;
        let few = errors(9, &[(ErrorCode::MediaFailed, 9)]);
        let reading = window_of(&rule, &[(few.clone(), true)]);
        assert_eq!(reading, Reading { value: None, sample: 9 });
        let busy = errors(11, &[(ErrorCode::MicrophoneDenied, 6), (ErrorCode::MediaFailed, 1)]);
        let minutes = [(few, true), (busy, true)];
        assert_eq!(window_of(&rule, &minutes), Reading { value: Some(80.0), sample: 20 });
        rule.error_codes = [ErrorCode::MicrophoneDenied].into();
        assert_eq!(window_of(&rule, &minutes), Reading { value: Some(30.0), sample: 20 });
    }

    #[test]
    fn attempts_that_never_became_calls_are_part_of_the_whole() {
        let mut rule = AlertRuleSettings::new("r", AlertKind::CallErrors);
        rule.min_sample = 1;
        let counts = MinuteCounts {
            ended: 6,
            never_began: 4,
            errors: [(ErrorCode::MicrophoneDenied, 4)].into(),
            ..MinuteCounts::default()
        };
        let reading = window_of(&rule, &[(counts, true)]);
        assert_eq!(reading, Reading { value: Some(40.0), sample: 10 });
    }

    #[test]
    fn minutes_leave_the_window_again() {
        let mut rule = AlertRuleSettings::new("r", AlertKind::AnswerRate);
        (rule.window_minutes, rule.min_sample) = (5, 1);
        let mut minutes =
            vec![(MinuteCounts { ended: 4, answered: 1, ..MinuteCounts::default() }, true)];
        minutes.extend((0..4).map(|_| (MinuteCounts::default(), true)));
        assert_eq!(window_of(&rule, &minutes), Reading { value: Some(25.0), sample: 4 });
        minutes.push((MinuteCounts::default(), true));
        assert_eq!(window_of(&rule, &minutes), Reading { value: None, sample: 0 });
    }

    #[test]
    fn silence_counts_only_where_all_of_the_window_was_open() {
        let mut rule = AlertRuleSettings::new("r", AlertKind::NoCalls);
        rule.window_minutes = 5;
        let silent = |open| (MinuteCounts::default(), open);
        let mut minutes =
            vec![silent(false), silent(true), silent(true), silent(true), silent(true)];
        assert_eq!(window_of(&rule, &minutes).value, None);
        minutes.push(silent(true));
        assert_eq!(window_of(&rule, &minutes).value, Some(0.0));
        minutes.push((MinuteCounts { started: 1, ..MinuteCounts::default() }, false));
        assert_eq!(window_of(&rule, &minutes).value, Some(1.0));
    }
}
