//! What holds of the whole description.

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
            responses.iter().filter(|(status, _)| !status.starts_with(['2', '3']))
        {
            let schema = &response["content"]["application/problem+json"]["schema"];
            let name = referred(schema).unwrap_or_default();
            let schema = &document["components"]["schemas"][name];
            let parts = schema["allOf"].as_array().into_iter().flatten();
            let is_problem =
                name == "Problem" || parts.filter_map(referred).any(|part| part == "Problem");
            assert!(is_problem, "{method} {path} {status}: {name}");
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
            let is_id =
                in_path && !matches!(name, "secretName" | "eventId" | "version" | "country");
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
fn everything_that_is_described_is_used() {
    let document = crate::openapi();
    let text = document.to_string();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let reference = format!("\"#/components/schemas/{name}\"");
        assert!(text.contains(&reference), "nothing refers to {name}");
    }
}

#[test]
fn no_parameter_can_be_null() {
    let document = crate::openapi();
    for (path, method, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for parameter in parameters {
            let schema = parameter["schema"].to_string();
            assert!(!schema.contains("\"null\""), "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn names_of_fields_are_written_as_in_camel_case() {
    fn check(value: &Value, place: &str) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| check(item, place)),
            Value::Object(fields) => {
                for name in fields
                    .get("properties")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flat_map(Map::keys)
                {
                    assert!(!name.contains('_'), "{name} in {place}");
                }
                fields.values().for_each(|field| check(field, place));
            }
            _ => {}
        }
    }
    let document = crate::openapi();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        check(schema, name);
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
    assert_eq!(patch["properties"]["maxCalls"]["type"], json!(["integer", "null"]));
}

#[test]
fn a_number_has_the_bounds_that_the_server_keeps() {
    let document = crate::openapi();
    let schemas = &document["components"]["schemas"];
    let most = &schemas["AppSettings"]["properties"]["maxCalls"];
    assert_eq!((&most["minimum"], &most["maximum"]), (&json!(0), &json!(u32::MAX)));
    assert!(!document.to_string().contains("u-int"), "a format that no client knows");
}

#[test]
fn a_part_of_a_patch_is_a_patch_and_what_is_needed_can_not_be_reset() {
    let document = crate::openapi();
    let schemas = &document["components"]["schemas"];
    let hours = &schemas["AppSettingsPatch"]["properties"]["hours"]["anyOf"];
    let null = json!({ "type": "null" });
    assert_eq!(hours[0]["$ref"], "#/components/schemas/BusinessHoursPatch");
    assert_eq!(hours[1], null);
    assert!(schemas["BusinessHoursPatch"]["required"].is_null());
    let headers = &schemas["NewIntegrationPatch"]["properties"]["headers"];
    assert_eq!(headers["additionalProperties"]["anyOf"][1], null);
    let name = &schemas["AppSettingsPatch"]["properties"]["name"];
    assert_eq!(name["$ref"], "#/components/schemas/Name");
}
