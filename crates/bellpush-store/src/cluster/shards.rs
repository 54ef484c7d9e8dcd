//! Memberships and shards, as they are kept. All times are those of the database's clock.

use std::{collections::BTreeMap, time::Duration};

use bellpush_core::{
    cluster::{Shard, ShardSet, Term, View},
    events::EventTime,
    ids::NodeId,
};
use sea_orm::DatabaseTransaction;
use tokio::sync::watch;

use crate::{
    Store, StoreError, StoreKind,
    db::{self, to_json},
};

/// Milliseconds since the epoch by PostgreSQL's clock.
macro_rules! clock {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    };
}
pub(super) use clock;

/// One that the database does late, after the same node has joined again, does nothing.
const JOIN: &str = concat!(
    "INSERT INTO nodes (id, lease_until, url, incarnation, takes_shards)
     VALUES ($1, ",
    clock!(),
    " + $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE
     SET lease_until = excluded.lease_until,
         incarnation = excluded.incarnation,
         takes_shards = excluded.takes_shards
     WHERE nodes.incarnation < excluded.incarnation"
);

const RENEW: &str = concat!(
    "UPDATE nodes SET takes_shards = $4, lease_until = ",
    clock!(),
    " + $3
     WHERE id = $1
       AND incarnation = $2"
);

pub(crate) const VIEW: &str = concat!(
    "SELECT 'node' AS kind, id, CAST(NULL AS BIGINT) AS shard, takes_shards,
         lease_until > ",
    clock!(),
    " AS lives, CAST(NULL AS BIGINT) AS epoch
     FROM nodes
     UNION ALL
     SELECT CASE WHEN node_id IS NULL THEN 'free' WHEN node_id = $1 THEN 'own' ELSE 'other' END,
         node_id, shard, FALSE, FALSE, epoch
     FROM shards"
);

const REMOVE_DEAD: &str = concat!(
    "DELETE FROM nodes
     WHERE id IN (
         SELECT id
         FROM nodes
         WHERE id <> $1
           AND lease_until <= ",
    clock!(),
    "
         FOR UPDATE SKIP LOCKED
     )"
);

const FREE_ABANDONED: &str = "
    UPDATE shards
    SET node_id = NULL, epoch = epoch + 1
    WHERE node_id IS NOT NULL
      AND NOT EXISTS (
        SELECT 1
        FROM nodes
        WHERE nodes.id = shards.node_id
      )";

const TAKE: &str = concat!(
    "UPDATE shards
     SET node_id = $1, epoch = epoch + 1, taken_at = ",
    clock!(),
    "
     WHERE shard IN (
         SELECT shard
         FROM shards
         WHERE node_id IS NULL
         ORDER BY shard
         LIMIT $2
         FOR UPDATE SKIP LOCKED
     )"
);

/// One that the database does late, after the same node has taken the shard again, does nothing.
const RELEASE: &str = "
    UPDATE shards
    SET node_id = NULL, epoch = epoch + 1
    FROM jsonb_each($1) AS given
    WHERE shards.node_id = $2
      AND shards.shard = CAST(given.value ->> 0 AS BIGINT)
      AND shards.epoch = CAST(given.value ->> 1 AS BIGINT)";

/// How often the owner of each of a node's shards had changed when it last looked: a shard is given back
/// as the one that was seen, and not as one that was taken again since.
pub type Epochs = BTreeMap<Shard, i64>;

impl Store {
    /// Whether other servers may share the database, and the deliveries with it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.kind() == StoreKind::Postgres
    }

    /// The time by the database's clock, which all servers share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clock(&self) -> Result<EventTime, StoreError> {
        if !self.is_shared() {
            return Ok(db::now());
        }
        let row = db::one(&self.db().read, concat!("SELECT ", clock!(), " AS now"), []).await?;
        row.ok_or(StoreError::Corrupt { column: "now" })?.time("now")
    }

    /// Enters a node among those that share the deliveries, for so long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join_cluster(
        &self,
        Term { node_id, incarnation }: Term,
        lease: Duration,
        url: Option<&str>,
        takes_shards: bool,
    ) -> Result<(), StoreError> {
        let values = [
            node_id.to_string().into(),
            millis(lease).into(),
            url.map(str::to_owned).into(),
            incarnation.into(),
            takes_shards.into(),
        ];
        db::execute(&self.db().aside, JOIN, values).await?;
        Ok(())
    }

    /// Extends a membership, and looks at the others; `None` when it is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_membership(
        &self,
        Term { node_id, incarnation }: Term,
        lease: Duration,
        takes_shards: bool,
    ) -> Result<Option<(View, Epochs)>, StoreError> {
        let values = [
            node_id.to_string().into(),
            incarnation.into(),
            millis(lease).into(),
            takes_shards.into(),
        ];
        if db::execute(&self.db().aside, RENEW, values).await? == 0 {
            return Ok(None);
        }
        let (mut view, mut epochs) = (View::default(), Epochs::new());
        let (mut known, mut owners) = (Vec::new(), Vec::new());
        let rows = db::all(&self.db().aside, VIEW, [node_id.to_string().into()]).await?;
        for row in &rows {
            let kind: String = row.get("kind")?;
            if kind == "node" {
                let id: NodeId = row.parse("id")?;
                let (lives, takes): (bool, bool) = (row.get("lives")?, row.get("takes_shards")?);
                known.push(id);
                view.someone_is_dead |= !lives && id != node_id;
                view.has_others |= id != node_id;
                view.nodes.extend((lives && takes).then_some(id));
                continue;
            }
            let column = "shard";
            let number = Shard::new(row.get(column)?).ok_or(StoreError::Corrupt { column })?;
            let shard: ShardSet = [number].into_iter().collect();
            match kind.as_str() {
                "free" => view.free = view.free.with(shard),
                "own" => {
                    view.own = view.own.with(shard);
                    epochs.insert(number, row.get("epoch")?);
                }
                _ => owners.push(row.parse::<NodeId>("id")?),
            }
        }
        // One that left in the middle of something.
        view.someone_is_dead |= owners.iter().any(|owner| !known.contains(owner));
        Ok(Some((view, epochs)))
    }

    /// Takes the nodes out whose lease has run out, frees their shards, and takes so many of those
    /// that are free: all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the membership is over; when the database fails.
    pub async fn take_shards(&self, term: Term, most: usize) -> Result<(), StoreError> {
        let id = term.node_id.to_string();
        let transaction = self.begin_as(term).await?;
        db::execute(&transaction, REMOVE_DEAD, [id.clone().into()]).await?;
        db::execute(&transaction, FREE_ABANDONED, []).await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        db::execute(&transaction, TAKE, [id.into(), most.into()]).await?;
        Ok(db::commit(transaction).await?)
    }

    /// Gives shards back, as they were seen last.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the membership is over; when the database fails.
    pub async fn release_shards(
        &self,
        term: Term,
        shards: ShardSet,
        seen: &Epochs,
    ) -> Result<(), StoreError> {
        let epoch_of = |shard: Shard| seen.get(&shard).map(|epoch| (shard.number(), *epoch));
        let given: Vec<_> = shards.iter().filter_map(epoch_of).collect();
        let transaction = self.begin_as(term).await?;
        let values = [to_json(&given).into(), term.node_id.to_string().into()];
        db::execute(&transaction, RELEASE, values).await?;
        Ok(db::commit(transaction).await?)
    }

    /// Takes a node out, and gives its shards back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, node_id: NodeId) -> Result<(), StoreError> {
        let id = node_id.to_string();
        let transaction = self.db().begin().await?;
        db::execute(&transaction, "DELETE FROM nodes WHERE id = $1", [id.clone().into()]).await?;
        let sql = "UPDATE shards SET node_id = NULL, epoch = epoch + 1 WHERE node_id = $1";
        db::execute(&transaction, sql, [id.into()]).await?;
        Ok(db::commit(transaction).await?)
    }

    /// From now on what only an owner may write is written under this membership, or not at all while
    /// there is none. To be called when nothing of an earlier membership is being written any more.
    pub fn write_as(&self, term: Option<Term>) {
        self.ownership().set_term(term);
    }

    /// Says whether this process does what must be done once in all.
    pub fn lead(&self, leads: bool) {
        if leads {
            // Who did so before may have left something half removed.
            self.remover().wake();
        }
        self.ownership().leads().send_if_modified(|now| std::mem::replace(now, leads) != leads);
    }

    /// Whether this process does what must be done once in all, like telling admins or removing what
    /// is old. Always, where there is one process only.
    #[must_use]
    pub fn leads(&self) -> bool {
        *self.ownership().leads().borrow()
    }

    /// The same, with its changes.
    #[must_use]
    pub fn leading(&self) -> watch::Receiver<bool> {
        self.ownership().leads().subscribe()
    }

    async fn begin_as(&self, term: Term) -> Result<DatabaseTransaction, StoreError> {
        let transaction = db::begin(&self.db().aside).await?;
        let values = [term.node_id.to_string().into(), term.incarnation.into()];
        match db::one(&transaction, super::ownership::FENCE, values).await? {
            Some(_) => Ok(transaction),
            None => Err(StoreError::Fenced),
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
