//! The addresses that answers name as candidates.
//!
//! A browser hides its own addresses behind mDNS names, and the server sends no checks (it is
//! ICE-lite), so only these addresses count: the browser's checks come to one of them, and the
//! place they come from is where the answers go.

use std::net::{IpAddr, SocketAddr};

use super::{EngineConfig, StartError};

/// The candidates of all calls.
#[derive(Debug, Clone)]
pub(super) struct Addresses(Vec<SocketAddr>);

impl Addresses {
    /// The candidates for an engine that is bound to `local`.
    pub(super) fn find(config: &EngineConfig, local: SocketAddr) -> Result<Self, StartError> {
        let ips = if !config.public_addresses.is_empty() {
            config.public_addresses.clone()
        } else if local.ip().is_unspecified() {
            interfaces(local)?
        } else {
            vec![local.ip()]
        };
        let mut addresses = Vec::with_capacity(ips.len());
        for ip in ips {
            if ip.is_unspecified() || ip.is_multicast() || is_link_local(ip) {
                return Err(StartError::BadAddress(ip));
            }
            let address = SocketAddr::new(ip, local.port());
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(StartError::NoAddress) } else { Ok(Self(addresses)) }
    }

    /// The first one.
    pub(super) fn main(&self) -> SocketAddr {
        // There is always one, see above.
        self.0.first().copied().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(super) fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }
}

fn interfaces(local: SocketAddr) -> Result<Vec<IpAddr>, StartError> {
    let interfaces = if_addrs::get_if_addrs().map_err(StartError::Interfaces)?;
    let mut ips: Vec<IpAddr> = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(|ip| (ip.is_ipv4() || local.is_ipv6()) && !is_link_local(*ip))
        .collect();
    // Loopback last: the order is the browser's order of preference.
    ips.sort_by_key(IpAddr::is_loopback);
    Ok(ips)
}

/// Link-local addresses need the interface beside them, which a candidate can't say.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(bind: &str, public: &[&str]) -> Result<Vec<String>, StartError> {
        let bind: SocketAddr = bind.parse().unwrap();
        let mut config = EngineConfig::new(bind);
        config.public_addresses = public.iter().map(|ip| ip.parse().unwrap()).collect();
        let addresses = Addresses::find(&config, bind)?;
        Ok(addresses.as_slice().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn public_addresses_replace_all_others() {
        let found = find("0.0.0.0:5000", &["203.0.113.1", "2001:db8::1", "203.0.113.1"]).unwrap();
        assert_eq!(found, ["203.0.113.1:5000", "[2001:db8::1]:5000"]);
        assert_eq!(find("127.0.0.1:5000", &[]).unwrap(), ["127.0.0.1:5000"]);
    }

    #[test]
    fn without_a_public_address_all_of_the_machine_are_named_loopback_last() {
        let found = find("0.0.0.0:5000", &[]).unwrap();
        assert_eq!(found.last().unwrap(), "127.0.0.1:5000");
        assert!(found.iter().all(|address| !address.starts_with('[')));
    }

    #[test]
    fn what_nobody_can_send_to_is_refused() {
        for bad in ["0.0.0.0", "224.0.0.1", "169.254.1.1", "::", "fe80::1", "ff02::1"] {
            let error = find("0.0.0.0:5000", &[bad]).unwrap_err();
            assert!(matches!(error, StartError::BadAddress(_)), "{bad}: {error}");
        }
    }
}
