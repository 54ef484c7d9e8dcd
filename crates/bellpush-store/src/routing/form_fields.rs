//! Fields of the form that profiles name: the designs of the app that visitors see have them.

use bellpush_core::{design::Design, ids::AppId, profile::ProfileSettings};
use sea_orm::DatabaseTransaction;

use crate::{SaveError, StoreError, db};

/// A design that visitors see, or will.
pub(crate) struct SeenDesign {
    /// The document.
    pub(crate) design: Design,
    /// Whether it is published later.
    pub(crate) is_scheduled: bool,
}

/// The design that is published, and the one that is to be.
pub(crate) async fn designs(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<Vec<SeenDesign>, StoreError> {
    let published = "
        SELECT document
        FROM design_versions
        WHERE app_id = $1
        ORDER BY version DESC
        LIMIT 1";
    let scheduled = "
        SELECT document
        FROM design_schedules
        WHERE app_id = $1";
    let mut designs = Vec::new();
    for (sql, is_scheduled) in [(published, false), (scheduled, true)] {
        let Some(row) = db::one(transaction, sql, [app_id.to_string().into()]).await? else {
            continue;
        };
        let document: String = row.get("document")?;
        designs.push(SeenDesign { design: kept_design(&document)?, is_scheduled });
    }
    Ok(designs)
}

/// Refuses a profile that names fields which such a design has not. Without a design of its own an app
/// takes any field.
pub(super) async fn check(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    settings: &ProfileSettings,
) -> Result<(), SaveError> {
    if settings.form_fields().next().is_none() {
        return Ok(());
    }
    for SeenDesign { design, .. } in designs(transaction, app_id).await? {
        design.check_names(settings)?;
    }
    Ok(())
}

/// A document that was found good before.
pub(crate) fn kept_design(document: &str) -> Result<Design, StoreError> {
    Design::read_kept(document).map_err(|_| StoreError::Corrupt { column: "document" })
}
