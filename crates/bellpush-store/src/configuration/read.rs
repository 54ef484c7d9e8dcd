//! What is set up now, in one document.

use std::collections::{BTreeMap, BTreeSet};

use bellpush_core::{
    configuration::{
        AlertRuleConfiguration, AppConfiguration, Configuration, DesignConfiguration,
        IntegrationConfiguration, ProfileConfiguration, SecretReference, TrunkConfiguration,
        WidgetKeyConfiguration, present_design,
    },
    ids::AppId,
    integration::SecretName,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    Store, StoreError,
    alerts::rules,
    apps::{app, designs::PUBLISHED, widget_keys},
    db::{self, Row},
    integrations::integration,
    routing::{profiles, trunks},
};

impl Store {
    /// What is set up, with secrets as references.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn configuration(&self) -> Result<Configuration, StoreError> {
        // Nobody changes it meanwhile.
        let transaction = self.db().begin_configuration().await?;
        present(&transaction).await
    }
}

/// What is set up, for a transaction that changes the configuration, and so the only one that does.
pub(super) async fn present(
    transaction: &DatabaseTransaction,
) -> Result<Configuration, StoreError> {
    let sql = format!("SELECT {} FROM trunks ORDER BY id", trunks::COLUMNS);
    let found = db::read(db::all(transaction, &sql, []).await?, trunks::trunk)?;
    let trunks = found
        .into_iter()
        .map(|trunk| TrunkConfiguration {
            id: trunk.id,
            settings: trunk.settings,
            password: trunk.has_password.then_some(SecretReference::Kept),
        })
        .collect();
    let sql = "SELECT id, settings, created_at, updated_at, revision FROM apps ORDER BY id";
    let mut apps = Vec::new();
    for app in db::read(db::all(transaction, sql, []).await?, app::app)? {
        apps.push(AppConfiguration {
            id: app.id,
            settings: Some(app.settings),
            widget_keys: Some(keys(transaction, app.id).await?),
            profiles: Some(of_profiles(transaction, app.id).await?),
            integrations: Some(of_integrations(transaction, app.id).await?),
            alert_rules: Some(of_alert_rules(transaction, app.id).await?),
            design: Some(design(transaction, app.id).await?),
        });
    }
    Ok(Configuration { trunks, apps })
}

/// The part of what is set up that a document is about.
pub(super) fn part(mut present: Configuration, wanted: &Configuration) -> Configuration {
    let (apps, trunks) = wanted.named();
    present.apps.retain(|app| apps.contains(&app.id));
    present.trunks.retain(|trunk| trunks.contains(&trunk.id));
    present
}

/// A hash of what is set up.
pub(super) fn state(configuration: &Configuration) -> String {
    let hash = Sha256::digest(db::to_json(configuration));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn keys(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<Vec<WidgetKeyConfiguration>, StoreError> {
    let sql = "
        SELECT id, app_id, key, created_at
        FROM widget_keys
        WHERE app_id = $1
        ORDER BY id";
    let rows = db::all(transaction, sql, [app_id.to_string().into()]).await?;
    let keys = db::read(rows, widget_keys::widget_key)?.into_iter();
    Ok(keys.map(|key| WidgetKeyConfiguration { id: key.id, key: key.key }).collect())
}

async fn of_profiles(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<Vec<ProfileConfiguration>, StoreError> {
    let mut profiles = profiles::profiles(transaction, app_id).await?;
    profiles.sort_by_key(|profile| profile.id);
    let configuration = |it: crate::Profile| ProfileConfiguration {
        id: it.id,
        is_default: it.is_default,
        settings: it.settings,
    };
    Ok(profiles.into_iter().map(configuration).collect())
}

async fn of_integrations(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<Vec<IntegrationConfiguration>, StoreError> {
    let app = app_id.to_string();
    let sql = "
        SELECT integration_id, name
        FROM integration_secrets
        JOIN integrations ON integrations.id = integration_secrets.integration_id
        WHERE app_id = $1";
    let mut secrets: BTreeMap<String, BTreeSet<SecretName>> = BTreeMap::new();
    for row in db::all(transaction, sql, [app.clone().into()]).await? {
        let names = secrets.entry(row.get("integration_id")?).or_default();
        names.insert(row.parse("name")?);
    }
    let columns = integration::COLUMNS;
    let sql = format!("SELECT {columns} FROM integrations WHERE app_id = $1 ORDER BY id");
    let rows = db::all(transaction, &sql, [app.into()]).await?;
    let all = db::read(rows, integration::integration)?.into_iter();
    let configuration = |it: crate::Integration| {
        let names = secrets.remove(&it.id.to_string()).unwrap_or_default();
        IntegrationConfiguration {
            id: it.id,
            settings: it.settings,
            secrets: names.into_iter().map(|name| (name, SecretReference::Kept)).collect(),
        }
    };
    Ok(all.map(configuration).collect())
}

async fn of_alert_rules(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<Vec<AlertRuleConfiguration>, StoreError> {
    let all = rules::rules(transaction, app_id).await?.into_iter();
    let configuration =
        |it: crate::AlertRule| AlertRuleConfiguration { id: it.id, settings: it.settings };
    Ok(all.map(configuration).collect())
}

async fn design(
    connection: &impl ConnectionTrait,
    app_id: AppId,
) -> Result<DesignConfiguration, StoreError> {
    let app = app_id.to_string();
    let values = [app.clone().into(), Option::<i64>::None.into()];
    let published = db::one(connection, PUBLISHED, values).await?;
    let sql = "SELECT document FROM design_drafts WHERE app_id = $1";
    let draft = db::one(connection, sql, [app.into()]).await?;
    let read = |row: Row| -> Result<Map<String, Value>, StoreError> {
        Ok(present_design(row.json("document")?))
    };
    Ok(DesignConfiguration {
        published: published.map(read).transpose()?,
        draft: draft.map(read).transpose()?,
    })
}
