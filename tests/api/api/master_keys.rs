//! `bellpush keys`: master keys are listed, rotated and dropped, and no secret is lost by it.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use bellpush_test_support::{
    SOON,
    postgres::Database,
    server::{self, Options, ServerProcess},
    sink::Sink,
};
use serde_json::{Value, json};

use crate::{secrets::load_widget, shop::Shop};

fn keys(data: &Path, arguments: &[&str]) -> Output {
    let mut command = server::program().unwrap();
    command.arg("keys").args(arguments).arg("--data-dir").arg(data);
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
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("bellpush: ") && said.lines().count() == 1, "{said}");
    said
}

/// An integration with a secret in a header, and what its requests are signed with.
async fn integrate(shop: &Shop, sink: &Sink) -> (String, String) {
    let settings = json!({
        "name": "n", "url": sink.url(), "events": ["widget_loaded"],
        "headers": { "x-key": "{secret.key}" }, "secrets": { "key": "hush" },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    sink.check_signatures(&made.signing_secret).unwrap();
    (format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id), made.signing_secret)
}

/// Whether a request is sent as before.
async fn still_delivers(shop: &Shop, sink: &Sink) {
    let before = sink.received().len();
    load_widget(shop).await;
    let received = sink.wait_until(SOON, |received| received.len() > before).await.unwrap();
    let last = received.last().unwrap();
    assert_eq!((last.signed, last.header("x-key")), (Some(true), "hush"));
}

#[tokio::test]
async fn a_rotation_encrypts_everything_anew_and_the_old_key_can_be_dropped() {
    let mut shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (path, _) = integrate(&shop, &sink).await;
    let data = shop.server.data_dir();
    still_delivers(&shop, &sink).await;

    // The server holds the directory.
    assert!(failed(&keys(&data, &["rotate"])).contains("in use by another bellpush process"));
    shop.server.terminate().await.unwrap();
    let listed = succeeded(&keys(&data, &["list"]));
    assert_eq!(listed, "version 1, the current one: 4 secrets\n");
    assert!(failed(&keys(&data, &["drop", "1"])).contains("still encrypts 4 secrets"));
    let said = succeeded(&keys(&data, &["rotate"]));
    assert!(said.starts_with("4 secrets were encrypted anew. Version 2 "), "{said}");
    let listed = succeeded(&keys(&data, &["list"]));
    assert_eq!(listed, "version 1: 0 secrets\nversion 2, the current one: 4 secrets\n");
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;

    shop.server.terminate().await.unwrap();
    succeeded(&keys(&data, &["drop", "1"]));
    assert!(failed(&keys(&data, &["drop", "1"])).contains("not there"));
    assert!(failed(&keys(&data, &["drop", "2"])).contains("still encrypts"));
    let file = std::fs::read_to_string(data.join("master.key")).unwrap();
    assert!(!file.contains("\n1:") && file.contains("\n2:"), "the old key is still there");
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;
    let revealed = shop.api.post(&format!("{path}/secrets/key/reveal"), &json!({})).await.unwrap();
    assert_eq!(revealed.expect(200).unwrap().json::<Value>().unwrap(), json!({ "value": "hush" }));
}

#[tokio::test]
async fn a_rotation_that_was_cut_short_goes_on_with_the_same_key() {
    let mut shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    integrate(&shop, &sink).await;
    let data = shop.server.data_dir();
    shop.server.terminate().await.unwrap();
    // As after a crash between the new key and the first secret.
    let file = data.join("master.key");
    let one = std::fs::read_to_string(&file).unwrap();
    let one = one.lines().find(|line| line.starts_with("1:")).unwrap();
    std::fs::write(&file, format!("{one}\n2:{}\n", "ab".repeat(32))).unwrap();
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;
    shop.server.terminate().await.unwrap();
    let said = succeeded(&keys(&data, &["rotate"]));
    assert!(said.contains("not encrypted with version 2 yet"), "{said}");
    assert!(said.contains("4 secrets were encrypted anew. Version 2 "), "{said}");
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;
}

#[tokio::test]
async fn a_rotation_can_be_killed_at_any_moment() {
    let mut shop = Shop::open().await;
    let mut paths = Vec::new();
    for n in 0..40 {
        let settings = json!({
            "name": "n", "url": "https://hooks.example/", "active": false,
            "secrets": { "key": format!("hush {n}") },
        });
        let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
        paths.push(format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id));
    }
    let data = shop.server.data_dir();
    shop.server.terminate().await.unwrap();
    let mut cut_short = 0;
    for round in 0..16 {
        let mut command = server::program().unwrap();
        command.args(["keys", "rotate", "--data-dir"]).arg(&data).stdout(Stdio::null());
        let mut rotation = command.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(4 * round)).await;
        rotation.kill().unwrap();
        cut_short += u32::from(!rotation.wait().unwrap().success());
    }
    assert!(cut_short > 0, "every rotation had ended before it was killed");
    let said = succeeded(&keys(&data, &["rotate"]));
    let listed = succeeded(&keys(&data, &["list"]));
    assert!(listed.ends_with("the current one: 82 secrets\n"), "{said}{listed}");
    assert_eq!(listed.matches(": 0 secrets").count() + 1, listed.lines().count(), "{listed}");
    shop.server.restart().await.unwrap();
    for (n, path) in paths.iter().enumerate() {
        for (what, value) in
            [("secrets/key", format!("hush {n}")), ("signing-secret", "whsec_".into())]
        {
            let answer = shop.api.post(&format!("{path}/{what}/reveal"), &json!({})).await.unwrap();
            let answer: Value = answer.expect(200).unwrap().json().unwrap();
            assert!(answer["value"].as_str().unwrap().starts_with(&value), "{path} {what}");
        }
    }
}

#[test]
fn without_a_file_of_master_keys_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let said = failed(&keys(folder.path(), &["list"]));
    assert!(said.contains("master.key"), "{said}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_with_one_key_of_before_works_and_can_be_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let key = "0123456789abcdef".repeat(4);
    std::fs::write(data.join("master.key"), format!("{key}\n")).unwrap();
    let options = Options::sqlite().with("--data-dir", &data.to_string_lossy());
    let mut shop = Shop::with(options).await;
    let sink = Sink::start().await.unwrap();
    integrate(&shop, &sink).await;
    shop.server.terminate().await.unwrap();
    succeeded(&keys(&data, &["rotate"]));
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;
}

#[tokio::test]
async fn keys_of_the_environment_are_rotated_by_adding_one_there() {
    let (one, two) = ("01".repeat(32), "02".repeat(32));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let options = |keys: &str| {
        Options::sqlite()
            .with("--data-dir", &data.to_string_lossy())
            .environment("BELLPUSH_MASTER_KEYS", keys)
    };
    let keys = |ring: &str, command: &str| {
        let mut program = server::program().unwrap();
        program.args(["keys", command]).env("BELLPUSH_MASTER_KEYS", ring);
        program.arg("--data-dir").arg(&data).output().unwrap()
    };
    let mut shop = Shop::with(options(&one)).await;
    let sink = Sink::start().await.unwrap();
    integrate(&shop, &sink).await;
    shop.server.terminate().await.unwrap();
    assert!(!data.join("master.key").exists());
    let said = failed(&keys(&one, "rotate"));
    assert!(said.contains("--master-keys") && said.contains("2:KEY"), "{said}");
    let both = format!("1:{one},2:{two}");
    let said = succeeded(&keys(&both, "rotate"));
    assert!(said.contains("4 secrets were encrypted anew"), "{said}");
    let said = failed(&keys(&format!("3:{one}"), "list"));
    assert!(said.contains("version 2 of the master key, which is not at hand"), "{said}");
    assert!(!said.contains("0101"), "{said}");

    let mut second = ServerProcess::start(options(&format!("2:{two}"))).await.unwrap();
    let log = second.log().unwrap();
    assert!(!log.contains("are lost"), "{log}");
    second.terminate().await.unwrap();
}

#[tokio::test]
async fn on_postgresql_a_running_server_is_noticed() {
    let database = Database::create().await.unwrap();
    let mut shop = Shop::with(Options::postgres(&database)).await;
    let sink = Sink::start().await.unwrap();
    integrate(&shop, &sink).await;
    let data = shop.server.data_dir();
    let postgres = ["--database-url", database.url()];
    let rotate = [&["rotate"][..], &postgres].concat();
    let drop = [&["drop", "1"][..], &postgres].concat();
    for command in [&rotate, &drop] {
        assert!(failed(&keys(&data, command)).contains("a server is running on this database"));
    }
    shop.server.terminate().await.unwrap();
    let said = succeeded(&keys(&data, &rotate));
    assert!(said.contains("4 secrets were encrypted anew. Version 2 "), "{said}");
    shop.server.restart().await.unwrap();
    still_delivers(&shop, &sink).await;
}
