//! Partitions on PostgreSQL of what visits and events leave, so that what nobody keeps any longer goes
//! by dropping a table, and not row by row.
//!
//! Visits and events are partitioned by their ids, which have their time in them; deliveries and their
//! attempts by places in the log. When a period of days is over, the next place in the log is that at
//! which the next partition of deliveries begins, so that they hold the same time. What fits into no
//! partition (of a clock that is far off) goes into the default one.
//!
//! Apps that keep something as long as no other app does wait for a partition to go whole, where it is
//! large ([`Waiting`]); from all others, and on SQLite, it goes row by row
//! ([`Store::apply_retention`]).

mod key;
mod plan;
mod table;

use bellpush_core::{
    app::{RetainedKind, Retention},
    events::EventTime,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use self::{
    key::Key,
    plan::{DAY_MS, Span},
    table::{Partition, Tables},
};
use crate::{Store, StoreError, db};

const VISITS: Tables = Tables {
    columns: &[("sessions", "id"), ("session_context", "session_id")],
    key: Key::SessionId,
};
const EVENTS: Tables = Tables { columns: &[("events", "id")], key: Key::EventId };
const DELIVERIES: Tables =
    Tables { columns: &[("deliveries", "event_seq"), ("attempts", "event_seq")], key: Key::Place };

/// Places that a partition has room for: more than a period can use up, and so few that the log of a
/// hundred years stays below what a number of JavaScript can tell apart.
const PLACES: i64 = 100_000_000_000;
/// Fewer rows go sooner, one by one.
const LARGE: i64 = 100_000;
/// Clocks of servers may differ by so much, at most, for nothing to go before its time.
const CLOCK_STEP_MS: i64 = 3_600_000;
/// The time in an event's id may be so much before that at which it is recorded: a browser brings both a day late, and
/// its id may be a day off.
const EVENT_AGE_MS: i64 = 2 * DAY_MS + CLOCK_STEP_MS;
/// Rows that are deleted in one transaction.
const STEP: i64 = 5_000;

/// Says what waits until its partition goes whole. It is the same for all apps that keep it for the
/// longest time of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting(Vec<Wait>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    kind: RetainedKind,
    days: u32,
    until: i64,
}

impl Waiting {
    /// Until when what an app keeps for so many days stays, if it waits: milliseconds since 1970.
    pub(crate) fn until(&self, kind: RetainedKind, days: u32) -> Option<i64> {
        let wait = self.0.iter().find(|wait| wait.kind == kind && wait.days == days);
        wait.map(|wait| wait.until)
    }
}

impl Store {
    /// Makes partitions that are needed soon, and drops those of which nobody keeps anything any longer.
    /// `longest` is how long those keep each kind that keep it longest ([`Retention::longest`]).
    /// Nothing on SQLite.
    ///
    /// # Errors
    /// When the database fails, or somebody reads for so long that a table can't be changed; what was
    /// done until then stays.
    pub async fn keep_partitions(
        &self,
        longest: &Retention,
        now: EventTime,
    ) -> Result<(), StoreError> {
        if self.db().is_sqlite() {
            return Ok(());
        }
        let now = now.millis();
        self.add_by_time(VISITS, longest.visits, now).await?;
        self.add_by_time(EVENTS, longest.events, now).await?;
        self.add_by_place(longest.deliveries, now).await?;

        let before = |days: Option<u32>| Some(now - i64::from(days?) * DAY_MS);
        if let Some(before) = before(longest.visits) {
            self.drop_by_time(VISITS, before).await?;
            let sql = "DELETE FROM sessions
                 WHERE id IN (SELECT id FROM sessions_default WHERE created_at < $1)
                   AND id NOT IN (SELECT session_id FROM calls WHERE state = 'live')";
            db::execute(&self.db().write, sql, [before.into()]).await?;
        }
        if let Some(before) = before(longest.events) {
            self.drop_by_time(EVENTS, before - EVENT_AGE_MS).await?;
            let sql = "DELETE FROM events
                 WHERE id IN (SELECT id FROM events_default WHERE recorded_at < $1)";
            db::execute(&self.db().write, sql, [before.into()]).await?;
            self.remove_what_events_left().await?;
        }
        if let Some(deliveries) = before(longest.deliveries) {
            self.drop_deliveries(deliveries, before(longest.events)).await?;
        }
        Ok(())
    }

    /// What waits now until its partition goes whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(
        &self,
        longest: &Retention,
        now: EventTime,
    ) -> Result<Waiting, StoreError> {
        let mut waiting = Waiting::default();
        if self.db().is_sqlite() {
            return Ok(waiting);
        }
        for (kind, tables) in [
            (RetainedKind::Visits, VISITS),
            (RetainedKind::Events, EVENTS),
            (RetainedKind::Deliveries, DELIVERIES),
        ] {
            let Some(days) = longest.of(kind) else { continue };
            let kept = i64::from(days) * DAY_MS;
            let before = now.millis() - kept;
            let age = if tables.key == Key::EventId { EVENT_AGE_MS } else { 0 };
            let at = match tables.key {
                Key::Place => self.first_recorded_at(before).await?.0,
                Key::EventId | Key::SessionId => before - age,
            };
            let partitions = tables.partitions(&self.db().read).await?;
            let of_then = partitions.iter().find(|it| (it.span.from..it.span.to).contains(&at));
            let Some(partition) = of_then.filter(|partition| partition.rows >= LARGE) else {
                continue;
            };
            let span = &partition.span;
            let (began, end) = match tables.key {
                Key::EventId | Key::SessionId => (span.from, span.to),
                Key::Place => {
                    let began = self.first_recorded_from(span.from).await?.unwrap_or(i64::MIN);
                    let days = plan::days(Some(days));
                    let end = plan::period(before, days) + days * DAY_MS + CLOCK_STEP_MS;
                    (began, self.first_recorded_from(span.to).await?.unwrap_or(end).max(end))
                }
            };
            // One that was made when rows were kept for longer would let them wait for too long.
            if end.saturating_sub(began) <= 2 * plan::days(Some(days)) * DAY_MS {
                waiting.0.push(Wait { kind, days, until: end + kept + age });
            }
        }
        Ok(waiting)
    }

    async fn add_by_time(
        &self,
        tables: Tables,
        kept: Option<u32>,
        now: i64,
    ) -> Result<(), StoreError> {
        self.add(tables, now, plan::days(kept) * DAY_MS, DAY_MS).await
    }

    /// Makes partitions of deliveries, and goes on to the next one when that of now began in a period
    /// that is over.
    async fn add_by_place(&self, kept: Option<u32>, now: i64) -> Result<(), StoreError> {
        let last = self.last_place().await?;
        self.add(DELIVERIES, last, PLACES, 1).await?;
        let partitions = DELIVERIES.partitions(&self.db().read).await?;
        let Some(of_now) = partitions.iter().find(|it| it.span.to > last) else { return Ok(()) };
        let Some(began) = self.first_recorded_from(of_now.span.from).await? else { return Ok(()) };
        if began >= plan::period(now, plan::days(kept)) {
            return Ok(());
        }
        // With the lock nobody takes a place meanwhile.
        let transaction = self.begin_change().await?;
        if place(&transaction).await? < of_now.span.to - 1 {
            let sql = "SELECT setval('event_places', $1, FALSE) AS place";
            db::one(&transaction, sql, [of_now.span.to.into()]).await?;
            tracing::info!(place = of_now.span.to, "the log goes on with the next partition");
        }
        Ok(db::commit(transaction).await?)
    }

    async fn add(
        &self,
        tables: Tables,
        reached: i64,
        width: i64,
        unit: i64,
    ) -> Result<(), StoreError> {
        let spans = |partitions: Vec<Partition>| -> Vec<Span> {
            partitions.into_iter().map(|it| it.span).collect()
        };
        let there = spans(tables.partitions(&self.db().read).await?);
        if plan::missing(&there, reached, width, unit).is_empty()
            && plan::too_wide(&there, reached, width).is_empty()
        {
            return Ok(());
        }
        let transaction = self.begin_change().await?;
        // Another server may have made them.
        let mut there = spans(tables.partitions(&transaction).await?);
        for span in plan::too_wide(&there, reached, width).to_vec().iter().rev() {
            if !tables.is_empty(&transaction, span).await? {
                break;
            }
            tables.drop(&transaction, span).await?;
            there.pop();
        }
        for (from, to) in plan::missing(&there, reached, width, unit) {
            let label = label(tables.key, from);
            let span = Span { label, from, to };
            tables.add(&transaction, &span).await?;
            tracing::info!(tables = ?tables.columns, partition = span.label, "made a partition");
        }
        Ok(db::commit(transaction).await?)
    }

    async fn drop_by_time(&self, tables: Tables, before: i64) -> Result<(), StoreError> {
        for partition in tables.partitions(&self.db().read).await? {
            let span = &partition.span;
            if span.to > before {
                continue;
            }
            // A call under way needs its session's context at its end.
            let live = (tables.key == Key::SessionId).then(|| {
                let (from, to) = (tables.key.bound(span.from), tables.key.bound(span.to));
                format!(
                    "SELECT id FROM calls
                    WHERE state = 'live' AND session_id >= '{from}' AND session_id < '{to}'
                    LIMIT 1"
                )
            });
            self.drop_one(tables, span, live.as_deref()).await?;
        }
        Ok(())
    }

    /// Drops deliveries of events that were recorded before `deliveries`, unless some of a partition are
    /// pending; and of those before `events` all.
    async fn drop_deliveries(
        &self,
        deliveries: i64,
        events: Option<i64>,
    ) -> Result<(), StoreError> {
        for partition in DELIVERIES.partitions(&self.db().read).await? {
            let span = &partition.span;
            let next = self.first_recorded_from(span.to).await?;
            let is_over = |before: i64| next.is_some_and(|at| at <= before - CLOCK_STEP_MS);
            if next.is_none() && self.is_without_events(span).await? || events.is_some_and(is_over)
            {
                self.drop_one(DELIVERIES, span, None).await?;
            } else if is_over(deliveries) {
                let sql = format!(
                    "SELECT integration_id FROM deliveries_{} WHERE status = 'pending' LIMIT 1",
                    span.label
                );
                self.drop_one(DELIVERIES, span, Some(&sql)).await?;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Whether a partition of deliveries is over, and all events are gone that it had deliveries of.
    async fn is_without_events(&self, span: &Span) -> Result<bool, StoreError> {
        if self.last_place().await? < span.to - 1 {
            return Ok(false);
        }
        let sql = "SELECT seq FROM events WHERE seq < $1 ORDER BY seq LIMIT 1";
        Ok(db::one(&self.db().read, sql, [span.to.into()]).await?.is_none())
    }

    /// Drops a partition, unless a query finds something in it that has to stay.
    async fn drop_one(
        &self,
        tables: Tables,
        span: &Span,
        unless: Option<&str>,
    ) -> Result<(), StoreError> {
        let transaction = self.begin_change().await?;
        // Another server may have dropped it.
        let is_there = tables.partitions(&transaction).await?.iter().any(|it| it.span == *span);
        let stays = match unless {
            Some(sql) if is_there => db::one(&transaction, sql, []).await?.is_some(),
            _ => !is_there,
        };
        if stays {
            return Ok(());
        }
        tables.drop(&transaction, span).await?;
        db::commit(transaction).await?;
        tracing::info!(tables = ?tables.columns, partition = span.label, "dropped a partition");
        Ok(())
    }

    /// Takes away what events have left that went with their partition: traces, and deliveries that were still to be
    /// made.
    async fn remove_what_events_left(&self) -> Result<(), StoreError> {
        let sql = "
            SELECT COALESCE(
                (SELECT MIN(seq) FROM events),
                (SELECT last_value FROM event_places)
            ) AS first";
        let Some(row) = db::one(&self.db().read, sql, []).await? else { return Ok(()) };
        let first: i64 = row.get("first")?;
        for sql in [
            "DELETE FROM event_traces
             WHERE event_seq IN (
                SELECT event_seq FROM event_traces WHERE event_seq < $1 ORDER BY event_seq LIMIT $2)",
            "DELETE FROM deliveries
             WHERE (integration_id, event_seq) IN (
                SELECT integration_id, event_seq
                FROM deliveries
                WHERE integration_id IN (SELECT id FROM integrations)
                  AND status = 'pending'
                  AND event_seq < $1
                LIMIT $2)",
        ] {
            while db::execute(&self.db().write, sql, [first.into(), STEP.into()]).await? > 0 {}
        }
        Ok(())
    }

    /// Begins to change partitions: one server at a time, never beside a group of events or results, and
    /// not for long behind somebody who reads.
    async fn begin_change(&self) -> Result<DatabaseTransaction, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        db::execute(&transaction, "SET LOCAL lock_timeout = '1s'", []).await?;
        // What the default partition holds of a new one goes there in one statement, or never.
        db::execute(&transaction, "SET LOCAL statement_timeout = 0", []).await?;
        Ok(transaction)
    }

    /// When the first event from a place on was recorded; `None` where there is none.
    async fn first_recorded_from(&self, place: i64) -> Result<Option<i64>, StoreError> {
        let sql = crate::deliveries::search::RECORDED_AT;
        let row = db::one(&self.db().read, sql, [place.into()]).await?;
        row.map(|row| row.get("recorded_at")).transpose()
    }

    async fn last_place(&self) -> Result<i64, StoreError> {
        place(&self.db().read).await
    }
}

/// The place in the log that was taken last; before the first one in a partition, the one before that.
async fn place(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let sql = "
        SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS place
        FROM event_places";
    let row = db::one(connection, sql, []).await?;
    row.map_or(Ok(0), |row| row.get("place"))
}

/// What the name of a partition ends with: the day on which it begins, or the place.
fn label(key: Key, from: i64) -> String {
    match key {
        Key::Place => from.to_string(),
        Key::EventId | Key::SessionId => {
            let day = EventTime::from_millis(from)
                .map(|at| at.timestamp().strftime("%Y%m%d").to_string());
            day.unwrap_or_else(|| from.to_string())
        }
    }
}
