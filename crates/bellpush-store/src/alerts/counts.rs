//! What alert rules watch: calls minute by minute, and queues of deliveries.

use std::collections::BTreeMap;

use bellpush_core::{
    alerts::MinuteCounts,
    events::{ErrorCode, EventName, EventTime},
    ids::{AppId, IntegrationId},
    quality::QualityGrade,
};

use crate::{
    Store, StoreError,
    db::{self, Row, page::Query},
    deliveries::search::Bounds,
};

/// Milliseconds of a minute, and of the hours that queues are kept by.
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

pub(crate) const BREAKERS_OPEN: &str = "
    SELECT COUNT(*) AS open
    FROM integrations
    JOIN outages ON outages.integration_id = integrations.id
    WHERE integrations.app_id = $1
      AND integrations.active
      AND ($2 IS NULL OR integrations.id = $2)";

const OF_APP: &str = "
    SELECT id
    FROM integrations
    WHERE app_id = $1
      AND active
      AND ($2 IS NULL OR id = $2)";

const QUEUES: &str = "
    SELECT hour, MAX(most_waiting) AS most_waiting, MAX(breaker_open_seconds) AS open_seconds
    FROM integrations
    JOIN backlog_hours ON backlog_hours.integration_id = integrations.id
    WHERE app_id = $1
      AND ($2 IS NULL OR id = $2)
      AND hour >= $3
      AND hour < $4
    GROUP BY hour";

/// What is kept of an app's queues in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueHour {
    /// Deliveries that waited at one integration, at most.
    pub most_waiting: u64,
    /// Seconds for which the breaker of one integration was open, at most.
    pub breaker_open_seconds: u32,
}

impl Store {
    /// What happened to an app's calls from one instant to another, by minutes. Minutes without
    /// anything are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call_minutes(
        &self,
        app_id: AppId,
        from: EventTime,
        to: EventTime,
        include_previews: bool,
    ) -> Result<BTreeMap<i64, MinuteCounts>, StoreError> {
        let bounds = self.bounds(Some(from), Some(to)).await?;
        let Query { sql, values } =
            minutes(self.db().is_sqlite(), app_id, bounds, (from, to), include_previews);
        let mut found = BTreeMap::<i64, MinuteCounts>::new();
        for row in db::all(&self.db().read, &sql, values).await? {
            add(found.entry(row.get("minute")?).or_default(), &row)?;
        }
        Ok(found)
    }

    /// How many breakers of an app's integrations are open, or whether that of one is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_breakers(
        &self,
        app_id: AppId,
        of: Option<IntegrationId>,
    ) -> Result<u64, StoreError> {
        let values = [app_id.to_string().into(), of.map(|id| id.to_string()).into()];
        let row = db::one(&self.db().read, BREAKERS_OPEN, values).await?;
        row.map_or(Ok(0), |row| row.count("open"))
    }

    /// How many deliveries wait at the integration of an app that has the most, or at this one, with those
    /// that rehearsals hold back or without; `None` where there is no active one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn largest_backlog(
        &self,
        app_id: AppId,
        of: Option<IntegrationId>,
        include_previews: bool,
    ) -> Result<Option<u64>, StoreError> {
        let values = [app_id.to_string().into(), of.map(|id| id.to_string()).into()];
        let rows = db::all(&self.db().read, OF_APP, values).await?;
        let mut largest = None;
        for id in db::read(rows, |row| row.parse("id"))? {
            let waiting = self.backlog(id).await?.0;
            let held = if include_previews { 0 } else { self.held_back(id, db::now()).await? };
            largest = largest.max(Some(waiting.saturating_sub(held)));
        }
        Ok(largest)
    }

    /// What is kept of an app's queues, or of one of them, by hours counted from 1970.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn queue_hours(
        &self,
        app_id: AppId,
        of: Option<IntegrationId>,
        (from, to): (EventTime, EventTime),
    ) -> Result<BTreeMap<i64, QueueHour>, StoreError> {
        let values = [
            app_id.to_string().into(),
            of.map(|id| id.to_string()).into(),
            from.millis().div_euclid(HOUR_MS).into(),
            (to.millis().div_euclid(HOUR_MS) + 1).into(),
        ];
        let rows = db::all(&self.db().read, QUEUES, values).await?;
        let hours = db::read(rows, |row| {
            let (most_waiting, breaker_open_seconds) =
                (row.count("most_waiting")?, row.count("open_seconds")?);
            Ok((row.get("hour")?, QueueHour { most_waiting, breaker_open_seconds }))
        })?;
        Ok(hours.into_iter().collect())
    }
}

/// Counts by minute and by what became of calls: by the ends, so that long calls count as short ones
/// do.
pub(crate) fn minutes(
    is_sqlite: bool,
    app_id: AppId,
    Bounds { after, before }: Bounds,
    (from, to): (EventTime, EventTime),
    include_previews: bool,
) -> Query {
    // Of an attempt that never became a call, the envelope alone knows the error.
    let code = if is_sqlite {
        "events.envelope ->> '$.data.errorCode'"
    } else {
        "CAST(events.envelope AS jsonb) #>> '{data,errorCode}'"
    };
    let sql = format!(
        "SELECT
            events.recorded_at / {MINUTE_MS} AS minute,
            events.name AS name,
            CASE WHEN events.call_id IS NULL THEN {code} ELSE calls.error_code END AS code,
            CAST(CASE WHEN events.call_id IS NULL THEN 0 ELSE 1 END AS BIGINT) AS of_call,
            CAST(CASE WHEN calls.connected_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS answered,
            calls.quality_grade AS grade,
            COUNT(*) AS times
        FROM events
        LEFT JOIN calls ON calls.id = events.call_id
        WHERE events.app_id = $1
          AND events.name IN ('call_started', 'call_ended', 'call_error')
          AND events.seq > $2
          AND events.seq < $3
          AND events.recorded_at >= $4
          AND events.recorded_at < $5
          AND ($6 OR NOT events.preview)
        GROUP BY 1, 2, 3, 4, 5, 6"
    );
    let values = vec![
        app_id.to_string().into(),
        after.map_or(0, |seq| seq.0).into(),
        before.map_or(i64::MAX, |seq| seq.0).into(),
        from.millis().into(),
        to.millis().into(),
        include_previews.into(),
    ];
    Query { sql, values }
}

fn add(counts: &mut MinuteCounts, row: &Row) -> Result<(), StoreError> {
    let name: EventName = row.parse("name")?;
    let times: u32 = row.count("times")?;
    if name == EventName::CallStarted {
        counts.started += times;
        return Ok(());
    }
    if row.get::<i64>("of_call")? == 0 {
        counts.never_began += times;
    } else {
        counts.ended += times;
        if row.get::<i64>("answered")? == 1 {
            counts.answered += times;
        }
        if let Some(grade) = row.word_opt::<QualityGrade>("grade")? {
            counts.graded += times;
            if matches!(grade, QualityGrade::Poor | QualityGrade::OneWay) {
                counts.poor += times;
            }
        }
    }
    if name == EventName::CallError
        && let Some(code) = row.parse_opt::<ErrorCode>("code")?
    {
        *counts.errors.entry(code).or_default() += times;
    }
    Ok(())
}
