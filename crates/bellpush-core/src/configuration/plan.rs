//! What a document would change, by the screens on which it could be changed by hand.

use std::{collections::BTreeMap, fmt::Display};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AlertRuleConfiguration, AppConfiguration, Configuration, IntegrationConfiguration,
    ProfileConfiguration, SecretReference, TrunkConfiguration,
};
use crate::{access::Change, app::AppSettings, ids::AppId};

/// Where something is set up by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Trunks.
    Trunks,
    /// An app's settings.
    Settings,
    /// Its origins and widget keys.
    Embed,
    /// Its survey and custom buttons.
    Forms,
    /// Its custom code.
    CustomCode,
    /// Its business hours.
    Hours,
    /// For how long what visitors leave is kept.
    Privacy,
    /// Its profiles.
    Profiles,
    /// Its integrations.
    Integrations,
    /// Its alert rules.
    Alerts,
    /// Its design.
    Design,
}

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is made.
    Added,
    /// It is changed.
    Changed,
    /// It is deleted.
    Removed,
}

/// One thing that would be made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// In which app; `null` of trunks, which are for all.
    pub app_id: Option<AppId>,
    /// The app's name.
    pub app_name: Option<String>,
    /// The screen on which it is.
    pub screen: Screen,
    /// The id of what is changed.
    pub subject_id: String,
    /// Its name.
    pub subject_name: String,
    /// What becomes of it.
    pub kind: ChangeKind,
    /// Field by field; of secrets, that they change. Up to a hundred.
    pub changes: Vec<Change>,
}

/// What would change if `wanted` were applied to `present`, which has all parts of the apps and
/// trunks in it. In the order of trunks and apps, and of the screens.
#[must_use]
pub fn plan(present: &Configuration, wanted: &Configuration) -> Vec<PlannedChange> {
    let mut planned = Vec::new();
    for trunk in &wanted.trunks {
        let before = present.trunks.iter().find(|it| it.id == trunk.id);
        let changes = of_trunk(before, trunk);
        if !changes.is_empty() {
            planned.push(PlannedChange {
                app_id: None,
                app_name: None,
                screen: Screen::Trunks,
                subject_id: trunk.id.to_string(),
                subject_name: trunk.settings.name.clone(),
                kind: kind(before),
                changes,
            });
        }
    }
    for app in &wanted.apps {
        let before = present.apps.iter().find(|it| it.id == app.id);
        let mut of_app = OfApp::new(before, app);
        of_app.settings(before, app);
        of_app.widget_keys(before, app);
        of_app.profiles(before, app);
        of_app.integrations(before, app);
        of_app.alert_rules(before, app);
        of_app.design(before, app);
        // Stable: what is on one screen stays in its order.
        of_app.planned.sort_by_key(|change| change.screen);
        planned.append(&mut of_app.planned);
    }
    planned
}

struct OfApp {
    id: AppId,
    name: Option<String>,
    planned: Vec<PlannedChange>,
}

impl OfApp {
    fn new(before: Option<&AppConfiguration>, app: &AppConfiguration) -> Self {
        let settings = before.and_then(|it| it.settings.as_ref()).or(app.settings.as_ref());
        let name = settings.map(|settings| settings.name.clone());
        Self { id: app.id, name, planned: Vec::new() }
    }

    fn add(
        &mut self,
        screen: Screen,
        (id, name): (impl Display, &str),
        kind: ChangeKind,
        changes: Vec<Change>,
    ) {
        self.planned.push(PlannedChange {
            app_id: Some(self.id),
            app_name: self.name.clone(),
            screen,
            subject_id: id.to_string(),
            subject_name: name.to_owned(),
            kind,
            changes,
        });
    }

    fn settings(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(settings) = &app.settings else { return };
        let old = before.and_then(|it| it.settings.as_ref());
        let mut by_screen: BTreeMap<Screen, Vec<Change>> = BTreeMap::new();
        for change in Change::between(&json(&old), &json(settings)) {
            by_screen.entry(screen_of(&change.field)).or_default().push(change);
        }
        let id = self.id;
        if before.is_none() {
            let all = by_screen.into_values().flatten().collect();
            return self.add(Screen::Settings, (id, &settings.name), ChangeKind::Added, all);
        }
        for (screen, changes) in by_screen {
            self.add(screen, (id, name_of(old, settings)), ChangeKind::Changed, changes);
        }
    }

    fn widget_keys(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(keys) = &app.widget_keys else { return };
        let old = before.and_then(|it| it.widget_keys.as_ref()).into_iter().flatten();
        let old: BTreeMap<_, _> = old.map(|key| (key.id, key)).collect();
        for key in keys {
            let before = old.get(&key.id);
            let changes = Change::between(&json(&before), &json(key));
            if !changes.is_empty() {
                self.add(Screen::Embed, (key.id, &key.key), kind(before), changes);
            }
        }
        for key in old.values().filter(|it| !keys.iter().any(|key| key.id == it.id)) {
            let changes = Change::between(&json(key), &Value::Null);
            self.add(Screen::Embed, (key.id, &key.key), ChangeKind::Removed, changes);
        }
    }

    fn profiles(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(profiles) = &app.profiles else { return };
        let old = before.and_then(|it| it.profiles.as_ref()).into_iter().flatten();
        let old: BTreeMap<_, &ProfileConfiguration> = old.map(|it| (it.id, it)).collect();
        for profile in profiles {
            let before = old.get(&profile.id);
            let changes = Change::between(&json(&before), &json(profile));
            if !changes.is_empty() {
                let subject = (profile.id, profile.settings.name.as_str());
                self.add(Screen::Profiles, subject, kind(before), changes);
            }
        }
        for gone in old.values().filter(|it| !profiles.iter().any(|profile| profile.id == it.id)) {
            let changes = Change::between(&json(gone), &Value::Null);
            let subject = (gone.id, gone.settings.name.as_str());
            self.add(Screen::Profiles, subject, ChangeKind::Removed, changes);
        }
    }

    fn integrations(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(integrations) = &app.integrations else { return };
        let old = before.and_then(|it| it.integrations.as_ref()).into_iter().flatten();
        let old: BTreeMap<_, &IntegrationConfiguration> = old.map(|it| (it.id, it)).collect();
        for integration in integrations {
            let before = old.get(&integration.id).copied();
            let changes = of_integration(before, integration);
            if !changes.is_empty() {
                let subject = (integration.id, integration.settings.name.as_str());
                self.add(Screen::Integrations, subject, kind(before), changes);
            }
        }
        for gone in old.values().filter(|it| !integrations.iter().any(|other| other.id == it.id)) {
            let changes = Change::between(&json(&gone.settings), &Value::Null);
            let subject = (gone.id, gone.settings.name.as_str());
            self.add(Screen::Integrations, subject, ChangeKind::Removed, changes);
        }
    }

    fn alert_rules(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(rules) = &app.alert_rules else { return };
        let old = before.and_then(|it| it.alert_rules.as_ref()).into_iter().flatten();
        let old: BTreeMap<_, &AlertRuleConfiguration> = old.map(|it| (it.id, it)).collect();
        for rule in rules {
            let before = old.get(&rule.id);
            let settings = json(&before.map(|it| &it.settings));
            let changes = Change::between(&settings, &json(&rule.settings));
            if !changes.is_empty() {
                let subject = (rule.id, rule.settings.name.as_str());
                self.add(Screen::Alerts, subject, kind(before), changes);
            }
        }
        for gone in old.values().filter(|it| !rules.iter().any(|rule| rule.id == it.id)) {
            let changes = Change::between(&json(&gone.settings), &Value::Null);
            let subject = (gone.id, gone.settings.name.as_str());
            self.add(Screen::Alerts, subject, ChangeKind::Removed, changes);
        }
    }

    fn design(&mut self, before: Option<&AppConfiguration>, app: &AppConfiguration) {
        let Some(design) = &app.design else { return };
        let old = before.and_then(|it| it.design.as_ref());
        let parts = [
            ("published", old.and_then(|it| it.published.as_ref()), &design.published),
            ("draft", old.and_then(|it| it.draft.as_ref()), &design.draft),
        ];
        for (name, before, after) in parts {
            let Some(after) = after else { continue };
            let value = |map: &Map<String, Value>| Value::Object(map.clone());
            let old = before.map(value).unwrap_or_default();
            let changes = Change::between(&old, &value(after));
            if !changes.is_empty() {
                self.add(Screen::Design, (self.id, name), kind(before), changes);
            }
        }
    }
}

fn of_trunk(before: Option<&TrunkConfiguration>, trunk: &TrunkConfiguration) -> Vec<Change> {
    let mut changes =
        Change::between(&json(&before.map(|it| &it.settings)), &json(&trunk.settings));
    let had = before.is_some_and(|it| it.password.is_some());
    if is_new(had, trunk.password.as_ref()) || (had && trunk.password.is_none()) {
        changes.push(Change::of_secret("/password"));
    }
    changes
}

fn of_integration(
    before: Option<&IntegrationConfiguration>,
    integration: &IntegrationConfiguration,
) -> Vec<Change> {
    let old = json(&before.map(|it| &it.settings));
    let mut changes = Change::between(&old, &json(&integration.settings));
    let had = |name| before.is_some_and(|it| it.secrets.contains_key(name));
    for (name, secret) in &integration.secrets {
        if is_new(had(name), Some(secret)) {
            changes.push(Change::of_secret(&format!("/secrets/{name}")));
        }
    }
    for name in before.into_iter().flat_map(|it| it.secrets.keys()) {
        if !integration.secrets.contains_key(name) {
            changes.push(Change::of_secret(&format!("/secrets/{name}")));
        }
    }
    changes
}

/// Whether a secret is another one then.
fn is_new(had: bool, secret: Option<&SecretReference>) -> bool {
    match secret {
        None => false,
        Some(SecretReference::Kept) => !had,
        Some(SecretReference::Value(_)) => true,
    }
}

fn screen_of(field: &str) -> Screen {
    match field.split('/').nth(1).unwrap_or_default() {
        "hours" => Screen::Hours,
        "retention" => Screen::Privacy,
        "allowedOrigins" => Screen::Embed,
        "survey" | "customButtons" => Screen::Forms,
        "customCode" => Screen::CustomCode,
        _ => Screen::Settings,
    }
}

fn name_of<'a>(before: Option<&'a AppSettings>, after: &'a AppSettings) -> &'a str {
    before.map_or(&after.name, |settings| &settings.name)
}

const fn kind<T>(before: Option<T>) -> ChangeKind
where
    T: Copy,
{
    match before {
        Some(_) => ChangeKind::Changed,
        None => ChangeKind::Added,
    }
}

/// Our own types can always be written.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
