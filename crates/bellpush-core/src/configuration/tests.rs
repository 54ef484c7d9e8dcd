use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const APP: &str = "app_01920000000070008000000000000001";
const DEFAULT: &str = "dest_01920000000070008000000000000001";
const SALES: &str = "dest_01920000000070008000000000000002";
const TRUNK: &str = "trunk_01920000000070008000000000000001";
const INTEGRATION: &str = "int_01920000000070008000000000000001";
const KEY: &str = "wkey_01920000000070008000000000000001";

fn document() -> Value {
    json!({
        "trunks": [{
            "id": TRUNK,
            "settings": { "name": "Provider", "domain": "sip.example", "username": "u" },
            "password": "kept",
        }],
        "apps": [{
            "id": APP,
            "settings": { "name": "Shop", "allowedOrigins": ["https://shop.example"] },
            "widgetKeys": [{ "id": KEY, "key": "wk_0123456789abcdef" }],
            "profiles": [
                { "id": DEFAULT, "isDefault": true, "settings": { "name": "Demo", "kind": "demo", "overflow": SALES } },
                { "id": SALES, "settings": { "name": "Sales", "kind": "sip", "trunkId": TRUNK, "to": "100" } },
            ],
            "integrations": [{
                "id": INTEGRATION,
                "settings": {
                    "name": "CRM", "url": "https://crm.example/hook",
                    "headers": { "Authorization": "Bearer {secret.token}" },
                },
                "secrets": { "token": "kept" },
            }],
        }],
    })
}

fn read(document: Value) -> Configuration {
    serde_json::from_value(document).unwrap()
}

fn refused(change: impl FnOnce(&mut Value)) -> (String, String) {
    let mut document = document();
    change(&mut document);
    let fault = read(document).checked().unwrap_err().swap_remove(0);
    (fault.pointer, fault.message)
}

fn planned(change: impl FnOnce(&mut Value)) -> Vec<(Screen, ChangeKind, String, Vec<String>)> {
    let present = read(document()).checked().unwrap();
    let mut wanted = document();
    change(&mut wanted);
    let wanted = read(wanted).checked().unwrap();
    plan(&present, &wanted)
        .into_iter()
        .map(|it| {
            let fields = it.changes.into_iter().map(|change| change.field).collect();
            (it.screen, it.kind, it.subject_name, fields)
        })
        .collect()
}

#[test]
fn the_same_document_changes_nothing() {
    assert_eq!(planned(|_| ()), []);
}

#[test]
fn a_change_is_told_on_the_screen_on_which_it_could_be_made() {
    let found = planned(|it| {
        it["apps"][0]["settings"]["language"] = "de".into();
        it["apps"][0]["settings"]["customCode"] = json!({ "body": "<p>" });
        it["apps"][0]["settings"]["allowedOrigins"] = json!([]);
        it["apps"][0]["profiles"][1]["settings"]["to"] = "200".into();
        it["apps"][0]["integrations"][0]["secrets"]["token"] = json!({ "value": "s3cret" });
        it["trunks"][0]["settings"]["realms"] = json!(["r"]);
    });
    let fields = |fields: &[&str]| fields.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let changed = |screen, name: &str, all: &[&str]| {
        (screen, ChangeKind::Changed, name.to_owned(), fields(all))
    };
    let expected = [
        changed(Screen::Trunks, "Provider", &["/realms"]),
        changed(Screen::Settings, "Shop", &["/language"]),
        changed(Screen::Embed, "Shop", &["/allowedOrigins"]),
        changed(Screen::CustomCode, "Shop", &["/customCode/body"]),
        changed(Screen::Profiles, "Sales", &["/settings/to"]),
        changed(Screen::Integrations, "CRM", &["/secrets/token"]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_a_list_does_not_have_goes_and_what_is_not_named_stays() {
    let found = planned(|it| {
        it["apps"][0]["integrations"] = json!([]);
        it["apps"][0].as_object_mut().unwrap().remove("profiles");
        it["apps"][0].as_object_mut().unwrap().remove("settings");
        it["trunks"] = json!([]);
    });
    let all: Vec<_> = found.iter().map(|it| (it.0, it.1, it.2.as_str())).collect();
    assert_eq!(all, [(Screen::Integrations, ChangeKind::Removed, "CRM")]);
}

#[test]
fn what_breaks_a_rule_is_named_by_its_place() {
    type Edit = fn(&mut Value);
    let cases: [(&str, &str, Edit); 9] = [
        ("/apps/0/settings/name", "name", |it| it["apps"][0]["settings"]["name"] = "".into()),
        ("/apps/0/profiles", "exactly one", |it| {
            it["apps"][0]["profiles"][1]["isDefault"] = true.into()
        }),
        ("/apps/0/profiles/0/settings/overflow", "dest_", |it| {
            it["apps"][0]["profiles"].as_array_mut().unwrap().pop();
        }),
        ("/apps/0/integrations/0/settings/headers/Authorization", "secret.token", |it| {
            it["apps"][0]["integrations"][0]["secrets"] = json!({});
        }),
        ("/apps/0/integrations/0/secrets/token", "bytes", |it| {
            it["apps"][0]["integrations"][0]["secrets"]["token"] = json!({ "value": "" });
        }),
        ("/apps/0/widgetKeys/0/key", "letters", |it| {
            it["apps"][0]["widgetKeys"][0]["key"] = "short".into()
        }),
        ("/apps/0/design/draft/version", "version", |it| {
            it["apps"][0]["design"] = json!({ "draft": {} })
        }),
        ("/apps/1/id", "twice", |it| {
            let app = it["apps"][0].clone();
            it["apps"].as_array_mut().unwrap().push(app);
        }),
        ("/trunks/0/settings/domain", "", |it| {
            it["trunks"][0]["settings"]["domain"] = "a b".into()
        }),
    ];
    for (pointer, word, change) in cases {
        let (found, message) = refused(change);
        assert_eq!(found, pointer, "{message}");
        assert!(message.contains(word), "{pointer}: {message}");
    }
}

#[test]
fn a_draft_may_be_unfinished_and_what_is_published_may_not() {
    let mut design: Value =
        serde_json::from_str(include_str!("../../schemas/design.example.json")).unwrap();
    // A visible language without its words.
    design["states"]["idle"][0]["text"] = json!({ "en": "Talk to us" });
    let with = |part: &str| {
        let mut document = document();
        document["apps"][0]["design"] = json!({ part: design });
        read(document).checked()
    };
    let kept = with("draft").unwrap();
    let draft = kept.apps[0].design.as_ref().and_then(|it| it.draft.clone()).unwrap();
    assert_eq!(present_design(draft.clone()), draft);
    let fault = with("published").unwrap_err().swap_remove(0);
    assert!(fault.pointer.starts_with("/apps/0/design/published/states/idle/0"), "{fault:?}");
}

#[test]
fn a_value_of_a_secret_is_neither_shown_nor_kept() {
    let mut document = document();
    document["apps"][0]["integrations"][0]["secrets"]["token"] = json!({ "value": "s3cret" });
    document["trunks"][0]["password"] = json!({ "value": "s3cret" });
    let configuration = read(document);
    assert!(!format!("{configuration:?}").contains("s3cret"));
    let kept = serde_json::to_string(&configuration.without_secrets()).unwrap();
    assert!(!kept.contains("s3cret") && kept.contains("kept"));
}

proptest! {
    #[test]
    fn a_plan_is_empty_exactly_when_nothing_differs(
        name in "[a-z]{1,8}", seconds in 5_u16..300, active: bool, origins in 0_usize..3,
    ) {
        let present = read(document()).checked().unwrap();
        let mut wanted = document();
        wanted["apps"][0]["settings"]["name"] = name.into();
        wanted["apps"][0]["profiles"][0]["settings"]["ringTimeoutSeconds"] = seconds.into();
        wanted["apps"][0]["integrations"][0]["settings"]["active"] = active.into();
        let list: Vec<_> = (0..origins).map(|it| format!("https://s{it}.example")).collect();
        wanted["apps"][0]["settings"]["allowedOrigins"] = json!(list);
        let wanted = read(wanted).checked().unwrap();
        prop_assert_eq!(plan(&present, &wanted).is_empty(), present == wanted);
        prop_assert!(plan(&wanted, &wanted).is_empty());
    }
}
