//! What a rule would have done: the same steps over readings of the past.

use super::{
    measure::Reading,
    notice::NoticeKind,
    progress::{Progress, Transition},
    rule::AlertRuleSettings,
};
use crate::events::EventTime;

/// Alerts of the past that are named, at most.
const MAX_ALERTS: usize = 500;

/// An alert that there would have been.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastAlert {
    /// When it would have fired.
    pub fired_at: EventTime,
    /// When it would have been over; `None`: not within the time that was looked at.
    pub recovered_at: Option<EventTime>,
    /// The value at which it would have fired.
    pub value: f64,
    /// The worst value until it was over.
    pub worst: f64,
    /// Whether somebody would have been told of it.
    pub told: bool,
}

/// What a rule would have done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rehearsal {
    /// The first alerts, oldest first.
    pub alerts: Vec<PastAlert>,
    /// How many there would have been.
    pub fired: u32,
    /// How many notices would have gone out, of alerts and of their ends.
    pub notices: u32,
    /// Looks at which there was something to read.
    pub readings: u32,
}

/// Runs a rule over readings with their times, and whether nobody was to be told then.
pub fn rehearse(
    rule: &AlertRuleSettings,
    past: impl IntoIterator<Item = (EventTime, Reading, bool)>,
) -> Rehearsal {
    let line = rule.line();
    let (mut progress, mut found) = (Progress::default(), Rehearsal::default());
    let mut present: Option<PastAlert> = None;
    for (at, reading, is_muted) in past {
        let step = progress.step(rule, reading, is_muted, at);
        progress = step.progress;
        found.readings += u32::from(reading.value.is_some());
        found.notices += step.notices.len() as u32;
        let value = reading.value.unwrap_or_default();
        if step.transition == Some(Transition::Fired) {
            found.fired += 1;
            present = Some(PastAlert {
                fired_at: at,
                recovered_at: None,
                value,
                worst: value,
                told: false,
            });
        }
        if let Some(alert) = &mut present {
            alert.told |= step.notices.contains(&NoticeKind::Fired);
            if reading.value.is_some() {
                alert.worst = line.worse(alert.worst, value);
            }
        }
        if step.transition == Some(Transition::Recovered) {
            let over = present.take().map(|alert| PastAlert { recovered_at: Some(at), ..alert });
            found.keep(over);
        }
    }
    found.keep(present);
    found
}

impl Rehearsal {
    fn keep(&mut self, alert: Option<PastAlert>) {
        if self.alerts.len() < MAX_ALERTS {
            self.alerts.extend(alert);
        }
    }
}
