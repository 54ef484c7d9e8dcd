//! The design document's JSON Schema, and its types in TypeScript, from the types of the core.

use std::fmt::Write;

use anyhow::{Context, bail};
use bellpush_core::{
    app::AppSettings,
    design::{self, Side, TEXT_KEYS},
};
use serde_json::{Map, Value};

use super::file::Generated;

/// The schema as it is published.
pub(super) fn schema() -> anyhow::Result<Generated> {
    let mut content = serde_json::to_string_pretty(&design::schema(Side::Written))?;
    content.push('\n');
    Ok(Generated { path: "crates/bellpush-core/schemas/design.json".into(), content })
}

/// The design of an app that has none, as its widget is told.
pub(super) fn default() -> anyhow::Result<Generated> {
    let design = design::Design::of_settings(&AppSettings::named("App"));
    let mut content = serde_json::to_string_pretty(&design.to_json())?;
    content.push('\n');
    Ok(Generated { path: "crates/bellpush-core/schemas/design.default.json".into(), content })
}

/// The types of a document as the server gives it: what has a default is there.
pub(super) fn types() -> anyhow::Result<Generated> {
    let schema = design::schema(Side::Read);
    let mut content = String::from(
        "// Generated from the Rust core by `cargo xtask generate`. Do not edit.\n\n\
         import type { Json } from \"./wire.ts\";\n\n\
         /** The names of the widget's own texts, which a design can show and put into other words. */\n\
         export const TEXT_KEYS = [\n",
    );
    for key in TEXT_KEYS {
        let _ = writeln!(content, "  \"{key}\",");
    }
    content.push_str(
        "] as const;\n\n\
         /** Between braces: what the widget puts a value in place of. A text that is not here has none. */\n\
         export const TEXT_PLACEHOLDERS: { readonly [key: string]: string | undefined } = {\n",
    );
    for key in TEXT_KEYS {
        if let Some(name) = key.placeholder() {
            let _ = writeln!(content, "  \"{key}\": \"{name}\",");
        }
    }
    content.push_str("};\n");
    let definitions = schema["$defs"].as_object().context("the schema has no definitions")?;
    declare(&mut content, "Design", &schema)?;
    for (name, definition) in definitions {
        declare(&mut content, name, definition)?;
    }
    Ok(Generated { path: "web/protocol/src/design.ts".into(), content })
}

fn declare(text: &mut String, name: &str, schema: &Value) -> anyhow::Result<()> {
    text.push('\n');
    document(text, schema, "");
    match properties(schema) {
        Some(properties) if schema.get("oneOf").is_none() => {
            let _ = writeln!(text, "export interface {name} {{");
            members(text, schema, properties)?;
            text.push_str("}\n");
        }
        _ => {
            let kind = kind(schema).with_context(|| name.to_owned())?;
            let _ = writeln!(text, "export type {name} = {kind};");
        }
    }
    Ok(())
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

fn members(
    text: &mut String,
    schema: &Value,
    properties: &Map<String, Value>,
) -> anyhow::Result<()> {
    for (name, property) in properties {
        document(text, property, "  ");
        let optional = if is_required(schema, name) { "" } else { "?" };
        let kind = kind(property).with_context(|| name.clone())?;
        let _ = writeln!(text, "  readonly {name}{optional}: {kind};");
    }
    Ok(())
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

fn document(text: &mut String, schema: &Value, indent: &str) {
    if let Some(words) = schema.get("description").and_then(Value::as_str) {
        let _ = writeln!(text, "{indent}/** {} */", words.replace('\n', " "));
    }
}

/// A type of TypeScript for what the schema allows.
fn kind(schema: &Value) -> anyhow::Result<String> {
    let Value::Object(schema_fields) = schema else { return Ok("Json".to_owned()) };
    if let Some(name) = schema_fields.get("$ref").and_then(Value::as_str) {
        return Ok(name.rsplit('/').next().unwrap_or(name).to_owned());
    }
    if let Some(value) = schema_fields.get("const") {
        return Ok(value.to_string());
    }
    if let Some(values) = schema_fields.get("enum").and_then(Value::as_array) {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        return Ok(values.join(" | "));
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(kinds) = schema_fields.get(several).and_then(Value::as_array) {
            let kinds: Vec<_> = kinds.iter().map(kind).collect::<Result<_, _>>()?;
            return Ok(kinds.join(" | "));
        }
    }
    match schema_fields.get("type") {
        Some(Value::Array(names)) => {
            let one = |name: &Value| {
                let mut single = schema_fields.clone();
                single.insert("type".to_owned(), name.clone());
                kind(&Value::Object(single))
            };
            let kinds: Vec<_> = names.iter().map(one).collect::<Result<_, _>>()?;
            Ok(kinds.join(" | "))
        }
        Some(Value::String(name)) => of_type(name, schema),
        _ => Ok("Json".to_owned()),
    }
}

fn of_type(name: &str, schema: &Value) -> anyhow::Result<String> {
    Ok(match name {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => {
            let items = kind(schema.get("items").unwrap_or(&Value::Null))?;
            if items.contains(' ') {
                format!("readonly ({items})[]")
            } else {
                format!("readonly {items}[]")
            }
        }
        "object" => match properties(schema) {
            Some(properties) => {
                let mut text = String::from("{\n");
                members(&mut text, schema, properties)?;
                text.push('}');
                text
            }
            None => {
                let values = match schema.get("additionalProperties") {
                    Some(values) => kind(values)?,
                    None => "Json".to_owned(),
                };
                format!("{{ readonly [key: string]: {values} }}")
            }
        },
        other => bail!("no type of TypeScript is known for {other:?}"),
    })
}

#[cfg(test)]
mod tests {
    use bellpush_core::{app::AppSettings, design::Design};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_takes_what_the_server_takes_and_refuses_what_has_not_the_form() {
        let schema = design::schema(Side::Written);
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let example = include_str!("../../../crates/bellpush-core/schemas/design.example.json");
        let example: Value = serde_json::from_str(example).unwrap();
        let read = Design::read(example.clone()).unwrap();
        let default = Design::of_settings(&AppSettings::named("Shop")).to_json();
        for document in [example, read.to_json(), default] {
            let faults: Vec<_> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(faults.is_empty(), "{faults:?}");
        }
        for bad in [
            json!({ "version": 1, "languages": ["en"] }),
            json!({ "version": 2, "languages": ["en"], "states": {} }),
            json!({ "version": 1, "languages": [], "states": {} }),
            json!({ "version": 1, "languages": ["en"], "states": { "later": [] } }),
            json!({ "version": 1, "languages": ["en"], "states": { "idle": [{ "type": "video" }] } }),
            json!({ "version": 1, "languages": ["en"],
                    "states": { "idle": [{ "type": "divider", "x": 1 }] } }),
            json!({ "version": 1, "languages": ["en"],
                    "states": { "idle": [{ "type": "heading", "text": "no.text" }] } }),
            json!({ "version": 1, "languages": ["en"], "states": {}, "theme": { "radius": 33 } }),
        ] {
            assert!(!validator.is_valid(&bad), "{bad}");
            assert!(Design::read(bad.clone()).is_err(), "{bad}");
        }
    }
}
