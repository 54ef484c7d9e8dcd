//! Sessions end with the key that they were begun with.

use bellpush_test_support::{
    api::{Api, Session},
    browser::Browser,
    visitor::Visitor,
    widget::Widget,
};
use serde_json::{Value, json};

use crate::shop::{ORIGIN, Shop, refused};

/// A key that may do everything, and its path.
async fn key(shop: &Shop, owner: &Browser) -> (Api, String) {
    let draft = json!({ "name": "backend", "scopes": ["*"] });
    let made = owner.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();
    let api = shop.api.with_key(made["key"].as_str().unwrap());
    (api, format!("/v1/api-keys/{}", made["id"].as_str().unwrap()))
}

/// Nothing is begun, followed or made longer by this session any more.
async fn is_over(widget: &Widget) {
    refused(&widget.refresh().await.unwrap(), 401, "session-expired");
    let visitor = Visitor::new().await.unwrap();
    refused(&widget.offer(visitor.offer()).await.unwrap(), 401, "session-expired");
}

#[tokio::test]
async fn a_session_of_an_api_key_ends_with_the_key() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let (api, path) = key(&shop, &owner).await;
    let asked = json!({ "appId": shop.app.id, "origin": ORIGIN });
    let session = api.create_session(&asked).await.unwrap();
    let widget = Widget::new(&shop.server.url(), session);
    let call = widget.place().await.unwrap();
    let mut stream = widget.follow(&call.call_id, 0).await.unwrap();
    widget.refresh().await.unwrap().expect(200).unwrap();

    // Another key goes.
    let (_, other) = key(&shop, &owner).await;
    owner.delete(&other).await.unwrap().expect(204).unwrap();
    widget.refresh().await.unwrap().expect(200).unwrap();

    owner.delete(&path).await.unwrap().expect(204).unwrap();
    stream.rest().await.unwrap();
    is_over(&widget).await;
    let poll = widget.poll(&call.call_id, 0).await.unwrap();
    refused(&poll, 401, "session-expired");
}

#[tokio::test]
async fn the_session_of_a_widget_ends_with_its_key() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let mut stream = widget.follow(&call.call_id, 0).await.unwrap();
    widget.refresh().await.unwrap().expect(200).unwrap();
    let path = format!("/v1/apps/{}/widget-keys", shop.app.id);
    let keys = shop.read(&path).await;
    let id = keys["items"][0]["id"].as_str().unwrap();
    shop.api.delete(&format!("{path}/{id}")).await.unwrap().expect(204).unwrap();
    stream.rest().await.unwrap();
    is_over(&widget).await;
}

#[tokio::test]
async fn a_preview_token_is_of_no_use_without_the_key_that_made_it() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let (api, path) = key(&shop, &owner).await;
    let tokens = format!("/v1/apps/{}/preview-tokens", shop.app.id);
    let made = api.post(&tokens, &json!({})).await.unwrap().expect(201).unwrap();
    let token: Value = made.json().unwrap();
    let mut request = shop.embed.request(&json!({}));
    request["preview"] = true.into();
    request["origin"] = shop.server.own_origin().into();
    request["previewToken"] = token["token"].clone();
    let begun = shop.embed.ask(&request).await.unwrap().expect(201).unwrap();
    let preview: Session = begun.json().unwrap();
    owner.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&shop.embed.ask(&request).await.unwrap(), 403, "preview-token-invalid");
    let token = token["token"].as_str().unwrap();
    assert_eq!(shop.document(&[("preview", token)]).await.status, 403);
    is_over(&Widget::new(&shop.server.url(), preview)).await;
}

#[tokio::test]
async fn what_a_removed_members_key_began_ends_with_it() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let ada = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let (api, _) = key(&shop, &ada).await;
    let asked = json!({ "appId": shop.app.id, "origin": ORIGIN });
    let widget = Widget::new(&shop.server.url(), api.create_session(&asked).await.unwrap());
    widget.refresh().await.unwrap().expect(200).unwrap();
    let id = ada.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/v1/members/{id}")).await.unwrap().expect(204).unwrap();
    is_over(&widget).await;
}

#[tokio::test]
async fn what_a_key_that_was_made_by_a_key_began_ends_with_the_first_one() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let (parent, path) = key(&shop, &owner).await;
    let draft = json!({ "name": "child", "scopes": ["*"] });
    let made = parent.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();
    let child = shop.api.with_key(made["key"].as_str().unwrap());
    let asked = json!({ "appId": shop.app.id, "origin": ORIGIN });
    let session = child.create_session(&asked).await.unwrap();
    let widget = Widget::new(&shop.server.url(), session);
    widget.refresh().await.unwrap().expect(200).unwrap();
    let invited = json!({ "email": "eve@example.com", "role": "viewer" });
    let invited = child.post("/v1/invitations", &invited).await.unwrap().expect(201).unwrap();
    let invited: Value = invited.json().unwrap();
    let (_, token) = invited["link"].as_str().unwrap().split_once("#token=").unwrap();
    let check = async || {
        let stranger = Browser::new(&shop.server);
        stranger.post("/v1/invitations/check", &json!({ "token": token })).await.unwrap()
    };
    check().await.expect(200).unwrap();

    owner.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&child.get("/v1/apps").await.unwrap(), 401, "api-key-invalid");
    refused(&check().await, 403, "invitation-invalid");
    is_over(&widget).await;
}

#[tokio::test]
async fn what_a_key_began_ends_when_its_maker_may_not_begin_it_any_more() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let (api, _) = key(&shop, &admin).await;
    let asked = json!({ "appId": shop.app.id, "origin": ORIGIN });
    let session = api.create_session(&asked).await.unwrap();
    let widget = Widget::new(&shop.server.url(), session);
    let call = widget.place().await.unwrap();
    let mut stream = widget.follow(&call.call_id, 0).await.unwrap();
    widget.refresh().await.unwrap().expect(200).unwrap();
    let ada = format!("/v1/members/{}", admin.me().await.unwrap()["id"].as_str().unwrap());
    owner.patch(&ada, &json!({ "role": "viewer" })).await.unwrap().expect(200).unwrap();
    stream.rest().await.unwrap();
    is_over(&widget).await;
}
