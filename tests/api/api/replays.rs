//! Replays, of one delivery and of many.

use std::collections::{HashMap, HashSet};

use bellpush_test_support::{
    SOON,
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

#[tokio::test]
async fn a_dead_delivery_is_delivered_again_with_its_id_and_says_that_it_is_a_replay() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(400));
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    shop.load_widgets(1).await;
    let log = format!("{path}/deliveries");
    let dead = shop.wait_for(&log, |page| page["items"][0]["status"] == "dead").await;
    let one = format!("{log}/{}", dead["items"][0]["eventId"].as_str().unwrap());
    sink.reply(|_| Reply::Status(200));
    let replay = format!("{one}/replay");
    let answer = shop.api.post(&replay, &json!({})).await.unwrap().expect(202).unwrap();
    let waiting: Value = answer.json().unwrap();
    assert_eq!((&waiting["replayed"], &waiting["attemptCount"]), (&json!(true), &json!(2)));
    let received = sink.wait_until(SOON, |received| received.len() == 3).await.unwrap();
    assert!(received.iter().all(|one| one.id() == received[0].id()));
    assert!(received.iter().all(|one| one.body == received[0].body));
    let marks: Vec<_> = received.iter().map(|one| one.header("bellpush-replay")).collect();
    assert_eq!(marks, ["", "", "1"]);
    assert_eq!(received[2].header("bellpush-attempt"), "3");
    let delivered = shop.wait_for(&one, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(delivered["attempts"].as_array().unwrap().len(), 3);
    let unknown = format!("{log}/0192f000-0000-7000-8000-000000000001/replay");
    refused(&shop.api.post(&unknown, &json!({})).await.unwrap(), 404, "not-found");

    // While it waits, there is nothing to replay.
    sink.reply(|_| Reply::Hang);
    shop.api.post(&replay, &json!({})).await.unwrap().expect(202).unwrap();
    refused(&shop.api.post(&replay, &json!({})).await.unwrap(), 409, "conflict");
}

#[tokio::test]
async fn everything_since_a_time_is_replayed_by_filter() {
    let shop = Shop::with(Options::sqlite().with("--retry-seconds", "0")).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(400));
    let path = shop.integrate(&sink, &["widget_loaded", "wish"]).await;
    // Ten failures in a row would open the breaker.
    shop.load_widgets(1).await;
    shop.load_widgets(1).await;
    let widget = shop.widget().await;
    let wish = widget.event("wish", json!({}));
    widget.submit(&[wish]).await.unwrap().expect(200).unwrap();
    shop.load_widgets(1).await;
    let dead = format!("{path}/deliveries?status=dead");
    let log = shop.wait_for(&dead, |page| page["items"].as_array().unwrap().len() == 4).await;
    sink.reply(|_| Reply::Status(200));
    let replays = format!("{path}/replays");
    let from = log["items"][2]["recordedAt"].clone();
    let filter = json!({ "status": ["dead", "delivered"], "from": from, "name": "widget_loaded" });
    let made = shop.api.post(&replays, &filter).await.unwrap().expect(202).unwrap();
    let made: Value = made.json().unwrap();
    let one = format!("{replays}/{}", made["id"].as_str().unwrap());
    let done = shop.wait_for(&one, |replay| replay["state"] == "done").await;
    assert_eq!((&done["total"], &done["replayed"]), (&json!(2), &json!(2)));
    assert_eq!(done["filter"], filter);
    assert!(done["endedAt"].is_string());
    shop.wait_for(&dead, |page| page["items"].as_array().unwrap().len() == 2).await;
    assert_eq!(shop.read(&replays).await["items"], json!([done]));
    // One that has ended can't be cancelled any more.
    let cancelled = shop.api.post(&format!("{one}/cancel"), &json!({})).await.unwrap();
    assert_eq!(cancelled.expect(200).unwrap().json::<Value>().unwrap()["state"], "done");

    for (body, pointer) in [
        (json!({ "status": ["pending"] }), "/status/0"),
        (json!({ "status": [] }), "/status"),
        (json!({ "from": "noon" }), "/from"),
        (json!({ "callId": "call_1" }), "/callId"),
        (json!({ "context": "x" }), "/context"),
        (json!({ "since": "2026-01-01T00:00:00Z" }), "/since"),
    ] {
        let problem = refused(&shop.api.post(&replays, &body).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem:?}");
    }
}

#[tokio::test]
async fn a_long_replay_goes_on_after_a_crash_and_takes_each_delivery_once() {
    let mut shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    let count = 2_600;
    shop.load_widgets(count).await;
    let health = format!("{path}/health");
    shop.wait_for(&health, |health| health["waiting"] == 0).await;

    // With an endpoint that hangs, the replay stops where enough waits.
    sink.reply(|_| Reply::Hang);
    let replays = format!("{path}/replays");
    let made = shop.api.post(&replays, &json!({ "status": ["delivered"] })).await.unwrap();
    let made: Value = made.expect(202).unwrap().json().unwrap();
    let one = format!("{replays}/{}", made["id"].as_str().unwrap());
    let partly = shop.wait_for(&one, |replay| replay["replayed"].as_u64() >= Some(1_000)).await;
    assert_eq!((&partly["state"], &partly["total"]), (&json!("running"), &json!(count)));
    let another = shop.api.post(&replays, &json!({})).await.unwrap();
    refused(&another, 409, "conflict");
    assert!(shop.read(&health).await["waiting"].as_u64() < Some(1_500));

    shop.server.kill_9().unwrap();
    sink.reply(|_| Reply::Status(200));
    shop.server.restart().await.unwrap();
    let done = shop.wait_for(&one, |replay| replay["state"] == "done").await;
    assert_eq!((&done["total"], &done["replayed"]), (&json!(count), &json!(count)));
    shop.wait_for(&health, |health| health["waiting"] == 0).await;
    let mut times: HashMap<String, usize> = HashMap::new();
    for received in sink.received() {
        let is_replay = received.header("bellpush-replay") == "1";
        *times.entry(received.id().to_owned()).or_default() +=
            usize::from(is_replay && received.answered == Some(200));
    }
    assert_eq!(times.len(), count);
    let delivered: HashSet<usize> = times.into_values().collect();
    assert!(!delivered.contains(&0), "some were not replayed: {delivered:?}");
}

#[tokio::test]
async fn a_cancelled_replay_stops() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    shop.load_widgets(1_600).await;
    shop.wait_for(&format!("{path}/health"), |health| health["waiting"] == 0).await;
    sink.reply(|_| Reply::Hang);
    let replays = format!("{path}/replays");
    let made = shop.api.post(&replays, &json!({ "status": ["delivered"] })).await.unwrap();
    let made: Value = made.expect(202).unwrap().json().unwrap();
    let one = format!("{replays}/{}", made["id"].as_str().unwrap());
    shop.wait_for(&one, |replay| replay["replayed"].as_u64() >= Some(1_000)).await;
    let cancelled = shop.api.post(&format!("{one}/cancel"), &json!({})).await.unwrap();
    let cancelled: Value = cancelled.expect(200).unwrap().json().unwrap();
    assert_eq!(cancelled["state"], "cancelled");
    assert!(cancelled["endedAt"].is_string());
    sink.reply(|_| Reply::Status(200));
    let dead = shop.read(&one).await;
    assert_eq!(dead["replayed"], cancelled["replayed"]);
    assert!(dead["replayed"].as_u64() < Some(1_600));
}
