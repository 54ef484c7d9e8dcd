//! How deliveries went, hour by hour. Counted when attempts are recorded, so that nobody ever goes
//! through the attempts to see it.

use std::collections::BTreeMap;

use bellpush_core::{delivery::DeliveryStatus, events::EventTime, ids::IntegrationId};

use crate::{
    Store, StoreError,
    analytics::read::FORGET,
    db::{self, to_json},
    deliveries::{
        hours::HOUR_MS,
        latency::{Bucket, Latency},
    },
};

/// How much time one step of a chart takes. Days are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepSize {
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl StepSize {
    /// In hours.
    #[must_use]
    pub const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }
}

/// What happened at one integration in some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Attempts that delivered.
    pub delivered: u64,
    /// Attempts that failed and were followed by another.
    pub retried: u64,
    /// Attempts that failed and were the last.
    pub dead: u64,
    /// How long the attempts took.
    pub latency: Latency,
    /// The most deliveries that were seen waiting.
    pub most_waiting: u64,
    /// For how many seconds the breaker was not closed, seen once a minute.
    pub breaker_open_seconds: u64,
}

impl Statistics {
    /// All attempts.
    #[must_use]
    pub const fn attempts(&self) -> u64 {
        self.delivered + self.retried + self.dead
    }

    fn add(&mut self, outcome: DeliveryStatus, bucket: Bucket, attempts: u64) {
        match outcome {
            DeliveryStatus::Delivered => self.delivered += attempts,
            DeliveryStatus::Pending => self.retried += attempts,
            DeliveryStatus::Dead => self.dead += attempts,
        }
        self.latency.add(bucket, attempts);
    }

    /// Adds what happened in another step.
    pub fn merge(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.retried += other.retried;
        self.dead += other.dead;
        self.latency.merge(&other.latency);
        self.most_waiting = self.most_waiting.max(other.most_waiting);
        self.breaker_open_seconds += other.breaker_open_seconds;
    }
}

/// What is seen of one integration's queue at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BacklogSample {
    /// Which.
    pub integration_id: IntegrationId,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Seconds since the last sample in which the breaker was not closed.
    pub breaker_open_seconds: u32,
}

pub(crate) const ATTEMPTS: &str = "
    SELECT hour / $4 AS step, outcome, bucket, CAST(SUM(attempts) AS BIGINT) AS attempts
    FROM attempt_hours
    WHERE integration_id = $1
      AND hour >= $2
      AND hour < $3
    GROUP BY 1, outcome, bucket";

pub(crate) const BACKLOG: &str = "
    SELECT hour / $4 AS step, MAX(most_waiting) AS most_waiting,
        CAST(SUM(breaker_open_seconds) AS BIGINT) AS open_seconds
    FROM backlog_hours
    WHERE integration_id = $1
      AND hour >= $2
      AND hour < $3
    GROUP BY 1";

/// By integration, so that the key serves it.
pub(crate) const FORGET_ATTEMPTS: &str = "
    DELETE FROM attempt_hours
    WHERE integration_id IN (SELECT id FROM integrations)
      AND hour < $1";

pub(crate) const FORGET_BACKLOG: &str = "
    DELETE FROM backlog_hours
    WHERE integration_id IN (SELECT id FROM integrations)
      AND hour < $1";

pub(crate) const WAITING: &str = "
    SELECT COUNT(*) AS waiting, MIN(event_seq) AS oldest
    FROM deliveries
    WHERE integration_id = $1
      AND status = 'pending'";

impl Store {
    /// How an integration did between two times, step by step, oldest first. A step is whole even if
    /// the times cut it. Steps in which nothing was seen are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn statistics(
        &self,
        integration_id: IntegrationId,
        from: EventTime,
        to: EventTime,
        size: StepSize,
    ) -> Result<BTreeMap<EventTime, Statistics>, StoreError> {
        let step_ms = size.hours() * HOUR_MS;
        let first = from.millis().div_euclid(step_ms);
        let end = (to.millis() + step_ms - 1).div_euclid(step_ms);
        let values = || {
            let hours = size.hours();
            let id = integration_id.to_string();
            [id.into(), (first * hours).into(), (end * hours).into(), hours.into()]
        };
        let mut steps = BTreeMap::<EventTime, Statistics>::new();
        let begins = |step: i64| {
            EventTime::from_millis(step * step_ms).ok_or(StoreError::Corrupt { column: "hour" })
        };
        for row in db::all(&self.db().read, ATTEMPTS, values()).await? {
            // What a newer version calls otherwise is counted nowhere.
            let Some(outcome) = row.known_word("outcome")? else { continue };
            let bucket = Bucket::numbered(row.count("bucket")?);
            let step = steps.entry(begins(row.get("step")?)?).or_default();
            step.add(outcome, bucket, row.count("attempts")?);
        }
        for row in db::all(&self.db().read, BACKLOG, values()).await? {
            let step = steps.entry(begins(row.get("step")?)?).or_default();
            step.most_waiting = row.count("most_waiting")?;
            step.breaker_open_seconds = row.count("open_seconds")?;
        }
        Ok(steps)
    }

    /// How many deliveries of an integration wait, and since when the oldest event of them is
    /// recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backlog(
        &self,
        integration_id: IntegrationId,
    ) -> Result<(u64, Option<EventTime>), StoreError> {
        let read = &self.db().read;
        let id = integration_id.to_string();
        let Some(row) = db::one(read, WAITING, [id.into()]).await? else { return Ok((0, None)) };
        let Some(oldest) = row.get::<Option<i64>>("oldest")? else { return Ok((0, None)) };
        let sql = "SELECT recorded_at FROM events WHERE seq = $1";
        let event = db::one(read, sql, [oldest.into()]).await?;
        Ok((row.count("waiting")?, event.map(|event| event.time("recorded_at")).transpose()?))
    }

    /// Keeps what is seen of queues now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_backlog(&self, samples: &[BacklogSample]) -> Result<(), StoreError> {
        let rows: Vec<_> = samples
            .iter()
            .map(|sample| (sample.integration_id, sample.waiting, sample.breaker_open_seconds))
            .collect();
        let sql = "
            INSERT INTO backlog_hours (integration_id, hour, most_waiting, breaker_open_seconds)
            SELECT integrations.id, $2, CAST(given.value ->> 1 AS BIGINT),
                CAST(given.value ->> 2 AS BIGINT)
            FROM jsonb_each($1) AS given
            JOIN integrations ON integrations.id = given.value ->> 0
            WHERE TRUE
            ON CONFLICT (integration_id, hour) DO UPDATE
            SET most_waiting = CASE
                    WHEN excluded.most_waiting > backlog_hours.most_waiting
                    THEN excluded.most_waiting
                    ELSE backlog_hours.most_waiting
                END,
                breaker_open_seconds =
                    backlog_hours.breaker_open_seconds + excluded.breaker_open_seconds";
        let values = [to_json(&rows).into(), db::now().millis().div_euclid(HOUR_MS).into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Removes the statistics of hours that ended before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_statistics(&self, before: EventTime) -> Result<(), StoreError> {
        let hour = before.millis().div_euclid(HOUR_MS);
        for sql in [FORGET_ATTEMPTS, FORGET_BACKLOG, FORGET] {
            db::execute(&self.db().write, sql, [hour.into()]).await?;
        }
        Ok(())
    }
}
