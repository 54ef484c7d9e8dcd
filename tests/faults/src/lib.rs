//! Fault tests: what the real server does when an endpoint misbehaves, the disk is full, the
//! database goes away, or the clock jumps. Here are the parts that break; the tests are in `tests`.

pub mod clock;
pub mod cluster;
pub mod disk;
pub mod endpoint;
pub mod ledger;
pub mod pooler;
pub mod shop;
pub mod tls;
pub mod wire;

use std::process::Command;

use anyhow::{Context as _, ensure};

/// Whether this process may mount file systems and act as other users.
fn is_root() -> anyhow::Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// What a program prints.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?} can't be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}): {said}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
