//! What the description of the API says of all operations alike: the refusals that any of them may
//! answer with, and the forms that follow from others.

use bellpush_core::ids::{
    ApiKeyId, AppId, CallId, DestinationId, IntegrationId, InvitationId, MemberId, ReplayId,
    SignInId, TrunkId, WidgetKeyId,
};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::access::{Need, need_of};

/// Operations that take a merge patch, with the schema of the whole.
const PATCHES: [(&str, &str); 4] = [
    ("updateApp", "AppSettings"),
    ("updateDestination", "ProfileBody"),
    ("updateIntegration", "NewIntegration"),
    ("updateTrunk", "TrunkBody"),
];

/// Operations that take beacons, whose content type a page can't choose freely.
const BEACONS: [&str; 2] = ["leavePage", "submitEvents"];

/// Completes the document that the handlers describe.
pub(crate) fn complete(described: OpenApi) -> Value {
    // A description that can't be written would be a fault of the program; an empty one shows it.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let mut patches = Map::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                add_security(operation);
                add_refusals(path, method, operation);
                add_patterns(operation);
                take_null_from_queries(operation);
                if let Some((name, schema)) = merge_patch(operation, &schemas) {
                    patches.insert(name, schema);
                }
            }
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.extend(patches);
    }
    close(&mut document);
    free_objects(&mut document);
    document
}

/// Says who may use an operation, and of keys and members with which permission.
fn add_security(operation: &mut Value) {
    let need = operation["operationId"].as_str().and_then(need_of);
    let by = |permission: Option<String>| {
        let permissions: Vec<_> = permission.into_iter().collect();
        json!([{ "api_key": permissions }, { "browser": permissions }])
    };
    operation["security"] = match need {
        Some(Need::Anyone) => by(None),
        Some(Need::Person { .. }) => json!([{ "browser": [] }]),
        Some(Need::May { permission, .. }) => by(Some(permission.to_string())),
        // A session's token, or nothing, as the handler describes it.
        Some(Need::Nothing | Need::Session) | None => return,
    };
}

/// Gives ids in paths the form that they have.
fn add_patterns(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "path")
    {
        let pattern = match parameter["name"].as_str().unwrap_or_default() {
            "apiKeyId" => id(ApiKeyId::PREFIX),
            "appId" => id(AppId::PREFIX),
            "callId" => id(CallId::PREFIX),
            "destinationId" => id(DestinationId::PREFIX),
            "integrationId" => id(IntegrationId::PREFIX),
            "invitationId" => id(InvitationId::PREFIX),
            "keyId" => id(WidgetKeyId::PREFIX),
            "memberId" => id(MemberId::PREFIX),
            "replayId" => id(ReplayId::PREFIX),
            "signInId" => id(SignInId::PREFIX),
            "trunkId" => id(TrunkId::PREFIX),
            "eventId" => {
                "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$".into()
            }
            "secretName" => "^[A-Za-z][A-Za-z0-9_]{0,63}$".into(),
            _ => continue,
        };
        parameter["schema"]["pattern"] = pattern.into();
    }
}

/// A query's parameter is not given, or has a value: a URL has no `null`.
fn take_null_from_queries(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "query")
    {
        let Some(schema) = parameter.get_mut("schema") else { continue };
        if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [kind] = &**kinds {
                schema["type"] = kind.clone();
            }
        }
        if let Some(forms) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
            forms.retain(|form| form["type"] != "null");
            if let [form] = &**forms {
                *schema = form.clone();
            }
        }
    }
}

fn id(prefix: &str) -> String {
    format!("^{prefix}[0-9a-f]{{32}}$")
}

/// Adds the statuses that the way of a request through the server may end in, before or behind its
/// handler.
fn add_refusals(path: &str, method: &str, operation: &mut Value) {
    let has_body = !operation["requestBody"].is_null();
    let has = |place: &str| {
        let parameters = operation["parameters"].as_array();
        parameters.into_iter().flatten().any(|parameter| parameter["in"] == place)
    };
    let is_secured = !operation["security"].is_null();
    let is_beacon = operation["operationId"].as_str().is_some_and(|id| BEACONS.contains(&id));
    let rows = [
        ("400", has_body, "The body is not readable, or broke off"),
        ("401", is_secured, "There is no valid key or token"),
        ("403", method != "get" || is_secured, "Not permitted, or a page of another site sends it"),
        ("404", path.contains('{'), "There is no such thing"),
        ("408", has_body, "The body did not come within 10 s"),
        ("413", has_body, "The body is too large"),
        ("415", has_body && !is_beacon, "The body has another content type"),
        ("422", has_body || has("query"), "A value is not acceptable"),
        ("429", true, "Too many requests, or too many unknown keys or tokens"),
        ("503", true, "Not possible right now, such as when the database is away"),
    ];
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, can_occur, description) in rows {
        if can_occur {
            responses.entry(status).or_insert_with(|| json!({ "description": description }));
        }
    }
    for (status, response) in responses {
        if !status.starts_with('2') {
            response["content"] = json!({
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } }
            });
        }
        if response["description"].as_str().is_none_or(str::is_empty) {
            let said = rows.iter().find(|(row, ..)| row == status).map(|(.., said)| *said);
            response["description"] = said.unwrap_or("Done").into();
        }
    }
}

/// The schema of a merge patch (RFC 7396): every field of the whole may be given, or reset by `null`.
fn merge_patch(operation: &mut Value, schemas: &Map<String, Value>) -> Option<(String, Value)> {
    let (_, whole) =
        PATCHES.iter().find(|(patch, _)| operation["operationId"].as_str() == Some(*patch))?;
    let content = operation.pointer_mut("/requestBody/content/application~1json/schema")?;
    let mut properties = Map::new();
    collect(whole, schemas, &mut properties);
    for property in properties.values_mut() {
        *property = patched(property, schemas);
    }
    let name = format!("{whole}Patch");
    *content = json!({ "$ref": format!("#/components/schemas/{name}") });
    let schema = json!({
        "type": "object", "properties": properties, "additionalProperties": false,
        "description": "A merge patch (RFC 7396).",
    });
    Some((name, schema))
}

/// All properties of a schema, those of what is flattened into it included.
fn collect(name: &str, schemas: &Map<String, Value>, properties: &mut Map<String, Value>) {
    let Some(schema) = schemas.get(name) else { return };
    let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    for part in parts {
        if let Some(other) = referred(&part) {
            collect(other, schemas, properties);
        }
        let own = part["properties"].as_object().cloned().unwrap_or_default();
        properties.extend(own);
    }
}

/// A property as a patch may have it.
fn patched(property: &Value, schemas: &Map<String, Value>) -> Value {
    let is_object = |name: &str| schemas.get(name).is_some_and(|schema| schema["type"] == "object");
    let description = property["description"].clone();
    let mut patched = match referred(property) {
        // An object is patched as the whole is, field by field.
        Some(name) if is_object(name) => {
            json!({ "type": ["object", "null"], "additionalProperties": true })
        }
        Some(_) => json!({ "anyOf": [{ "$ref": property["$ref"] }, { "type": "null" }] }),
        None if property["oneOf"].is_array() => json!({ "oneOf": property["oneOf"] }),
        None => {
            let mut patched = property.clone();
            if let Some(kind) = patched["type"].as_str() {
                patched["type"] = json!([kind, "null"]);
            }
            patched
        }
    };
    if let Some(fields) = patched.as_object_mut() {
        fields.remove("default");
        if description.is_string() {
            fields.insert("description".into(), description);
        }
    }
    patched
}

fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// A schema that is flattened into another one must not forbid the fields of the other: what is sent
/// forbids what it does not know as a whole, and what is answered does not.
fn close(document: &mut Value) {
    let mut flattened = Vec::new();
    let schemas = document["components"]["schemas"].as_object_mut();
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values()) {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        flattened.extend(parts.filter_map(referred).map(ToOwned::to_owned));
    }
    for name in &flattened {
        let schema = document["components"]["schemas"].get_mut(name);
        if let Some(schema) = schema.and_then(Value::as_object_mut) {
            schema.remove("additionalProperties");
        }
    }
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let has_parts = |name: &str| {
        flattened.iter().any(|other| other == name)
            || schemas.get(name).is_some_and(|schema| schema["allOf"].is_array())
    };
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let body = operation.pointer_mut("/requestBody/content/application~1json/schema");
        let Some(schema) = body else { continue };
        if referred(schema).is_some_and(has_parts) {
            *schema = json!({ "allOf": [schema.clone()], "unevaluatedProperties": false });
        }
    }
}

/// JSON of any form is an object with whatever it has, not an empty one.
fn free_objects(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(free_objects),
        Value::Object(fields) => {
            let closed = ["properties", "additionalProperties", "allOf", "oneOf", "anyOf"];
            let is_object = fields.get("type").is_some_and(|kind| kind == "object");
            if is_object && !closed.iter().any(|field| fields.contains_key(*field)) {
                fields.insert("additionalProperties".into(), Value::Bool(true));
            }
            fields.values_mut().for_each(free_objects);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, operations)| {
            operations.as_object().unwrap().iter().map(move |(method, it)| (path, method, it))
        })
    }

    #[test]
    fn each_operation_has_a_name_of_its_own() {
        let document = crate::openapi();
        let ids: Vec<_> =
            operations(&document).map(|(.., it)| it["operationId"].as_str().unwrap()).collect();
        assert!(ids.contains(&"listApps") && ids.contains(&"createApp"), "{ids:?}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        let verbs = ["list", "create", "read", "update", "delete"];
        assert!(!ids.iter().any(|id| verbs.contains(id)), "{ids:?}");
    }

    #[test]
    fn each_refusal_is_a_problem_and_each_that_can_occur_is_there() {
        let document = crate::openapi();
        for (path, method, operation) in operations(&document) {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in
                responses.iter().filter(|(status, _)| !status.starts_with('2'))
            {
                let schema = &response["content"]["application/problem+json"]["schema"];
                assert_eq!(
                    schema["$ref"], "#/components/schemas/Problem",
                    "{method} {path} {status}"
                );
            }
            let mut expected = vec!["429", "503"];
            if operation["requestBody"].is_object() {
                expected.extend(["400", "408", "413", "422"]);
                if !BEACONS.contains(&operation["operationId"].as_str().unwrap()) {
                    expected.push("415");
                }
            }
            if operation["security"].is_array() {
                expected.push("401");
            }
            if path.contains('{') {
                expected.push("404");
            }
            for status in expected {
                assert!(responses.contains_key(status), "{method} {path} has no {status}");
            }
        }
    }

    #[test]
    fn a_parameter_of_the_path_stands_in_the_path_and_others_do_not() {
        let document = crate::openapi();
        for (path, method, operation) in operations(&document) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let in_path = path.contains(&format!("{{{name}}}"));
                assert_eq!(parameter["in"] == "path", in_path, "{method} {path} {name}");
                let is_id = in_path && !matches!(name, "secretName" | "eventId" | "version");
                let pattern = parameter["schema"]["pattern"].as_str();
                assert!(!is_id || pattern.is_some_and(|it| it.contains("[0-9a-f]{32}")), "{name}");
            }
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| check(item, document)),
                Value::Object(fields) => {
                    if let Some(place) = fields.get("$ref").and_then(Value::as_str) {
                        let found = place.strip_prefix('#').and_then(|it| document.pointer(it));
                        assert!(found.is_some(), "there is no {place}");
                    }
                    fields.values().for_each(|field| check(field, document));
                }
                _ => {}
            }
        }
        let document = crate::openapi();
        check(&document, &document);
    }

    #[test]
    fn no_parameter_of_a_query_can_be_null() {
        let document = crate::openapi();
        for (path, method, operation) in operations(&document) {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                let schema = parameter["schema"].to_string();
                assert!(!schema.contains("\"null\""), "{method} {path}: {parameter}");
            }
        }
    }

    #[test]
    fn what_is_flattened_into_an_answer_forbids_none_of_its_fields() {
        let document = crate::openapi();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            for part in schema["allOf"].as_array().into_iter().flatten().filter_map(referred) {
                assert!(schemas[part]["additionalProperties"] != false, "{part} in {name}");
            }
        }
        let patch = &schemas["AppSettingsPatch"];
        assert_eq!(patch["additionalProperties"], false);
        assert_eq!(patch["properties"]["name"]["type"], json!(["string", "null"]));
    }
}
