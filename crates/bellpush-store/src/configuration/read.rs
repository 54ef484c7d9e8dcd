//! What is set up now, in one document. However many apps it is of, it takes one statement for each kind of
//! thing.

use std::collections::{BTreeMap, BTreeSet};

use bellpush_core::{
    access::Apps,
    configuration::{
        AlertRuleConfiguration, AppConfiguration, Configuration, DesignConfiguration,
        IntegrationConfiguration, ProfileConfiguration, SecretReference, TrunkConfiguration,
        WidgetKeyConfiguration, present_design,
    },
    ids::AppId,
    integration::SecretName,
};
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    Store, StoreError,
    alerts::rules,
    apps::{app, widget_keys},
    db::{self, Row, to_json},
    integrations::integration,
    routing::{profiles, trunks},
};

impl Store {
    /// What is set up of these apps, and all trunks, with secrets as references.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn configuration(&self, apps: &Apps) -> Result<Configuration, StoreError> {
        let snapshot = self.db().begin_reading().await?;
        present(&snapshot, apps).await
    }
}

/// The part of what is set up that a document is about, for a transaction in which it stays as it is.
pub(super) async fn part(
    transaction: &DatabaseTransaction,
    wanted: &Configuration,
) -> Result<Configuration, StoreError> {
    let (apps, trunks) = wanted.named();
    let mut present = present(transaction, &Apps::Only(apps)).await?;
    present.trunks.retain(|trunk| trunks.contains(&trunk.id));
    Ok(present)
}

async fn present(
    transaction: &DatabaseTransaction,
    wanted: &Apps,
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
    let sql = "
        SELECT id, settings, created_at, updated_at, revision
        FROM apps
        WHERE $1 IS NULL
           OR id IN (SELECT value ->> 0 FROM jsonb_each($1))
        ORDER BY id";
    let listed = wanted.list().map(|list| list_of(&list));
    let found = db::read(db::all(transaction, sql, [listed.into()]).await?, app::app)?;
    let ids: Vec<_> = found.iter().map(|app| app.id).collect();
    let of = OfApps { transaction, apps: list_of(&ids) };
    let (mut keys, mut profiles) = (of.keys().await?, of.profiles().await?);
    let (mut integrations, mut rules) = (of.integrations().await?, of.alert_rules().await?);
    let (mut published, mut drafts) = (of.published().await?, of.drafts().await?);
    let apps = found.into_iter().map(|app| AppConfiguration {
        id: app.id,
        settings: Some(app.settings),
        widget_keys: Some(keys.remove(&app.id).unwrap_or_default()),
        profiles: Some(profiles.remove(&app.id).unwrap_or_default()),
        integrations: Some(integrations.remove(&app.id).unwrap_or_default()),
        alert_rules: Some(rules.remove(&app.id).unwrap_or_default()),
        design: Some(DesignConfiguration {
            published: published.remove(&app.id),
            draft: drafts.remove(&app.id),
        }),
    });
    Ok(Configuration { trunks, apps: apps.collect() })
}

/// A hash of what is set up.
pub(super) fn state(configuration: &Configuration) -> String {
    let hash = Sha256::digest(to_json(configuration));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Apps as a list goes into a statement.
fn list_of(apps: &[AppId]) -> String {
    to_json(&apps.iter().map(|app| (app,)).collect::<Vec<_>>())
}

/// The apps that a statement names by `WHERE`.
macro_rules! of_apps {
    ($select:literal, $order:literal) => {
        concat!($select, " WHERE app_id IN (SELECT value ->> 0 FROM jsonb_each($1)) ", $order)
    };
}

/// What some apps have of each kind, by app.
struct OfApps<'a> {
    transaction: &'a DatabaseTransaction,
    apps: String,
}

impl OfApps<'_> {
    async fn rows(&self, sql: &str) -> Result<Vec<Row>, StoreError> {
        Ok(db::all(self.transaction, sql, [self.apps.as_str().into()]).await?)
    }

    async fn keys(&self) -> Result<BTreeMap<AppId, Vec<WidgetKeyConfiguration>>, StoreError> {
        let sql = of_apps!("SELECT id, app_id, key, created_at FROM widget_keys", "ORDER BY id");
        let keys = db::read(self.rows(sql).await?, widget_keys::widget_key)?;
        let configuration =
            |it: crate::WidgetKey| (it.app_id, WidgetKeyConfiguration { id: it.id, key: it.key });
        Ok(by_app(keys.into_iter().map(configuration)))
    }

    async fn profiles(&self) -> Result<BTreeMap<AppId, Vec<ProfileConfiguration>>, StoreError> {
        let sql = of_apps!(
            "SELECT id, app_id, settings, is_default, revision FROM destinations",
            "ORDER BY id"
        );
        let profiles = db::read(self.rows(sql).await?, profiles::profile)?;
        let configuration = |it: crate::Profile| {
            let (id, is_default, settings) = (it.id, it.is_default, it.settings);
            (it.app_id, ProfileConfiguration { id, is_default, settings })
        };
        Ok(by_app(profiles.into_iter().map(configuration)))
    }

    async fn integrations(
        &self,
    ) -> Result<BTreeMap<AppId, Vec<IntegrationConfiguration>>, StoreError> {
        let sql = of_apps!(
            "SELECT integration_id, name
             FROM integration_secrets
             JOIN integrations ON integrations.id = integration_secrets.integration_id",
            ""
        );
        let mut secrets: BTreeMap<String, BTreeSet<SecretName>> = BTreeMap::new();
        for row in self.rows(sql).await? {
            let names = secrets.entry(row.get("integration_id")?).or_default();
            names.insert(row.parse("name")?);
        }
        let columns = integration::COLUMNS;
        let sql = format!(of_apps!("SELECT {} FROM integrations", "ORDER BY id"), columns);
        let all = db::read(self.rows(&sql).await?, integration::integration)?.into_iter();
        let configuration = |it: crate::Integration| {
            let names = secrets.remove(&it.id.to_string()).unwrap_or_default();
            let secrets = names.into_iter().map(|name| (name, SecretReference::Kept)).collect();
            (it.app_id, IntegrationConfiguration { id: it.id, settings: it.settings, secrets })
        };
        Ok(by_app(all.map(configuration)))
    }

    async fn alert_rules(
        &self,
    ) -> Result<BTreeMap<AppId, Vec<AlertRuleConfiguration>>, StoreError> {
        let rules = db::read(self.rows(rules::OF_APPS).await?, rules::rule)?.into_iter();
        let configuration = |it: crate::AlertRule| {
            (it.app_id, AlertRuleConfiguration { id: it.id, settings: it.settings })
        };
        Ok(by_app(rules.map(configuration)))
    }

    async fn published(&self) -> Result<BTreeMap<AppId, Map<String, Value>>, StoreError> {
        let sql = of_apps!(
            "SELECT app_id, document FROM design_versions",
            "AND version = (
                 SELECT MAX(newest.version)
                 FROM design_versions AS newest
                 WHERE newest.app_id = design_versions.app_id
             )"
        );
        self.documents(sql).await
    }

    async fn drafts(&self) -> Result<BTreeMap<AppId, Map<String, Value>>, StoreError> {
        self.documents(of_apps!("SELECT app_id, document FROM design_drafts", "")).await
    }

    async fn documents(
        &self,
        sql: &str,
    ) -> Result<BTreeMap<AppId, Map<String, Value>>, StoreError> {
        let document =
            |row: &Row| Ok((row.parse("app_id")?, present_design(row.json("document")?)));
        Ok(db::read(self.rows(sql).await?, document)?.into_iter().collect())
    }
}

fn by_app<T>(all: impl Iterator<Item = (AppId, T)>) -> BTreeMap<AppId, Vec<T>> {
    let mut by_app = BTreeMap::<AppId, Vec<T>>::new();
    for (app, it) in all {
        by_app.entry(app).or_default().push(it);
    }
    by_app
}
