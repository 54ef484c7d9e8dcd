//! Who may take how much of the SIP port: budgets by source, checked before anything is parsed.
//!
//! Peers are the addresses that requests are sent to: the targets of trunks, as they were resolved,
//! and the far sides of dialogs. Each has a budget of its own, so that nobody else can use it up.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};

/// Datagrams of one peer in a second, at most.
const OF_PEER: u32 = 5_000;
/// Datagrams from other ports of a peer's host in a second, at most: its requests may come from
/// another port than the one that it listens on.
const OF_HOST: u32 = 1_000;
/// Datagrams of one stranger in a second, at most.
const OF_STRANGER: u32 = 100;
/// Datagrams of all strangers in a second, at most.
const OF_STRANGERS: u32 = 2_000;
/// Requests outside of any call that are answered in a second, at most: of all strangers together,
/// and of each peer's host. The rest is dropped, so that nobody uses this server to send to somebody
/// else.
const ANSWERS: u32 = 50;
/// How long a peer is remembered after the last request to it. A call may last so long without one.
const MEMORY: Duration = Duration::from_secs(24 * 3_600);
/// Peers that are remembered, at most.
const MAX_PEERS: usize = 4_096;
/// Datagrams of strangers after which those who have been quiet are forgotten.
const SWEEP: u32 = 4_096;

/// The budgets of all sources.
pub(super) struct Peers {
    known: Mutex<Known>,
    of_peer: DefaultKeyedRateLimiter<SocketAddr>,
    of_host: DefaultKeyedRateLimiter<IpAddr>,
    of_stranger: DefaultKeyedRateLimiter<IpAddr>,
    of_strangers: DefaultDirectRateLimiter,
    answers_to_host: DefaultKeyedRateLimiter<IpAddr>,
    answers_to_strangers: DefaultDirectRateLimiter,
    since_sweep: AtomicU32,
}

/// When the last request was sent to an address, and to its host.
#[derive(Default)]
struct Known {
    addresses: HashMap<SocketAddr, Instant>,
    hosts: HashMap<IpAddr, Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Requests are sent there.
    Peer,
    /// Another port of a peer's host.
    Host,
    Stranger,
}

impl Peers {
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::default(),
            of_peer: DefaultKeyedRateLimiter::keyed(quota(OF_PEER)),
            of_host: DefaultKeyedRateLimiter::keyed(quota(OF_HOST)),
            of_stranger: DefaultKeyedRateLimiter::keyed(quota(OF_STRANGER)),
            of_strangers: DefaultDirectRateLimiter::direct(quota(OF_STRANGERS)),
            answers_to_host: DefaultKeyedRateLimiter::keyed(quota(ANSWERS)),
            answers_to_strangers: DefaultDirectRateLimiter::direct(quota(ANSWERS)),
            since_sweep: AtomicU32::new(0),
        }
    }

    /// Notes that requests are sent to an address.
    pub(super) fn add(&self, address: SocketAddr, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        remember(&mut known.addresses, address, now);
        remember(&mut known.hosts, address.ip(), now);
    }

    /// Whether a datagram from there is within its budget.
    pub(super) fn may_send(&self, from: SocketAddr, now: Instant) -> bool {
        match self.source(from, now) {
            Source::Peer => self.of_peer.check_key(&from).is_ok(),
            Source::Host => self.of_host.check_key(&from.ip()).is_ok(),
            Source::Stranger => {
                if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP {
                    self.since_sweep.store(0, Ordering::Relaxed);
                    self.of_stranger.retain_recent();
                    self.of_stranger.shrink_to_fit();
                }
                self.of_stranger.check_key(&network(from.ip())).is_ok()
                    && self.of_strangers.check().is_ok()
            }
        }
    }

    /// Whether a request from there that belongs to no call may be answered.
    pub(super) fn may_be_answered(&self, from: SocketAddr, now: Instant) -> bool {
        match self.source(from, now) {
            Source::Peer | Source::Host => self.answers_to_host.check_key(&from.ip()).is_ok(),
            Source::Stranger => self.answers_to_strangers.check().is_ok(),
        }
    }

    fn source(&self, from: SocketAddr, now: Instant) -> Source {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |last: &Instant| now.saturating_duration_since(*last) < MEMORY;
        if known.addresses.get(&from).is_some_and(is_recent) {
            Source::Peer
        } else if known.hosts.get(&from.ip()).is_some_and(is_recent) {
            Source::Host
        } else {
            Source::Stranger
        }
    }
}

fn remember<K: Eq + Hash + Copy>(known: &mut HashMap<K, Instant>, key: K, now: Instant) {
    if known.len() >= MAX_PEERS && !known.contains_key(&key) {
        known.retain(|_, last| now.saturating_duration_since(*last) < MEMORY);
        let oldest = known.iter().min_by_key(|(_, last)| **last).map(|(key, _)| *key);
        if let Some(oldest) = oldest.filter(|_| known.len() >= MAX_PEERS) {
            known.remove(&oldest);
        }
    }
    known.insert(key, now);
}

fn quota(per_second: u32) -> Quota {
    Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN))
}

/// Who has an address of IPv6 has all of its /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ip: [u8; 4], port: u16) -> SocketAddr {
        (ip, port).into()
    }

    fn passed(peers: &Peers, from: SocketAddr, count: u32) -> u32 {
        let now = Instant::now();
        (0..count).map(|_| u32::from(peers.may_send(from, now))).sum()
    }

    #[test]
    fn a_flood_of_strangers_takes_nothing_from_a_peer() {
        let peers = Peers::new();
        let peer = address([192, 0, 2, 1], 5060);
        peers.add(peer, Instant::now());
        for host in 0..250 {
            let allowed = passed(&peers, address([198, 51, 100, host], 9), 1_000);
            assert!(allowed < 2 * OF_STRANGER, "{allowed}");
        }
        // Nor does one on the peer's own host.
        assert!(passed(&peers, address([192, 0, 2, 1], 9), 10_000) < 2 * OF_HOST);
        assert_eq!(passed(&peers, peer, 1_000), 1_000);
    }

    #[test]
    fn strangers_are_answered_within_one_limit_and_a_peer_within_its_own() {
        let peers = Peers::new();
        let peer = address([192, 0, 2, 1], 5060);
        let now = Instant::now();
        peers.add(peer, now);
        let answered = |of: &dyn Fn(u8) -> SocketAddr| -> u32 {
            (0..200).map(|n| u32::from(peers.may_be_answered(of(n), now))).sum()
        };
        let strangers = answered(&|n| address([198, 51, 100, n], 9));
        assert!((ANSWERS..2 * ANSWERS).contains(&strangers), "{strangers}");
        let of_peer = answered(&|n| address([192, 0, 2, 1], 5_060 + u16::from(n % 2)));
        assert!((ANSWERS..2 * ANSWERS).contains(&of_peer), "{of_peer}");
    }

    #[test]
    fn a_peer_is_forgotten_when_nothing_was_sent_to_it_for_long() {
        let peers = Peers::new();
        let (start, peer) = (Instant::now(), address([192, 0, 2, 1], 5060));
        peers.add(peer, start);
        assert_eq!(peers.source(peer, start + MEMORY / 2), Source::Peer);
        assert_eq!(peers.source(address([192, 0, 2, 1], 6_000), start), Source::Host);
        assert_eq!(peers.source(peer, start + MEMORY), Source::Stranger);
        for n in 0..=MAX_PEERS as u128 {
            let ip = IpAddr::V6(Ipv6Addr::from_bits(n));
            peers.add(SocketAddr::new(ip, 5060), start);
        }
        assert!(peers.known.lock().unwrap().addresses.len() <= MAX_PEERS);
    }
}
