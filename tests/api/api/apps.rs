//! All that an app is made of, by API: created, changed, read back.

use bellpush_test_support::{SOON, answer::Answer, eventually, visitor::Visitor};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn settings() -> Value {
    json!({
        "name": "Bakery",
        "allowedOrigins": ["https://bakery.example", "http://localhost:3000"],
        "language": "pt-BR",
        "survey": {
            "questions": [{ "id": "q1", "label": "How was it?" }, { "id": "q2", "label": "Again?" }],
            "commentLabel": "Anything else?",
        },
        "customButtons": [
            { "label": "Shop", "states": ["idle", "ended"], "action": "link", "url": "https://bakery.example/" },
            { "label": "Code", "states": ["ended"], "action": "copy", "text": "BREAD-10" },
            { "label": "Phone", "states": ["error"], "action": "call_phone", "number": "+1 555 0100" },
            { "label": "Mail", "states": ["closed"], "action": "email", "address": "hi@bakery.example" },
            { "label": "Ask", "states": ["ended"], "action": "emit", "name": "asks", "data": { "n": 1 } },
        ],
        "customCode": { "head": "<style></style>", "body": "<script></script>" },
        "resumeSeconds": 3,
        "retention": {
            "callbacks": null, "calls": null, "deliveries": null, "events": null, "forms": null,
            "records": null, "visits": null,
        },
        "maxCalls": 7,
        "challenge": "off",
        "hours": { "timeZone": "UTC", "alwaysOpen": true, "week": week(), "exceptions": [] },
    })
}

/// A week without windows, as answers spell it out.
fn week() -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    days.into_iter().map(|day| (day.to_owned(), json!([]))).collect()
}

/// The settings in an answer, without what the server adds.
fn without_ids(answer: &Answer) -> Value {
    let mut app: Value = answer.json().unwrap();
    for field in ["id", "createdAt", "updatedAt"] {
        assert!(app.as_object_mut().unwrap().remove(field).is_some(), "no {field}");
    }
    app
}

#[tokio::test]
async fn a_list_is_no_object_wherever_it_stands_in_a_body() {
    let shop = Shop::open().await;
    let app = format!("/v1/apps/{}", shop.app.id);
    let hook = "https://hooks.example/";
    for (path, body, pointer) in [
        ("/v1/apps".to_owned(), json!([]), None),
        (
            "/v1/apps".to_owned(),
            json!({ "name": "n", "customCode": ["", ""] }),
            Some("/customCode"),
        ),
        (
            "/v1/apps".to_owned(),
            json!({ "name": "n", "survey": { "questions": [["q", "Why?"]] } }),
            Some("/survey/questions/0"),
        ),
        (
            format!("{app}/integrations"),
            json!({ "name": "n", "url": hook, "events": [], "payload": ["raw", null] }),
            Some("/payload"),
        ),
        (
            format!("{app}/destinations"),
            json!({ "name": "n", "kind": "demo", "hours": ["UTC"] }),
            Some("/hours"),
        ),
        (
            format!("{app}/alert-rules"),
            json!({ "name": "n", "kind": "backlog", "quietHours": ["22:00", "06:00"] }),
            Some("/quietHours"),
        ),
        (
            "/v1/presets/preview".to_owned(),
            json!({ "event": "call_ended", "payload": ["raw"] }),
            Some("/payload"),
        ),
        ("/v1/api-keys".to_owned(), json!(["Key", ["*"]]), None),
    ] {
        let problem = refused(&shop.api.post(&path, &body).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), pointer, "{path} {body}");
        assert!(problem.detail.contains("not an array"), "{path}: {}", problem.detail);
    }
    let draft = format!("{app}/design/draft");
    let mut design = shop.read(&draft).await;
    design["theme"] = json!([]);
    let put = shop.api.request(reqwest::Method::PUT, &draft).header("if-match", "*");
    let refusal = Answer::to(put.json(&design)).await.unwrap();
    assert_eq!(refusal.status, 422);
    assert!(refusal.text().contains("/theme"), "{}", refusal.text());
    let patch = shop.change(json!({ "retention": [30] })).await;
    assert_eq!(refused(&patch, 422, "invalid").pointer.as_deref(), Some("/retention"));
}

#[tokio::test]
async fn an_app_is_made_with_all_its_parts_and_each_can_be_changed() {
    let shop = Shop::open().await;
    let created = shop.api.post("/v1/apps", &settings()).await.unwrap().expect(201).unwrap();
    assert_eq!(without_ids(&created), settings());
    let id = created.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/apps/{id}");

    let mut expected = settings();
    for (field, value) in [
        ("name", json!("Bakery & Café")),
        ("allowedOrigins", json!(["https://new.example"])),
        ("language", json!("de")),
        ("survey", json!({ "questions": [{ "id": "a", "label": "B?" }], "commentLabel": null })),
        ("customButtons", json!([settings()["customButtons"][2]])),
        ("customCode", json!({ "head": "", "body": "<p>" })),
        ("resumeSeconds", json!(30)),
        ("maxCalls", json!(1)),
        ("challenge", json!("on")),
    ] {
        expected[field] = value.clone();
        let answer = shop.api.patch(&path, &json!({ field: value })).await.unwrap();
        assert_eq!(without_ids(&answer.expect(200).unwrap()), expected);
        assert_eq!(without_ids(&shop.api.get(&path).await.unwrap()), expected);
    }
    let reset =
        json!({ "language": null, "survey": null, "customButtons": null, "customCode": null });
    let answer = shop.api.patch(&path, &reset).await.unwrap().expect(200).unwrap();
    let app = without_ids(&answer);
    assert_eq!(app["language"], "en");
    assert_eq!(app["survey"], Value::Null);
    assert_eq!(app["customButtons"], json!([]));

    let list: Value = shop.api.get("/v1/apps").await.unwrap().json().unwrap();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|app| &app["name"]).collect();
    assert_eq!(names, ["Shop", "Bakery & Café"]);
    shop.api.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&shop.api.delete(&path).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_setting_that_cannot_be_saved_is_named_and_nothing_is_changed() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}", shop.app.id);
    let before = shop.api.get(&path).await.unwrap().text();
    let button = |effect: Value| {
        let mut button = json!({ "label": "B" });
        button.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
        json!([button])
    };
    let questions = |ids: &[&str]| {
        let all: Vec<_> = ids.iter().map(|id| json!({ "id": id, "label": "L" })).collect();
        json!({ "questions": all })
    };
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("name", json!("x".repeat(101)), "/name"),
        ("name", json!(7), "/name"),
        ("name", Value::Null, ""),
        ("language", json!("?"), "/language"),
        ("allowedOrigins", json!(["https://a.example", "*"]), "/allowedOrigins/1"),
        ("allowedOrigins", json!(["https://a.example/x"]), "/allowedOrigins/0"),
        ("allowedOrigins", json!(["http://a.example"]), "/allowedOrigins/0"),
        ("allowedOrigins", json!(vec!["https://a.example"; 65]), "/allowedOrigins"),
        ("survey", questions(&[]), "/survey/questions"),
        ("survey", questions(&["a", "a"]), "/survey/questions/1/id"),
        ("survey", json!({ "questions": [{ "id": "a" }] }), "/survey/questions/0"),
        (
            "customButtons",
            button(json!({ "action": "link", "url": "javascript:alert(1)" })),
            "/customButtons/0/url",
        ),
        (
            "customButtons",
            button(json!({ "action": "call_phone", "number": "x" })),
            "/customButtons/0/number",
        ),
        (
            "customButtons",
            button(json!({ "action": "email", "address": "a@b?bcc=c@d" })),
            "/customButtons/0/address",
        ),
        (
            "customButtons",
            button(json!({ "action": "emit", "name": "call_ended" })),
            "/customButtons/0/name",
        ),
        ("customButtons", button(json!({ "action": "explode" })), "/customButtons/0"),
        ("customCode", json!({ "head": "x".repeat(64 * 1024 + 1) }), "/customCode/head"),
        ("unknown", json!(1), "/unknown"),
    ] {
        let answer = shop.api.patch(&path, &json!({ field: value })).await.unwrap();
        let problem = refused(&answer, 422, "invalid");
        assert_eq!(problem.pointer.unwrap_or_default(), pointer, "{field}: {}", problem.detail);
    }
    assert_eq!(shop.api.get(&path).await.unwrap().text(), before);
}

#[tokio::test]
async fn calls_and_events_are_read_back_by_call_and_by_context_value() {
    let shop = Shop::open().await;
    let mut calls = Vec::new();
    for context in [
        json!({ "orderId": "A-1", "customerTier": "gold" }),
        json!({ "orderId": "A-2", "customerTier": "gold" }),
        json!({ "orderId": "a:b & c=d" }),
    ] {
        let widget = shop.embed.open(context).await.unwrap();
        let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
        widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
        let call = widget.place().await.unwrap();
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
        calls.push(call.call_id);
    }
    for (filter, expected) in [
        ("", &calls[..]),
        ("context=orderId:A-1", &calls[..1]),
        ("context=customerTier:gold", &calls[..2]),
        ("context=orderId:a%3Ab%20%26%20c%3Dd", &calls[2..]),
        ("context=orderId:a", &[]),
        ("context=orderId:A-", &[]),
        ("context=customerTier:A-1", &[]),
        ("context=orderId:%25", &[]),
        ("context=orderId:'%20OR%20'1'%3D'1", &[]),
    ] {
        let found = shop.api.calls(&shop.app, filter).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, expected, "{filter}");
        let events = shop.api.events(&shop.app, filter).await.unwrap();
        assert_eq!(events.len(), 3 * expected.len(), "{filter}");
    }
    let names = async |filter: &str| {
        let events = shop.api.events(&shop.app, filter).await.unwrap();
        events.iter().map(|event| event.name()).collect::<Vec<_>>()
    };
    let of_the_first = format!("callId={}", calls[0]);
    assert_eq!(names(&of_the_first).await, ["call_started", "call_ended"]);
    assert_eq!(names(&format!("{of_the_first}&name=call_ended")).await, ["call_ended"]);
    assert_eq!(names("name=widget_loaded&context=orderId:A-2").await, ["widget_loaded"]);
    assert!(names(&format!("{of_the_first}&context=orderId:A-2")).await.is_empty());
    // Another app sees none of it.
    let (other, _) = shop.another(json!({})).await;
    assert!(shop.api.calls(&other, "").await.unwrap().is_empty());
    let events = shop.api.events(&other, &of_the_first).await.unwrap();
    assert!(events.is_empty());
    let path = format!("/v1/apps/{}/calls/{}", other.id, calls[0]);
    refused(&shop.api.get(&path).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_list_comes_in_pages_without_gaps_or_repetitions() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let events: Vec<Value> = (0..7).map(|n| widget.event("counted", json!({ "n": n }))).collect();
    widget.submit(&events).await.unwrap().expect(200).unwrap();
    let path = format!("/v1/apps/{}/events?limit=3", shop.app.id);
    let (mut seen, mut sizes, mut after) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page: Value = shop.api.get(&format!("{path}{after}")).await.unwrap().json().unwrap();
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        seen.extend(items.iter().map(|event| event["event"]["data"]["n"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(sizes, [3, 3, 1]);
}

#[tokio::test]
async fn what_was_made_by_api_is_there_after_a_restart() {
    let mut shop = Shop::open().await;
    shop.change(settings()).await.expect(200).unwrap();
    let path = format!("/v1/apps/{}", shop.app.id);
    let before = shop.api.get(&path).await.unwrap().text();
    shop.server.terminate().await.unwrap();
    shop.server.restart().await.unwrap();
    assert_eq!(shop.api.get(&path).await.unwrap().text(), before);
    let embed = bellpush_test_support::widget::Embed {
        origin: "https://bakery.example".into(),
        ..shop.embed.clone()
    };
    embed.open(json!({})).await.unwrap();
}

#[tokio::test]
async fn an_array_is_no_app() {
    let shop = Shop::open().await;
    let list = json!(["Array", [], "en", null, [], {}]);
    refused(&shop.api.post("/v1/apps", &list).await.unwrap(), 422, "invalid");
}

#[tokio::test]
async fn an_app_that_is_deleted_takes_its_live_calls_with_it_and_no_others() {
    let shop = Shop::open().await;
    let (_, other) = shop.another(json!({})).await;
    let other = other.open(json!({})).await.unwrap();
    let others = other.place().await.unwrap();
    let widget = shop.widget().await;
    let mut call = widget.place().await.unwrap();
    call.media.wait_until(SOON, |heard| heard.connected).await.unwrap();
    let mut messages = widget.follow(&call.call_id, 0).await.unwrap();

    let path = format!("/v1/apps/{}", shop.app.id);
    shop.api.delete(&path).await.unwrap().expect(204).unwrap();
    let told = messages.rest().await.unwrap();
    let ends: Vec<_> = told
        .iter()
        .filter(|message| message.kind == "event")
        .map(|message| (&message.data["event"]["name"], &message.data["event"]["data"]["reason"]))
        .collect();
    let end = (&json!("call_ended"), &json!("remote_hangup"));
    assert_eq!(ends, [(&json!("call_started"), &Value::Null), end]);
    call.media.wait_until(SOON, |heard| heard.closed).await.unwrap();

    // Whatever the widget does now, it is told that its session is over.
    let visitor = Visitor::new().await.unwrap();
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    for answer in [
        widget.poll(&call.call_id, 0).await.unwrap(),
        widget.hang_up(&call.call_id).await.unwrap(),
        widget.leave(&call.call_id).await.unwrap(),
        widget.press(&call.call_id, '1').await.unwrap(),
        widget.submit(&[loaded]).await.unwrap(),
        widget.refresh().await.unwrap(),
        widget.offer(visitor.offer()).await.unwrap(),
    ] {
        refused(&answer, 401, "session-expired");
    }
    refused(&shop.api.get(&format!("{path}/calls")).await.unwrap(), 404, "not-found");
    let metrics = shop.api.get("/metrics").await.unwrap().text();
    assert!(metrics.contains("bellpush_calls_live 1\n"), "{metrics}");
    other.hang_up(&others.call_id).await.unwrap().expect(204).unwrap();
    assert!(!shop.server.log().unwrap().contains("ERROR"));
}

#[tokio::test]
async fn no_call_that_is_placed_while_its_app_is_deleted_fails_the_server_or_stays() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let path = format!("/v1/apps/{}", shop.app.id);
    let placing = (0..30).map(|n| {
        let (widget, api, path) = (widget.clone(), shop.api.clone(), path.clone());
        tokio::spawn(async move {
            if n == 15 {
                return api.delete(&path).await.unwrap().expect(204).unwrap().status;
            }
            let visitor = Visitor::new().await.unwrap();
            widget.offer(visitor.offer()).await.unwrap().status
        })
    });
    for placed in placing.collect::<Vec<_>>() {
        let status = placed.await.unwrap();
        assert!([201, 204, 401, 404].contains(&status), "{status}");
    }
    eventually("no call is live", SOON, async || {
        let metrics = shop.api.get("/metrics").await?.text();
        Ok(metrics.contains("bellpush_calls_live 0\n").then_some(()))
    })
    .await
    .unwrap();
}
