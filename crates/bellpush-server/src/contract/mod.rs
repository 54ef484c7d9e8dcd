//! What the description of the API says of all operations alike: the refusals that any of them may
//! answer with, and the forms that follow from others.

use bellpush_core::{
    ids::{
        AlertRuleId, ApiKeyId, AppId, CallId, DestinationId, ErasureId, EventId, ExportId,
        IntegrationId, InvitationId, MemberId, PasskeyId, RehearsalId, ReplayId, SignInId, TrunkId,
        ViewId, WidgetKeyId,
    },
    integration::SecretName,
};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::access::{Need, need_of};

mod integers;
mod patches;
mod references;
mod revisions;
mod rules;
#[cfg(test)]
mod tests;

use references::referred;

/// Operations that take beacons, whose content type a page can't choose freely.
const BEACONS: [&str; 2] = ["leavePage", "submitEvents"];

/// Completes the document that the handlers describe.
pub(crate) fn complete(described: OpenApi) -> Value {
    // A description that can't be written would be a fault of the program; an empty one shows it.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    rules::add(&mut document);
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let mut patches = Map::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths {
            revisions::describe(operations);
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                add_security(operation);
                add_refusals(path, method, operation);
                add_patterns(operation);
                take_null_from_parameters(operation);
                patches::describe(operation, &schemas, &mut patches);
            }
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.extend(patches);
    }
    close(&mut document);
    free_objects(&mut document);
    integers::bound(&mut document);
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
            "apiKeyId" => ApiKeyId::PATTERN,
            "appId" => AppId::PATTERN,
            "callId" => CallId::PATTERN,
            "destinationId" => DestinationId::PATTERN,
            "erasureId" => ErasureId::PATTERN,
            "exportId" => ExportId::PATTERN,
            "integrationId" => IntegrationId::PATTERN,
            "invitationId" => InvitationId::PATTERN,
            "keyId" => WidgetKeyId::PATTERN,
            "memberId" => MemberId::PATTERN,
            "passkeyId" => PasskeyId::PATTERN,
            "rehearsalId" => RehearsalId::PATTERN,
            "replayId" => ReplayId::PATTERN,
            "ruleId" => AlertRuleId::PATTERN,
            "signInId" => SignInId::PATTERN,
            "viewId" => ViewId::PATTERN,
            "trunkId" => TrunkId::PATTERN,
            "eventId" => EventId::PATTERN,
            "secretName" => SecretName::PATTERN,
            _ => continue,
        };
        parameter["schema"]["pattern"] = pattern.into();
    }
}

/// A parameter of a query or a header is not given, or has a value: neither has a `null`.
fn take_null_from_parameters(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
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
        // A redirect has nothing to say beside where it leads.
        if !status.starts_with(['2', '3']) && response["content"].is_null() {
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
            let is_object = fields.get("type").is_some_and(|kind| {
                let kinds = kind.as_array().map_or(std::slice::from_ref(kind), Vec::as_slice);
                kinds.iter().any(|kind| kind == "object")
            });
            if is_object && !closed.iter().any(|field| fields.contains_key(*field)) {
                fields.insert("additionalProperties".into(), Value::Bool(true));
            }
            fields.values_mut().for_each(free_objects);
        }
        _ => {}
    }
}
