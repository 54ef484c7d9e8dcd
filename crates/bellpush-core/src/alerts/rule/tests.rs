//! What is refused, and what follows from what is not said.

use serde_json::{Value, json};

use super::*;

fn read(kind: &str, changes: &Value) -> Result<(), String> {
    let mut settings = json!({ "name": "Rule", "kind": kind });
    for (field, value) in changes.as_object().unwrap() {
        settings[field] = value.clone();
    }
    let settings: AlertRuleSettings = serde_json::from_value(settings).unwrap();
    settings.check().map_err(|error| error.pointer)
}

#[test]
fn a_refused_setting_is_named_by_its_place() {
    let trunk = "trunk_01920000000070008000000000000001";
    for (kind, changes, pointer) in [
        ("no_calls", json!({ "name": " " }), "/name"),
        ("quality", json!({ "errorCodes": ["media_failed"] }), "/errorCodes"),
        ("quality", json!({ "trunkId": trunk }), "/trunkId"),
        (
            "trunk_down",
            json!({ "integrationId": trunk.replace("trunk_", "int_") }),
            "/integrationId",
        ),
        ("no_calls", json!({ "threshold": 3 }), "/threshold"),
        ("breaker_open", json!({ "recoveryThreshold": 1 }), "/recoveryThreshold"),
        ("call_errors", json!({ "threshold": 101 }), "/threshold"),
        ("call_errors", json!({ "threshold": 0 }), "/threshold"),
        ("call_errors", json!({ "recoveryThreshold": 21 }), "/recoveryThreshold"),
        ("answer_rate", json!({ "recoveryThreshold": 49 }), "/recoveryThreshold"),
        ("call_errors", json!({ "windowMinutes": 4 }), "/windowMinutes"),
        ("call_errors", json!({ "minSample": 0 }), "/minSample"),
        ("call_errors", json!({ "holdMinutes": 1441 }), "/holdMinutes"),
        ("call_errors", json!({ "recoveryMinutes": 0 }), "/recoveryMinutes"),
        ("backlog", json!({ "quietHours": { "from": "09:00", "to": "09:00" } }), "/quietHours"),
        ("backlog", json!({ "quietHours": { "from": "00:00", "to": "24:00" } }), "/quietHours"),
        (
            "backlog",
            json!({ "emails": (0..11).map(|n| format!("a{n}@b.example")).collect::<Vec<_>>() }),
            "/emails",
        ),
    ] {
        assert_eq!(read(kind, &changes), Err(pointer.to_owned()), "{kind} {changes}");
    }
    assert_eq!(read("backlog", &json!({ "threshold": 5000, "recoveryThreshold": 5000 })), Ok(()));
    assert_eq!(read("trunk_down", &json!({ "trunkId": trunk })), Ok(()));
}

#[test]
fn a_line_that_is_moved_takes_the_usual_recovery_along() {
    let line = |kind, threshold| {
        let rule = AlertRuleSettings { threshold, ..AlertRuleSettings::new("r", kind) };
        assert_eq!(rule.check(), Ok(()));
        (rule.threshold(), rule.recovery_threshold())
    };
    assert_eq!(line(AlertKind::CallErrors, None), (20, 10));
    assert_eq!(line(AlertKind::CallErrors, Some(5)), (5, 5));
    assert_eq!(line(AlertKind::AnswerRate, Some(80)), (80, 80));
    assert_eq!(line(AlertKind::NoCalls, None), (1, 1));
}

#[test]
fn quiet_hours_go_by_the_clock_of_the_zone_also_over_midnight() {
    let mut rule = AlertRuleSettings::new("r", AlertKind::Backlog);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert!(!rule.is_quiet(&zone, at("2026-03-01T23:00:00Z")));
    rule.quiet_hours = serde_json::from_value(json!({ "from": "22:00", "to": "07:00" })).unwrap();
    for (text, quiet) in [
        ("2026-03-01T20:59:00Z", false),
        ("2026-03-01T21:00:00Z", true),
        ("2026-03-02T05:59:00Z", true),
        ("2026-03-02T06:00:00Z", false),
        // In summer an hour earlier by UTC.
        ("2026-07-02T05:00:00Z", false),
    ] {
        assert_eq!(rule.is_quiet(&zone, at(text)), quiet, "{text}");
    }
}
