//! What alert rules watch can't be deleted under them.

use sea_orm::DatabaseTransaction;

use crate::{SaveError, StoreError, db};

/// Refuses to delete what an alert rule watches, by its id.
pub(crate) async fn check_unwatched(
    transaction: &DatabaseTransaction,
    id: impl ToString,
) -> Result<(), SaveError> {
    match watching(transaction, &id.to_string()).await? {
        Some(name) => Err(SaveError::InUse { why: format!("the alert rule {name:?} watches it") }),
        None => Ok(()),
    }
}

/// The name of a rule whose settings have this id. There are no more than fifty of an app.
async fn watching(
    transaction: &DatabaseTransaction,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "
        SELECT alert_rules.settings
        FROM alert_rules
        JOIN apps ON apps.id = alert_rules.app_id
        WHERE alert_rules.settings LIKE $1
        ORDER BY alert_rules.id
        LIMIT 1";
    let row = db::one(transaction, sql, [format!("%\"{id}\"%").into()]).await?;
    let name = |row: db::Row| {
        let settings: bellpush_core::alerts::AlertRuleSettings = row.json("settings")?;
        Ok(settings.name)
    };
    row.map(name).transpose()
}
