//! Endpoints that fail: breakers, and integrations that are switched off.

use std::time::Duration;

use bellpush_test_support::{
    SOON,
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// An integration whose endpoint fails, with an open breaker and deliveries that wait.
async fn with_open_breaker(shop: &Shop, sink: &Sink) -> String {
    sink.reply(|_| Reply::Status(500));
    let path = shop.integrate(sink, &["widget_loaded"]).await;
    shop.load_widgets(200).await;
    shop.wait_for(&format!("{path}/health"), |health| health["breaker"]["state"] == "open").await;
    path
}

#[tokio::test]
async fn an_open_breaker_is_seen_live_and_closed_by_hand_and_then_everything_goes_out() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = with_open_breaker(&shop, &sink).await;
    let health = shop.read(&format!("{path}/health")).await;
    assert_eq!(health["active"], true);
    assert_eq!(health["waiting"], 200);
    assert!(health["waitingSince"].is_string());
    let breaker = &health["breaker"];
    assert!(breaker["failingSince"].as_str().unwrap() < breaker["nextProbe"].as_str().unwrap());
    assert!(sink.received().len() < 100, "the breaker is open");

    sink.reply(|_| Reply::Status(200));
    let reset = format!("{path}/breaker/reset");
    let answer = shop.api.post(&reset, &json!({})).await.unwrap().expect(200).unwrap();
    let health: Value = answer.json().unwrap();
    let closed =
        json!({ "state": "closed", "failingSince": null, "failedProbes": 0, "nextProbe": null });
    assert_eq!(health["breaker"], closed);
    shop.wait_for(&format!("{path}/health"), |health| health["waiting"] == 0).await;
    let unknown = reset.replace("/int_", "/int_0");
    refused(&shop.api.post(&unknown, &json!({})).await.unwrap(), 404, "not-found");
}

/// The time of the day.
fn millis(time: &Value) -> u64 {
    let digits: Vec<u64> = time.as_str().unwrap()[11..23]
        .split([':', '.'])
        .map(|part| part.parse().unwrap())
        .collect();
    ((digits[0] * 60 + digits[1]) * 60 + digits[2]) * 1_000 + digits[3]
}

#[tokio::test]
async fn a_breaker_is_still_open_after_a_crash() {
    let mut shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = with_open_breaker(&shop, &sink).await;
    // The first attempts have ended, and what came of them is on disk.
    let quiet = shop.wait_for(&format!("{path}/health"), |health| health["inFlight"] == 0).await;
    let since = quiet["breaker"]["failingSince"].clone();
    let log = format!("{path}/deliveries?limit=500");
    let attempted = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.iter().filter(|item| item["attemptCount"] != 0).count()
    };
    let sent = sink.received().len();
    shop.wait_for(&log, |page| attempted(page) >= sent.min(10)).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    shop.server.kill_9().unwrap();
    shop.server.restart().await.unwrap();
    let health = format!("{path}/health");
    let health = shop.wait_for(&health, |health| !health["breaker"].is_null()).await;
    assert_ne!(health["breaker"]["state"], "closed");
    // Within a second: it is kept as an age, by two clocks.
    assert!(millis(&health["breaker"]["failingSince"]).abs_diff(millis(&since)) < 1_000);
}

#[tokio::test]
async fn an_integration_whose_endpoint_is_gone_is_switched_off_and_the_admins_are_told() {
    let admins = Sink::start().await.unwrap();
    let shop = Shop::with(Options::sqlite().with("--admin-webhook-url", &admins.url())).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(410));
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    assert_eq!(shop.read("/v1/notifications").await["items"], json!([]));
    shop.load_widgets(1).await;
    let off = shop.wait_for(&path, |integration| integration["active"] == false).await;
    assert_eq!(off["disabledReason"], "gone");
    let told = shop.read("/v1/notifications").await;
    let [notification] = &told["items"].as_array().unwrap()[..] else { panic!("{told}") };
    assert_eq!(notification["kind"], "integration_disabled");
    assert_eq!(notification["reason"], "gone");
    assert_eq!(notification["appId"], shop.app.id);
    assert_eq!(notification["integrationId"], off["id"]);
    assert_eq!(notification["createdAt"], off["disabledAt"]);
    let log = shop.server.log().unwrap();
    let lines = log.lines().filter(|line| line.contains("integration disabled")).count();
    assert_eq!(lines, 1, "{log}");
    let metrics = shop.metrics().await;
    let line = "bellpush_integrations_disabled_total{reason=\"gone\"} 1";
    assert!(metrics.contains(line), "{metrics}");

    let received = admins.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["notification"], *notification);
    assert!(body["text"].as_str().unwrap().contains("its endpoint answered 410"), "{body}");

    // Nothing more is sent until someone says so; then it begins anew.
    sink.reply(|_| Reply::Status(200));
    let on = shop.api.patch(&path, &json!({ "active": true })).await.unwrap();
    let on: Value = on.expect(200).unwrap().json().unwrap();
    assert_eq!((&on["disabledReason"], &on["disabledAt"]), (&Value::Null, &Value::Null));
    shop.load_widgets(1).await;
    sink.wait_until(SOON, |received| received.len() == 2).await.unwrap();
}

#[tokio::test]
async fn admins_who_are_just_being_told_when_the_server_stops_are_told_once() {
    let admins = Sink::start().await.unwrap();
    let mut shop = Shop::with(Options::sqlite().with("--admin-webhook-url", &admins.url())).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(410));
    admins.reply(|_| Reply::After(Duration::from_secs(2), 200));
    shop.integrate(&sink, &["widget_loaded"]).await;
    shop.load_widgets(1).await;
    admins.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    assert_eq!(admins.in_flight(), 1);
    assert!(shop.server.terminate().await.unwrap().success());
    shop.server.restart().await.unwrap();

    // What is told next comes after what was told again.
    admins.reply(|_| Reply::Status(200));
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    shop.load_widgets(1).await;
    let off = shop.wait_for(&path, |integration| integration["active"] == false).await;
    let received = admins
        .wait_until(SOON, |received| {
            let of_second = off["id"].as_str().unwrap();
            received.iter().any(|one| String::from_utf8_lossy(&one.body).contains(of_second))
        })
        .await
        .unwrap();
    assert_eq!(received.len(), 2, "{received:?}");
}
