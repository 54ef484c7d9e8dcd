//! The web parts: installed and built by npm.

use std::process::Command;

use clap::Args;

use crate::shell::{command, root, run as execute};

/// Installs the packages and builds widget, loader and demo page into `web/dist`. Standard output is
/// left to what comes after it, such as figures.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    execute(npm_command(&["run", "build"]).stdout(std::io::stderr()))
}

/// Installs the packages of the lock file, unless that has been done for this very file.
pub(crate) fn install() -> anyhow::Result<()> {
    let web = root().join("web");
    let lock = std::fs::read(web.join("package-lock.json"))?;
    let mark = web.join("node_modules/.installed-lock");
    if std::fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    execute(npm_command(&["ci", "--no-audit", "--no-fund"]).stdout(std::io::stderr()))?;
    std::fs::write(mark, lock)?;
    Ok(())
}

/// How sizes are printed.
#[derive(Debug, Args)]
pub(crate) struct SizeOptions {
    /// As JSON, in bytes
    #[arg(long)]
    json: bool,
}

/// Builds the web parts, and prints what the server sends of each. Fails when one is over its budget.
pub(crate) fn size(options: &SizeOptions) -> anyhow::Result<()> {
    build()?;
    let mut node = command("node", &["scripts/size.mjs"]);
    if options.json {
        node.arg("--json");
    }
    execute(node.current_dir(root().join("web")))
}

/// Runs npm in `web`.
pub(crate) fn npm(arguments: &[&str]) -> anyhow::Result<()> {
    execute(&mut npm_command(arguments))
}

fn npm_command(arguments: &[&str]) -> Command {
    let mut command = command("npm", arguments);
    command.current_dir(root().join("web"));
    command
}
