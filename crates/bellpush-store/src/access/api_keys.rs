//! Keys of the management API.

use bellpush_core::{events::EventTime, ids::ApiKeyId};
use uuid::Uuid;

use super::secret_hash::SecretHash;
use crate::{
    db::{self, Db, Row, migrations, target::Target},
    error::{OpenError, StoreError},
};

/// A key of the management API; the key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name, for people.
    pub name: String,
    /// When it was made.
    pub created_at: EventTime,
    /// Whether it came by the configuration, and goes with it.
    pub configured: bool,
    /// When it was last used, within a minute; `None`: not yet.
    pub last_used_at: Option<EventTime>,
}

/// What a start with another configuration has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Configured {
    /// Keys of an earlier configuration that were revoked.
    pub revoked: u64,
    /// Whether the given key is a new one.
    pub added: bool,
}

/// The API keys of a database. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct ApiKeys(Db);

/// The name of a key that the configuration gave.
const CONFIGURED_NAME: &str = "admin (from the configuration)";

const COLUMNS: &str = "id, name, created_at, configured, last_used_at";

impl ApiKeys {
    pub(crate) fn of(db: &Db) -> Self {
        Self(db.clone())
    }

    /// Opens the keys of a database that a server may be running on. The database itself must be
    /// there. Where no server can be running, its schema is brought up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open(target: &Target) -> Result<Self, OpenError> {
        let db = Db::beside(target).await?;
        if db.is_shared_file() {
            migrations::check_current(&db.write).await?;
        } else {
            migrations::migrate(&db.write).await?;
        }
        Ok(Self(db))
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database fails, or the key is there already.
    pub async fn create(&self, name: &str, hash: &SecretHash) -> Result<ApiKey, StoreError> {
        let sql = "
            INSERT INTO api_keys (id, name, hash, created_at)
            VALUES ($1, $2, $3, $4)";
        let id = ApiKeyId::from_uuid(Uuid::now_v7());
        let created_at = db::now();
        let values =
            [id.to_string().into(), name.into(), hash.as_str().into(), created_at.millis().into()];
        db::execute(&self.0.write, sql, values).await?;
        let name = name.into();
        Ok(ApiKey { id, name, created_at, configured: false, last_used_at: None })
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys ORDER BY id");
        db::read(db::all(&self.0.read, &sql, []).await?, api_key)
    }

    /// The key with this hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_hash(&self, hash: &SecretHash) -> Result<Option<ApiKey>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE hash = $1");
        let row = db::one(&self.0.read, &sql, [hash.as_str().into()]).await?;
        row.as_ref().map(api_key).transpose()
    }

    /// Revokes a key: no request is taken by it from now on. Returns it as it was; `None` when there
    /// is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let sql = format!("DELETE FROM api_keys WHERE id = $1 RETURNING {COLUMNS}");
        let row = db::one(&self.0.write, &sql, [id.to_string().into()]).await?;
        row.as_ref().map(api_key).transpose()
    }

    /// Makes the given key the configured one, and revokes those that the configuration gave before.
    /// One that is there already, however it was made, is the configuration's from now on.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn configure(&self, given: Option<&SecretHash>) -> Result<Configured, StoreError> {
        let transaction = self.0.begin_configuration().await?;
        let sql = "DELETE FROM api_keys WHERE configured AND ($1 IS NULL OR hash <> $1)";
        let hash = given.map(|hash| hash.as_str().to_owned());
        let revoked = db::execute(&transaction, sql, [hash.into()]).await?;
        let mut added = false;
        if let Some(hash) = given {
            let sql = "UPDATE api_keys SET configured = TRUE WHERE hash = $1";
            added = db::execute(&transaction, sql, [hash.as_str().into()]).await? == 0;
            if added {
                let sql = "
                    INSERT INTO api_keys (id, name, hash, created_at, configured)
                    VALUES ($1, $2, $3, $4, TRUE)";
                let values = [
                    ApiKeyId::from_uuid(Uuid::now_v7()).to_string().into(),
                    CONFIGURED_NAME.into(),
                    hash.as_str().into(),
                    db::now().millis().into(),
                ];
                db::execute(&transaction, sql, values).await?;
            }
        }
        db::commit(transaction).await?;
        Ok(Configured { revoked, added })
    }

    /// Keeps when a key was used; an earlier use than the one that is kept changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_use(&self, id: ApiKeyId, at: EventTime) -> Result<(), StoreError> {
        let sql = "
            UPDATE api_keys
            SET last_used_at = $2
            WHERE id = $1
              AND (last_used_at IS NULL OR last_used_at < $2)";
        db::execute(&self.0.write, sql, [id.to_string().into(), at.millis().into()]).await?;
        Ok(())
    }
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.parse("id")?,
        name: row.get("name")?,
        created_at: row.time("created_at")?,
        configured: row.get("configured")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}
