//! How people may sign in, as it is kept.

use bellpush_core::access::SignInSettings;
use sea_orm::ConnectionTrait;

use crate::{StoreError, db};

/// The key of the settings.
pub(super) const SETTINGS: &str = "sign_in";

/// The settings, and how often they were changed.
pub(super) async fn read(
    connection: &impl ConnectionTrait,
) -> Result<(SignInSettings, u64), StoreError> {
    let sql = "SELECT value, revision FROM settings WHERE key = $1";
    let row = db::one(connection, sql, [SETTINGS.into()]).await?;
    row.map_or_else(
        || Ok((SignInSettings::default(), 0)),
        |row| Ok((row.json("value")?, row.count("revision")?)),
    )
}
