//! The UDP ports for the media of far sides: two for each call, of a range.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr, UdpSocket as StdSocket},
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use mio::net::UdpSocket;

use crate::media::RtpSource;

/// How long what came in a call may go on sending after it.
const STALE_FOR: Duration = Duration::from_secs(30);
/// Sources that are remembered of a port.
const MAX_SOURCES: usize = 8;
/// How many pairs are tried before a call is given up: others may use ports of the range, too.
const TRIES: usize = 16;

/// Pairs of ports, an even one for RTP and the next one for RTCP (RFC 3550 section 11).
#[derive(Debug)]
pub(super) struct RtpPorts {
    bind: IpAddr,
    announced: IpAddr,
    /// Whether that address is one of this machine.
    is_own: bool,
    /// The even ports. One that is given back goes to the end, so that what comes late for its
    /// last call does not reach the next one at once.
    free: VecDeque<FreePair>,
}

#[derive(Debug)]
struct FreePair {
    port: u16,
    /// When its last call gave it back, and what came there.
    last: Option<(Instant, Vec<RtpSource>)>,
}

/// The open ports of one call.
#[derive(Debug)]
pub(super) struct RtpPair {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    port: u16,
    /// What may still send to it, from its last call, and what came in this one.
    sources: Vec<RtpSource>,
}

impl RtpPorts {
    /// The share of a range that belongs to one of `shards` shards.
    pub(super) fn share(
        range: &RangeInclusive<u16>,
        bind: IpAddr,
        announced: IpAddr,
        shard: usize,
        shards: usize,
    ) -> Self {
        let even = range.clone().filter(|port| {
            port.is_multiple_of(2) && *port > 0 && range.contains(&port.saturating_add(1))
        });
        let even = even.skip(shard).step_by(shards.max(1));
        let free = even.map(|port| FreePair { port, last: None }).collect();
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let is_own = interfaces.iter().any(|interface| interface.ip() == announced);
        Self { bind, announced, is_own, free }
    }

    /// The address that far sides are told.
    pub(super) fn announced(&self) -> IpAddr {
        self.announced
    }

    /// The same, if it is an address of this machine: what comes from there is sent here, too.
    pub(super) fn own_address(&self) -> Option<IpAddr> {
        self.is_own.then_some(self.announced)
    }

    /// Pairs that are not in use by a call.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.free.len()
    }

    /// Opens a pair.
    pub(super) fn open(&mut self) -> io::Result<RtpPair> {
        let mut last = io::Error::new(io::ErrorKind::AddrInUse, "all ports for RTP are in use");
        for _ in 0..TRIES.min(self.free.len()) {
            let Some(pair) = self.free.pop_front() else { break };
            let port = pair.port;
            match self.bind(port).and_then(|rtp| Ok((rtp, self.bind(port + 1)?))) {
                Ok((rtp, rtcp)) => {
                    let recent = pair.last.filter(|(closed, _)| closed.elapsed() < STALE_FOR);
                    let sources = recent.map(|(_, sources)| sources).unwrap_or_default();
                    return Ok(RtpPair { rtp, rtcp, port, sources });
                }
                Err(error) => {
                    self.free.push_back(pair);
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// Takes a pair back. Its sockets are closed.
    pub(super) fn close(&mut self, pair: RtpPair) {
        let last = Some((Instant::now(), pair.sources)).filter(|(_, sources)| !sources.is_empty());
        self.free.push_back(FreePair { port: pair.port, last });
    }

    fn bind(&self, port: u16) -> io::Result<UdpSocket> {
        let socket = StdSocket::bind(SocketAddr::new(self.bind, port))?;
        socket.set_nonblocking(true)?;
        Ok(UdpSocket::from_std(socket))
    }
}

impl RtpPair {
    /// What came in its last call, and may still send.
    pub(super) fn stale_sources(&self) -> &[RtpSource] {
        &self.sources
    }

    /// Something comes there that is heard, or might be in another call.
    pub(super) fn heard(&mut self, source: RtpSource) {
        self.sources.retain(|known| *known != source);
        if self.sources.len() >= MAX_SOURCES {
            self.sources.remove(0);
        }
        self.sources.push(source);
    }

    /// The port for RTP; RTCP has the next one.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, net::Ipv4Addr};

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn share(range: RangeInclusive<u16>, shard: usize, shards: usize) -> RtpPorts {
        RtpPorts::share(&range, LOOPBACK, LOOPBACK, shard, shards)
    }

    #[test]
    fn shards_share_all_whole_pairs_of_a_range() {
        let ports: Vec<RtpPorts> = (0..3).map(|shard| share(20_001..=20_020, shard, 3)).collect();
        let all: Vec<u16> =
            ports.iter().flat_map(|ports| ports.free.iter().map(|pair| pair.port)).collect();
        assert_eq!(all.len(), 9);
        let all: HashSet<u16> = all.into_iter().collect();
        assert_eq!(all, (20_002..=20_018).step_by(2).collect());
        assert_eq!(share(0..=65_535, 0, 1).free(), 32_767);
        assert_eq!(share(5..=5, 0, 1).free(), 0);
    }

    #[test]
    fn a_pair_that_is_given_back_is_used_last() {
        let mut ports = share(41_000..=41_007, 0, 1);
        let first = ports.open().unwrap();
        assert_eq!(first.rtcp.local_addr().unwrap().port(), first.port() + 1);
        let second = ports.open().unwrap();
        let (one, two) = (first.port(), second.port());
        ports.close(first);
        let third = ports.open().unwrap();
        assert!(![one, two].contains(&third.port()));
        ports.close(second);
        ports.close(third);
        assert_eq!(ports.free(), 4);
    }

    #[test]
    fn a_pair_that_others_use_is_passed_over_and_none_at_all_is_an_error() {
        let taken = StdSocket::bind((LOOPBACK, 41_103)).unwrap();
        let mut ports = share(41_100..=41_103, 0, 1);
        let pair = ports.open().unwrap();
        assert_eq!(pair.port(), 41_100);
        assert!(ports.open().is_err());
        assert_eq!(ports.free(), 1);
        drop(taken);
        assert_eq!(ports.open().unwrap().port(), 41_102);
        assert!(ports.open().is_err());
    }

    #[test]
    fn what_a_call_heard_is_known_to_the_next_one_on_its_port() {
        let mut ports = share(41_200..=41_201, 0, 1);
        let mut pair = ports.open().unwrap();
        assert_eq!(pair.stale_sources(), []);
        let sources: Vec<RtpSource> = (0..20)
            .map(|ssrc| RtpSource { remote: SocketAddr::new(LOOPBACK, 4_000), ssrc })
            .collect();
        for source in &sources {
            pair.heard(*source);
        }
        ports.close(pair);
        assert_eq!(ports.open().unwrap().stale_sources(), &sources[20 - MAX_SOURCES..]);
    }
}
