//! What is set up, as one document that can be kept in a file: apps with all that is theirs, and the
//! trunks. Ids stay, secrets are referred to.
//!
//! A list that an app has is complete: what is not in it is to go. A part that is not there, an app
//! and a trunk that are not named, are left as they are.

mod check;
mod plan;
mod secret;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    alerts::AlertRuleSettings,
    app::AppSettings,
    design::Design,
    ids::{AlertRuleId, AppId, DestinationId, IntegrationId, TrunkId, WidgetKeyId},
    integration::{IntegrationSettings, SecretName},
    profile::ProfileSettings,
    trunk::TrunkSettings,
};

pub use plan::{ChangeKind, PlannedChange, Screen, plan};
pub use secret::SecretReference;

/// Bytes of a document as JSON, at most.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What is set up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// Ways to phone systems, for all apps.
    pub trunks: Vec<TrunkConfiguration>,
    /// Apps.
    pub apps: Vec<AppConfiguration>,
}

/// A trunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrunkConfiguration {
    /// Its id.
    pub id: TrunkId,
    /// Its settings.
    pub settings: TrunkSettings,
    /// Its password; without one it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretReference>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppConfiguration {
    /// Its id.
    pub id: AppId,
    /// Its settings, the business hours among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AppSettings>,
    /// The keys by which pages name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_keys: Option<Vec<WidgetKeyConfiguration>>,
    /// Its profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<ProfileConfiguration>>,
    /// Its integrations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrations: Option<Vec<IntegrationConfiguration>>,
    /// Its alert rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_rules: Option<Vec<AlertRuleConfiguration>>,
    /// Its design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignConfiguration>,
}

/// A widget key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WidgetKeyConfiguration {
    /// Its id.
    pub id: WidgetKeyId,
    /// The key, as it stands in pages: it is public.
    pub key: String,
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileConfiguration {
    /// Its id.
    pub id: DestinationId,
    /// Whether calls that ask for no profile go there: exactly one of an app is.
    #[serde(default)]
    pub is_default: bool,
    /// Its settings.
    pub settings: ProfileSettings,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationConfiguration {
    /// Its id.
    pub id: IntegrationId,
    /// Its settings.
    pub settings: IntegrationSettings,
    /// Its named secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<SecretName, SecretReference>,
}

/// An alert rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRuleConfiguration {
    /// Its id.
    pub id: AlertRuleId,
    /// Its settings.
    pub settings: AlertRuleSettings,
}

/// The design documents of an app. One that is not there is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DesignConfiguration {
    /// What widgets show.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<HashMap<String, Value>>))]
    pub published: Option<Map<String, Value>>,
    /// What is worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<HashMap<String, Value>>))]
    pub draft: Option<Map<String, Value>>,
}

impl Configuration {
    /// The apps and trunks that it names.
    #[must_use]
    pub fn named(&self) -> (BTreeSet<AppId>, BTreeSet<TrunkId>) {
        let apps = self.apps.iter().map(|app| app.id).collect();
        (apps, self.trunks.iter().map(|trunk| trunk.id).collect())
    }

    /// The part of one app, with the trunks that its profiles call by.
    #[must_use]
    pub fn of_app(&self, id: AppId) -> Self {
        let apps: Vec<_> = self.apps.iter().filter(|app| app.id == id).cloned().collect();
        let profiles = apps.iter().flat_map(|app| app.profiles.iter().flatten());
        let used: BTreeSet<_> = profiles.filter_map(|it| it.settings.trunk_id).collect();
        let trunks = self.trunks.iter().filter(|trunk| used.contains(&trunk.id)).cloned();
        Self { trunks: trunks.collect(), apps }
    }

    /// The same with all values of secrets taken out, as it can be kept.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        for trunk in &mut self.trunks {
            trunk.password = trunk.password.as_ref().map(|_| SecretReference::Kept);
        }
        for integration in
            self.apps.iter_mut().flat_map(|app| app.integrations.iter_mut().flatten())
        {
            for secret in integration.secrets.values_mut() {
                *secret = SecretReference::Kept;
            }
        }
        self
    }
}

/// A design document as it is kept now: of the present version, with every field.
///
/// One that breaks a rule that was made later stays as it was written.
#[must_use]
pub fn present_design(document: Map<String, Value>) -> Map<String, Value> {
    let read = Design::read_draft(Value::Object(document.clone())).map(|design| design.to_json());
    match read {
        Ok(Value::Object(read)) => read,
        _ => document,
    }
}

#[cfg(test)]
mod tests;
