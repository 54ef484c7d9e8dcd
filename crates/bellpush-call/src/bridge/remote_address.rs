//! From which addresses a far side's media may come, and to which it is sent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{Latching, legs::sip::MediaPlan};

/// How well an address fits what was signalled; the better is the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is the one that was named.
    Exact,
    /// Another port of the host that was named.
    OtherPort,
    /// It is not the host that was named, but may be the same behind a NAT, and is what is latched on
    /// if anything is.
    Latched,
    /// Another port of the host that is latched on.
    OtherPortOfLatched,
}

impl Fit {
    /// Whether it is the very address that media comes from, and not only its host.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Exact | Self::Latched)
    }
}

/// The address of one far side.
///
/// Media is taken from the host that the far side named in its SDP. One that named a private
/// address may be behind a NAT: then it is taken from the host that its signalling comes from, if
/// that is a public one (latching, RFC 7362 section 4) - but not any more once the named host was
/// heard: who is heard from there is not behind a NAT.
///
/// Who named a loopback address is on this machine, and what it sends to an address of this machine
/// comes from that address. No network brings in packets from there.
#[derive(Debug)]
pub(super) struct RemoteAddress {
    latching: Latching,
    /// The address of this machine that the far side sends to.
    own: Option<IpAddr>,
    signalling: Option<IpAddr>,
    named: Option<SocketAddr>,
    /// Whether media came from the named host.
    is_pinned: bool,
    /// Where media comes from instead.
    latched: Option<SocketAddr>,
}

impl RemoteAddress {
    pub(super) fn new(latching: Latching, own: Option<IpAddr>) -> Self {
        let own = own.map(|own| own.to_canonical());
        Self { latching, own, signalling: None, named: None, is_pinned: false, latched: None }
    }

    /// Where the far side's signalling comes from.
    pub(super) fn set_signalling(&mut self, address: IpAddr) {
        self.signalling = Some(address.to_canonical());
    }

    /// Takes the address that the far side names. Whether it is another one than before.
    pub(super) fn name(&mut self, address: SocketAddr) -> bool {
        let address = canonical(address);
        // RFC 3264 section 8.4: that was how hold was said; the far side stays where it is.
        if self.named == Some(address) || (address.ip().is_unspecified() && self.named.is_some()) {
            return false;
        }
        self.is_pinned &= self.named.is_some_and(|named| named.ip() == address.ip());
        self.latched = None;
        self.named = Some(address);
        true
    }

    /// Whether media may come from there; `None` when it may not.
    pub(super) fn fit(&self, remote: SocketAddr) -> Option<Fit> {
        let (remote, named) = (canonical(remote), self.named?);
        if remote.ip() == named.ip() {
            return Some(if remote == named { Fit::Exact } else { Fit::OtherPort });
        }
        if let Some(latched) = self.latched {
            // A NAT may give its host another port.
            let is_same_host = latched.ip() == remote.ip() && Some(remote.ip()) == self.signalling;
            return match latched == remote {
                true => Some(Fit::Latched),
                false => is_same_host.then_some(Fit::OtherPortOfLatched),
            };
        }
        (!self.is_pinned && self.may_latch(named.ip(), remote.ip())).then_some(Fit::Latched)
    }

    fn may_latch(&self, named: IpAddr, remote: IpAddr) -> bool {
        if named.is_loopback() && Some(remote) == self.own {
            return true;
        }
        match self.latching {
            Latching::Signalling => {
                !is_public(named) && is_public(remote) && Some(remote) == self.signalling
            }
            Latching::Any => !is_public(named),
        }
    }

    /// A source there was chosen to be heard.
    pub(super) fn chosen(&mut self, remote: SocketAddr) {
        let remote = canonical(remote);
        if self.named.is_some_and(|named| named.ip() == remote.ip()) {
            self.is_pinned = true;
            self.latched = None;
        } else {
            self.latched = Some(remote);
        }
    }

    /// Whether this is the host that the far side's media comes from.
    fn is_host(&self, remote: SocketAddr) -> bool {
        self.latched.or(self.named).is_some_and(|known| known.ip() == canonical(remote).ip())
    }

    /// Whether reports of what comes from `source` may come from there: from its port, the one beside
    /// it, or the one that was named for them. A NAT may give them any port of its host.
    pub(super) fn may_report(
        &self,
        remote: SocketAddr,
        source: Option<SocketAddr>,
        plan: &MediaPlan,
    ) -> bool {
        let remote = canonical(remote);
        let Some(source) = source.filter(|_| self.latched.is_none()) else {
            return self.is_host(remote);
        };
        let beside = SocketAddr::new(source.ip(), source.port().saturating_add(1));
        [source, beside, canonical(plan.rtcp)].contains(&remote)
    }

    /// Where RTP is sent.
    pub(super) fn rtp(&self, plan: &MediaPlan) -> SocketAddr {
        self.latched.unwrap_or(plan.remote)
    }

    /// Where RTCP is sent when it has a port of its own.
    pub(super) fn rtcp(&self, plan: &MediaPlan) -> SocketAddr {
        match self.latched {
            // Most NATs keep neighbours together.
            Some(rtp) => SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)),
            None => plan.rtcp,
        }
    }
}

/// A socket for both families has a prefix before addresses of IPv4.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether an address may be reached over the internet, as far as the address tells.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_private()
                || ip.is_link_local()
                || ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
                || is_shared(ip))
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast())
        }
    }
}

/// 100.64.0.0/10, behind a provider's NAT (RFC 6598).
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xC0 == 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    fn named(latching: Latching, signalling: &str, named: &str) -> RemoteAddress {
        let mut address = RemoteAddress::new(latching, None);
        address.set_signalling(signalling.parse().unwrap());
        assert!(address.name(at(named)));
        address
    }

    #[test]
    fn nobody_but_the_host_that_was_named_is_the_far_side() {
        let nothing_named = RemoteAddress::new(Latching::Signalling, None);
        assert_eq!(nothing_named.fit(at("203.0.113.5:4000")), None);
        let address = named(Latching::Signalling, "198.51.100.9", "203.0.113.5:4000");
        assert_eq!(address.fit(at("203.0.113.5:4000")), Some(Fit::Exact));
        assert_eq!(address.fit(at("[::ffff:203.0.113.5]:4000")), Some(Fit::Exact));
        assert_eq!(address.fit(at("203.0.113.5:7777")), Some(Fit::OtherPort));
        assert_eq!(address.fit(at("203.0.113.6:4000")), None);
        assert_eq!(address.fit(at("198.51.100.9:4000")), None);
    }

    #[test]
    fn behind_a_nat_it_is_the_public_host_of_the_signalling_alone() {
        for private in ["192.168.1.5", "10.0.0.1", "100.64.3.2", "127.0.0.1", "169.254.1.1"] {
            let address = named(Latching::Signalling, "203.0.113.9", &format!("{private}:4000"));
            assert_eq!(address.fit(at("203.0.113.9:6000")), Some(Fit::Latched), "{private}");
            assert_eq!(address.fit(at("198.51.100.1:6000")), None, "{private}");
            assert_eq!(address.fit(at("192.168.1.6:4000")), None, "{private}");
        }
        // Signalling of a private network is where the far side may be named right.
        let address = named(Latching::Signalling, "192.168.1.1", "192.168.1.5:4000");
        assert_eq!(address.fit(at("192.168.1.1:4000")), None);
        let address = named(Latching::Signalling, "2001:db8::9", "[fd00::5]:4000");
        assert_eq!(address.fit(at("[2001:db8::9]:6000")), Some(Fit::Latched));
        assert_eq!(address.fit(at("[2001:db8::8]:6000")), None);
    }

    #[test]
    fn a_named_host_that_was_heard_is_not_behind_a_nat() {
        for latching in [Latching::Signalling, Latching::Any] {
            let mut address = named(latching, "203.0.113.9", "192.168.1.5:4000");
            assert_eq!(address.fit(at("203.0.113.9:6000")), Some(Fit::Latched));
            address.chosen(at("192.168.1.5:4000"));
            assert_eq!(address.fit(at("203.0.113.9:6000")), None);
            // Another port of it is the same host.
            assert!(address.name(at("192.168.1.5:4002")));
            assert_eq!(address.fit(at("203.0.113.9:6000")), None);
            assert!(address.name(at("192.168.1.6:4000")));
            assert_eq!(address.fit(at("203.0.113.9:6000")), Some(Fit::Latched));
        }
    }

    #[test]
    fn what_was_latched_on_stays_until_another_address_is_named() {
        let mut address = named(Latching::Any, "203.0.113.9", "192.168.1.5:4000");
        assert_eq!(address.fit(at("198.51.100.1:6000")), Some(Fit::Latched));
        address.chosen(at("198.51.100.1:6000"));
        assert_eq!(address.fit(at("198.51.100.1:6000")), Some(Fit::Latched));
        // Others may be behind the same NAT.
        for other in ["198.51.100.1:6001", "198.51.100.2:6000", "192.168.1.6:4000"] {
            assert_eq!(address.fit(at(other)), None, "{other}");
        }
        assert!(address.is_host(at("198.51.100.1:6001")));
        assert!(!address.name(at("192.168.1.5:4000")));
        // Hold by 0.0.0.0 moves nobody.
        assert!(!address.name(at("0.0.0.0:4000")));
        assert_eq!(address.fit(at("198.51.100.1:6000")), Some(Fit::Latched));
        assert!(address.name(at("192.168.1.6:4000")));
        assert!(!address.is_host(at("198.51.100.1:6001")));
    }

    #[test]
    fn the_named_host_comes_before_what_was_latched_on_and_ends_that() {
        for (latching, other) in
            [(Latching::Any, "198.51.100.1:6000"), (Latching::Signalling, "203.0.113.9:6000")]
        {
            for (port, fit) in [(4_000, Fit::Exact), (4_002, Fit::OtherPort)] {
                let mut address = named(latching, "203.0.113.9", "192.168.1.5:4000");
                address.chosen(at(other));
                assert_eq!(address.fit(at(other)), Some(Fit::Latched));
                let telephone = SocketAddr::new([192, 168, 1, 5].into(), port);
                assert_eq!(address.fit(telephone), Some(fit));
                assert!(fit < Fit::Latched);
                address.chosen(telephone);
                assert_eq!(address.fit(at(other)), None);
                assert!(address.is_host(telephone) && !address.is_host(at(other)));
                // Neither by another of its ports, nor when it names itself again.
                assert_eq!(address.fit(at("203.0.113.9:7000")), None);
                assert!(!address.name(at("192.168.1.5:4000")));
                assert_eq!(address.fit(at(other)), None);
            }
        }
    }

    #[test]
    fn the_nat_of_the_signallings_host_may_change_its_port() {
        let mut address = named(Latching::Signalling, "203.0.113.9", "192.168.1.5:4000");
        address.chosen(at("203.0.113.9:6000"));
        assert_eq!(address.fit(at("203.0.113.9:6001")), Some(Fit::OtherPortOfLatched));
        address.chosen(at("203.0.113.9:6001"));
        assert_eq!(address.fit(at("203.0.113.9:6001")), Some(Fit::Latched));
    }

    #[test]
    fn a_phone_system_on_this_machine_may_send_from_the_address_that_it_sends_to() {
        let own = "192.168.1.5".parse().unwrap();
        let named = |text: &str, own| {
            let mut address = RemoteAddress::new(Latching::Signalling, own);
            address.set_signalling("127.0.0.1".parse().unwrap());
            address.name(at(text));
            address
        };
        let mut local = named("127.0.0.1:4000", Some(own));
        assert_eq!(local.fit(at("192.168.1.5:4000")), Some(Fit::Latched));
        assert_eq!(local.fit(at("192.168.1.6:4000")), None);
        local.chosen(at("[::ffff:192.168.1.5]:4000"));
        assert_eq!(local.fit(at("192.168.1.5:4000")), Some(Fit::Latched));
        assert_eq!(local.fit(at("192.168.1.5:4002")), None);
        assert_eq!(local.fit(at("127.0.0.1:4000")), Some(Fit::Exact));
        // Another machine's phone system is not here, and neither is an address that is none of ours.
        assert_eq!(named("10.0.0.5:4000", Some(own)).fit(at("192.168.1.5:4000")), None);
        assert_eq!(named("127.0.0.1:4000", None).fit(at("192.168.1.5:4000")), None);
        // Once it was heard from where it said, it is not heard from elsewhere.
        let mut pinned = named("127.0.0.1:4000", Some(own));
        pinned.chosen(at("127.0.0.1:4000"));
        assert_eq!(pinned.fit(at("192.168.1.5:4000")), None);
    }
}
