//! Integrations.

use std::collections::BTreeMap;

use bellpush_core::{
    delivery::DisableReason,
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::{IntegrationSettings, MAX_SECRETS, SecretName},
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    Edit, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    alerts::watched::check_unwatched,
    db::{self, Row, to_json},
    deliveries::past_outages,
    integrations::{
        locked::locked,
        sealed::{key_identity, signing_identity},
        secrets,
    },
    revision::Subject,
    vault::KeyRing,
};

/// An integration, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Its app.
    pub app_id: AppId,
    /// Its settings.
    pub settings: IntegrationSettings,
    /// When it was made.
    pub created_at: EventTime,
    /// When its settings were last changed.
    pub updated_at: EventTime,
    /// Why and when the server switched it off, if it did and nobody has changed it since.
    pub disabled: Option<(DisableReason, EventTime)>,
    /// Counts its changes, from 1.
    pub revision: u64,
}

/// The secrets that an integration is made with.
#[derive(Debug, Clone)]
pub struct NewSecrets {
    /// What its requests are signed with.
    pub signing_secret: SecretString,
    /// The Ed25519 key that they are signed with too.
    pub signing_key: Option<SecretString>,
    /// Its named secrets.
    pub named: BTreeMap<SecretName, SecretString>,
}

/// Secrets that come with a change of settings.
#[derive(Debug, Clone, Default)]
pub struct GivenSecrets {
    /// Values of named secrets, which take the place of those before.
    pub named: BTreeMap<SecretName, SecretString>,
    /// The Ed25519 key to sign with, unless there is one.
    pub signing_key: Option<SecretString>,
}

/// Nothing but a signing secret.
impl From<&str> for NewSecrets {
    fn from(signing_secret: &str) -> Self {
        let signing_secret = signing_secret.into();
        Self { signing_secret, signing_key: None, named: BTreeMap::new() }
    }
}

pub(crate) const COLUMNS: &str = "id, app_id, settings, created_at, updated_at, disabled_reason, \
     disabled_at, revision";

impl Store {
    /// Makes an integration. An app never has more than `max_active` active ones, however many are
    /// made at the same time.
    ///
    /// # Errors
    /// [`SaveError::TooManyActive`], [`SaveError::UnknownApp`], [`SaveError::UnknownSecret`], or when
    /// the database fails.
    pub async fn create_integration(
        &self,
        app_id: AppId,
        settings: &IntegrationSettings,
        new: &NewSecrets,
        max_active: u8,
        actor: &Actor,
    ) -> Result<Integration, SaveError> {
        let id = IntegrationId::from_uuid(Uuid::now_v7());
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        let place = (app_id, id, at);
        insert(&transaction, self.keys(), place, settings, (new, max_active), actor).await?;
        db::commit(transaction).await?;
        let settings = settings.clone();
        Ok(Integration {
            id,
            app_id,
            settings,
            created_at: at,
            updated_at: at,
            disabled: None,
            revision: 1,
        })
    }

    /// An app's integrations, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn integrations(&self, app_id: AppId) -> Result<Vec<Integration>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM integrations WHERE app_id = $1 ORDER BY id");
        db::readable(
            db::all(&self.db().read, &sql, [app_id.to_string().into()]).await?,
            integration,
        )
    }

    /// One integration of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn integration(
        &self,
        app_id: AppId,
        id: IntegrationId,
    ) -> Result<Option<Integration>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM integrations WHERE id = $1 AND app_id = $2");
        let values = [id.to_string().into(), app_id.to_string().into()];
        let row = db::one(&self.db().read, &sql, values).await?;
        row.as_ref().map(integration).transpose()
    }

    /// Replaces an integration's settings; `None` when there is no such integration in the app. One
    /// that is active then is not disabled any more.
    ///
    /// # Errors
    /// [`SaveError::TooManyActive`], [`SaveError::UnknownSecret`], [`SaveError::SecretsRequired`] when
    /// it has secrets and its URL leads elsewhere, [`SaveError::Outdated`], or when the database
    /// fails.
    pub async fn update_integration<'a>(
        &self,
        app_id: AppId,
        id: IntegrationId,
        settings: &IntegrationSettings,
        max_active: u8,
        edit: impl Into<Edit<'a>>,
    ) -> Result<Option<Integration>, SaveError> {
        self.update_integration_with_secrets(
            app_id,
            id,
            settings,
            max_active,
            (&GivenSecrets::default(), edit.into()),
        )
        .await
    }

    /// The same, with secrets that come with the settings: no request carries the old
    /// values to the new place, or the new ones to the old place.
    ///
    /// # Errors
    /// As [`Store::update_integration`], and [`SaveError::TooManySecrets`].
    pub async fn update_integration_with_secrets(
        &self,
        app_id: AppId,
        id: IntegrationId,
        settings: &IntegrationSettings,
        max_active: u8,
        (given, edit): (&GivenSecrets, Edit<'_>),
    ) -> Result<Option<Integration>, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        let (keys, place) = (self.keys(), (app_id, id));
        let change = (given, edit);
        let updated = update(&transaction, keys, place, settings, (change, max_active)).await?;
        db::commit(transaction).await?;
        Ok(updated)
    }

    /// Deletes an integration; `false` when there is none. Its deliveries are taken away bit by bit,
    /// beside what else is written.
    ///
    /// # Errors
    /// [`SaveError::InUse`] as long as an alert rule watches it, [`SaveError::Outdated`], or when the
    /// database fails.
    pub async fn delete_integration<'a>(
        &self,
        app_id: AppId,
        id: IntegrationId,
        edit: impl Into<Edit<'a>>,
    ) -> Result<bool, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        if !delete(&transaction, app_id, id, edit.into()).await? {
            return Ok(false);
        }
        check_unwatched(&transaction, id).await?;
        db::commit(transaction).await?;
        self.remover().wake();
        Ok(true)
    }
}

/// Enters an integration, in a transaction that changes the configuration.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    (app_id, id, at): (AppId, IntegrationId, EventTime),
    settings: &IntegrationSettings,
    (new, max_active): (&NewSecrets, u8),
    actor: &Actor,
) -> Result<(), SaveError> {
    let secret = keys.seal(&signing_identity(id), &new.signing_secret);
    let secret = secret.map_err(StoreError::from)?;
    let key = new.signing_key.as_ref().map(|key| keys.seal(&key_identity(id), key));
    let key = key.transpose().map_err(StoreError::from)?;
    let sql = "
        INSERT INTO integrations
            (id, app_id, settings, active, include_previews, signing_secret, signing_key,
             created_at, updated_at)
        SELECT $1, id, $3, $4, $5, $6, $7, $8, $8
        FROM apps
        WHERE id = $2";
    let values = [
        id.to_string().into(),
        app_id.to_string().into(),
        to_json(settings).into(),
        settings.active.into(),
        settings.include_previews.into(),
        secret.into(),
        key.into(),
        at.millis().into(),
    ];
    if db::execute(transaction, sql, values).await? == 0 {
        return Err(SaveError::UnknownApp);
    }
    check_limit(transaction, app_id, id, settings, max_active).await?;
    write_filter(transaction, id, settings).await?;
    if new.named.len() > MAX_SECRETS {
        return Err(SaveError::TooManySecrets);
    }
    for (name, value) in &new.named {
        secrets::insert(transaction, keys, id, name, value, at).await?;
    }
    secrets::check_names(transaction, id, settings).await?;
    let line = line(AuditAction::IntegrationMade, app_id, id, settings).between(&(), settings);
    let names = new.named.keys();
    let line = names.fold(line, |line, name| line.and_secret(&format!("/secrets/{name}")));
    audit::write(transaction, actor, at, line).await?;
    Ok(())
}

/// Replaces an integration's settings with what secrets come with them, in such a transaction.
pub(crate) async fn update(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    (app_id, id): (AppId, IntegrationId),
    settings: &IntegrationSettings,
    ((given, edit), max_active): ((&GivenSecrets, Edit<'_>), u8),
) -> Result<Option<Integration>, SaveError> {
    let Edit { actor, .. } = edit;
    let Some((present, revision)) = locked(transaction, app_id, id).await? else {
        return Ok(None);
    };
    check_revision(transaction, id, revision, edit).await?;
    if !settings.url.has_origin_of(&present.url) {
        let mut names = secrets::names(transaction, id).await?;
        names.retain(|name| !given.named.contains_key(name));
        if !names.is_empty() {
            let names = names.iter().map(|name| format!("{{secret.{name}}}")).collect();
            return Err(SaveError::SecretsRequired { names, pointer: "/secrets" });
        }
    }
    secrets::replace(transaction, keys, (app_id, id), &given.named, actor).await?;
    if let Some(key) = &given.signing_key {
        let sealed = keys.seal(&key_identity(id), key).map_err(StoreError::from)?;
        let sql = "
            UPDATE integrations
            SET signing_key = $2
            WHERE id = $1
              AND signing_key IS NULL";
        db::execute(transaction, sql, [id.to_string().into(), sealed.into()]).await?;
    }
    let line = line(AuditAction::IntegrationUpdated, app_id, id, settings);
    let line = line.between(&present, settings);
    let sql = format!(
        "UPDATE integrations
        SET settings = $3, active = $4, include_previews = $5, updated_at = $6,
            disabled_reason = CASE WHEN $4 THEN NULL ELSE disabled_reason END,
            disabled_at = CASE WHEN $4 THEN NULL ELSE disabled_at END,
            revision = revision + $7
        WHERE id = $1
          AND app_id = $2
        RETURNING {COLUMNS}"
    );
    let kept = "SELECT settings AS kept FROM integrations WHERE id = $1";
    let values = [
        id.to_string().into(),
        app_id.to_string().into(),
        db::rewritten(transaction, kept, id, settings).await?.into(),
        settings.active.into(),
        settings.include_previews.into(),
        db::now().millis().into(),
        i64::from(line.has_changes()).into(),
    ];
    let Some(row) = db::one(transaction, &sql, values).await? else {
        return Ok(None);
    };
    check_limit(transaction, app_id, id, settings, max_active).await?;
    write_filter(transaction, id, settings).await?;
    secrets::check_names(transaction, id, settings).await?;
    if !settings.active {
        // It begins anew when it is active again.
        let sql = "DELETE FROM outages WHERE integration_id = $1";
        db::execute(transaction, sql, [id.to_string().into()]).await?;
        past_outages::keep(transaction, &[id], db::now()).await?;
    }
    audit::write_update(transaction, actor, db::now(), line).await?;
    Ok(Some(integration(&row)?))
}

/// Deletes an integration, in such a transaction; `false` when there is none. Its deliveries are to be
/// taken away afterwards.
pub(crate) async fn delete(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: IntegrationId,
    edit: Edit<'_>,
) -> Result<bool, SaveError> {
    let Some((settings, revision)) = locked(transaction, app_id, id).await? else {
        return Ok(false);
    };
    check_revision(transaction, id, revision, edit).await?;
    let sql = "DELETE FROM integrations WHERE id = $1";
    db::execute(transaction, sql, [id.to_string().into()]).await?;
    let sql = "INSERT INTO removals (integration_id) VALUES ($1)";
    db::execute(transaction, sql, [id.to_string().into()]).await?;
    let line = line(AuditAction::IntegrationDeleted, app_id, id, &settings);
    let line = line.between(&settings, &());
    audit::write(transaction, edit.actor, db::now(), line).await?;
    Ok(true)
}

async fn check_revision(
    transaction: &DatabaseTransaction,
    id: IntegrationId,
    present: u64,
    edit: Edit<'_>,
) -> Result<(), SaveError> {
    let actions = &[AuditAction::IntegrationUpdated, AuditAction::IntegrationDisabled];
    let subject = Subject { id: Some(&id.to_string()), actions };
    edit.expected.check(transaction, present, subject).await
}

fn line(
    action: AuditAction,
    app_id: AppId,
    id: IntegrationId,
    settings: &IntegrationSettings,
) -> Line {
    Line::new(action).in_app(app_id).on(id).named(&settings.name)
}

/// Refuses one more active integration than the app may have. Changes of integrations come one at
/// a time, so that what is counted here is still so at the commit.
async fn check_limit(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: IntegrationId,
    settings: &IntegrationSettings,
    max: u8,
) -> Result<(), SaveError> {
    if !settings.active {
        return Ok(());
    }
    let sql = "
        SELECT COUNT(*) AS others
        FROM integrations
        WHERE app_id = $1
          AND active
          AND id <> $2";
    let values = [app_id.to_string().into(), id.to_string().into()];
    let others = match db::one(transaction, sql, values).await? {
        Some(row) => row.get::<i64>("others")?,
        None => 0,
    };
    if others < i64::from(max) { Ok(()) } else { Err(SaveError::TooManyActive { max }) }
}

/// Keeps the names of the filter where the log joins them.
async fn write_filter(
    transaction: &DatabaseTransaction,
    id: IntegrationId,
    settings: &IntegrationSettings,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM integration_events WHERE integration_id = $1";
    db::execute(transaction, sql, [id.to_string().into()]).await?;
    let names: Vec<_> = settings.events.iter().map(|name| (name,)).collect();
    let sql = "
        INSERT INTO integration_events (integration_id, name)
        SELECT $2, value ->> 0
        FROM jsonb_each($1)";
    let values = [to_json(&names).into(), id.to_string().into()];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

pub(crate) fn integration(row: &Row) -> Result<Integration, StoreError> {
    Ok(Integration {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        settings: row.json("settings")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled: row.word_opt("disabled_reason")?.zip(row.time_opt("disabled_at")?),
        revision: row.count("revision")?,
    })
}
