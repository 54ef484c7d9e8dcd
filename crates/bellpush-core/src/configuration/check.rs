//! What is refused of a document, whatever is set up already.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use serde_json::{Map, Value};

use super::{
    AlertRuleConfiguration, AppConfiguration, Configuration, IntegrationConfiguration,
    SecretReference,
};
use crate::{
    FieldError,
    alerts::MAX_ALERT_RULES,
    design::Design,
    integration::{MAX_SECRETS, check_secret_value},
    profile::check_references,
    trunk::is_credential,
};

/// Reads a design document by its rules.
type ReadDesign = fn(Value) -> Result<Design, Vec<FieldError>>;

/// Characters of a widget key.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

impl Configuration {
    /// Checks every rule that the types do not carry, and brings designs to the present version.
    ///
    /// # Errors
    /// The first thing that breaks one, with its place; of designs, all of one document.
    pub fn checked(mut self) -> Result<Self, Vec<FieldError>> {
        distinct("/trunks", self.trunks.iter().map(|trunk| trunk.id)).map_err(one)?;
        distinct("/apps", self.apps.iter().map(|app| app.id)).map_err(one)?;
        for (index, trunk) in self.trunks.iter().enumerate() {
            let place = format!("/trunks/{index}");
            let settings = trunk.settings.check(trunk.password.is_some());
            settings.map_err(|error| one(within(&format!("{place}/settings"), error)))?;
            if let Some(SecretReference::Value(password)) = &trunk.password
                && !is_credential(password)
            {
                let message = "a password has 1 to 256 characters, and none of control";
                return Err(one(FieldError::new(format!("{place}/password"), message)));
            }
        }
        for (index, app) in self.apps.iter_mut().enumerate() {
            check_app(&format!("/apps/{index}"), app)?;
        }
        Ok(self)
    }
}

fn check_app(place: &str, app: &mut AppConfiguration) -> Result<(), Vec<FieldError>> {
    if let Some(settings) = &app.settings {
        settings.check().map_err(|error| one(within(&format!("{place}/settings"), error)))?;
    }
    if let Some(keys) = &app.widget_keys {
        let place = format!("{place}/widgetKeys");
        distinct(&place, keys.iter().map(|key| key.id)).map_err(one)?;
        let plain =
            |key: &str| key.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
        for (index, key) in keys.iter().enumerate() {
            if !KEY_CHARS.contains(&key.key.len()) || !plain(&key.key) {
                let message = "a widget key has 16 to 128 letters, digits, - or _";
                return Err(one(FieldError::new(format!("{place}/{index}/key"), message)));
            }
        }
    }
    check_profiles(place, app).map_err(one)?;
    if let Some(integrations) = &app.integrations {
        let place = format!("{place}/integrations");
        distinct(&place, integrations.iter().map(|it| it.id)).map_err(one)?;
        for (index, integration) in integrations.iter().enumerate() {
            check_integration(&format!("{place}/{index}"), integration).map_err(one)?;
        }
    }
    if let Some(rules) = &app.alert_rules {
        let place = format!("{place}/alertRules");
        check_alert_rules(&place, rules, app.integrations.as_deref()).map_err(one)?;
    }
    if let Some(design) = &mut app.design {
        // A draft may be unfinished.
        let parts: [(&str, ReadDesign, _); 2] = [
            ("published", Design::read, &mut design.published),
            ("draft", Design::read_draft, &mut design.draft),
        ];
        for (name, read, document) in parts {
            let Some(given) = document else { continue };
            let read = read_design(given, read);
            *given = read.map_err(|faults| {
                let place = format!("{place}/design/{name}");
                faults.into_iter().map(|fault| within(&place, fault)).collect::<Vec<_>>()
            })?;
        }
    }
    Ok(())
}

fn check_profiles(place: &str, app: &AppConfiguration) -> Result<(), FieldError> {
    let Some(profiles) = &app.profiles else { return Ok(()) };
    let place = format!("{place}/profiles");
    distinct(&place, profiles.iter().map(|profile| profile.id))?;
    if profiles.iter().filter(|profile| profile.is_default).count() != 1 {
        return Err(FieldError::new(place, "exactly one profile of an app has isDefault = true"));
    }
    let by_id: BTreeMap<_, _> =
        profiles.iter().map(|profile| (profile.id, profile.settings.clone())).collect();
    for (index, profile) in profiles.iter().enumerate() {
        let place = format!("{place}/{index}/settings");
        profile.settings.check().map_err(|error| within(&place, error))?;
        check_references(&by_id, profile.id).map_err(|error| within(&place, error))?;
    }
    Ok(())
}

fn check_alert_rules(
    place: &str,
    rules: &[AlertRuleConfiguration],
    integrations: Option<&[IntegrationConfiguration]>,
) -> Result<(), FieldError> {
    distinct(place, rules.iter().map(|rule| rule.id))?;
    if rules.len() > MAX_ALERT_RULES as usize {
        let message = format!("an app has at most {MAX_ALERT_RULES} alert rules");
        return Err(FieldError::new(place, message));
    }
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("{place}/{index}/settings");
        rule.settings.check().map_err(|error| within(&place, error))?;
        if let (Some(id), Some(all)) = (rule.settings.integration_id, integrations)
            && !all.iter().any(|it| it.id == id)
        {
            let message = format!("the app has no integration {id}");
            return Err(FieldError::new(format!("{place}/integrationId"), message));
        }
    }
    Ok(())
}

fn check_integration(place: &str, it: &IntegrationConfiguration) -> Result<(), FieldError> {
    let settings = format!("{place}/settings");
    it.settings.check().map_err(|error| within(&settings, error))?;
    if it.secrets.len() > MAX_SECRETS {
        let message = format!("an integration has at most {MAX_SECRETS} secrets");
        return Err(FieldError::new(format!("{place}/secrets"), message));
    }
    for (name, secret) in &it.secrets {
        if let SecretReference::Value(value) = secret {
            let place = format!("{place}/secrets/{name}");
            check_secret_value(value).map_err(|error| FieldError::new(place, error.to_string()))?;
        }
    }
    match it.settings.secrets().find(|(name, _)| !it.secrets.contains_key(*name)) {
        Some((name, pointer)) => {
            let message = format!("{{secret.{name}}} is not among the integration's secrets");
            Err(FieldError::new(format!("{settings}{pointer}"), message))
        }
        None => Ok(()),
    }
}

fn read_design(
    document: &Map<String, Value>,
    read: ReadDesign,
) -> Result<Map<String, Value>, Vec<FieldError>> {
    match read(Value::Object(document.clone()))?.to_json() {
        Value::Object(read) => Ok(read),
        _ => Err(one(FieldError::new("", "a design document is a JSON object"))),
    }
}

fn distinct<T: Ord + Display>(place: &str, ids: impl Iterator<Item = T>) -> Result<(), FieldError> {
    let mut seen = BTreeSet::new();
    for (index, id) in ids.enumerate() {
        if seen.contains(&id) {
            return Err(FieldError::new(
                format!("{place}/{index}/id"),
                format!("{id} is there twice"),
            ));
        }
        seen.insert(id);
    }
    Ok(())
}

/// The same error in something that has this place.
fn within(place: &str, error: FieldError) -> FieldError {
    FieldError::new(format!("{place}{}", error.pointer), error.message)
}

fn one(error: FieldError) -> Vec<FieldError> {
    vec![error]
}
