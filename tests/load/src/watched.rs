//! What alert rules, and the counting for analytics, cost beside events that come in.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::json;

use crate::{
    clock::Latency,
    measure::{Cost, cost, cpu, say},
    options::Options,
    site::{LoadOptions, Shop, Site},
};

/// Rules are looked at once a minute: so long a load has one look at least.
const A_LOOK: Duration = Duration::from_secs(70);
/// Rules of the app under load: of each kind that needs nothing else to be set up.
const RULES: usize = 48;
const KINDS: [&str; 6] =
    ["call_errors", "answer_rate", "no_calls", "quality", "breaker_open", "backlog"];

/// The same load without rules, and with them.
#[derive(Debug, Serialize)]
pub(crate) struct Watched {
    pub(crate) rules: usize,
    pub(crate) without_rules: Watch,
    pub(crate) with_rules: Watch,
}

#[derive(Debug, Serialize)]
pub(crate) struct Watch {
    pub(crate) events_per_second: f64,
    pub(crate) request: Latency,
    pub(crate) cpu_seconds_per_10000_events: Cost,
    /// Within the steps that count for analytics: the time that they took, also while they waited.
    pub(crate) counting_seconds_per_10000_events: f64,
    pub(crate) looks: u64,
    /// Of all rules.
    pub(crate) seconds_per_look: f64,
}

pub(crate) async fn run(site: &Site, options: &Options) -> anyhow::Result<Watched> {
    let without_rules = watch(site, options, 0).await?;
    let with_rules = watch(site, options, RULES).await?;
    ensure!(with_rules.looks > 0, "no rule was looked at");
    Ok(Watched { rules: RULES, without_rules, with_rules })
}

async fn watch(site: &Site, options: &Options, rules: usize) -> anyhow::Result<Watch> {
    say(&format!("ingest with {rules} alert rules"));
    let shop = site.shop(&[]).await?;
    make_rules(&shop, rules).await?;
    let (used, times) = (cpu(site)?, Times::read(site).await?);
    let time = Some(A_LOOK.max(Duration::from_secs(options.seconds)));
    let load = LoadOptions { batch: options.batch, time, ..LoadOptions::default() };
    let load = site.load(&shop, &load).await?;
    let used = cpu(site)?.since(&used);
    let times = Times::read(site).await?.since(&times);
    Ok(Watch {
        events_per_second: load.accepted as f64 / load.seconds,
        request: load.request,
        cpu_seconds_per_10000_events: cost(&used, load.accepted),
        counting_seconds_per_10000_events: times.counting * 1e4 / load.accepted as f64,
        looks: times.looks as u64,
        seconds_per_look: times.looking / times.looks.max(1.0),
    })
}

async fn make_rules(shop: &Shop, count: usize) -> anyhow::Result<()> {
    for (number, kind) in KINDS.iter().cycle().take(count).enumerate() {
        let rule = json!({ "name": format!("{kind} {number}"), "kind": kind });
        shop.post("alert-rules", &rule).await?;
    }
    Ok(())
}

/// What the server has spent so far, by its metrics.
#[derive(Debug)]
struct Times {
    counting: f64,
    looking: f64,
    looks: f64,
}

impl Times {
    async fn read(site: &Site) -> anyhow::Result<Self> {
        let metrics = site.server.api().get("/metrics").await?.expect(200)?.text();
        let value = |name: &str| -> anyhow::Result<f64> {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            // It is shown from the first time on.
            line.map_or(Ok(0.0), |value| value.parse().context("a metric is no number"))
        };
        Ok(Self {
            counting: value("bellpush_roll_up_seconds_sum")?,
            looking: value("bellpush_alert_look_seconds_sum")?,
            looks: value("bellpush_alert_look_seconds_count")?,
        })
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            counting: self.counting - earlier.counting,
            looking: self.looking - earlier.looking,
            looks: self.looks - earlier.looks,
        }
    }
}
