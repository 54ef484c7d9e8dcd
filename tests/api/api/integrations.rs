//! Integrations: where they may point, how many there may be, and what they are sent.

use bellpush_test_support::{SOON, server::Options, sink::Sink};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn settings(url: &str) -> Value {
    json!({ "name": "Hook", "url": url, "events": ["widget_loaded", "call_started", "call_ended"] })
}

#[tokio::test]
async fn endpoints_that_are_not_safe_are_refused_when_they_are_saved() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/integrations", shop.app.id);
    let good = shop.api.post(&path, &settings("https://hooks.example/x")).await.unwrap();
    let good: Value = good.expect(201).unwrap().json().unwrap();
    let one = format!("{path}/{}", good["id"].as_str().unwrap());
    for url in [
        "http://10.0.0.1/",
        "http://192.168.0.1:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://hooks.example/",
        "http://localhost.evil.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "hooks.example",
        "",
        "https://",
        "https://user:word@hooks.example/",
    ] {
        for answer in [
            shop.api.post(&path, &settings(url)).await.unwrap(),
            shop.api.patch(&one, &json!({ "url": url })).await.unwrap(),
        ] {
            let problem = refused(&answer, 422, "invalid");
            assert_eq!(problem.pointer.as_deref(), Some("/url"), "{url}: {problem:?}");
        }
    }
    let unchanged: Value = shop.api.get(&one).await.unwrap().json().unwrap();
    assert_eq!(unchanged["url"], "https://hooks.example/x");
}

#[tokio::test]
async fn endpoints_on_the_servers_own_machine_need_the_operators_leave() {
    let shop = Shop::with(Options::sqlite().without("--allow-loopback-endpoints")).await;
    let path = format!("/v1/apps/{}/integrations", shop.app.id);
    for url in [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "https://localhost/",
        "https://127.0.0.1/",
        "http://[::1]:9/",
        "http://2130706433/",
        "http://0x7f.1/",
        "https://x.localhost/",
    ] {
        let problem = refused(&shop.api.post(&path, &settings(url)).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/url"), "{url}: {problem:?}");
        assert!(problem.detail.contains("--allow-loopback-endpoints"), "{problem:?}");
    }
}

#[tokio::test]
async fn an_app_has_at_most_three_active_integrations() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/integrations", shop.app.id);
    let create = async |active: bool| {
        let mut settings = settings("https://hooks.example/x");
        settings["active"] = active.into();
        shop.api.post(&path, &settings).await.unwrap()
    };
    let mut ids = Vec::new();
    for _ in 0..3 {
        let created: Value = create(true).await.expect(201).unwrap().json().unwrap();
        ids.push(created["id"].as_str().unwrap().to_owned());
    }
    let too_many = |answer| {
        let problem = refused(&answer, 409, "conflict");
        assert_eq!(problem.pointer.as_deref(), Some("/active"));
        assert_eq!(
            problem.detail,
            "an app has at most 3 active integrations; deactivate one first"
        );
    };
    too_many(create(true).await);
    let fourth: Value = create(false).await.expect(201).unwrap().json().unwrap();
    let fourth = format!("{path}/{}", fourth["id"].as_str().unwrap());
    too_many(shop.api.patch(&fourth, &json!({ "active": true })).await.unwrap());

    let first = format!("{path}/{}", ids[0]);
    shop.api.patch(&first, &json!({ "active": false })).await.unwrap().expect(200).unwrap();
    shop.api.patch(&fourth, &json!({ "active": true })).await.unwrap().expect(200).unwrap();
    too_many(shop.api.patch(&first, &json!({ "active": true })).await.unwrap());
    // Each app has a limit of its own.
    let (other, _) = shop.another(json!({})).await;
    shop.api.create_integration(&other, "https://hooks.example/", &[]).await.unwrap();
}

#[tokio::test]
async fn the_limit_holds_also_when_many_are_made_at_once() {
    let shop = Shop::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (api, path) = (shop.api.clone(), format!("/v1/apps/{}/integrations", shop.app.id));
        tasks.spawn(async move {
            api.post(&path, &settings("https://hooks.example/x")).await.unwrap().status
        });
    }
    let created = tasks.join_all().await.into_iter().filter(|status| *status == 201).count();
    assert_eq!(created, 3);
}

#[tokio::test]
async fn a_webhook_is_the_envelope_signed_and_named_by_its_headers() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let events = ["call_started", "call_ended"];
    let integration = shop.api.create_integration(&shop.app, &sink.url(), &events).await.unwrap();
    sink.check_signatures(&integration.signing_secret).unwrap();
    let widget = shop.widget().await;
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();

    let received = sink.wait_until(SOON, |received| received.len() == 2).await.unwrap();
    let filter = format!("callId={}", call.call_id);
    let recorded = shop.api.events(&shop.app, &filter).await.unwrap();
    for (received, recorded) in received.iter().zip(&recorded) {
        assert_eq!(received.body, recorded.event.get());
        assert_eq!(received.id(), recorded.id);
        assert_eq!(received.signed, Some(true));
        assert_eq!(received.header("content-type"), "application/json");
        assert_eq!(received.header("bellpush-app-id"), shop.app.id);
        assert_eq!(received.header("bellpush-call-id"), call.call_id);
        assert_eq!(received.header("bellpush-attempt"), "1");
    }
    let names: Vec<_> = received.iter().map(|r| r.envelope().unwrap()["name"].clone()).collect();
    assert_eq!(names, events);
}

#[tokio::test]
async fn a_delivery_that_failed_is_tried_again_with_the_same_id_and_every_attempt_is_on_record() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    sink.fail_first(1);
    let events = ["widget_loaded"];
    let integration = shop.api.create_integration(&shop.app, &sink.url(), &events).await.unwrap();
    let widget = shop.widget().await;
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    let received = sink.wait_until(SOON, |received| received.len() == 2).await.unwrap();
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].id(), received[1].id());
    assert_eq!(received[1].header("bellpush-attempt"), "2");

    let path = format!("/v1/apps/{}/integrations/{}/deliveries", shop.app.id, integration.id);
    let delivered = bellpush_test_support::eventually("a delivery on record", SOON, async || {
        let answer = shop.api.get(&format!("{path}?status=delivered")).await?.expect(200)?;
        let page: Value = answer.json()?;
        Ok(page["items"].get(0).cloned())
    });
    let delivery = delivered.await.unwrap();
    assert_eq!(delivery["eventId"], received[0].id());
    assert_eq!(delivery["nextDue"], Value::Null);
    assert_eq!(delivery["attemptCount"], 2);
    let one = format!("{path}/{}", received[0].id());
    let delivery: Value = shop.api.get(&one).await.unwrap().expect(200).unwrap().json().unwrap();
    let attempts = delivery["attempts"].as_array().unwrap();
    let statuses: Vec<_> = attempts.iter().map(|attempt| attempt["status"].clone()).collect();
    assert_eq!(statuses, [500, 200]);
    assert_eq!(attempts[0]["failure"], "status");
    assert!(attempts[0]["nextDue"].is_string());
    assert_eq!(attempts[1]["nextDue"], Value::Null);
    refused(&shop.api.get(&format!("{path}?status=lost")).await.unwrap(), 422, "invalid");
}

#[tokio::test]
async fn what_is_switched_off_or_deleted_gets_nothing_more() {
    let shop = Shop::open().await;
    let (off, on) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    let events = ["widget_loaded"];
    let integration = shop.api.create_integration(&shop.app, &off.url(), &events).await.unwrap();
    shop.api.create_integration(&shop.app, &on.url(), &events).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, integration.id);
    let widget = shop.widget().await;
    let submit = async || {
        let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
        widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    };
    shop.api.patch(&path, &json!({ "active": false })).await.unwrap().expect(200).unwrap();
    submit().await;
    on.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    shop.api.patch(&path, &json!({ "active": true })).await.unwrap().expect(200).unwrap();
    submit().await;
    off.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    shop.api.delete(&path).await.unwrap().expect(204).unwrap();
    submit().await;
    on.wait_until(SOON, |received| received.len() == 3).await.unwrap();
    assert_eq!(off.received().len(), 1);
    refused(&shop.api.get(&path).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn the_signing_secret_is_shown_once() {
    let shop = Shop::open().await;
    let created = shop.api.create_integration(&shop.app, "https://hooks.example/", &[]).await;
    let created = created.unwrap();
    assert!(created.signing_secret.starts_with("whsec_"));
    let path = format!("/v1/apps/{}/integrations", shop.app.id);
    let bare = created.signing_secret.strip_prefix("whsec_").unwrap();
    for path in [path.clone(), format!("{path}/{}", created.id)] {
        let answer = shop.api.get(&path).await.unwrap().expect(200).unwrap();
        assert!(!answer.text().contains(bare), "{}", answer.text());
    }
    assert!(!shop.server.log().unwrap().contains(bare));
    for file in std::fs::read_dir(shop.server.data_dir()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(bare.len()).any(|window| window == bare.as_bytes());
        assert!(!found, "the secret is on disk in the clear");
    }
}

#[tokio::test]
async fn names_of_events_and_other_settings_are_checked() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/integrations", shop.app.id);
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("events", json!(["Call-Ended"]), "/events"),
        ("events", json!("call_ended"), "/events"),
        ("active", json!("yes"), "/active"),
        ("unknown", json!(1), "/unknown"),
    ] {
        let mut settings = settings("https://hooks.example/");
        settings[field] = value;
        let problem = refused(&shop.api.post(&path, &settings).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem:?}");
    }
}
