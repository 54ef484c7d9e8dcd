//! Schemas of merge patches (RFC 7396), made of those of the whole.

use std::collections::HashSet;

use bellpush_core::schema::BEYOND;
use serde_json::{Map, Value, json};

use super::references::referred;

/// Operations that take a merge patch, with the schema of the whole.
const PATCHES: [(&str, &str); 5] = [
    ("updateAlertRule", "AlertRuleSettings"),
    ("updateApp", "AppSettings"),
    ("updateDestination", "ProfileBody"),
    ("updateIntegration", "NewIntegration"),
    ("updateTrunk", "TrunkBody"),
];

/// What a part of a patch is held to beyond its schema.
const COMPLETE: &str = "what comes of it is complete";

/// Describes the body of an operation that takes a merge patch: every field of the whole may be given,
/// and reset by `null` unless the whole can't be without it. Schemas that are needed for it are added
/// to `patches`.
pub(super) fn describe(
    operation: &mut Value,
    schemas: &Map<String, Value>,
    patches: &mut Map<String, Value>,
) {
    let id = operation["operationId"].as_str();
    let Some((_, whole)) = PATCHES.iter().find(|(patch, _)| id == Some(*patch)) else { return };
    let content = operation.pointer_mut("/requestBody/content/application~1json/schema");
    if let Some(content) = content {
        *content = patch_of(whole, schemas, patches);
    }
}

/// A reference to the patch of a schema, which is made if need be.
fn patch_of(name: &str, schemas: &Map<String, Value>, patches: &mut Map<String, Value>) -> Value {
    let patch = format!("{name}Patch");
    if !patches.contains_key(&patch) {
        // So that a schema that holds itself comes to an end.
        patches.insert(patch.clone(), Value::Null);
        let mut whole = Whole::default();
        whole.collect(name, schemas);
        let properties: Map<String, Value> = whole
            .properties
            .iter()
            .map(|(field, property)| {
                let is_required = whole.required.contains(field);
                (field.clone(), patched(property, is_required, schemas, patches))
            })
            .collect();
        let schema = json!({
            "type": "object", "properties": properties, "additionalProperties": false,
            "description": "A merge patch (RFC 7396).", BEYOND: COMPLETE,
        });
        patches.insert(patch.clone(), schema);
    }
    json!({ "$ref": format!("#/components/schemas/{patch}") })
}

/// All properties of a schema, those of what is flattened into it included.
#[derive(Default)]
struct Whole {
    properties: Map<String, Value>,
    required: HashSet<String>,
}

impl Whole {
    fn collect(&mut self, name: &str, schemas: &Map<String, Value>) {
        let Some(schema) = schemas.get(name) else { return };
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for part in parts {
            if let Some(other) = referred(&part) {
                self.collect(other, schemas);
            }
            self.properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            let required = part["required"].as_array().into_iter().flatten();
            self.required.extend(required.filter_map(Value::as_str).map(ToOwned::to_owned));
        }
    }
}

/// A property as a patch may have it.
fn patched(
    property: &Value,
    is_required: bool,
    schemas: &Map<String, Value>,
    patches: &mut Map<String, Value>,
) -> Value {
    let null = json!({ "type": "null" });
    // `null` is said by the patch, where it may be.
    let forms = property["oneOf"].as_array().into_iter().flatten();
    let inner = forms.filter(|form| **form != null).collect::<Vec<_>>();
    let one = if let [one] = *inner { one } else { property };
    let mut patched = match referred(one).map(|name| (name, &schemas[name])) {
        // An object is patched as the whole is, field by field.
        Some((name, schema)) if schema["properties"].is_object() => {
            patch_of(name, schemas, patches)
        }
        Some((_, schema)) if is_object(schema) => {
            json!({ "type": "object", "additionalProperties": true, BEYOND: COMPLETE })
        }
        Some(_) => json!({ "$ref": one["$ref"] }),
        None if one["additionalProperties"].is_object() => {
            let mut map = one.clone();
            let value = patched(&one["additionalProperties"], false, schemas, patches);
            map["additionalProperties"] = value;
            map
        }
        None => one.clone(),
    };
    if !is_required {
        patched = match patched["type"].as_str() {
            Some(kind) => {
                patched["type"] = json!([kind, "null"]);
                patched
            }
            None if patched["type"].is_array() => patched,
            None => json!({ "anyOf": [patched, { "type": "null" }] }),
        };
    }
    if let Some(fields) = patched.as_object_mut() {
        fields.remove("default");
        for kept in ["description", BEYOND] {
            let said = [property, one].into_iter().find_map(|schema| schema.get(kept));
            if let Some(said) = said {
                fields.insert(kept.into(), said.clone());
            }
        }
    }
    patched
}

/// Whether values of a schema without properties of its own are objects.
fn is_object(schema: &Value) -> bool {
    let mut forms = schema["oneOf"].as_array().into_iter().flatten();
    schema["type"] == "object" || forms.any(|form| form["type"] == "object")
}
