use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[path = "../../../../bellpush-store/tests/store/configurations.rs"]
mod configurations;

use bellpush_core::configuration::Configuration;
use configurations::configurations;

fn nothing(_: &str) -> Option<String> {
    None
}

/// Without what is null, which is the same as what is not there.
fn set(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, it)| !it.is_null());
            set.map(|(name, it)| (name.clone(), self::set(it))).collect()
        }
        Value::Array(items) => items.iter().map(set).collect(),
        other => other.clone(),
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \n\"'\\\\#=\\[\\]]{0,120}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(
                "[A-Za-z0-9._ \"-]{0,12}",
                prop_oneof![4 => inner, 1 => Just(Value::Null)],
                0..6
            )
            .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(document in values()) {
        let document = json!({ "apps": [{ "id": "app", "design": { "draft": document } }], "trunks": [] });
        let text = write(document.clone(), "http://localhost", false).unwrap();
        let read = read(&text, nothing).unwrap();
        prop_assert_eq!(read, set(&document), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_set_up_is_the_same_after_a_file(configuration in configurations()) {
        let configuration = configuration.without_secrets();
        let text = write(serde_json::to_value(&configuration).unwrap(), "http://localhost", false).unwrap();
        let read: Configuration = serde_json::from_value(read(&text, nothing).unwrap()).unwrap();
        prop_assert_eq!(&read, &configuration, "{}", text);
        let again = write(serde_json::to_value(&read).unwrap(), "http://localhost", false).unwrap();
        prop_assert_eq!(again, text);
    }
}

#[test]
fn a_file_reads_well() {
    let document = json!({
        "trunks": [{ "id": "trunk_1", "settings": { "name": "Provider", "port": null }, "password": "kept" }],
        "apps": [{
            "id": "app_1",
            "settings": {
                "name": "Shop",
                "allowedOrigins": ["https://shop.example"],
                "customCode": { "head": "", "body": "<p>\n  Hello\n</p>\n" },
                "hours": { "week": { "monday": [{ "from": "09:00", "to": "17:00" }] }, "exceptions": [] },
            },
            "profiles": [{ "id": "dest_1", "isDefault": true, "settings": { "name": "Demo", "kind": "demo" } }],
            "integrations": [{
                "id": "int_0123456789abcdef",
                "settings": { "name": "CRM", "headers": { "X-Token": "{secret.token}" } },
                "secrets": { "token": "kept" },
            }],
        }],
    });
    let text = write(document, "https://calls.example.com", true).unwrap();
    let expected = include_str!("expected.toml");
    assert_eq!(text, expected);
}

#[test]
fn a_secret_comes_from_the_environment_and_never_from_the_file() {
    let file = |reference: &str| {
        format!(
            "[[apps]]\nid = \"a\"\n[[apps.integrations]]\nid = \"i\"\nsecrets = {{ t = {reference} }}\n"
        )
    };
    let variable = |name: &str| (name == "TOKEN").then(|| "s3cret".to_owned());
    let found = |reference: &str| {
        read(&file(reference), variable)
            .map(|it| it["apps"][0]["integrations"][0]["secrets"]["t"].clone())
    };
    assert_eq!(found("\"kept\"").unwrap(), json!("kept"));
    assert_eq!(found("{ secret = \"kept\" }").unwrap(), json!("kept"));
    assert_eq!(found("{ secret = \"env:TOKEN\" }").unwrap(), json!({ "value": "s3cret" }));
    for (reference, word) in [
        ("{ secret = \"env:NONE\" }", "NONE is not set"),
        ("\"s3cret\"", "does not belong"),
        ("{ value = \"s3cret\" }", "does not belong"),
    ] {
        let error = format!("{:#}", found(reference).unwrap_err());
        assert!(error.contains(word) && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn secrets_whose_names_differ_in_capitals_alone_have_a_variable_each() {
    let secrets = json!({ "token": "kept", "TOKEN": "kept", "key": "kept" });
    let integration = json!({ "id": "int_01920000000070008000000000abcdef", "secrets": secrets });
    let document = json!({ "apps": [{ "id": "app", "integrations": [integration] }] });
    let text = write(document, "http://localhost", true).unwrap();
    let read = read(&text, |name| Some(format!("of {name}"))).unwrap();
    assert_eq!(
        read["apps"][0]["integrations"][0]["secrets"],
        json!({
            "token": { "value": "of BELLPUSH_SECRET_00ABCDEF_token" },
            "TOKEN": { "value": "of BELLPUSH_SECRET_00ABCDEF_TOKEN" },
            "key": { "value": "of BELLPUSH_SECRET_00ABCDEF_KEY" },
        })
    );
}
