//! Signing in, staying in, and getting out.

use std::time::{Duration, Instant};

use bellpush_test_support::{
    answer::Answer,
    browser::{Browser, PASSWORD},
    server::{Options, ServerProcess},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::refused;

const OLGA: &str = "olga@example.com";

async fn open() -> (ServerProcess, Browser) {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    (server, owner)
}

#[tokio::test]
async fn a_browser_gets_in_by_password_and_out_again() {
    let (server, _owner) = open().await;
    let browser = Browser::new(&server);
    let answer = browser.sign_in(" Olga@Example.com", PASSWORD).await.unwrap().expect(200).unwrap();
    assert_eq!(answer.json::<Value>().unwrap(), json!({ "state": "signedIn" }));
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    let me = browser.me().await.unwrap();
    assert_eq!((&me["email"], &me["name"]), (&json!(OLGA), &json!("Olga")));

    let copy = browser.copy();
    browser.post("/v1/sign-out", &json!({})).await.unwrap().expect(204).unwrap();
    assert_eq!(browser.cookie(), None);
    refused(&copy.get("/v1/me").await.unwrap(), 401, "signed-out");
}

#[tokio::test]
async fn whether_there_is_such_an_account_is_not_told() {
    let (server, _owner) = open().await;
    let browser = Browser::new(&server);
    let mut answers = Vec::new();
    let mut times = Vec::new();
    for email in [OLGA, "nobody@example.com", "no address", ""] {
        let began = Instant::now();
        let answer = browser.sign_in(email, "another-password").await.unwrap();
        times.push(began.elapsed());
        refused(&answer, 401, "sign-in-refused");
        answers.push(answer.text());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Each computes one hash, which takes milliseconds; nothing else does.
    assert!(times.iter().all(|time| *time > Duration::from_millis(3)), "{times:?}");
}

#[tokio::test]
async fn guesses_are_limited_for_an_account_and_for_an_address() {
    let options = Options::sqlite().with("--sign-ins-per-minute", "3");
    let server =
        ServerProcess::start(options.with("--trusted-proxies", "127.0.0.1/32")).await.unwrap();
    Browser::set_up(&server).await.unwrap();
    let browser = Browser::new(&server);
    let attempt = async |email: &str, address: &str| -> Answer {
        let request = browser.request(Method::POST, "/v1/sign-in");
        let request = request.header("x-forwarded-for", address);
        let body = json!({ "email": email, "password": "guess-guess-guess" });
        browser.send(request.json(&body)).await.unwrap()
    };
    // One account, from anywhere; the same for one that there is not.
    for email in [OLGA, "nobody@example.com"] {
        for number in 0..3 {
            let answer = attempt(email, &format!("192.0.2.{number}")).await;
            refused(&answer, 401, "sign-in-refused");
        }
        let answer = attempt(email, "192.0.2.9").await;
        refused(&answer, 429, "rate-limited");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    // One address, for any accounts.
    for number in 0..12 {
        let answer = attempt(&format!("{number}@example.com"), "198.51.100.1").await;
        refused(&answer, 401, "sign-in-refused");
    }
    refused(&attempt("other@example.com", "198.51.100.1").await, 429, "rate-limited");
}

#[tokio::test]
async fn strangers_who_guess_keep_nobody_from_a_proof_or_a_code() {
    let options = Options::sqlite().with("--sign-ins-per-minute", "2");
    let server =
        ServerProcess::start(options.with("--trusted-proxies", "127.0.0.1/32")).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    let stranger = Browser::new(&server);
    for status in [401, 401, 429] {
        let request = stranger.request(Method::POST, "/v1/sign-in");
        let request = request.header("x-forwarded-for", "192.0.2.1");
        let body = json!({ "email": OLGA, "password": "guess-guess-guess" });
        assert_eq!(stranger.send(request.json(&body)).await.unwrap().status, status);
    }
    let proof = async |password: &str| {
        owner.post("/v1/step-up", &json!({ "password": password })).await.unwrap()
    };
    // From the very address, for any accounts.
    let guess = async |number: usize| {
        let email = format!("{number}@example.com");
        let body = json!({ "email": email, "password": "guess-guess-guess" });
        stranger.post("/v1/sign-in", &body).await.unwrap().status
    };
    let mut number = 0;
    while guess(number).await == 401 {
        number += 1;
        assert!(number <= 8, "an address has four times as many");
    }
    let code = json!({ "pending": "none", "code": "123456" });
    refused(&stranger.post("/v1/sign-in/code", &code).await.unwrap(), 401, "sign-in-refused");
    proof(PASSWORD).await.expect(200).unwrap();
    // At this very browser guesses are limited all the same.
    refused(&proof("not this one").await, 401, "sign-in-refused");
    refused(&proof(PASSWORD).await, 429, "rate-limited");
}

#[tokio::test]
async fn a_browser_shows_another_cookie_after_each_proof_and_the_old_one_is_worth_nothing() {
    let (_server, browser) = open().await;
    let before = browser.copy();
    let answer = browser.post("/v1/step-up", &json!({ "password": PASSWORD })).await.unwrap();
    let until = answer.expect(200).unwrap().json::<Value>().unwrap()["steppedUpUntil"].clone();
    assert_ne!(before.cookie(), browser.cookie());
    refused(&before.get("/v1/me").await.unwrap(), 401, "signed-out");
    assert_eq!(browser.me().await.unwrap()["steppedUpUntil"], until);
    let wrong = browser.post("/v1/step-up", &json!({ "password": "not this one" })).await.unwrap();
    refused(&wrong, 401, "sign-in-refused");
    browser.me().await.unwrap();
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out_one_by_one_or_all_others() {
    let (server, first) = open().await;
    let others = [Browser::new(&server), Browser::new(&server), Browser::new(&server)];
    for other in &others {
        other.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    }
    let list: Value = first.get("/v1/me/sign-ins").await.unwrap().json().unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], first.me().await.unwrap()["signInId"]);
    assert!(items.iter().all(|item| item["device"] == "Firefox on Linux"), "{list}");
    assert!(items.iter().all(|item| item["address"] == "127.0.0.1"), "{list}");

    let id = others[0].me().await.unwrap()["signInId"].as_str().unwrap().to_owned();
    let path = format!("/v1/me/sign-ins/{id}");
    first.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&first.delete(&path).await.unwrap(), 404, "not-found");
    refused(&others[0].get("/v1/me").await.unwrap(), 401, "signed-out");
    others[1].me().await.unwrap();
    first.delete("/v1/me/sign-ins").await.unwrap().expect(204).unwrap();
    refused(&others[1].get("/v1/me").await.unwrap(), 401, "signed-out");
    refused(&others[2].get("/v1/me").await.unwrap(), 401, "signed-out");
    first.me().await.unwrap();
}

#[tokio::test]
async fn a_browser_of_somebody_else_is_none_of_ones_own() {
    let (_server, owner) = open().await;
    let ben = Browser::invited_by(&owner, "ben@example.com", "admin", None).await.unwrap();
    let id = owner.me().await.unwrap()["signInId"].as_str().unwrap().to_owned();
    refused(&ben.delete(&format!("/v1/me/sign-ins/{id}")).await.unwrap(), 404, "not-found");
    owner.me().await.unwrap();
}

#[tokio::test]
async fn a_new_password_signs_all_other_browsers_out() {
    let (server, browser) = open().await;
    let other = Browser::new(&server);
    other.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    for poor in ["short", "olga@example.com", "1234567890"] {
        let answer = browser.put("/v1/me/password", &json!({ "password": poor })).await.unwrap();
        assert_eq!(refused(&answer, 422, "invalid").pointer.as_deref(), Some("/password"));
    }
    other.me().await.unwrap();
    let new = json!({ "password": "quiet-heron-lagoon-7" });
    browser.put("/v1/me/password", &new).await.unwrap().expect(204).unwrap();
    browser.me().await.unwrap();
    refused(&other.get("/v1/me").await.unwrap(), 401, "signed-out");
    refused(&other.sign_in(OLGA, PASSWORD).await.unwrap(), 401, "sign-in-refused");
    other.sign_in(OLGA, "quiet-heron-lagoon-7").await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn only_a_page_of_the_server_changes_anything_by_a_cookie() {
    let (server, browser) = open().await;
    let send = async |name: &'static str, value: &str| {
        let request = browser.plain_request(Method::PATCH, "/v1/me");
        browser.send(request.header(name, value).json(&json!({ "name": "M" }))).await.unwrap()
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        // Nothing that says where it comes from.
        ("x-other", "1"),
    ] {
        refused(&send(name, value).await, 403, "cross-site");
    }
    assert_eq!(browser.me().await.unwrap()["name"], "Olga");
    send("origin", &server.url()).await.expect(200).unwrap();
}

#[tokio::test]
async fn nothing_of_a_password_or_a_cookie_is_in_the_log_or_on_disk() {
    let (mut server, browser) = open().await;
    refused(&browser.sign_in(OLGA, "wrong-but-secret").await.unwrap(), 401, "sign-in-refused");
    let cookie = browser.cookie().unwrap();
    let (_, token) = cookie.split_once('=').unwrap();
    server.terminate().await.unwrap();
    let database = std::fs::read(server.data_dir().join("bellpush.db")).unwrap();
    let log = server.log().unwrap();
    for secret in [PASSWORD, "wrong-but-secret", token] {
        assert!(!log.contains(secret), "{secret} is in the log");
        let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is on disk");
    }
}
