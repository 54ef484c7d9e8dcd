//! `cargo xtask test`: every check and every test, cheapest first. What mostly waits for a network goes on
//! beside what compiles. Where sound is judged, only what takes no more than is left of the processors does.

mod advisories;
mod contract;
pub(crate) mod postgres;

use std::{process::Command, thread};

use clap::{Args, ValueEnum};

use self::postgres::Postgres;
use crate::{
    generate, install,
    run::{binary, build_for_tests},
    shell::{cargo, command, idle_cargo, idle_command, root, run as execute, run_beside},
    tidy, web,
};

/// The tests in a browser.
const BROWSER: &str = "tests/browser";
/// The Rust tests that go by no real time, as a filter: those of the store.
const UNTIMED: &str = "package(bellpush-store)";

/// What all Rust tests are built with.
const OF_ALL: [&str; 2] = ["--workspace", "--all-features"];

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
    thread::scope(|scope| {
        let beside = scope.spawn(|| beside(wants));
        let checked = check(wants);
        let beside = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        checked.and(beside)
    })?;
    if wants(Part::Rust) || wants(Part::Contract) || wants(Part::Browser) {
        test(wants)?;
    }
    println!("All of it passed.");
    Ok(())
}

/// Runs the programs: in turn what goes by real time, and beside it, on what that leaves of the
/// processors, what does not.
fn test(wants: impl Fn(Part) -> bool + Copy + Sync) -> anyhow::Result<()> {
    build_for_tests()?;
    if wants(Part::Rust) {
        execute(cargo(&["nextest", "run", "--no-run"]).args(OF_ALL))?;
    }
    let postgres = Postgres::start()?;
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            if wants(Part::Contract) {
                contract::test()?;
            }
            if wants(Part::Browser) {
                test_browser("silent", &postgres)?;
            }
            if wants(Part::Rust) { run_beside(&mut nextest(false, &postgres)) } else { Ok(()) }
        });
        let timed = || {
            if wants(Part::Rust) {
                execute(&mut nextest(true, &postgres))?;
            }
            if wants(Part::Browser) { test_browser("heard", &postgres) } else { Ok(()) }
        };
        let timed = timed();
        let beside = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        timed.and(beside)
    })
}

/// What compiles, and no more than that.
fn check(wants: impl Fn(Part) -> bool) -> anyhow::Result<()> {
    if wants(Part::Web) {
        test_web()?;
    } else {
        web::build()?;
    }
    if wants(Part::Lints) { lint() } else { Ok(()) }
}

/// What needs neither the web parts nor a compiled workspace: packages that are fetched, and looked up.
fn beside(wants: impl Fn(Part) -> bool) -> anyhow::Result<()> {
    if wants(Part::Rust) {
        install::cargo_nextest()?;
        install::pgbouncer();
    }
    if wants(Part::Contract) {
        contract::prepare()?;
    }
    if wants(Part::Browser) {
        let install = &["ci", "--no-audit", "--no-fund"];
        run_beside(command("npm", install).current_dir(root().join(BROWSER)))?;
    }
    if !wants(Part::Lints) {
        return Ok(());
    }
    advisories::of_npm()?;
    install::cargo_deny()?;
    run_beside(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    advisories::of_crates()
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
    generate::run(&generate::Options { check: true })
}

/// Runs the Rust tests that go by real time, or the others with idle priority.
fn nextest(timed: bool, postgres: &Postgres) -> Command {
    let mut command = match timed {
        true => cargo(&["nextest", "run"]),
        false => idle_cargo(&["nextest", "run"]),
    };
    let filter = if timed { format!("not {UNTIMED}") } else { UNTIMED.to_owned() };
    // Calls in real time on a shared machine: a test that does not pass at the first attempt is reported as flaky.
    let retries = if std::env::var_os("CI").is_some() { "2" } else { "0" };
    command
        .args(OF_ALL)
        .args(["--retries", retries, "--filterset", &filter])
        .env("BELLPUSH_TEST_POSTGRES", postgres.url())
        .env("BELLPUSH_BIN", binary(false));
    command
}

/// Runs the tests of one project of `playwright.config.ts`: `heard`, or `silent` with idle priority.
fn test_browser(project: &str, postgres: &Postgres) -> anyhow::Result<()> {
    let is_silent = project == "silent";
    let mut command = if is_silent { idle_command } else { command }("npm", &["run", project]);
    command
        .current_dir(root().join(BROWSER))
        .env("BELLPUSH_BIN", binary(false))
        .env("BELLPUSH_TEST_POSTGRES", postgres.url());
    if is_silent { run_beside(&mut command) } else { execute(&mut command) }
}
