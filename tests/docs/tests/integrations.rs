//! The commands of docs/integrations.md, run as they stand there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::process::Command;

use anyhow::{Context, ensure};
use bellpush_test_support::server::{Options, ServerProcess};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../docs/integrations.md");
/// Makes curl fail where the server refuses.
const STRICT: &str = "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }";

fn blocks() -> Vec<&'static str> {
    let parts = PAGE.split("```sh\n").skip(1);
    parts.map(|part| part.split_once("```").unwrap().0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_is_accepted() -> anyhow::Result<()> {
    let server = ServerProcess::start(Options::sqlite()).await?;
    let api = server.api();
    let app = api.create_app(&json!({ "name": "Shop" })).await?;
    let mut integration = String::new();
    let blocks = blocks();
    ensure!(blocks.len() == 4, "there are {} commands", blocks.len());
    for block in blocks {
        let environment = [
            ("BELLPUSH", server.url()),
            ("KEY", api.key().to_owned()),
            ("APP", app.id.clone()),
            ("INTEGRATION", integration.clone()),
        ];
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
