//! The lines of docs/quickstart.md, run as they stand there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::{process::Command, time::Duration};

use anyhow::{Context, ensure};
use bellpush_test_support::{
    server::{Options, ServerProcess},
    sink::Sink,
};

const PAGE: &str = include_str!("../../../docs/quickstart.md");
const KEY: &str = "bp_0123456789abcdef0123456789abcdef0123456789abcdef";

/// The lines of the fenced block that is marked `quickstart`.
fn lines() -> &'static str {
    let (_, rest) = PAGE.split_once("```sh quickstart\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_quick_start_has_under_ten_lines() {
    assert!((1..10).contains(&lines().lines().count()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_quick_start_bring_a_signed_webhook() -> anyhow::Result<()> {
    let options = Options::sqlite().environment("BELLPUSH_ADMIN_API_KEY", KEY);
    let server = ServerProcess::start(options).await?;
    let sink = Sink::start().await?;
    let script = format!("set -e\n{}\necho\necho \"$ID $SECRET\"", lines());
    let url = server.url();
    let environment = [("BELLPUSH", url.clone()), ("KEY", KEY.into()), ("SINK", sink.url())];
    let ran = tokio::task::spawn_blocking(move || {
        Command::new("sh").args(["-c", &script]).envs(environment).output()
    })
    .await??;
    let printed = String::from_utf8(ran.stdout)?;
    ensure!(ran.status.success(), "{printed}\n{}", String::from_utf8_lossy(&ran.stderr));
    let last = printed.lines().last().context("the lines printed nothing")?;
    let (id, secret) = last.split_once(' ').context("no id and secret")?;

    let webhook = sink.event("widget_loaded", Duration::from_secs(10)).await?;
    assert_eq!(webhook.id(), id);
    assert_eq!(webhook.envelope()?["data"]["context"]["orderId"], "A-12345");
    standardwebhooks::Webhook::new(secret)?.verify(&webhook.body, &webhook.headers)?;
    Ok(())
}
