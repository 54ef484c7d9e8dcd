//! The commands of pages of the documentation, run as they stand there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::process::Command;

use anyhow::{Context, ensure};
use bellpush_test_support::server::{Options, ServerProcess};
use serde_json::{Value, json};

/// Makes curl fail where the server refuses.
const STRICT: &str = "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }";

fn blocks(page: &str) -> Vec<&str> {
    let parts = page.split("```sh\n").skip(1);
    parts.map(|part| part.split_once("```").unwrap().0).collect()
}

/// Runs each command of a page, one after the other; the id that one answers with is the integration,
/// or the rehearsal, of those that follow.
async fn run(page: &str, commands: usize) -> anyhow::Result<()> {
    let server = ServerProcess::start(Options::sqlite()).await?;
    let api = server.api();
    let app = api
        .create_app(&json!({ "name": "Shop", "allowedOrigins": ["https://shop.example"] }))
        .await?;
    let path = format!("/v1/apps/{}/destinations", app.id);
    let desk = json!({ "name": "Desk", "kind": "demo", "isDefault": true });
    let destination = api.post(&path, &desk).await?.json::<Value>()?;
    let destination = destination["id"].as_str().context("the destination has no id")?;
    let mut integration = String::new();
    let blocks = blocks(page);
    ensure!(blocks.len() == commands, "there are {} commands", blocks.len());
    for block in blocks {
        let environment = [
            ("BELLPUSH", server.url()),
            ("KEY", api.key().to_owned()),
            ("APP", app.id.clone()),
            ("INTEGRATION", integration.clone()),
            ("REHEARSAL", integration.clone()),
        ];
        let block = block
            .replace("https://calls.example.com", &server.url())
            .replace("app_…", &app.id)
            .replace("dest_…", destination);
        let script = format!("set -e\n{STRICT}\n{block}");
        let output = tokio::task::spawn_blocking(move || {
            Command::new("sh").args(["-c", &script]).envs(environment).output()
        })
        .await??;
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{block}\n{said}\n{errors}");
        let answer: Value = serde_json::from_str(&said).context("not JSON")?;
        if let Some(id) = answer["id"].as_str() {
            integration = id.to_owned();
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_integrations_is_accepted() -> anyhow::Result<()> {
    run(include_str!("../../../docs/integrations.md"), 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_embedding_is_accepted() -> anyhow::Result<()> {
    run(include_str!("../../../docs/embedding.md"), 3).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_custom_code_is_accepted() -> anyhow::Result<()> {
    run(include_str!("../../../docs/custom-code.md"), 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_rehearsals_is_accepted() -> anyhow::Result<()> {
    run(include_str!("../../../docs/rehearsal.md"), 3).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_privacy_is_accepted() -> anyhow::Result<()> {
    run(include_str!("../../../docs/privacy.md"), 1).await
}
