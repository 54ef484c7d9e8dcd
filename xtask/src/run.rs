//! `cargo xtask run` and `cargo xtask build`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    shell::{cargo, root, run as execute},
    web,
};

/// What to build.
#[derive(Debug, Args)]
pub(crate) struct BuildOptions {
    /// With all optimisations
    #[arg(long)]
    pub(crate) release: bool,
}

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    build: BuildOptions,
    /// Options for `bellpush serve`, after `--`
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds the web parts, then the server that holds them.
pub(crate) fn build(options: &BuildOptions) -> anyhow::Result<()> {
    web::build()?;
    let mut arguments = vec!["build", "--package", "bellpush"];
    if options.release {
        arguments.push("--release");
    }
    execute(&mut cargo(&arguments))
}

/// Builds the server that the tests across crates drive: as those tests are built, so that no package is
/// compiled for it alone.
pub(crate) fn build_for_tests() -> anyhow::Result<()> {
    execute(&mut cargo(&["build", "--workspace", "--all-features", "--bin", "bellpush"]))
}

/// The built server.
pub(crate) fn binary(release: bool) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join(if release { "release" } else { "debug" }).join("bellpush")
}

/// What to expect before the page is there; cargo and npm show how far they are.
const fn how_long(is_built: bool) -> &'static str {
    if is_built {
        "Building what has changed, then starting the server: less than a minute, mostly."
    } else {
        "Building everything for the first time: 4 to 8 minutes on two cores, then the server starts."
    }
}

/// Builds, and runs the server with a new, empty data directory until it is interrupted.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    println!("{}", how_long(binary(options.build.release).exists()));
    build(&options.build)?;
    // Ctrl+C reaches the server, too: it stops in order, and then the directory is removed.
    ctrlc::set_handler(|| {})?;
    let data = tempfile::Builder::new().prefix("bellpush-").tempdir()?;
    let data_dir = data.path().to_string_lossy();
    println!("Data directory, removed at the end: {data_dir}. Stop with Ctrl+C.");
    let mut server = crate::shell::command(
        &binary(options.build.release).to_string_lossy(),
        &["serve", "--demo", "--allow-loopback-endpoints", "--data-dir", &data_dir],
    );
    server.args(&options.serve);
    let status = server.status()?;
    drop(data);
    if status.success() || status.code().is_none() {
        return Ok(());
    }
    anyhow::bail!("the server stopped with an error ({status})")
}
