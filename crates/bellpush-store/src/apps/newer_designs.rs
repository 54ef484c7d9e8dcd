//! What servers of a newer version know in designs, and this one does not: it stays in what is made of them.

use bellpush_core::{design::over, ids::AppId};
use sea_orm::DatabaseTransaction;

use crate::{StoreError, db, routing::form_fields::kept_design};

const VERSION: &str = "
    SELECT document
    FROM design_versions
    WHERE app_id = $1
      AND ($2 IS NULL OR version = $2)
    ORDER BY version DESC
    LIMIT 1";

/// A draft, with what is not known in the one before it, or else in what is published.
pub(super) async fn drafted(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    before: Option<&str>,
    document: &str,
) -> Result<String, StoreError> {
    let base = match before {
        Some(draft) => Some(draft.to_owned()),
        None => version(transaction, app_id, None).await?,
    };
    Ok(with_unknown(base.as_deref(), document))
}

/// A version to be published, with what is not known in the draft that it is, or else in the version that it
/// brings back or follows.
pub(super) async fn published(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    (draft, restored): (Option<&str>, Option<u32>),
    document: &str,
) -> Result<String, StoreError> {
    let is_draft = |draft: &&str| {
        let text = kept_design(draft).map(|design| design.to_json().to_string());
        text.is_ok_and(|text| text == document)
    };
    let base = match draft.filter(is_draft) {
        Some(draft) => Some(draft.to_owned()),
        None => version(transaction, app_id, restored).await?,
    };
    Ok(with_unknown(base.as_deref(), document))
}

/// The document of the version of this number, or of the present one.
async fn version(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    number: Option<u32>,
) -> Result<Option<String>, StoreError> {
    let values = [app_id.to_string().into(), number.map(i64::from).into()];
    let row = db::one(transaction, VERSION, values).await?;
    row.map(|row| row.get("document")).transpose()
}

fn with_unknown(base: Option<&str>, new: &str) -> String {
    base.map_or_else(|| new.to_owned(), |base| over(base, new))
}
