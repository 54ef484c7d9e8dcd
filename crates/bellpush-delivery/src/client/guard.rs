//! Which addresses may be called: the public ones, and what the operator allows.
//!
//! The ranges follow the IANA special-purpose address registries, and add the addresses at which
//! clouds serve the metadata of their machines. An IPv6 address that leads to an IPv4 one (NAT64, 6to4,
//! Teredo, mapped) is judged by that, and so is what only looks so. The operator's ranges open the addresses
//! that are written in them, and those that NAT64 leads there by: of a name with an address in them a
//! network with DNS64 makes one of these besides.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// What the operator allows beside public addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPolicy {
    /// Ranges that may be called though they are not public.
    pub allow: Vec<IpNet>,
    /// Whether loopback addresses may be called, and by plain HTTP (development).
    pub allow_loopback: bool,
    /// The prefixes by which this network's own NAT64 leads to IPv4 addresses.
    pub nat64_prefixes: Vec<Nat64Prefix>,
}

/// A network's own prefix of NAT64 (RFC 6052 section 2.2): an IPv4 address stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Ipv6Net", try_from = "Ipv6Net")]
pub struct Nat64Prefix(Ipv6Net);

/// A network that can't be a prefix of NAT64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a NAT64 prefix is an IPv6 network of 32, 40, 48, 56, 64 or 96 bits, like 2001:db8:64::/96"
)]
pub struct InvalidNat64Prefix;

impl TryFrom<Ipv6Net> for Nat64Prefix {
    type Error = InvalidNat64Prefix;

    fn try_from(network: Ipv6Net) -> Result<Self, InvalidNat64Prefix> {
        let is_length = matches!(network.prefix_len(), 32 | 40 | 48 | 56 | 64 | 96);
        if is_length { Ok(Self(network.trunc())) } else { Err(InvalidNat64Prefix) }
    }
}

impl FromStr for Nat64Prefix {
    type Err = InvalidNat64Prefix;

    fn from_str(text: &str) -> Result<Self, InvalidNat64Prefix> {
        text.parse::<Ipv6Net>().map_err(|_| InvalidNat64Prefix)?.try_into()
    }
}

impl From<Nat64Prefix> for Ipv6Net {
    fn from(prefix: Nat64Prefix) -> Self {
        prefix.0
    }
}

impl Nat64Prefix {
    /// The IPv4 address that packets to an address of this prefix are brought to.
    fn v4_inside(self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        if !self.0.contains(&address) {
            return None;
        }
        let octets = address.octets();
        let start = usize::from(self.0.prefix_len() / 8);
        // The ninth octet is left out of every address but those of 96 bits, where it is in the prefix.
        let mut rest = octets.iter().enumerate().skip(start).filter(|(at, _)| *at != 8);
        let mut next = || rest.next().map_or(0, |(_, octet)| *octet);
        Some(Ipv4Addr::new(next(), next(), next(), next()))
    }
}

/// An address that may not be called. The text does not repeat the address: who may configure an
/// integration need not learn the names and addresses of the server's own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host leads to {kind}, which this server does not call; its operator can allow it")]
pub struct ForbiddenAddress {
    /// What the address is, as in "a private address".
    pub kind: &'static str,
}

impl ForbiddenAddress {
    /// Whether it is one that servers of the operator's own may have: not one that leads to the machine's
    /// cloud, to its neighbours on the link, or to nobody.
    #[must_use]
    pub fn is_of_own_network(&self) -> bool {
        [PRIVATE, LOOPBACK, CARRIER].contains(&self.kind)
    }
}

impl AddressPolicy {
    /// Whether the address may be called.
    ///
    /// # Errors
    /// What kind of address it is, when it may not.
    pub fn check(&self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        let is_in_range = |address: &IpAddr| self.allow.iter().any(|range| range.contains(address));
        let allowed = (self.allow_loopback && address.is_loopback())
            || is_in_range(&address)
            || self.by_nat64(address).any(|inside| is_in_range(&inside.into()));
        match self.special_kind(address) {
            Some(kind) if !allowed => Err(ForbiddenAddress { kind }),
            _ => Ok(()),
        }
    }

    /// The IPv4 addresses that NAT64 may lead to from there.
    fn by_nat64(&self, address: IpAddr) -> impl Iterator<Item = Ipv4Addr> {
        let address = match address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        };
        let own = self.nat64_prefixes.iter().filter_map(move |prefix| prefix.v4_inside(address?));
        own.chain(address.and_then(behind_known_prefix))
    }

    /// What kind of address it is, unless it is an ordinary public one.
    fn special_kind(&self, address: IpAddr) -> Option<&'static str> {
        let address = match address {
            IpAddr::V4(address) => return special_v4(address),
            IpAddr::V6(address) => address,
        };
        let mut by_nat64 =
            self.nat64_prefixes.iter().filter_map(|prefix| prefix.v4_inside(address)).peekable();
        if by_nat64.peek().is_some() {
            return by_nat64.find_map(special_v4);
        }
        match v4_inside(address) {
            Some(inside) => inside.into_iter().find_map(special_v4),
            None => special_v6(address),
        }
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    V4.iter().find(|(range, _)| range.contains(&address)).map(|(_, kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let special = V6.iter().find(|(range, _)| range.contains(&address)).map(|(_, kind)| *kind);
    special.or_else(|| (!GLOBAL_V6.contains(&address)).then_some("an address outside the internet"))
}

/// The IPv4 addresses that packets to an IPv6 address are brought to, where it is made of them.
fn v4_inside(address: Ipv6Addr) -> Option<[Ipv4Addr; 2]> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let end = join(g, h);
    if let Some(inside) = behind_known_prefix(address) {
        return Some([inside; 2]);
    }
    match [a, b, c, d, e, f] {
        // RFC 4291 section 2.5.5.2: the operating system connects to the IPv4 address itself.
        [0, 0, 0, 0, 0, 0xffff] => Some([end; 2]),
        // RFC 3056 section 2: 6to4.
        [0x2002, high, low, ..] => Some([join(high, low); 2]),
        // RFC 4380 section 4: the Teredo server, and the client, whose bits are turned over.
        [0x2001, 0, high, low, ..] => Some([join(high, low), join(!g, !h)]),
        _ => None,
    }
}

/// The IPv4 address behind a prefix of NAT64 that all know.
fn behind_known_prefix(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., g, h] = address.segments();
    match address.segments() {
        // RFC 6052 section 2.1: NAT64 for the whole internet.
        [0x64, 0xff9b, 0, 0, 0, 0, ..]
        // RFC 8215: NAT64 inside one network, where the prefix has 96 bits. A longer one would read as
        // an address in 0.0.0.0/8, which nothing is sent to.
        | [0x64, 0xff9b, 1, 0, 0, 0, ..] => {
            Some(Ipv4Addr::from_bits(u32::from(g) << 16 | u32::from(h)))
        }
        _ => None,
    }
}

const METADATA: &str = "a cloud's metadata service";
const PRIVATE: &str = "a private address";
const LOOPBACK: &str = "a loopback address";
const CARRIER: &str = "an address inside a provider's network";

const V4: [(Ipv4Net, &str); 18] = [
    (v4([0, 0, 0, 0], 8), "an unspecified address"),
    (v4([10, 0, 0, 0], 8), PRIVATE),
    (v4([100, 100, 100, 200], 32), METADATA),
    (v4([100, 64, 0, 0], 10), CARRIER),
    (v4([127, 0, 0, 0], 8), LOOPBACK),
    (v4([168, 63, 129, 16], 32), METADATA),
    (v4([169, 254, 0, 0], 16), "a link-local address"),
    (v4([172, 16, 0, 0], 12), PRIVATE),
    (v4([192, 0, 0, 0], 24), "an address kept for protocols"),
    (v4([192, 0, 2, 0], 24), "an address kept for documentation"),
    (v4([192, 88, 99, 0], 24), "a 6to4 relay"),
    (v4([192, 168, 0, 0], 16), PRIVATE),
    (v4([198, 18, 0, 0], 15), "an address kept for benchmarks"),
    (v4([198, 51, 100, 0], 24), "an address kept for documentation"),
    (v4([203, 0, 113, 0], 24), "an address kept for documentation"),
    (v4([224, 0, 0, 0], 4), "a multicast address"),
    (v4([255, 255, 255, 255], 32), "the broadcast address"),
    (v4([240, 0, 0, 0], 4), "a reserved address"),
];

/// All of the internet's IPv6 addresses lie in here.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

const V6: [(Ipv6Net, &str); 15] = [
    (v6([0, 0, 0, 0], 128), "an unspecified address"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), LOOPBACK),
    (v6([0, 0, 0, 0], 64), "an IPv4 address inside an IPv6 one"),
    (v6([0x64, 0xff9b, 1, 0], 48), "an address inside a network's NAT64"),
    (v6([0x100, 0, 0, 0], 64), "a discard address"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "an address kept for documentation"),
    (v6([0x2001, 0, 0, 0], 23), "an address kept for protocols"),
    (v6([0x3fff, 0, 0, 0], 20), "an address kept for documentation"),
    (v6([0x5f00, 0, 0, 0], 16), "an address kept for protocols"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128), METADATA),
    (Ipv6Net::new_assert(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128), METADATA),
    (v6([0xfc00, 0, 0, 0], 7), PRIVATE),
    (v6([0xfe80, 0, 0, 0], 10), "a link-local address"),
    (v6([0xfec0, 0, 0, 0], 10), PRIVATE),
    (v6([0xff00, 0, 0, 0], 8), "a multicast address"),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d]: [u16; 4], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &AddressPolicy, address: &str) -> Result<(), ForbiddenAddress> {
        policy.check(address.parse().unwrap())
    }

    #[test]
    fn the_first_and_last_address_of_every_special_range_is_refused() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
            ("::", "::1"),
            ("::127.0.0.1", "::255.255.255.255"),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
            ("::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1"),
            ("64:ff9b::", "64:ff9b::255.255.255.255"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:10::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            for address in [first, last] {
                let verdict = check(&AddressPolicy::default(), address);
                assert!(verdict.is_err(), "{address} may be called");
            }
        }
    }

    #[test]
    fn public_addresses_beside_the_special_ranges_may_be_called() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2003::1",
            "2606:4700:4700::1111",
            "3ffe::1",
        ] {
            assert_eq!(check(&AddressPolicy::default(), address), Ok(()), "{address} was refused");
        }
    }

    #[test]
    fn an_address_that_leads_to_ipv4_is_judged_by_that() {
        for (inside, allowed) in [
            ("1.1.1.1", true),
            ("93.184.216.34", true),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
            ("100.64.0.1", false),
            ("169.254.169.254", false),
            ("168.63.129.16", false),
            ("192.0.0.192", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
        ] {
            let bits = inside.parse::<Ipv4Addr>().unwrap().to_bits();
            let (high, low) = (bits >> 16, bits & 0xffff);
            let (turned_high, turned_low) = (!high & 0xffff, !low & 0xffff);
            for outside in [
                format!("64:ff9b::{high:x}:{low:x}"),
                format!("64:ff9b:1::{high:x}:{low:x}"),
                format!("::ffff:{high:x}:{low:x}"),
                format!("2002:{high:x}:{low:x}::1"),
                // By a public server, and by this one.
                format!("2001:0:4136:e378:8000:63bf:{turned_high:x}:{turned_low:x}"),
                format!("2001:0:{high:x}:{low:x}:8000:63bf:fefe:fefe"),
            ] {
                let verdict = check(&AddressPolicy::default(), &outside);
                assert_eq!(verdict.is_ok(), allowed, "{outside}, which is {inside}: {verdict:?}");
            }
        }
    }

    #[test]
    fn what_a_networks_own_nat64_leads_to_is_refused_where_it_is_not_sure() {
        for address in [
            // 10.0.0.1 with a prefix of 48, 56 and 64 bits, and a public address at the end.
            "64:ff9b:1:a00:0:100:808:808",
            "64:ff9b:1:a:0:1:808:808",
            "64:ff9b:1:0:a:0:108:808",
        ] {
            assert!(check(&AddressPolicy::default(), address).is_err(), "{address} may be called");
        }
    }

    #[test]
    fn the_operators_nat64_is_judged_by_the_address_inside() {
        // The examples of RFC 6052 section 2.4, and a prefix inside the block of RFC 8215.
        for (prefix, open, closed) in [
            ("2606:db8::/32", "2606:db8:808:808::", "2606:db8:a00:1::"),
            ("2606:db8:100::/40", "2606:db8:108:808:8::", "2606:db8:10a:0:1::"),
            ("2606:db8:122::/48", "2606:db8:122:808:8:800::", "2606:db8:122:a00:0:100::"),
            ("2606:db8:122:300::/56", "2606:db8:122:308:8:808::", "2606:db8:122:30a::1:0:0"),
            ("2606:db8:122:344::/64", "2606:db8:122:344:8:808:800::", "2606:db8:122:344:a:0:100::"),
            ("2606:db8:122:344::/96", "2606:db8:122:344::8.8.8.8", "2606:db8:122:344::10.0.0.1"),
            ("64:ff9b:1::/48", "64:ff9b:1:808:8:800::", "64:ff9b:1:a00:0:100::"),
        ] {
            let nat64_prefixes = vec![prefix.parse().unwrap()];
            let policy = AddressPolicy { nat64_prefixes, ..AddressPolicy::default() };
            assert_eq!(check(&policy, open), Ok(()), "{open}");
            assert_eq!(check(&policy, closed).unwrap_err().kind, "a private address", "{closed}");
        }
        for text in ["2606:db8::/33", "2606:db8::/128", "10.0.0.0/8", "x"] {
            assert_eq!(text.parse::<Nat64Prefix>(), Err(InvalidNat64Prefix), "{text}");
        }
    }

    #[test]
    fn metadata_services_of_clouds_are_refused() {
        for address in
            ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"]
        {
            let refused = check(&AddressPolicy::default(), address).expect_err(address);
            assert!(!refused.is_of_own_network(), "{address}: {refused:?}");
        }
        for address in ["10.0.0.1", "127.0.0.1", "100.64.0.1", "fd00::1", "::1"] {
            let refused = check(&AddressPolicy::default(), address).expect_err(address);
            assert!(refused.is_of_own_network(), "{address}: {refused:?}");
        }
    }

    #[test]
    fn loopback_needs_the_operators_word_and_opens_nothing_else() {
        let policy = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(check(&policy, address), Ok(()));
        }
        for address in ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0"]
        {
            assert!(check(&policy, address).is_err(), "{address} may be called");
        }
    }

    #[test]
    fn an_allowed_range_opens_that_range_only() {
        let allow = vec!["10.1.0.0/16".parse().unwrap()];
        let policy = AddressPolicy { allow, ..AddressPolicy::default() };
        // What DNS64 makes of an address in it leads to the same one.
        for address in ["10.1.255.255", "64:ff9b::10.1.0.1", "64:ff9b:1::10.1.0.1"] {
            assert_eq!(check(&policy, address), Ok(()), "{address}");
        }
        for address in
            ["10.2.0.0", "::ffff:10.1.0.1", "64:ff9b::10.2.0.1", "2002:a01:1::1", "127.0.0.1"]
        {
            assert!(check(&policy, address).is_err(), "{address} may be called");
        }
    }

    #[test]
    fn the_refusal_names_the_kind_of_address_but_not_the_address() {
        let refusal = check(&AddressPolicy::default(), "10.20.30.40").unwrap_err().to_string();
        assert!(refusal.contains("a private address") && !refusal.contains("10.20"), "{refusal}");
    }
}
