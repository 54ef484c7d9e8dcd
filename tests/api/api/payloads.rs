//! Presets and templates, headers and time-outs.

use std::time::{Duration, Instant};

use bellpush_test_support::{
    SOON, eventually,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::{
    secrets::load_widget,
    shop::{Shop, refused},
};

#[tokio::test]
async fn a_preset_makes_the_body_and_the_body_is_what_is_signed() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let settings = json!({
        "name": "Slack", "url": sink.url(), "events": ["widget_loaded"],
        "payload": { "preset": "slack" },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    sink.check_signatures(&made.signing_secret).unwrap();
    load_widget(&shop).await;
    let received = sink.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    let body = received[0].envelope().unwrap();
    assert_eq!(body["text"], "The widget was opened");
    assert_eq!(body["blocks"][1]["fields"][0]["text"], "orderId: A-1");
    assert_eq!(received[0].signed, Some(true));
    assert_eq!(received[0].header("content-type"), "application/json");
}

#[tokio::test]
async fn every_preset_can_be_saved_as_it_is_listed_and_previewed() {
    let shop = Shop::open().await;
    let list: Value =
        shop.api.get("/v1/presets").await.unwrap().expect(200).unwrap().json().unwrap();
    let presets = list["items"].as_array().unwrap();
    let names: Vec<_> = presets.iter().map(|one| one["preset"].as_str().unwrap()).collect();
    assert_eq!(names, ["raw", "slack", "google_analytics", "crm", "catch_hook", "custom"]);
    for preset in presets.iter().filter(|one| one["preset"] != "custom") {
        let secrets = preset["secrets"].as_object().unwrap();
        let values: Value = secrets.keys().map(|name| (name.clone(), json!("x"))).collect();
        let settings = json!({
            "name": preset["name"], "url": preset["url"], "headers": preset["headers"],
            "events": ["call_ended"], "active": false, "secrets": values,
            "payload": { "preset": preset["preset"] },
        });
        shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
        for event in ["call_ended", "survey_submitted", "wants_callback"] {
            let request = json!({ "payload": { "preset": preset["preset"] }, "event": event });
            let answer = shop.api.post("/v1/presets/preview", &request).await.unwrap();
            let answer: Value = answer.expect(200).unwrap().json().unwrap();
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert!(body.is_object(), "{body}");
        }
        // The template as it is listed, edited.
        if let Some(template) = preset["template"].as_str() {
            let payload =
                json!({ "preset": preset["preset"], "template": format!("{template}\n") });
            let request = json!({ "payload": payload, "event": "call_ended" });
            let answer = shop.api.post("/v1/presets/preview", &request).await.unwrap();
            answer.expect(200).unwrap();
        }
    }
}

#[tokio::test]
async fn a_preview_names_what_no_event_has() {
    let shop = Shop::open().await;
    for (template, unknown) in [
        (r#"{ "a": {{ data.duration }}, "b": {{ data.context.any }} }"#, json!([])),
        (r#"{ "a": {{ data.duratoin }}, "b": {{ nmae }} }"#, json!(["data.duratoin", "nmae"])),
    ] {
        let payload = json!({ "preset": "custom", "template": template });
        let request = json!({ "payload": payload, "event": "call_ended" });
        let answer = shop.api.post("/v1/presets/preview", &request).await.unwrap();
        let answer: Value = answer.expect(200).unwrap().json().unwrap();
        assert_eq!(answer["unknown"], unknown);
    }
}

#[tokio::test]
async fn a_template_that_can_not_work_is_refused_when_it_is_saved() {
    let shop = Shop::open().await;
    let all = format!("/v1/apps/{}/integrations", shop.app.id);
    for (template, wanted) in [
        ("{\n  \"a\": {{ name }\n}", "line 2"),
        ("{\"a\": {{ name | nonsense }}}", "nonsense"),
        ("hello", "not JSON"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}1",
            "too much",
        ),
        ("{\"a\": {{ data.duration / 0 }}}", "call_ended"),
    ] {
        let payload = json!({ "preset": "custom", "template": template });
        let settings = json!({
            "name": "n", "url": "https://hooks.example/", "events": ["call_ended"],
            "payload": payload,
        });
        let saved = shop.api.post(&all, &settings).await.unwrap();
        let request = json!({ "payload": payload, "event": "call_ended" });
        let previewed = shop.api.post("/v1/presets/preview", &request).await.unwrap();
        for answer in [saved, previewed] {
            let problem = refused(&answer, 422, "invalid");
            assert_eq!(problem.pointer.as_deref(), Some("/payload/template"), "{problem:?}");
            assert!(problem.detail.contains(wanted), "{template}: {problem:?}");
        }
    }
    for (payload, pointer) in [
        (json!({ "template": "{}" }), "/payload/template"),
        (json!({ "preset": "custom" }), "/payload/template"),
        (json!({ "preset": "custom", "template": "x".repeat(40_000) }), "/payload/template"),
        (json!({ "preset": "fax" }), "/payload/preset"),
        (json!({ "body": "x" }), "/payload/body"),
    ] {
        let settings = json!({ "name": "n", "url": "https://hooks.example/", "payload": payload });
        let problem = refused(&shop.api.post(&all, &settings).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{payload}: {problem:?}");
    }
    let request = json!({ "payload": {}, "event": "Not-An-Event" });
    let problem =
        refused(&shop.api.post("/v1/presets/preview", &request).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/event"));
}

#[tokio::test]
async fn a_template_that_fails_for_an_event_is_on_record_and_not_sent() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    // Fine with the sample, whose context has a tier, and not with the visitor's.
    let template = "{\"tier\": {{ data.context.customerTier }}{% if not data.context.customerTier %}!{% endif %}}";
    let settings = json!({
        "name": "n", "url": sink.url(), "events": ["widget_loaded"],
        "payload": { "preset": "custom", "template": template },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    load_widget(&shop).await;
    let path = format!("/v1/apps/{}/integrations/{}/deliveries?status=dead", shop.app.id, made.id);
    let dead = eventually("a dead delivery", SOON, async || Ok(shop.newest_delivery(&path).await));
    let dead = dead.await.unwrap();
    let attempts = dead["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (&attempts[0]["failure"], &attempts[0]["status"]),
        (&json!("template"), &Value::Null)
    );
    assert!(sink.received().is_empty());
}

#[tokio::test]
async fn headers_that_can_not_be_sent_are_refused_by_their_place() {
    let shop = Shop::open().await;
    let all = format!("/v1/apps/{}/integrations", shop.app.id);
    for (name, value) in [
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("webhook-signature", "v1,forged"),
        ("Webhook-Id", "forged"),
        ("bellpush-call-id", "forged"),
        ("x y", "z"),
        ("x", "a\r\nHost: evil.example"),
        ("x", ""),
        ("x", "ünï"),
    ] {
        let settings = json!({
            "name": "n", "url": "https://hooks.example/", "headers": { name: value },
        });
        let problem = refused(&shop.api.post(&all, &settings).await.unwrap(), 422, "invalid");
        let pointer = format!("/headers/{name}");
        assert_eq!(problem.pointer.as_deref(), Some(pointer.as_str()), "{name}: {problem:?}");
    }
}

#[tokio::test]
async fn an_endpoint_has_the_time_that_its_integration_gives_it() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Hang);
    let mut settings = json!({
        "name": "n", "url": sink.url(), "events": ["widget_loaded"], "timeoutSeconds": 1,
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    let began = Instant::now();
    load_widget(&shop).await;
    let path = format!("/v1/apps/{}/integrations/{}/deliveries", shop.app.id, made.id);
    let attempt = eventually("an attempt on record", SOON, async || {
        let delivery = shop.newest_delivery(&path).await;
        Ok(delivery.and_then(|delivery| delivery["attempts"].get(0).cloned()))
    });
    let attempt = attempt.await.unwrap();
    assert_eq!(attempt["failure"], "timed_out");
    assert!(attempt["durationMs"].as_u64().unwrap() >= 1_000, "{attempt}");
    assert!(began.elapsed() < Duration::from_secs(9), "it had the default time");
    for seconds in [json!(0), json!(31), json!(-1), json!("10")] {
        settings["timeoutSeconds"] = seconds;
        let all = format!("/v1/apps/{}/integrations", shop.app.id);
        let problem = refused(&shop.api.post(&all, &settings).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/timeoutSeconds"));
    }
}
