//! The machine's clock, which all processes share, and times measured by it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch.
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Times that something took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Latency {
    /// Of these times in microseconds.
    pub(crate) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        let at = |share: f64| {
            let index = (micros.len() as f64 * share) as usize;
            let index = index.min(micros.len().saturating_sub(1));
            f64::from(micros.get(index).copied().unwrap_or(0)) / 1000.0
        };
        Self { p50_ms: at(0.50), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}
