//! Where the browser is, on one path.

use std::net::SocketAddr;

/// The browser's end of a path: IP address, port and transport protocol (RFC 8445 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransportAddress {
    pub(crate) protocol: Protocol,
    pub(crate) address: SocketAddr,
}

/// What carries datagrams to the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Udp,
    /// In frames (RFC 4571).
    Tcp,
}
