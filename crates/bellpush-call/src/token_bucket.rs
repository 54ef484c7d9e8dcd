//! How many packets of one sender are taken in.

use std::time::{Duration, Instant};

/// Packets a second: four times those of a call at the usual 20 ms, and twice those at 10 ms.
const RATE: u32 = 200;
/// Between two packets at that rate.
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / RATE as u64);
/// A network that was stuck delivers what it has kept: so much of it is taken at once.
const BURST: Duration = Duration::from_secs(1);

/// Bytes of a packet, at most: it fits an Ethernet frame.
pub(crate) const MAX_PACKET_BYTES: usize = 1_500;

/// A token bucket of 200 packets a second, and as many at once, kept as the time at which it is full
/// again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokenBucket {
    full_at: Option<Instant>,
}

impl TokenBucket {
    /// Takes a token out, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.unwrap_or(now).max(now) + INTERVAL;
        let has_token = full_at.saturating_duration_since(now) <= BURST;
        if has_token {
            self.full_at = Some(full_at);
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_to_the_rate_and_a_call_is_not() {
        let start = Instant::now();
        let taken = |pps: u32, seconds: u32| {
            let mut bucket = TokenBucket::default();
            let packets = 0..pps * seconds;
            packets.filter(|n| bucket.take(start + Duration::from_secs(1) * *n / pps)).count()
        };
        assert!((395..=400).contains(&taken(50_000, 1)));
        assert!((2_195..=2_200).contains(&taken(50_000, 10)));
        for pps in [50, 100, 200] {
            assert_eq!(taken(pps, 60), 60 * pps as usize);
        }
    }

    #[test]
    fn what_a_network_has_kept_back_is_taken_at_once() {
        let start = Instant::now();
        let mut bucket = TokenBucket::default();
        assert!((0..200).all(|_| bucket.take(start)));
        assert!(!bucket.take(start));
        assert!(bucket.take(start + INTERVAL));
        // Time that goes back harms nothing.
        assert!(!bucket.take(start));
    }
}
