//! The TCP port for browsers whose network lets no UDP through: ICE over TCP (RFC 6544, passive),
//! each packet in a frame of its own (RFC 4571).
//!
//! Anybody can connect: one who does not soon send a check for a call is cut off, few may wait for
//! that at a time, and nobody makes the server keep more than a little of what it can't read or
//! write yet.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use mio::{
    Interest, Registry,
    net::{TcpListener, TcpStream},
};
use slab::Slab;

use super::{log_limit::LogLimit, socket::canonical, token};
use crate::token_bucket::MAX_PACKET_BYTES;

/// How long a connection may take to say which call it is for.
const CLAIM_WITHIN: Duration = Duration::from_secs(5);
/// Connections that have not yet said so, at most: of all, and of one network.
const MAX_UNCLAIMED: usize = 256;
const MAX_UNCLAIMED_OF_ONE: usize = 16;
const HEADER: usize = 2;
/// What may wait to be sent: under half a second of sound. What comes on top is dropped, as the
/// network would.
const MAX_WAITING: usize = 16 * 1024;
/// What is read in one go.
const READ: usize = 16 * 1024;
/// The pause after a connection that could not be taken.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// New connections taken in one go.
const ACCEPTS: usize = 64;

/// The port with its connections.
pub(super) struct TcpPort {
    listener: TcpListener,
    connections: Slab<Connection>,
    /// How many of each network.
    unclaimed: HashMap<IpAddr, usize>,
    max_connections: usize,
    /// When to look for new ones, which the system does not tell of again.
    accept_at: Option<Instant>,
    log_limit: LogLimit,
}

struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    /// What has been read, from the beginning of a frame on.
    read: Vec<u8>,
    /// What is to be written before anything else: the rest of a frame, and frames after it.
    unwritten: Vec<u8>,
    claim: Claim,
}

/// Whether it is known which call a connection is for.
#[derive(Debug, Clone, Copy)]
enum Claim {
    Unclaimed {
        until: Instant,
    },
    /// By the call with this key.
    By(usize),
}

/// What was read from a connection.
pub(super) struct Chunk {
    pub(super) remote: SocketAddr,
    /// Whole frames, and maybe the beginning of one.
    pub(super) bytes: Vec<u8>,
    /// Whether there may be more to read at once.
    pub(super) is_cut: bool,
    /// Whether nothing comes after it: the connection has to be closed.
    pub(super) is_last: bool,
}

impl TcpPort {
    pub(super) fn bind(address: SocketAddr, max_connections: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        Ok(Self {
            listener,
            connections: Slab::new(),
            unclaimed: HashMap::new(),
            max_connections,
            accept_at: None,
            log_limit: LogLimit::default(),
        })
    }

    pub(super) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        registry.register(&mut self.listener, token::LISTENER, Interest::READABLE)
    }

    #[cfg(test)]
    pub(super) fn port(&self) -> u16 {
        self.listener.local_addr().map_or(0, |address| address.port())
    }

    /// The open connections.
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Takes new connections in. `true` when there may be more.
    pub(super) fn accept(&mut self, now: Instant, registry: &Registry) -> bool {
        self.accept_at = None;
        for _ in 0..ACCEPTS {
            match self.listener.accept() {
                Ok((stream, remote)) => {
                    if let Err(error) = self.admit(now, registry, stream, canonical(remote))
                        && self.log_limit.admits(now)
                    {
                        tracing::debug!(%error, "a media connection is refused");
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Of that connection, or of no file being left: others may wait behind it.
                Err(error) => {
                    if self.log_limit.admits(now) {
                        tracing::debug!(%error, "the media port takes no connection");
                    }
                    self.accept_at = Some(now + ACCEPT_AGAIN);
                    return false;
                }
            }
        }
        true
    }

    fn admit(
        &mut self,
        now: Instant,
        registry: &Registry,
        mut stream: TcpStream,
        remote: SocketAddr,
    ) -> io::Result<()> {
        let waiting: usize = self.unclaimed.values().sum();
        let of_this = self.unclaimed.get(&network(remote.ip())).copied().unwrap_or_default();
        if self.connections.len() >= self.max_connections
            || waiting >= MAX_UNCLAIMED
            || of_this >= MAX_UNCLAIMED_OF_ONE
        {
            return Err(io::Error::other("there are too many"));
        }
        stream.set_nodelay(true)?;
        let entry = self.connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token::connection_token(entry.key()), interest)?;
        entry.insert(Connection {
            stream,
            remote,
            read: Vec::new(),
            unwritten: Vec::new(),
            claim: Claim::Unclaimed { until: now + CLAIM_WITHIN },
        });
        *self.unclaimed.entry(network(remote.ip())).or_default() += 1;
        Ok(())
    }

    /// Takes out what can be read without waiting, which may be nothing. `None` when the connection is gone.
    pub(super) fn read(&mut self, key: usize) -> Option<Chunk> {
        let connection = self.connections.get_mut(key)?;
        let mut bytes = std::mem::take(&mut connection.read);
        let mut buffer = [0; READ];
        let mut is_last = false;
        let is_cut = loop {
            match connection.stream.read(&mut buffer) {
                Ok(0) => {
                    is_last = true;
                    break false;
                }
                Ok(length) => {
                    bytes.extend_from_slice(buffer.get(..length)?);
                    // Others get their turn before the rest.
                    if bytes.len() >= READ {
                        break true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What came before it counts all the same.
                Err(_) => {
                    is_last = true;
                    break false;
                }
            }
        };
        Some(Chunk { remote: connection.remote, bytes, is_cut, is_last })
    }

    /// Keeps the beginning of a frame for the next read.
    pub(super) fn keep(&mut self, key: usize, rest: &[u8]) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.read.extend_from_slice(rest);
        }
    }

    /// The call that a connection belongs to.
    pub(super) fn call(&self, key: usize) -> Option<usize> {
        match self.connections.get(key)?.claim {
            Claim::By(call) => Some(call),
            Claim::Unclaimed { .. } => None,
        }
    }

    /// A connection has sent a good check for this call. Whether it is that call's from now on: not if it is gone,
    /// or another one's.
    pub(super) fn claim(&mut self, key: usize, call: usize) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        match connection.claim {
            Claim::By(holder) => holder == call,
            Claim::Unclaimed { .. } => {
                connection.claim = Claim::By(call);
                Self::discount(&mut self.unclaimed, connection.remote.ip());
                true
            }
        }
    }

    /// Sends a packet without waiting.
    pub(super) fn send(&mut self, key: usize, packet: &[u8]) -> io::Result<()> {
        let connection =
            self.connections.get_mut(key).ok_or(io::Error::from(io::ErrorKind::NotConnected))?;
        let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
        if connection.unwritten.len() + HEADER + packet.len() > MAX_WAITING {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        connection.unwritten.extend_from_slice(&length.to_be_bytes());
        connection.unwritten.extend_from_slice(packet);
        connection.flush()
    }

    /// Goes on with what could not be written. An error ends the connection.
    pub(super) fn flush(&mut self, key: usize) -> io::Result<()> {
        self.connections.get_mut(key).map_or(Ok(()), Connection::flush)
    }

    /// Ends a connection; gives back the address of the browser and the key of its call.
    pub(super) fn close(&mut self, registry: &Registry, key: usize) -> Option<(SocketAddr, usize)> {
        let mut connection = self.connections.try_remove(key)?;
        if let Err(error) = registry.deregister(&mut connection.stream) {
            tracing::debug!(%error, "a media connection was not registered");
        }
        match connection.claim {
            Claim::By(call) => Some((connection.remote, call)),
            Claim::Unclaimed { .. } => {
                Self::discount(&mut self.unclaimed, connection.remote.ip());
                None
            }
        }
    }

    /// When [`TcpPort::tick`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        if self.unclaimed.is_empty() {
            return self.accept_at;
        }
        self.deadlines().map(|(_, until)| until).chain(self.accept_at).min()
    }

    /// Looks again for connections, if that is due, and cuts off who has not said in time which call one is for.
    pub(super) fn tick(&mut self, now: Instant, registry: &Registry) {
        if self.accept_at.is_some_and(|at| at <= now) && self.accept(now, registry) {
            self.accept_at = Some(now);
        }
        if self.unclaimed.is_empty() {
            return;
        }
        let late: Vec<usize> =
            self.deadlines().filter(|(_, until)| *until <= now).map(|(key, _)| key).collect();
        for key in late {
            self.close(registry, key);
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = (usize, Instant)> {
        self.connections.iter().filter_map(|(key, connection)| match connection.claim {
            Claim::Unclaimed { until } => Some((key, until)),
            Claim::By(_) => None,
        })
    }

    fn discount(unclaimed: &mut HashMap<IpAddr, usize>, ip: IpAddr) {
        let network = network(ip);
        if let Some(count) = unclaimed.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                unclaimed.remove(&network);
            }
        }
    }
}

impl Connection {
    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while let Some(rest) = self.unwritten.get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unwritten.drain(..written);
        Ok(())
    }
}

/// What one subscriber has at the least: an address of IPv4, or the first half of one of IPv6, whose
/// other half everybody chooses freely.
pub(super) fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// Takes the next whole frame off. `None` when there is none yet.
///
/// # Errors
/// The frame is longer than any packet of WebRTC.
pub(super) fn next_frame<'a>(bytes: &mut &'a mut [u8]) -> Result<Option<&'a mut [u8]>, TooLong> {
    let Some(length) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*length));
    if length > MAX_PACKET_BYTES {
        return Err(TooLong);
    }
    if bytes.len() < HEADER + length {
        return Ok(None);
    }
    let (frame, rest) = std::mem::take(bytes).split_at_mut(HEADER + length);
    *bytes = rest;
    Ok(frame.get_mut(HEADER..))
}

/// A frame that is longer than any packet of WebRTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

#[cfg(test)]
mod tests {
    use bellpush_test_fuzz::Seeds;
    use proptest::prelude::*;

    use super::*;

    fn frames(bytes: &[u8]) -> (Result<Vec<Vec<u8>>, TooLong>, usize) {
        let mut bytes = bytes.to_vec();
        let mut bytes = bytes.as_mut_slice();
        let mut frames = Vec::new();
        loop {
            match next_frame(&mut bytes) {
                Ok(Some(frame)) => frames.push(frame.to_vec()),
                Ok(None) => return (Ok(frames), bytes.len()),
                Err(error) => return (Err(error), bytes.len()),
            }
        }
    }

    #[test]
    fn a_frame_too_long_for_any_packet_is_an_error_before_it_is_there() {
        assert_eq!(frames(&[0x05, 0xDD]).0, Err(TooLong));
        assert_eq!(frames(&[0x05, 0xDC, 1]), (Ok(Vec::new()), 3));
        assert_eq!(frames(&[0, 0, 0]), (Ok(vec![Vec::new()]), 1));
    }

    #[test]
    fn fuzz_frames() {
        let seeds: [&[u8]; 3] = [&[0, 3, 1, 2, 3, 0, 0], &[0, 1, 7, 8, 0], &[8, 1]];
        Seeds::new(seeds).run(5_000, |bytes| {
            let (found, left) = frames(bytes);
            if let Ok(found) = found {
                let taken: usize = found.iter().map(|frame| HEADER + frame.len()).sum();
                assert_eq!(taken + left, bytes.len());
                // What is kept for the next read is less than one frame.
                assert!(left < HEADER + MAX_PACKET_BYTES);
            }
        });
    }

    #[test]
    fn a_network_is_an_address_of_ipv4_or_half_of_one_of_ipv6() {
        let of = |ip: &str| network(ip.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }

    proptest! {
        #[test]
        fn frames_come_out_whole_however_they_are_cut(
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8),
            cut in 1_usize..40,
        ) {
            let mut stream = Vec::new();
            for packet in &packets {
                stream.extend(u16::try_from(packet.len()).unwrap().to_be_bytes());
                stream.extend(packet);
            }
            let mut kept = Vec::new();
            let mut found = Vec::new();
            for piece in stream.chunks(cut) {
                kept.extend(piece);
                let (whole, rest) = frames(&kept);
                found.extend(whole.unwrap());
                kept.drain(..kept.len() - rest);
            }
            prop_assert_eq!(found, packets);
            prop_assert!(kept.is_empty());
        }
    }
}
