//! How an engine is set up, and why it may not start.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    ops::RangeInclusive,
    time::Duration,
};

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The UDP and TCP address for the media of browsers. Port 0 takes any free one. Each further
    /// thread takes the next port.
    pub bind: SocketAddr,
    /// Threads for media; each has its share of the calls.
    pub threads: NonZeroUsize,
    /// The addresses that browsers reach it by, with the port of `bind`: what the answers name as
    /// candidates. When empty, it is the address of `bind`, or, when that names none, every
    /// address of the machine, loopback included, so that a browser beside the server connects.
    pub public_addresses: Vec<IpAddr>,
    /// The UDP ports for the media of far sides: each call takes an even one for RTP and the next
    /// for RTCP.
    pub rtp_ports: RangeInclusive<u16>,
    /// The machine's address that those ports are opened on.
    pub rtp_bind: IpAddr,
    /// The address that far sides are told to send to. Without it, that is the first of the
    /// addresses that browsers are told.
    pub rtp_address: Option<IpAddr>,
    /// How long nothing may come from a far side that should send, before the call fails.
    pub rtp_timeout: Duration,
    /// Live calls, at most.
    pub max_calls: usize,
    /// How long the browser's media may take to connect before the call fails.
    pub connect_timeout: Duration,
    /// How long nothing may come from the browser before the call is reconnecting.
    pub reconnect_after: Duration,
    /// How long nothing may come from the browser before the call fails.
    pub media_timeout: Duration,
    /// How long a hang-up is waited for once the browser has closed its connection, before that
    /// counts as a failure: when a tab is closed, the two come by different paths.
    pub leave_grace: Duration,
    /// How often calls say how both sides are received; `None`: only at their end.
    pub sample_every: Option<Duration>,
}

impl EngineConfig {
    /// The defaults, on this address.
    #[must_use]
    pub const fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            threads: NonZeroUsize::MIN,
            public_addresses: Vec::new(),
            rtp_ports: 20_000..=29_999,
            rtp_bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            rtp_address: None,
            rtp_timeout: Duration::from_secs(30),
            max_calls: 1_000,
            connect_timeout: Duration::from_secs(15),
            reconnect_after: Duration::from_secs(5),
            media_timeout: Duration::from_secs(20),
            leave_grace: Duration::from_secs(2),
            sample_every: None,
        }
    }

    /// The address of a thread.
    pub(super) fn shard_address(&self, index: usize) -> SocketAddr {
        let mut address = self.bind;
        if let Ok(index) = u16::try_from(index)
            && address.port() != 0
        {
            // Past the last port the system says that it can't be opened.
            address.set_port(address.port().saturating_add(index));
        }
        address
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be opened.
    #[error("the address {bind} can't be used for media: {error}; choose another one")]
    Bind {
        /** The address. */
        bind: SocketAddr,
        /** What the system says. */
        error: io::Error,
    },
    /// The machine's addresses can't be read.
    #[error("the addresses of this machine can't be read: {0}; give the public address")]
    Interfaces(io::Error),
    /// There is no address to name to browsers.
    #[error("this machine has no address that a browser could reach; give the public address")]
    NoAddress,
    /// An address that no packet can be sent to.
    #[error("{0} can't be a public address; give one that browsers can send to")]
    BadAddress(IpAddr),
    /// The DTLS certificate could not be made.
    #[error("the certificate for media encryption could not be made: {0}")]
    Certificate(String),
    /// The greeting of the demo is damaged.
    #[error("the demo's greeting can't be used: {0}")]
    Greeting(String),
    /// The system gives no thread.
    #[error("the thread for media can't be started: {0}")]
    Thread(io::Error),
}
