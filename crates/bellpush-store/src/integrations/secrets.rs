//! The named secrets of integrations: set, listed and deleted; read back only by a reveal, which is
//! written down and limited.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::{IntegrationSettings, MAX_SECRETS, SecretName},
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;

use crate::{
    SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row},
    integrations::{
        locked::locked,
        sealed::{secret_identity, signing_identity},
    },
    vault::KeyRing,
};

/// Secrets of one integration that may be read back within [`REVEAL_WINDOW`].
pub const MAX_REVEALS: u32 = 10;
/// See [`MAX_REVEALS`].
pub const REVEAL_WINDOW: Duration = Duration::from_secs(3_600);

/// A named secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// When it was made.
    pub created_at: EventTime,
    /// When its value was last replaced.
    pub updated_at: EventTime,
}

/// What is to be read back.
#[derive(Debug, Clone, Copy)]
pub enum Reveal<'a> {
    /// A named secret.
    Named(&'a SecretName),
    /// The signing secret.
    Signing,
}

/// Why a secret was not read back.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// There were [`MAX_REVEALS`] within [`REVEAL_WINDOW`].
    #[error("an integration's secrets can be revealed {MAX_REVEALS} times an hour")]
    TooMany {
        /** When there may be another one. */
        wait: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) const RECENT_REVEALS: &str = "
    SELECT at
    FROM audit_trail
    WHERE subject_id = $1
      AND at > $2
      AND action IN ('secret_revealed', 'signing_secret_revealed')
    ORDER BY at DESC
    LIMIT $3";

impl Store {
    /// The named secrets of an integration, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secrets(&self, integration_id: IntegrationId) -> Result<Vec<Secret>, StoreError> {
        let sql = "
            SELECT name, created_at, updated_at
            FROM integration_secrets
            WHERE integration_id = $1
            ORDER BY name";
        db::read(db::all(&self.db().read, sql, [integration_id.to_string().into()]).await?, secret)
    }

    /// Makes a secret, or replaces its value; `None` when there is no such integration in the app.
    ///
    /// # Errors
    /// [`SaveError::TooManySecrets`], or when the database fails.
    pub async fn put_secret(
        &self,
        app_id: AppId,
        id: IntegrationId,
        name: &SecretName,
        value: &SecretString,
        actor: &Actor,
    ) -> Result<Option<Secret>, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        if locked(&transaction, app_id, id).await?.is_none() {
            return Ok(None);
        }
        let at = db::now();
        insert(&transaction, self.keys(), id, name, value, at).await?;
        let names = names(&transaction, id).await?;
        if names.len() > MAX_SECRETS {
            return Err(SaveError::TooManySecrets);
        }
        let action = AuditAction::SecretSet;
        audit::write(&transaction, actor, at, line(app_id, id, action, Some(name))).await?;
        let sql = "
            SELECT name, created_at, updated_at
            FROM integration_secrets
            WHERE integration_id = $1
              AND name = $2";
        let values = [id.to_string().into(), name.as_str().into()];
        let row = db::one(&transaction, sql, values).await?;
        let stored = row.as_ref().map(secret).transpose()?;
        db::commit(transaction).await?;
        Ok(stored)
    }

    /// Deletes a secret; `false` when there is none.
    ///
    /// # Errors
    /// [`SaveError::SecretInUse`] while the settings name it, or when the database fails.
    pub async fn delete_secret(
        &self,
        app_id: AppId,
        id: IntegrationId,
        name: &SecretName,
        actor: &Actor,
    ) -> Result<bool, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        let Some((settings, _)) = locked(&transaction, app_id, id).await? else {
            return Ok(false);
        };
        let sql = "DELETE FROM integration_secrets WHERE integration_id = $1 AND name = $2";
        let values = [id.to_string().into(), name.as_str().into()];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(false);
        }
        if let Some((_, pointer)) = settings.secrets().find(|(named, _)| *named == name) {
            return Err(SaveError::SecretInUse { name: name.clone(), pointer });
        }
        let action = AuditAction::SecretDeleted;
        let line = line(app_id, id, action, Some(name));
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// Reads a secret back, once for each call. That it was, is on disk when this returns. `None`
    /// when there is no such secret.
    ///
    /// # Errors
    /// [`RevealError::TooMany`], or the database fails, or the secret can't be opened.
    pub async fn reveal(
        &self,
        app_id: AppId,
        id: IntegrationId,
        what: Reveal<'_>,
        actor: &Actor,
    ) -> Result<Option<SecretString>, RevealError> {
        // Reveals come one at a time, so that what is counted here is still so at the commit.
        let transaction = self.db().begin_configuration().await.map_err(StoreError::from)?;
        let Some((identity, sealed)) = sealed(&transaction, app_id, id, what).await? else {
            return Ok(None);
        };
        let at = db::now();
        if let Some(wait) = wait(&transaction, id, at).await? {
            return Err(RevealError::TooMany { wait });
        }
        let value = self.keys().open(&identity, &sealed).map_err(StoreError::from)?;
        let (action, name) = match what {
            Reveal::Named(name) => (AuditAction::SecretRevealed, Some(name)),
            Reveal::Signing => (AuditAction::SigningSecretRevealed, None),
        };
        audit::write(&transaction, actor, at, line(app_id, id, action, name)).await?;
        db::commit(transaction).await.map_err(StoreError::from)?;
        Ok(Some(value))
    }
}

/// What is written down of an act with a secret.
fn line(app_id: AppId, id: IntegrationId, action: AuditAction, name: Option<&SecretName>) -> Line {
    let line = Line::new(action).in_app(app_id).on(id);
    match name {
        Some(name) => line.named(name.as_str()),
        None => line,
    }
}

/// Writes a secret, new or not.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    id: IntegrationId,
    name: &SecretName,
    value: &SecretString,
    at: EventTime,
) -> Result<(), StoreError> {
    let sealed = keys.seal(&secret_identity(&id.to_string(), name.as_str()), value)?;
    let sql = "
        INSERT INTO integration_secrets (integration_id, name, sealed, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (integration_id, name) DO UPDATE
        SET sealed = excluded.sealed,
            updated_at = excluded.updated_at";
    let values = [id.to_string().into(), name.as_str().into(), sealed.into(), at.millis().into()];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

/// Takes away secrets that no settings name any more.
pub(crate) async fn remove(
    transaction: &DatabaseTransaction,
    (app_id, id): (AppId, IntegrationId),
    gone: &BTreeSet<SecretName>,
    actor: &Actor,
) -> Result<(), StoreError> {
    for name in gone {
        let sql = "DELETE FROM integration_secrets WHERE integration_id = $1 AND name = $2";
        db::execute(transaction, sql, [id.to_string().into(), name.as_str().into()]).await?;
        let line = line(app_id, id, AuditAction::SecretDeleted, Some(name));
        audit::write(transaction, actor, db::now(), line).await?;
    }
    Ok(())
}

/// Refuses settings that name a secret that is not there.
pub(crate) async fn check_names(
    transaction: &DatabaseTransaction,
    id: IntegrationId,
    settings: &IntegrationSettings,
) -> Result<(), SaveError> {
    if settings.secrets().next().is_none() {
        return Ok(());
    }
    let known = names(transaction, id).await?;
    match settings.secrets().find(|(name, _)| !known.contains(*name)) {
        Some((name, pointer)) => Err(SaveError::UnknownSecret { name: name.clone(), pointer }),
        None => Ok(()),
    }
}

/// Writes secrets that come with settings, new or not.
pub(crate) async fn replace(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    (app_id, id): (AppId, IntegrationId),
    given: &BTreeMap<SecretName, SecretString>,
    actor: &Actor,
) -> Result<(), SaveError> {
    let at = db::now();
    for (name, value) in given {
        insert(transaction, keys, id, name, value, at).await?;
        let action = AuditAction::SecretSet;
        audit::write(transaction, actor, at, line(app_id, id, action, Some(name))).await?;
    }
    if names(transaction, id).await?.len() > MAX_SECRETS {
        return Err(SaveError::TooManySecrets);
    }
    Ok(())
}

/// The names of an integration's secrets.
pub(crate) async fn names(
    transaction: &DatabaseTransaction,
    id: IntegrationId,
) -> Result<BTreeSet<SecretName>, StoreError> {
    let sql = "SELECT name FROM integration_secrets WHERE integration_id = $1";
    let rows = db::all(transaction, sql, [id.to_string().into()]).await?;
    rows.iter().map(|row| row.parse("name")).collect()
}

/// What is to be opened, and the identity that it was sealed for.
async fn sealed(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: IntegrationId,
    what: Reveal<'_>,
) -> Result<Option<(String, String)>, StoreError> {
    let (identity, row) = match what {
        Reveal::Signing => {
            let sql = "
                SELECT signing_secret AS sealed
                FROM integrations
                WHERE id = $1
                  AND app_id = $2";
            let values = [id.to_string().into(), app_id.to_string().into()];
            (signing_identity(id), db::one(transaction, sql, values).await?)
        }
        Reveal::Named(name) => {
            let sql = "
                SELECT sealed
                FROM integration_secrets
                JOIN integrations ON integrations.id = integration_secrets.integration_id
                WHERE integration_id = $1
                  AND app_id = $2
                  AND name = $3";
            let values = [id.to_string().into(), app_id.to_string().into(), name.as_str().into()];
            let identity = secret_identity(&id.to_string(), name.as_str());
            (identity, db::one(transaction, sql, values).await?)
        }
    };
    row.map(|row| Ok((identity, row.get("sealed")?))).transpose()
}

/// How long to wait for the next reveal; `None`: it may be now.
async fn wait(
    transaction: &DatabaseTransaction,
    id: IntegrationId,
    now: EventTime,
) -> Result<Option<Duration>, StoreError> {
    let window = i64::try_from(REVEAL_WINDOW.as_millis()).unwrap_or(i64::MAX);
    let since = now.millis().saturating_sub(window);
    let values = [id.to_string().into(), since.into(), i64::from(MAX_REVEALS).into()];
    let recent = db::all(transaction, RECENT_REVEALS, values).await?;
    if recent.len() < MAX_REVEALS as usize {
        return Ok(None);
    }
    // The oldest of those that count is the first to leave the window.
    let oldest: i64 = recent.last().map_or(Ok(now.millis()), |row| row.get("at"))?;
    let millis = oldest.saturating_sub(since).max(0);
    Ok(Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default())))
}

fn secret(row: &Row) -> Result<Secret, StoreError> {
    Ok(Secret {
        name: row.parse("name")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
