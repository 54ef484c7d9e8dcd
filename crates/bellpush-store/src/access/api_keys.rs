//! Keys of the management API.

use bellpush_core::{events::EventTime, ids::ApiKeyId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    access::secret_hash::SecretHash,
    db::{self, Row},
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
}

impl Store {
    /// Keeps a new API key.
    ///
    /// # Errors
    /// When the database fails, or the key is there already.
    pub async fn create_api_key(
        &self,
        name: &str,
        hash: &SecretHash,
    ) -> Result<ApiKey, StoreError> {
        let id = ApiKeyId::from_uuid(Uuid::now_v7());
        let key = ApiKey { id, name: name.into(), created_at: db::now() };
        let sql = "INSERT INTO api_keys (id, name, hash, created_at) VALUES ($1, $2, $3, $4)";
        let at = key.created_at.millis();
        let values = [id.to_string().into(), name.into(), hash.as_str().into(), at.into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(key)
    }

    /// All API keys, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = "SELECT id, name, created_at FROM api_keys ORDER BY id";
        db::read(db::all(&self.db().read, sql, []).await?, api_key)
    }

    /// The API key with this hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn api_key_by_hash(&self, hash: &SecretHash) -> Result<Option<ApiKey>, StoreError> {
        let sql = "SELECT id, name, created_at FROM api_keys WHERE hash = $1";
        let row = db::one(&self.db().read, sql, [hash.as_str().into()]).await?;
        row.as_ref().map(api_key).transpose()
    }

    /// Deletes an API key; `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_api_key(&self, id: ApiKeyId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM api_keys WHERE id = $1";
        Ok(db::execute(&self.db().write, sql, [id.to_string().into()]).await? > 0)
    }
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey { id: row.parse("id")?, name: row.get("name")?, created_at: row.time("created_at")? })
}
