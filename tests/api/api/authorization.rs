//! The management API opens to an API key and to nothing else.

use bellpush_test_support::{
    answer::{self, Answer},
    api::Api,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// Every operation of the OpenAPI document that needs this kind of token, with ids filled in.
fn operations(document: &Value, scheme: &str, app_id: &str) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let security = operation["security"].as_array();
            if security.is_none_or(|all| !all.iter().any(|one| one.get(scheme).is_some())) {
                continue;
            }
            let path = path
                .replace("{appId}", app_id)
                .replace("{callId}", "call_01920000000070008000000000000001")
                .replace("{destinationId}", "dest_01920000000070008000000000000001")
                .replace("{trunkId}", "trunk_01920000000070008000000000000001")
                .replace("{integrationId}", "int_01920000000070008000000000000001")
                .replace("{exportId}", "exp_01920000000070008000000000000001")
                .replace("{erasureId}", "era_01920000000070008000000000000001")
                .replace("{version}", "1")
                .replace("{secretName}", "apiKey")
                .replace("{eventId}", "01920000-0000-7000-8000-000000000001")
                .replace("{memberId}", "mem_01920000000070008000000000000001")
                .replace("{apiKeyId}", "key_01920000000070008000000000000001")
                .replace("{invitationId}", "inv_01920000000070008000000000000001")
                .replace("{ruleId}", "rule_01920000000070008000000000000001")
                .replace("{rehearsalId}", "reh_01920000000070008000000000000001")
                .replace("{country}", "DE")
                .replace("{replayId}", "rep_01920000000070008000000000000001")
                .replace("{keyId}", "wkey_01920000000070008000000000000001");
            assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
            found.push((method.to_uppercase().parse().unwrap(), path));
        }
    }
    found
}

#[tokio::test]
async fn no_route_of_the_api_opens_without_an_api_key() {
    let shop = Shop::open().await;
    let document: Value = shop.api.get("/v1/openapi.json").await.unwrap().json().unwrap();
    let operations = operations(&document, "api_key", &shop.app.id);
    assert!(operations.len() >= 30, "{operations:?}");
    let widget = shop.widget().await;
    let wrong_key = format!("bp_{}", "A".repeat(43));
    for token in ["", &widget.session.token, &shop.embed.key, "bp_short", &wrong_key] {
        let api = shop.api.with_key(token);
        for (method, path) in &operations {
            let answer =
                Answer::to(api.request(method.clone(), path).json(&json!({}))).await.unwrap();
            refused(&answer, 401, "api-key-invalid");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    for (method, path) in &operations {
        let request =
            answer::client().request(method.clone(), format!("{}{path}", shop.server.url()));
        refused(&Answer::to(request.json(&json!({}))).await.unwrap(), 401, "api-key-invalid");
    }
    shop.api.get(&format!("/v1/apps/{}", shop.app.id)).await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn an_api_key_is_no_session_token() {
    let shop = Shop::open().await;
    let document: Value = shop.api.get("/v1/openapi.json").await.unwrap().json().unwrap();
    let operations = operations(&document, "session", &shop.app.id);
    assert!(operations.len() >= 5, "{operations:?}");
    for (method, path) in operations {
        let body =
            if path.ends_with("/dtmf") { json!({ "digit": "1" }) } else { json!({ "events": [] }) };
        let answer = Answer::to(shop.api.request(method, &path).json(&body)).await.unwrap();
        refused(&answer, 401, "session-expired");
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_api_even_with_a_key() {
    let shop = Shop::open().await;
    let request = shop.api.request(Method::POST, "/v1/apps").json(&json!({ "name": "Theirs" }));
    let answer = Answer::to(request.header("sec-fetch-site", "cross-site")).await.unwrap();
    refused(&answer, 403, "cross-site");
}

#[tokio::test]
async fn a_body_of_another_content_type_is_refused_and_one_that_names_none_is_json() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let unknown = "call_01920000000070008000000000000001";
    let send = async |api: &Api, method: Method, path: &str, kind: &str, body: &str| {
        let request = api.request(method, path).header("content-type", kind);
        Answer::to(request.body(body.to_owned())).await.unwrap()
    };
    let body = r#"{"name":"Named"}"#;
    let app = format!("/v1/apps/{}", shop.app.id);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        for (method, path) in [(Method::POST, "/v1/apps"), (Method::PATCH, &*app)] {
            let answer = send(&shop.api, method, path, kind, body).await;
            refused(&answer, 415, "unsupported-media-type");
        }
        let session = shop.api.with_key(&widget.session.token);
        for (path, body) in [
            ("dtmf", r#"{"digit":"1"}"#),
            ("warnings", r#"{"warning":"microphone_lost","raised":true}"#),
            ("resume", r#"{"resumeToken":"","sdp":""}"#),
        ] {
            let path = format!("/v1/calls/{unknown}/{path}");
            let answer = send(&session, Method::POST, &path, kind, body).await;
            refused(&answer, 415, "unsupported-media-type");
        }
        let answer = send(&session, Method::POST, "/v1/calls", kind, "v=0").await;
        refused(&answer, 415, "unsupported-media-type");
    }
    for kind in
        ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
    {
        assert_eq!(send(&shop.api, Method::PATCH, &app, kind, body).await.status, 200, "{kind}");
    }
    let request = shop.api.request(Method::PATCH, &app).body(body);
    assert_eq!(Answer::to(request).await.unwrap().status, 200);
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let shop = Shop::open().await;
    let app = format!("/v1/apps/{}", shop.app.id);
    let unknown = "/v1/apps/app_01920000000070008000000000000001";
    let send = async |method: Method, path: &str, body: &str| {
        Answer::to(shop.api.request(method, path).body(body.to_owned())).await.unwrap()
    };
    for (method, path, body, status, kind) in [
        (Method::GET, "/v1/nothing", "", 404, "not-found"),
        (Method::GET, "/nothing", "", 404, "not-found"),
        (Method::PUT, "/v1/apps", "", 405, "method-not-allowed"),
        (Method::GET, "/v1/calls", "", 405, "method-not-allowed"),
        (Method::POST, "/v1/apps", "{", 400, "malformed"),
        (Method::POST, "/v1/apps", "", 400, "malformed"),
        (Method::POST, "/v1/apps", "\u{0}", 400, "malformed"),
        (Method::POST, "/v1/apps", "[]", 422, "invalid"),
        (Method::POST, "/v1/apps", "{}", 422, "invalid"),
        (Method::PATCH, &app, "[]", 422, "invalid"),
        (Method::GET, "/v1/apps/nonsense", "", 404, "not-found"),
        (Method::GET, "/v1/apps/int_01920000000070008000000000000001", "", 404, "not-found"),
        (Method::GET, unknown, "", 404, "not-found"),
        (Method::PATCH, unknown, "{}", 404, "not-found"),
        (Method::DELETE, unknown, "", 404, "not-found"),
        (Method::GET, &format!("{unknown}/calls"), "", 404, "not-found"),
        (Method::GET, &format!("{unknown}/events"), "", 404, "not-found"),
        (Method::GET, &format!("{unknown}/integrations"), "", 404, "not-found"),
        (Method::GET, &format!("{unknown}/widget-keys"), "", 404, "not-found"),
        (Method::GET, &format!("{unknown}/destinations"), "", 404, "not-found"),
        (Method::GET, &format!("{app}/calls/call_x"), "", 404, "not-found"),
        (Method::GET, &format!("{app}/calls?limit=0"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/calls?limit=501"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/calls?limit=many"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/calls?after=x"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/calls?context=orderId"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/events?callId=x"), "", 422, "invalid"),
        (Method::GET, &format!("{app}/events?after=x"), "", 422, "invalid"),
        (Method::GET, "/widget/assets/none.js", "", 404, "not-found"),
        (Method::GET, "/widget/assets/..%2Fmanifest.json", "", 404, "not-found"),
        (Method::GET, "/demo", "", 404, "not-found"),
    ] {
        let answer = send(method.clone(), path, body).await;
        let problem = answer.problem().unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        assert!(problem.is(status, kind), "{method} {path} {body}: {problem:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
