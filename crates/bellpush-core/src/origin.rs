//! Web origins (RFC 6454): who may embed a widget.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

crate::schema::described! {
    AllowedOrigin: text_in_form("origin", "scheme, host and port alone; https, but for localhost and loopback addresses").examples(["https://shop.example"]);
}

/// Why a text is not an origin. It says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL at all, or one without a host.
    #[error("{0:?} is not an origin; write it like https://shop.example")]
    NotAnOrigin(String),
    /// A path, a query, a fragment or credentials after the host.
    #[error("{given:?} has more than an origin; write {origin} alone")]
    MoreThanAnOrigin {
        /** As given. */
        given: String,
        /** The origin in it. */
        origin: String,
    },
    /// A scheme that cannot be embedded safely.
    #[error(
        "{0:?} must start with https:// (http:// is allowed for localhost and loopback addresses)"
    )]
    NotSecure(String),
}

/// An origin that may embed the widget: scheme, host and port, in the form that browsers send.
///
/// Only `https`, but for `localhost` and loopback addresses: a browser gives the microphone to a
/// secure context alone, so that any other origin could not make a call anyway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AllowedOrigin(String);

impl AllowedOrigin {
    /// The origin as browsers write it, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AllowedOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let shown = || text.chars().take(256).collect::<String>();
        let url = Url::parse(text).map_err(|_| OriginError::NotAnOrigin(shown()))?;
        let origin = url.origin();
        if !origin.is_tuple() {
            return Err(OriginError::NotAnOrigin(shown()));
        }
        let ascii = origin.ascii_serialization();
        match (url.scheme(), url.host()) {
            // A wildcard or a quote is a legal host to the URL standard, but not to a CSP.
            ("https", Some(Host::Domain(name))) if !is_host_name(name) => {
                return Err(OriginError::NotAnOrigin(shown()));
            }
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_local(&host) => {}
            _ => return Err(OriginError::NotSecure(shown())),
        }
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(OriginError::MoreThanAnOrigin { given: shown(), origin: ascii });
        }
        Ok(Self(ascii))
    }
}

fn is_host_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for AllowedOrigin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AllowedOrigin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (given, written) in [
            ("https://shop.example", "https://shop.example"),
            ("https://SHOP.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(given.parse::<AllowedOrigin>().unwrap().as_str(), written);
        }
    }

    #[test]
    fn what_would_widen_the_policy_is_refused() {
        for given in [
            "*",
            "https://*",
            "null",
            "",
            "shop.example",
            "http://shop.example",
            "data:text/html,x",
            "https://shop.example/path",
            "https://shop.example?x",
            "https://u:p@shop.example",
            "https://shop.example; script-src *",
            "http://localhost.evil.example",
            "file:///etc",
            "https://*.shop.example",
            "https://a.example https://b.example",
        ] {
            assert!(given.parse::<AllowedOrigin>().is_err(), "{given} was accepted");
        }
    }
}
