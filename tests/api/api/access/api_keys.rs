//! API keys: what they are for, and that none does more than its maker.

use bellpush_test_support::{
    api::Api,
    browser::Browser,
    server::{Options, ServerProcess},
};
use serde_json::{Value, json};

use crate::shop::refused;

async fn open() -> (ServerProcess, Browser) {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    (server, owner)
}

async fn app(api: &Api, name: &str) -> String {
    api.create_app(&json!({ "name": name })).await.unwrap().id
}

async fn key(server: &ServerProcess, maker: &Browser, draft: Value) -> (Api, Value) {
    let made = maker.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();
    (server.api().with_key(made["key"].as_str().unwrap()), made)
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_in_its_apps_and_nothing_else() {
    let (server, owner) = open().await;
    let (one, two) = (app(&server.api(), "One").await, app(&server.api(), "Two").await);
    let draft = json!({ "name": "calls", "scopes": ["apps:read", "calls:read"], "apps": [one] });
    let (api, made) = key(&server, &owner, draft).await;
    assert_eq!(made["scopes"], json!(["apps:read", "calls:read"]));
    assert_eq!(made["madeBy"], owner.me().await.unwrap()["id"]);

    api.get(&format!("/v1/apps/{one}/calls")).await.unwrap().expect(200).unwrap();
    let list: Value = api.get("/v1/apps").await.unwrap().json().unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    refused(&api.get(&format!("/v1/apps/{two}/calls")).await.unwrap(), 404, "not-found");
    let answer = api.get(&format!("/v1/apps/{one}/events")).await.unwrap();
    refused(&answer, 403, "forbidden");
    assert_eq!(answer.json::<Value>().unwrap()["needed"], "events:read");
    let patch = api.patch(&format!("/v1/apps/{one}"), &json!({ "name": "M" })).await.unwrap();
    refused(&patch, 403, "forbidden");
    let me: Value = api.get("/v1/me").await.unwrap().json().unwrap();
    assert_eq!((&me["kind"], &me["permissions"]), (&json!("apiKey"), &json!([])));
    assert_eq!(me["appPermissions"], json!(["apps:read", "calls:read"]));
    refused(&api.patch("/v1/me", &json!({ "name": "M" })).await.unwrap(), 403, "forbidden");
}

#[tokio::test]
async fn a_key_is_shown_once_and_revoked_at_once() {
    let (server, owner) = open().await;
    let (api, made) = key(&server, &owner, json!({ "name": "ci", "scopes": ["*"] })).await;
    let list: Value = owner.get("/v1/api-keys").await.unwrap().json().unwrap();
    assert!(!list.to_string().contains(made["key"].as_str().unwrap()));
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();
    owner.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&api.get("/v1/apps").await.unwrap(), 401, "api-key-invalid");
    refused(&owner.get(&path).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_key_expires() {
    let (server, owner) = open().await;
    let expires_at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let draft = json!({ "name": "brief", "scopes": ["*"], "expiresAt": expires_at.to_string() });
    let (api, _) = key(&server, &owner, draft).await;
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();
    bellpush_test_support::eventually("it expires", bellpush_test_support::SOON, async || {
        Ok((api.get("/v1/apps").await?.status == 401).then_some(()))
    })
    .await
    .unwrap();
    assert!(jiff::Timestamp::now() >= expires_at);
    let past = json!({ "name": "late", "scopes": ["*"], "expiresAt": "2020-01-01T00:00:00Z" });
    let problem = refused(&owner.post("/v1/api-keys", &past).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/expiresAt"));
}

#[tokio::test]
async fn a_key_makes_none_that_outlives_it() {
    let (server, owner) = open().await;
    let later =
        |minutes| (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes)).to_string();
    let draft =
        |expires_at: Value| json!({ "name": "k", "scopes": ["*"], "expiresAt": expires_at });
    let (api, _) = key(&server, &owner, draft(json!(later(60)))).await;
    for beyond in [Value::Null, json!(later(120))] {
        let answer = api.post("/v1/api-keys", &draft(beyond)).await.unwrap();
        let problem = refused(&answer, 403, "above-own-rank");
        assert_eq!(problem.pointer.as_deref(), Some("/expiresAt"));
    }
    api.post("/v1/api-keys", &draft(json!(later(30)))).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn nobody_makes_a_key_that_does_more_than_they_may() {
    let (server, owner) = open().await;
    let one = app(&server.api(), "One").await;
    let admin =
        Browser::invited_by(&owner, "ada@example.com", "admin", Some(&[&one])).await.unwrap();
    let two = app(&server.api(), "Two").await;
    let draft = |scopes: Value, apps: Value| json!({ "name": "k", "scopes": scopes, "apps": apps });
    let make = async |draft: Value| admin.post("/v1/api-keys", &draft).await.unwrap();
    refused(&make(draft(json!(["*"]), Value::Null)).await, 403, "above-own-rank");
    refused(&make(draft(json!(["calls:read"]), Value::Null)).await, 403, "above-own-rank");
    refused(&make(draft(json!(["calls:read"]), json!([two]))).await, 422, "invalid");
    refused(&make(draft(json!([]), json!([one]))).await, 422, "invalid");
    refused(&make(draft(json!(["calls:fly"]), json!([one]))).await, 422, "invalid");
    make(draft(json!(["*"]), json!([one]))).await.expect(201).unwrap();

    // Nor does a key make one.
    let scopes =
        json!(["api-keys:read", "api-keys:write", "calls:read", "members:write", "members:read"]);
    let (api, _) = key(&server, &owner, json!({ "name": "keys", "scopes": scopes })).await;
    for scopes in [json!(["*"]), json!(["events:read"]), json!(["calls:read", "apps:write"])] {
        let answer = api.post("/v1/api-keys", &draft(scopes, Value::Null)).await.unwrap();
        refused(&answer, 403, "above-own-rank");
    }
    let own = api.post("/v1/api-keys", &draft(json!(["calls:read"]), Value::Null)).await.unwrap();
    own.expect(201).unwrap();
    for role in ["viewer", "editor", "admin", "owner"] {
        let body = json!({ "email": "eve@example.com", "role": role });
        refused(&api.post("/v1/invitations", &body).await.unwrap(), 403, "above-own-rank");
    }
    let path = format!("/v1/members/{}", owner.me().await.unwrap()["id"].as_str().unwrap());
    refused(&api.delete(&path).await.unwrap(), 403, "above-own-rank");
    let keys: Value = owner.get("/v1/api-keys").await.unwrap().json().unwrap();
    let configured = keys["items"].as_array().unwrap().iter().find(|it| it["configured"] == true);
    let path = format!("/v1/api-keys/{}", configured.unwrap()["id"].as_str().unwrap());
    refused(&api.delete(&path).await.unwrap(), 403, "above-own-rank");
    refused(&owner.delete(&path).await.unwrap(), 409, "conflict");
}
