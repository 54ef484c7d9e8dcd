//! `cargo xtask bench`: the figures of docs/performance.md, measured on a release build.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use crate::{
    install,
    run::{BuildOptions, binary, build},
    shell::{cargo, command, root, run as execute},
    test::postgres::Postgres,
    web,
};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// One figure or group
    #[arg(value_enum)]
    subject: Subject,
    /// Where the server keeps its data, for deliveries, records and Call Studio
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// Print the figures of deliveries, calls, records, a cluster or Call Studio as JSON, and nothing else, to standard
    /// output
    #[arg(long)]
    json: bool,
    /// Options of the load generator, after `--`
    #[arg(last = true)]
    load: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Binary size, cold start to ready, idle memory
    Startup,
    /// Brotli sizes of the web parts against their budgets
    Sizes,
    /// Events accepted and on disk, deliveries, latencies, CPU time, memory and recovery
    Delivery,
    /// Concurrent calls: CPU time, set-ups, added latency, jitter, loss and memory
    Calls,
    /// Lists, searches and timelines with 1,000,000 calls and 5,000,000 events in the store
    Studio,
    /// Ingest and deliveries with records of calls and without, in turns
    Records,
    /// Several servers on one PostgreSQL: deliveries with 1, 2 and 3, and take-over after a kill
    Cluster,
    /// widget_loaded and tap to connected, in a real browser
    Browser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreKind {
    Sqlite,
    Postgres,
}

/// Starts counted for the cold start; the median is printed.
const STARTS: usize = 21;
const PORT: u16 = 18_080;
/// Of UDP and of TCP.
const MEDIA_PORT: u16 = 18_081;

/// Measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.subject == Subject::Sizes {
        web::build()?;
        return web::npm(&["run", "size"]);
    }
    build(&BuildOptions { release: true })?;
    match options.subject {
        Subject::Startup => startup(),
        Subject::Delivery => with_store(options, "delivery"),
        Subject::Studio => with_store(options, "studio"),
        Subject::Records => with_store(options, "records"),
        Subject::Calls => calls(options),
        Subject::Cluster => with_store(options, "cluster"),
        Subject::Browser => browser(),
        Subject::Sizes => Ok(()),
    }
}

fn with_store(options: &Options, subject: &str) -> anyhow::Result<()> {
    install::for_tests()?;
    let store = match options.store {
        // Only that can be shared.
        _ if options.subject == Subject::Cluster => StoreKind::Postgres,
        store => store,
    };
    execute(&mut cargo(&["build", "--release", "--package", "bellpush-load"]))?;
    let load = binary(true).with_file_name("bellpush-load");
    let mut command = command(&load.to_string_lossy(), &[subject]);
    match (options.subject, store) {
        (Subject::Cluster, _) => {}
        (_, StoreKind::Sqlite) => drop(command.args(["--store", "sqlite"])),
        (_, StoreKind::Postgres) => drop(command.args(["--store", "postgres"])),
    }
    command.args(options.json.then_some("--json")).args(&options.load);
    // Alive until the load has ended.
    let postgres = match store {
        StoreKind::Sqlite => None,
        StoreKind::Postgres => Some(Postgres::start()?),
    };
    if let Some(postgres) = &postgres {
        command.env("BELLPUSH_TEST_POSTGRES", postgres.url());
    }
    let status = command.env("BELLPUSH_BIN", binary(true)).status()?;
    ensure!(status.success(), "the measurement failed ({status})");
    Ok(())
}

fn calls(options: &Options) -> anyhow::Result<()> {
    execute(&mut cargo(&["build", "--release", "--package", "bellpush-load"]))?;
    let load = binary(true).with_file_name("bellpush-load");
    let mut command = command(&load.to_string_lossy(), &["calls"]);
    command.args(options.json.then_some("--json")).args(&options.load);
    let status = command.env("BELLPUSH_BIN", binary(true)).status()?;
    ensure!(status.success(), "the measurement failed ({status})");
    Ok(())
}

fn browser() -> anyhow::Result<()> {
    install::for_tests()?;
    let folder = root().join("tests/browser");
    execute(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    execute(
        command("npm", &["run", "bench"]).current_dir(&folder).env("BELLPUSH_BIN", binary(true)),
    )
}

fn startup() -> anyhow::Result<()> {
    let size = std::fs::metadata(binary(true))?.len();
    println!("binary: {:.1} MB", size as f64 / 1e6);
    let mut first = Vec::new();
    let mut again = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        let folder = data.path().to_string_lossy().into_owned();
        for times in [&mut first, &mut again] {
            let began = Instant::now();
            let mut server = start(&folder)?;
            wait_until_ready(&mut server)?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            memory.push(resident_mb(server.id())?);
            server.kill()?;
            server.wait()?;
        }
    }
    println!("start to ready, empty data directory: {:.0} ms (median of {STARTS})", median(first));
    println!(
        "start to ready, existing data directory: {:.0} ms (median of {STARTS})",
        median(again)
    );
    println!("idle memory: {:.1} MB resident (median of {})", median(memory), 2 * STARTS);
    Ok(())
}

fn start(data: &str) -> anyhow::Result<Child> {
    Command::new(binary(true))
        .args(["serve", "--listen", &format!("127.0.0.1:{PORT}"), "--data-dir", data])
        .args(["--media-listen", &format!("127.0.0.1:{MEDIA_PORT}"), "--log-level", "warn"])
        .stdout(Stdio::null())
        .spawn()
        .context("the server can't be started")
}

fn wait_until_ready(server: &mut Child) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if ready() {
            return Ok(());
        }
        if let Some(status) = server.try_wait()? {
            bail!("the server stopped ({status})");
        }
        sleep(Duration::from_millis(1));
    }
    bail!("the server was not ready in time")
}

fn ready() -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", PORT)) else { return false };
    let request = "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
