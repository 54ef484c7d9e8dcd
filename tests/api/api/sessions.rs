//! Sessions belong to an app, an origin and a time, and their tokens open nothing else.

use std::time::Duration;

use bellpush_test_support::{
    answer::Answer,
    api::Session,
    server::Options,
    widget::{Embed, Widget},
};
use reqwest::Method;
use serde_json::json;

use crate::shop::{EVIL, Shop, refused};

#[tokio::test]
async fn a_session_has_its_context_and_a_token_for_a_quarter_of_an_hour() {
    let shop = Shop::open().await;
    let session = shop.widget().await.session;
    assert_eq!(session.context, json!({ "orderId": "A-1" }));
    assert!(!session.preview && session.token.starts_with("st_"));
    assert!(session.expires_at > session.server_time, "{session:?}");
}

#[tokio::test]
async fn a_session_is_refused_to_an_origin_that_is_not_on_the_list() {
    let shop = Shop::open().await;
    for origin in [
        EVIL,
        "https://shop.example:8443",
        "https://sub.shop.example",
        "https://shop.example.evil.example",
        &shop.server.own_origin(),
    ] {
        let embed = Embed { origin: origin.into(), ..shop.embed.clone() };
        let answer = embed.ask(&embed.request(&json!({}))).await.unwrap();
        let problem = refused(&answer, 403, "origin-not-allowed");
        assert_eq!(problem.pointer.as_deref(), Some("/origin"));
        assert!(problem.detail.contains(origin), "{problem:?}");
    }
    for origin in ["null", "", "*", "https://shop.example/path", "http://shop.example"] {
        let embed = Embed { origin: origin.into(), ..shop.embed.clone() };
        let answer = embed.ask(&embed.request(&json!({}))).await.unwrap();
        assert_eq!(refused(&answer, 422, "invalid").pointer.as_deref(), Some("/origin"));
    }
}

#[tokio::test]
async fn a_session_is_refused_without_a_key_of_this_very_app() {
    let shop = Shop::open().await;
    let (_, other) = shop.another(json!({})).await;
    let forged = format!("wk_{}", "A".repeat(43));
    for key in ["", "wk_short", &forged, &other.key, "' OR 1=1 --"] {
        let embed = Embed { key: key.into(), ..shop.embed.clone() };
        let answer = embed.ask(&embed.request(&json!({}))).await.unwrap();
        refused(&answer, 401, "widget-key-invalid");
    }
    let path = format!("/v1/apps/{}/widget-keys", shop.app.id);
    let keys: serde_json::Value = shop.api.get(&path).await.unwrap().json().unwrap();
    let id = keys["items"][0]["id"].as_str().unwrap();
    shop.api.delete(&format!("{path}/{id}")).await.unwrap().expect(204).unwrap();
    let answer = shop.embed.ask(&shop.embed.request(&json!({}))).await.unwrap();
    refused(&answer, 401, "widget-key-invalid");
}

#[tokio::test]
async fn a_token_that_is_forged_or_of_another_kind_opens_nothing() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let good = widget.session.token.clone();
    let turned: String = good
        .chars()
        .take(3)
        .chain(good.chars().skip(3).collect::<Vec<_>>().into_iter().rev())
        .collect();
    let api_key = format!("bp_{}", &good[3..]);
    for token in ["", "st_", "st_short", &turned, &api_key, &shop.embed.key, &good[3..]] {
        let thief = widget.with_token(token);
        for answer in everything(&thief, &call.call_id).await {
            refused(&answer, 401, "session-expired");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(shop.api.call(&shop.app, &call.call_id).await.unwrap().state, "live");
    assert_eq!(shop.event_names().await, ["call_started"]);
}

#[tokio::test]
async fn a_token_is_of_no_use_after_its_time() {
    let shop = Shop::with(Options::sqlite().with("--session-seconds", "1")).await;
    let widget = shop.widget().await;
    // Real time passes here: there is no other way to a real program's clock.
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    for answer in everything(&widget, "call_01920000000070008000000000000001").await {
        refused(&answer, 401, "session-expired");
    }
    let answer = shop.document(&[("session", &widget.session.token)]).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_refreshed_token_is_of_the_same_session() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let session: Session = widget.refresh().await.unwrap().expect(200).unwrap().json().unwrap();
    assert_ne!(session.token, widget.session.token);
    assert_eq!(session.context, widget.session.context);
    // The old token serves until its own end, the new one from now on.
    for token in [&widget.session.token, &session.token] {
        widget.with_token(token).poll(&call.call_id, 0).await.unwrap().expect(200).unwrap();
    }
}

#[tokio::test]
async fn a_session_of_one_app_cannot_reach_another() {
    let shop = Shop::open().await;
    let (other_app, other_embed) = shop.another(json!({})).await;
    let victim = shop.widget().await;
    let call = victim.place().await.unwrap();
    let stranger = other_embed.open(json!({ "orderId": "A-1" })).await.unwrap();
    let answers = [
        stranger.hang_up(&call.call_id).await.unwrap(),
        stranger.leave(&call.call_id).await.unwrap(),
        stranger.press(&call.call_id, '*').await.unwrap(),
        stranger.poll(&call.call_id, 0).await.unwrap(),
    ];
    for answer in answers {
        refused(&answer, 404, "not-found");
    }
    let loaded = stranger.event("widget_loaded", json!({ "isPreview": false }));
    stranger.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    assert_eq!(shop.event_names().await, ["call_started"]);
    assert_eq!(shop.api.events(&other_app, "").await.unwrap().len(), 1);
    // Nor does its token make the other app's document its own.
    let answer = shop.document(&[("session", &stranger.session.token)]).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[tokio::test]
async fn an_origin_that_is_taken_off_the_list_takes_its_sessions_along() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(std::slice::from_ref(&loaded)).await.unwrap().expect(200).unwrap();
    shop.change(json!({ "allowedOrigins": ["https://new.example"] })).await.expect(200).unwrap();
    for answer in everything(&widget, "call_01920000000070008000000000000001").await {
        refused(&answer, 401, "session-expired");
    }
    shop.change(json!({ "allowedOrigins": [crate::shop::ORIGIN] })).await.expect(200).unwrap();
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn a_deleted_app_takes_its_sessions_along() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    widget.refresh().await.unwrap().expect(200).unwrap();
    let path = format!("/v1/apps/{}", shop.app.id);
    shop.api.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&widget.refresh().await.unwrap(), 401, "session-expired");
    refused(&shop.api.get(&path).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_backend_vouches_for_routing_key_and_destination_of_its_sessions() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/destinations", shop.app.id);
    let destinations: serde_json::Value = shop.api.get(&path).await.unwrap().json().unwrap();
    let destination = &destinations["items"][0]["id"];
    let mut request = json!({
        "appId": shop.app.id,
        "origin": shop.embed.origin,
        "context": { "customerTier": "gold" },
        "routingKey": "vip",
        "destinationId": destination,
    });
    let session = shop.api.create_session(&request).await.unwrap();
    let widget = Widget::new(&shop.server.url(), session);
    widget.place().await.unwrap();
    let started = &shop.api.events(&shop.app, "name=call_started").await.unwrap()[0];
    let data = &started.envelope().unwrap()["data"];
    assert_eq!(data["routingKey"], "vip");
    assert_eq!(data["destinationId"], *destination);
    assert_eq!(data["context"], json!({ "customerTier": "gold" }));

    for (field, value, status, kind) in [
        ("origin", json!(EVIL), 403, "origin-not-allowed"),
        ("routingKey", json!(" "), 422, "invalid"),
        ("routingKey", json!("x".repeat(129)), 422, "invalid"),
        ("destinationId", json!("dest_01920000000070008000000000000001"), 422, "invalid"),
        ("context", json!({ "1st": "v" }), 422, "invalid"),
    ] {
        let before = std::mem::replace(&mut request[field], value);
        let problem =
            refused(&shop.api.post("/v1/sessions", &request).await.unwrap(), status, kind);
        assert_eq!(problem.pointer, Some(format!("/{field}")), "{problem:?}");
        request[field] = before;
    }
}

/// Every route that a session token opens.
async fn everything(widget: &Widget, call_id: &str) -> Vec<Answer> {
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    let with_token = json!({ "token": widget.session.token, "events": [loaded] });
    let by_body = bellpush_test_support::answer::client()
        .post(widget.request(Method::POST, "/v1/widget/events").build().unwrap().url().clone())
        .json(&with_token);
    vec![
        widget.refresh().await.unwrap(),
        widget.submit(&[loaded]).await.unwrap(),
        Answer::to(by_body).await.unwrap(),
        widget.offer("v=0\r\n").await.unwrap(),
        widget.hang_up(call_id).await.unwrap(),
        widget.leave(call_id).await.unwrap(),
        widget.press(call_id, '*').await.unwrap(),
        widget.poll(call_id, 0).await.unwrap(),
    ]
}
