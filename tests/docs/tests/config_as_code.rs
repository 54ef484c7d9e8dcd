//! docs/config-as-code.md: its commands do what the page says.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::process::Command;

use anyhow::{Context, ensure};
use bellpush_test_support::server::{Options, ServerProcess, binary};
use serde_json::json;

const PAGE: &str = include_str!("../../../docs/config-as-code.md");

#[tokio::test(flavor = "multi_thread")]
async fn every_command_for_the_configuration_as_a_file_works() -> anyhow::Result<()> {
    let server = ServerProcess::start(Options::sqlite()).await?;
    let api = server.api();
    api.create_app(&json!({ "name": "Shop" })).await?;
    let (_, rest) = PAGE.split_once("```sh commands\n").context("the block is there")?;
    let (block, _) = rest.split_once("```").context("the block has an end")?;
    let block = block.replace("https://calls.example.com", &server.url());
    let script = format!("set -e\n{}", block.replace("bp_…", api.key()));
    let folder = tempfile::tempdir()?;
    let programs = binary()?.parent().context("the program is in a folder")?.to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    let place = folder.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("sh").args(["-c", &script]).env("PATH", path).current_dir(place).output()
    })
    .await??;
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{said}\n{errors}");
    ensure!(said == "Nothing differs.\nNothing differed; nothing was changed.\n", "{said}");
    let file = std::fs::read_to_string(folder.path().join("bellpush.toml"))?;
    ensure!(file.contains("name = \"Shop\""), "{file}");
    Ok(())
}
