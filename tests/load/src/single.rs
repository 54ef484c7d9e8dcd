//! Events that come one by one, as widgets send them.

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    measure::{Cost, ON_THEIR_WAY, at_rate, cost, cpu, drain, rate, say},
    site::{LoadOptions, Site},
};

/// Widgets, each with a connection of its own and one event under way.
const CONNECTIONS: usize = 128;
/// Events a second where they come evenly: of a site with some hundred calls at once.
const LOW_RATE: f64 = 420.0;

/// The figures. CPU time is that of the server and its database.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Single {
    /// As many as are sustained, one event a request.
    pub(crate) single_deliveries_per_second: f64,
    #[serde(rename = "singleCpuSecondsPer10k")]
    pub(crate) single_cpu_seconds_per_10k: f64,
    /// From the submission of an event to its arrival at the endpoint, when they come seldom.
    pub(crate) low_rate_p99_ms: f64,
    #[serde(rename = "lowRateCpuSecondsPer10k")]
    pub(crate) low_rate_cpu_seconds_per_10k: f64,
}

pub(crate) async fn run(site: &mut Site, seconds: u64) -> anyhow::Result<Single> {
    let url = [site.sink.http("now", "single")];
    say(&format!("events one by one, {CONNECTIONS} connections"));
    let shop = site.shop_with(&url, CONNECTIONS).await?;
    let before = cpu(site)?;
    let load = LoadOptions {
        batch: 1,
        time: Some(Duration::from_secs(seconds)),
        outstanding: Some(ON_THEIR_WAY),
        ..LoadOptions::default()
    };
    let load = site.load(&shop, &load).await?;
    let counted = drain(&mut site.sink, &load, url.len()).await?;
    let used = cost(&cpu(site)?.since(&before), load.accepted);
    shop.close().await?;
    let single_deliveries_per_second = counted.values().map(|name| rate(&name.timeline)).sum();
    let single_cpu_seconds_per_10k = of_server(&used);

    say(&format!("events one by one, {LOW_RATE} a second"));
    let shop = site.shop_with(&url, CONNECTIONS).await?;
    let before = cpu(site)?;
    let load = site.load(&shop, &at_rate(seconds, 1, LOW_RATE)).await?;
    let counted = drain(&mut site.sink, &load, url.len()).await?;
    let used = cost(&cpu(site)?.since(&before), load.accepted);
    shop.close().await?;
    let only = counted.values().next().context("nothing was delivered")?;
    Ok(Single {
        single_deliveries_per_second,
        single_cpu_seconds_per_10k,
        low_rate_p99_ms: only.latency.p99_ms,
        low_rate_cpu_seconds_per_10k: of_server(&used),
    })
}

fn of_server(cost: &Cost) -> f64 {
    ["server", "postgres"].into_iter().filter_map(|name| cost.get(name)).sum()
}
