//! The figures, for people.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{
    clock::Latency,
    phases::{Deliveries, Figures, HalfLoad, Ingest},
    watched::Watched,
};

/// One line a figure.
pub(crate) fn text(figures: &Figures) -> String {
    let mut lines = Lines(String::new());
    for (name, ingest) in
        [("ingest", &figures.ingest), ("ingest, one event a request", &figures.ingest_one_by_one)]
    {
        if let Some(Ingest { events_per_second, request, cpu_seconds_per_10000_events }) = ingest {
            lines.add(name, &format!("{events_per_second:.0} events/s"));
            lines.add("  request", &latency(request));
            lines.add("  CPU s per 10,000 events", &cost(cpu_seconds_per_10000_events));
        }
    }
    for (name, deliveries) in [
        ("deliveries, 1 integration", &figures.one_integration),
        ("deliveries, 3 integrations", &figures.three_integrations),
        ("deliveries, 1 integration, TLS", &figures.one_integration_tls),
    ] {
        if let Some(Deliveries {
            deliveries_per_second,
            cpu_seconds_per_10000_deliveries,
            server_memory_mb,
        }) = deliveries
        {
            lines.add(name, &format!("{deliveries_per_second:.0} deliveries/s"));
            lines.add("  CPU s per 10,000 deliveries", &cost(cpu_seconds_per_10000_deliveries));
            lines.add("  memory of the server", &format!("{server_memory_mb:.0} MB"));
        }
    }
    for (name, half) in
        [("half load", &figures.half_load), ("half load, TLS", &figures.half_load_tls)]
    {
        if let Some(HalfLoad {
            deliveries_per_second,
            latency: way,
            cpu_seconds_per_10000_deliveries,
        }) = half
        {
            lines.add(name, &format!("{deliveries_per_second:.0} deliveries/s"));
            lines.add("  ingest to delivered", &latency(way));
            lines.add("  CPU s per 10,000 deliveries", &cost(cpu_seconds_per_10000_deliveries));
        }
    }
    if let Some(single) = &figures.single {
        let rate = single.single_deliveries_per_second;
        lines.add("one event a request", &format!("{rate:.0} deliveries/s"));
        let cpu = single.single_cpu_seconds_per_10k;
        lines.add("  CPU s per 10,000 deliveries", &format!("server {cpu:.2}"));
        let p99 = single.low_rate_p99_ms;
        lines.add("one event a request, 420/s", &format!("p99 {p99:.1} ms"));
        let cpu = single.low_rate_cpu_seconds_per_10k;
        lines.add("  CPU s per 10,000 deliveries", &format!("server {cpu:.2}"));
    }
    if let Some(neighbours) = &figures.neighbours {
        lines.add("healthy endpoint alone", &latency(&neighbours.alone));
        lines.add("beside two healthy ones", &latency(&neighbours.beside_good_ones));
        lines.add("beside a dead and a slow one", &latency(&neighbours.beside_bad_ones));
        lines.add("  p99, times that of alone", &format!("{:.2}", neighbours.p99_ratio));
    }
    if let Some(backlog) = &figures.backlog {
        lines.add("backlog", &format!("{} deliveries", backlog.waiting));
        let memory =
            format!("{:.0} MB, {:.0} MB at most", backlog.memory_mb, backlog.memory_peak_mb);
        lines.add("  memory of the server", &memory);
        lines.add("  kill to ready", &format!("{:.2} s", backlog.seconds_to_ready));
        let first = backlog.seconds_to_first_delivery;
        lines.add("  kill to first delivery", &format!("{first:.2} s"));
        lines.add("  kill to steady rate", &format!("{:.2} s", backlog.seconds_to_steady_rate));
        let rate = backlog.deliveries_per_second_after;
        lines.add("  rate then", &format!("{rate:.0} deliveries/s"));
        lines.add("  memory then", &format!("{:.0} MB", backlog.memory_after_mb));
    }
    if let Some(Watched { rules, without_rules, with_rules }) = &figures.watched {
        for (rules, watch) in [(&0, without_rules), (rules, with_rules)] {
            let rate = format!("{:.0} events/s", watch.events_per_second);
            lines.add(&format!("ingest, {rules} alert rules"), &rate);
            lines.add("  request", &latency(&watch.request));
            lines.add("  CPU s per 10,000 events", &cost(&watch.cpu_seconds_per_10000_events));
            let counting = format!("{:.4} s", watch.counting_seconds_per_10000_events);
            lines.add("  counting 10,000 events", &counting);
            let (looks, seconds) = (watch.looks, watch.seconds_per_look);
            lines.add("  looks at all rules", &format!("{looks}, {seconds:.4} s each"));
        }
    }
    lines.0
}

struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{name:<34}{value}");
    }
}

fn latency(latency: &Latency) -> String {
    let Latency { p50_ms, p99_ms, max_ms } = latency;
    format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, at most {max_ms:.0} ms")
}

fn cost(cost: &BTreeMap<String, f64>) -> String {
    let mut parts: Vec<String> =
        cost.iter().map(|(name, seconds)| format!("{name} {seconds:.2}")).collect();
    // The server first: it is what is measured.
    parts.sort_by_key(|part| !part.starts_with("server"));
    parts.join(", ")
}
