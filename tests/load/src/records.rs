//! What the records of calls, their SIP messages and quality, cost ingest and deliveries: both are
//! measured on servers with and without them, in turns, while calls go on and come.

use clap::Args;
use serde::Serialize;

use crate::{
    calls::Beside,
    measure::{Cost, say},
    options::{Options as Delivery, StoreKind},
    phases,
    site::Site,
};

/// The process whose CPU time counts.
const SERVER: &str = "server";
/// Student's t for a confidence of 95 %, from two pairs on; for many it is near 2.
const QUANTILES: [f64; 19] = [
    12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13,
    2.12, 2.11, 2.10, 2.09,
];

/// What is measured, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the server keeps its data; PostgreSQL is that of BELLPUSH_TEST_POSTGRES
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// For how long each figure is measured
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Pairs of servers, one with and one without
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    pairs: u16,
    /// Calls that go on meanwhile; five more come each second
    #[arg(long, default_value_t = 50)]
    calls: usize,
}

/// What one server did, by the second, and what that took of the processors.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rates {
    ingested: f64,
    delivered: f64,
    /// CPU seconds of the server for 10,000 events, and as many deliveries; what the calls take is in it.
    ingest_cpu: f64,
    delivery_cpu: f64,
    calls_came: usize,
}

/// How a figure with records compares with that without, of all pairs.
#[derive(Debug, Serialize)]
struct Ratio {
    /// The geometric mean of the pairs' ratios.
    mean: f64,
    /// Between these it is with a confidence of 95 %, as far as pairs differ by chance.
    from: f64,
    to: f64,
}

/// All figures of one run.
#[derive(Debug, Serialize)]
struct Figures {
    store: String,
    with: Vec<Rates>,
    without: Vec<Rates>,
    ingest: Ratio,
    delivery: Ratio,
    ingest_cpu: Ratio,
    delivery_cpu: Ratio,
}

/// Measures the server named by BELLPUSH_BIN.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pair in 0..options.pairs {
        // What the machine does slowly over time is not to be that of one of them.
        for keeps in if pair % 2 == 0 { [true, false] } else { [false, true] } {
            let rates = rates(options, keeps).await?;
            if keeps { &mut with } else { &mut without }.push(rates);
        }
    }
    let ratio = |of: fn(&Rates) -> f64| {
        Ratio::of(with.iter().zip(&without).map(|(with, without)| of(with) / of(without)))
    };
    let figures = Figures {
        store: format!("{:?}", options.store).to_lowercase(),
        ingest: ratio(|rates| rates.ingested),
        delivery: ratio(|rates| rates.delivered),
        ingest_cpu: ratio(|rates| rates.ingest_cpu),
        delivery_cpu: ratio(|rates| rates.delivery_cpu),
        with,
        without,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print!("{}", figures.text());
    }
    Ok(())
}

async fn rates(options: &Options, keeps: bool) -> anyhow::Result<Rates> {
    say(if keeps { "with records" } else { "without records" });
    // Two figures, with some seconds around each.
    let most = options.calls + 5 * 3 * (options.seconds as usize + 5);
    let days = if keeps { "7" } else { "0" };
    let mut site = Site::start_with(options.store, |settings| {
        Beside::settings(settings.with("--call-record-days", days), most)
    })
    .await?;
    let delivery = Delivery {
        store: options.store,
        json: false,
        seconds: options.seconds,
        batch: 20,
        rate: None,
        backlog: 0,
        only: Vec::new(),
    };
    let calls = Beside::start(&site.server, options.calls, most).await?;
    let ingest = phases::ingest(&site, &delivery, delivery.batch).await?;
    let urls = [site.sink.http("now", "a")];
    let deliveries = phases::deliveries(&mut site, &delivery, &urls).await?;
    let calls_came = calls.stop().await;
    let of_server = |cost: &Cost| cost.get(SERVER).copied().unwrap_or_default();
    Ok(Rates {
        ingested: ingest.events_per_second,
        delivered: deliveries.deliveries_per_second,
        ingest_cpu: of_server(&ingest.cpu_seconds_per_10000_events),
        delivery_cpu: of_server(&deliveries.cpu_seconds_per_10000_deliveries),
        calls_came,
    })
}

impl Ratio {
    fn of(pairs: impl Iterator<Item = f64>) -> Self {
        let logs: Vec<f64> = pairs.map(f64::ln).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let quantile = QUANTILES.get(logs.len().saturating_sub(2)).copied().unwrap_or(2.0);
        let reach = quantile * (variance / count).sqrt();
        Self { mean: mean.exp(), from: (mean - reach).exp(), to: (mean + reach).exp() }
    }
}

impl Figures {
    fn text(&self) -> String {
        let mut lines = vec![format!("{}, in turns", self.store)];
        for (name, rates) in [("with records", &self.with), ("without records", &self.without)] {
            for rates in rates {
                let Rates { ingested, delivered, ingest_cpu, delivery_cpu, calls_came } = rates;
                lines.push(format!(
                    "{name:<16} {ingested:>8.0} events/s at {ingest_cpu:.3} CPU s per 10,000, \
                     {delivered:>8.0} deliveries/s at {delivery_cpu:.3}, {calls_came} calls came"
                ));
            }
        }
        for (name, Ratio { mean, from, to }) in [
            ("events a second", &self.ingest),
            ("deliveries a second", &self.delivery),
            ("CPU time of an event", &self.ingest_cpu),
            ("CPU time of a delivery", &self.delivery_cpu),
        ] {
            lines.push(format!(
                "{name:<22} with records, times that without: {mean:.3} ({from:.3} to {to:.3})"
            ));
        }
        lines.join("\n") + "\n"
    }
}
