//! Opens connections to addresses that were checked, and to no others.
//!
//! The name is resolved here, once for each connection, every address is checked, and the socket
//! is connected to an address that was checked: there is no second look-up that could answer
//! differently (DNS rebinding). TLS still checks the certificate for the name.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{Uri, uri::Scheme};
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

use super::{
    guard::{AddressPolicy, ForbiddenAddress},
    http2_error::Http2Error,
    observed::Observed,
    resolver::Resolve,
};

/// Addresses of one name that are tried for a connection, at most.
const MAX_ADDRESSES: usize = 20;
/// RFC 8305 section 5: the next address is tried when the one before has not connected for so long…
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// …or for less, where there are so many that the last ones would find no time left, but not for
/// less than this.
const SHORTEST_ATTEMPT_DELAY: Duration = Duration::from_millis(10);

/// The protocols by their names in ALPN.
const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// What a connection that is being opened waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    /// The addresses of the name.
    Resolving,
    /// TCP.
    Connecting,
    /// The endpoint's part of the TLS handshake.
    Handshaking,
}

/// The phase of a connection that is being opened, for others to see, and when it came to each.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) begun: Instant,
    phase: AtomicU8,
    /// When each phase was over, in microseconds since it began; 0 for one that is not over.
    ends: [AtomicU32; 3],
}

impl Default for Progress {
    fn default() -> Self {
        Self { begun: Instant::now(), phase: AtomicU8::default(), ends: Default::default() }
    }
}

impl Progress {
    fn enter(&self, phase: Phase) {
        self.end_phase();
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Resolving,
            1 => Phase::Connecting,
            _ => Phase::Handshaking,
        }
    }

    /// The present phase is over, and none follows or another does.
    pub(super) fn end_phase(&self) {
        let now = self.elapsed().max(1);
        let end = &self.ends[self.phase() as usize];
        _ = end.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
    }

    /// How long it took until now.
    pub(super) fn times(&self) -> OpeningTimes {
        let phase = self.phase();
        let mut begun = 0;
        let mut took = |of: Phase| {
            if of > phase {
                return None;
            }
            let end = match self.ends[of as usize].load(Ordering::Acquire) {
                0 => self.elapsed(),
                end => end,
            };
            let took = end.saturating_sub(begun);
            begun = end;
            Some(took)
        };
        OpeningTimes {
            resolve: took(Phase::Resolving),
            connect: took(Phase::Connecting),
            tls: took(Phase::Handshaking),
        }
    }

    fn elapsed(&self) -> u32 {
        micros(self.begun.elapsed())
    }
}

/// How long the phases of opening a connection took, in microseconds, as far as it came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OpeningTimes {
    pub(super) resolve: Option<u32>,
    pub(super) connect: Option<u32>,
    pub(super) tls: Option<u32>,
}

/// In microseconds, up to more than an hour.
pub(super) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the URL has no host")]
    NoHost,
    #[error("the host name could not be resolved: {0}")]
    Resolve(io::Error),
    #[error("the host name has no address")]
    NoAddress,
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error("plain http is for loopback addresses only, when the server's operator allows them")]
    PlainHttp,
    #[error("no connection: {0}")]
    Refused(io::Error),
    #[error("{}", timed_out(*.phase, *.limit))]
    TimedOut { phase: Phase, limit: Duration },
    #[error("the host is none that TLS could check a certificate for")]
    ServerName(#[from] InvalidDnsNameError),
    /// The handshake of TLS failed. `spoke_http`: the endpoint answered it with plain HTTP.
    #[error("TLS failed: {error}")]
    Tls {
        #[source]
        error: io::Error,
        spoke_http: bool,
    },
    #[error("no HTTP/2: {0}")]
    Http2(Http2Error),
    #[error("no HTTP/1.1: {0}")]
    Http1(hyper::Error),
    #[error("the connection was not opened")]
    Abandoned,
}

fn timed_out(phase: Phase, limit: Duration) -> String {
    let limit = limit.as_millis();
    match phase {
        Phase::Resolving => format!("the host name was not resolved within {limit} ms"),
        Phase::Connecting => format!("no connection within {limit} ms"),
        Phase::Handshaking => {
            format!(
                "the endpoint took the connection and did not finish the TLS handshake within {limit} ms"
            )
        }
    }
}

/// A connection that was opened, before it speaks HTTP.
pub(super) type Transport = Observed<Either<TcpStream, Box<TlsStream<Observed<TcpStream>>>>>;

/// Opens connections to checked addresses.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) policy: Arc<AddressPolicy>,
    /// For name, TCP and TLS together.
    pub(super) timeout: Duration,
    pub(super) tls: TlsConnector,
}

impl Connector {
    /// Opens a connection to the host of a URL. Returns whether it was agreed to speak HTTP/2, which is
    /// not offered with `http1_only`.
    pub(super) async fn connect(
        &self,
        uri: &Uri,
        http1_only: bool,
        progress: &Progress,
    ) -> Result<(Transport, bool), ConnectError> {
        let opened = timeout(self.timeout, self.open(uri, http1_only, progress)).await;
        opened.unwrap_or_else(|_| {
            Err(ConnectError::TimedOut { phase: progress.phase(), limit: self.timeout })
        })
    }

    async fn open(
        &self,
        uri: &Uri,
        http1_only: bool,
        progress: &Progress,
    ) -> Result<(Transport, bool), ConnectError> {
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().ok_or(ConnectError::NoHost)?;
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let addresses = self.addresses(host).await?;
        for address in &addresses {
            self.policy.check(*address)?;
            let plain_is_allowed = self.policy.allow_loopback && address.is_loopback();
            if !https && !plain_is_allowed {
                return Err(ConnectError::PlainHttp);
            }
        }
        progress.enter(Phase::Connecting);
        let stream = self.connect_to_any(&addresses, port).await?;
        if !https {
            return Ok((Observed::new(Either::Left(stream), false), false));
        }
        progress.enter(Phase::Handshaking);
        let stream = Observed::new(stream, false);
        let seen = stream.observations();
        let name = ServerName::try_from(host.to_owned())?;
        let protocols: &[&[u8]] = if http1_only { &[HTTP_1_1] } else { &[HTTP_2, HTTP_1_1] };
        let protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream =
            self.tls.with_alpn(protocols).connect(name, stream).await.map_err(|error| {
                ConnectError::Tls { error, spoke_http: seen.begins_with(b"HTTP/") }
            })?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok((Observed::new(Either::Right(Box::new(stream)), http2), http2))
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ConnectError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        self.resolver.resolve(host).await.map_err(ConnectError::Resolve)
    }

    /// Happy eyeballs (RFC 8305 section 5): the addresses in turn, each beginning a little after the
    /// one before or once that failed, and the first that connects is the one. None is given up for
    /// another before the whole time is over.
    async fn connect_to_any(
        &self,
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<TcpStream, ConnectError> {
        let mut next = interleaved(addresses).into_iter().take(MAX_ADDRESSES);
        let delay = attempt_delay(next.len(), self.timeout);
        let mut attempts = FuturesUnordered::new();
        let mut last = ConnectError::NoAddress;
        loop {
            match next.next() {
                Some(address) => {
                    attempts.push(TcpStream::connect(SocketAddr::new(address, port)));
                }
                None if attempts.is_empty() => return Err(last),
                None => {}
            }
            let wait = if next.len() > 0 { delay } else { Duration::MAX };
            match timeout(wait, attempts.next()).await {
                Ok(Some(Ok(stream))) => {
                    // A request is one write and its answer is awaited: nothing to gather.
                    stream.set_nodelay(true).map_err(ConnectError::Refused)?;
                    return Ok(stream);
                }
                Ok(Some(Err(error))) => last = ConnectError::Refused(error),
                Ok(None) | Err(_) => {}
            }
        }
    }
}

/// RFC 8305 section 4: the families take turns, beginning with the first address's.
fn interleaved(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (same, other): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut ordered = Vec::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered.extend(same.next());
        ordered.extend(other.next());
    }
    ordered
}

/// So short that all have begun when half of the time is over.
fn attempt_delay(addresses: usize, limit: Duration) -> Duration {
    let count = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    (limit / 2 / count).clamp(SHORTEST_ATTEMPT_DELAY, ATTEMPT_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(addresses: &[&str]) -> Vec<IpAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns_and_keep_their_order() {
        let order = interleaved(&parsed(&["::1", "::2", "::3", "1.0.0.1", "1.0.0.2"]));
        assert_eq!(order, parsed(&["::1", "1.0.0.1", "::2", "1.0.0.2", "::3"]));
        let order = interleaved(&parsed(&["1.0.0.1", "::1", "1.0.0.2"]));
        assert_eq!(order, parsed(&["1.0.0.1", "::1", "1.0.0.2"]));
        assert_eq!(interleaved(&[]), parsed(&[]));
    }

    #[test]
    fn the_phases_of_an_opening_follow_each_other_and_those_ahead_have_no_time() {
        let progress = Progress::default();
        assert!(progress.times().resolve.is_some() && progress.times().connect.is_none());
        progress.enter(Phase::Connecting);
        let resolve = progress.times().resolve;
        progress.enter(Phase::Handshaking);
        progress.end_phase();
        let times = progress.times();
        assert_eq!(times.resolve, resolve);
        let sum = times.resolve.unwrap() + times.connect.unwrap() + times.tls.unwrap();
        assert!(sum <= progress.elapsed());
        // What is over takes no longer.
        while progress.elapsed() < sum + 100 {}
        assert_eq!(progress.times(), times);
    }

    #[test]
    fn all_of_many_addresses_are_tried_within_the_time() {
        let limit = Duration::from_secs(3);
        for (count, delay) in [(1, 250), (2, 250), (20, 75), (100, 15), (100_000, 10)] {
            assert_eq!(attempt_delay(count, limit), Duration::from_millis(delay), "{count}");
        }
    }
}
