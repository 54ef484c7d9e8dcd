//! The first owner, by the link that was printed on the host.

use bellpush_test_support::{
    browser::{Browser, PASSWORD},
    postgres::Database,
    server::{self, Options, ServerProcess},
};
use serde_json::{Value, json};

use crate::shop::refused;

fn owner(token: &str, email: &str) -> Value {
    json!({ "token": token, "name": "Olga", "email": email, "password": PASSWORD })
}

async fn needs_owner(browser: &Browser) -> bool {
    let options: Value = browser.get("/v1/sign-in").await.unwrap().json().unwrap();
    options["needsOwner"].as_bool().unwrap()
}

#[tokio::test]
async fn the_link_makes_one_owner_and_is_dead_then() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let token = server.setup_token().unwrap();
    let browser = Browser::new(&server);
    assert!(needs_owner(&browser).await);
    let check = json!({ "token": token });
    browser.post("/v1/setup/check", &check).await.unwrap().expect(204).unwrap();

    browser
        .post("/v1/setup", &owner(&token, "olga@example.com"))
        .await
        .unwrap()
        .expect(201)
        .unwrap();
    let me = browser.me().await.unwrap();
    assert_eq!(
        (&me["role"], &me["apps"], &me["kind"]),
        (&json!("owner"), &Value::Null, &json!("member"))
    );
    assert!(!needs_owner(&browser).await);

    let late = Browser::new(&server);
    let answer = late.post("/v1/setup", &owner(&token, "mallory@example.com")).await.unwrap();
    refused(&answer, 403, "setup-link-invalid");
    refused(&late.post("/v1/setup/check", &check).await.unwrap(), 403, "setup-link-invalid");
    refused(&late.get("/v1/me").await.unwrap(), 401, "api-key-invalid");
}

#[tokio::test]
async fn without_the_link_nobody_becomes_an_owner() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let browser = Browser::new(&server);
    for token in ["", "su_", &format!("su_{}", "A".repeat(43)), &format!("in_{}", "A".repeat(43))] {
        let answer = browser.post("/v1/setup", &owner(token, "m@example.com")).await.unwrap();
        refused(&answer, 403, "setup-link-invalid");
    }
    assert!(needs_owner(&browser).await);
}

async fn browsers_that_finish_at_once(options: Options) {
    let server = ServerProcess::start(options).await.unwrap();
    let token = server.setup_token().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (browser, body) =
            (Browser::new(&server), owner(&token, &format!("o{number}@example.com")));
        tasks.spawn(async move { browser.post("/v1/setup", &body).await.unwrap().status });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403, 403, 403]);
    let members: Value = server.api().get("/v1/members").await.unwrap().json().unwrap();
    assert_eq!(members["items"].as_array().unwrap().len(), 1, "{members}");
}

#[tokio::test]
async fn browsers_that_finish_at_once_make_one_owner() {
    browsers_that_finish_at_once(Options::sqlite()).await;
}

#[tokio::test]
async fn browsers_that_finish_at_once_make_one_owner_on_postgres() {
    let database = Database::create().await.unwrap();
    browsers_that_finish_at_once(Options::postgres(&database)).await;
}

#[tokio::test]
async fn a_restart_in_the_middle_leaves_the_link_valid_and_a_fault_in_a_field_too() {
    let mut server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let token = server.setup_token().unwrap();
    let browser = Browser::new(&server);
    for (field, value) in
        [("password", "short"), ("password", "password1234"), ("name", " "), ("email", "olga")]
    {
        let mut body = owner(&token, "olga@example.com");
        body[field] = value.into();
        let problem = refused(&browser.post("/v1/setup", &body).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer, Some(format!("/{field}")));
    }
    server.kill_9().unwrap();
    server.restart().await.unwrap();
    let newer = server.setup_token().unwrap();
    assert_ne!(newer, token);
    browser
        .post("/v1/setup", &owner(&token, "olga@example.com"))
        .await
        .unwrap()
        .expect(201)
        .unwrap();
    let answer = browser.post("/v1/setup", &owner(&newer, "m@example.com")).await.unwrap();
    refused(&answer, 403, "setup-link-invalid");

    server.terminate().await.unwrap();
    let links = || server.printed().unwrap().matches("/studio/setup#token=").count();
    assert_eq!(links(), 2);
    server.restart().await.unwrap();
    assert_eq!(server.printed().unwrap().matches("/studio/setup#token=").count(), 2);
    browser.me().await.unwrap();
}

#[tokio::test]
async fn the_command_line_prints_links_as_long_as_there_is_no_owner() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let data = server.data_dir().to_string_lossy().into_owned();
    let run = || {
        let mut command = server::program().unwrap();
        command.args(["setup-link", "--data-dir", &data, "--public-url", "https://calls.example"]);
        command.output().unwrap()
    };
    let printed = String::from_utf8(run().stdout).unwrap();
    let token = printed.trim().strip_prefix("https://calls.example/studio/setup#token=").unwrap();
    let browser = Browser::new(&server);
    browser
        .post("/v1/setup", &owner(token, "olga@example.com"))
        .await
        .unwrap()
        .expect(201)
        .unwrap();

    let refusal = run();
    assert!(!refusal.status.success() && refusal.stdout.is_empty());
    assert!(String::from_utf8(refusal.stderr).unwrap().contains("there is an owner already"));
}
