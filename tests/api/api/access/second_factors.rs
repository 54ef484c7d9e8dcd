//! Codes from a telephone and on paper, and how an owner comes back who has lost everything.

use bellpush_test_support::{
    answer::Answer,
    browser::{Browser, PASSWORD},
    server::{self, Options, ServerProcess},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::shop::refused;

const OLGA: &str = "olga@example.com";

async fn open() -> (ServerProcess, Browser) {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    (server, owner)
}

/// What a telephone shows (RFC 6238), so many steps from now.
fn code(secret: &str, steps: i64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret
        .bytes()
        .map(|letter| LETTERS.iter().position(|it| *it == letter).unwrap())
        .map(|value| format!("{value:05b}"))
        .collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let step = jiff::Timestamp::now().as_second() / 30 + steps;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([hash[at] & 127, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// Takes codes into use: the key, and the codes on paper. The code of the step before is taken, so that
/// the present one is left.
async fn enrol(browser: &Browser) -> (String, Vec<String>) {
    let key = browser.post("/v1/me/totp", &json!({})).await.unwrap().expect(201).unwrap();
    let key: Value = key.json().unwrap();
    let secret = key["secret"].as_str().unwrap().to_owned();
    assert!(key["url"].as_str().unwrap().contains(&secret), "{key}");
    let body = json!({ "code": code(&secret, -1) });
    let codes = browser.put("/v1/me/totp", &body).await.unwrap().expect(200).unwrap();
    let codes: Value = codes.json().unwrap();
    let codes = codes["backupCodes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// Shows the password, and gets what is to be shown with the code.
async fn pending(browser: &Browser) -> String {
    let answer = browser.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    assert!(answer.headers.get("set-cookie").is_none(), "nobody is let in by half");
    let answer: Value = answer.json().unwrap();
    assert_eq!(answer["state"], "secondFactor");
    answer["pending"].as_str().unwrap().to_owned()
}

async fn show(browser: &Browser, pending: &str, code: &str) -> Answer {
    let body = json!({ "pending": pending, "code": code });
    browser.post("/v1/sign-in/code", &body).await.unwrap()
}

#[tokio::test]
async fn with_codes_in_use_a_password_alone_lets_nobody_in_and_each_code_works_once() {
    let (server, owner) = open().await;
    let (secret, codes) = enrol(&owner).await;
    let factors: Value = owner.get("/v1/me/second-factors").await.unwrap().json().unwrap();
    assert_eq!((&factors["totp"], &factors["backupCodesLeft"]), (&json!(true), &json!(10)));

    let browser = Browser::new(&server);
    let begun = pending(&browser).await;
    refused(&browser.get("/v1/me").await.unwrap(), 401, "api-key-invalid");
    for wrong in ["", "000000", "123", "letters", "aaaa-aaaa-aaaa"] {
        refused(&show(&browser, &begun, wrong).await, 401, "sign-in-refused");
    }
    let now = code(&secret, 0);
    show(&browser, &begun, &now).await.expect(200).unwrap();
    browser.me().await.unwrap();

    // Neither the code nor the way in is good a second time.
    let other = Browser::new(&server);
    refused(&show(&other, &begun, &code(&secret, 1)).await, 401, "sign-in-refused");
    let begun = pending(&other).await;
    refused(&show(&other, &begun, &now).await, 401, "sign-in-refused");
    let typed = codes[0].to_uppercase().replace('-', " ");
    show(&other, &begun, &typed).await.expect(200).unwrap();
    let third = Browser::new(&server);
    let begun = pending(&third).await;
    refused(&show(&third, &begun, &codes[0]).await, 401, "sign-in-refused");
    let factors: Value = other.get("/v1/me/second-factors").await.unwrap().json().unwrap();
    assert_eq!(factors["backupCodesLeft"], 9);
}

#[tokio::test]
async fn a_change_of_what_one_proves_oneself_by_signs_other_browsers_out() {
    let (server, owner) = open().await;
    let other = Browser::new(&server);
    other.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    enrol(&owner).await;
    refused(&other.get("/v1/me").await.unwrap(), 401, "signed-out");
    refused(&owner.post("/v1/me/totp", &json!({})).await.unwrap(), 409, "conflict");
    owner.delete("/v1/me/totp").await.unwrap().expect(204).unwrap();
    refused(&owner.delete("/v1/me/totp").await.unwrap(), 404, "not-found");
    let factors: Value = owner.get("/v1/me/second-factors").await.unwrap().json().unwrap();
    assert_eq!(factors["backupCodesLeft"], 0);
    other.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    other.me().await.unwrap();
}

#[tokio::test]
async fn a_key_for_codes_is_not_in_use_before_a_code_of_it_was_shown() {
    let (server, owner) = open().await;
    refused(
        &owner.put("/v1/me/totp", &json!({ "code": "123456" })).await.unwrap(),
        409,
        "conflict",
    );
    owner.post("/v1/me/totp", &json!({})).await.unwrap().expect(201).unwrap();
    let wrong = owner.put("/v1/me/totp", &json!({ "code": "000000" })).await.unwrap();
    assert_eq!(refused(&wrong, 422, "invalid").pointer.as_deref(), Some("/code"));
    let browser = Browser::new(&server);
    browser.sign_in(OLGA, PASSWORD).await.unwrap().expect(200).unwrap();
    browser.me().await.unwrap();
}

#[tokio::test]
async fn a_code_is_a_proof_of_who_sits_there() {
    let (_server, owner) = open().await;
    let (secret, codes) = enrol(&owner).await;
    let now = code(&secret, 0);
    let proof = json!({ "code": now });
    owner.post("/v1/step-up", &proof).await.unwrap().expect(200).unwrap();
    refused(&owner.post("/v1/step-up", &proof).await.unwrap(), 401, "sign-in-refused");
    owner.post("/v1/step-up", &json!({ "code": codes[1] })).await.unwrap().expect(200).unwrap();
    let both = json!({ "code": now, "password": PASSWORD });
    refused(&owner.post("/v1/step-up", &both).await.unwrap(), 422, "invalid");
    refused(&owner.post("/v1/step-up", &json!({})).await.unwrap(), 422, "invalid");
}

#[tokio::test]
async fn keys_for_codes_and_codes_on_paper_are_not_on_disk_in_the_clear() {
    let (mut server, owner) = open().await;
    let (secret, codes) = enrol(&owner).await;
    server.terminate().await.unwrap();
    let database = std::fs::read(server.data_dir().join("bellpush.db")).unwrap();
    let log = server.log().unwrap();
    for secret in [&secret, &codes[0]] {
        let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found && !log.contains(secret.as_str()), "{secret}");
    }
}

#[tokio::test]
async fn an_owner_who_has_lost_every_way_in_comes_back_by_a_link_from_the_host() {
    let (server, owner) = open().await;
    enrol(&owner).await;
    let data = server.data_dir().to_string_lossy().into_owned();
    let mut command = server::program().unwrap();
    command.args(["admin", "recover", "Olga@example.com", "--data-dir", &data]);
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let (link, token) = printed.trim().split_once("#token=").unwrap();
    assert!(link.ends_with("/studio/recovery"), "{printed}");

    let browser = Browser::new(&server);
    let check = json!({ "token": token });
    let told = browser.post("/v1/recovery/check", &check).await.unwrap().expect(200).unwrap();
    assert_eq!(told.json::<Value>().unwrap(), json!({ "email": OLGA }));
    let weak = json!({ "token": token, "password": "1234567890" });
    refused(&browser.post("/v1/recovery", &weak).await.unwrap(), 422, "invalid");
    let body = json!({ "token": token, "password": "quiet-heron-lagoon-7" });
    browser.post("/v1/recovery", &body).await.unwrap().expect(201).unwrap();
    let me = browser.me().await.unwrap();
    assert_eq!((&me["role"], &me["email"]), (&json!("owner"), &json!(OLGA)));
    refused(&owner.get("/v1/me").await.unwrap(), 401, "signed-out");
    let again = Browser::new(&server);
    refused(&again.post("/v1/recovery", &body).await.unwrap(), 403, "recovery-link-invalid");
    again.sign_in(OLGA, "quiet-heron-lagoon-7").await.unwrap().expect(200).unwrap();
    again.me().await.unwrap();
}

#[tokio::test]
async fn where_a_second_factor_is_enforced_nobody_gets_on_without_one() {
    let (server, owner) = open().await;
    let ben = Browser::invited_by(&owner, "ben@example.com", "viewer", None).await.unwrap();
    let settings = json!({ "requireSecondFactor": true, "allowedEmailDomains": ["example.com"] });
    server.api().put("/v1/sign-in-settings", &settings).await.unwrap().expect(200).unwrap();
    refused(&owner.get("/v1/apps").await.unwrap(), 403, "second-factor-required");
    let me = owner.me().await.unwrap();
    assert_eq!((&me["lacksSecondFactor"], &me["permissions"]), (&json!(true), &json!([])));
    // Nor by what anybody may ask for, because everybody may leave.
    let ben = format!("/v1/members/{}", ben.me().await.unwrap()["id"].as_str().unwrap());
    refused(&owner.delete(&ben).await.unwrap(), 403, "second-factor-required");
    refused(&owner.get("/metrics").await.unwrap(), 403, "second-factor-required");
    enrol(&owner).await;
    owner.get("/v1/apps").await.unwrap().expect(200).unwrap();
    assert_eq!(owner.me().await.unwrap()["lacksSecondFactor"], false);
    owner.delete(&ben).await.unwrap().expect(204).unwrap();
    let stranger = json!({ "email": "eve@evil.example", "role": "viewer" });
    let problem = refused(&owner.post("/v1/invitations", &stranger).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/email"));
    // A key is no person.
    server.api().get("/v1/apps").await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn the_secret_of_a_provider_goes_in_and_never_comes_out() {
    let (server, owner) = open().await;
    let sso = json!({ "name": "P", "issuer": "https://login.example", "clientId": "studio" });
    let body = json!({ "sso": sso, "clientSecret": "hush-hush-hush" });
    let saved = owner.put("/v1/sign-in-settings", &body).await.unwrap().expect(200).unwrap();
    let saved: Value = saved.json().unwrap();
    assert_eq!((&saved["hasClientSecret"], &saved["clientSecret"]), (&json!(true), &Value::Null));
    // Without it, it stays; without a provider, it goes.
    let kept = owner.put("/v1/sign-in-settings", &json!({ "sso": sso })).await.unwrap();
    assert_eq!(kept.json::<Value>().unwrap()["hasClientSecret"], true);
    let gone = owner.put("/v1/sign-in-settings", &json!({})).await.unwrap();
    assert_eq!(gone.json::<Value>().unwrap()["hasClientSecret"], false);
    let enforced = json!({ "sso": sso, "requireSso": true });
    let answer = owner.put("/v1/sign-in-settings", &enforced).await.unwrap();
    assert_eq!(refused(&answer, 409, "conflict").pointer.as_deref(), Some("/requireSso"));
    let trail = owner.get("/v1/audit?limit=500").await.unwrap().text();
    assert!(!trail.contains("hush-hush") && trail.contains("/sso/clientSecret"), "{trail}");
    assert!(!server.log().unwrap().contains("hush-hush"));
}
