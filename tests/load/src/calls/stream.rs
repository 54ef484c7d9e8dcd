//! What is sent as sound, and what its receiver learns from it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

/// In front of a stamp: a payload without it is not one of ours (the demo's greeting).
const MAGIC: [u8; 4] = *b"bell";
/// Octets of a stamp: what marks it, the time, the number.
pub(super) const STAMP: usize = 16;
/// Where it is: after an octet that tells an Opus packet's kind.
const AT: usize = 1;

/// Nanoseconds since 1970.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

/// Writes when a payload is sent into it, and its number.
pub(super) fn stamp(payload: &mut [u8], number: u32) {
    if let Some(place) = payload.get_mut(AT..AT + STAMP) {
        let mut bytes = [0; STAMP];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..12].copy_from_slice(&now_ns().to_be_bytes());
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        place.copy_from_slice(&bytes);
    }
}

/// When a payload was sent, and its number.
pub(super) fn read_stamp(payload: &[u8]) -> Option<(u64, u32)> {
    let (magic, rest) = payload.get(AT..AT + STAMP)?.split_first_chunk::<4>()?;
    let (time, number) = rest.split_first_chunk::<8>()?;
    let number = number.first_chunk::<4>()?;
    (*magic == MAGIC).then(|| (u64::from_be_bytes(*time), u32::from_be_bytes(*number)))
}

/// When each caller's voice began last, in nanoseconds since 1970: the threads tell each other.
#[derive(Debug, Clone)]
pub(super) struct Beginnings(Arc<[AtomicU64]>);

impl Beginnings {
    pub(super) fn of(callers: usize) -> Self {
        Self((0..callers).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn set(&self, caller: usize) {
        if let Some(at) = self.0.get(caller) {
            at.store(now_ns(), Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self, caller: usize) -> Option<u64> {
        self.0.get(caller).map(|at| at.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }
}

/// What one end received while it was measured.
#[derive(Debug, Default, Clone)]
pub(super) struct Receipt {
    received: u64,
    first: Option<u64>,
    highest: u64,
    last: Option<(u64, u64)>,
}

/// What all ends of a side received while it was measured.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) received: u64,
    pub(super) lost: u64,
    pub(super) silent: usize,
    /// In microseconds.
    pub(super) latencies: Vec<u32>,
    pub(super) jitters: Vec<u32>,
}

impl Receipt {
    /// A packet with this number, which was received `at`, `latency` after it was sent if that is
    /// known.
    pub(super) fn packet(&mut self, tally: &mut Tally, number: u64, at: u64, latency: Option<u64>) {
        self.received += 1;
        let first = *self.first.get_or_insert(number);
        if number < first {
            self.first = Some(number);
        }
        self.highest = self.highest.max(number);
        // How much more or less time than the packet before it took.
        let took = latency.unwrap_or_else(|| at.wrapping_sub(number * 20_000_000));
        if let Some((last_number, last_took)) = self.last
            && number == last_number + 1
        {
            tally.jitters.push((took.abs_diff(last_took) / 1_000).min(u32::MAX.into()) as u32);
        }
        self.last = Some((number, took));
        if let Some(latency) = latency {
            tally.latencies.push((latency / 1_000).min(u32::MAX.into()) as u32);
        }
    }

    /// Adds up what was received, and begins anew.
    pub(super) fn close(&mut self, tally: &mut Tally) {
        let done = std::mem::take(self);
        match done.first {
            Some(first) => {
                tally.received += done.received;
                tally.lost += (done.highest - first + 1).saturating_sub(done.received);
            }
            None => tally.silent += 1,
        }
    }
}

/// A distribution, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Spread {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl Spread {
    pub(super) fn of(micros: &mut [u32]) -> Option<Self> {
        micros.sort_unstable();
        let at = |share: f64| {
            let index = ((micros.len() as f64 * share) as usize).min(micros.len() - 1);
            micros.get(index).map_or(0.0, |value| f64::from(*value) / 1_000.0)
        };
        (!micros.is_empty()).then(|| Self { p50_ms: at(0.50), p99_ms: at(0.99), max_ms: at(1.0) })
    }
}
