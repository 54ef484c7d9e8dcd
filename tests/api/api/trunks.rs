//! Trunks: set up by the API, with passwords that nobody gets to see again.

use std::process::Command;

use serde_json::{Value, json};

use crate::shop::{Shop, refused};

const PASSWORD: &str = "correct-horse-battery-staple";

#[tokio::test]
async fn a_trunk_is_made_read_changed_and_deleted() {
    let shop = Shop::open().await;
    let body = json!({ "name": "Provider", "domain": "sip.provider.example", "username": "u" });
    let made: Value =
        shop.api.post("/v1/trunks", &body).await.unwrap().expect(201).unwrap().json().unwrap();
    assert_eq!((&made["transport"], &made["hasPassword"]), (&json!("udp"), &json!(false)));
    let address = format!("/v1/trunks/{}", made["id"].as_str().unwrap());
    let patch = json!({ "transport": "tls", "password": PASSWORD, "codecs": ["opus", "pcma"] });
    let changed: Value =
        shop.api.patch(&address, &patch).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!((&changed["transport"], &changed["hasPassword"]), (&json!("tls"), &json!(true)));
    // A password stays until it is taken away.
    let kept = shop.api.patch(&address, &json!({ "name": "Other" })).await.unwrap();
    assert_eq!(kept.json::<Value>().unwrap()["hasPassword"], true);
    let list: Value = shop.api.get("/v1/trunks").await.unwrap().json().unwrap();
    assert_eq!(list["items"][0]["name"], "Other");
    let removed = shop.api.patch(&address, &json!({ "password": null })).await.unwrap();
    assert_eq!(removed.json::<Value>().unwrap()["hasPassword"], false);

    let profile = json!({ "name": "Sales", "kind": "sip", "trunkId": made["id"], "to": "100" });
    let profiles = format!("/v1/apps/{}/destinations", shop.app.id);
    shop.api.post(&profiles, &profile).await.unwrap().expect(201).unwrap();
    let problem = refused(&shop.api.delete(&address).await.unwrap(), 409, "conflict");
    assert!(problem.detail.contains("Sales"), "{problem:?}");
    shop.api.delete(&format!("/v1/apps/{}", shop.app.id)).await.unwrap().expect(204).unwrap();
    shop.api.delete(&address).await.unwrap().expect(204).unwrap();
    refused(&shop.api.get(&address).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_password_is_nowhere_to_be_seen() {
    let shop = Shop::open().await;
    let body = json!({
        "name": "Provider", "domain": "sip.provider.example", "username": "u", "password": PASSWORD,
    });
    let answer = shop.api.post("/v1/trunks", &body).await.unwrap().expect(201).unwrap();
    assert!(!answer.text().contains(PASSWORD));
    let address = format!("/v1/trunks/{}", answer.json::<Value>().unwrap()["id"].as_str().unwrap());
    for path in ["/v1/trunks", &address] {
        assert!(!shop.api.get(path).await.unwrap().text().contains(PASSWORD));
    }
    let bad = json!({ "name": "P", "domain": "sip.provider.example", "username": "u", "password": [PASSWORD] });
    let problem = refused(&shop.api.post("/v1/trunks", &bad).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/password"));
    assert!(!problem.detail.contains(PASSWORD));
    assert!(!shop.server.log().unwrap().contains(PASSWORD));
    let found = Command::new("grep")
        .args(["-r", "--binary-files=text", "--quiet", PASSWORD])
        .arg(shop.server.data_dir())
        .status()
        .unwrap();
    assert_eq!(found.code(), Some(1), "the password stands in the data directory");
}

#[tokio::test]
async fn what_no_trunk_can_be_is_refused_by_its_place() {
    let shop = Shop::open().await;
    for (pointer, field, value) in [
        ("/domain", "domain", json!("sip.provider.example:5060")),
        ("/transport", "transport", json!("carrier pigeon")),
        ("/port", "port", json!(70_000)),
        ("/codecs", "codecs", json!([])),
        ("/username", "password", json!(PASSWORD)),
        ("/password", "password", json!("")),
        ("/caller", "caller", json!("a b")),
    ] {
        let mut body = json!({ "name": "Provider", "domain": "sip.provider.example" });
        body[field] = value;
        let problem = refused(&shop.api.post("/v1/trunks", &body).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem:?}");
    }
    assert_eq!(
        shop.api.get("/v1/trunks").await.unwrap().json::<Value>().unwrap()["items"],
        json!([])
    );
}
