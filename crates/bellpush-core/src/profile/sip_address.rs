//! Whom a SIP call is for: a user part on the trunk's domain, or a whole SIP URI (RFC 3261 section
//! 19.1), in the strict subset that is safe to put into a request.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schema::{described, forms};

/// Characters of a user part, at most.
const MAX_USER_CHARS: usize = 128;
/// Characters of a host, at most (RFC 1035).
const MAX_HOST_CHARS: usize = 253;
/// A user as a regular expression.
const USER_PATTERN: &str = "^([A-Za-z0-9_.!~*'()&=+$,-]|%[0-9A-Fa-f]{2})+$";

/// Pieces of regular expressions, as literals that can be put together.
macro_rules! pattern {
    (label) => {
        "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    };
    (host) => {
        concat!("(", pattern!(label), r"(\.", pattern!(label), r")*|\[[0-9A-Fa-f:.]+\])")
    };
    (port) => {
        "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
    };
}

/// A host as a regular expression: a name, or an IPv6 address in brackets.
const HOST_PATTERN: &str = concat!("^", pattern!(host), "$");
/// The same with an optional port.
const HOST_AND_PORT_PATTERN: &str = concat!("^", pattern!(host), "(:", pattern!(port), ")?$");

forms! {
    /// A host.
    pub(crate) Host: text_of(1, MAX_HOST_CHARS)
        .pattern(Some(HOST_PATTERN))
        .extensions(Some(beyond("what stands in brackets is an IPv6 address")));
    /// A host with an optional port.
    pub(crate) HostAndPort: text()
        .pattern(Some(HOST_AND_PORT_PATTERN))
        .extensions(Some(beyond("a host has up to 253 characters; in brackets stands an IPv6 address")));
}

described! {
    SipUser: text_of(1, MAX_USER_CHARS).pattern(Some(USER_PATTERN));
    SipAddress: text_in_form("sip-address", "an extension or number, or sip:user@host, or sips:user@host").examples(["+493012345"]);
}

/// A text that names nobody to be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither an extension or number like +493012345 nor an address like sip:sales@pbx.example"
)]
pub struct InvalidSipAddress(String);

impl InvalidSipAddress {
    fn of(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }
}

/// The user part of a SIP URI: an extension, a number or a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipUser(String);

impl SipUser {
    /// The text, ready to stand in a URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SipUser {
    type Err = InvalidSipAddress;

    fn from_str(text: &str) -> Result<Self, InvalidSipAddress> {
        if is_user(text) { Ok(Self(text.to_owned())) } else { Err(InvalidSipAddress::of(text)) }
    }
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SipAddress {
    /// A user on the trunk's own domain.
    User(SipUser),
    /// A whole URI.
    Uri {
        /// `sip` or `sips`.
        secure: bool,
        /// The user part.
        user: SipUser,
        /// Host, and port where one is given, as written.
        host: String,
    },
}

impl SipAddress {
    /// The same address for another user.
    #[must_use]
    pub fn with_user(&self, user: SipUser) -> Self {
        match self {
            Self::User(_) => Self::User(user),
            Self::Uri { secure, host, .. } => {
                Self::Uri { secure: *secure, user, host: host.clone() }
            }
        }
    }
}

impl FromStr for SipAddress {
    type Err = InvalidSipAddress;

    fn from_str(text: &str) -> Result<Self, InvalidSipAddress> {
        let (secure, rest) = if let Some(rest) = text.strip_prefix("sips:") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("sip:") {
            (false, rest)
        } else {
            return text.parse().map(Self::User);
        };
        let refused = || InvalidSipAddress::of(text);
        let (user, host) = rest.split_once('@').ok_or_else(refused)?;
        let user = user.parse().map_err(|_| refused())?;
        if !is_host_and_port(host) {
            return Err(refused());
        }
        Ok(Self::Uri { secure, user, host: host.to_owned() })
    }
}

/// RFC 3261 section 25.1: `user` without `;`, `?` and `/`, which read like parameters.
fn is_user(text: &str) -> bool {
    let mut bytes = text.bytes();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,".contains(&byte);
    while let Some(byte) = bytes.next() {
        let escaped = byte == b'%'
            && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        if !plain(byte) && !escaped {
            return false;
        }
    }
    (1..=MAX_USER_CHARS).contains(&text.len())
}

/// A domain name or an address, IPv6 in brackets, with an optional port.
pub(crate) fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.is_none_or(|port| {
        port.bytes().all(|digit| digit.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    port && is_host(host)
}

/// A domain name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<core::net::Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= MAX_HOST_CHARS && text.split('.').all(label)
}

impl fmt::Display for SipUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => fmt::Display::fmt(user, f),
            Self::Uri { secure, user, host } => {
                write!(f, "{}:{user}@{host}", if *secure { "sips" } else { "sip" })
            }
        }
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

as_text!(SipUser, SipAddress);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        assert_same_language(
            USER_PATTERN,
            1..=128,
            "[a-zA-Z0-9+*%ä:@;]{0,6}|%[0-9a-g]{1,3}",
            is_user,
        );
        // What stands in brackets is beyond the pattern.
        let host = |text: &str| is_host(text) || is_bracketed(text);
        assert_same_language(
            HOST_PATTERN,
            1..=253,
            "[a-z0-9.-]{0,9}|[a-z]{60,66}|\\[[0-9a-f:.]{1,9}\\]?",
            host,
        );
        let is_port = |port: &str| is_host_and_port(&format!("a:{port}"));
        let bracketed_with_port = |text: &str| {
            text.rsplit_once("]:")
                .is_some_and(|(host, port)| is_bracketed(&format!("{host}]")) && is_port(port))
        };
        // So is the length of the host alone.
        let with_port = |text: &str| {
            text.len() <= 200
                && (is_host_and_port(text) || is_bracketed(text) || bracketed_with_port(text))
        };
        let texts = "[a-z.-]{0,4}(:[0-9]{0,7})?|\\[[0-9a-f:.]{1,9}\\](:[0-9]{1,6})?";
        assert_same_language(HOST_AND_PORT_PATTERN, 1..=200, texts, with_port);
    }

    fn is_bracketed(text: &str) -> bool {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| {
            !inner.is_empty()
                && inner.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        })
    }

    #[test]
    fn extensions_numbers_and_addresses_are_read() {
        for text in [
            "100",
            "+493012345",
            "sales",
            "*98",
            "sip:100@pbx.example",
            "sips:100@pbx.example:5061",
            "sip:100@192.0.2.1:5060",
            "sip:100@[2001:db8::1]",
            "sip:100@[2001:db8::1]:5060",
            "sip:a%23b@pbx",
        ] {
            let address: SipAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        let address: SipAddress = "sip:100@pbx.example:5070".parse().unwrap();
        let other = address.with_user("200".parse().unwrap());
        assert_eq!(other.to_string(), "sip:200@pbx.example:5070");
    }

    #[test]
    fn what_could_say_something_else_to_a_phone_system_is_refused() {
        for text in [
            "",
            "sip:",
            "sip:pbx.example",
            "sip:@pbx.example",
            "sip:100@",
            "sip:100@pbx example",
            "sip:100@pbx.example;transport=tcp",
            "sip:100@pbx.example?Replaces=x",
            "sip:100@pbx.example:0",
            "sip:100@pbx.example:65536",
            "sip:100@pbx.example:+5",
            "sip:100@-pbx.example",
            "sip:100@a@b",
            "sip:100@[::1",
            "100;phone-context=x",
            "100\r\nVia: x",
            "100 200",
            "tel:+49",
            "10%2",
            "10%zz",
            "ünï",
            "<100>",
        ] {
            assert!(text.parse::<SipAddress>().is_err(), "{text:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_one_plain_word(text in "\\PC{0,40}|sips?:[ -~]{0,40}") {
            if let Ok(address) = text.parse::<SipAddress>() {
                prop_assert!(address.to_string().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!text.contains([';', '?', '<', '>', '"', ' ', '\r', '\n']));
            }
        }
    }
}
