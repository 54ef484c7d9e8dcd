//! Where events are sent: a URL that may name secrets, but never in its host.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::secret::{InvalidReference, SecretName, TextWithSecrets};

crate::schema::described! {
    EndpointUrl: text_in_form("endpoint-url", "a URL with https and without credentials; path and query may name secrets that are there").examples(["https://hooks.example/bellpush"]);
}

/// Why an endpoint's URL was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointUrlError {
    /// Not a URL with a host.
    #[error("{0:?} is not a URL; write it like https://hooks.example/bellpush")]
    NotAUrl(String),
    /// Plain HTTP, or another scheme.
    #[error(
        "the URL must start with https:// (got {0:?}); for development the server's operator can \
         allow http://localhost with --allow-loopback-endpoints"
    )]
    NotHttps(String),
    /// User name or password in the URL.
    #[error("the URL must not carry a user name or a password; use a header instead")]
    Credentials,
    /// A secret before the path.
    #[error("a secret can stand in the path or the query of the URL, not in its host or port")]
    SecretInHost,
    /// Malformed.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// Over 2,000 characters.
    #[error("the URL is longer than 2000 characters")]
    TooLong,
}

/// What stands in place of secrets to see what depends on them: only a host or a port with a secret
/// in it is another with each, or none at all.
const FILLINGS: [&str; 3] = ["1", "2", "a"];

/// Where events are sent: an `https` URL, or a plain `http` one on a loopback host, which the
/// sender refuses unless the operator allows loopback endpoints. Path and query may name secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl {
    text: TextWithSecrets,
    /// With something harmless in place of the secrets: its scheme, host and port are the endpoint's.
    origin: Url,
}

impl EndpointUrl {
    /// The URL as it was written.
    #[must_use]
    pub const fn text(&self) -> &TextWithSecrets {
        &self.text
    }

    /// The URL itself, if it names no secret.
    #[must_use]
    pub fn plain(&self) -> Option<&Url> {
        self.secrets().next().is_none().then_some(&self.origin)
    }

    /// The host, as it is called.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.host_str().unwrap_or_default()
    }

    /// The secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.text.secrets()
    }

    /// Whether a URL leads to the same scheme, host and port.
    #[must_use]
    pub fn leads_to(&self, url: &Url) -> bool {
        same_origin(&self.origin, url)
    }

    /// Whether another URL has the same scheme, host and port.
    #[must_use]
    pub fn has_origin_of(&self, other: &Self) -> bool {
        same_origin(&self.origin, &other.origin)
    }

    /// Whether the host is written as a loopback address or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.origin.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for EndpointUrl {
    type Err = EndpointUrlError;

    fn from_str(written: &str) -> Result<Self, EndpointUrlError> {
        if written.len() > 2_000 {
            return Err(EndpointUrlError::TooLong);
        }
        let not_a_url = || EndpointUrlError::NotAUrl(written.chars().take(128).collect());
        // A parser of URLs takes white space away: the text would not be what is called.
        if written.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(not_a_url());
        }
        let text: TextWithSecrets = written.parse()?;
        let filled = FILLINGS.map(|filling| Url::parse(&text.filled_with(filling)).ok());
        let origin = filled.iter().flatten().next().cloned().ok_or_else(not_a_url)?;
        if !origin.has_host() {
            return Err(not_a_url());
        }
        let differs = |url: &Option<Url>| url.as_ref().is_none_or(|url| !same_origin(url, &origin));
        if filled.iter().any(differs) {
            return Err(EndpointUrlError::SecretInHost);
        }
        if !origin.username().is_empty() || origin.password().is_some() {
            return Err(EndpointUrlError::Credentials);
        }
        let endpoint = Self { text, origin };
        match endpoint.origin.scheme() {
            "https" => Ok(endpoint),
            "http" if endpoint.is_loopback() => Ok(endpoint),
            _ => Err(EndpointUrlError::NotHttps(written.chars().take(128).collect())),
        }
    }
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.as_str())
    }
}

impl Serialize for EndpointUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EndpointUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> EndpointUrlError {
        match text.parse::<EndpointUrl>() {
            Ok(_) => panic!("{text} was accepted"),
            Err(error) => error,
        }
    }

    #[test]
    fn only_https_and_http_on_loopback_are_urls_of_endpoints() {
        for good in [
            "https://hooks.example/x?y=1",
            "http://localhost:9000/",
            "http://127.0.0.1:9/x",
            "http://[::1]:9000/x",
            "http://app.localhost/x",
            "https://hooks.example/{secret.path}?key={secret.key}",
            "https://hooks.example?{secret.key}",
        ] {
            assert!(good.parse::<EndpointUrl>().is_ok(), "{good} was refused");
        }
        for bad in [
            "http://hooks.example/x",
            "ftp://hooks.example/x",
            "hooks.example",
            "",
            "https://",
            "https://user:word@hooks.example/",
            "http://localhost.evil.example/",
            "file:///etc/passwd",
            " https://hooks.example/",
            "https://hooks.example/\n",
            "{secret.url}",
        ] {
            refusal(bad);
        }
    }

    #[test]
    fn a_secret_in_the_host_or_the_port_is_refused_however_it_is_written() {
        for text in [
            "https://{secret.host}/",
            "https://hooks.example{secret.rest}/x",
            "https://hooks.example{secret.rest}",
            "https://hooks.example.{secret.domain}/",
            "https://hooks.example:{secret.port}/",
            "https:///{secret.host}/x",
            "https:\\\\{secret.host}\\x",
            "https:/{secret.host}/x",
            "https:{secret.host}/x",
            "https://[::{secret.low}]/x",
        ] {
            assert_eq!(refusal(text), EndpointUrlError::SecretInHost, "{text}");
        }
        let in_user = refusal("https://{secret.user}@hooks.example/");
        assert_eq!(in_user, EndpointUrlError::Credentials);
        // No scheme either.
        refusal("{secret.scheme}://hooks.example/");
    }

    #[test]
    fn it_leads_to_its_own_origin_alone() {
        let url: EndpointUrl = "https://hooks.example/{secret.path}".parse().unwrap();
        let leads = |text: &str| url.leads_to(&Url::parse(text).unwrap());
        assert!(leads("https://hooks.example/x") && leads("https://hooks.example:443/"));
        for other in
            ["https://hooks.example:444/", "http://hooks.example/", "https://other.example/"]
        {
            assert!(!leads(other), "{other}");
        }
    }
}
