//! Something that has secrets and is led elsewhere wants them anew.

use bellpush_test_support::{SOON, eventually, sink::Sink};
use serde_json::{Value, json};

use crate::{
    secrets::load_widget,
    shop::{Shop, refused},
};

async fn integration(shop: &Shop, url: &str, secrets: Value) -> String {
    let settings = json!({
        "name": "Hook", "url": url, "events": ["widget_loaded"], "secrets": secrets,
        "headers": { "x-key": "{secret.key}" },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id)
}

#[tokio::test]
async fn an_integration_that_is_led_elsewhere_wants_its_secrets_anew() {
    let shop = Shop::open().await;
    let path = integration(
        &shop,
        "https://hooks.example/a/{secret.key}",
        json!({ "key": "old-key", "spare": "old-spare" }),
    )
    .await;
    for url in [
        "https://evil.example/a/{secret.key}",
        "https://hooks.example:8443/a/{secret.key}",
        "https://hooks.example.evil.example/",
        "https://sub.hooks.example/a",
        "http://127.0.0.1:9/a",
    ] {
        for secrets in [json!({}), json!({ "key": "new" }), json!({ "other": "new" })] {
            let patch = json!({ "url": url, "headers": null, "secrets": secrets });
            let answer = shop.api.patch(&path, &patch).await.unwrap();
            let problem = refused(&answer, 409, "secrets-required");
            assert_eq!(problem.pointer.as_deref(), Some("/secrets"));
            assert!(problem.detail.contains("{secret.spare}"), "{problem:?}");
        }
        let answer = shop.api.patch(&path, &json!({ "url": url })).await.unwrap();
        refused(&answer, 409, "secrets-required");
    }
    // The same place in other words, or another path there, is no move.
    for url in ["https://HOOKS.example:443/b/{secret.key}", "https://hooks.example/c?{secret.key}"]
    {
        shop.api.patch(&path, &json!({ "url": url })).await.unwrap().expect(200).unwrap();
    }
    let audit = shop.read(&format!("{path}/audit")).await;
    let lines = audit["items"].as_array().unwrap();
    let is_of_secrets = |line: &Value| line["action"].as_str().unwrap().starts_with("secret");
    assert!(!lines.is_empty() && !lines.iter().any(is_of_secrets), "{audit}");
}

#[tokio::test]
async fn new_secrets_come_with_the_move_and_the_old_ones_go_nowhere_else() {
    let shop = Shop::open().await;
    let (before, after) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    let path = integration(&shop, &before.url(), json!({ "key": "old-key" })).await;
    load_widget(&shop).await;
    before.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    let patch = json!({ "url": after.url(), "secrets": { "key": "new-key" } });
    shop.api.patch(&path, &patch).await.unwrap().expect(200).unwrap();
    eventually("a delivery at the new place", SOON, async || {
        load_widget(&shop).await;
        Ok((!after.received().is_empty()).then_some(()))
    })
    .await
    .unwrap();
    for (sink, key) in [(&before, "old-key"), (&after, "new-key")] {
        for received in sink.received() {
            assert_eq!(received.header("x-key"), key);
        }
    }
    let audit = shop.read(&format!("{path}/audit")).await;
    let lines = audit["items"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["action"] == "secret_set"), "{audit}");
}

#[tokio::test]
async fn an_integration_without_secrets_may_go_anywhere() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    let url = json!({ "url": "https://other.example/" });
    shop.api.patch(&path, &url).await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn a_trunk_that_is_led_elsewhere_wants_its_password_anew() {
    let shop = Shop::open().await;
    let body = json!({
        "name": "Provider", "domain": "sip.provider.example", "username": "u",
        "password": "correct-horse-battery-staple",
    });
    let made: Value =
        shop.api.post("/v1/trunks", &body).await.unwrap().expect(201).unwrap().json().unwrap();
    let path = format!("/v1/trunks/{}", made["id"].as_str().unwrap());
    for elsewhere in [
        json!({ "domain": "evil.example" }),
        json!({ "port": 5070 }),
        json!({ "transport": "tcp" }),
        json!({ "outboundProxy": "evil.example" }),
    ] {
        let answer = shop.api.patch(&path, &elsewhere).await.unwrap();
        let problem = refused(&answer, 409, "secrets-required");
        assert_eq!(problem.pointer.as_deref(), Some("/password"));
    }
    let same = json!({ "domain": "SIP.provider.example", "name": "Other", "callerName": "Shop" });
    shop.api.patch(&path, &same).await.unwrap().expect(200).unwrap();
    let anew = json!({ "domain": "sip.other.example", "password": "another-password" });
    shop.api.patch(&path, &anew).await.unwrap().expect(200).unwrap();
    let without = json!({ "domain": "sip.third.example", "password": null });
    shop.api.patch(&path, &without).await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn single_sign_on_with_another_issuer_wants_its_secret_anew() {
    let shop = Shop::open().await;
    let path = "/v1/sign-in-settings";
    let settings = |issuer: &str, secret: Option<&str>| {
        let mut settings = json!({
            "sso": { "name": "Keycloak", "issuer": issuer, "clientId": "studio" },
        });
        if let Some(secret) = secret {
            settings["clientSecret"] = secret.into();
        }
        settings
    };
    let first = settings("https://login.example/realms/team", Some("kept"));
    shop.api.put(path, &first).await.unwrap().expect(200).unwrap();
    for issuer in [
        "https://evil.example",
        "https://login.example/realms/another",
        "https://login.example:8443/realms/team",
    ] {
        let answer = shop.api.put(path, &settings(issuer, None)).await.unwrap();
        let problem = refused(&answer, 409, "secrets-required");
        assert_eq!(problem.pointer.as_deref(), Some("/clientSecret"));
        let kept = shop.read(path).await;
        assert_eq!(kept["sso"]["issuer"], "https://login.example/realms/team");
    }
    // The same issuer keeps it, also when the rest changes, and a new one may have the same.
    let mut renamed = settings("https://login.example/realms/team", None);
    renamed["sso"]["name"] = "Login".into();
    let moved = settings("https://evil.example", Some("kept"));
    for settings in [renamed, moved] {
        let answer = shop.api.put(path, &settings).await.unwrap().expect(200).unwrap();
        assert_eq!(answer.json::<Value>().unwrap()["hasClientSecret"], true);
    }
    // Who had no secret there has none to lose.
    let without = json!({ "sso": null });
    shop.api.put(path, &without).await.unwrap().expect(200).unwrap();
    for issuer in ["https://one.example", "https://two.example"] {
        shop.api.put(path, &settings(issuer, None)).await.unwrap().expect(200).unwrap();
    }
}
