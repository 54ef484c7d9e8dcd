//! What the rules of an app read at one instant.

use std::collections::BTreeMap;

use bellpush_core::{
    alerts::{AlertKind, AlertRuleSettings, MinuteCounts, Reading, SlidingWindow, minute_of},
    events::EventTime,
    hours::BusinessHours,
    ids::AppId,
};
use bellpush_store::{AlertRule, App, Store, StoreError};
use jiff::tz::TimeZone;

use crate::trunks::{RunningTrunks, is_down};

/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60_000;

/// Calls of an app in the last minutes, and what else its rules read.
pub(super) struct AppReadings<'a> {
    store: &'a Store,
    trunks: &'a RunningTrunks,
    app_id: AppId,
    hours: Option<&'a BusinessHours>,
    at: EventTime,
    /// The minute that is not over yet.
    minute: i64,
    /// Without calls of previews, and with them.
    minutes: [BTreeMap<i64, MinuteCounts>; 2],
}

impl<'a> AppReadings<'a> {
    /// Reads what these rules need.
    pub(super) async fn of(
        store: &'a Store,
        trunks: &'a RunningTrunks,
        app: &'a App,
        rules: &[AlertRule],
        at: EventTime,
    ) -> Result<Self, StoreError> {
        let minute = minute_of(at);
        let mut minutes = [BTreeMap::new(), BTreeMap::new()];
        for (include_previews, minutes) in [false, true].into_iter().zip(&mut minutes) {
            let of_calls = rules.iter().map(|rule| &rule.settings).filter(|rule| {
                rule.kind.is_of_calls() && rule.include_previews == include_previews
            });
            let Some(longest) = of_calls.map(|rule| rule.window_minutes).max() else { continue };
            let from = start_of(minute - i64::from(longest), at);
            *minutes =
                store.call_minutes(app.id, from, start_of(minute, at), include_previews).await?;
        }
        let hours = app.settings.hours.as_ref();
        Ok(Self { store, trunks, app_id: app.id, hours, at, minute, minutes })
    }

    /// Whether it is quiet for a rule.
    pub(super) fn is_quiet(&self, rule: &AlertRuleSettings) -> bool {
        rule.is_quiet(&zone(self.hours), self.at.timestamp())
    }

    /// What a rule reads.
    pub(super) async fn read(&self, rule: &AlertRuleSettings) -> Result<Reading, StoreError> {
        const NOTHING: Reading = Reading { value: None, sample: 0 };
        Ok(match rule.kind {
            AlertKind::CallErrors
            | AlertKind::AnswerRate
            | AlertKind::NoCalls
            | AlertKind::Quality => self.read_calls(rule),
            AlertKind::TrunkDown => {
                self.read_trunks(rule).await?.map_or(NOTHING, Reading::of_count)
            }
            AlertKind::BreakerOpen => {
                let of = rule.integration_id;
                let mut open = self.store.open_breakers(self.app_id, of).await?;
                if rule.include_previews {
                    open += self.store.open_rehearsed_breakers(self.app_id, of, self.at).await?;
                }
                Reading::of_count(open)
            }
            AlertKind::Backlog => {
                let (of, previews) = (rule.integration_id, rule.include_previews);
                let most = self.store.largest_backlog(self.app_id, of, previews).await?;
                most.map_or(NOTHING, Reading::of_count)
            }
        })
    }

    fn read_calls(&self, rule: &AlertRuleSettings) -> Reading {
        let minutes = &self.minutes[usize::from(rule.include_previews)];
        let silent = MinuteCounts::default();
        let mut window = SlidingWindow::new(rule);
        for minute in self.minute - i64::from(rule.window_minutes)..self.minute {
            let counts = minutes.get(&minute).unwrap_or(&silent);
            window.push(counts, is_open(rule, self.hours, minute));
        }
        window.reading()
    }

    /// How many of the trunks that a rule watches are down on this node; `None` where none is active.
    async fn read_trunks(&self, rule: &AlertRuleSettings) -> Result<Option<u64>, StoreError> {
        let mut ids = Vec::from_iter(rule.trunk_id);
        if ids.is_empty() {
            let profiles = self.store.profiles(self.app_id).await?;
            ids = profiles.iter().filter_map(|profile| profile.settings.trunk_id).collect();
            ids.sort_unstable();
            ids.dedup();
        }
        let statuses: Vec<_> = ids.into_iter().filter_map(|id| self.trunks.status(id)).collect();
        let down = statuses.iter().filter(|status| is_down(status) == Some(true));
        Ok((!statuses.is_empty()).then(|| down.count() as u64))
    }
}

/// The zone of an app's hours; UTC where it has none.
pub(super) fn zone(hours: Option<&BusinessHours>) -> TimeZone {
    hours.map_or(TimeZone::UTC, |hours| hours.time_zone.time_zone().clone())
}

/// Whether a minute is within business hours, as far as a rule is interested.
pub(super) fn is_open(
    rule: &AlertRuleSettings,
    hours: Option<&BusinessHours>,
    minute: i64,
) -> bool {
    let Some(hours) = hours.filter(|_| rule.kind == AlertKind::NoCalls) else { return true };
    let at = EventTime::from_millis(minute * MINUTE_MS);
    at.is_some_and(|at| hours.is_open(at.timestamp()))
}

/// When a minute begins; `otherwise` for one that no clock shows.
pub(super) fn start_of(minute: i64, otherwise: EventTime) -> EventTime {
    EventTime::from_millis(minute * MINUTE_MS).unwrap_or(otherwise)
}
