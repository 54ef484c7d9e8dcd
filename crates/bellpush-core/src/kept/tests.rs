//! Settings of a newer version, as an older one beside it reads and changes them.

use serde_json::json;

use super::*;
use crate::{
    access::Scopes,
    alerts::AlertRuleSettings,
    app::AppSettings,
    design::{Design, over},
    integration::IntegrationSettings,
};

fn integration() -> Value {
    json!({
        "name": "Shop", "url": "https://hooks.example/",
        "headers": { "X-Shop": "1" },
        "payload": { "preset": "raw", "compressed": "zstd" },
        "signatures": ["v1", "v9"],
        "batch": { "size": 50, "wait": [1, 2] },
    })
}

fn app() -> Value {
    json!({
        "name": "Shop",
        "survey": { "questions": [
            { "id": "sound", "label": "Sound?", "scale": 10 },
            { "id": "help", "label": "Help?", "scale": 7 },
        ]},
        "customButtons": [
            { "label": "Shop", "action": "link", "url": "https://shop.example", "colour": "red" },
            { "label": "Mail", "action": "email", "address": "a@shop.example", "colour": "blue" },
        ],
        "retention": { "events": 30, "recordings": 3 },
    })
}

/// What is there after a change by a version that does not know all of it.
fn changed<T: Serialize + DeserializeOwned>(kept: &Value, change: impl FnOnce(&mut T)) -> Value {
    let mut settings = read(&kept.to_string()).unwrap();
    change(&mut settings);
    let written = rewritten(&kept.to_string(), &settings).unwrap();
    let again: T = read(&written).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), serde_json::to_value(settings).unwrap());
    serde_json::from_str(&written).unwrap()
}

#[test]
fn what_only_a_newer_version_knows_is_passed_over_where_it_is_kept_and_refused_where_it_comes_in() {
    let kept = integration();
    let settings: IntegrationSettings = read(&kept.to_string()).unwrap();
    assert_eq!(settings.name, "Shop");
    assert_eq!(settings.signatures.len(), 1);
    assert!(serde_json::from_value::<IntegrationSettings>(kept).is_err());
}

#[test]
fn a_change_by_an_older_version_leaves_it_where_it_is() {
    let written = changed(&integration(), |settings: &mut IntegrationSettings| {
        settings.name = "Other".into();
        settings.headers.clear();
        settings.active = false;
    });
    assert_eq!(written["name"], "Other");
    assert_eq!(written["active"], false);
    assert_eq!(written["headers"], json!({}), "what it does know it may take away");
    assert_eq!(written["batch"], json!({ "size": 50, "wait": [1, 2] }));
    assert_eq!(written["payload"]["compressed"], "zstd");
    assert_eq!(written["signatures"], json!(["v1", "v9"]));
}

#[test]
fn it_goes_with_the_item_of_a_list_that_it_belongs_to() {
    let moved = changed(&app(), |app: &mut AppSettings| {
        app.survey.as_mut().unwrap().questions.swap(0, 1);
        app.survey.as_mut().unwrap().questions[0].label = "Was it of help?".into();
        app.custom_buttons.remove(0);
    });
    let questions = &moved["survey"]["questions"];
    assert_eq!((&questions[0]["id"], &questions[0]["scale"]), (&json!("help"), &json!(7)));
    assert_eq!((&questions[1]["id"], &questions[1]["scale"]), (&json!("sound"), &json!(10)));
    assert_eq!(moved["customButtons"].as_array().unwrap().len(), 1);
    assert_eq!(moved["customButtons"][0]["colour"], "blue");
    assert_eq!(moved["retention"]["recordings"], 3);
    let renamed =
        changed(&app(), |app: &mut AppSettings| app.custom_buttons[1].label = "Post".into());
    assert_eq!(renamed["customButtons"][1]["colour"], "blue");
}

#[test]
fn it_goes_when_what_it_belongs_to_becomes_something_else() {
    let written = changed(&app(), |app: &mut AppSettings| {
        app.custom_buttons[0].effect = crate::app::ButtonEffect::Copy { text: "x".into() };
        app.survey = None;
    });
    assert_eq!(written["customButtons"][0].get("colour"), None);
    assert!(written.get("survey").is_none_or(Value::is_null));
}

#[test]
fn what_does_not_fit_at_all_is_an_error_still() {
    for kept in [
        json!({ "name": 7, "url": "https://hooks.example/" }),
        json!({ "name": "Shop", "more": 1 }),
        json!({ "name": "Shop", "url": "https://hooks.example/", "payload": { "preset": "new" } }),
        json!(["unknown"]),
    ] {
        assert!(read::<IntegrationSettings>(&kept.to_string()).is_err(), "{kept}");
    }
    assert!(read::<AlertRuleSettings>("{").is_err());
}

#[test]
fn a_kept_design_is_shown_without_the_blocks_that_are_not_known() {
    let mut document: Value =
        serde_json::from_str(include_str!("../../schemas/design.example.json")).unwrap();
    let design = Design::read(document.clone()).unwrap();
    document["avatar"] = json!({ "src": "https://img.example/a.png" });
    let (state, _) = document["states"].as_object().unwrap().iter().next().unwrap();
    let place = format!("/states/{state}");
    let blocks = document.pointer_mut(&place).and_then(Value::as_array_mut).unwrap();
    blocks[0]["animated"] = true.into();
    blocks.insert(0, json!({ "type": "video", "src": "https://v.example" }));
    assert_eq!(Design::read_kept(&document.to_string()).unwrap(), design);
    let faults = Design::read(document).unwrap_err();
    let named: Vec<_> = faults.iter().map(|fault| fault.pointer.clone()).collect();
    assert_eq!(
        named,
        ["/avatar".to_owned(), format!("{place}/0/type"), format!("{place}/1/animated")]
    );
}

#[test]
fn what_is_not_known_of_a_kept_design_stays_in_the_one_that_is_written_over_it() {
    let mut kept: Value =
        serde_json::from_str(include_str!("../../schemas/design.example.json")).unwrap();
    let (state, _) = kept["states"].as_object().unwrap().iter().next().unwrap();
    let place = format!("/states/{state}");
    kept["avatar"] = json!({ "src": "https://img.example/a.png" });
    let blocks = kept.pointer_mut(&place).and_then(Value::as_array_mut).unwrap();
    let last = blocks.len() - 1;
    blocks[last]["animated"] = true.into();
    let video = json!({ "type": "video", "src": "https://v.example" });
    blocks.insert(0, video.clone());
    let mut new = Design::read_kept(&kept.to_string()).unwrap().to_json();
    let last_block = new.pointer_mut(&format!("{place}/{last}")).unwrap();
    last_block["id"] = "renamed".into();
    new.as_object_mut().unwrap().remove("theme");
    let written: Value = serde_json::from_str(&over(&kept.to_string(), &new.to_string())).unwrap();
    assert_eq!(written["avatar"], kept["avatar"]);
    assert_eq!(written.get("theme"), None);
    let blocks = written.pointer(&place).and_then(Value::as_array).unwrap();
    assert_eq!(blocks[0], video);
    assert_eq!(blocks[last + 1]["animated"], true);
    assert_eq!(blocks[last + 1]["id"], "renamed");
    let again = Design::read_kept(&written.to_string()).unwrap();
    assert_eq!(again, Design::read_kept(&new.to_string()).unwrap());
    assert_eq!(over("{}", "{\"a\":1}"), "{\"a\":1}");
}

#[test]
fn scopes_that_are_not_known_give_nothing() {
    let kept = ["calls:read".to_owned(), "robots:drive".to_owned()];
    assert_eq!(serde_json::to_value(Scopes::known(&kept)).unwrap(), json!(["calls:read"]));
}
