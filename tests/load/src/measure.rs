//! What all measurements of deliveries share.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::time::sleep;

use crate::{
    generator::Load,
    processes::CpuTime,
    sink::{Counted, GRAIN_US},
    site::{LoadOptions, Sink, Site},
};

/// Deliveries on their way in all, while the rate that is sustained is measured: enough to keep the
/// server busy, and so few that none of them leaves its memory.
pub(crate) const ON_THEIR_WAY: u64 = 1_000;
/// What the first second or two of a load tells is how it starts.
const WARM_UP_GRAINS: usize = 15;
/// And the last ones are those that were still on their way when the load had ended.
const END_GRAINS: usize = 3;
/// How long deliveries may take after the load has ended.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);
/// CPU seconds for 10,000 events or deliveries, by process.
pub(crate) type Cost = BTreeMap<String, f64>;

pub(crate) fn at_rate(seconds: u64, batch: usize, rate: f64) -> LoadOptions {
    let time = Some(Duration::from_secs(seconds));
    LoadOptions { batch, time, rate: Some(rate), ..LoadOptions::default() }
}

/// Waits until every event of the load has arrived at each of its endpoints.
pub(crate) async fn drain(
    sink: &mut Sink,
    load: &Load,
    fan_out: usize,
) -> anyhow::Result<BTreeMap<String, Counted>> {
    let wanted = load.accepted * fan_out as u64;
    let deadline = Instant::now() + DRAIN_WITHIN;
    loop {
        let count = sink.peek().await?;
        ensure!(count <= wanted, "{count} deliveries of {wanted}: some came twice");
        if count == wanted {
            return sink.take().await;
        }
        ensure!(Instant::now() < deadline, "only {count} of {wanted} deliveries arrived");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Deliveries a second, after the warm-up and before the end.
pub(crate) fn rate(timeline: &[u32]) -> f64 {
    let end = timeline.len().saturating_sub(END_GRAINS);
    let steady = timeline.get(WARM_UP_GRAINS.min(end)..end).unwrap_or_default();
    let seconds = steady.len() as f64 * GRAIN_US as f64 / 1e6;
    f64::from(steady.iter().sum::<u32>()) / seconds.max(f64::MIN_POSITIVE)
}

pub(crate) fn cpu(site: &Site) -> anyhow::Result<CpuTime> {
    site.processes()?.cpu_time()
}

pub(crate) fn cost(used: &BTreeMap<String, f64>, count: u64) -> Cost {
    used.iter().map(|(name, seconds)| (name.clone(), seconds * 1e4 / count as f64)).collect()
}

pub(crate) fn say(what: &str) {
    eprintln!("── {what}");
}
