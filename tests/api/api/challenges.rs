//! Proof of work at the beginning of a session.

use bellpush_test_support::{
    answer::Answer,
    postgres::Database,
    server::{Options, ServerProcess},
    widget::Embed,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::shop::{ORIGIN, Shop, refused};

const PUBLIC: &str = "https://calls.example";

async fn ask(shop: &Shop, proof: Option<&Value>) -> Answer {
    let mut request = shop.embed.request(&json!({}));
    if let Some(proof) = proof {
        request["proof"] = proof.clone();
    }
    shop.embed.ask(&request).await.unwrap()
}

/// Does the work as a browser does.
fn solve(answer: &Answer) -> Value {
    let problem: Value = answer.json().unwrap();
    let mut proof = problem["challenge"].clone();
    let most = proof.as_object_mut().unwrap().remove("maxnumber").unwrap().as_u64().unwrap();
    let (salt, aim) = (proof["salt"].as_str().unwrap(), proof["challenge"].as_str().unwrap());
    let hash = |number: &u64| {
        let hash = Sha256::digest(format!("{salt}{number}"));
        hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == aim
    };
    let number = (0..=most).find(hash).unwrap();
    proof["number"] = number.into();
    proof
}

#[tokio::test]
async fn a_session_has_to_be_worked_for_where_the_app_says_so() {
    let shop = Shop::open().await;
    shop.change(json!({ "challenge": "on" })).await.expect(200).unwrap();
    let answer = ask(&shop, None).await;
    refused(&answer, 428, "challenge");
    let proof = solve(&answer);
    let mut forged = proof.clone();
    forged["number"] = json!(proof["number"].as_u64().unwrap() + 1);
    refused(&ask(&shop, Some(&forged)).await, 428, "challenge");
    ask(&shop, Some(&proof)).await.expect(201).unwrap();
    // Work is done for one session.
    refused(&ask(&shop, Some(&proof)).await, 428, "challenge");
    shop.change(json!({ "challenge": "off" })).await.expect(200).unwrap();
    ask(&shop, None).await.expect(201).unwrap();
}

#[tokio::test]
async fn a_flood_of_sessions_has_to_be_worked_for_by_itself() {
    let shop = Shop::open().await;
    shop.change(json!({ "challenge": "auto" })).await.expect(200).unwrap();
    let mut answers = Vec::new();
    for _ in 0..100 {
        answers.push(ask(&shop, None).await.status);
    }
    let first = answers.iter().position(|status| *status == 428).unwrap();
    assert!((30..=60).contains(&first), "the first refusal is the {first}th");
    // Other apps are not made to pay for it.
    let (_, embed) = shop.another(json!({})).await;
    embed.ask(&embed.request(&json!({}))).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn work_set_by_one_server_is_good_once_at_any_of_them() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database).as_node().with("--public-url", PUBLIC);
    let first = ServerProcess::start(options.clone()).await.unwrap();
    let key = first.data_dir().join("master.key").to_string_lossy().into_owned();
    let second = ServerProcess::start(options.with("--master-key-file", &key)).await.unwrap();
    let api = first.api();
    let settings = json!({ "name": "Shop", "allowedOrigins": [ORIGIN], "challenge": "on" });
    let app = api.create_app(&settings).await.unwrap();
    let key = api.create_widget_key(&app).await.unwrap().key;
    let at = |server: &ServerProcess| Embed {
        server: server.url(),
        app: app.clone(),
        key: key.clone(),
        origin: ORIGIN.to_owned(),
    };
    let (at_first, at_second) = (at(&first), at(&second));
    for (asked, shown) in [(&at_first, &at_second), (&at_second, &at_first)] {
        let mut request = asked.request(&json!({}));
        let answer = asked.ask(&request).await.unwrap();
        refused(&answer, 428, "challenge");
        request["proof"] = solve(&answer);
        shown.ask(&request).await.unwrap().expect(201).unwrap();
        for used in [&shown, &asked] {
            refused(&used.ask(&request).await.unwrap(), 428, "challenge");
        }
    }
    // The servers go before their database.
    drop((first, second));
}
