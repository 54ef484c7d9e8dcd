//! The configuration as a TOML file: written with comments, and read with its secrets put in.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table};

/// A list that is longer than this is written with one item a line.
const MAX_LINE: usize = 80;
/// An object of a list with no more fields than this, and nothing but plain values in it, is written on one line.
const MAX_INLINE_FIELDS: usize = 4;
/// What a custom button sends: any JSON.
const DATA: &str = "data";
/// What stands for `null` where that is not the same as nothing.
const NEVER: &str = "never";
/// What comes first, where it is there, in this order.
const FIRST: [&str; 14] = [
    "id",
    "type",
    "name",
    "version",
    "key",
    "isDefault",
    "password",
    "trunks",
    "settings",
    "widgetKeys",
    "profiles",
    "integrations",
    "alertRules",
    "apps",
];

/// Writes what the server has.
///
/// # Errors
/// A value that TOML does not have.
pub(super) fn write(
    mut configuration: Value,
    url: &str,
    secrets_from_env: bool,
) -> anyhow::Result<String> {
    let mut uses = BTreeMap::<String, u32>::new();
    each_secret(&mut configuration, &mut |id, name, _| {
        *uses.entry(variable(id, &name.to_uppercase())).or_default() += 1;
        Ok(())
    })?;
    each_secret(&mut configuration, &mut |id, name, secret| {
        if secrets_from_env {
            let usual = variable(id, &name.to_uppercase());
            // Names that differ in their capitals alone keep them.
            let variable = if uses.get(&usual) == Some(&1) { usual } else { variable(id, name) };
            *secret = json!({ "secret": format!("env:{variable}") });
        }
        Ok(())
    })?;
    each_never(&mut configuration, &mut |value| {
        if value.is_null() {
            *value = NEVER.into();
        }
    });
    let Value::Object(fields) = configuration else { bail!("the server answered no document") };
    let mut document = DocumentMut::new();
    *document.as_table_mut() = table(&fields, &mut vec![])?;
    document.decor_mut().set_prefix(format!(
        "# What is set up at {url}.\n\
         #\n\
         # bellpush diff shows what would change, bellpush apply makes it so. A list that an app has is\n\
         # complete: what is not in it is deleted. Parts, apps and trunks that are left out stay as they\n\
         # are. \"kept\" is the secret that the server has; {{ secret = \"env:NAME\" }} is a new one.\n"
    ));
    Ok(document.to_string())
}

/// Reads a file into what the server takes, with the values of secrets from the environment.
///
/// # Errors
/// No TOML, or a secret that is not there.
pub(super) fn read(text: &str, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Value> {
    let mut configuration: Value = toml_edit::de::from_str(text)?;
    each_never(&mut configuration, &mut |value| {
        if value == NEVER {
            *value = Value::Null;
        }
    });
    read_data(&mut configuration)?;
    each_secret(&mut configuration, &mut |id, name, secret| {
        let reference = match &*secret {
            Value::String(word) if word == "kept" => return Ok(()),
            Value::Object(fields) if fields.len() == 1 => fields.get("secret"),
            _ => None,
        };
        match reference.and_then(Value::as_str) {
            Some("kept") => *secret = "kept".into(),
            Some(text) if text.starts_with("env:") => {
                let named = text.trim_start_matches("env:");
                let value = variable(named).with_context(|| {
                    format!("the variable {named} is not set, for the secret {name} of {id}")
                })?;
                *secret = json!({ "value": value });
            }
            _ => bail!(
                "the secret {name} of {id} is no reference: write \"kept\", or {{ secret = \
                 \"env:NAME\" }}; its value does not belong into a file"
            ),
        }
        Ok(())
    })?;
    Ok(configuration)
}

/// Calls `change` with each field that is not the same when it is left out as when it is `null`.
fn each_never(configuration: &mut Value, change: &mut impl FnMut(&mut Value)) {
    for trunk in items(configuration.get_mut("trunks")) {
        if let Some(field) = trunk.pointer_mut("/settings/keepAliveSeconds") {
            change(field);
        }
    }
}

/// Reads what was written as a text of JSON ([`has_no_toml`]).
fn read_data(value: &mut Value) -> anyhow::Result<()> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(read_data),
        Value::Object(fields) => {
            let emits = emits(fields);
            // What is in it is nobody's business.
            for (_, inner) in fields.iter_mut().filter(|(name, _)| !(emits && *name == DATA)) {
                read_data(inner)?;
            }
            if emits
                && let Some(data) = fields.get_mut(DATA)
                && let Some(text) = data.as_str()
            {
                let read = serde_json::from_str(text);
                *data = read.context("data is a table, or an object of JSON as a text")?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether these are of what emits an event, whose data may be any JSON.
fn emits(fields: &Map<String, Value>) -> bool {
    fields.get("action").is_some_and(|action| action == "emit")
}

/// Whether something is in a value that TOML can't say.
fn has_no_toml(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.is_u64() && !number.is_i64(),
        Value::Array(items) => items.iter().any(has_no_toml),
        Value::Object(fields) => fields.values().any(has_no_toml),
        Value::Bool(_) | Value::String(_) => false,
    }
}

/// Calls `change` with the owner's id, the secret's name and the reference, for each secret.
fn each_secret(
    configuration: &mut Value,
    change: &mut impl FnMut(&str, &str, &mut Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let id = |it: &Value| it["id"].as_str().unwrap_or("?").to_owned();
    for trunk in items(configuration.get_mut("trunks")) {
        let owner = id(trunk);
        if let Some(password) = trunk.get_mut("password") {
            change(&owner, "password", password)?;
        }
    }
    for app in items(configuration.get_mut("apps")) {
        for integration in items(app.get_mut("integrations")) {
            let owner = id(integration);
            let secrets = integration.get_mut("secrets").and_then(Value::as_object_mut);
            for (name, secret) in secrets.into_iter().flatten() {
                change(&owner, name, secret)?;
            }
        }
    }
    Ok(())
}

fn items(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// The variable that an export names for a secret: the same each time.
fn variable(id: &str, name: &str) -> String {
    let end = id[id.len().saturating_sub(8)..].to_uppercase();
    format!("BELLPUSH_SECRET_{end}_{name}")
}

fn table(fields: &Map<String, Value>, path: &mut Vec<String>) -> anyhow::Result<Table> {
    let mut table = Table::new();
    // A header of its own says nothing where all that follows has one.
    table.set_implicit(
        !fields.is_empty() && fields.values().all(|it| it.is_object() || is_tables(it)),
    );
    for (name, value) in ordered(fields) {
        path.push(name.clone());
        let item = match value {
            // What is null is not set.
            Value::Null => None,
            Value::Object(_) if name == DATA && emits(fields) && has_no_toml(value) => {
                Some(Item::Value(value.to_string().into()))
            }
            Value::Object(inner) if !inner.is_empty() && !is_reference(inner) => {
                let mut inner = self::table(inner, path)?;
                set_comment(inner.decor_mut(), path, value);
                if comment(path, value).is_some() {
                    inner.set_implicit(false);
                }
                Some(Item::Table(inner))
            }
            Value::Array(items) if is_tables(value) => {
                let mut list = ArrayOfTables::new();
                for item in items {
                    let Value::Object(inner) = item else { continue };
                    let mut inner = self::table(inner, path)?;
                    inner.set_implicit(false);
                    set_comment(inner.decor_mut(), path, item);
                    list.push(inner);
                }
                Some(Item::ArrayOfTables(list))
            }
            value => Some(Item::Value(plain(value)?)),
        };
        if let Some(item) = item {
            table.insert(name, item);
        }
        path.pop();
    }
    Ok(table)
}

/// Whether it refers to a secret, which is better read on one line.
fn is_reference(fields: &Map<String, Value>) -> bool {
    fields.len() == 1 && fields.get("secret").is_some_and(Value::is_string)
}

fn ordered(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |name: &str| FIRST.iter().position(|it| *it == name).unwrap_or(FIRST.len());
    let mut all: Vec<_> = fields.iter().collect();
    all.sort_by_key(|(name, _)| rank(name));
    all
}

/// Whether a value is a list of objects that is better read with a heading for each.
fn is_tables(value: &Value) -> bool {
    let is_short = |it: &Value| {
        it.as_object().is_some_and(|fields| {
            let plain = fields.values().all(|it| !it.is_object() && !it.is_array());
            plain && fields.len() <= MAX_INLINE_FIELDS && it.to_string().len() <= MAX_LINE
        })
    };
    let Value::Array(items) = value else { return false };
    let objects = !items.is_empty()
        && items.iter().all(|it| it.as_object().is_some_and(|fields| !fields.is_empty()));
    objects && !items.iter().all(is_short)
}

fn plain(value: &Value) -> anyhow::Result<toml_edit::Value> {
    Ok(match value {
        Value::Null => bail!("TOML has no null in a list"),
        Value::Bool(it) => (*it).into(),
        Value::String(it) => it.as_str().into(),
        Value::Number(it) => match (it.as_i64(), it.as_f64()) {
            (Some(it), _) => it.into(),
            (None, Some(it)) => it.into(),
            (None, None) => bail!("TOML has no number {it}"),
        },
        Value::Array(items) => {
            let mut list: Array = items.iter().map(plain).collect::<anyhow::Result<_>>()?;
            if value.to_string().len() > MAX_LINE {
                for item in list.iter_mut() {
                    item.decor_mut().set_prefix("\n    ");
                }
                list.set_trailing("\n");
                list.set_trailing_comma(true);
            }
            list.into()
        }
        Value::Object(fields) => {
            let mut inline = InlineTable::new();
            for (name, value) in ordered(fields).into_iter().filter(|(_, it)| !it.is_null()) {
                inline.insert(name, plain(value)?);
            }
            inline.into()
        }
    })
}

fn set_comment(decor: &mut toml_edit::Decor, path: &[String], value: &Value) {
    match comment(path, value) {
        Some(comment) => decor.set_prefix(format!("\n# {comment}\n")),
        None => decor.set_prefix("\n"),
    }
}

/// What stands above a part.
fn comment(path: &[String], value: &Value) -> Option<String> {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let name = || value["settings"]["name"].as_str().unwrap_or_default().replace('\n', " ");
    Some(match path[..] {
        ["trunks"] => format!("Trunk, for all apps: {}", name()),
        ["apps"] => format!("================ App: {} ================", name()),
        ["apps", "settings"] => "Settings, of the app as a whole".into(),
        ["apps", "settings", "hours"] => "Business hours".into(),
        ["apps", "settings", "survey"] => {
            "The survey, for apps without a design of their own".into()
        }
        ["apps", "settings", "retention"] => "Days that what visitors leave is kept".into(),
        ["apps", "settings", "customCode"] => "Custom code".into(),
        ["apps", "widgetKeys"] => "A widget key: public, as it stands in pages".into(),
        ["apps", "profiles"] => format!("Profile: {}", name()),
        ["apps", "alertRules"] => format!("Alert rule: {}", name()),
        ["apps", "integrations"] => format!("Integration: {}", name()),
        ["apps", "integrations", "secrets"] => "Secrets by reference".into(),
        ["apps", "design", "published"] => "The design that widgets show".into(),
        ["apps", "design", "draft"] => "The design that is worked on".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
