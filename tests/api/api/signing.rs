//! Signatures, verified by the official libraries of Standard Webhooks, and for `v1a`, which they lack,
//! by the crypto library of Node.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use bellpush_test_support::{
    SOON,
    sink::{Received, Sink},
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::{
    secrets::load_widget,
    shop::{Shop, refused},
};

/// Reads `{ key, headers, body }` and tells by its end whether the signature is right.
const VERIFY_V1: &str = r#"
import { Webhook } from "standardwebhooks";
const { key, headers, body } = JSON.parse(process.argv[1]);
new Webhook(key).verify(body, headers);
"#;

/// The same for `v1a`, with a public key: the library knows `v1` only.
const VERIFY_V1A: &str = r#"
import { createPublicKey, verify } from "node:crypto";
const { key, headers, body } = JSON.parse(process.argv[1]);
const x = Buffer.from(key.replace(/^whpk_/, ""), "base64").toString("base64url");
const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
const message = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
const right = headers["webhook-signature"].split(" ").some((one) =>
  one.startsWith("v1a,") &&
  verify(null, Buffer.from(message), publicKey, Buffer.from(one.slice(4), "base64")));
if (!right) throw new Error("no signature is right");
"#;

/// Whether a script of Node's takes a request.
fn node_takes(script: &str, key: &str, received: &Received) -> bool {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let library = web.join("node_modules/standardwebhooks");
    assert!(library.is_dir(), "{} is missing: run npm ci in web", library.display());
    let headers: Value = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .iter()
        .map(|name| ((*name).to_owned(), json!(received.header(name))))
        .collect();
    let body = std::str::from_utf8(&received.body).unwrap();
    let request = json!({ "key": key, "headers": headers, "body": body }).to_string();
    let output = Command::new("node")
        .args(["--input-type=module", "--eval", script, "--", &request])
        .current_dir(web)
        .stdin(Stdio::null())
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = said.contains("No matching signature") || said.contains("no signature is right");
    assert!(output.status.success() || refused, "the script itself failed: {said}");
    output.status.success()
}

fn rust_takes(secret: &str, received: &Received) -> bool {
    Webhook::new(secret).unwrap().verify(&received.body, &received.headers).is_ok()
}

/// The next request after those before.
async fn next(shop: &Shop, sink: &Sink) -> Received {
    let before = sink.received().len();
    load_widget(shop).await;
    sink.wait_until(SOON, |received| received.len() > before).await.unwrap().remove(before)
}

async fn create(shop: &Shop, sink: &Sink, signatures: &[&str]) -> (String, String) {
    let settings = json!({
        "name": "n", "url": sink.url(), "events": ["widget_loaded"], "signatures": signatures,
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    (format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id), made.signing_secret)
}

async fn rotate(shop: &Shop, path: &str, request: &Value) -> Value {
    let answer = shop.api.post(&format!("{path}/signing-secret/rotate"), request).await.unwrap();
    answer.expect(200).unwrap().json().unwrap()
}

/// The first request that this secret's signature is on: the change reaches the sender soon.
async fn first_signed_by(shop: &Shop, sink: &Sink, secret: &str) -> Received {
    bellpush_test_support::eventually("a request with the new signature", SOON, async || {
        let received = next(shop, sink).await;
        Ok(rust_takes(secret, &received).then_some(received))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn during_the_overlap_both_official_libraries_take_a_request_with_either_secret() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (path, first) = create(&shop, &sink, &["v1"]).await;
    let received = next(&shop, &sink).await;
    assert!(rust_takes(&first, &received) && node_takes(VERIFY_V1, &first, &received));

    let rotated = rotate(&shop, &path, &json!({})).await;
    let second = rotated["signingSecret"].as_str().unwrap();
    let received = first_signed_by(&shop, &sink, second).await;
    assert_eq!(received.header("webhook-signature").split(' ').count(), 2);
    for secret in [first.as_str(), second] {
        assert!(rust_takes(secret, &received), "{received:?}");
        assert!(node_takes(VERIFY_V1, secret, &received), "{received:?}");
    }
    let other = "whsec_YW5vdGhlciBrZXksIGZvciB3aGF0IGlzIHdyb25nLi4=";
    assert!(!rust_takes(other, &received) && !node_takes(VERIFY_V1, other, &received));
    let view: Value =
        shop.api.get(&format!("{path}/signing-secret")).await.unwrap().json().unwrap();
    assert_eq!(view["publicKey"], Value::Null);
    assert_eq!(view["retired"].as_array().unwrap().len(), 1);
    assert_eq!(view["retired"][0]["expiresAt"], rotated["overlapUntil"]);

    // Without an overlap both end at once.
    let rotated = rotate(&shop, &path, &json!({ "overlapSeconds": 0 })).await;
    let third = rotated["signingSecret"].as_str().unwrap();
    let received = first_signed_by(&shop, &sink, third).await;
    assert_eq!(received.header("webhook-signature").split(' ').count(), 1);
    for secret in [first.as_str(), second] {
        assert!(!rust_takes(secret, &received) && !node_takes(VERIFY_V1, secret, &received));
    }
}

#[tokio::test]
async fn an_overlap_ends_by_itself() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (path, first) = create(&shop, &sink, &["v1"]).await;
    let rotated = rotate(&shop, &path, &json!({ "overlapSeconds": 2 })).await;
    let second = rotated["signingSecret"].as_str().unwrap();
    first_signed_by(&shop, &sink, second).await;
    bellpush_test_support::eventually("the end of the overlap", SOON, async || {
        let received = next(&shop, &sink).await;
        assert!(rust_takes(second, &received));
        Ok((!rust_takes(&first, &received)).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_receiver_can_verify_v1a_with_nothing_but_the_public_key() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (path, secret) = create(&shop, &sink, &["v1"]).await;
    let public_key = async || {
        let answer = shop.api.get(&format!("{path}/signing-secret")).await.unwrap();
        answer.expect(200).unwrap().json::<Value>().unwrap()["publicKey"].clone()
    };
    assert_eq!(public_key().await, Value::Null);
    let patch = json!({ "signatures": ["v1", "v1a"] });
    shop.api.patch(&path, &patch).await.unwrap().expect(200).unwrap();
    let old = public_key().await;
    let old = old.as_str().unwrap();
    assert!(old.starts_with("whpk_"));
    let received = bellpush_test_support::eventually("a v1a signature", SOON, async || {
        let received = next(&shop, &sink).await;
        let signed = received.header("webhook-signature").contains("v1a,");
        Ok(signed.then_some(received))
    });
    let received = received.await.unwrap();
    assert!(node_takes(VERIFY_V1A, old, &received));
    assert!(rust_takes(&secret, &received), "v1 is there too");
    assert!(node_takes(VERIFY_V1, &secret, &received), "v1 is there too");
    let mut changed = received.clone();
    changed.body = received.body.iter().map(|byte| byte.to_ascii_uppercase()).collect();
    assert!(!node_takes(VERIFY_V1A, old, &changed));

    let rotated = rotate(&shop, &path, &json!({})).await;
    let new = rotated["publicKey"].as_str().unwrap();
    let received = first_signed_by(&shop, &sink, rotated["signingSecret"].as_str().unwrap()).await;
    for key in [old, new] {
        assert!(node_takes(VERIFY_V1A, key, &received), "{key}: {received:?}");
    }
    let view: Value =
        shop.api.get(&format!("{path}/signing-secret")).await.unwrap().json().unwrap();
    let retired: Vec<_> =
        view["retired"].as_array().unwrap().iter().map(|one| &one["publicKey"]).collect();
    assert!(retired.contains(&&json!(old)), "{view}");
}

#[tokio::test]
async fn a_rotation_is_bounded() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (path, _) = create(&shop, &sink, &["v1"]).await;
    let rotate = async |request: Value| {
        shop.api.post(&format!("{path}/signing-secret/rotate"), &request).await.unwrap()
    };
    for seconds in [json!(2_592_001), json!(-1), json!("1")] {
        let problem = refused(&rotate(json!({ "overlapSeconds": seconds })).await, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/overlapSeconds"));
    }
    for n in 0..4 {
        rotate(json!({ "overlapSeconds": 3_600 + n })).await.expect(200).unwrap();
    }
    let problem = refused(&rotate(json!({})).await, 409, "conflict");
    assert_eq!(problem.pointer.as_deref(), Some("/overlapSeconds"));
    let trail: Value = shop.api.get(&format!("{path}/audit")).await.unwrap().json().unwrap();
    let items = trail["items"].as_array().unwrap();
    let (rotated, others): (Vec<_>, Vec<_>) =
        items.iter().partition(|item| item["action"] == "signing_secret_rotated");
    assert_eq!((rotated.len(), others.len()), (4, 1), "{trail}");
    assert_eq!(others[0]["action"], "integration_made");
}
