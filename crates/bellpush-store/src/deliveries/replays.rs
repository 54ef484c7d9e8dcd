//! Replays: deliveries that had ended are made pending again, one by one or many of them as a job
//! that goes on after a crash where it was.

use bellpush_core::{
    delivery::{DeliveryKey, Seq},
    events::EventTime,
    ids::{AppId, EventId, IntegrationId, ReplayId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Page, PageRequest, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row, to_json},
    deliveries::search::{Bounds, DeliveryFilter, Search},
    insight::context::ByContext,
};

/// How far a replay has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// There may be more to replay.
    Running,
    /// Everything is replayed.
    Done,
    /// Someone has stopped it.
    Cancelled,
}

/// A replay of many deliveries of one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Its id.
    pub id: ReplayId,
    /// The integration's app.
    pub app_id: AppId,
    /// The integration.
    pub integration_id: IntegrationId,
    /// Which deliveries, of those that were there when it was made.
    pub filter: DeliveryFilter,
    /// Whether that is all: a newer version may have conditions besides, and then does it alone.
    pub is_whole: bool,
    /// How far it has come.
    pub state: ReplayState,
    /// How many it will be; `None` until they are counted.
    pub total: Option<u64>,
    /// How many it was so far.
    pub replayed: u64,
    /// When it was made.
    pub created_at: EventTime,
    /// When it was done or cancelled.
    pub ended_at: Option<EventTime>,
    done_to: Seq,
    last: Seq,
}

impl Replay {
    fn bounds(&self) -> Bounds {
        Bounds { after: Some(self.done_to), before: Some(Seq(self.last.0.saturating_add(1))) }
    }

    fn search(&self, by_context: ByContext) -> Search<'_> {
        let Self { app_id, integration_id, filter, .. } = self;
        let (app_id, integration_id) = (*app_id, *integration_id);
        Search { app_id, integration_id, filter, bounds: self.bounds(), by_context }
    }
}

/// Makes deliveries pending again that have ended. Beside the configuration, as all that makes some pending:
/// what has been kept for its time goes when nobody does.
pub(crate) const REPLAY: &str = "
    UPDATE deliveries
    SET status = 'pending', earlier_attempts = attempts, next_due = $3
    WHERE integration_id = $2
      AND event_seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
      AND status IN ('delivered', 'dead')";

pub(crate) const RUNNING: &str = concat!(
    "
    SELECT ",
    db::columns!(replays),
    "
    FROM replays
    WHERE state = 'running'"
);

pub(crate) const WAITING: &str = "
    SELECT COUNT(*) AS waiting
    FROM (
        SELECT 1
        FROM deliveries
        WHERE integration_id = $1
          AND status = 'pending'
        LIMIT $2
    ) AS first_ones";

impl Store {
    /// Makes a delivery pending again that has ended; `false` when it has not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay_delivery(
        &self,
        (app_id, event_id): (AppId, EventId),
        key: DeliveryKey,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let at = db::now();
        let values = [
            to_json(&[(key.seq,)]).into(),
            key.integration_id.to_string().into(),
            at.millis().into(),
        ];
        let transaction = self.db().begin_beside_configuration().await?;
        if db::execute(&transaction, REPLAY, values).await? == 0 {
            return Ok(false);
        }
        let line = Line::new(AuditAction::DeliveryReplayed).in_app(app_id).on(key.integration_id);
        let line = line.named(event_id.to_string());
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// Makes a replay of all deliveries of now that the filter lets through and that have ended;
    /// `None` when one is running at the integration.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_replay(
        &self,
        app_id: AppId,
        integration_id: IntegrationId,
        filter: DeliveryFilter,
        actor: &Actor,
    ) -> Result<Option<Replay>, StoreError> {
        let bounds = self.bounds(filter.from, filter.to).await?;
        let last = self.last_seq().await?;
        let replay = Replay {
            id: ReplayId::from_uuid(Uuid::now_v7()),
            app_id,
            integration_id,
            filter,
            is_whole: true,
            state: ReplayState::Running,
            total: None,
            replayed: 0,
            created_at: db::now(),
            ended_at: None,
            done_to: bounds.after.unwrap_or(Seq(0)),
            last: bounds.before.map_or(last, |before| last.min(Seq(before.0.saturating_sub(1)))),
        };
        let sql = "
            INSERT INTO replays
                (id, integration_id, app_id, filter, state, done_to, last_seq, replayed, created_at)
            VALUES ($1, $2, $3, $4, 'running', $5, $6, 0, $7)
            ON CONFLICT DO NOTHING";
        let values = [
            replay.id.to_string().into(),
            integration_id.to_string().into(),
            app_id.to_string().into(),
            to_json(&replay.filter).into(),
            replay.done_to.0.into(),
            replay.last.0.into(),
            replay.created_at.millis().into(),
        ];
        let transaction = self.db().begin().await?;
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        let line = Line::new(AuditAction::ReplayMade).in_app(app_id).on(integration_id);
        let line = line.named(replay.id.to_string()).between(&(), &told(&replay.filter));
        audit::write(&transaction, actor, replay.created_at, line).await?;
        db::commit(transaction).await?;
        Ok(Some(replay))
    }

    /// An integration's replays, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replays(
        &self,
        integration_id: IntegrationId,
        page: PageRequest<ReplayId>,
    ) -> Result<Page<Replay, ReplayId>, StoreError> {
        let mut conditions = crate::db::page::Conditions::default();
        conditions.and("integration_id = $", integration_id.to_string());
        if let Some(after) = page.after {
            conditions.and("id < $", after.to_string());
        }
        let query = conditions.query(
            concat!("SELECT ", db::columns!(replays), " FROM replays"),
            "ORDER BY id DESC",
            &page,
        );
        Page::read(&self.db().read, query, page.limit, replay, |replay| replay.id).await
    }

    /// One replay of an integration.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay(
        &self,
        integration_id: IntegrationId,
        id: ReplayId,
    ) -> Result<Option<Replay>, StoreError> {
        let sql = concat!(
            "
            SELECT ",
            db::columns!(replays),
            "
            FROM replays
            WHERE id = $1
              AND integration_id = $2"
        );
        let values = [id.to_string().into(), integration_id.to_string().into()];
        db::one(&self.db().read, sql, values).await?.as_ref().map(replay).transpose()
    }

    /// The replays that are not done, but for those by conditions that only a newer version knows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_replays(&self) -> Result<Vec<Replay>, StoreError> {
        let rows = db::all(&self.db().read, RUNNING, []).await?;
        let mut running = db::readable(rows, replay)?;
        running.retain(|replay| {
            if !replay.is_whole {
                tracing::warn!(replay = %replay.id, "a replay of a newer version is left to it");
            }
            replay.is_whole
        });
        Ok(running)
    }

    /// Stops a replay. What it made pending so far stays so. Returns whether it was running.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cancel_replay(&self, id: ReplayId, actor: &Actor) -> Result<bool, StoreError> {
        let sql = "
            UPDATE replays
            SET state = 'cancelled', ended_at = $2
            WHERE id = $1
              AND state = 'running'
            RETURNING app_id, integration_id";
        let (transaction, at) = (self.db().begin().await?, db::now());
        let values = [id.to_string().into(), at.millis().into()];
        let Some(row) = db::one(&transaction, sql, values).await? else { return Ok(false) };
        let line = Line::new(AuditAction::ReplayCancelled).in_app(row.parse("app_id")?);
        let line = line.on(row.get::<String>("integration_id")?).named(id.to_string());
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// Counts what a replay has before it, if that is not known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_replay(&self, replay: &Replay) -> Result<(), StoreError> {
        if replay.total.is_some() {
            return Ok(());
        }
        let by_context = self.by_context(replay.app_id, &replay.filter).await?;
        let query = replay.search(by_context).count();
        let row = db::untimed::one(&self.db().read, &query.sql, query.values).await?;
        let ahead: i64 = row.map_or(Ok(0), |row| row.get("count"))?;
        let sql = "UPDATE replays SET total = replayed + $2 WHERE id = $1";
        db::execute(&self.db().write, sql, [replay.id.to_string().into(), ahead.into()]).await?;
        Ok(())
    }

    /// Whether fewer deliveries than this wait at an integration.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_fewer_waiting(
        &self,
        integration_id: IntegrationId,
        limit: u32,
    ) -> Result<bool, StoreError> {
        let values = [integration_id.to_string().into(), i64::from(limit).into()];
        let row = db::one(&self.db().read, WAITING, values).await?;
        Ok(row.map_or(Ok(0), |row| row.get::<i64>("waiting"))? < i64::from(limit))
    }

    /// Makes the next deliveries of a replay pending, at most so many, and keeps how far it has come
    /// in the same transaction. Returns how many it were.
    ///
    /// # Errors
    /// When the database fails; nothing has happened then.
    pub async fn advance_replay(&self, replay: &Replay, limit: u32) -> Result<u64, StoreError> {
        // Looked for without the one connection that writes: it may take a while.
        let by_context = self.by_context(replay.app_id, &replay.filter).await?;
        let query = replay.search(by_context).oldest(limit);
        let rows = db::untimed::all(&self.db().read, &query.sql, query.values).await?;
        let mut seqs = db::read(rows, |row| Ok((row.get::<i64>("event_seq")?,)))?;
        let is_last = seqs.len() <= limit as usize;
        seqs.truncate(limit as usize);
        let done_to = match seqs.last() {
            Some((seq,)) if !is_last => *seq,
            _ => replay.last.0,
        };
        let now = db::now().millis();
        let transaction = self.db().begin_beside_configuration().await?;
        let id = replay.integration_id.to_string();
        let values = [to_json(&seqs).into(), id.into(), now.into()];
        let replayed = db::execute(&transaction, REPLAY, values).await?;
        // Only from where it was read: another process may have done this part.
        let sql = "
            UPDATE replays
            SET done_to = $3,
                replayed = replayed + $4,
                state = CASE WHEN $5 THEN 'done' ELSE state END,
                ended_at = CASE WHEN $5 THEN CAST($6 AS BIGINT) END
            WHERE id = $1
              AND done_to = $2
              AND state = 'running'";
        let values = [
            replay.id.to_string().into(),
            replay.done_to.0.into(),
            done_to.into(),
            i64::try_from(replayed).unwrap_or(i64::MAX).into(),
            is_last.into(),
            now.into(),
        ];
        if db::execute(&transaction, sql, values).await? == 0 {
            db::rollback(transaction).await?;
            return Ok(0);
        }
        db::commit(transaction).await?;
        Ok(replayed)
    }
}

/// What the audit trail tells of a filter: nothing of a visitor, since it is never changed.
fn told(filter: &DeliveryFilter) -> DeliveryFilter {
    let hidden = |(key, _): &(String, String)| (key.clone(), "…".to_owned());
    DeliveryFilter { context: filter.context.as_ref().map(hidden), ..filter.clone() }
}

fn replay(row: &Row) -> Result<Replay, StoreError> {
    let whole = row.json_whole("filter");
    Ok(Replay {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        integration_id: row.parse("integration_id")?,
        is_whole: whole.is_ok(),
        filter: whole.or_else(|_| row.json("filter"))?,
        state: row.word("state")?,
        total: row
            .get::<Option<i64>>("total")?
            .map(|total| u64::try_from(total).map_err(|_| StoreError::Corrupt { column: "total" }))
            .transpose()?,
        replayed: row.count("replayed")?,
        created_at: row.time("created_at")?,
        ended_at: row.time_opt("ended_at")?,
        done_to: Seq(row.get("done_to")?),
        last: Seq(row.get("last_seq")?),
    })
}
