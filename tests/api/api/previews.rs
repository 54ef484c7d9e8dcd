//! Previews: for the server's own pages, begun with a token that the API makes.

use bellpush_test_support::{
    answer,
    api::Session,
    browser::{Browser, PASSWORD},
    widget::Widget,
};
use serde_json::{Value, json};

use crate::shop::{EVIL, Shop, refused};

/// What the server's own page sends.
fn request(shop: &Shop, token: Option<&str>) -> Value {
    let mut request = shop.embed.request(&json!({}));
    request["preview"] = true.into();
    request["origin"] = shop.server.own_origin().into();
    if let Some(token) = token {
        request["previewToken"] = token.into();
    }
    request
}

#[tokio::test]
async fn a_preview_is_for_the_servers_own_pages_alone() {
    let shop = Shop::open().await;
    let token = shop.preview_token().await;
    for origin in [EVIL, &shop.embed.origin] {
        let mut request = request(&shop, Some(&token));
        request["origin"] = origin.into();
        refused(&shop.embed.ask(&request).await.unwrap(), 403, "origin-not-allowed");
    }
    let answer = shop.embed.ask(&request(&shop, Some(&token))).await.unwrap();
    let session: Session = answer.expect(201).unwrap().json().unwrap();
    assert!(session.preview);
}

/// A preview that is begun with an API key.
pub(crate) async fn begun_by_key(shop: &Shop) -> Widget {
    let asked = request(shop, Some(&shop.preview_token().await));
    let session = shop.embed.ask(&asked).await.unwrap().expect(201).unwrap().json().unwrap();
    Widget::new(&shop.server.url(), session)
}

/// A preview that somebody begins in this browser.
pub(crate) async fn begun_in(shop: &Shop, browser: &Browser) -> Widget {
    let path = format!("/v1/apps/{}/preview-tokens", shop.app.id);
    let token = browser.post(&path, &json!({})).await.unwrap().expect(201).unwrap();
    let token: Value = token.json().unwrap();
    let asked = request(shop, token["token"].as_str());
    let session = shop.embed.ask(&asked).await.unwrap().expect(201).unwrap().json().unwrap();
    Widget::new(&shop.server.url(), session)
}

#[tokio::test]
async fn a_test_call_ends_when_who_has_begun_it_signs_out_and_that_is_told() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let other = Browser::new(&shop.server);
    other.sign_in("olga@example.com", PASSWORD).await.unwrap().expect(200).unwrap();
    let (mine, theirs) = (begun_in(&shop, &owner).await, begun_in(&shop, &other).await);
    let by_key = begun_by_key(&shop).await;
    let kept = [mine.place().await.unwrap(), by_key.place().await.unwrap()];
    let call = theirs.place().await.unwrap();
    let mut stream = theirs.follow(&call.call_id, 0).await.unwrap();

    other.post("/v1/sign-out", &json!({})).await.unwrap().expect(204).unwrap();
    let messages = stream.rest().await.unwrap();
    assert_eq!(messages.last().unwrap().data["event"]["name"], "call_ended", "{messages:?}");
    refused(&theirs.refresh().await.unwrap(), 401, "session-expired");
    let visitor = bellpush_test_support::visitor::Visitor::new().await.unwrap();
    refused(&theirs.offer(visitor.offer()).await.unwrap(), 401, "session-expired");

    // Those of another browser, and of a key, go on.
    for call in &kept {
        assert_eq!(shop.api.call(&shop.app, &call.call_id).await.unwrap().state, "live");
    }
    mine.refresh().await.unwrap().expect(200).unwrap();
    // Whether a key is valid still is not known to the preview: it ends with its token.
    refused(&by_key.refresh().await.unwrap(), 401, "session-expired");
}

#[tokio::test]
async fn the_public_key_alone_begins_no_preview() {
    let shop = Shop::open().await;
    let token = shop.preview_token().await;
    let (other, _) = shop.another(json!({})).await;
    let of_another: Value = shop
        .api
        .post(&format!("/v1/apps/{}/preview-tokens", other.id), &json!({}))
        .await
        .unwrap()
        .json()
        .unwrap();
    let of_another = of_another["token"].as_str().unwrap().to_owned();
    let mut changed = token.clone().into_bytes();
    let last = changed.len() - 3;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let widget = shop.widget().await;
    let wrong = [
        None,
        Some(""),
        Some("1"),
        Some("true"),
        Some("pt_"),
        Some(&shop.embed.key),
        Some(&widget.session.token),
        Some(&of_another),
        Some(&changed),
        Some(&token[..token.len() - 1]),
    ];
    for token in wrong {
        let answer = shop.embed.ask(&request(&shop, token)).await.unwrap();
        refused(&answer, 403, "preview-token-invalid");
    }
    for token in ["1", "true", "yes", &of_another, &changed] {
        let answer = shop.document(&[("preview", token)]).await;
        assert_eq!(answer.status, 403, "{token}: {}", answer.text());
    }
    assert!(shop.event_names().await.is_empty());
}

#[tokio::test]
async fn a_preview_token_is_made_for_clients_of_the_api_and_for_an_app_that_is_there() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/preview-tokens", shop.app.id);
    let stranger = answer::client().post(format!("{}{path}", shop.server.url()));
    refused(&answer::Answer::to(stranger).await.unwrap(), 401, "api-key-invalid");
    let unknown = "/v1/apps/app_01920000000070008000000000000001/preview-tokens";
    refused(&shop.api.post(unknown, &json!({})).await.unwrap(), 404, "not-found");
    let made = shop.api.post(&path, &json!({})).await.unwrap().expect(201).unwrap();
    assert_eq!(made.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_preview_calls_as_any_session_does() {
    let shop = Shop::open().await;
    let widget = begun_by_key(&shop).await;
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    assert_eq!(shop.event_names().await, ["call_started", "call_ended"]);
}

#[tokio::test]
async fn a_preview_ends_when_who_has_begun_it_may_not_do_so_any_more() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let widget = begun_in(&shop, &admin).await;
    let call = widget.place().await.unwrap();
    let mut stream = widget.follow(&call.call_id, 0).await.unwrap();
    let path = format!("/v1/apps/{}/preview-tokens", shop.app.id);
    let token = admin.post(&path, &json!({})).await.unwrap().expect(201).unwrap();
    let token: Value = token.json().unwrap();

    let ada = format!("/v1/members/{}", admin.me().await.unwrap()["id"].as_str().unwrap());
    owner.patch(&ada, &json!({ "role": "viewer" })).await.unwrap().expect(200).unwrap();
    stream.rest().await.unwrap();
    refused(&widget.refresh().await.unwrap(), 401, "session-expired");
    let asked = request(&shop, token["token"].as_str());
    refused(&shop.embed.ask(&asked).await.unwrap(), 403, "preview-token-invalid");
}
