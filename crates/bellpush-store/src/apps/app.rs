//! Apps.

use std::collections::HashSet;

use bellpush_core::{
    app::AppSettings,
    events::EventTime,
    ids::{AppId, DestinationId},
    profile::ProfileSettings,
};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::{
    Edit, Expected, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row, to_json},
    revision::Subject,
    routing::profiles,
};

/// An app.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its settings.
    pub settings: AppSettings,
    /// When it was made.
    pub created_at: EventTime,
    /// When its settings were last changed.
    pub updated_at: EventTime,
    /// Counts its changes, from 1.
    pub revision: u64,
}

impl Store {
    /// Makes an app, with the demo as its default profile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_app(
        &self,
        settings: &AppSettings,
        actor: &Actor,
    ) -> Result<App, StoreError> {
        let id = AppId::from_uuid(Uuid::now_v7());
        let at = db::now();
        let transaction = self.db().begin().await?;
        insert(&transaction, id, settings, at, actor).await?;
        insert_demo(&transaction, id).await?;
        db::commit(transaction).await?;
        Ok(App { id, settings: settings.clone(), created_at: at, updated_at: at, revision: 1 })
    }

    /// All apps, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let sql = "SELECT id, settings, created_at, updated_at, revision FROM apps ORDER BY id";
        db::readable(db::all(&self.db().read, sql, []).await?, app)
    }

    /// One app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn app(&self, id: AppId) -> Result<Option<App>, StoreError> {
        let sql = "SELECT id, settings, created_at, updated_at, revision FROM apps WHERE id = $1";
        let row = db::one(&self.db().read, sql, [id.to_string().into()]).await?;
        row.as_ref().map(app).transpose()
    }

    /// Those of these apps that there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn existing_apps(&self, ids: &HashSet<AppId>) -> Result<HashSet<AppId>, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| (id,)).collect();
        let sql = "SELECT id FROM apps WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))";
        let rows = db::all(&self.db().read, sql, [to_json(&ids).into()]).await?;
        rows.iter().map(|row| row.parse("id")).collect()
    }

    /// Replaces an app's settings; `None` when there is no such app.
    ///
    /// # Errors
    /// [`SaveError::Outdated`], or when the database fails.
    pub async fn update_app<'a>(
        &self,
        id: AppId,
        settings: &AppSettings,
        edit: impl Into<Edit<'a>>,
    ) -> Result<Option<App>, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        let updated = update(&transaction, id, settings, edit.into()).await?;
        db::commit(transaction).await?;
        Ok(updated)
    }

    /// Deletes an app with everything that belongs to it; `false` when there is none. Its events,
    /// calls and sessions are taken away bit by bit, beside what else is written.
    ///
    /// # Errors
    /// [`SaveError::Outdated`], or when the database fails.
    pub async fn delete_app<'a>(
        &self,
        id: AppId,
        edit: impl Into<Edit<'a>>,
    ) -> Result<bool, SaveError> {
        let Edit { actor, expected } = edit.into();
        let transaction = self.db().begin_configuration().await?;
        let Some((before, revision)) = locked(&transaction, id).await? else { return Ok(false) };
        check(&transaction, id, revision, expected).await?;
        let sql = "UPDATE app_rows SET removed = TRUE WHERE id = $1 AND NOT removed";
        if db::execute(&transaction, sql, [id.to_string().into()]).await? == 0 {
            return Ok(false);
        }
        for sql in [
            "INSERT INTO removals (integration_id)
             SELECT id FROM integrations WHERE app_id = $1",
            "DELETE FROM integrations WHERE app_id = $1",
            "DELETE FROM destinations WHERE app_id = $1",
            "DELETE FROM widget_keys WHERE app_id = $1",
            "DELETE FROM notifications WHERE app_id = $1",
        ] {
            db::execute(&transaction, sql, [id.to_string().into()]).await?;
        }
        let line = line(AuditAction::AppDeleted, id, &before).between(&before, &());
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        self.remover().wake();
        Ok(true)
    }
}

/// Enters an app, without a profile yet.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    id: AppId,
    settings: &AppSettings,
    at: EventTime,
    actor: &Actor,
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO app_rows (id, settings, created_at, updated_at)
        VALUES ($1, $2, $3, $3)";
    let values = [id.to_string().into(), to_json(settings).into(), at.millis().into()];
    db::execute(transaction, sql, values).await?;
    let line = line(AuditAction::AppMade, id, settings).between(&(), settings);
    audit::write(transaction, actor, at, line).await?;
    Ok(())
}

/// Enters the demo as the default profile of an app that has none.
pub(crate) async fn insert_demo(
    transaction: &DatabaseTransaction,
    id: AppId,
) -> Result<(), StoreError> {
    let profile_id = DestinationId::from_uuid(Uuid::now_v7());
    profiles::insert(transaction, id, profile_id, &ProfileSettings::demo(), true).await
}

/// Replaces an app's settings, in a transaction that changes the configuration.
pub(crate) async fn update(
    transaction: &DatabaseTransaction,
    id: AppId,
    settings: &AppSettings,
    Edit { actor, expected }: Edit<'_>,
) -> Result<Option<App>, SaveError> {
    let Some((before, revision)) = locked(transaction, id).await? else { return Ok(None) };
    check(transaction, id, revision, expected).await?;
    let line = line(AuditAction::AppUpdated, id, settings).between(&before, settings);
    let sql = "
        UPDATE app_rows
        SET settings = $2, updated_at = $3, revision = revision + $4
        WHERE id = $1 AND NOT removed
        RETURNING id, settings, created_at, updated_at, revision";
    let at = db::now();
    let kept = "SELECT settings AS kept FROM app_rows WHERE id = $1";
    let values = [
        id.to_string().into(),
        db::rewritten(transaction, kept, id, settings).await?.into(),
        at.millis().into(),
        i64::from(line.has_changes()).into(),
    ];
    let row = db::one(transaction, sql, values).await?;
    audit::write_update(transaction, actor, at, line).await?;
    Ok(row.as_ref().map(app).transpose()?)
}

/// The settings of an app that nobody else changes meanwhile, and their revision.
async fn locked(
    transaction: &DatabaseTransaction,
    id: AppId,
) -> Result<Option<(AppSettings, u64)>, StoreError> {
    let sql =
        "UPDATE app_rows SET id = id WHERE id = $1 AND NOT removed RETURNING settings, revision";
    let row = db::one(transaction, sql, [id.to_string().into()]).await?;
    row.map(|row| Ok((row.json("settings")?, row.count("revision")?))).transpose()
}

async fn check(
    transaction: &DatabaseTransaction,
    id: AppId,
    present: u64,
    expected: Expected,
) -> Result<(), SaveError> {
    let subject = Subject { id: Some(&id.to_string()), actions: &[AuditAction::AppUpdated] };
    expected.check(transaction, present, subject).await
}

fn line(action: AuditAction, id: AppId, settings: &AppSettings) -> Line {
    Line::new(action).in_app(id).on(id).named(&settings.name)
}

pub(crate) fn app(row: &Row) -> Result<App, StoreError> {
    Ok(App {
        id: row.parse("id")?,
        settings: row.json("settings")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        revision: row.count("revision")?,
    })
}
