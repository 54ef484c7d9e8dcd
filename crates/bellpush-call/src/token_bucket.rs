//! How many packets of one sender are taken in.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    time::{Duration, Instant},
};

/// Packets a second: four times those of a call at the usual 20 ms, and twice those at 10 ms.
const RATE: u32 = 200;
/// Between two packets at that rate.
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / RATE as u64);
/// A network that was stuck delivers what it has kept: so much of it is taken at once.
const BURST: Duration = Duration::from_secs(1);

/// Tokens of a bucket that is nearly empty: a flight of a handshake comes at once.
const FEW: u32 = 10;

/// Bytes of a packet, at most: it fits an Ethernet frame.
pub(crate) const MAX_PACKET_BYTES: usize = 1_500;

/// A token bucket of 200 packets a second, and as many at once, kept as the time at which it is full
/// again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokenBucket {
    full_at: Option<Instant>,
}

impl TokenBucket {
    /// One that is nearly empty, for a sender who may have emptied another just now.
    pub(crate) fn nearly_empty(now: Instant) -> Self {
        Self { full_at: Some(now + BURST - INTERVAL * FEW) }
    }

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

/// How many token buckets the senders share who have no call: with all of them empty, what is taken in
/// still costs little.
const SHARED: usize = 64;

/// Token buckets of senders of whom nothing else is kept: each has one, which it shares by chance with a
/// few others, and none can tell with whom.
#[derive(Debug)]
pub(crate) struct SharedBuckets {
    buckets: [TokenBucket; SHARED],
    chance: RandomState,
}

impl SharedBuckets {
    pub(crate) fn new() -> Self {
        Self { buckets: [TokenBucket::default(); SHARED], chance: RandomState::new() }
    }

    /// Takes a token out of this sender's bucket, if there is one.
    pub(crate) fn take(&mut self, now: Instant, sender: IpAddr) -> bool {
        // As good by chance with what is cut off.
        let place = self.chance.hash_one(sender) as usize % SHARED;
        self.buckets.get_mut(place).is_some_and(|bucket| bucket.take(now))
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
    fn a_bucket_that_is_nearly_empty_has_a_flight_and_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::nearly_empty(start);
        assert_eq!((0..50).filter(|_| bucket.take(start)).count(), 10);
        let later = start + Duration::from_secs(2);
        assert_eq!((0..500).filter(|_| bucket.take(later)).count(), 200);
        let mut bucket = TokenBucket::nearly_empty(start);
        assert!((0..1_000).all(|n| bucket.take(start + INTERVAL * n)));
    }

    #[test]
    fn a_sender_that_floods_takes_nothing_from_most_others() {
        let now = Instant::now();
        let mut buckets = SharedBuckets::new();
        let flood = IpAddr::from([203, 0, 113, 9]);
        assert_eq!((0..50_000).filter(|_| buckets.take(now, flood)).count(), 200);
        let others = (0..=255).map(|last| IpAddr::from([192, 0, 2, last]));
        // One in 64 has the same.
        let taken = others.filter(|other| buckets.take(now, *other)).count();
        assert!(taken > 200, "{taken}");
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
