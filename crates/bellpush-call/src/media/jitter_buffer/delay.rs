//! How long packets must wait so that nearly all are there when their time comes.

use std::time::{Duration, Instant};

/// Lateness is counted in steps of this, up to the longest wait.
const STEP: Duration = Duration::from_millis(5);
const STEPS: usize = 48;
/// What a packet's weight becomes with the next one: 100 packets count.
const MEMORY: f32 = 0.99;
/// The part of the packets that shall be in time.
const IN_TIME: f32 = 0.97;
/// The quickest packet of this time and of that before it is what lateness is counted from, so
/// that neither a drifting clock nor a changed route is waited for for ever.
const WINDOW: Duration = Duration::from_secs(5);

/// Measures one stream.
#[derive(Debug)]
pub(super) struct DelayMeter {
    clock_rate: u32,
    first: Option<First>,
    weights: [f32; STEPS],
    /// The quickest transit of this window and of the one before, in microseconds.
    quickest: [i64; 2],
    window_ends: Instant,
}

#[derive(Debug, Clone, Copy)]
struct First {
    at: Instant,
    /// The latest timestamp, and how far it is from the first.
    timestamp: u32,
    units: i64,
}

impl DelayMeter {
    pub(super) fn new(now: Instant, clock_rate: u32) -> Self {
        Self {
            clock_rate,
            first: None,
            weights: [0.0; STEPS],
            quickest: [i64::MAX; 2],
            window_ends: now + WINDOW,
        }
    }

    /// A packet arrived.
    pub(super) fn arrived(&mut self, now: Instant, timestamp: u32) {
        let first = self.first.get_or_insert(First { at: now, timestamp, units: 0 });
        first.units += i64::from(timestamp.wrapping_sub(first.timestamp) as i32);
        first.timestamp = timestamp;
        let sent = first.units.saturating_mul(1_000_000) / i64::from(self.clock_rate.max(1));
        let took = now.saturating_duration_since(first.at).as_micros() as i64 - sent;
        if now >= self.window_ends {
            self.window_ends = now + WINDOW;
            let [current, _] = self.quickest;
            self.quickest = [took, current];
        }
        let [current, before] = &mut self.quickest;
        *current = took.min(*current);
        let late = took - (*current).min(*before);
        let step = (late / STEP.as_micros() as i64) as usize;
        for weight in &mut self.weights {
            *weight *= MEMORY;
        }
        if let Some(weight) = self.weights.get_mut(step.min(STEPS - 1)) {
            *weight += 1.0 - MEMORY;
        }
    }

    /// The wait that lets [`IN_TIME`] of the packets be in time.
    pub(super) fn target(&self) -> Duration {
        let enough = self.weights.iter().sum::<f32>() * IN_TIME;
        let mut sum = 0.0;
        let steps = self.weights.iter().take_while(|weight| {
            let missing = sum < enough;
            sum += **weight;
            missing
        });
        STEP * steps.count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms, each late by what `lateness` says.
    fn target(packets: u32, lateness: impl Fn(u32) -> u64) -> Duration {
        let begin = Instant::now();
        let mut meter = DelayMeter::new(begin, 8_000);
        for n in 0..packets {
            let late = Duration::from_millis(lateness(n));
            meter
                .arrived(begin + Duration::from_millis(20) * n + late, (n * 160).wrapping_sub(500));
        }
        meter.target()
    }

    #[test]
    fn a_steady_stream_needs_next_to_no_wait() {
        assert_eq!(target(500, |_| 40), STEP);
    }

    #[test]
    fn jitter_is_waited_for() {
        let target = target(500, |n| if n % 4 == 0 { 60 } else { 0 });
        assert_eq!(target, Duration::from_millis(65));
    }

    #[test]
    fn one_straggler_is_not_waited_for() {
        assert_eq!(target(500, |n| if n == 450 { 180 } else { 0 }), STEP);
    }

    #[test]
    fn jitter_that_is_over_is_forgotten() {
        let target = target(1_000, |n| if n < 500 && n % 2 == 0 { 100 } else { 0 });
        assert_eq!(target, STEP);
    }

    #[test]
    fn a_longer_route_and_a_slow_clock_are_no_jitter() {
        assert_eq!(target(1_500, |n| if n > 600 { 90 } else { 0 }), STEP);
        // 500 ppm: 1 ms later every 2 s.
        assert!(target(5_000, |n| u64::from(n) / 100) <= STEP * 2);
    }
}
