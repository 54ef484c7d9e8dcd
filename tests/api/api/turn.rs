//! TURN credentials, for the session and for a while.

use bellpush_test_support::server::Options;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::shop::Shop;

const SECRET: &str = "north-by-northwest";

#[tokio::test]
async fn a_session_gets_credentials_of_its_own_that_run_out() {
    let options = Options::sqlite()
        .with("--turn-urls", "turn:turn.example:3478?transport=tcp,turns:turn.example:5349")
        .environment("BELLPUSH_TURN_SECRET", SECRET)
        .with("--max-call-seconds", "3600")
        .with("--session-seconds", "900");
    let shop = Shop::with(options).await;
    let mut names = Vec::new();
    for _ in 0..2 {
        let request = shop.embed.request(&json!({}));
        let answer = shop.embed.ask(&request).await.unwrap().expect(201).unwrap();
        assert!(!answer.text().contains(SECRET));
        let session: Value = answer.json().unwrap();
        let server = &session["iceServers"][0];
        let urls = json!(["turn:turn.example:3478?transport=tcp", "turns:turn.example:5349"]);
        assert_eq!(server["urls"], urls);
        assert_eq!(server["credential"].as_str().unwrap().len(), 28, "SHA-1 in base64");
        let username = server["username"].as_str().unwrap().to_owned();
        let (until, _) = username.split_once(':').unwrap();
        let left = until.parse::<i64>().unwrap() - Timestamp::now().as_second();
        assert!((4_400..=4_500).contains(&left), "{left} s are left");
        names.push(username);
    }
    assert_ne!(names[0], names[1]);
    assert!(!shop.server.log().unwrap().contains(SECRET));
}

#[tokio::test]
async fn without_a_turn_server_there_is_none_to_use() {
    let shop = Shop::open().await;
    let request = shop.embed.request(&json!({}));
    let session: Value =
        shop.embed.ask(&request).await.unwrap().expect(201).unwrap().json().unwrap();
    assert_eq!(session["iceServers"], json!([]));
}
