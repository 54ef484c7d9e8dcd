//! Load for a real server, and what it bears: durable ingest, and delivery to a webhook sink.
//!
//! Server, load and sink share the machine, so that figures are those of the whole; the CPU time of
//! the server's process is told apart.
#![allow(clippy::print_stdout, reason = "printing figures is all it does")]

mod figures;
mod load;
mod sink;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bellpush_test_support::{
    postgres::Database,
    server::{Options, ServerProcess},
    widget::Embed,
};
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

use crate::{figures::CpuTime, load::Load, sink::CountingSink};

/// Measures the server named by BELLPUSH_BIN.
#[derive(Debug, Parser)]
struct Cli {
    /// What to measure
    #[arg(value_enum)]
    subject: Subject,
    /// Where the server keeps its data; PostgreSQL is that of BELLPUSH_TEST_POSTGRES
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// For how long load is made
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that each have one request under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Events in one request: 1 to 20
    #[arg(long, default_value_t = 1)]
    batch: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Events accepted and on disk
    Ingest,
    /// Events accepted, and delivered to one integration
    Delivery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreKind {
    Sqlite,
    Postgres,
}

/// How long deliveries may take after the load has ended.
const DRAIN_WITHIN: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let database = match cli.store {
        StoreKind::Postgres => Some(Database::create().await?),
        StoreKind::Sqlite => None,
    };
    let options = match &database {
        Some(database) => Options::postgres(database),
        None => Options::sqlite(),
    };
    // The log of each request would be measured too.
    let server = ServerProcess::start(options.with("--log-level", "warn")).await?;
    let figures = measure(&cli, &server).await?;
    println!("{}", serde_json::to_string_pretty(&figures)?);
    drop(server);
    Ok(())
}

async fn measure(cli: &Cli, server: &ServerProcess) -> anyhow::Result<Value> {
    let api = server.api();
    let origin = "https://shop.example";
    let app = api.create_app(&json!({ "name": "Load", "allowedOrigins": [origin] })).await?;
    let key = api.create_widget_key(&app).await?.key;
    let sink = Arc::new(CountingSink::start().await?);
    if cli.subject == Subject::Delivery {
        api.create_integration(&app, &sink.url(), &["load_tick"]).await?;
    }
    let embed = Embed { server: server.url(), app, key, origin: origin.into() };
    let mut tokens = Vec::new();
    for _ in 0..cli.connections {
        tokens.push(embed.open(json!({ "orderId": "A-12345" })).await?.session.token);
    }

    let pid = server.pid().context("the server is not running")?;
    let cpu_before = CpuTime::of(pid)?;
    let began = Instant::now();
    let load =
        Load::run(&server.url(), tokens, cli.batch, Duration::from_secs(cli.seconds)).await?;
    let load_seconds = began.elapsed().as_secs_f64();
    let mut figures = json!({
        "subject": format!("{:?}", cli.subject).to_lowercase(),
        "store": format!("{:?}", cli.store).to_lowercase(),
        "connections": cli.connections,
        "events_per_request": cli.batch,
        "seconds": load_seconds,
        "events_accepted": load.accepted,
        "events_per_second": load.accepted as f64 / load_seconds,
        "request_ms_p50": load.percentile(0.50),
        "request_ms_p99": load.percentile(0.99),
    });
    if cli.subject == Subject::Delivery {
        let delivered = sink.wait_for(load.accepted, DRAIN_WITHIN).await;
        let seconds = began.elapsed().as_secs_f64();
        figures["events_delivered"] = delivered.into();
        figures["seconds_until_all_delivered"] = seconds.into();
        figures["deliveries_per_second"] = (delivered as f64 / seconds).into();
    }
    let cpu = CpuTime::of(pid)?.since(cpu_before);
    figures["server_cpu_seconds_per_10000_events"] = (cpu * 10_000.0 / load.accepted as f64).into();
    figures["server_memory_mb"] = figures::resident_mb(pid)?.into();
    Ok(figures)
}
