//! What was last applied to an app from a file.

use bellpush_core::{
    configuration::{Configuration, PlannedChange, plan},
    events::EventTime,
    ids::AppId,
};
use sea_orm::DatabaseTransaction;

use super::read;
use crate::{
    Actor, Publisher, Store, StoreError,
    db::{self, to_json},
};

/// What was last applied to an app from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The part of the document that is about the app, with the trunks that it calls by.
    pub document: Configuration,
    /// What the file is called.
    pub file_name: Option<String>,
    /// By whom it was applied.
    pub by: Publisher,
    /// When.
    pub at: EventTime,
}

impl Store {
    /// What was last applied to an app from a file, if anything was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn applied_configuration(
        &self,
        app_id: AppId,
    ) -> Result<Option<Applied>, StoreError> {
        let sql = "
            SELECT document, file_name, applied_by, applied_at
            FROM applied_configurations
            WHERE app_id = $1";
        let row = db::one(&self.db().read, sql, [app_id.to_string().into()]).await?;
        row.map(|row| {
            Ok(Applied {
                document: row.json("document")?,
                file_name: row.get("file_name")?,
                by: row.json("applied_by")?,
                at: row.time("applied_at")?,
            })
        })
        .transpose()
    }
}

impl Store {
    /// What applying that again would change, now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drift(&self, applied: &Applied) -> Result<Vec<PlannedChange>, StoreError> {
        let snapshot = self.db().begin_reading().await?;
        let present = read::part(&snapshot, &applied.document).await?;
        Ok(plan(&present, &applied.document))
    }
}

/// Remembers what is applied, app by app.
pub(super) async fn keep(
    transaction: &DatabaseTransaction,
    wanted: &Configuration,
    file_name: Option<&str>,
    actor: &Actor,
    at: EventTime,
) -> Result<(), StoreError> {
    let wanted = wanted.clone().without_secrets();
    let by = to_json(&Publisher { who: actor.who, name: actor.name.clone() });
    for app in &wanted.apps {
        let sql = "
            INSERT INTO applied_configurations
                (app_id, document, file_name, applied_by, applied_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (app_id) DO UPDATE
            SET document = excluded.document,
                file_name = excluded.file_name,
                applied_by = excluded.applied_by,
                applied_at = excluded.applied_at";
        let values = [
            app.id.to_string().into(),
            to_json(&wanted.of_app(app.id)).into(),
            file_name.map(str::to_owned).into(),
            by.clone().into(),
            at.millis().into(),
        ];
        db::execute(transaction, sql, values).await?;
    }
    Ok(())
}
