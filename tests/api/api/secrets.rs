//! Named secrets: into requests they go, and out by an audited reveal only.

use bellpush_test_support::{SOON, server::Options, sink::Sink};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

const HUSH: &str = "hush-4c1d/with?odd&signs=%";

/// Submits one `widget_loaded` of a visitor.
pub(crate) async fn load_widget(shop: &Shop) {
    let widget = shop.widget().await;
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
}

fn settings(url: &str, secrets: Value) -> Value {
    json!({ "name": "Hook", "url": url, "events": ["widget_loaded"], "secrets": secrets })
}

async fn create(shop: &Shop, settings: &Value) -> String {
    let made = shop.api.create_integration_with(&shop.app, settings).await.unwrap();
    format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id)
}

#[tokio::test]
async fn secrets_are_put_into_url_and_headers_when_a_request_is_sent() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let origin = sink.url().replace("/bellpush", "");
    let url = format!("{origin}/in/{{secret.path}}?key={{secret.key}}");
    let mut new = settings(&url, json!({ "path": "T0/B0", "key": HUSH }));
    new["headers"] = json!({ "Authorization": "Bearer {secret.key}", "X-Shop": "Lamps" });
    let path = create(&shop, &new).await;
    load_widget(&shop).await;
    let received = sink.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    assert_eq!(received[0].target, "/in/T0/B0?key=hush-4c1d%2Fwith%3Fodd%26signs%3D%25");
    assert_eq!(received[0].header("authorization"), format!("Bearer {HUSH}"));
    assert_eq!(received[0].header("x-shop"), "Lamps");

    // A new value is sent from the next request on.
    let put = shop.api.put(&format!("{path}/secrets/key"), &json!({ "value": "new" })).await;
    put.unwrap().expect(200).unwrap();
    let renewed = bellpush_test_support::eventually("the new value", SOON, async || {
        load_widget(&shop).await;
        let received = sink.received();
        Ok(received.into_iter().find(|one| one.header("authorization") == "Bearer new"))
    });
    assert_eq!(renewed.await.unwrap().target, "/in/T0/B0?key=new");
}

#[tokio::test]
async fn a_secret_is_nowhere_to_be_seen() {
    let shop = Shop::with(Options::sqlite().with("--log-level", "trace")).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| bellpush_test_support::sink::Reply::Status(500));
    let url = format!("{}/{{secret.key}}", sink.url());
    let mut new = settings(&url, json!({ "key": HUSH }));
    new["headers"] = json!({ "x-key": "{secret.key}" });
    let made = shop.api.create_integration_with(&shop.app, &new).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id);
    load_widget(&shop).await;
    sink.wait_until(SOON, |received| !received.is_empty()).await.unwrap();
    let bare = made.signing_secret.strip_prefix("whsec_").unwrap();
    let seen = |text: &str| text.contains("hush-4c1d") || text.contains(bare);
    let log = format!("{path}/deliveries");
    let delivery = bellpush_test_support::eventually("the attempt on record", SOON, async || {
        let delivery = shop.newest_delivery(&log).await;
        Ok(delivery.filter(|delivery| delivery["attempts"].get(0).is_some()))
    });
    let delivery = delivery.await.unwrap();
    let one = format!("{log}/{}", delivery["eventId"].as_str().unwrap());
    let all = format!("/v1/apps/{}", shop.app.id);
    for path in [
        format!("{all}/integrations"),
        path.clone(),
        format!("{path}/secrets"),
        log,
        one,
        format!("{path}/audit"),
        format!("{path}/signing-secret"),
        format!("{all}/audit"),
    ] {
        let answer = shop.api.get(&path).await.unwrap().expect(200).unwrap();
        assert!(!seen(&answer.text()), "{path}: {}", answer.text());
    }
    let patch = shop.api.patch(&path, &json!({ "name": "Hush" })).await.unwrap();
    assert!(!seen(&patch.expect(200).unwrap().text()));
    let log = shop.server.log().unwrap();
    assert!(log.contains("attempt failed"), "there is nothing in the log to look at");
    assert!(!seen(&log), "it is in the log");
    for file in std::fs::read_dir(shop.server.data_dir()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!seen(&String::from_utf8_lossy(&bytes)), "it is on disk in the clear");
    }
}

#[tokio::test]
async fn an_endpoint_that_says_what_it_was_sent_does_not_bring_a_secret_into_the_delivery_log() {
    let shop = Shop::open().await;
    let router = axum::Router::new().fallback(
        async |uri: axum::http::Uri, headers: axum::http::HeaderMap| {
            let key = String::from_utf8_lossy(headers["x-key"].as_bytes()).into_owned();
            (axum::http::StatusCode::BAD_REQUEST, format!("{uri} with {key}"))
        },
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut new = settings(&format!("http://{address}/{{secret.key}}"), json!({ "key": HUSH }));
    new["headers"] = json!({ "x-key": "{secret.key}" });
    let path = create(&shop, &new).await;
    load_widget(&shop).await;
    let attempt = bellpush_test_support::eventually("an attempt on record", SOON, async || {
        let delivery = shop.newest_delivery(&format!("{path}/deliveries")).await;
        Ok(delivery.and_then(|delivery| delivery["attempts"].get(0).cloned()))
    });
    assert_eq!(attempt.await.unwrap()["detail"], "/{secret.key} with {secret.key}");
    echo.abort();
}

#[tokio::test]
async fn only_secrets_that_are_there_can_be_named() {
    let shop = Shop::open().await;
    let all = format!("/v1/apps/{}/integrations", shop.app.id);
    let url = "https://hooks.example/{secret.key}";
    let answer = shop.api.post(&all, &settings(url, json!({}))).await.unwrap();
    let problem = refused(&answer, 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/url"));
    assert_eq!(problem.detail, "{secret.key} is not defined on this integration");

    let path = create(&shop, &settings(url, json!({ "key": "x" }))).await;
    for (patch, pointer) in [
        (json!({ "url": "https://hooks.example/{secret.other}" }), "/url"),
        (json!({ "headers": { "x-key": "{secret.other}" } }), "/headers/x-key"),
        (json!({ "url": "https://{secret.key}/" }), "/url"),
        (json!({ "url": "https://hooks.example{secret.key}/" }), "/url"),
        (json!({ "url": "https://hooks.example:{secret.key}/" }), "/url"),
        (json!({ "url": "https://hooks.example/{secret.}" }), "/url"),
        (json!({ "headers": { "x-key": "{secret.a-b}" } }), "/headers/x-key"),
    ] {
        let problem = refused(&shop.api.patch(&path, &patch).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{patch}: {problem:?}");
    }
    let delete = shop.api.delete(&format!("{path}/secrets/key")).await.unwrap();
    let problem = refused(&delete, 409, "conflict");
    assert!(problem.detail.contains("/url"), "{problem:?}");
    let plain = json!({ "url": "https://hooks.example/" });
    shop.api.patch(&path, &plain).await.unwrap().expect(200).unwrap();
    shop.api.delete(&format!("{path}/secrets/key")).await.unwrap().expect(204).unwrap();
    let gone = shop.api.delete(&format!("{path}/secrets/key")).await.unwrap();
    refused(&gone, 404, "not-found");
}

#[tokio::test]
async fn names_and_values_of_secrets_are_checked() {
    let shop = Shop::open().await;
    let path = create(&shop, &settings("https://hooks.example/", json!({}))).await;
    let put = async |name: &str, body: Value| {
        shop.api.put(&format!("{path}/secrets/{name}"), &body).await.unwrap()
    };
    put("key", json!({ "value": "x" })).await.expect(200).unwrap();
    for (name, body, pointer) in [
        ("key", json!({ "value": "" }), Some("/value")),
        ("key", json!({ "value": "a\r\nHost: b" }), Some("/value")),
        ("key", json!({ "value": "x".repeat(4_097) }), Some("/value")),
        ("key", json!({ "value": 1 }), Some("/value")),
        ("key", json!({ "value": "x", "more": 1 }), Some("/more")),
        ("1key", json!({ "value": "x" }), None),
        ("a-b", json!({ "value": "x" }), None),
    ] {
        let problem = refused(&put(name, body.clone()).await, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), pointer, "{name} {body}: {problem:?}");
    }
    let all = format!("/v1/apps/{}/integrations", shop.app.id);
    let wrong = settings("https://hooks.example/", json!({ "key": "a\n" }));
    let problem = refused(&shop.api.post(&all, &wrong).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/secrets/key"));
    let wrong = settings("https://hooks.example/", json!({ "a b": "x" }));
    refused(&shop.api.post(&all, &wrong).await.unwrap(), 422, "invalid");

    let list: Value = shop.api.get(&format!("{path}/secrets")).await.unwrap().json().unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    let fields: Vec<_> = items[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["createdAt", "name", "updatedAt"]);
}

#[tokio::test]
async fn a_reveal_is_answered_once_written_down_and_limited_also_after_a_restart() {
    let mut shop = Shop::with(Options::sqlite().with("--trusted-proxies", "127.0.0.1/32")).await;
    let path = create(&shop, &settings("https://hooks.example/", json!({ "key": HUSH }))).await;
    let reveal = async |shop: &Shop, what: &str| {
        let request = shop.api.request(Method::POST, &format!("{path}/{what}/reveal"));
        let request = request.header("x-forwarded-for", "203.0.113.9");
        bellpush_test_support::answer::Answer::to(request).await.unwrap()
    };
    let answer = reveal(&shop, "secrets/key").await.expect(200).unwrap();
    assert_eq!(answer.json::<Value>().unwrap(), json!({ "value": HUSH }));
    assert_eq!(answer.header("cache-control"), "no-store");
    let signing = reveal(&shop, "signing-secret").await.expect(200).unwrap();
    assert!(signing.json::<Value>().unwrap()["value"].as_str().unwrap().starts_with("whsec_"));
    refused(&reveal(&shop, "secrets/none").await, 404, "not-found");
    for _ in 0..4 {
        reveal(&shop, "secrets/key").await.expect(200).unwrap();
    }
    shop.server.kill_9().unwrap();
    shop.server.restart().await.unwrap();
    for _ in 0..4 {
        reveal(&shop, "signing-secret").await.expect(200).unwrap();
    }
    for what in ["secrets/key", "signing-secret"] {
        let answer = reveal(&shop, what).await;
        let problem = refused(&answer, 429, "rate-limited");
        assert!(problem.detail.contains("10 times an hour"), "{problem:?}");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((3_000..=3_601).contains(&seconds), "{seconds}");
    }

    let trail: Value = shop.api.get(&format!("{path}/audit")).await.unwrap().json().unwrap();
    let items: Vec<&Value> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["action"] != "integration_made")
        .collect();
    assert_eq!(items.len(), 10, "{trail}");
    for item in &items {
        assert_eq!(item["address"], "203.0.113.9");
        assert_eq!(item["actor"]["kind"], "api_key");
        assert!(item["actor"]["id"].as_str().unwrap().starts_with("key_"));
        assert!(item["at"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(items[0]["action"], "signing_secret_revealed");
    assert_eq!(
        (&items[9]["action"], &items[9]["subjectName"]),
        (&json!("secret_revealed"), &json!("key"))
    );
    let all = format!("/v1/apps/{}/audit?limit=4", shop.app.id);
    let page: Value = shop.api.get(&all).await.unwrap().json().unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
    let next = page["next"].as_str().unwrap();
    let page: Value = shop.api.get(&format!("{all}&after={next}")).await.unwrap().json().unwrap();
    assert_eq!(page["items"][0], *items[4]);
    assert!(!shop.server.log().unwrap().contains("hush-4c1d"));
}

#[tokio::test]
async fn who_may_not_set_secrets_sets_none_beside_settings() {
    let shop = Shop::open().await;
    let hook = settings("https://hooks.example/{secret.key}", json!({ "key": HUSH }));
    let path = create(&shop, &hook).await;
    let scopes = json!(["integrations:read", "integrations:write"]);
    let draft = json!({ "name": "k", "scopes": scopes });
    let made: Value = shop.api.post("/v1/api-keys", &draft).await.unwrap().json().unwrap();
    let api = shop.api.with_key(made["key"].as_str().unwrap());
    let patch = json!({ "secrets": { "key": "other" } });
    let problem = refused(&api.patch(&path, &patch).await.unwrap(), 403, "forbidden");
    assert!(problem.detail.contains("secrets:write"), "{problem:?}");
    let all = format!("/v1/apps/{}/integrations", shop.app.id);
    let problem = refused(&api.post(&all, &hook).await.unwrap(), 403, "forbidden");
    assert!(problem.detail.contains("secrets:write"), "{problem:?}");
    // Without any, all is as it was.
    let without = json!({ "name": "Hook", "url": "https://hooks.example/x", "secrets": {} });
    api.post(&all, &without).await.unwrap().expect(201).unwrap();
    api.patch(&path, &json!({ "name": "Other" })).await.unwrap().expect(200).unwrap();
}
