//! Integrations: where events of an app are sent, and which.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{
    app::FieldError,
    events::{Event, EventName, is_custom_name},
};

/// Active integrations of one app, at most, unless the operator sets another limit.
pub const MAX_ACTIVE: u8 = 3;
/// Event names in one filter, at most.
const MAX_EVENTS: usize = 64;

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
    /// Over 2,000 characters.
    #[error("the URL is longer than 2000 characters")]
    TooLong,
}

/// Where events are sent: an `https` URL, or a plain `http` one on a loopback host, which the
/// sender refuses unless the operator allows loopback endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether the host is written as a loopback address or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for EndpointUrl {
    type Err = EndpointUrlError;

    fn from_str(text: &str) -> Result<Self, EndpointUrlError> {
        if text.len() > 2_000 {
            return Err(EndpointUrlError::TooLong);
        }
        let shown = || text.chars().take(128).collect::<String>();
        let url = Url::parse(text).map_err(|_| EndpointUrlError::NotAUrl(shown()))?;
        if !url.has_host() {
            return Err(EndpointUrlError::NotAUrl(shown()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointUrlError::Credentials);
        }
        let endpoint = Self(url);
        match endpoint.0.scheme() {
            "https" => Ok(endpoint),
            "http" if endpoint.is_loopback() => Ok(endpoint),
            _ => Err(EndpointUrlError::NotHttps(shown())),
        }
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for EndpointUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for EndpointUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The settings of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationSettings {
    /// The integration's name, for people: 1 to 100 characters.
    pub name: String,
    /// Where events are sent by POST: `https` only.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "https://hooks.example/bellpush"))]
    pub url: EndpointUrl,
    /// The names of the events to send, custom ones included. Empty by default: nothing is sent.
    #[serde(default)]
    pub events: BTreeSet<String>,
    /// Whether anything is sent at all.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the events of one call are sent one after the other, in their order.
    #[serde(default = "yes")]
    pub ordered: bool,
    /// Whether events of previews are sent too.
    #[serde(default)]
    pub include_previews: bool,
}

const fn yes() -> bool {
    true
}

impl IntegrationSettings {
    /// Checks every rule that the types do not carry.
    ///
    /// # Errors
    /// The first setting that breaks one, with its place.
    pub fn check(&self) -> Result<(), FieldError> {
        let chars = self.name.chars().count();
        if self.name.trim().is_empty() || chars > 100 {
            return Err(FieldError::new("/name", "the name has 1 to 100 characters"));
        }
        if self.events.len() > MAX_EVENTS {
            let message = format!("an integration selects at most {MAX_EVENTS} events");
            return Err(FieldError::new("/events", message));
        }
        for name in &self.events {
            if name.parse::<EventName>().is_err() && !is_custom_name(name) {
                let shown: String = name.chars().take(64).collect();
                let message = format!("{shown:?} is neither a catalogue event nor a custom event");
                return Err(FieldError::new("/events", message));
            }
        }
        Ok(())
    }

    /// Whether this integration wants the event.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.active
            && (self.include_previews || !event.preview)
            && self.events.contains(&event.envelope.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_http_on_loopback_are_urls_of_endpoints() {
        for good in [
            "https://hooks.example/x?y=1",
            "http://localhost:9000/",
            "http://127.0.0.1:9/x",
            "http://[::1]:9000/x",
            "http://app.localhost/x",
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
        ] {
            assert!(bad.parse::<EndpointUrl>().is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn no_event_is_selected_by_default() {
        let settings: IntegrationSettings =
            serde_json::from_str(r#"{"name":"n","url":"https://hooks.example"}"#).unwrap();
        assert!(settings.events.is_empty());
        assert!(settings.active && settings.ordered && !settings.include_previews);
    }

    #[test]
    fn a_filter_holds_event_names_only() {
        let read = |events: &str| {
            let text = format!(r#"{{"name":"n","url":"https://h.example","events":{events}}}"#);
            serde_json::from_str::<IntegrationSettings>(&text).unwrap().check()
        };
        assert_eq!(read(r#"["call_ended","wants_callback"]"#), Ok(()));
        assert_eq!(read(r#"["Call-Ended"]"#).unwrap_err().pointer, "/events");
    }
}
