//! The test button.

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::WWW_AUTHENTICATE},
};
use bellpush_test_support::{
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::shop::{Shop, refused};

fn header<'a>(headers: &'a Value, name: &str) -> &'a str {
    let headers = headers.as_array().unwrap();
    let found = headers.iter().find(|header| header["name"] == name);
    found.map_or("", |header| header["value"].as_str().unwrap())
}

#[tokio::test]
async fn a_test_sends_a_sample_at_once_and_shows_what_was_sent_and_answered() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let url = format!("{}?key={{secret.key}}", sink.url());
    let settings = json!({
        "name": "n", "url": url, "active": false,
        "headers": { "authorization": "Bearer {secret.key}", "x-plain": "seen" },
        "secrets": { "key": "hush-4c1d" },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    sink.check_signatures(&made.signing_secret).unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id);
    let test = async |event: &str| {
        shop.api.post(&format!("{path}/test"), &json!({ "event": event })).await.unwrap()
    };
    let answer = test("call_ended").await.expect(200).unwrap();
    assert!(!answer.text().contains("hush-4c1d"), "{}", answer.text());
    let report: Value = answer.json().unwrap();
    assert_eq!((&report["delivered"], &report["failure"]), (&json!(true), &Value::Null));
    assert!(report["durationMs"].is_u64());
    let received = &sink.received()[0];
    assert_eq!(received.signed, Some(true));
    assert_eq!(received.header("bellpush-test"), "1");
    assert_eq!(received.header("authorization"), "Bearer hush-4c1d");
    assert_eq!(received.envelope().unwrap()["name"], "call_ended");
    let request = &report["request"];
    assert_eq!(request["url"], url);
    assert_eq!(header(&request["headers"], "authorization"), "[secret]");
    assert_eq!(header(&request["headers"], "x-plain"), "seen");
    assert_eq!(header(&request["headers"], "webhook-id"), received.id());
    assert_eq!(request["body"].as_str().unwrap().as_bytes(), received.body);
    assert_eq!(report["response"]["status"], 200);
    assert!(!header(&report["response"]["headers"], "date").is_empty());

    sink.reply(|_| Reply::Status(503));
    let report: Value = test("wants_callback").await.expect(200).unwrap().json().unwrap();
    assert_eq!((&report["delivered"], &report["failure"]), (&json!(false), &json!("status")));
    assert_eq!(report["response"]["status"], 503);
    // Nothing of it is kept.
    assert_eq!(shop.read(&format!("{path}/deliveries")).await["items"], json!([]));
    assert_eq!(shop.read(&format!("{path}/statistics")).await["total"]["attempts"], 0);
    assert_eq!(shop.event_names().await, [""; 0]);

    let problem = refused(&test("Call-Ended").await, 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/event"));
    let statuses = async || test("call_ended").await.status;
    let mut refusals = 0;
    for _ in 0..25 {
        refusals += usize::from(statuses().await == 429);
    }
    assert!(refusals > 0, "there is no limit");
}

#[tokio::test]
async fn a_test_reaches_only_addresses_that_deliveries_may_reach() {
    let shop = Shop::with(Options::sqlite()).await;
    let made = shop.api.create_integration(&shop.app, "https://10.0.0.1/", &[]).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}/test", shop.app.id, made.id);
    let answer = shop.api.post(&path, &json!({ "event": "call_ended" })).await.unwrap();
    let report: Value = answer.expect(200).unwrap().json().unwrap();
    assert_eq!((&report["failure"], &report["response"]), (&json!("forbidden"), &Value::Null));
    assert!(report["problem"].is_string());
}

/// An endpoint that is proud of all that it knows, and repeats what it was sent.
async fn chatterbox(signing_secret: &str) -> String {
    let signing_secret = signing_secret.to_owned();
    let answer = async move |request: Request| {
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let (target, headers) = (request.uri(), request.headers());
        // So long that the last line is cut within a secret.
        let told = format!("{target} {headers:?} {{\"{authorization}\"}} key={signing_secret} ");
        let filled = "x".repeat(4_096 - 10 - told.len()) + " hush-4c1d/+=\"";
        let head = [(WWW_AUTHENTICATE, format!("{authorization}, {signing_secret}"))];
        (StatusCode::UNAUTHORIZED, head, told + &filled)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_test_tells_no_secret_though_the_endpoint_repeats_all_that_it_knows() {
    let shop = Shop::open().await;
    let secret = "hush-4c1d/+=\"tail";
    let settings = json!({
        "name": "n", "url": "https://hooks.example/", "active": false,
        "headers": { "authorization": "Bearer {secret.key}", "x-other": "{secret.other}" },
        "secrets": { "key": secret, "other": "quiet-77" },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id);
    // Both that of now and the one before, which is in its overlap.
    let rotated =
        shop.api.post(&format!("{path}/signing-secret/rotate"), &json!({})).await.unwrap();
    let rotated: Value = rotated.expect(200).unwrap().json().unwrap();
    let signing = rotated["signingSecret"].as_str().unwrap().to_owned();
    assert_ne!(signing, made.signing_secret);
    let known = format!("{} {}", made.signing_secret, signing);
    let url = format!("{}/{{secret.key}}?q={{secret.other}}", chatterbox(&known).await);
    let moved = json!({ "url": url, "secrets": { "key": secret, "other": "quiet-77" } });
    shop.api.patch(&path, &moved).await.unwrap().expect(200).unwrap();

    let answer = shop.api.post(&format!("{path}/test"), &json!({ "event": "call_ended" })).await;
    let answer = answer.unwrap().expect(200).unwrap();
    let report: Value = answer.json().unwrap();
    assert_eq!(report["response"]["status"], 401, "{report}");
    let body = report["response"]["body"].as_str().unwrap();
    assert!(body.starts_with("/{secret.key}?q={secret.other} "), "{body}");
    assert_eq!(body.matches("whsec_[signing secret]").count(), 2, "{body}");
    let challenge = header(&report["response"]["headers"], "www-authenticate");
    assert!(challenge.starts_with("Bearer {secret.key}, whsec_[signing secret]"), "{challenge}");
    let shown = answer.text();
    let log = shop.server.log().unwrap();
    for hidden in ["hush-4c1d", "quiet-77", &signing[6..], &made.signing_secret[6..]] {
        assert!(!shown.contains(hidden), "{hidden} is told: {shown}");
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
    assert!(!body.contains("hush"), "{body}");
}
