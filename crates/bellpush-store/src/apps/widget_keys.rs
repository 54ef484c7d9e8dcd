//! Widget keys: public, by which a page names itself.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, WidgetKeyId},
};

use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row},
};

/// A widget key. It is public, so it is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WidgetKey {
    /// Its id.
    pub id: WidgetKeyId,
    /// Its app.
    pub app_id: AppId,
    /// The key.
    pub key: String,
    /// When it was made.
    pub created_at: EventTime,
}

impl Store {
    /// Keeps a new widget key; `None` when there is no such app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_widget_key(
        &self,
        app_id: AppId,
        key: &str,
        actor: &Actor,
    ) -> Result<Option<WidgetKey>, StoreError> {
        let id = WidgetKeyId::from_uuid(Uuid::now_v7());
        let created_at = db::now();
        let transaction = self.db().begin_configuration().await?;
        if !insert(&transaction, (app_id, id, created_at), key, actor).await? {
            return Ok(None);
        }
        db::commit(transaction).await?;
        Ok(Some(WidgetKey { id, app_id, key: key.into(), created_at }))
    }

    /// An app's widget keys, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn widget_keys(&self, app_id: AppId) -> Result<Vec<WidgetKey>, StoreError> {
        let sql = "
            SELECT id, app_id, key, created_at
            FROM widget_keys
            WHERE app_id = $1
            ORDER BY id";
        db::read(db::all(&self.db().read, sql, [app_id.to_string().into()]).await?, widget_key)
    }

    /// The widget key with this text.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn widget_key(&self, key: &str) -> Result<Option<WidgetKey>, StoreError> {
        let sql = "SELECT id, app_id, key, created_at FROM widget_keys WHERE key = $1";
        let row = db::one(&self.db().read, sql, [key.into()]).await?;
        row.as_ref().map(widget_key).transpose()
    }

    /// Whether there is a widget key with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_widget_key(&self, id: WidgetKeyId) -> Result<bool, StoreError> {
        let sql = "SELECT id FROM widget_keys WHERE id = $1";
        Ok(db::one(&self.db().read, sql, [id.to_string().into()]).await?.is_some())
    }

    /// Deletes a widget key of an app; `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_widget_key(
        &self,
        app_id: AppId,
        id: WidgetKeyId,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        if !delete(&transaction, app_id, id, actor).await? {
            return Ok(false);
        }
        db::commit(transaction).await?;
        Ok(true)
    }
}

/// Enters a key, in a transaction that changes the configuration; `false` when there is no such app.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    (app_id, id, at): (AppId, WidgetKeyId, EventTime),
    key: &str,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let sql = "
        INSERT INTO widget_keys (id, app_id, key, created_at)
        SELECT $1, id, $3, $4
        FROM apps
        WHERE id = $2";
    let app = app_id.to_string();
    let values = [id.to_string().into(), app.into(), key.into(), at.millis().into()];
    if db::execute(transaction, sql, values).await? == 0 {
        return Ok(false);
    }
    let line = Line::new(AuditAction::WidgetKeyMade).in_app(app_id).on(id);
    audit::write(transaction, actor, at, line).await?;
    Ok(true)
}

/// Deletes a key of an app, in such a transaction; `false` when there is none.
pub(crate) async fn delete(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: WidgetKeyId,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM widget_keys WHERE id = $1 AND app_id = $2";
    let values = [id.to_string().into(), app_id.to_string().into()];
    if db::execute(transaction, sql, values).await? == 0 {
        return Ok(false);
    }
    let line = Line::new(AuditAction::WidgetKeyDeleted).in_app(app_id).on(id);
    audit::write(transaction, actor, db::now(), line).await?;
    Ok(true)
}

pub(crate) fn widget_key(row: &Row) -> Result<WidgetKey, StoreError> {
    Ok(WidgetKey {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        key: row.get("key")?,
        created_at: row.time("created_at")?,
    })
}
