//! The visitor's address: the peer's, or what a trusted proxy says in `X-Forwarded-For`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, request::Parts},
};
use ipnet::IpNet;

use super::problem::Problem;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Arc<[IpNet]>);

impl std::ops::Deref for TrustedProxies {
    type Target = [IpNet];

    fn deref(&self) -> &[IpNet] {
        &self.0
    }
}

impl From<&[IpNet]> for TrustedProxies {
    fn from(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }
}

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientIp(pub(crate) IpAddr);

impl<S> FromRequestParts<S> for ClientIp
where
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ConnectInfo(peer) = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .ok_or_else(|| Problem::internal("the server does not know who asks"))?;
        let trusted = TrustedProxies::from_ref(state);
        Ok(Self(client_ip(*peer, &parts.headers, &trusted)))
    }
}

/// What rate limits count a request by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitKey(pub(crate) IpAddr);

impl<S> FromRequestParts<S> for LimitKey
where
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ClientIp(address) = ClientIp::from_request_parts(parts, state).await?;
        Ok(Self(limit_key(address)))
    }
}

/// Finds the visitor's address. `X-Forwarded-For` is read from the right, and only as long as each
/// hop is a trusted proxy: whatever stands left of the first stranger can be forged.
#[must_use]
pub(crate) fn client_ip(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.ip().to_canonical();
    // Bytes, since what a stranger has put in front need not be text.
    let hops: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    for hop in hops.iter().rev() {
        if !is_trusted(&address) {
            break;
        }
        let hop = std::str::from_utf8(hop).ok();
        let Some(next) = hop.and_then(|hop| hop_address(hop.trim())) else { break };
        address = next.to_canonical();
    }
    address
}

/// The address of a hop, which some proxies write with its port, or an IPv6 one in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(bracketed)
}

/// What rate limits count by: an IPv4 address, or the /64 of an IPv6 one, which one visitor holds
/// as a whole.
#[must_use]
pub fn limit_key(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(FORWARDED_FOR, value.parse().unwrap())])
    }

    #[test]
    fn a_stranger_cannot_forge_an_address() {
        let peer = "203.0.113.7:999".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(client_ip(peer, &headers("198.51.100.1"), &trusted), peer.ip());
        assert_eq!(client_ip(peer, &headers("198.51.100.1"), &[]), peer.ip());
    }

    #[test]
    fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
        let peer = "10.0.0.1:999".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let found = |value| client_ip(peer, &headers(value), &trusted).to_string();
        assert_eq!(found("1.2.3.4, 198.51.100.1"), "198.51.100.1");
        assert_eq!(found("1.2.3.4, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(found("garbage"), "10.0.0.1");
        assert_eq!(found("1.2.3.4, garbage"), "10.0.0.1");
    }

    #[test]
    fn what_is_no_text_hides_nothing_that_stands_behind_it() {
        let peer = "10.0.0.1:999".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let found = |value: &[u8]| {
            let value = axum::http::HeaderValue::from_bytes(value).unwrap();
            let headers = HeaderMap::from_iter([(FORWARDED_FOR, value)]);
            client_ip(peer, &headers, &trusted).to_string()
        };
        assert_eq!(found(b"\xe9, 198.51.100.1"), "198.51.100.1");
        assert_eq!(found(b"1.2.3.4, \xe9, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(found(b"198.51.100.1, \xe9"), "10.0.0.1");
    }

    #[test]
    fn a_port_behind_an_address_is_passed_over() {
        let peer = "10.0.0.1:999".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let found = |value| client_ip(peer, &headers(value), &trusted).to_string();
        assert_eq!(found("198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(found("1.2.3.4, 198.51.100.1:4711, 10.0.0.2:80"), "198.51.100.1");
        assert_eq!(found("[2001:db8::7]:4711"), "2001:db8::7");
        assert_eq!(found("[2001:db8::7]"), "2001:db8::7");
        assert_eq!(found("[::ffff:198.51.100.1]:4711"), "198.51.100.1");
        for odd in ["198.51.100.1:", "198.51.100.1:99999", "[198.51.100.1]:1", "::1]:4", "[", ":1"]
        {
            assert_eq!(found(odd), "10.0.0.1", "{odd}");
        }
    }

    #[test]
    fn one_visitor_is_one_key() {
        let key = |text: &str| limit_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
