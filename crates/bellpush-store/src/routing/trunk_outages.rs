//! When trunks were out of order.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, TrunkId},
};

use crate::{
    Store, StoreError,
    db::{self, to_json},
    past_outages::{PastOutage, PastOutages},
};

/// Those of an app are those of the trunks that its profiles call by.
pub(crate) const OUTAGES: PastOutages = PastOutages {
    table: "trunk_outages",
    id: "trunk_id",
    subjects: "trunks",
    of_app: "SELECT trunk_id FROM destinations WHERE app_id = $1 AND trunk_id IS NOT NULL",
};

pub(crate) const OPEN: &str = "
    SELECT trunk_id
    FROM trunk_outages
    WHERE ended_at IS NULL";

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
        if begun {
            OUTAGES.limit(&transaction, &to_json(&[(id,)])).await?;
        }
        db::commit(transaction).await?;
        Ok(begun)
    }

    /// Keeps that a trunk is well again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_trunk_outage(&self, id: TrunkId, at: EventTime) -> Result<(), StoreError> {
        let values = [id.to_string().into(), at.millis().into()];
        db::execute(&self.db().write, &OUTAGES.end("trunk_id = $1"), values).await?;
        Ok(())
    }

    /// Outages of the trunks that an app calls by, in a span of time, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trunk_outages(
        &self,
        app_id: AppId,
        span: (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<PastOutage<TrunkId>>, StoreError> {
        OUTAGES.read(self, app_id, span, limit).await
    }

    /// Forgets outages that were over before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_trunk_outages(&self, before: EventTime) -> Result<(), StoreError> {
        OUTAGES.remove(&self.db().write, before).await
    }
}
