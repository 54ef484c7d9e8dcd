//! Where servers may be that are not there yet, as the policy of a document names it.

use std::{fmt, str::FromStr};

use bellpush_core::origin::{AllowedOrigin, OriginError};

const ANY: &str = "://*.";
/// Stands for the first label of a host, which may be any.
const SOME: &str = "://any.";

/// An origin, or with `*` as the first label of its host all origins with such a host: a `host-source` of
/// a Content Security Policy (CSP 3 section 2.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUrl(String);

impl FromStr for NodeUrl {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let Some(place) = text.find(ANY) else {
            return Ok(Self(text.parse::<AllowedOrigin>()?.to_string()));
        };
        let named = text.replacen(ANY, SOME, 1);
        let origin: AllowedOrigin = named.parse()?;
        // All hosts of a whole top-level domain are nobody's.
        let has_domain =
            origin.as_str().get(place + SOME.len()..).is_some_and(|at| at.contains('.'));
        if !has_domain {
            return Err(OriginError::NotAnOrigin(text.chars().take(256).collect()));
        }
        Ok(Self(origin.as_str().replacen(SOME, ANY, 1)))
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_origin_or_those_of_all_hosts_in_a_domain() {
        for (text, shown) in [
            ("https://node2.calls.example.com", "https://node2.calls.example.com"),
            ("https://node2.calls.example.com/", "https://node2.calls.example.com"),
            ("https://*.calls.example.com", "https://*.calls.example.com"),
            ("https://*.calls.example.com:8443/", "https://*.calls.example.com:8443"),
        ] {
            assert_eq!(text.parse::<NodeUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn whatever_says_more_in_a_policy_is_refused() {
        for text in [
            "*",
            "https:",
            "https://*",
            "https://*.com",
            "https://a.*.example.com",
            "http://*.example.com",
            "https://*.example.com/path",
            "https://*.*.example.com",
            "https://*.example.com; script-src *",
            "https://*.example.com https://evil.example",
            "https://x@*.example.com",
            "",
        ] {
            assert!(text.parse::<NodeUrl>().is_err(), "{text}");
        }
    }
}
