//! What Call Studio waits for, with many calls and events in the store: lists, searches, timelines.
//!
//! The rows are put into the database past the server, by the database itself; then the server is
//! asked over HTTP, one request after the other.

mod queries;
mod seed;

use std::time::Instant;

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    api::Api,
    postgres::Database,
    server::{Options as ServerOptions, ServerProcess},
};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::options::StoreKind;
use queries::{Asked, queries};
use seed::{Amounts, Seeded};

/// How to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the server keeps its data; PostgreSQL is that of BELLPUSH_TEST_POSTGRES
    #[arg(long, value_enum, default_value = "sqlite")]
    pub(crate) store: StoreKind,
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Calls in the store
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) calls: u64,
    /// Events in the store: five times the calls without it
    #[arg(long)]
    pub(crate) events: Option<u64>,
    /// Requests of each kind
    #[arg(long, default_value_t = 100)]
    pub(crate) requests: usize,
}

/// The times of one kind of request.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
    limit_ms: f64,
    within_limit: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    store: &'static str,
    calls: u64,
    events: u64,
    seeded_in_s: f64,
    figures: Vec<Figure>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let database = match options.store {
        StoreKind::Postgres => Some(Database::create().await?),
        StoreKind::Sqlite => None,
    };
    let server_options = match &database {
        Some(database) => ServerOptions::postgres(database),
        None => ServerOptions::sqlite(),
    };
    let mut server = ServerProcess::start(server_options.with("--log-level", "warn")).await?;
    let api = server.api();
    let app = api.create_app(&json!({ "name": "Shop" })).await?;
    let integration = api
        .create_integration(&app, "http://127.0.0.1:9/hook", &["call_ended", "call_error"])
        .await?;
    server.terminate().await?;
    let amounts =
        Amounts { calls: options.calls, events: options.events.unwrap_or(options.calls * 5) };
    eprintln!("── seeding {} calls and {} events", amounts.calls, amounts.events);
    let began = Instant::now();
    let data_dir = server.data_dir();
    let url = database.as_ref().map(Database::url);
    let seeded = seed::fill(url, &data_dir, &app.id, &integration.id, amounts).await?;
    let seeded_in_s = began.elapsed().as_secs_f64();
    eprintln!("── seeded in {seeded_in_s:.0} s");
    server.restart().await?;
    let figures = measure(&server.api(), &seeded, options.requests).await?;
    let figures = Figures {
        store: if database.is_some() { "postgres" } else { "sqlite" },
        calls: amounts.calls,
        events: amounts.events,
        seeded_in_s,
        figures,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("{}", text(&figures));
    }
    let over: Vec<_> =
        figures.figures.iter().filter(|figure| !figure.within_limit).map(|it| it.name).collect();
    ensure!(over.is_empty(), "over the limit: {}", over.join(", "));
    Ok(())
}

/// The beginning of an answer, for people.
fn beginning(answer: &serde_json::Value) -> String {
    answer.to_string().chars().take(300).collect()
}

async fn measure(api: &Api, seeded: &Seeded, requests: usize) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for Asked { name, path, finds, limit_ms } in queries(seeded) {
        let mut times = Vec::new();
        for n in 0..requests {
            let path = path(n as u64);
            let began = Instant::now();
            let answer = api.get(&path).await?.expect(200).with_context(|| path.clone())?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            // A quick answer to another question would be no figure.
            let answer: serde_json::Value = answer.json()?;
            ensure!(finds(&answer), "{name}: {path} finds something else: {}", beginning(&answer));
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or_default()
        };
        let (p50_ms, p95_ms, max_ms) = (at(0.5), at(0.95), at(1.0));
        let within_limit = p95_ms <= limit_ms;
        figures.push(Figure { name, p50_ms, p95_ms, max_ms, limit_ms, within_limit });
    }
    Ok(figures)
}

fn text(figures: &Figures) -> String {
    let Figures { store, calls, events, seeded_in_s, .. } = figures;
    let mut lines = vec![
        format!("{store}: {calls} calls, {events} events, seeded in {seeded_in_s:.0} s"),
        format!("{:<52} {:>9} {:>9} {:>9}", "request", "p50 ms", "p95 ms", "max ms"),
    ];
    for Figure { name, p50_ms, p95_ms, max_ms, within_limit, .. } in &figures.figures {
        let over = if *within_limit { "" } else { "  over the limit" };
        lines.push(format!("{name:<52} {p50_ms:>9.1} {p95_ms:>9.1} {max_ms:>9.1}{over}"));
    }
    lines.join("\n")
}
