//! Saved views: of whoever is signed in, and of nobody else.

use bellpush_test_support::browser::Browser;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

async fn views(browser: &Browser) -> Vec<Value> {
    let answer = browser.get("/v1/me/views").await.unwrap().expect(200).unwrap();
    let list: Value = answer.json().unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn views_are_kept_for_each_member_and_replaced_by_their_name() {
    let shop = Shop::open().await;
    let olga = Browser::set_up(&shop.server).await.unwrap();
    let ben = Browser::invited_by(&olga, "ben@example.com", "viewer", None).await.unwrap();
    let view = |name: &str, query: &str| json!({ "appId": shop.app.id, "list": "calls", "name": name, "query": query });
    let kept = olga.post("/v1/me/views", &view(" Failed ", "?state=failed")).await.unwrap();
    let kept: Value = kept.expect(201).unwrap().json().unwrap();
    assert_eq!((&kept["name"], &kept["list"]), (&json!("Failed"), &json!("calls")));
    let again = olga.post("/v1/me/views", &view("Failed", "?state=ended")).await.unwrap();
    let again: Value = again.expect(201).unwrap().json().unwrap();
    assert_eq!((&again["id"], &again["query"]), (&kept["id"], &json!("?state=ended")));
    assert_eq!(views(&olga).await, [again]);

    // A viewer keeps their own, and can't take others' away.
    ben.post("/v1/me/views", &view("Mine", "")).await.unwrap().expect(201).unwrap();
    assert_eq!(views(&ben).await.len(), 1);
    let path = format!("/v1/me/views/{}", kept["id"].as_str().unwrap());
    refused(&ben.delete(&path).await.unwrap(), 404, "not-found");
    olga.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&olga.delete(&path).await.unwrap(), 404, "not-found");
    assert!(views(&olga).await.is_empty());
}

#[tokio::test]
async fn a_view_is_of_an_app_that_one_may_look_into_and_has_its_bounds() {
    let shop = Shop::open().await;
    let olga = Browser::set_up(&shop.server).await.unwrap();
    let (other, _) = shop.another(json!({})).await;
    let only = [shop.app.id.as_str()];
    let ben = Browser::invited_by(&olga, "ben@example.com", "viewer", Some(&only)).await.unwrap();
    let body = |change: Value| {
        let mut body =
            json!({ "appId": shop.app.id, "list": "deliveries", "name": "n", "query": "" });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let none = "app_01920000000070008000000000000001";
    for (change, pointer) in [
        (json!({ "appId": other.id }), "/appId"),
        (json!({ "appId": none }), "/appId"),
        (json!({ "list": "events" }), "/list"),
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "x".repeat(61) }), "/name"),
        (json!({ "name": "a\nb" }), "/name"),
        (json!({ "query": "x".repeat(4_001) }), "/query"),
        (json!({ "query": "a\0" }), "/query"),
    ] {
        let answer = ben.post("/v1/me/views", &body(change.clone())).await.unwrap();
        let problem = refused(&answer, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{change}");
    }
    ben.post("/v1/me/views", &body(json!({}))).await.unwrap().expect(201).unwrap();

    // A view of an app that one may not look into any more is not shown.
    let id = ben.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let moved = olga.patch(&format!("/v1/members/{id}"), &json!({ "apps": [other.id] })).await;
    moved.unwrap().expect(200).unwrap();
    assert!(views(&ben).await.is_empty());
}
