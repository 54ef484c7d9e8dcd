//! Configurations with something of everything, at random, each of them valid.

use bellpush_core::configuration::Configuration;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

const DESIGN: &str = include_str!("../../../bellpush-core/schemas/design.example.json");

/// Valid configurations.
pub(crate) fn configurations() -> impl Strategy<Value = Configuration> {
    let apps = (any::<bool>(), app(0), app(1));
    (vec(trunk(), 2), apps).prop_map(|(mut trunks, (is_second, first, second))| {
        for (index, trunk) in trunks.iter_mut().enumerate() {
            trunk["id"] = id("trunk", index).into();
        }
        let mut apps = vec![first];
        if is_second {
            apps.push(second);
        }
        let document = json!({ "trunks": trunks, "apps": apps });
        let read: Configuration = serde_json::from_value(document.clone()).unwrap();
        read.checked().unwrap_or_else(|faults| panic!("{faults:?} in {document}"))
    })
}

fn id(kind: &str, n: usize) -> String {
    format!("{kind}_01920000000070008000{n:012x}")
}

/// What people write, with everything that a file might stumble over.
fn words() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", "[a-z \"'\\\\#=\\[\\]{}]{0,40}"]
        .prop_map(|text: String| text.replace(char::is_control, " "))
}

fn name() -> impl Strategy<Value = String> {
    words().prop_map(|text| format!("n{text}"))
}

fn trunk() -> impl Strategy<Value = Value> {
    let account = option::of(("[a-z]{1,8}", option::of("[ -~]{1,20}"), any::<bool>()));
    let transport = select(vec!["udp", "tcp", "tls"]);
    let seconds = (option::of(5_u32..3_600), option::of(90_u32..86_400));
    let codecs = select(vec![json!(["pcma", "pcmu"]), json!(["opus"]), json!(["pcmu", "opus"])]);
    (name(), account, transport, seconds, option::of(1_u16..), codecs, any::<bool>()).prop_map(
        |(name, account, transport, (keep_alive, session), port, codecs, active)| {
            let mut settings = json!({
                "name": name, "domain": "sip.provider.example", "transport": transport, "port": port,
                "keepAliveSeconds": keep_alive, "sessionSeconds": session, "codecs": codecs,
                "active": active, "callerName": "Zoë \"Z\"",
            });
            let mut trunk = json!({});
            if let Some((user, password, register)) = account {
                settings["username"] = user.into();
                settings["register"] = register.into();
                settings["realms"] = json!(["r"]);
                if let Some(password) = password {
                    trunk["password"] = json!({ "value": password });
                }
            }
            trunk["settings"] = settings;
            trunk
        },
    )
}

fn app(n: usize) -> impl Strategy<Value = Value> {
    let parts = (
        settings(),
        vec(profile(), 1..4),
        vec(integration(), 0..3),
        vec(alert_rule(), 0..4),
        design(),
        0_usize..3,
    );
    parts.prop_map(move |(settings, mut profiles, mut integrations, mut rules, design, keys)| {
        let last = profiles.len() - 1;
        for (index, settings) in profiles.iter_mut().enumerate() {
            if index < last {
                settings["overflow"] = id("dest", n * 100 + index + 1).into();
            }
            settings["routingKeys"] = json!({ "a/b~c": { "profile": id("dest", n * 100) } });
            let of = id("dest", n * 100 + index);
            *settings = json!({ "id": of, "isDefault": index == 0, "settings": settings.take() });
        }
        for (index, integration) in integrations.iter_mut().enumerate() {
            integration["id"] = id("int", n * 100 + index).into();
        }
        for (index, settings) in rules.iter_mut().enumerate() {
            if settings["kind"] == "backlog" && !integrations.is_empty() {
                settings["integrationId"] = integrations[0]["id"].clone();
            }
            if settings["kind"] == "trunk_down" {
                settings["trunkId"] = id("trunk", index % 2).into();
            }
            *settings = json!({ "id": id("rule", n * 100 + index), "settings": settings.take() });
        }
        let keys: Vec<_> = (0..keys)
            .map(|key| json!({ "id": id("wkey", n * 100 + key), "key": format!("wk_0123456789abcd{n}{key}") }))
            .collect();
        json!({
            "id": id("app", n), "settings": settings, "profiles": profiles, "integrations": integrations,
            "alertRules": rules, "widgetKeys": keys, "design": design,
        })
    })
}

fn settings() -> impl Strategy<Value = Value> {
    let hours = select(vec![
        Value::Null,
        json!({ "timeZone": "Asia/Kathmandu", "alwaysOpen": true }),
        json!({
            "timeZone": "Europe/Berlin",
            "week": { "monday": [{ "from": "09:00", "to": "12:00" }, { "from": "22:00", "to": "06:00" }] },
            "exceptions": [{ "date": "2026-12-24", "until": "2026-12-26", "label": "Holidays", "windows": [] }],
        }),
    ]);
    // What a button sends is any JSON.
    let data = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Others may come back with another last digit: JSON is read by the quick way.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        words().prop_map(Value::from),
        vec(option::of(any::<bool>()), 0..3).prop_map(|all| json!(all)),
    ];
    let button = prop_oneof![
        (name(), data.clone(), data)
            .prop_map(|(label, one, other)| json!({ "label": label, "action": "emit", "name": "wish", "data": { "a": one, "b c": { "d": other } } })),
        name().prop_map(|label| json!({ "label": label, "action": "copy", "text": "x\n  y\n", "states": ["idle", "error"] })),
    ];
    let survey = option::of((vec(name(), 1..4), option::of(name())));
    let code = ("(?s)[\\PC\n\t]{0,60}", "(<p>|'''|\"\"\"|\n|\\\\){0,8}");
    let days = (option::of(1_u32..3_650), option::of(1_u32..3_650));
    (name(), hours, vec(button, 0..3), survey, code, days, option::of(0_u32..900)).prop_map(
        |(name, hours, buttons, survey, (head, body), (events, forms), most)| {
            let survey = survey.map(|(questions, comment)| {
                let questions: Vec<_> = questions
                    .into_iter()
                    .enumerate()
                    .map(|(n, label)| json!({ "id": format!("q{n}"), "label": label }))
                    .collect();
                json!({ "questions": questions, "commentLabel": comment })
            });
            json!({
                "name": name, "allowedOrigins": ["https://shop.example", "http://localhost:3000"],
                "language": "pt-BR", "hours": hours, "customButtons": buttons, "survey": survey,
                "customCode": { "head": head, "body": body }, "maxCalls": most,
                "retention": { "events": events, "forms": forms },
            })
        },
    )
}

fn profile() -> impl Strategy<Value = Value> {
    let caller =
        select(vec![Value::Null, json!("{form.name}"), json!("{{x}} {context.a} {routingKey}")]);
    let far = select(vec![
        json!({ "kind": "demo" }),
        json!({ "kind": "sip", "trunkId": id("trunk", 0), "to": "sip:100@pbx.example" }),
    ]);
    (name(), far, caller, 5_u16..300, option::of(1_u32..86_400)).prop_map(
        |(name, mut settings, caller, ring, most)| {
            settings["name"] = name.into();
            settings["callerName"] = caller.clone();
            settings["ringTimeoutSeconds"] = ring.into();
            settings["maxDurationSeconds"] = most.into();
            if !caller.is_null() {
                settings["headers"] = json!({ "X-Topic": "{form.topic}", "User-to-User": caller });
            }
            settings
        },
    )
}

fn integration() -> impl Strategy<Value = Value> {
    let payload = select(vec![
        json!({}),
        json!({ "preset": "slack" }),
        json!({ "preset": "custom", "template": "{\n  \"name\": {{event.name}}\n}\n" }),
    ]);
    (name(), "[ -~]{1,30}", payload, 1_u8..31, any::<[bool; 3]>()).prop_map(
        |(name, secret, payload, timeout, [active, ordered, previews])| {
            json!({
                "settings": {
                    "name": name, "url": "https://hooks.example/{secret.path}?a=1", "payload": payload,
                    "headers": { "X-Token": "Bearer {secret.token}" }, "events": ["call_ended", "wish"],
                    "timeoutSeconds": timeout, "active": active, "ordered": ordered,
                    "includePreviews": previews,
                },
                "secrets": { "token": { "value": secret }, "path": { "value": "p" } },
            })
        },
    )
}

fn alert_rule() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        "call_errors",
        "answer_rate",
        "no_calls",
        "trunk_down",
        "backlog",
        "breaker_open",
    ]);
    let quiet = select(vec![Value::Null, json!({ "from": "22:00", "to": "07:00" })]);
    (name(), kind, quiet, 0_u16..1_440, 5_u16..1_440, any::<bool>()).prop_map(
        |(name, kind, quiet, hold, window, active)| {
            let mut settings = json!({
                "name": name, "kind": kind, "quietHours": quiet, "holdMinutes": hold,
                "windowMinutes": window, "active": active, "emails": ["ada@example.com"],
            });
            if kind == "call_errors" {
                settings["errorCodes"] = json!(["media_failed"]);
                settings["threshold"] = 30.into();
            }
            settings
        },
    )
}

/// What is published has the fields that profiles name; a draft may be unfinished.
fn design() -> impl Strategy<Value = Value> {
    (option::of((name(), 0_u8..24)), option::of(name())).prop_map(|(published, draft)| {
        let with = |title: String| {
            let mut document: Value = serde_json::from_str(DESIGN).unwrap();
            document["states"]["idle"][0]["text"]["en"] = title.into();
            document
        };
        let published = published.map(|(title, radius)| {
            let mut document = with(title);
            document["theme"]["radius"] = radius.into();
            document
        });
        let draft = draft.map(|title| {
            let mut document = with(title);
            document["languages"] = json!(["en", "de", "ar"]);
            document
        });
        let mut design = json!({});
        for (name, document) in [("published", published), ("draft", draft)] {
            if let Some(document) = document {
                design[name] = document;
            }
        }
        design
    })
}
