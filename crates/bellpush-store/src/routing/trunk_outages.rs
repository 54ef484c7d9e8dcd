//! When trunks were out of order.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, TrunkId},
    trunk::TrunkSettings,
};

use crate::{Store, StoreError, db};

/// Outages of one trunk that are kept, the newest ones.
const MAX_OUTAGES: i64 = 1_000;

/// An outage of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkOutage {
    /// The trunk.
    pub trunk_id: TrunkId,
    /// Its name.
    pub trunk_name: String,
    /// When it began.
    pub began_at: EventTime,
    /// When it was over; `None`: it goes on.
    pub ended_at: Option<EventTime>,
}

/// Of the trunks that an app's profiles call by: those that touch a span of time, newest first.
pub(crate) const OF_APP: &str = "
    SELECT trunk_outages.trunk_id, trunk_outages.began_at, trunk_outages.ended_at, trunks.settings
    FROM trunk_outages
    JOIN trunks ON trunks.id = trunk_outages.trunk_id
    WHERE trunk_outages.trunk_id IN (
        SELECT trunk_id
        FROM destinations
        WHERE app_id = $1
          AND trunk_id IS NOT NULL
    )
      AND trunk_outages.began_at < $3
      AND (trunk_outages.ended_at IS NULL OR trunk_outages.ended_at >= $2)
    ORDER BY trunk_outages.began_at DESC
    LIMIT $4";

pub(crate) const OPEN: &str = "
    SELECT trunk_id
    FROM trunk_outages
    WHERE ended_at IS NULL";

pub(crate) const FORGET: &str = "
    DELETE FROM trunk_outages
    WHERE ended_at IS NOT NULL
      AND ended_at < $1";

impl Store {
    /// The trunks that are known to be out of order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trunks_out_of_order(&self) -> Result<Vec<TrunkId>, StoreError> {
        db::read(db::all(&self.db().read, OPEN, []).await?, |row| row.parse("trunk_id"))
    }

    /// Keeps that a trunk is out of order, unless that is known; whether it was not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_trunk_outage(&self, id: TrunkId, at: EventTime) -> Result<bool, StoreError> {
        let sql = "
            INSERT INTO trunk_outages (trunk_id, began_at)
            SELECT id, $2
            FROM trunks
            WHERE id = $1
            ON CONFLICT DO NOTHING";
        let transaction = self.db().begin().await?;
        let begun = db::execute(&transaction, sql, [id.to_string().into(), at.millis().into()]);
        let begun = begun.await? > 0;
        let sql = "
            DELETE FROM trunk_outages
            WHERE trunk_id = $1
              AND began_at <= (
                SELECT began_at
                FROM trunk_outages
                WHERE trunk_id = $1
                ORDER BY began_at DESC
                LIMIT 1 OFFSET $2
              )";
        db::execute(&transaction, sql, [id.to_string().into(), MAX_OUTAGES.into()]).await?;
        db::commit(transaction).await?;
        Ok(begun)
    }

    /// Keeps that a trunk is well again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_trunk_outage(&self, id: TrunkId, at: EventTime) -> Result<(), StoreError> {
        // A clock may have been put back in between.
        let sql = "
            UPDATE trunk_outages
            SET ended_at = CASE WHEN began_at > $2 THEN began_at ELSE $2 END
            WHERE trunk_id = $1
              AND ended_at IS NULL";
        let values = [id.to_string().into(), at.millis().into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Outages of the trunks that an app calls by, in a span of time, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trunk_outages(
        &self,
        app_id: AppId,
        (from, to): (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<TrunkOutage>, StoreError> {
        let values = [
            app_id.to_string().into(),
            from.millis().into(),
            to.millis().into(),
            i64::from(limit).into(),
        ];
        db::read(db::all(&self.db().read, OF_APP, values).await?, |row| {
            Ok(TrunkOutage {
                trunk_id: row.parse("trunk_id")?,
                trunk_name: row.json::<TrunkSettings>("settings")?.name,
                began_at: row.time("began_at")?,
                ended_at: row.time_opt("ended_at")?,
            })
        })
    }

    /// Forgets outages that were over before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_trunk_outages(&self, before: EventTime) -> Result<(), StoreError> {
        db::execute(&self.db().write, FORGET, [before.millis().into()]).await?;
        Ok(())
    }
}
