//! Where a far side's media comes from, and where it is sent to.

use std::net::{IpAddr, SocketAddr};

use crate::legs::sip::MediaPlan;

/// The address of one far side.
///
/// Media is taken from the machine that the far side named. One that named a private address is
/// behind a NAT: then the first that sends what was agreed on is taken for it, as is the custom
/// (latching, RFC 7362 section 4), and from then on only that.
#[derive(Debug, Default)]
pub(super) struct FarAddress {
    named: Option<SocketAddr>,
    /// Where media comes from, when it is not the machine that was named.
    latched: Option<SocketAddr>,
}

impl FarAddress {
    pub(super) fn agree(&mut self, plan: &MediaPlan) {
        if self.named != Some(plan.remote) {
            self.named = Some(plan.remote);
            self.latched = None;
        }
    }

    /// Whether a packet from there may be the far side's.
    pub(super) fn may_be(&self, remote: SocketAddr) -> bool {
        let remote = canonical(remote);
        let Some(named) = self.named else { return false };
        match self.latched {
            Some(latched) => latched == remote,
            None => {
                remote.ip() == named.ip() || (is_private(named.ip()) && !is_private(remote.ip()))
            }
        }
    }

    /// What was agreed on came from there.
    pub(super) fn heard(&mut self, remote: SocketAddr) {
        let remote = canonical(remote);
        if self.named.is_some_and(|named| named.ip() != remote.ip()) {
            self.latched = Some(remote);
        }
    }

    /// Whether this is the machine that the far side's media comes from.
    pub(super) fn is_known(&self, remote: SocketAddr) -> bool {
        let remote = canonical(remote).ip();
        self.latched.or(self.named).is_some_and(|known| known.ip() == remote)
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
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Codec, legs::sip::Direction};

    fn plan(remote: &str) -> MediaPlan {
        let remote: SocketAddr = remote.parse().unwrap();
        MediaPlan {
            remote,
            rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
            codec: Codec::Pcma,
            payload_type: 8,
            receive_payload_type: 8,
            telephone_event: None,
            direction: Direction::SendReceive,
            ptime: Duration::from_millis(20),
            srtp: None,
            rtcp_mux: false,
            comfort_noise: None,
        }
    }

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn nobody_but_the_machine_that_was_named_is_the_far_side() {
        let plan = plan("203.0.113.5:4000");
        let mut address = FarAddress::default();
        assert!(!address.may_be(at("203.0.113.5:4000")));
        address.agree(&plan);
        assert!(address.may_be(at("203.0.113.5:4000")));
        assert!(address.may_be(at("203.0.113.5:7777")));
        assert!(address.may_be(at("[::ffff:203.0.113.5]:7777")));
        assert!(!address.may_be(at("203.0.113.6:4000")));
        // Wherever its packets come from, it said where it wants ours.
        address.heard(at("203.0.113.5:7777"));
        assert_eq!(address.rtp(&plan), at("203.0.113.5:4000"));
        assert_eq!(address.rtcp(&plan), at("203.0.113.5:4001"));
    }

    #[test]
    fn behind_a_nat_the_first_who_sends_is_the_far_side_until_it_names_another_address() {
        let first = plan("192.168.1.5:4000");
        let mut address = FarAddress::default();
        address.agree(&first);
        assert!(address.may_be(at("198.51.100.1:6000")));
        address.heard(at("198.51.100.1:6000"));
        assert!(!address.may_be(at("198.51.100.2:6000")));
        assert!(!address.may_be(at("198.51.100.1:6001")));
        assert!(address.is_known(at("198.51.100.1:6001")));
        assert_eq!(address.rtp(&first), at("198.51.100.1:6000"));
        address.agree(&first);
        assert_eq!(address.rtp(&first), at("198.51.100.1:6000"));
        let second = plan("192.168.1.6:4000");
        address.agree(&second);
        assert_eq!(address.rtp(&second), at("192.168.1.6:4000"));
    }

    #[test]
    fn one_private_network_is_not_taken_for_another() {
        let plan = plan("192.168.1.5:4000");
        let mut address = FarAddress::default();
        address.agree(&plan);
        assert!(address.may_be(at("192.168.1.5:9")));
        assert!(!address.may_be(at("192.168.1.6:4000")));
    }
}
