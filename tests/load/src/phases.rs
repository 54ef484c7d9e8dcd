//! What is measured, one figure after the other, on one server.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::time::sleep;

use crate::{
    clock::{Latency, now_us},
    generator::Load,
    measure::{Cost, ON_THEIR_WAY, at_rate, cost, cpu, drain, rate, say},
    options::{Options, Phase},
    processes::resident_mb,
    single::{self, Single},
    sink::{Counted, GRAIN_US},
    site::{LoadOptions, Shop, Site},
    watched::{self, Watched},
};

/// How long a restarted server is looked at.
const RECOVERY: Duration = Duration::from_secs(10);
/// The endpoint that is to stay well beside bad ones.
const HEALTHY: &str = "healthy";
/// Events a second for it, and for those beside it.
const HEALTHY_RATE: f64 = 1_000.0;
const OTHERS_RATE: f64 = 100.0;
/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:1/dead";

/// All figures of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    store: String,
    /// Events in one request, where nothing else is said.
    batch: usize,
    /// Seconds of each measurement.
    seconds: u64,
    pub(crate) ingest: Option<Ingest>,
    pub(crate) ingest_one_by_one: Option<Ingest>,
    pub(crate) one_integration: Option<Deliveries>,
    pub(crate) three_integrations: Option<Deliveries>,
    pub(crate) half_load: Option<HalfLoad>,
    pub(crate) one_integration_tls: Option<Deliveries>,
    pub(crate) half_load_tls: Option<HalfLoad>,
    #[serde(flatten)]
    pub(crate) single: Option<Single>,
    pub(crate) neighbours: Option<Neighbours>,
    pub(crate) backlog: Option<Backlog>,
    pub(crate) watched: Option<Watched>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Ingest {
    pub(crate) events_per_second: f64,
    pub(crate) request: Latency,
    pub(crate) cpu_seconds_per_10000_events: Cost,
}

#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    pub(crate) deliveries_per_second: f64,
    pub(crate) cpu_seconds_per_10000_deliveries: Cost,
    pub(crate) server_memory_mb: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct HalfLoad {
    pub(crate) deliveries_per_second: f64,
    /// From the submission of an event to its arrival at the endpoint.
    pub(crate) latency: Latency,
    pub(crate) cpu_seconds_per_10000_deliveries: Cost,
}

#[derive(Debug, Serialize)]
pub(crate) struct Neighbours {
    pub(crate) alone: Latency,
    /// What the others' load alone does.
    pub(crate) beside_good_ones: Latency,
    pub(crate) beside_bad_ones: Latency,
    pub(crate) p99_ratio: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Backlog {
    pub(crate) waiting: u64,
    pub(crate) memory_mb: f64,
    pub(crate) memory_peak_mb: f64,
    /// Each from the kill on.
    pub(crate) seconds_to_ready: f64,
    pub(crate) seconds_to_first_delivery: f64,
    /// To the first tenth of a second at four fifths of the rate below.
    pub(crate) seconds_to_steady_rate: f64,
    /// Over the second half of the time that the restarted server was looked at.
    pub(crate) deliveries_per_second_after: f64,
    pub(crate) memory_after_mb: f64,
}

pub(crate) async fn run(site: &mut Site, options: &Options) -> anyhow::Result<Figures> {
    let mut figures = Figures {
        store: format!("{:?}", options.store).to_lowercase(),
        batch: options.batch,
        seconds: options.seconds,
        ingest: None,
        ingest_one_by_one: None,
        one_integration: None,
        three_integrations: None,
        half_load: None,
        one_integration_tls: None,
        half_load_tls: None,
        single: None,
        neighbours: None,
        backlog: None,
        watched: None,
    };
    let wants = |phase| options.only.is_empty() || options.only.contains(&phase);
    if wants(Phase::Ingest) {
        figures.ingest = Some(ingest(site, options, options.batch).await?);
        figures.ingest_one_by_one = Some(ingest(site, options, 1).await?);
    }
    if wants(Phase::Delivery) {
        let urls = |count: usize| {
            ["a", "b", "c"].map(|name| site.sink.http("now", name))[..count].to_vec()
        };
        let (one, three) = (urls(1), urls(3));
        let sustained = deliveries(site, options, &one).await?;
        let half = options.rate.unwrap_or(sustained.deliveries_per_second / 2.0);
        figures.one_integration = Some(sustained);
        figures.three_integrations = Some(deliveries(site, options, &three).await?);
        figures.half_load = Some(half_load(site, options, &one, half).await?);
    }
    if wants(Phase::Tls) {
        let urls = [site.sink.https("now", "a")];
        let sustained = deliveries(site, options, &urls).await?;
        let half = options.rate.unwrap_or(sustained.deliveries_per_second / 2.0);
        figures.one_integration_tls = Some(sustained);
        figures.half_load_tls = Some(half_load(site, options, &urls, half).await?);
    }
    if wants(Phase::Single) {
        figures.single = Some(single::run(site, options.seconds).await?);
    }
    if wants(Phase::Neighbours) {
        figures.neighbours = Some(neighbours(site, options).await?);
    }
    if wants(Phase::Backlog) {
        figures.backlog = Some(backlog(site, options).await?);
    }
    // It takes more than two minutes, since rules are looked at once a minute.
    if options.only.contains(&Phase::Watched) {
        figures.watched = Some(watched::run(site, options).await?);
    }
    Ok(figures)
}

/// As many events as the server takes.
pub(crate) async fn ingest(site: &Site, options: &Options, batch: usize) -> anyhow::Result<Ingest> {
    say(&format!("ingest, {batch} events a request"));
    let shop = site.shop(&[]).await?;
    let before = cpu(site)?;
    let time = Some(Duration::from_secs(options.seconds));
    let load = site.load(&shop, &LoadOptions { batch, time, ..LoadOptions::default() }).await?;
    Ok(Ingest {
        events_per_second: load.accepted as f64 / load.seconds,
        request: load.request,
        cpu_seconds_per_10000_events: cost(&cpu(site)?.since(&before), load.accepted),
    })
}

/// As many deliveries as the server sustains: the next event is submitted when one has arrived.
pub(crate) async fn deliveries(
    site: &mut Site,
    options: &Options,
    urls: &[String],
) -> anyhow::Result<Deliveries> {
    say(&format!("deliveries, {} × {}", urls.len(), urls.first().map_or("", String::as_str)));
    let shop = site.shop(urls).await?;
    let before = cpu(site)?;
    let load = LoadOptions {
        batch: options.batch,
        time: Some(Duration::from_secs(options.seconds)),
        outstanding: Some(ON_THEIR_WAY),
        ..LoadOptions::default()
    };
    let load = site.load(&shop, &load).await?;
    let counted = drain(&mut site.sink, &load, urls.len()).await?;
    let used = cpu(site)?.since(&before);
    let total: u64 = counted.values().map(|name| name.deliveries).sum();
    let server_memory_mb = resident_mb(site.server_pid()?)?.0;
    shop.close().await?;
    Ok(Deliveries {
        deliveries_per_second: counted.values().map(|name| rate(&name.timeline)).sum(),
        cpu_seconds_per_10000_deliveries: cost(&used, total),
        server_memory_mb,
    })
}

async fn half_load(
    site: &mut Site,
    options: &Options,
    urls: &[String],
    rate: f64,
) -> anyhow::Result<HalfLoad> {
    say(&format!("latency at {rate:.0} deliveries a second"));
    let shop = site.shop(urls).await?;
    let before = cpu(site)?;
    let load = at_rate(options.seconds, options.batch, rate);
    let load = site.load(&shop, &load).await?;
    let counted = drain(&mut site.sink, &load, urls.len()).await?;
    let used = cpu(site)?.since(&before);
    let only = counted.values().next().context("nothing was delivered")?;
    shop.close().await?;
    Ok(HalfLoad {
        deliveries_per_second: load.accepted as f64 / load.seconds,
        latency: only.latency,
        cpu_seconds_per_10000_deliveries: cost(&used, only.deliveries),
    })
}

/// One app's endpoint is healthy, with a steady load; another app has two that are healthy as well,
/// and then a dead and a slow one.
async fn neighbours(site: &mut Site, options: &Options) -> anyhow::Result<Neighbours> {
    say("a healthy endpoint alone, beside two more, and beside a dead and a slow one");
    let healthy = site.shop(&[site.sink.http("now", HEALTHY)]).await?;
    let load = site.load(&healthy, &at_rate(options.seconds, 1, HEALTHY_RATE)).await?;
    let alone = latency_of_healthy(&load, &drain(&mut site.sink, &load, 1).await?)?;
    let good_ones = ["one", "two"].map(|name| site.sink.http("now", name));
    let beside_good_ones = beside(site, options, &healthy, &good_ones).await?;
    let bad_ones = [DEAD.to_owned(), site.sink.http("slow", "slow")];
    let beside_bad_ones = beside(site, options, &healthy, &bad_ones).await?;
    healthy.close().await?;
    Ok(Neighbours {
        p99_ratio: beside_bad_ones.p99_ms / alone.p99_ms,
        alone,
        beside_good_ones,
        beside_bad_ones,
    })
}

/// The latencies of the healthy endpoint while another app's have load too.
async fn beside(
    site: &mut Site,
    options: &Options,
    healthy: &Shop,
    others: &[String],
) -> anyhow::Result<Latency> {
    let others = site.shop(others).await?;
    let (steady, less) =
        (at_rate(options.seconds, 1, HEALTHY_RATE), at_rate(options.seconds, 1, OTHERS_RATE));
    let (load, to_others) =
        tokio::try_join!(site.load(healthy, &steady), site.load(&others, &less))?;
    ensure!(to_others.accepted > 0, "the other endpoints had no load");
    sleep(Duration::from_secs(1)).await;
    let counted = site.sink.take().await?;
    others.close().await?;
    latency_of_healthy(&load, &counted)
}

fn latency_of_healthy(load: &Load, counted: &BTreeMap<String, Counted>) -> anyhow::Result<Latency> {
    let counted = counted.get(HEALTHY).context("the healthy endpoint got nothing")?;
    ensure!(
        counted.deliveries == load.accepted,
        "the healthy endpoint got {} of {} deliveries",
        counted.deliveries,
        load.accepted
    );
    Ok(counted.latency)
}

/// Three endpoints that are slow until there is a long backlog; then the server is killed, and finds
/// them quick when it is back.
async fn backlog(site: &mut Site, options: &Options) -> anyhow::Result<Backlog> {
    say(&format!("a backlog of {} deliveries, and a kill", options.backlog));
    let shop = site.shop(&["a", "b", "c"].map(|name| site.sink.http("gate", name))).await?;
    let before = taken(site).await?;
    let mut submitted = 0;
    let mut waiting = 0;
    let mut delivered = before;
    while waiting < options.backlog {
        let missing = (options.backlog - waiting).div_ceil(3);
        let events = missing.next_multiple_of(options.batch as u64);
        let all =
            LoadOptions { batch: options.batch, events: Some(events), ..LoadOptions::default() };
        submitted += site.load(&shop, &all).await?.accepted * 3;
        delivered += taken(site).await?;
        waiting = submitted - delivered;
    }
    let (memory_mb, memory_peak_mb) = resident_mb(site.server_pid()?)?;
    site.sink.open_gate().await?;
    taken(site).await?;
    let killed = now_us();
    site.server.kill_9()?;
    site.server.restart().await?;
    let ready = now_us();
    sleep(RECOVERY).await;
    let counted = site.sink.take().await?;
    let memory_after_mb = resident_mb(site.server_pid()?)?.0;
    let recovery = Recovery::of(&counted, killed)?;
    let seconds = |us: u64| us as f64 / 1e6;
    Ok(Backlog {
        waiting,
        memory_mb,
        memory_peak_mb,
        seconds_to_ready: seconds(ready - killed),
        seconds_to_first_delivery: seconds(recovery.first_us),
        seconds_to_steady_rate: seconds(recovery.steady_us),
        deliveries_per_second_after: recovery.rate,
        memory_after_mb,
    })
}

async fn taken(site: &mut Site) -> anyhow::Result<u64> {
    Ok(site.sink.take().await?.values().map(|name| name.deliveries).sum())
}

struct Recovery {
    first_us: u64,
    steady_us: u64,
    rate: f64,
}

impl Recovery {
    fn of(counted: &BTreeMap<String, Counted>, killed: u64) -> anyhow::Result<Self> {
        let came = || counted.values().filter(|name| name.deliveries > 0);
        let first = came().map(|name| name.first_us).min().context("nothing was delivered")?;
        let mut timeline = Vec::new();
        for name in came() {
            let offset = ((name.first_us - first) / GRAIN_US) as usize;
            for (place, count) in name.timeline.iter().enumerate() {
                if timeline.len() <= offset + place {
                    timeline.resize(offset + place + 1, 0);
                }
                timeline[offset + place] += count;
            }
        }
        let half = timeline.get(timeline.len() / 2..timeline.len() - 1).unwrap_or_default();
        let per_grain = f64::from(half.iter().sum::<u32>()) / (half.len().max(1) as f64);
        let steady = timeline.iter().position(|count| f64::from(*count) >= per_grain * 0.8);
        let steady = steady.context("the rate was never steady")? as u64;
        let first_us = first.saturating_sub(killed);
        Ok(Self {
            first_us,
            steady_us: first_us + steady * GRAIN_US,
            rate: per_grain * 1e6 / GRAIN_US as f64,
        })
    }
}
