//! Counting the log, little by little.

use std::collections::BTreeMap;

use bellpush_core::{
    analytics::{Amounts, Hour, Outcome, Segment},
    delivery::Seq,
    events::EventTime,
};

use super::facts::{Fact, fact};
use crate::{
    Store, StoreError,
    db::{self, Batch, to_json},
};

/// Events of the log that are counted in one transaction.
const STEP: i64 = 2_000;

pub(crate) const PROGRESS: &str = "SELECT seq, up_to FROM analytics_progress WHERE id = 1";

pub(crate) const EVENTS: &str = "
    SELECT
        events.app_id, events.name, events.recorded_at, events.call_id,
        CASE WHEN events.call_id IS NULL AND events.name <> 'widget_loaded'
            THEN events.envelope END AS envelope,
        calls.profile_id, calls.started_at, calls.connected_at, calls.duration,
        calls.end_reason, calls.error_code, calls.quality_grade, calls.network,
        CASE WHEN events.name IN ('call_ended', 'call_error') THEN calls.quality END AS quality,
        sessions.origin, sessions.browser, sessions.language,
        survey_responses.stars
    FROM events
    LEFT JOIN calls ON calls.id = events.call_id
    LEFT JOIN sessions ON sessions.id = events.session_id
    LEFT JOIN survey_responses ON survey_responses.call_id = events.call_id
    WHERE events.seq > $1
      AND events.seq <= $2
      AND events.name IN ('widget_loaded', 'call_started', 'call_ended', 'call_error',
        'survey_submitted', 'callback_requested')
      AND NOT events.preview
    ORDER BY events.seq";

/// Where a step ends. Not all places are taken: the database may have been told to go on with a later one, by
/// an administrator or by a newer version.
pub(crate) const LAST_OF_STEP: &str = "
    SELECT MAX(seq) AS seq
    FROM (
        SELECT seq
        FROM events
        WHERE seq > $1
          AND seq <= $2
        ORDER BY seq
        LIMIT $3
    ) AS step";

pub(crate) const RECORDED_AT: &str = "
    SELECT recorded_at
    FROM events
    WHERE seq <= $1
    ORDER BY seq DESC
    LIMIT 1";

pub(crate) const HOURS: &str = "
    SELECT analytics_hours.app_id, analytics_hours.hour, analytics_hours.body
    FROM jsonb_each($1) AS given
    JOIN analytics_hours ON analytics_hours.app_id = given.value ->> 0
        AND analytics_hours.hour = CAST(given.value ->> 1 AS BIGINT)";

/// Hours of apps that are gone are passed over.
const KEEP: &str = "
    INSERT INTO analytics_hours (app_id, hour, body)
    SELECT id, $2, $3
    FROM app_rows
    WHERE id = $1
    ON CONFLICT (app_id, hour) DO UPDATE
    SET body = excluded.body";

const ADVANCE: &str = "
    UPDATE analytics_progress
    SET seq = $1, up_to = $2
    WHERE id = 1 AND seq = $3";

/// How far the log is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedTo {
    /// Every event up to here, and none after it.
    pub seq: Seq,
    /// Everything that was recorded before then.
    pub time: EventTime,
}

/// A place behind which no event can come to be any more.
#[derive(Debug, Clone, Copy)]
struct Fence {
    seq: Seq,
    at: EventTime,
}

/// By app and hour: what is counted in it, in turn.
type Facts = BTreeMap<(String, i64), Vec<(u8, Segment, Outcome, Amounts)>>;

impl Store {
    /// How far the log is counted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counted_to(&self) -> Result<CountedTo, StoreError> {
        // In this order: what is written in between is no later than what is told.
        let now = db::now();
        let end = self.last_seq().await?;
        let counted = self.progress().await?;
        // While nothing new is there, time goes on without a row that says so.
        Ok(if counted.seq >= end { CountedTo { time: now, ..counted } } else { counted })
    }

    /// Counts the next events of the log; whether there are more.
    ///
    /// # Errors
    /// When the database fails: then they are counted the next time.
    pub async fn roll_up(&self) -> Result<bool, StoreError> {
        let counted = self.progress().await?.seq;
        if self.last_seq().await? <= counted {
            return Ok(false);
        }
        let fence = self.fence().await?;
        let to = self.last_of_step(counted, fence.seq).await?;
        let is_last = to == fence.seq;
        let facts = self.facts_between(counted, to).await?;
        let bodies = self.counted(facts).await?;
        let time = if is_last { fence.at } else { self.recorded_at(to).await?.unwrap_or(fence.at) };
        let transaction = self.db().begin().await?;
        let values = [to.0.into(), time.millis().into(), counted.0.into()];
        if db::execute(&transaction, ADVANCE, values).await? == 0 {
            // Another node has counted them, and what was read of the hours is old.
            db::rollback(transaction).await?;
            return Ok(true);
        }
        let mut batch = Batch::default();
        for ((app_id, hour), body) in bodies {
            batch.add(KEEP, [app_id.into(), hour.into(), body.into()]);
        }
        if !batch.is_empty() {
            batch.run(&transaction).await?;
        }
        db::commit(transaction).await?;
        Ok(!is_last)
    }

    async fn progress(&self) -> Result<CountedTo, StoreError> {
        let row = db::one(&self.db().read, PROGRESS, []).await?;
        let row = row.ok_or(StoreError::Corrupt { column: "analytics_progress.id" })?;
        Ok(CountedTo { seq: Seq(row.get("seq")?), time: row.time("up_to")? })
    }

    /// The end of the log, once nobody is about to write before it: nodes commit in another order than
    /// they take places, but none while the configuration may be changed.
    async fn fence(&self) -> Result<Fence, StoreError> {
        if !self.db().has_other_writers() {
            return Ok(Fence { at: db::now(), seq: self.last_seq().await? });
        }
        let transaction = self.db().begin_configuration().await?;
        let at = db::now();
        let row = db::one(&transaction, "SELECT MAX(seq) AS seq FROM events", []).await?;
        db::rollback(transaction).await?;
        let seq = row.map_or(Ok(None), |row| row.get("seq"))?.unwrap_or(0);
        Ok(Fence { seq: Seq(seq), at })
    }

    /// The last place of those that are counted together, after one and up to another.
    async fn last_of_step(&self, after: Seq, end: Seq) -> Result<Seq, StoreError> {
        let values = [after.0.into(), end.0.into(), STEP.into()];
        let row = db::one(&self.db().read, LAST_OF_STEP, values).await?;
        let last = row.map_or(Ok(None), |row| row.get("seq"))?;
        Ok(last.map_or(end, Seq))
    }

    async fn facts_between(&self, after: Seq, to: Seq) -> Result<Facts, StoreError> {
        let rows = db::all(&self.db().read, EVENTS, [after.0.into(), to.0.into()]).await?;
        let mut facts = Facts::new();
        for row in &rows {
            if let Some(Fact { app_id, at, segment, outcome, amounts }) = fact(row)? {
                let (hour, quarter) = Hour::of(at);
                let counted = (quarter, segment, outcome, amounts);
                facts.entry((app_id, hour)).or_default().push(counted);
            }
        }
        Ok(facts)
    }

    /// The hours with these facts counted in.
    async fn counted(&self, facts: Facts) -> Result<BTreeMap<(String, i64), Vec<u8>>, StoreError> {
        if facts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let keys: Vec<_> = facts.keys().collect();
        let mut hours = BTreeMap::new();
        for row in db::all(&self.db().read, HOURS, [to_json(&keys).into()]).await? {
            let body: Vec<u8> = row.get("body")?;
            let hour = Hour::from_bytes(&body);
            let hour = hour.map_err(|_| StoreError::Corrupt { column: "analytics_hours.body" })?;
            hours.insert((row.get::<String>("app_id")?, row.get::<i64>("hour")?), hour);
        }
        Ok(facts
            .into_iter()
            .map(|(key, facts)| {
                let mut hour = hours.remove(&key).unwrap_or_default();
                hour.count(facts);
                (key, hour.to_bytes())
            })
            .collect())
    }

    /// When the event at a place was recorded, or the last one before it.
    async fn recorded_at(&self, seq: Seq) -> Result<Option<EventTime>, StoreError> {
        let row = db::one(&self.db().read, RECORDED_AT, [seq.0.into()]).await?;
        row.map(|row| row.time("recorded_at")).transpose()
    }
}
