//! What the records of calls, their SIP messages and quality, cost ingest and deliveries: both are
//! measured on servers with and without them, in turns, while calls go on and come.

use clap::Args;
use serde::Serialize;

use crate::{
    calls::Beside,
    measure::say,
    options::{Options as Delivery, StoreKind},
    phases,
    site::Site,
};

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
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Calls that go on meanwhile; five more come each second
    #[arg(long, default_value_t = 50)]
    calls: usize,
}

/// What one server did, by the second.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rates {
    ingested: f64,
    delivered: f64,
    calls_came: usize,
}

/// All figures of one run.
#[derive(Debug, Serialize)]
struct Figures {
    store: String,
    with: Vec<Rates>,
    without: Vec<Rates>,
    /// Medians with records, by those without.
    ingest_ratio: f64,
    delivery_ratio: f64,
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
        median(with.iter().map(of).collect()) / median(without.iter().map(of).collect())
    };
    let figures = Figures {
        store: format!("{:?}", options.store).to_lowercase(),
        ingest_ratio: ratio(|rates| rates.ingested),
        delivery_ratio: ratio(|rates| rates.delivered),
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
    let ingested = phases::ingest(&site, &delivery, delivery.batch).await?.events_per_second;
    let urls = [site.sink.http("now", "a")];
    let delivered = phases::deliveries(&mut site, &delivery, &urls).await?.deliveries_per_second;
    let calls_came = calls.stop().await;
    Ok(Rates { ingested, delivered, calls_came })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Figures {
    fn text(&self) -> String {
        let mut lines = vec![format!("{}, in turns", self.store)];
        for (name, rates) in [("with records", &self.with), ("without records", &self.without)] {
            for Rates { ingested, delivered, calls_came } in rates {
                lines.push(format!(
                    "{name:<16} {ingested:>8.0} events/s {delivered:>8.0} deliveries/s, {calls_came} calls came"
                ));
            }
        }
        lines.push(format!(
            "events with records, times those without      {:.3}",
            self.ingest_ratio
        ));
        lines.push(format!(
            "deliveries with records, times those without  {:.3}",
            self.delivery_ratio
        ));
        lines.join("\n") + "\n"
    }
}
