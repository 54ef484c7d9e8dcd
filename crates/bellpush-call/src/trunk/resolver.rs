//! Where a trunk's requests go: RFC 3263 without NAPTR, as a trunk's transport is configured.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};
use rand::RngExt as _;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::SipTransport;

/// Targets of one name, at most.
const MAX_HOPS: usize = 16;
/// How long the names of several targets may take to be found when one is known.
const LATE_AFTER: Duration = Duration::from_secs(1);

/// One place that requests can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Hop {
    pub(super) address: SocketAddr,
    pub(super) transport: SipTransport,
    /// The name that was asked for, which a certificate must name too (RFC 5922 section 7.2).
    pub(super) name: String,
}

/// Why there is nowhere to send to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("DNS does not know {name}: {error}")]
    Dns { name: String, error: NetError },
    #[error("DNS has no address for {0}")]
    Nothing(String),
    #[error("{0} does not offer SIP by this transport, as its SRV record says")]
    NotOffered(String),
}

pub(super) struct Resolver {
    dns: TokioResolver,
    /// Where datagrams are sent from.
    from: IpAddr,
}

/// Whether what is sent from one address can go to another: from the unspecified one of IPv6, all can.
pub(super) fn can_send(from: IpAddr, to: IpAddr) -> bool {
    from.is_ipv4() == to.is_ipv4() || from == IpAddr::from(Ipv6Addr::UNSPECIFIED)
}

impl Resolver {
    /// Asks this server, or the system's, for what can be reached from an address.
    pub(super) fn new(server: Option<SocketAddr>, from: IpAddr) -> Result<Self, NetError> {
        let builder = match server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let mut udp = ConnectionConfig::udp();
                udp.port = server.port();
                let mut tcp = ConnectionConfig::tcp();
                tcp.port = server.port();
                let server = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        Ok(Self { dns: builder.build()?, from })
    }

    /// The places of a host, in the order in which they are to be tried.
    pub(super) async fn hops(
        &self,
        host: &str,
        port: Option<u16>,
        transport: SipTransport,
    ) -> Result<Vec<Hop>, ResolveError> {
        let usual = port.unwrap_or(transport.default_port());
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            // The brackets belong to URIs: a certificate has none.
            let (address, name) = (SocketAddr::new(ip, usual), ip.to_string());
            return Ok(vec![Hop { address, transport, name }]);
        }
        let hop = |address| Hop { address, transport, name: host.to_owned() };
        let mut hops = Vec::new();
        if port.is_none() {
            let services = self.services(host, transport).await?;
            hops.extend(self.addresses_of(services).await.into_iter().map(hop));
        }
        if hops.is_empty() {
            let addresses = self.addresses(host).await?;
            hops.extend(addresses.into_iter().map(|ip| hop(SocketAddr::new(ip, usual))));
        }
        // Of one that has addresses of both families, those of the other one are of no use.
        let can_send = |hop: &Hop| can_send(self.from, hop.address.ip());
        if hops.iter().any(can_send) {
            hops.retain(can_send);
        }
        hops.truncate(MAX_HOPS);
        if hops.is_empty() { Err(ResolveError::Nothing(host.to_owned())) } else { Ok(hops) }
    }

    /// The addresses of services, in the order of these. Once one is known, those that DNS says nothing of
    /// hold nobody up.
    async fn addresses_of(&self, services: Vec<(String, u16)>) -> Vec<SocketAddr> {
        let latest = Instant::now() + LATE_AFTER;
        let mut lookups = JoinSet::new();
        for (n, (target, port)) in services.into_iter().take(MAX_HOPS).enumerate() {
            let dns = self.dns.clone();
            lookups.spawn(async move { (n, port, dns.lookup_ip(absolute(&target)).await) });
        }
        let mut known = BTreeMap::new();
        loop {
            let next = async {
                if known.is_empty() {
                    return lookups.join_next().await;
                }
                timeout_at(latest, lookups.join_next()).await.ok().flatten()
            };
            let Some(found) = next.await else { break };
            if let Ok((n, port, Ok(answer))) = found {
                let addresses: Vec<_> = answer.iter().map(|ip| SocketAddr::new(ip, port)).collect();
                known.insert(n, addresses);
            }
        }
        // What they find is there for the next one who asks.
        lookups.detach_all();
        known.into_values().flatten().collect()
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let answer = self
            .dns
            .lookup_ip(absolute(host))
            .await
            .map_err(|error| ResolveError::Dns { name: host.to_owned(), error })?;
        Ok(answer.iter().collect())
    }

    /// The SRV records of a host; none when DNS does not answer, as then its address is tried.
    async fn services(
        &self,
        host: &str,
        transport: SipTransport,
    ) -> Result<Vec<(String, u16)>, ResolveError> {
        let service = match transport {
            SipTransport::Udp => "_sip._udp",
            SipTransport::Tcp => "_sip._tcp",
            SipTransport::Tls => "_sips._tcp",
        };
        let name = absolute(&format!("{service}.{host}"));
        let Ok(answer) = self.dns.lookup(name, RecordType::SRV).await else {
            return Ok(Vec::new());
        };
        let records: Vec<Service> = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(Service {
                    priority: srv.priority,
                    weight: srv.weight,
                    target: srv.target.to_utf8(),
                    port: srv.port,
                }),
                _ => None,
            })
            .collect();
        if is_absent(&records) {
            return Err(ResolveError::NotOffered(host.to_owned()));
        }
        let mut rng = rand::rng();
        Ok(order(records, |sum| rng.random_range(0..=sum)))
    }
}

/// Nothing is appended to a name with a dot at its end.
fn absolute(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

#[derive(Debug, Clone)]
struct Service {
    priority: u16,
    weight: u16,
    target: String,
    port: u16,
}

impl Service {
    /// RFC 2782: a target of "." says that the service is not there.
    fn is_there(&self) -> bool {
        self.target != "."
    }
}

/// Whether a host says that it does not have a service; then its address is not tried, either.
fn is_absent(services: &[Service]) -> bool {
    !services.is_empty() && !services.iter().any(Service::is_there)
}

/// The order of RFC 2782: by priority, and at random by weight among equals. `draw(sum)` draws a
/// number from 0 to `sum`.
fn order(services: Vec<Service>, mut draw: impl FnMut(u32) -> u32) -> Vec<(String, u16)> {
    let mut by_priority = BTreeMap::<u16, Vec<Service>>::new();
    for service in services.into_iter().filter(Service::is_there) {
        by_priority.entry(service.priority).or_default().push(service);
    }
    let mut ordered = Vec::new();
    for mut equals in by_priority.into_values() {
        equals.sort_by_key(|service| service.weight);
        while !equals.is_empty() {
            let sum = equals.iter().map(|service| u32::from(service.weight)).sum();
            let drawn = draw(sum);
            let mut running = 0;
            let index = equals
                .iter()
                .position(|service| {
                    running += u32::from(service.weight);
                    running >= drawn
                })
                .unwrap_or(0);
            let service = equals.remove(index);
            ordered.push((service.target, service.port));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, target: &str) -> Service {
        Service { priority, weight, target: target.to_owned(), port: 5060 }
    }

    fn targets(ordered: Vec<(String, u16)>) -> Vec<String> {
        ordered.into_iter().map(|(target, _)| target).collect()
    }

    #[test]
    fn the_lowest_priority_comes_first_and_the_heaviest_are_drawn_most() {
        let all =
            || vec![service(20, 0, "late"), service(10, 60, "heavy"), service(10, 40, "light")];
        assert_eq!(targets(order(all(), |_| 0)), ["light", "heavy", "late"]);
        assert_eq!(targets(order(all(), |sum| sum.min(41))), ["heavy", "light", "late"]);
        let mut first_heavy = 0;
        for drawn in 0..=100 {
            let first = targets(order(all(), |sum| drawn.min(sum))).remove(0);
            first_heavy += usize::from(first == "heavy");
        }
        assert_eq!(first_heavy, 60);
    }

    #[test]
    fn a_service_that_is_declared_absent_has_no_target() {
        assert!(order(vec![service(0, 0, ".")], |_| 0).is_empty());
        assert!(is_absent(&[service(0, 0, ".")]));
        assert!(!is_absent(&[service(0, 0, "."), service(1, 0, "there")]));
        assert!(!is_absent(&[]));
    }

    #[test]
    fn only_a_socket_for_both_families_sends_to_the_other_one() {
        for (from, to, can) in [
            ("192.0.2.1", "192.0.2.2", true),
            ("0.0.0.0", "2001:db8::1", false),
            ("2001:db8::1", "192.0.2.1", false),
            ("::", "192.0.2.1", true),
            ("::", "2001:db8::1", true),
        ] {
            assert_eq!(can_send(from.parse().unwrap(), to.parse().unwrap()), can, "{from} {to}");
        }
    }

    #[tokio::test]
    async fn an_address_needs_no_dns() {
        let from = IpAddr::from([127, 0, 0, 1]);
        let resolver = Resolver::new(Some("127.0.0.1:9".parse().unwrap()), from).unwrap();
        for (host, port, transport, address) in [
            ("192.0.2.1", None, SipTransport::Udp, "192.0.2.1:5060"),
            ("192.0.2.1", None, SipTransport::Tls, "192.0.2.1:5061"),
            ("[2001:db8::1]", Some(5070), SipTransport::Tcp, "[2001:db8::1]:5070"),
        ] {
            let hops = resolver.hops(host, port, transport).await.unwrap();
            assert_eq!(hops.len(), 1);
            assert_eq!(hops[0].address, address.parse().unwrap());
            assert_eq!(hops[0].name, hops[0].address.ip().to_string());
        }
    }
}
