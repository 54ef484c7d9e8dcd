//! Alert rules as their owner writes them, and what is refused when they are saved.

use std::{collections::BTreeSet, ops::RangeInclusive};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    access::Email,
    events::ErrorCode,
    field_error::{FieldError, MAX_NAME_CHARS, check_chars},
    hours::Window,
    ids::{IntegrationId, TrunkId},
};

/// Alert rules of one app, at most.
pub const MAX_ALERT_RULES: u32 = 50;
/// Minutes of the longest window.
pub const MAX_WINDOW_MINUTES: u16 = 24 * 60;
/// Addresses that one rule sends mail to, at most.
pub const MAX_EMAILS: usize = 10;
/// Minutes that a window may have.
const WINDOW_MINUTES: RangeInclusive<u16> = 5..=MAX_WINDOW_MINUTES;
/// Calls that a share may need.
const MIN_SAMPLE: RangeInclusive<u32> = 1..=100_000;
/// Minutes that a rule's line has to be crossed.
const HOLD_MINUTES: RangeInclusive<u16> = 0..=24 * 60;
/// Minutes that all has to be well again.
const RECOVERY_MINUTES: RangeInclusive<u16> = 1..=24 * 60;
/// Percent that a line may be at.
const PERCENT: RangeInclusive<u32> = 1..=100;
/// Waiting deliveries that a line may be at.
const WAITING: RangeInclusive<u32> = 1..=10_000_000;

crate::schema::forms! {
    /// Minutes of a window.
    WindowMinutes: integer((*WINDOW_MINUTES.start()).into(), (*WINDOW_MINUTES.end()).into());
    /// Calls that a share needs.
    MinSample: integer(*MIN_SAMPLE.start(), *MIN_SAMPLE.end());
    /// Minutes that a line has to be crossed.
    HoldMinutes: integer((*HOLD_MINUTES.start()).into(), (*HOLD_MINUTES.end()).into());
    /// Minutes that all has to be well again.
    RecoveryMinutes: integer((*RECOVERY_MINUTES.start()).into(), (*RECOVERY_MINUTES.end()).into());
    /// Where a line is.
    LinePlace: integer(*WAITING.start(), *WAITING.end());
    /// The name of an error.
    ErrorName: text().enum_values(Some(crate::events::ERROR_CODES.iter().map(|facts| facts.name)));
    /// An e-mail address.
    EmailAddress: text_of(3, 254).extensions(Some(beyond("an e-mail address")));
}

/// What a rule watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The share of calls that fail, of all that end or can't begin.
    CallErrors,
    /// The share of calls that somebody takes, of all that end.
    AnswerRate,
    /// That no call begins during business hours.
    NoCalls,
    /// The share of calls that sound poor, or that only one side is heard in.
    Quality,
    /// That a trunk does not answer, or can't register.
    TrunkDown,
    /// That an integration's breaker is open.
    BreakerOpen,
    /// How many deliveries of an integration wait.
    Backlog,
}

impl AlertKind {
    /// The kind as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallErrors => "call_errors",
            Self::AnswerRate => "answer_rate",
            Self::NoCalls => "no_calls",
            Self::Quality => "quality",
            Self::TrunkDown => "trunk_down",
            Self::BreakerOpen => "breaker_open",
            Self::Backlog => "backlog",
        }
    }

    /// Whether it goes by the calls of a window of time.
    #[must_use]
    pub const fn is_of_calls(self) -> bool {
        matches!(self, Self::CallErrors | Self::AnswerRate | Self::NoCalls | Self::Quality)
    }

    /// Whether it is a share of calls, in percent.
    #[must_use]
    pub const fn is_share(self) -> bool {
        matches!(self, Self::CallErrors | Self::AnswerRate | Self::Quality)
    }

    /// Where the line is unless a rule says otherwise, and where it is well again.
    const fn usual_line(self) -> (u32, u32) {
        match self {
            Self::CallErrors | Self::Quality => (20, 10),
            Self::AnswerRate => (50, 60),
            Self::NoCalls | Self::TrunkDown | Self::BreakerOpen => (1, 1),
            Self::Backlog => (1_000, 100),
        }
    }

    /// Where a line may be; `None`: it is where it is.
    const fn line_range(self) -> Option<RangeInclusive<u32>> {
        match self {
            Self::CallErrors | Self::AnswerRate | Self::Quality => Some(PERCENT),
            Self::Backlog => Some(WAITING),
            Self::NoCalls | Self::TrunkDown | Self::BreakerOpen => None,
        }
    }

    /// Whether it is bad to be below the line.
    #[must_use]
    pub const fn is_bad_below(self) -> bool {
        matches!(self, Self::AnswerRate | Self::NoCalls)
    }
}

/// An alert rule: what it watches, when it fires, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRuleSettings {
    /// The rule's name, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// Whether it is looked at.
    #[serde(default = "yes")]
    pub active: bool,
    /// What it watches.
    pub kind: AlertKind,
    /// For `call_errors`: only these errors. Empty: all.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<ErrorName>))]
    #[serde(default, deserialize_with = "crate::distinct::distinct")]
    pub error_codes: BTreeSet<ErrorCode>,
    /// For `trunk_down`: only this trunk; `null`: any that the app's profiles call by.
    #[serde(default)]
    pub trunk_id: Option<TrunkId>,
    /// For `breaker_open` and `backlog`: only this integration; `null`: any of the app.
    #[serde(default)]
    pub integration_id: Option<IntegrationId>,
    /// Where the line is: percent of calls, or for `backlog` waiting deliveries. `null`: 20 % for
    /// `call_errors` and `quality`, 50 % for `answer_rate`, 1,000 for `backlog`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<LinePlace>))]
    #[serde(default)]
    pub threshold: Option<u32>,
    /// Where it is well again, on the good side of the line: below this, for `answer_rate` at it or
    /// above. Between the two nothing changes. `null`: 10 % for `call_errors` and `quality`, 60 % for
    /// `answer_rate`, 100 for `backlog`; or the line itself, where that lies beyond.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<LinePlace>))]
    #[serde(default)]
    pub recovery_threshold: Option<u32>,
    /// The last minutes whose calls are looked at: 5 to 1,440.
    #[cfg_attr(feature = "openapi", schema(value_type = WindowMinutes, default = 15))]
    #[serde(default = "a_quarter_of_an_hour")]
    pub window_minutes: u16,
    /// With fewer calls in the window than this, a share says nothing: 1 to 100,000.
    #[cfg_attr(feature = "openapi", schema(value_type = MinSample, default = 20))]
    #[serde(default = "twenty")]
    pub min_sample: u32,
    /// For how many minutes the line has to be crossed before it fires: 0 to 1,440.
    #[cfg_attr(feature = "openapi", schema(value_type = HoldMinutes, default = 5))]
    #[serde(default = "five")]
    pub hold_minutes: u16,
    /// For how many minutes it has to be well before it is over: 1 to 1,440.
    #[cfg_attr(feature = "openapi", schema(value_type = RecoveryMinutes, default = 5))]
    #[serde(default = "five")]
    pub recovery_minutes: u16,
    /// When nobody is to be told, by the clock of the app's business hours (UTC where it has none).
    /// What still goes on at the end of it is told then.
    #[serde(default)]
    pub quiet_hours: Option<Window>,
    /// Whether calls of previews count too, and for `breaker_open` the breakers of rehearsals.
    #[serde(default)]
    pub include_previews: bool,
    /// Who gets a mail: up to 10 addresses.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<EmailAddress>, max_items = 10))]
    #[serde(default, deserialize_with = "crate::distinct::distinct")]
    pub emails: BTreeSet<Email>,
}

const fn yes() -> bool {
    true
}

const fn a_quarter_of_an_hour() -> u16 {
    15
}

const fn twenty() -> u32 {
    20
}

const fn five() -> u16 {
    5
}

/// Where a rule is crossed, and where it is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) threshold: u32,
    pub(super) recovery: u32,
    is_bad_below: bool,
}

impl Line {
    /// Whether a value is on the bad side of the line.
    pub(super) fn is_crossed_by(self, value: f64) -> bool {
        let line = f64::from(self.threshold);
        if self.is_bad_below { value < line } else { value >= line }
    }

    /// Whether a value is so far on the good side that it is well again.
    pub(super) fn is_well_at(self, value: f64) -> bool {
        let line = f64::from(self.recovery);
        if self.is_bad_below { value >= line } else { value < line }
    }

    /// The worse of two values.
    pub(super) fn worse(self, one: f64, other: f64) -> f64 {
        if self.is_bad_below { one.min(other) } else { one.max(other) }
    }
}

impl AlertRuleSettings {
    /// A rule with the usual values.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: AlertKind) -> Self {
        Self {
            name: name.into(),
            active: true,
            kind,
            error_codes: BTreeSet::new(),
            trunk_id: None,
            integration_id: None,
            threshold: None,
            recovery_threshold: None,
            window_minutes: a_quarter_of_an_hour(),
            min_sample: twenty(),
            hold_minutes: five(),
            recovery_minutes: five(),
            quiet_hours: None,
            include_previews: false,
            emails: BTreeSet::new(),
        }
    }

    /// Whether it watches the same as other settings do, so that what was read of one says something
    /// about the other.
    #[must_use]
    pub fn watches_the_same_as(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.error_codes == other.error_codes
            && self.trunk_id == other.trunk_id
            && self.integration_id == other.integration_id
            && self.include_previews == other.include_previews
    }

    /// Where the line is, with what is usual for what is not said.
    pub(super) fn line(&self) -> Line {
        let (threshold, recovery) = self.kind.usual_line();
        let threshold = self.threshold.unwrap_or(threshold);
        let is_bad_below = self.kind.is_bad_below();
        let usual = if is_bad_below { recovery.max(threshold) } else { recovery.min(threshold) };
        Line { threshold, recovery: self.recovery_threshold.unwrap_or(usual), is_bad_below }
    }

    /// Where the line is.
    #[must_use]
    pub fn threshold(&self) -> u32 {
        self.line().threshold
    }

    /// Where it is well again.
    #[must_use]
    pub fn recovery_threshold(&self) -> u32 {
        self.line().recovery
    }

    /// Whether nobody is to be told at this instant, by the clock of a zone.
    #[must_use]
    pub fn is_quiet(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let Some(Window { from, to }) = self.quiet_hours else { return false };
        let clock = zone.to_datetime(at).time();
        let minute = clock.hour() as u16 * 60 + clock.minute() as u16;
        let (from, to) = (from.minutes(), to.minutes());
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }

    /// Checks every rule that the types do not carry.
    ///
    /// # Errors
    /// The first setting that breaks one, with its place.
    pub fn check(&self) -> Result<(), FieldError> {
        check_chars("/name", "the name", &self.name, 1, MAX_NAME_CHARS)?;
        let kind = self.kind.as_str();
        for (pointer, is_set, fits) in [
            ("/errorCodes", !self.error_codes.is_empty(), self.kind == AlertKind::CallErrors),
            ("/trunkId", self.trunk_id.is_some(), self.kind == AlertKind::TrunkDown),
            (
                "/integrationId",
                self.integration_id.is_some(),
                matches!(self.kind, AlertKind::BreakerOpen | AlertKind::Backlog),
            ),
        ] {
            if is_set && !fits {
                return Err(FieldError::new(pointer, format!("leave it out for {kind}")));
            }
        }
        self.check_line()?;
        check_range("/windowMinutes", self.window_minutes, &WINDOW_MINUTES, "minutes")?;
        check_range("/minSample", self.min_sample, &MIN_SAMPLE, "calls")?;
        check_range("/holdMinutes", self.hold_minutes, &HOLD_MINUTES, "minutes")?;
        check_range("/recoveryMinutes", self.recovery_minutes, &RECOVERY_MINUTES, "minutes")?;
        if let Some(Window { from, to }) = self.quiet_hours
            && (from == to
                || from.minutes() == 24 * 60
                || (from.minutes(), to.minutes()) == (0, 24 * 60))
        {
            let message = "quiet hours begin and end within a day, so that there are others";
            return Err(FieldError::new("/quietHours", message));
        }
        if self.emails.len() > MAX_EMAILS {
            let message = format!("a rule sends mail to at most {MAX_EMAILS} addresses");
            return Err(FieldError::new("/emails", message));
        }
        Ok(())
    }

    fn check_line(&self) -> Result<(), FieldError> {
        let Some(range) = self.kind.line_range() else {
            let kind = self.kind.as_str();
            let given =
                [("/threshold", self.threshold), ("/recoveryThreshold", self.recovery_threshold)];
            return match given.into_iter().find(|(_, place)| place.is_some()) {
                None => Ok(()),
                Some((pointer, _)) => {
                    Err(FieldError::new(pointer, format!("leave it out: {kind} has no line")))
                }
            };
        };
        let unit = if self.kind.is_share() { "percent" } else { "deliveries" };
        if let Some(place) = self.threshold {
            check_range("/threshold", place, &range, unit)?;
        }
        let Some(place) = self.recovery_threshold else { return Ok(()) };
        check_range("/recoveryThreshold", place, &range, unit)?;
        let line = self.line();
        let (is_good, side) = if line.is_bad_below {
            (place >= line.threshold, "at least")
        } else {
            (place <= line.threshold, "at most")
        };
        if is_good {
            return Ok(());
        }
        let message =
            format!("it is well again on the good side of the line: {side} {}", line.threshold);
        Err(FieldError::new("/recoveryThreshold", message))
    }
}

fn check_range<T: PartialOrd + std::fmt::Display>(
    pointer: &str,
    value: T,
    range: &RangeInclusive<T>,
    unit: &str,
) -> Result<(), FieldError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(FieldError::new(pointer, format!("write {} to {} {unit}", range.start(), range.end())))
}

#[cfg(test)]
mod tests;
