//! How an engine is set up, and why it may not start.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The UDP address for the media of all calls. Port 0 takes any free one.
    pub bind: SocketAddr,
    /// The addresses that browsers reach it by, with the port of `bind`: what the answers name as
    /// candidates. When empty, it is the address of `bind`, or, when that names none, every
    /// address of the machine, loopback included, so that a browser beside the server connects.
    pub public_addresses: Vec<IpAddr>,
    /// Live calls, at most.
    pub max_calls: usize,
    /// How long the browser's media may take to connect before the call fails.
    pub connect_timeout: Duration,
    /// How long nothing may come from the browser before the call is reconnecting.
    pub reconnect_after: Duration,
    /// How long nothing may come from the browser before the call fails.
    pub media_timeout: Duration,
    /// How long a hang-up is waited for once the browser has closed its connection, before that
    /// counts as a failure: when a tab is closed, the two come by different ways.
    pub leave_grace: Duration,
}

impl EngineConfig {
    /// The defaults, on this address.
    #[must_use]
    pub const fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            public_addresses: Vec::new(),
            max_calls: 1_000,
            connect_timeout: Duration::from_secs(15),
            reconnect_after: Duration::from_secs(5),
            media_timeout: Duration::from_secs(20),
            leave_grace: Duration::from_secs(2),
        }
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The UDP address can't be opened.
    #[error("the UDP address {bind} can't be used for media: {error}; choose another one")]
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
    #[error("the certificate for media encryption could not be made")]
    Certificate,
    /// The greeting of the demo is damaged.
    #[error("the demo's greeting can't be used: {0}")]
    Greeting(String),
    /// The system gives no thread.
    #[error("the thread for media can't be started: {0}")]
    Thread(io::Error),
}
