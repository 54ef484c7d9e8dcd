//! The test button.

use bellpush_test_support::{
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

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
