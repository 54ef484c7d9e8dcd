//! What integrations are signed with: the present secret and key, and those that were rotated out.

use std::{collections::HashMap, time::Duration};

use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::MAX_OVERLAPS,
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db,
    integrations::{
        locked::locked,
        sealed::{key_identity, retired_identity, signing_identity},
    },
};

/// A signing secret or key that was rotated out.
#[derive(Debug, Clone)]
pub struct RetiredSecret {
    /// The secret (`whsec_…`) or key (`whsk_…`).
    pub secret: SecretString,
    /// Until when it signs.
    pub expires_at: EventTime,
}

/// What signs an integration's requests.
#[derive(Debug, Clone)]
pub struct SigningSecrets {
    /// The secret of HMAC-SHA256.
    pub secret: SecretString,
    /// The Ed25519 key, if there is one.
    pub key: Option<SecretString>,
    /// Those that were rotated out and have not expired.
    pub retired: Vec<RetiredSecret>,
}

impl Store {
    /// What signs an integration's requests; `None` when there is no such integration in the app.
    ///
    /// # Errors
    /// When the database fails, or a secret can't be opened.
    pub async fn signing(
        &self,
        app_id: AppId,
        id: IntegrationId,
    ) -> Result<Option<SigningSecrets>, StoreError> {
        let sql = "
            SELECT signing_secret, signing_key
            FROM integrations
            WHERE id = $1
              AND app_id = $2";
        let values = [id.to_string().into(), app_id.to_string().into()];
        let Some(row) = db::one(&self.db().read, sql, values).await? else { return Ok(None) };
        let mut retired = self.retired(Some(id)).await?;
        let (secret, key): (String, Option<String>) =
            (row.get("signing_secret")?, row.get("signing_key")?);
        Ok(Some(SigningSecrets {
            secret: self.keys().open(&signing_identity(id), &secret)?,
            key: key.map(|key| self.keys().open(&key_identity(id), &key)).transpose()?,
            retired: retired.remove(&id).unwrap_or_default(),
        }))
    }

    /// Replaces an integration's signing secret, and its key if it has one. Those before sign on for
    /// the overlap; without one they, and all before them, end at once. Returns until when, `None`
    /// when there is no such integration in the app.
    ///
    /// # Errors
    /// [`SaveError::TooManyOverlaps`], or when the database fails.
    pub async fn rotate_signing(
        &self,
        app_id: AppId,
        id: IntegrationId,
        (secret, key): (&SecretString, &SecretString),
        overlap: Duration,
        actor: &Actor,
    ) -> Result<Option<EventTime>, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        if locked(&transaction, app_id, id).await?.is_none() {
            return Ok(None);
        }
        let at = db::now();
        let overlap_millis = i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX);
        let until =
            EventTime::from_millis(at.millis().saturating_add(overlap_millis)).unwrap_or(at);
        let sql =
            "DELETE FROM retired_signing_secrets WHERE integration_id = $1 AND expires_at <= $2";
        let ended = if overlap.is_zero() { i64::MAX } else { at.millis() };
        db::execute(&transaction, sql, [id.to_string().into(), ended.into()]).await?;
        if !overlap.is_zero() {
            self.retire(&transaction, id, until).await?;
        }
        let secret = self.keys().seal(&signing_identity(id), secret).map_err(StoreError::from)?;
        let key = self.keys().seal(&key_identity(id), key).map_err(StoreError::from)?;
        let sql = "
            UPDATE integrations
            SET signing_secret = $2,
                signing_key = CASE WHEN signing_key IS NULL THEN NULL ELSE $3 END
            WHERE id = $1";
        let values = [id.to_string().into(), secret.into(), key.into()];
        db::execute(&transaction, sql, values).await?;
        let action = AuditAction::SigningSecretRotated;
        let line = Line::new(action).in_app(app_id).on(id);
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(Some(until))
    }

    /// Keeps the present secret and key for their overlap.
    async fn retire(
        &self,
        transaction: &DatabaseTransaction,
        id: IntegrationId,
        until: EventTime,
    ) -> Result<(), SaveError> {
        let sql = "
            SELECT COUNT(DISTINCT expires_at) AS overlaps
            FROM retired_signing_secrets
            WHERE integration_id = $1";
        let row = db::one(transaction, sql, [id.to_string().into()]).await?;
        let overlaps: i64 = row.map_or(Ok(0), |row| row.get("overlaps"))?;
        if overlaps >= MAX_OVERLAPS as i64 {
            return Err(SaveError::TooManyOverlaps);
        }
        let sql = "SELECT signing_secret, signing_key FROM integrations WHERE id = $1";
        let row = db::one(transaction, sql, [id.to_string().into()]).await?;
        let row = row.ok_or(StoreError::Corrupt { column: "integrations.id" })?;
        let present: [(String, Option<String>); 2] = [
            (signing_identity(id), Some(row.get("signing_secret")?)),
            (key_identity(id), row.get("signing_key")?),
        ];
        for (identity, sealed) in present {
            let Some(sealed) = sealed else { continue };
            let secret = self.keys().open(&identity, &sealed).map_err(StoreError::from)?;
            let retired = Uuid::now_v7().simple().to_string();
            let identity = retired_identity(&id.to_string(), &retired);
            let sealed = self.keys().seal(&identity, &secret).map_err(StoreError::from)?;
            let sql = "
                INSERT INTO retired_signing_secrets (id, integration_id, sealed, expires_at)
                VALUES ($1, $2, $3, $4)";
            let values =
                [retired.into(), id.to_string().into(), sealed.into(), until.millis().into()];
            db::execute(transaction, sql, values).await?;
        }
        Ok(())
    }

    /// What was rotated out and has not expired, of one integration or of all.
    pub(crate) async fn retired(
        &self,
        id: Option<IntegrationId>,
    ) -> Result<HashMap<IntegrationId, Vec<RetiredSecret>>, StoreError> {
        let sql = "
            SELECT id, integration_id, sealed, expires_at
            FROM retired_signing_secrets
            WHERE expires_at > $1
              AND ($2 IS NULL OR integration_id = $2)
            ORDER BY expires_at DESC, id";
        let values = [db::now().millis().into(), id.map(|id| id.to_string()).into()];
        let mut retired: HashMap<_, Vec<_>> = HashMap::new();
        for row in db::all(&self.db().read, sql, values).await? {
            let integration_id: IntegrationId = row.parse("integration_id")?;
            let (own_id, sealed): (String, String) = (row.get("id")?, row.get("sealed")?);
            let identity = retired_identity(&integration_id.to_string(), &own_id);
            match self.keys().open(&identity, &sealed) {
                Ok(secret) => retired
                    .entry(integration_id)
                    .or_default()
                    .push(RetiredSecret { secret, expires_at: row.time("expires_at")? }),
                // Requests are signed by the present one all the same.
                Err(error) => tracing::error!(%integration_id, %error, "a retired secret is lost"),
            }
        }
        Ok(retired)
    }
}
