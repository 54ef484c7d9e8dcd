//! The paths between a browser and this machine.

use std::net::{IpAddr, SocketAddr};

use crate::{
    legs::webrtc::{Protocol, TransportAddress},
    token_bucket::TokenBucket,
};

/// A path to a browser: its transport address, and what carries the answers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) remote: SocketAddr,
    pub(super) transport: Transport,
}

/// A path that belongs to a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundPath {
    pub(super) path: Path,
    /// Of what is taken in by it.
    pub(super) budget: TokenBucket,
}

/// What carries datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// By the UDP port, with the machine's address that the browser sends to.
    Udp { local: Option<IpAddr> },
    /// In frames on this TCP connection.
    Tcp { connection: usize },
}

impl Path {
    /// The browser's end of it.
    pub(super) fn transport_address(self) -> TransportAddress {
        TransportAddress { protocol: self.transport.protocol(), address: self.remote }
    }
}

impl Transport {
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Udp { .. } => Protocol::Udp,
            Self::Tcp { .. } => Protocol::Tcp,
        }
    }
}
