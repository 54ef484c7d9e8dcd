//! Who may watch, for how long, and what of it they may see.

use bellpush_test_support::{
    api::Api,
    browser::{Browser, PASSWORD},
    server::{Options, ServerProcess},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::live::Stream;
use crate::shop::{Shop, refused};

fn path(shop: &Shop, rest: &str) -> String {
    format!("/v1/apps/{}/{rest}", shop.app.id)
}

async fn key(maker: &Browser, server: &ServerProcess, draft: Value) -> (Api, String) {
    let made = maker.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();
    let api = server.api().with_key(made["key"].as_str().unwrap());
    (api, format!("/v1/api-keys/{}", made["id"].as_str().unwrap()))
}

async fn begun(request: reqwest::RequestBuilder) -> Stream {
    let mut stream = Stream::of(request).await;
    assert_eq!(stream.next().await.unwrap().event, "snapshot");
    stream
}

/// After the answer that took the right away, nothing that happens is told any more.
async fn has_ended(shop: &Shop, mut stream: Stream, order: &str) {
    let widget = shop.embed.open(json!({ "orderId": order })).await.unwrap();
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    loop {
        // What was stored a moment before may be told.
        let message = stream.next().await.unwrap();
        assert!(!message.data.to_string().contains(order), "{message:?}");
        if message.event == "end" {
            assert_eq!(message.data, json!({ "reason": "unauthorized" }));
            break;
        }
    }
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_at_once_with_the_right_that_it_was_opened_by() {
    let shop = Shop::with(Options::sqlite()).await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let live = path(&shop, "live");
    let by_browser = async |browser: &Browser| begun(browser.request(Method::GET, &live)).await;

    let everything = json!({ "name": "wall", "scopes": ["*"] });
    let (api, its_path) = key(&owner, &shop.server, everything.clone()).await;
    let by_key = begun(api.request(Method::GET, &live)).await;
    owner.delete(&its_path).await.unwrap().expect(204).unwrap();
    has_ended(&shop, by_key, "after-revocation").await;

    // A browser that is signed out, by itself and from elsewhere.
    let other = Browser::new(&shop.server);
    other.sign_in("olga@example.com", PASSWORD).await.unwrap().expect(200).unwrap();
    let stream = by_browser(&other).await;
    other.post("/v1/sign-out", &json!({})).await.unwrap().expect(204).unwrap();
    has_ended(&shop, stream, "after-sign-out").await;
    other.sign_in("olga@example.com", PASSWORD).await.unwrap().expect(200).unwrap();
    let (stream, own) = (by_browser(&other).await, by_browser(&owner).await);
    owner.delete("/v1/me/sign-ins").await.unwrap().expect(204).unwrap();
    has_ended(&shop, stream, "after-ending").await;

    // A member who is removed, with the key that they made.
    let ben = Browser::invited_by(&owner, "ben@example.com", "admin", None).await.unwrap();
    let id = ben.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let (api, _) = key(&ben, &shop.server, everything).await;
    let (stream, by_key) = (by_browser(&ben).await, begun(api.request(Method::GET, &live)).await);
    owner.delete(&format!("/v1/members/{id}")).await.unwrap().expect(204).unwrap();
    has_ended(&shop, stream, "after-removal").await;
    has_ended(&shop, by_key, "after-removal-by-key").await;

    // Who may still read goes on.
    let mut own = own;
    let mut events = 0;
    while events < 3 {
        events += usize::from(own.next().await.unwrap().event == "event");
    }
}

#[tokio::test]
async fn a_stream_goes_on_when_it_is_proved_again_who_sits_there() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let mut stream = begun(owner.request(Method::GET, &path(&shop, "live"))).await;
    let proof = json!({ "password": PASSWORD });
    owner.post("/v1/step-up", &proof).await.unwrap().expect(200).unwrap();
    let widget = shop.embed.open(json!({ "orderId": "after-proof" })).await.unwrap();
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    while stream.next().await.unwrap().event != "event" {}
}

#[tokio::test]
async fn a_stream_ends_when_the_time_of_its_key_is_over() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(8);
    let draft = json!({ "name": "wall", "scopes": ["calls:read"], "expiresAt": soon.to_string() });
    let (api, _) = key(&owner, &shop.server, draft).await;
    let mut stream = begun(api.request(Method::GET, &path(&shop, "live"))).await;
    let end = stream.next().await.unwrap();
    assert_eq!((end.event.as_str(), end.data), ("end", json!({ "reason": "unauthorized" })));
    assert!(jiff::Timestamp::now() >= soon, "it was told before its time");
}

#[tokio::test]
async fn who_may_read_calls_and_no_events_sees_no_event_anywhere() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let draft = json!({ "name": "calls", "scopes": ["calls:read"] });
    let (api, _) = key(&owner, &shop.server, draft).await;
    let mut stream = begun(api.request(Method::GET, &path(&shop, "live"))).await;
    let mut told = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..2 {
        let widget = shop.widget().await;
        let call = widget.place().await.unwrap();
        loop {
            let message = stream.next().await.unwrap();
            let is_connected =
                message.data["callId"] == call.call_id && message.data["phase"] == "connected";
            told.push((message.event, message.data.to_string()));
            if is_connected {
                break;
            }
        }
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
        calls.push(call.call_id);
    }
    assert!(told.iter().all(|(name, _)| name == "call"), "{told:?}");
    let events = shop.api.events(&shop.app, "").await.unwrap();
    let names: Vec<_> = events.iter().map(|event| event.name()).collect();
    assert!(names.iter().any(|name| name == "call_ended"), "{names:?}");

    let mut shown: Vec<String> = told.into_iter().map(|(_, data)| data).collect();
    let mut paths = vec![path(&shop, "calls"), path(&shop, "context-keys")];
    for call in &calls {
        paths.extend(["", "/timeline"].map(|part| path(&shop, &format!("calls/{call}{part}"))));
        paths.push(format!("/v1/lookup?q={call}"));
    }
    paths.extend(events.iter().map(|event| format!("/v1/lookup?q={}", event.id)));
    for path in paths {
        shown.push(api.get(&path).await.unwrap().expect(200).unwrap().text());
    }
    let exports = path(&shop, "exports");
    for format in ["csv", "json"] {
        let body = json!({ "kind": "calls", "format": format });
        let made = api.post(&exports, &body).await.unwrap().expect(202).unwrap();
        let export = format!("{exports}/{}", made.json::<Value>().unwrap()["id"].as_str().unwrap());
        shop.wait_for(&export, |export| export["state"] == "done").await;
        shown.push(api.get(&format!("{export}/file")).await.unwrap().expect(200).unwrap().text());
    }
    for event in &events {
        for text in &shown {
            assert!(!text.contains(&event.id), "{} is told in {text}", event.name());
            assert!(!text.contains(event.event.get()), "{} is told in {text}", event.name());
        }
    }
    assert!(!shown.iter().any(|text| text.contains("\"event\":")), "{shown:?}");

    // An export of events is none of theirs, also one that somebody else has made.
    let body = json!({ "kind": "events", "format": "json" });
    refused(&api.post(&exports, &body).await.unwrap(), 403, "forbidden");
    let made: Value =
        shop.api.post(&exports, &body).await.unwrap().expect(202).unwrap().json().unwrap();
    let export = format!("{exports}/{}", made["id"].as_str().unwrap());
    shop.wait_for(&export, |export| export["state"] == "done").await;
    for path in [format!("{export}/file"), export, path(&shop, "events")] {
        refused(&api.get(&path).await.unwrap(), 403, "forbidden");
    }
}

#[tokio::test]
async fn what_a_neighbour_guesses_ends_nobodys_stream() {
    let shop = Shop::with(Options::sqlite().with("--requests-per-minute", "60")).await;
    let widget = shop.widget().await;
    let loaded = || [widget.event("widget_loaded", json!({ "isPreview": false }))];
    widget.submit(&loaded()).await.unwrap().expect(200).unwrap();
    let mut stream = begun(shop.api.request(Method::GET, &path(&shop, "live"))).await;
    let guess = shop.api.with_key(&format!("bp_{}", "A".repeat(43)));
    let mut guesses = 0;
    while guess.get("/v1/apps").await.unwrap().status != 429 {
        guesses += 1;
        assert!(guesses < 5_000, "they are not counted");
    }
    // Real time passes here: it is looked every 3 s whether the reader may still read.
    let until = tokio::time::Instant::now() + std::time::Duration::from_millis(3_500);
    while tokio::time::Instant::now() < until {
        _ = guess.get("/v1/apps").await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    widget.submit(&loaded()).await.unwrap().expect(200).unwrap();
    assert_eq!(stream.next().await.unwrap().event, "event");
}

#[tokio::test]
async fn the_oldest_stream_of_a_key_makes_room_for_a_fifth_and_those_of_others_go_on() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let live = path(&shop, "live");
    let mut of_other = begun(owner.request(Method::GET, &live)).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(begun(shop.api.request(Method::GET, &live)).await);
    }
    let mut oldest = streams.remove(0);
    let end = oldest.next().await.unwrap();
    assert_eq!((end.event.as_str(), end.data), ("end", json!({ "reason": "replaced" })));
    assert_eq!(oldest.next().await, None);
    shop.load_widgets(1).await;
    for stream in streams.iter_mut().chain([&mut of_other]) {
        assert_eq!(stream.next().await.unwrap().event, "event");
    }
}
