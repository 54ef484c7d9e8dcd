//! The figures of calls.

use std::fmt::Write as _;

use serde::Serialize;

use super::stream::{Spread, Tally};

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) server: &'static str,
    pub(super) mode: &'static str,
    pub(super) idle_memory_mb: f64,
    pub(super) memory_with_one_mb: f64,
    pub(super) steps: Vec<Step>,
}

/// So many calls at the same time.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) calls: usize,
    pub(super) failed: usize,
    pub(super) setups_per_second: f64,
    pub(super) cpu_ms_per_setup: f64,
    /// Cores that the server kept busy.
    pub(super) cores: f64,
    pub(super) cpu_us_per_call_second: f64,
    /// The calls by the cores that they took.
    pub(super) calls_per_core: f64,
    /// Cores that the load itself took.
    pub(super) load_cores: f64,
    pub(super) memory_kb_per_call: f64,
    pub(super) to_browser: Direction,
    pub(super) to_telephone: Option<Direction>,
    /// The same calls but one, while that one sends far too much.
    pub(super) flooded: Option<Flooded>,
}

/// What the others' calls are beside one that floods the server.
#[derive(Debug, Serialize)]
pub(super) struct Flooded {
    /// What the one caller sent.
    pub(super) packets_per_second: f64,
    pub(super) cores: f64,
    pub(super) to_browser: Direction,
    pub(super) to_telephone: Option<Direction>,
}

/// What arrived at one side.
#[derive(Debug, Serialize)]
pub(super) struct Direction {
    pub(super) packets: u64,
    pub(super) lost: u64,
    /// Ends that received nothing.
    pub(super) silent: usize,
    /// From sending to receiving: what the server adds.
    pub(super) latency: Option<Spread>,
    /// How much that differs from one packet to the next.
    pub(super) jitter: Option<Spread>,
}

impl Direction {
    pub(super) fn of(mut tally: Tally) -> Self {
        Self {
            packets: tally.received,
            lost: tally.lost,
            silent: tally.silent,
            latency: Spread::of(&mut tally.latencies),
            jitter: Spread::of(&mut tally.jitters),
        }
    }
}

impl Step {
    /// Whether more calls are worth a try.
    pub(super) fn is_bearable(&self) -> bool {
        let heard = |direction: &Direction| direction.lost * 20 < direction.packets;
        self.failed * 20 < self.calls
            && heard(&self.to_browser)
            && self.to_telephone.as_ref().is_none_or(heard)
    }
}

impl Figures {
    /// A line a step.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{}, {}; memory {:.1} MB idle, {:.1} MB with the first call\n{:>6} {:>6} {:>9} {:>8} {:>6} {:>10} {:>8} {:>7}  packets, lost, latency p50/p99, jitter p50/p99\n",
            self.server,
            self.mode,
            self.idle_memory_mb,
            self.memory_with_one_mb,
            "calls",
            "failed",
            "set-ups/s",
            "ms each",
            "cores",
            "calls/core",
            "KB each",
            "load"
        );
        for step in &self.steps {
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "{:>6} {:>6} {:>9.0} {:>8.2} {:>6.2} {:>10.0} {:>8.0} {:>7.2}  to browser {}{}",
                step.calls,
                step.failed,
                step.setups_per_second,
                step.cpu_ms_per_setup,
                step.cores,
                step.calls_per_core,
                step.memory_kb_per_call,
                step.load_cores,
                direction(&step.to_browser),
                telephone(step.to_telephone.as_ref()),
            );
            if let Some(flooded) = &step.flooded {
                let _ = writeln!(
                    text,
                    "       the others beside {:.0} packets a second of one, {:.2} cores: to browser {}{}",
                    flooded.packets_per_second,
                    flooded.cores,
                    direction(&flooded.to_browser),
                    telephone(flooded.to_telephone.as_ref()),
                );
            }
        }
        text
    }
}

fn telephone(side: Option<&Direction>) -> String {
    side.map_or(String::new(), |side| format!("; to telephone {}", direction(side)))
}

fn direction(direction: &Direction) -> String {
    let spread = |spread: &Option<Spread>| {
        spread.as_ref().map_or("-".to_owned(), |Spread { p50_ms, p99_ms, .. }| {
            format!("{p50_ms:.2}/{p99_ms:.2} ms")
        })
    };
    let Direction { packets, lost, silent, latency, jitter } = direction;
    let silent = if *silent > 0 { format!(", {silent} silent") } else { String::new() };
    format!("{packets}, {lost}, {}, {}{silent}", spread(latency), spread(jitter))
}
