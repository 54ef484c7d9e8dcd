//! Addresses and ports, as options have them.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// A range of ports, written as `first-last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PortRange {
    pub(super) first: u16,
    pub(super) last: u16,
}

impl PortRange {
    /// The ports.
    pub(super) fn range(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        port_range(&text)
    }
}

impl From<PortRange> for String {
    fn from(PortRange { first, last }: PortRange) -> Self {
        format!("{first}-{last}")
    }
}

/// Reads a range of ports.
pub(super) fn port_range(text: &str) -> Result<PortRange, String> {
    text.split_once('-')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)))
        // An even port and the one after it, at the least.
        .filter(|(first, last): &(u16, u16)| {
            let even = first.checked_next_multiple_of(2);
            *first > 0 && even.and_then(|even| even.checked_add(1)).is_some_and(|odd| odd <= *last)
        })
        .map(|(first, last)| PortRange { first, last })
        .ok_or_else(|| "write the first and the last port, like 20000-29999".to_owned())
}

/// Reads an address with its port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, like 127.0.0.1:8080".to_owned())
}

/// Reads an address that others are told to send to, if there is one.
pub(super) fn told_address(text: &str) -> anyhow::Result<Option<IpAddr>> {
    if text.is_empty() {
        return Ok(None);
    }
    // 0.0.0.0 would tell them to send nothing.
    let parsed = text.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast());
    let why = || format!("{text:?} is no IP address that others can send to, like 203.0.113.7");
    parsed.map(Some).with_context(why)
}
