//! `bellpush api-keys`, and what becomes of keys when the configuration changes.

use std::process::Output;

use bellpush_test_support::{
    SOON,
    api::Api,
    eventually,
    postgres::{Database, execute},
    server::{self, Options, ServerProcess},
};

use crate::shop::refused;

/// `bellpush api-keys …` on this server's database.
fn api_keys(location: &[&str], arguments: &[&str]) -> Output {
    let mut command = server::program().unwrap();
    command.arg("api-keys").args(arguments).args(location);
    command.output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn failed(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn opens(api: &Api) {
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();
}

async fn is_shut(api: &Api) {
    refused(&api.get("/v1/apps").await.unwrap(), 401, "api-key-invalid");
}

/// Starts on the data of another server, which has stopped, with options of its own.
async fn follow(stopped: &ServerProcess, options: Options) -> ServerProcess {
    let data = stopped.data_dir().to_string_lossy().into_owned();
    ServerProcess::start(options.with("--data-dir", &data)).await.unwrap()
}

#[tokio::test]
async fn the_configured_key_is_revoked_when_the_configuration_changes_or_has_none() {
    let mut first = ServerProcess::start(Options::sqlite()).await.unwrap();
    let former = first.api().key().to_owned();
    opens(&first.api()).await;
    first.terminate().await.unwrap();

    let mut second = follow(&first, Options::sqlite()).await;
    opens(&second.api()).await;
    is_shut(&second.api().with_key(&former)).await;
    assert!(second.log().unwrap().contains("earlier configuration were revoked"));
    let key = second.api().key().to_owned();
    second.terminate().await.unwrap();

    let third = follow(&first, Options::sqlite().without_api_key()).await;
    is_shut(&third.api().with_key(&key)).await;
    let printed = third.printed().unwrap();
    let fresh = printed.split_whitespace().find(|word| word.starts_with("bp_")).unwrap();
    opens(&third.api().with_key(fresh)).await;
}

#[tokio::test]
async fn who_starts_a_server_without_a_key_that_is_good_is_given_one() {
    let database = Database::create().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let master_key = folder.path().join("master.key").to_string_lossy().into_owned();
    let options = Options::postgres(&database).without_api_key();
    let options = options.with("--master-key-file", &master_key);
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut server = ServerProcess::start(options.clone()).await.unwrap();
        let printed = server.printed().unwrap();
        let key = printed.split_whitespace().find(|word| word.starts_with("bp_")).unwrap();
        opens(&server.api().with_key(key)).await;
        keys.push(key.to_owned());
        server.terminate().await.unwrap();
        execute(database.url(), "UPDATE api_keys SET expires_at = 1").await.unwrap();
    }
    assert_ne!(keys[0], keys[1]);
}

/// Lists, makes and revokes keys beside a running server, and sees their last use.
async fn manage(server: &ServerProcess, location: &[&str]) {
    let listed = succeeded(&api_keys(location, &["list"]));
    assert!(listed.contains("\"admin (from the configuration)\""), "{listed}");
    let made = succeeded(&api_keys(location, &["create", "of the shop"]));
    let key = made.split_whitespace().find(|word| word.starts_with("bp_")).unwrap();
    let listed = succeeded(&api_keys(location, &["list"]));
    let line = listed.lines().find(|line| line.contains("\"of the shop\"")).unwrap();
    assert!(line.ends_with("never used"), "{line}");
    assert!(!listed.contains(key), "a list shows no key");

    let api = server.api().with_key(key);
    opens(&api).await;
    eventually("the use is listed", SOON, async || {
        let listed = succeeded(&api_keys(location, &["list"]));
        let line = listed.lines().find(|line| line.contains("\"of the shop\"")).unwrap();
        Ok(line.contains("last used 20").then_some(()))
    })
    .await
    .unwrap();

    let id = line.split_whitespace().next().unwrap();
    let said = succeeded(&api_keys(location, &["revoke", id]));
    assert!(said.contains("is revoked") && said.lines().count() == 1, "{said}");
    is_shut(&api).await;
    opens(&server.api()).await;
    let said = failed(&api_keys(location, &["revoke", id]));
    assert!(said.contains(&format!("there is no API key {id}")), "{said}");
    assert!(failed(&api_keys(location, &["revoke", "of the shop"])).contains("key_"));
    assert!(failed(&api_keys(location, &["create", " "])).contains("1 to 100 characters"));

    let configured = listed.lines().find(|line| line.contains("configuration")).unwrap();
    let id = configured.split_whitespace().next().unwrap();
    let said = succeeded(&api_keys(location, &["revoke", id]));
    assert!(said.contains("change it there too"), "{said}");
    is_shut(&server.api()).await;
}

#[tokio::test]
async fn keys_are_managed_while_the_server_runs_on_the_embedded_database() {
    let mut server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let data = server.data_dir().to_string_lossy().into_owned();
    let location = ["--data-dir", &data];
    manage(&server, &location).await;
    server.terminate().await.unwrap();
    assert_eq!(succeeded(&api_keys(&location, &["list"])), "", "both keys are revoked");
}

#[tokio::test]
async fn keys_are_managed_while_the_server_runs_on_postgres() {
    let database = Database::create().await.unwrap();
    let server = ServerProcess::start(Options::postgres(&database)).await.unwrap();
    manage(&server, &["--database-url", database.url()]).await;
}

#[test]
fn keys_are_not_looked_for_in_the_wrong_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_string_lossy().into_owned();
    let said = failed(&api_keys(&["--data-dir", &data], &["list"]));
    assert!(said.contains("there is no database") && said.contains("--data-dir"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}
