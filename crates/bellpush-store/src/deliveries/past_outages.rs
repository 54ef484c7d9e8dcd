//! When the endpoints of integrations were out of order, for charts of what happened meanwhile.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::IntegrationSettings,
};
use sea_orm::DatabaseTransaction;

use crate::{
    Store, StoreError,
    db::{self, to_json},
};

/// Outages of one integration that are kept, the newest ones.
const MAX_OUTAGES: i64 = 1_000;

/// An outage of an integration: its breaker was not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationOutage {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its name.
    pub integration_name: String,
    /// Since when its endpoint failed.
    pub began_at: EventTime,
    /// When it was over; `None`: it goes on.
    pub ended_at: Option<EventTime>,
}

/// Of an app's integrations: those that touch a span of time, newest first.
pub(crate) const OF_APP: &str = "
    SELECT integration_outages.integration_id, integration_outages.began_at,
        integration_outages.ended_at, integrations.settings
    FROM integration_outages
    JOIN integrations ON integrations.id = integration_outages.integration_id
    WHERE integration_outages.integration_id IN (
        SELECT id
        FROM integrations
        WHERE app_id = $1
    )
      AND integration_outages.began_at < $3
      AND (integration_outages.ended_at IS NULL OR integration_outages.ended_at >= $2)
    ORDER BY integration_outages.began_at DESC
    LIMIT $4";

pub(crate) const FORGET: &str = "
    DELETE FROM integration_outages
    WHERE ended_at IS NOT NULL
      AND ended_at < $1";

/// Keeps which of these integrations are out of order now, and since when: in the transaction that has
/// changed it.
pub(crate) async fn keep(
    transaction: &DatabaseTransaction,
    integrations: &[IntegrationId],
    now: EventTime,
) -> Result<(), StoreError> {
    let ids: Vec<_> = integrations.iter().map(|id| (id,)).collect();
    let ids = to_json(&ids);
    // A clock may have been put back in between.
    let sql = "
        UPDATE integration_outages
        SET ended_at = CASE WHEN began_at > $2 THEN began_at ELSE $2 END
        WHERE integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))
          AND ended_at IS NULL
          AND NOT EXISTS (
            SELECT 1
            FROM outages
            WHERE outages.integration_id = integration_outages.integration_id
          )";
    db::execute(transaction, sql, [ids.clone().into(), now.millis().into()]).await?;
    let sql = "
        INSERT INTO integration_outages (integration_id, began_at)
        SELECT integration_id, failing_since
        FROM outages
        WHERE integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))
        ON CONFLICT DO NOTHING";
    if db::execute(transaction, sql, [ids.clone().into()]).await? == 0 {
        return Ok(());
    }
    let sql = "
        DELETE FROM integration_outages
        WHERE integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))
          AND began_at <= (
            SELECT newer.began_at
            FROM integration_outages AS newer
            WHERE newer.integration_id = integration_outages.integration_id
            ORDER BY newer.began_at DESC
            LIMIT 1 OFFSET $2
          )";
    db::execute(transaction, sql, [ids.into(), MAX_OUTAGES.into()]).await?;
    Ok(())
}

impl Store {
    /// Outages of an app's integrations in a span of time, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn integration_outages(
        &self,
        app_id: AppId,
        (from, to): (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<IntegrationOutage>, StoreError> {
        let values = [
            app_id.to_string().into(),
            from.millis().into(),
            to.millis().into(),
            i64::from(limit).into(),
        ];
        db::read(db::all(&self.db().read, OF_APP, values).await?, |row| {
            Ok(IntegrationOutage {
                integration_id: row.parse("integration_id")?,
                integration_name: row.json::<IntegrationSettings>("settings")?.name,
                began_at: row.time("began_at")?,
                ended_at: row.time_opt("ended_at")?,
            })
        })
    }

    /// Forgets outages of integrations that were over before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_integration_outages(&self, before: EventTime) -> Result<(), StoreError> {
        db::execute(&self.db().write, FORGET, [before.millis().into()]).await?;
        Ok(())
    }
}
