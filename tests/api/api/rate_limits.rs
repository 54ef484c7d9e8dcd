//! Rates per address and per session, and sizes of bodies.

use bellpush_test_support::{
    answer::{self, Answer},
    server::Options,
    visitor::Visitor,
};
use reqwest::Method;
use serde_json::json;

use crate::shop::{Shop, refused};

fn too_many(answer: &Answer, what: &str) {
    let problem = refused(answer, 429, "rate-limited");
    assert!(problem.detail.contains(what), "{problem:?}");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

async fn ask_from(shop: &Shop, forwarded_for: &str) -> Answer {
    let address = format!("{}/v1/widget/sessions", shop.server.url());
    let request = answer::client().post(address).json(&shop.embed.request(&json!({})));
    Answer::to(request.header("x-forwarded-for", forwarded_for)).await.unwrap()
}

#[tokio::test]
async fn sessions_are_limited_and_a_forged_address_does_not_help() {
    let shop = Shop::with(Options::sqlite().with("--sessions-per-minute", "3")).await;
    for n in 0..3 {
        ask_from(&shop, &format!("198.51.100.{n}")).await.expect(201).unwrap();
    }
    too_many(&ask_from(&shop, "198.51.100.9").await, "3 sessions a minute");
    too_many(&ask_from(&shop, "127.0.0.1").await, "sessions");
    // A request that is refused for another reason counts as well.
    let mut request = shop.embed.request(&json!({}));
    request["key"] = "wk_wrong".into();
    too_many(&shop.embed.ask(&request).await.unwrap(), "sessions");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_visitor_has_a_limit_of_its_own() {
    let options = Options::sqlite()
        .with("--sessions-per-minute", "1")
        .with("--trusted-proxies", "127.0.0.0/8");
    let shop = Shop::with(options).await;
    ask_from(&shop, "198.51.100.1").await.expect(201).unwrap();
    ask_from(&shop, "198.51.100.2").await.expect(201).unwrap();
    too_many(&ask_from(&shop, "198.51.100.2").await, "sessions");
    // What stands left of the visitor's address is the visitor's own writing.
    too_many(&ask_from(&shop, "203.0.113.7, 198.51.100.2").await, "sessions");
}

#[tokio::test]
async fn calls_are_limited() {
    let shop = Shop::with(Options::sqlite().with("--calls-per-minute", "2")).await;
    let widget = shop.widget().await;
    for _ in 0..2 {
        let call = widget.place().await.unwrap();
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    }
    let request = widget.request(Method::POST, "/v1/calls");
    let request = request.header("content-type", "application/sdp").body("v=0\r\n");
    too_many(&Answer::to(request.header("x-forwarded-for", "1.2.3.4")).await.unwrap(), "calls");
    // Another session of the same address is no way around.
    too_many(&shop.widget().await.offer("v=0\r\n").await.unwrap(), "calls");
}

#[tokio::test]
async fn requests_to_be_called_back_are_limited_together_with_calls() {
    let shop = Shop::with(Options::sqlite().with("--calls-per-minute", "3")).await;
    let widget = shop.widget().await;
    let body = json!({ "reason": "closed", "formValues": { "phone": "+1 555 0100" } });
    let request = || widget.request(Method::POST, "/v1/widget/callbacks").json(&body);
    // The app's design offers none: what is refused counts as well.
    for _ in 0..2 {
        refused(&Answer::to(request()).await.unwrap(), 422, "invalid");
    }
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    too_many(&Answer::to(request()).await.unwrap(), "3 calls a minute");
    let elsewhere = request().header("x-forwarded-for", "1.2.3.4");
    too_many(&Answer::to(elsewhere).await.unwrap(), "calls");
    // Another session of the same address is no way around.
    let other = shop.widget().await;
    let again = other.request(Method::POST, "/v1/widget/callbacks").json(&body);
    too_many(&Answer::to(again).await.unwrap(), "calls");
}

#[tokio::test]
async fn live_calls_are_limited_by_app_and_by_address() {
    let shop = Shop::with(Options::sqlite().with("--max-calls-per-address", "2")).await;
    shop.change(json!({ "maxCalls": 1 })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let first = widget.place().await.unwrap();
    let visitor = Visitor::new().await.unwrap();
    let problem = refused(&widget.offer(visitor.offer()).await.unwrap(), 429, "rate-limited");
    assert!(problem.detail.starts_with("the app has"), "{problem:?}");
    shop.change(json!({ "maxCalls": null })).await.expect(200).unwrap();
    let second = widget.place().await.unwrap();
    // Another app is no way around.
    let (_, embed) = shop.another(json!({})).await;
    let other = embed.open(json!({})).await.unwrap();
    let answer = other.offer(visitor.offer()).await.unwrap();
    let problem = refused(&answer, 429, "rate-limited");
    assert!(problem.detail.starts_with("your address has"), "{problem:?}");
    assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{:?}", answer.headers);
    for call in [first, second] {
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    }
    other.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn events_are_limited_per_session_and_what_is_refused_is_not_stored() {
    let shop = Shop::with(Options::sqlite().with("--events-per-minute", "5")).await;
    let widget = shop.widget().await;
    let event = || widget.event("cart_changed", json!({}));
    widget.submit(&[event(), event(), event()]).await.unwrap().expect(200).unwrap();
    too_many(&widget.submit(&[event(), event(), event()]).await.unwrap(), "5 events a minute");
    widget.submit(&[event(), event()]).await.unwrap().expect(200).unwrap();
    too_many(&widget.submit(&[event()]).await.unwrap(), "events");
    let other = shop.widget().await;
    let theirs = other.event("cart_changed", json!({}));
    other.submit(&[theirs]).await.unwrap().expect(200).unwrap();
    assert_eq!(shop.event_names().await.len(), 6);
}

#[tokio::test]
async fn documents_and_refreshes_are_limited() {
    let shop = Shop::with(Options::sqlite().with("--requests-per-minute", "3")).await;
    let widget = shop.widget().await;
    shop.document(&[]).await.expect(200).unwrap();
    shop.document(&[]).await.expect(200).unwrap();
    widget.refresh().await.unwrap().expect(200).unwrap();
    let answer = shop.document(&[]).await;
    assert_eq!(answer.status, 429);
    assert!(answer.text().contains("more than 3 requests a minute"), "{}", answer.text());
    assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{:?}", answer.headers);
    assert_eq!(answer.header("refresh"), answer.header("retry-after"), "the page asks again");
    too_many(&widget.refresh().await.unwrap(), "requests");
    let call = "call_01920000000070008000000000000001";
    too_many(&widget.press(call, '1').await.unwrap(), "requests");
    too_many(&widget.poll(call, 0).await.unwrap(), "requests");
    // Whoever wants to go may go at any time.
    refused(&widget.leave(call).await.unwrap(), 404, "not-found");
    refused(&widget.hang_up(call).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn bodies_over_their_size_are_refused() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let large = |bytes: usize| "x".repeat(bytes);
    let json = format!("{{\"name\":\"{}\"}}", large(512 * 1024));
    let call = "/v1/calls/call_01920000000070008000000000000001";
    let requests = [
        shop.api.request(Method::POST, "/v1/apps").body(json.clone()),
        shop.api.request(Method::PATCH, &format!("/v1/apps/{}", shop.app.id)).body(json.clone()),
        widget.request(Method::POST, "/v1/widget/sessions").body(json.clone()),
        widget.request(Method::POST, "/v1/widget/events").body(json),
        widget.request(Method::POST, &format!("{call}/dtmf")).body(large(257)),
        widget.request(Method::POST, &format!("{call}/leave")).body(large(1_025)),
        widget
            .request(Method::POST, "/v1/calls")
            .header("content-type", "application/sdp")
            .body(large(128 * 1024 + 1)),
    ];
    for request in requests {
        // The server reads no more of such a body, so that nothing may follow on its connection.
        let request = request.header("connection", "close");
        refused(&Answer::to(request).await.unwrap(), 413, "too-large");
    }
}
