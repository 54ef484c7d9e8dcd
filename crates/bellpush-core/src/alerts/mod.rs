//! Alerts: rules over what happens in an app, when they fire, and what people are told then.
//!
//! Once a minute a rule gets a [`Reading`] of what it watches, and [`Progress::step`] says what
//! follows from it. Readings, times and silences come in as arguments, so that the same code judges
//! the present and the past ([`rehearse`]).

mod measure;
mod notice;
mod past;
mod progress;
mod rule;

#[cfg(test)]
mod simulation;

pub use measure::{MinuteCounts, Reading, SlidingWindow, minute_of};
pub use notice::{Notice, NoticeKind};
pub use past::{PastAlert, Rehearsal, rehearse};
pub use progress::{AlertState, MAX_GAP_MINUTES, Progress, StateName, Step, Transition};
pub use rule::{AlertKind, AlertRuleSettings, MAX_ALERT_RULES, MAX_EMAILS, MAX_WINDOW_MINUTES};
