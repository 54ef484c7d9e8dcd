//! `cargo xtask test`: every check and every test, cheapest first.

mod advisories;
mod contract;
pub(crate) mod postgres;

use clap::{Args, ValueEnum};

use self::postgres::Postgres;
use crate::{
    generate, install,
    run::{binary, build_for_tests},
    shell::{cargo, root, run as execute},
    tidy, web,
};

/// What to test.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The web parts: types, linter, unit tests, build, sizes
    Web,
    /// Rules of the house, formatting, clippy, generated files, licences, bans, known faults of packages
    Lints,
    /// The Rust tests, on SQLite and on a PostgreSQL that is started for them
    Rust,
    /// The API's description: a client compiles from it, and a running server keeps to it
    Contract,
    /// The tests in a real browser
    Browser,
}

/// Runs the parts that were asked for, all by default.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    install::for_tests()?;
    if wants(Part::Web) {
        test_web()?;
    } else {
        web::build()?;
    }
    if wants(Part::Lints) {
        lint()?;
    }
    if wants(Part::Rust) {
        test_rust()?;
    }
    if wants(Part::Contract) {
        contract::test()?;
    }
    if wants(Part::Browser) {
        test_browser()?;
    }
    println!("All of it passed.");
    Ok(())
}

fn test_web() -> anyhow::Result<()> {
    web::install()?;
    web::npm(&["run", "check"])?;
    web::npm(&["test"])?;
    web::npm(&["run", "build"])?;
    web::npm(&["run", "size"])
}

fn lint() -> anyhow::Result<()> {
    tidy::run()?;
    execute(&mut cargo(&["fmt", "--all", "--check"]))?;
    execute(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "--deny",
        "warnings",
    ]))?;
    generate::run(&generate::Options { check: true })?;
    install::cargo_deny()?;
    execute(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    advisories::of_crates()?;
    advisories::of_npm()
}

fn test_rust() -> anyhow::Result<()> {
    let postgres = Postgres::start()?;
    build_for_tests()?;
    // Calls in real time on a shared machine: a test that passes at the second attempt is reported as flaky.
    let retries = if std::env::var_os("CI").is_some() { "1" } else { "0" };
    execute(
        cargo(&["nextest", "run", "--workspace", "--all-features", "--retries", retries])
            .env("BELLPUSH_TEST_POSTGRES", postgres.url())
            .env("BELLPUSH_BIN", binary(false)),
    )
}

fn test_browser() -> anyhow::Result<()> {
    build_for_tests()?;
    let folder = root().join("tests/browser");
    execute(crate::shell::command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    execute(
        crate::shell::command("npm", &["test"])
            .current_dir(&folder)
            .env("BELLPUSH_BIN", binary(false)),
    )
}
