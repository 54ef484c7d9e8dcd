//! The timeline of a call.

use bellpush_test_support::sink::Sink;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// What happened, each as its kind with what tells it apart.
fn told(timeline: &Value) -> Vec<String> {
    let items = timeline["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let what = &item["what"];
            let detail = ["name", "phase", "warning"].iter().find_map(|field| what[field].as_str());
            format!("{} {}", what["kind"].as_str().unwrap(), detail.unwrap_or_default())
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn a_timeline_tells_a_call_in_the_order_in_which_it_happened() {
    let survey = json!({ "questions": [{ "id": "q1", "label": "How was it?" }] });
    let shop = Shop::open().await;
    shop.change(json!({ "survey": survey })).await.expect(200).unwrap();
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["call_ended"]).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let mut messages = widget.follow(&call.call_id, 0).await.unwrap();
    while messages.next().await.unwrap().unwrap().data["phase"] != "connected" {}
    let warning = json!({ "warning": "network_weak", "raised": true });
    let path = format!("/v1/calls/{}/warnings", call.call_id);
    let request = widget.request(reqwest::Method::POST, &path).json(&warning);
    bellpush_test_support::answer::Answer::to(request).await.unwrap().expect(204).unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let rating = widget.survey(&call.call_id, &[("q1", 2)], Some("<script>alert(1)</script>"));
    widget.submit(&[rating]).await.unwrap().expect(200).unwrap();

    let path = format!("/v1/apps/{}/calls/{}/timeline", shop.app.id, call.call_id);
    let timeline = shop
        .wait_for(&path, |timeline| told(timeline).iter().any(|what| what.starts_with("attempt")))
        .await;
    let told = told(&timeline);
    let order = [
        "event call_started",
        "phase connected",
        "warning network_weak",
        "event call_ended",
        "event survey_submitted",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|what| told.iter().position(|told| told == what).unwrap_or_else(|| panic!("{told:?}")))
        .collect();
    assert!(places.is_sorted(), "{told:?}");
    let place = |what: &str| told.iter().position(|told| told == what).unwrap();
    assert!(place("event call_ended") < place("delivery"), "{told:?}");
    assert!(place("delivery") < place("attempt"), "{told:?}");
    assert!(place("event survey_submitted") < place("survey"), "{told:?}");
    let seqs: Vec<_> = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["seq"].as_u64())
        .collect();
    assert!(seqs.len() >= 5 && seqs.is_sorted(), "{seqs:?}");
    assert_eq!(timeline["recorded"]["kept"], true);
    assert_eq!(timeline["recorded"]["dropped"], 0);
    assert_eq!(timeline["call"]["rating"], 2);
    // The answers are the call's, also for who may not read its events.
    let key = json!({ "name": "calls", "scopes": ["calls:read"] });
    let key = shop.api.post("/v1/api-keys", &key).await.unwrap().expect(201).unwrap();
    let key = key.json::<Value>().unwrap()["key"].as_str().unwrap().to_owned();
    let reader = shop.server.api().with_key(&key);
    let seen = reader.get(&path).await.unwrap().expect(200).unwrap().json::<Value>().unwrap();
    let of = |timeline: &Value| {
        let items = timeline["items"].as_array().unwrap();
        let survey = items.iter().find(|item| item["what"]["kind"] == "survey");
        survey.map(|item| item["what"].clone())
    };
    assert!(of(&seen).is_some() && of(&seen) == of(&timeline), "{seen}");

    // The same from the disk, after a restart.
    let mut shop = shop;
    shop.server.terminate().await.unwrap();
    shop.server.restart().await.unwrap();
    let again = shop.read(&path).await;
    assert_eq!(again["items"], timeline["items"]);
    // Of a call to the demo there are no SIP messages.
    for file in ["sip.pcap", "sip.txt"] {
        let path = format!("/v1/apps/{}/calls/{}/{file}", shop.app.id, call.call_id);
        refused(&shop.api.get(&path).await.unwrap(), 404, "not-found");
    }
    let (other, _) = shop.another(json!({})).await;
    let foreign = format!("/v1/apps/{}/calls/{}/timeline", other.id, call.call_id);
    refused(&shop.api.get(&foreign).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn without_records_a_timeline_has_what_the_call_and_its_events_tell() {
    let options = bellpush_test_support::server::Options::sqlite().with("--call-record-days", "0");
    let shop = Shop::with(options).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let path = format!("/v1/apps/{}/calls/{}/timeline", shop.app.id, call.call_id);
    let timeline = shop.read(&path).await;
    assert_eq!(told(&timeline), ["event call_started", "event call_ended"]);
    assert_eq!(timeline["recorded"], json!({ "kept": false, "dropped": 0, "until": null }));
}
