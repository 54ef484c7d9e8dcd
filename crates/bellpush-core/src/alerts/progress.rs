//! How a rule stands, and what follows from each reading.

use serde::{Deserialize, Serialize};

use super::{
    measure::Reading,
    notice::NoticeKind,
    rule::{AlertRuleSettings, Line},
};
use crate::events::EventTime;

/// After so many minutes without a look, what was seen before is no evidence for what goes on.
pub const MAX_GAP_MINUTES: i64 = 5;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// How a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum AlertState {
    /// There is too little to say anything.
    NoData,
    /// All is well.
    Normal,
    /// The line is crossed, but not for long enough yet.
    Pending {
        /** Since when. */
        since: EventTime,
    },
    /// It is crossed.
    Firing {
        /** Since when it fires. */
        fired_at: EventTime,
    },
    /// All is well again, but not for long enough yet.
    Recovering {
        /** Since when it fires. */
        fired_at: EventTime,
        /** Since when it is well. */
        since: EventTime,
    },
}

/// The name of an [`AlertState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// There is too little to say anything.
    NoData,
    /// All is well.
    Normal,
    /// The line is crossed, but not for long enough yet.
    Pending,
    /// The line has been crossed for long enough.
    Firing,
    /// All is well again, but not for long enough yet.
    Recovering,
}

impl AlertState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> StateName {
        match self {
            Self::NoData => StateName::NoData,
            Self::Normal => StateName::Normal,
            Self::Pending { .. } => StateName::Pending,
            Self::Firing { .. } => StateName::Firing,
            Self::Recovering { .. } => StateName::Recovering,
        }
    }

    /// Since when; `None` where nothing is the matter.
    #[must_use]
    pub const fn since(self) -> Option<EventTime> {
        match self {
            Self::NoData | Self::Normal => None,
            Self::Pending { since } | Self::Recovering { since, .. } => Some(since),
            Self::Firing { fired_at } => Some(fired_at),
        }
    }

    /// When the alert began that is not over yet.
    #[must_use]
    pub const fn fired_at(self) -> Option<EventTime> {
        match self {
            Self::Firing { fired_at } | Self::Recovering { fired_at, .. } => Some(fired_at),
            _ => None,
        }
    }
}

/// How a rule stands, as it is kept from one look to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The state.
    pub state: AlertState,
    /// Whether those who are told believe that it fires.
    pub told: bool,
    /// Whether the alert that they know of is over, which they do not know yet: while nobody was to be
    /// told, another one may have begun.
    #[serde(default)]
    pub told_is_over: bool,
    /// When it was looked at last; `None`: never.
    pub looked_at: Option<EventTime>,
}

/// An alert begins, or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// It fires from now on.
    Fired,
    /// It is over.
    Recovered,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How the rule stands now.
    pub progress: Progress,
    /// Whether an alert has begun, or is over.
    pub transition: Option<Transition>,
    /// What people are to be told, in that order: of the end of the alert that they know of, before
    /// another one.
    pub notices: &'static [NoticeKind],
}

/// A rule that nobody has looked at yet.
impl Default for Progress {
    fn default() -> Self {
        Self { state: AlertState::NoData, told: false, told_is_over: false, looked_at: None }
    }
}

impl Progress {
    /// What follows from a reading. `is_muted`: nobody is to be told now. What people know lags
    /// behind the state then: afterwards they are told what they do not know yet, and nothing of an
    /// alert that has come and gone meanwhile.
    #[must_use]
    pub fn step(
        &self,
        rule: &AlertRuleSettings,
        reading: Reading,
        is_muted: bool,
        now: EventTime,
    ) -> Step {
        let before = self.without_stale_evidence(now);
        let state = next(before, rule, reading.value, now);
        let transition = match (before.fired_at(), state.fired_at()) {
            (None, Some(_)) => Some(Transition::Fired),
            (Some(_), None) => Some(Transition::Recovered),
            _ => None,
        };
        let is_over = self.told_is_over || state.fired_at().is_none();
        let is_firing = matches!(state, AlertState::Firing { .. });
        let notices: &[NoticeKind] = match (self.told, is_firing) {
            _ if is_muted => &[],
            (true, true) if is_over => &[NoticeKind::Recovered, NoticeKind::Fired],
            (true, _) if is_over => &[NoticeKind::Recovered],
            (false, true) => &[NoticeKind::Fired],
            _ => &[],
        };
        let told = notices.last().map_or(self.told, |last| *last == NoticeKind::Fired);
        let told_is_over = notices.is_empty() && self.told && is_over;
        let progress = Self { state, told, told_is_over, looked_at: Some(now) };
        Step { progress, transition, notices }
    }

    /// The state, without what has to go on for a time and was not watched meanwhile. A look that is yet
    /// to come, by a clock that has been set back since, says as little as an old one.
    fn without_stale_evidence(&self, now: EventTime) -> AlertState {
        let is_fresh = self.looked_at.is_some_and(|at| minutes(at, now).abs() <= MAX_GAP_MINUTES);
        match self.state {
            AlertState::Pending { .. } if !is_fresh => AlertState::NoData,
            AlertState::Recovering { fired_at, .. } if !is_fresh => AlertState::Firing { fired_at },
            state => state,
        }
    }
}

fn next(
    before: AlertState,
    rule: &AlertRuleSettings,
    value: Option<f64>,
    now: EventTime,
) -> AlertState {
    let Some(value) = value else {
        return match before {
            // An alert ends by evidence alone.
            AlertState::Firing { .. } | AlertState::Recovering { .. } => before,
            AlertState::NoData | AlertState::Normal | AlertState::Pending { .. } => {
                AlertState::NoData
            }
        };
    };
    let line: Line = rule.line();
    let (is_crossed, is_well) = (line.is_crossed_by(value), line.is_well_at(value));
    let held = |since, minutes_needed: u16| minutes(since, now) >= i64::from(minutes_needed);
    match before {
        AlertState::NoData | AlertState::Normal if is_crossed => {
            if rule.hold_minutes == 0 {
                AlertState::Firing { fired_at: now }
            } else {
                AlertState::Pending { since: now }
            }
        }
        AlertState::NoData | AlertState::Normal => AlertState::Normal,
        AlertState::Pending { .. } if is_well => AlertState::Normal,
        AlertState::Pending { since } if is_crossed && held(since, rule.hold_minutes) => {
            AlertState::Firing { fired_at: now }
        }
        // Between the two lines it is not well, only not as bad at the moment.
        AlertState::Pending { .. } => before,
        AlertState::Firing { fired_at } if is_well => {
            AlertState::Recovering { fired_at, since: now }
        }
        AlertState::Firing { .. } => before,
        AlertState::Recovering { since, .. } if is_well && held(since, rule.recovery_minutes) => {
            AlertState::Normal
        }
        AlertState::Recovering { .. } if is_well => before,
        AlertState::Recovering { fired_at, .. } => AlertState::Firing { fired_at },
    }
}

/// Whole minutes from one instant to another.
fn minutes(from: EventTime, to: EventTime) -> i64 {
    (to.millis() - from.millis()).div_euclid(MINUTE_MS)
}
