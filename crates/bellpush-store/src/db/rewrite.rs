//! Settings that are written over those that are kept.

use bellpush_core::kept;
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};

use super::{row::to_json, statements::one};
use crate::error::StoreError;

/// New settings as JSON, for the place of those that a query calls `kept`, with what a newer version
/// keeps there and this one does not know. The caller sees to it that nobody else changes them.
pub(crate) async fn rewritten<T: Serialize + DeserializeOwned>(
    connection: &impl ConnectionTrait,
    kept: &'static str,
    id: impl ToString,
    new: &T,
) -> Result<String, StoreError> {
    match one(connection, kept, [id.to_string().into()]).await? {
        Some(row) => over(&row.get::<String>("kept")?, new),
        None => Ok(to_json(new)),
    }
}

/// The same, over settings that were read already.
pub(crate) fn over<T: Serialize + DeserializeOwned>(
    kept: &str,
    new: &T,
) -> Result<String, StoreError> {
    kept::rewritten(kept, new).map_err(|_| StoreError::Corrupt { column: "kept" })
}
