//! Several servers on one PostgreSQL: what they deliver together, what it costs, and how soon the others
//! go on with what one delivered that was killed.

mod nodes;
mod report;
mod visits;

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::sleep;

use self::{
    nodes::{Kept, Nodes},
    visits::Visits,
};
use crate::{
    clock::now_us,
    measure::{Cost, ON_THEIR_WAY, at_rate, cost, drain, rate, say},
    site::LoadOptions,
};

/// Events a second while a server is killed: few, so that nothing waits for anything but its lease.
const TAKE_OVER_RATE: f64 = 500.0;
/// After the end of a lease, at the latest, all has been taken over.
const AFTER_LEASE: Duration = Duration::from_secs(10);
/// For so long all is well.
const BEFORE_KILL: Duration = Duration::from_secs(2);
/// What was on the wire when a server was killed has arrived by then, in microseconds.
const ON_THE_WIRE_US: u64 = 250_000;

/// How to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// How many servers there are, one measurement each
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    nodes: Vec<usize>,
    /// For how long each figure is measured
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Events in one request: 1 to 20
    #[arg(long, default_value_t = 20)]
    batch: usize,
    /// Apps, each with an integration and a widget
    #[arg(long, default_value_t = 64)]
    apps: usize,
    /// Seconds that a server is taken for alive after its last word
    #[arg(long, default_value_t = 10)]
    lease: u64,
    /// Visits of pages; 0 leaves them out
    #[arg(long, default_value_t = 4_000)]
    visits: u64,
    /// Times that a server is killed; 0 leaves it out
    #[arg(long, default_value_t = 3)]
    kills: usize,
}

/// All figures of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    apps: usize,
    batch: usize,
    seconds: u64,
    visits: Option<Visits>,
    clusters: Vec<Cluster>,
    take_over: Option<TakeOver>,
}

/// What so many servers deliver together.
#[derive(Debug, Serialize)]
struct Cluster {
    nodes: usize,
    deliveries_per_second: f64,
    /// Of all servers together, of PostgreSQL, of the load and of the receiver.
    cpu_seconds_per_10000_deliveries: Cost,
    /// From a request to its answer, under this load.
    request_p99_ms: f64,
    server_memory_mb: Vec<f64>,
    /// For each event with its delivery.
    kept: Kept,
}

/// How soon the others go on, from the kill of one server on.
#[derive(Debug, Serialize)]
struct TakeOver {
    nodes: usize,
    lease_seconds: u64,
    /// To the first delivery, at another server, of what belonged to the dead one; each kill's.
    seconds_to_first_delivery: Vec<f64>,
    /// Until each integration of the dead one has had a delivery.
    seconds_to_all: Vec<f64>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut figures = Figures {
        apps: options.apps,
        batch: options.batch,
        seconds: options.seconds,
        visits: None,
        clusters: Vec::new(),
        take_over: None,
    };
    if options.visits > 0 {
        say(&format!("{} visits", options.visits));
        figures.visits = Some(visits::run(options.visits).await?);
    }
    for count in &options.nodes {
        say(&format!("deliveries, {count} servers"));
        figures.clusters.push(deliveries(options, *count).await?);
    }
    let most = options.nodes.iter().copied().max().unwrap_or_default();
    if options.kills > 0 && most > 1 {
        say(&format!("take-over, {most} servers"));
        figures.take_over = Some(take_over(options, most).await?);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("{}", report::text(&figures));
    }
    Ok(())
}

/// As many deliveries as they sustain: the next event is submitted when one has arrived.
async fn deliveries(options: &Options, count: usize) -> anyhow::Result<Cluster> {
    let mut nodes = Nodes::start(count, options.apps, options.lease).await?;
    nodes.are_balanced().await?;
    let (before, kept) = (nodes.processes()?.cpu_time()?, nodes.kept().await?);
    let load = LoadOptions {
        batch: options.batch,
        time: Some(Duration::from_secs(options.seconds)),
        outstanding: Some(ON_THEIR_WAY),
        ..LoadOptions::default()
    };
    let load = nodes.widgets(0..count).load(&nodes.sink, &load).await?;
    let counted = drain(&mut nodes.sink, &load, 1).await?;
    let used = nodes.processes()?.cpu_time()?.since(&before);
    Ok(Cluster {
        nodes: count,
        deliveries_per_second: rate(&nodes::together(&counted)),
        cpu_seconds_per_10000_deliveries: cost(&used, load.accepted),
        request_p99_ms: load.request.p99_ms,
        server_memory_mb: nodes.memory_mb()?,
        kept: nodes.kept().await?.since(&kept, load.accepted),
    })
}

/// One server after the other is killed, while its events come to the others.
async fn take_over(options: &Options, count: usize) -> anyhow::Result<TakeOver> {
    let mut nodes = Nodes::start(count, options.apps, options.lease).await?;
    let mut figures = TakeOver {
        nodes: count,
        lease_seconds: options.lease,
        seconds_to_first_delivery: Vec::new(),
        seconds_to_all: Vec::new(),
    };
    let seconds = BEFORE_KILL.as_secs() + options.lease + AFTER_LEASE.as_secs();
    for kill in 0..options.kills {
        // The first server's pages go on; what dies is always another one.
        let victim = 1 + kill % (count - 1);
        nodes.are_balanced().await?;
        let of_victim = nodes.integrations_of(victim).await?;
        let rate = at_rate(seconds, 1, TAKE_OVER_RATE);
        let (pages, sink, victim_process) = nodes.pages_and(victim);
        let killed = async {
            sleep(BEFORE_KILL).await;
            victim_process.kill_9()?;
            anyhow::Ok(now_us())
        };
        let (load, killed_us) = tokio::try_join!(pages.load(sink, &rate), killed)?;
        let counted = nodes.arrived(&load).await?;
        let waits = nodes::waits(&counted, &of_victim, killed_us + ON_THE_WIRE_US)?;
        let seconds = waits.iter().map(|us| (us + ON_THE_WIRE_US) as f64 / 1e6);
        figures.seconds_to_first_delivery.extend(seconds.clone().min_by(f64::total_cmp));
        figures.seconds_to_all.extend(seconds.max_by(f64::total_cmp));
        nodes.bring_back(victim).await?;
    }
    Ok(figures)
}
