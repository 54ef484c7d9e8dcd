//! Deletes what has been kept for as long as an app wants it kept, little by little, and says what goes
//! next.

use std::time::{Duration, Instant};

use bellpush_core::{
    app::{RetainedKind, Retention},
    events::EventTime,
    ids::{AppId, CallId, CallbackId, SessionId},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::{
    Store, StoreError, Waiting,
    db::{self, Row},
};

/// Rows that are deleted in one transaction.
const STEP: i64 = 500;
/// After a step it rests for so many times as long as the step took: others wait for the same lock.
const REST: u32 = 3;
const SHORTEST_REST: Duration = Duration::from_millis(10);
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Rows of a forecast are counted up to here.
const MAX_COUNTED: i64 = 10_000;

/// What goes next of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The kind.
    pub kind: RetainedKind,
    /// When the oldest has been kept for its time.
    pub at: EventTime,
    /// How many go within a day from then.
    pub rows: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// A call under way needs its session's context at its end.
pub(crate) const OLDER_VISITS: &str = "
    SELECT id AS found
    FROM sessions
    WHERE app_id = $1
      AND id < $2
      AND id NOT IN (SELECT session_id FROM calls WHERE app_id = $1 AND state = 'live')
    ORDER BY id
    LIMIT $3";
pub(crate) const OLDER_CALLS: &str = "
    SELECT id AS found
    FROM calls
    WHERE app_id = $1
      AND id < $2
      AND state <> 'live'
    ORDER BY id
    LIMIT $3";
pub(crate) const OLDER_CALLBACKS: &str =
    "SELECT id AS found FROM callback_requests WHERE app_id = $1 AND id < $2 ORDER BY id LIMIT $3";
pub(crate) const OLDER_FORMS: &str = "
    SELECT id AS found
    FROM calls
    WHERE app_id = $1
      AND id < $2
      AND form_values IS NOT NULL
    ORDER BY id
    LIMIT $3";
pub(crate) const OLDER_SURVEYS: &str = "
    SELECT call_id AS found
    FROM survey_responses
    WHERE call_app_id = $1
      AND stars IN (1, 2, 3, 4, 5)
      AND call_id < $2
    ORDER BY call_id
    LIMIT $3";
/// Only the oldest are looked at: none of the others is older.
pub(crate) const OLDER_EVENTS: &str = "
    SELECT seq AS found
    FROM (
        SELECT seq, recorded_at
        FROM events
        WHERE app_id = $1
          AND seq > 0
        ORDER BY seq
        LIMIT $3
    ) AS oldest
    WHERE recorded_at < $2";
/// The oldest deliveries that have ended, of one integration.
pub(crate) const OLDER_DELIVERIES: &str = "
    SELECT event_seq AS found
    FROM (
        SELECT event_seq
        FROM deliveries
        WHERE integration_id = $1
          AND status <> 'pending'
        ORDER BY event_seq
        LIMIT $3
    ) AS oldest
    JOIN events ON events.seq = event_seq
    WHERE recorded_at < $2";
pub(crate) const OLDER_RECORDS: &str = "
    SELECT call_id AS found
    FROM call_records
    WHERE recorded_at < $2
      AND app_id = $1
    ORDER BY recorded_at
    LIMIT $3";

/// What goes with each kind; `$1` is a list of keys, `$2` the app where it is named.
const fn deletions(kind: RetainedKind) -> &'static [&'static str] {
    match kind {
        RetainedKind::Visits => &["DELETE FROM sessions
             WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))
               AND id NOT IN (SELECT session_id FROM calls WHERE app_id = $2 AND state = 'live')"],
        RetainedKind::Events => &[
            "DELETE FROM attempts
             WHERE integration_id IN (SELECT id FROM integrations WHERE app_id = $2)
               AND event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))",
            "DELETE FROM deliveries
             WHERE integration_id IN (SELECT id FROM integrations WHERE app_id = $2)
               AND event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))",
            "DELETE FROM event_traces
             WHERE event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))",
            "DELETE FROM events
             WHERE seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))",
        ],
        // One may have been made pending again since it was found.
        RetainedKind::Deliveries => &[
            "DELETE FROM attempts
             WHERE integration_id = $2
               AND event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
               AND 'pending' <> (
                    SELECT status
                    FROM deliveries
                    WHERE deliveries.integration_id = $2
                      AND deliveries.event_seq = attempts.event_seq)",
            "DELETE FROM deliveries
             WHERE integration_id = $2
               AND event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
               AND status <> 'pending'",
        ],
        RetainedKind::Calls => &[
            "DELETE FROM survey_responses
             WHERE call_id IN (SELECT value ->> 0 FROM jsonb_each($1))",
            "DELETE FROM call_records WHERE call_id IN (SELECT value ->> 0 FROM jsonb_each($1))",
            "DELETE FROM calls
             WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))
               AND state <> 'live'",
        ],
        RetainedKind::Forms => &[
            "UPDATE calls
             SET form_values = NULL
             WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))",
            // That there was a survey is known for as long as the call is: it has no other.
            r#"UPDATE survey_responses
             SET answers = '{"answers":[]}',
                 stars = NULL
             WHERE call_id IN (SELECT value ->> 0 FROM jsonb_each($1))"#,
        ],
        RetainedKind::Callbacks => {
            &["DELETE FROM callback_requests WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))"]
        }
        RetainedKind::Records => {
            &["DELETE FROM call_records WHERE call_id IN (SELECT value ->> 0 FROM jsonb_each($1))"]
        }
    }
}

/// The queries that find the oldest of a kind, each with whether it goes by ids, which have their time in
/// them, or by the time at which something was recorded.
const fn queries(kind: RetainedKind) -> &'static [(&'static str, By)] {
    match kind {
        RetainedKind::Visits => &[(OLDER_VISITS, By::Id(SessionId::PREFIX))],
        RetainedKind::Events => &[(OLDER_EVENTS, By::Time)],
        RetainedKind::Deliveries => &[(OLDER_DELIVERIES, By::Time)],
        RetainedKind::Calls => &[(OLDER_CALLS, By::Id(CallId::PREFIX))],
        RetainedKind::Forms => {
            &[(OLDER_FORMS, By::Id(CallId::PREFIX)), (OLDER_SURVEYS, By::Id(CallId::PREFIX))]
        }
        RetainedKind::Callbacks => &[(OLDER_CALLBACKS, By::Id(CallbackId::PREFIX))],
        RetainedKind::Records => &[(OLDER_RECORDS, By::RecordTime)],
    }
}

#[derive(Debug, Clone, Copy)]
enum By {
    /// The ids, with what they begin with.
    Id(&'static str),
    /// The time at which an event was recorded; keys are places in the log.
    Time,
    /// The time at which a part of a record was; keys are ids of calls.
    RecordTime,
}

impl By {
    /// What is not older than this any more.
    fn bound(self, before: i64) -> Value {
        match self {
            Self::Id(prefix) => {
                let millis = u128::try_from(before.max(0)).unwrap_or_default();
                format!("{prefix}{}", Uuid::from_u128(millis << 80).simple()).into()
            }
            Self::Time | Self::RecordTime => before.into(),
        }
    }

    fn key(self, row: &Row) -> Result<String, StoreError> {
        match self {
            Self::Id(_) | Self::RecordTime => row.get("found"),
            Self::Time => Ok(row.get::<i64>("found")?.to_string()),
        }
    }
}

impl Store {
    /// Deletes what an app wants kept no longer, but for what waits for its partition to go whole; says
    /// how many rows were found for it.
    ///
    /// # Errors
    /// When the database fails; what went until then is gone.
    pub async fn apply_retention(
        &self,
        app_id: AppId,
        retention: &Retention,
        waiting: &Waiting,
        now: EventTime,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for kind in RetainedKind::ALL {
            let Some(days) = retention.of(kind) else { continue };
            if waiting.until(kind, days).is_some() {
                continue;
            }
            let before = now.millis().saturating_sub(i64::from(days) * DAY_MS);
            for owner in self.owners(app_id, kind).await? {
                for (sql, by) in queries(kind) {
                    removed += self.remove_older(kind, (owner.as_str(), *sql, *by), before).await?;
                }
            }
        }
        Ok(removed)
    }

    /// Whose rows of a kind are looked at: the app's, or of deliveries, those of its integrations.
    async fn owners(&self, app_id: AppId, kind: RetainedKind) -> Result<Vec<String>, StoreError> {
        if kind != RetainedKind::Deliveries {
            return Ok(vec![app_id.to_string()]);
        }
        let integrations = self.integrations(app_id).await?;
        Ok(integrations.iter().map(|it| it.id.to_string()).collect())
    }

    async fn remove_older(
        &self,
        kind: RetainedKind,
        (owner, sql, by): (&str, &'static str, By),
        before: i64,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let began = Instant::now();
            let values = [owner.into(), by.bound(before), STEP.into()];
            let rows = db::all(&self.db().read, sql, values).await?;
            let keys: Vec<_> =
                rows.iter().map(|row| Ok((by.key(row)?,))).collect::<Result<_, StoreError>>()?;
            if keys.is_empty() {
                return Ok(removed);
            }
            let transaction = self.db().begin_configuration().await?;
            for sql in deletions(kind) {
                let mut values: Vec<Value> = vec![db::to_json(&keys).into()];
                if sql.contains("$2") {
                    values.push(owner.into());
                }
                db::execute(&transaction, sql, values).await?;
            }
            db::commit(transaction).await?;
            removed += keys.len() as u64;
            tokio::time::sleep((began.elapsed() * REST).max(SHORTEST_REST)).await;
        }
    }

    /// What goes next, of each kind that is not kept for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention_forecast(
        &self,
        app_id: AppId,
        retention: &Retention,
        waiting: &Waiting,
        now: EventTime,
    ) -> Result<Vec<Forecast>, StoreError> {
        let mut forecasts = Vec::new();
        for kind in RetainedKind::ALL {
            let Some(days) = retention.of(kind) else { continue };
            let kept = i64::from(days) * DAY_MS;
            let mut oldest: Option<i64> = None;
            let owners = self.owners(app_id, kind).await?;
            for owner in &owners {
                for (sql, by) in queries(kind) {
                    let found = self.oldest(owner, sql, *by).await?;
                    oldest = [oldest, found].into_iter().flatten().min();
                }
            }
            let Some(oldest) = oldest else { continue };
            let until = waiting.until(kind, days).unwrap_or(i64::MIN);
            let at = oldest.saturating_add(kept).max(now.millis()).max(until);
            let mut rows = 0;
            for owner in &owners {
                for (sql, by) in queries(kind) {
                    let bound = by.bound(at.saturating_add(DAY_MS).saturating_sub(kept));
                    let sql = format!("SELECT COUNT(*) AS found FROM ({sql}) AS older");
                    let values = [owner.clone().into(), bound, MAX_COUNTED.into()];
                    let row = db::one(&self.db().read, &sql, values).await?;
                    rows += row.map_or(Ok(0_u64), |row| row.count("found"))?;
                }
            }
            let Some(at) = EventTime::from_millis(at) else { continue };
            let more = rows >= MAX_COUNTED as u64;
            forecasts.push(Forecast { kind, at, rows, more });
        }
        Ok(forecasts)
    }

    /// When the oldest was made, of those that a query finds.
    async fn oldest(
        &self,
        owner: &str,
        sql: &'static str,
        by: By,
    ) -> Result<Option<i64>, StoreError> {
        let bound: Value = match by {
            By::Id(prefix) => format!("{prefix}g").into(),
            By::Time | By::RecordTime => i64::MAX.into(),
        };
        let row = db::one(&self.db().read, sql, [owner.into(), bound, 1_i64.into()]).await?;
        let Some(key) = row.map(|row| by.key(&row)).transpose()? else { return Ok(None) };
        let sql = match by {
            By::Id(prefix) => {
                let id = key.trim_start_matches(prefix);
                let millis = Uuid::try_parse(id).ok().map(|id| id.as_u128() >> 80);
                return Ok(millis.and_then(|millis| i64::try_from(millis).ok()));
            }
            By::Time => "SELECT recorded_at FROM events WHERE seq = $1",
            By::RecordTime => {
                "SELECT MIN(recorded_at) AS recorded_at FROM call_records WHERE call_id = $1"
            }
        };
        let value: Value = match by {
            By::Time => key.parse::<i64>().unwrap_or_default().into(),
            _ => key.into(),
        };
        let row = db::one(&self.db().read, sql, [value]).await?;
        row.map_or(Ok(None), |row| row.get("recorded_at"))
    }
}
