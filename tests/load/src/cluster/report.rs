//! The figures, for people.

use std::fmt::Write as _;

use super::{Cluster, Figures, TakeOver, nodes::Kept, visits::Visits};

/// Some lines.
pub(super) fn text(figures: &Figures) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    if let Some(Visits { visits_per_second, cpu_seconds_per_10000_visits, kept }) = &figures.visits
    {
        let _ = writeln!(text, "visits: {visits_per_second:.0} a second");
        let _ = writeln!(text, "  CPU s per 10,000: {cpu_seconds_per_10000_visits:.2?}");
        let _ = writeln!(text, "  {}", bytes(kept));
    }
    for cluster in &figures.clusters {
        let Cluster { nodes, deliveries_per_second, request_p99_ms, .. } = cluster;
        let _ = writeln!(text, "{nodes} servers: {deliveries_per_second:.0} deliveries/s");
        let _ =
            writeln!(text, "  CPU s per 10,000: {:.2?}", cluster.cpu_seconds_per_10000_deliveries);
        let _ = writeln!(text, "  request of {} events, p99 {request_p99_ms:.1} ms", figures.batch);
        let _ = writeln!(text, "  memory of each: {:.0?} MB", cluster.server_memory_mb);
        let _ = writeln!(text, "  {}", bytes(&cluster.kept));
    }
    if let Some(TakeOver { nodes, lease_seconds, seconds_to_first_delivery, seconds_to_all }) =
        &figures.take_over
    {
        let _ = writeln!(text, "kill -9 of one of {nodes}, lease of {lease_seconds} s");
        let _ =
            writeln!(text, "  first delivery elsewhere after {seconds_to_first_delivery:.1?} s");
        let _ = writeln!(text, "  one of each integration after {seconds_to_all:.1?} s");
    }
    text
}

fn bytes(kept: &Kept) -> String {
    let Kept { database_bytes, log_bytes } = kept;
    format!("bytes of each: {database_bytes:.0} in the database, {log_bytes:.0} in its log")
}
