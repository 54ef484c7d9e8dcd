//! What a rule would have read in the past, as far as that is kept.

use std::collections::BTreeMap;

use bellpush_core::{
    alerts::{
        AlertKind, AlertRuleSettings, MinuteCounts, Reading, Rehearsal, SlidingWindow, minute_of,
        rehearse,
    },
    events::EventTime,
};
use bellpush_store::{App, QueueHour, Store, StoreError};

use super::readings::{MINUTE_MS, is_open, start_of, zone};

/// Minutes that are read from the log at once, so that no statement takes long.
const STEP: i64 = 24 * 60;

/// What a rule would have done.
#[derive(Debug)]
pub(crate) struct Past {
    /// From when on it was looked.
    pub(crate) from: EventTime,
    /// Until when.
    pub(crate) to: EventTime,
    /// How exactly the past is known, in minutes; `None`: not at all.
    pub(crate) resolution_minutes: Option<u32>,
    /// What it would have done.
    pub(crate) rehearsal: Rehearsal,
}

/// Runs a rule over the last days of an app.
///
/// # Errors
/// When the store fails.
pub(crate) async fn past(
    store: &Store,
    app: &App,
    rule: &AlertRuleSettings,
    days: u32,
    now: EventTime,
) -> Result<Past, StoreError> {
    let end = minute_of(now);
    // Before it was made it was not silent, it was not there.
    let first = (end - i64::from(days) * 24 * 60).max(minute_of(app.created_at)).min(end);
    let (from, to) = (start_of(first, now), start_of(end, now));
    let hours = app.settings.hours.as_ref();
    let zone = zone(hours);
    let is_muted = |at: EventTime| rule.is_quiet(&zone, at.timestamp());
    let (resolution_minutes, rehearsal) = match rule.kind {
        // It is kept nowhere how a trunk was.
        AlertKind::TrunkDown => (None, Rehearsal::default()),
        AlertKind::BreakerOpen | AlertKind::Backlog => {
            let queues = store.queue_hours(app.id, rule.integration_id, (from, to)).await?;
            let readings = (first..end).map(|minute| {
                let at = start_of(minute + 1, now);
                (at, read_queue(rule, &queues, minute), is_muted(at))
            });
            (Some(60), rehearse(rule, readings))
        }
        AlertKind::CallErrors | AlertKind::AnswerRate | AlertKind::NoCalls | AlertKind::Quality => {
            // The first window is full when the first look is taken.
            let begin = first - i64::from(rule.window_minutes);
            let minutes = read_calls(store, app, rule, begin..end, now).await?;
            let (silent, mut window) = (MinuteCounts::default(), SlidingWindow::new(rule));
            let readings = (begin..end).filter_map(|minute| {
                window.push(minutes.get(&minute).unwrap_or(&silent), is_open(rule, hours, minute));
                let at = start_of(minute + 1, now);
                (minute >= first).then(|| (at, window.reading(), is_muted(at)))
            });
            (Some(1), rehearse(rule, readings))
        }
    };
    Ok(Past { from, to, resolution_minutes, rehearsal })
}

async fn read_calls(
    store: &Store,
    app: &App,
    rule: &AlertRuleSettings,
    minutes: std::ops::Range<i64>,
    now: EventTime,
) -> Result<BTreeMap<i64, MinuteCounts>, StoreError> {
    let mut found = BTreeMap::new();
    let mut begin = minutes.start;
    while begin < minutes.end {
        let end = (begin + STEP).min(minutes.end);
        let (from, to) = (start_of(begin, now), start_of(end, now));
        found.extend(store.call_minutes(app.id, from, to, rule.include_previews).await?);
        begin = end;
    }
    Ok(found)
}

/// What is kept by hours, as if it had been so in all of the hour; a breaker, from its beginning on.
fn read_queue(rule: &AlertRuleSettings, queues: &BTreeMap<i64, QueueHour>, minute: i64) -> Reading {
    let hour = minute.div_euclid(60);
    let Some(queue) = queues.get(&hour) else { return Reading { value: None, sample: 0 } };
    let seconds_before = u32::try_from(minute.rem_euclid(60) * MINUTE_MS / 1_000).unwrap_or(0);
    match rule.kind {
        AlertKind::Backlog => Reading::of_count(queue.most_waiting),
        _ => Reading::of_count(u64::from(queue.breaker_open_seconds > seconds_before)),
    }
}
