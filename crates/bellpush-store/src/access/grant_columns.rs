//! Roles and the apps that they are for, as columns.

use bellpush_core::{
    access::{Apps, Grant},
    ids::AppId,
};

use crate::{
    StoreError,
    db::{Row, to_json},
};

/// The column `apps`: NULL stands for all.
pub(super) fn apps_text(apps: &Apps) -> Option<String> {
    apps.list().map(|list| to_json(&list))
}

/// Reads the column `apps`.
pub(super) fn apps(row: &Row) -> Result<Apps, StoreError> {
    let list: Option<Vec<AppId>> = row.json_opt("apps")?;
    Ok(list.map_or(Apps::All, |list| Apps::Only(list.into_iter().collect())))
}

/// Reads the columns `role` and `apps`.
pub(super) fn grant(row: &Row) -> Result<Grant, StoreError> {
    Grant::new(row.word("role")?, apps(row)?).map_err(|_| StoreError::Corrupt { column: "role" })
}
