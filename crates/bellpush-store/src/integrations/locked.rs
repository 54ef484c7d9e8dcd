//! An integration that nobody else changes meanwhile.

use bellpush_core::{
    ids::{AppId, IntegrationId},
    integration::IntegrationSettings,
};
use sea_orm::DatabaseTransaction;

use crate::{StoreError, db};

/// The settings of an integration of this app and their revision, for a transaction that changes the
/// configuration, and so the only one that does.
pub(crate) async fn locked(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: IntegrationId,
) -> Result<Option<(IntegrationSettings, u64)>, StoreError> {
    let sql = "SELECT settings, revision FROM integrations WHERE id = $1 AND app_id = $2";
    let values = [id.to_string().into(), app_id.to_string().into()];
    let row = db::one(transaction, sql, values).await?;
    row.map(|row| Ok((row.json("settings")?, row.count("revision")?))).transpose()
}
