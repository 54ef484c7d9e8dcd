//! When the endpoints of integrations were out of order.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
};
use sea_orm::DatabaseTransaction;

use crate::{
    Store, StoreError,
    db::{self, to_json},
    past_outages::{PastOutage, PastOutages},
};

pub(crate) const OUTAGES: PastOutages = PastOutages {
    table: "integration_outages",
    id: "integration_id",
    subjects: "integrations",
    of_app: "SELECT id FROM integrations WHERE app_id = $1",
};

/// Those of these integrations that are well again.
const ENDED: &str = "integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))
      AND NOT EXISTS (
        SELECT 1
        FROM outages
        WHERE outages.integration_id = integration_outages.integration_id
      )";

/// Keeps which of these integrations are out of order now, and since when: in the transaction that has
/// changed it.
pub(crate) async fn keep(
    transaction: &DatabaseTransaction,
    integrations: &[IntegrationId],
    now: EventTime,
) -> Result<(), StoreError> {
    let ids: Vec<_> = integrations.iter().map(|id| (id,)).collect();
    let ids = to_json(&ids);
    let values = [ids.clone().into(), now.millis().into()];
    db::execute(transaction, &OUTAGES.end(ENDED), values).await?;
    let sql = "
        INSERT INTO integration_outages (integration_id, began_at)
        SELECT integration_id, failing_since
        FROM outages
        WHERE integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))
        ON CONFLICT DO NOTHING";
    if db::execute(transaction, sql, [ids.clone().into()]).await? > 0 {
        OUTAGES.limit(transaction, &ids).await?;
    }
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
        span: (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<PastOutage<IntegrationId>>, StoreError> {
        OUTAGES.read(self, app_id, span, limit).await
    }

    /// Forgets outages of integrations that were over before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_integration_outages(&self, before: EventTime) -> Result<(), StoreError> {
        OUTAGES.remove(&self.db().write, before).await
    }
}
