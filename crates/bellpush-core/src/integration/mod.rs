//! Integrations: where events of an app are sent, and which.

mod header;
mod payload;
mod secret;
mod url;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use serde::{Deserialize, Serialize};

use crate::{
    events::{Event, EventName, is_custom_name},
    field_error::FieldError,
};

pub use header::MAX_HEADERS;
pub use payload::{MAX_TEMPLATE_BYTES, Payload, Preset};
#[cfg(feature = "openapi")]
pub use secret::SecretText;
pub use secret::{
    InvalidReference, InvalidSecretName, InvalidSecretValue, MAX_OVERLAPS, MAX_SECRET_BYTES,
    MAX_SECRETS, Piece, SecretName, TextWithSecrets, check_secret_value,
};
pub use url::{EndpointUrl, EndpointUrlError};

/// Active integrations of one app, at most, unless the operator sets another limit.
pub const MAX_ACTIVE: u8 = 3;
/// How long an endpoint may take to answer, in seconds.
pub const TIMEOUT_SECONDS: RangeInclusive<u8> = 1..=30;
/// Event names in one filter, at most.
const MAX_EVENTS: usize = 64;

crate::schema::forms! {
    /// Seconds that an endpoint may take to answer.
    pub(super) TimeoutSeconds: integer((*TIMEOUT_SECONDS.start()).into(), (*TIMEOUT_SECONDS.end()).into());
}

/// The settings of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationSettings {
    /// The integration's name, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// Where events are sent by POST: `https` only.
    /// Path and query may hold `{secret.name}`.
    pub url: EndpointUrl,
    /// Headers to send besides Bellpush's own, at most 32. Values may hold `{secret.name}`.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<header::HeaderName, header::HeaderValue>, example = json!({ "Authorization": "Bearer {secret.token}" })))]
    #[serde(default)]
    pub headers: BTreeMap<String, TextWithSecrets>,
    /// The names of the events to send, custom ones included. Empty by default: nothing is sent.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<crate::events::AnyEventName>, max_items = 64))]
    #[serde(default, deserialize_with = "crate::distinct::distinct")]
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
    /// How long the endpoint may take to answer, in seconds: 1 to 30.
    #[cfg_attr(feature = "openapi", schema(value_type = TimeoutSeconds, default = 10))]
    #[serde(default = "ten")]
    pub timeout_seconds: u8,
    /// How the body is made.
    #[serde(default)]
    pub payload: Payload,
    /// How requests are signed: `v1`, and also `v1a` if it is named.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<SignatureScheme>))]
    #[serde(default = "v1", deserialize_with = "crate::distinct::distinct")]
    pub signatures: BTreeSet<SignatureScheme>,
}

/// A way to sign, of those that Standard Webhooks knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignatureScheme {
    /// HMAC-SHA256, with a secret that both sides know.
    V1,
    /// Ed25519, with a key of which the receiver knows the public half only.
    V1a,
}

const fn yes() -> bool {
    true
}

const fn ten() -> u8 {
    10
}

fn v1() -> BTreeSet<SignatureScheme> {
    BTreeSet::from([SignatureScheme::V1])
}

impl IntegrationSettings {
    /// Settings with nothing but a name and a URL.
    #[must_use]
    pub fn new(name: impl Into<String>, url: EndpointUrl) -> Self {
        Self {
            name: name.into(),
            url,
            headers: BTreeMap::new(),
            events: BTreeSet::new(),
            active: true,
            ordered: true,
            include_previews: false,
            timeout_seconds: ten(),
            payload: Payload::default(),
            signatures: v1(),
        }
    }

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
        header::check(&self.headers)?;
        if !TIMEOUT_SECONDS.contains(&self.timeout_seconds) {
            let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
            let message = format!("the time-out is between {least} and {most} seconds");
            return Err(FieldError::new("/timeoutSeconds", message));
        }
        self.payload.check()?;
        if !self.signatures.contains(&SignatureScheme::V1) {
            let message = "requests are always signed by v1; add v1a to it";
            return Err(FieldError::new("/signatures", message));
        }
        Ok(())
    }

    /// The secrets that the settings name, each with the place that names it, as a JSON pointer.
    pub fn secrets(&self) -> impl Iterator<Item = (&SecretName, String)> {
        let of_url = self.url.secrets().map(|name| (name, "/url".to_owned()));
        let of_headers = self.headers.iter().flat_map(|(header, value)| {
            value.secrets().map(move |name| (name, header::pointer(header)))
        });
        of_url.chain(of_headers)
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
    fn no_event_is_selected_by_default() {
        let settings: IntegrationSettings =
            serde_json::from_str(r#"{"name":"n","url":"https://hooks.example"}"#).unwrap();
        assert!(settings.events.is_empty());
        assert_eq!(
            settings,
            IntegrationSettings::new("n", "https://hooks.example".parse().unwrap())
        );
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
    #[test]
    fn a_setting_out_of_its_bounds_is_named_by_its_place() {
        let read = |field: &str, value: &str| {
            let text = format!(r#"{{"name":"n","url":"https://h.example","{field}":{value}}}"#);
            serde_json::from_str::<IntegrationSettings>(&text).unwrap().check()
        };
        for (field, value, pointer) in [
            ("timeoutSeconds", "0", "/timeoutSeconds"),
            ("timeoutSeconds", "31", "/timeoutSeconds"),
            ("signatures", "[]", "/signatures"),
            ("signatures", r#"["v1a"]"#, "/signatures"),
            ("payload", r#"{"template":"{}"}"#, "/payload/template"),
            ("payload", r#"{"preset":"custom"}"#, "/payload/template"),
            ("headers", r#"{"Host":"x"}"#, "/headers/Host"),
        ] {
            assert_eq!(read(field, value).unwrap_err().pointer, pointer, "{value}");
        }
        assert_eq!(read("payload", r#"{"preset":"slack"}"#), Ok(()));
        assert_eq!(read("signatures", r#"["v1a","v1"]"#), Ok(()));
    }

    #[test]
    fn secrets_are_listed_with_the_places_that_name_them() {
        let text = r#"{"name":"n","url":"https://h.example/{secret.a}","headers":{"x":"{secret.b}{secret.a}"}}"#;
        let settings: IntegrationSettings = serde_json::from_str(text).unwrap();
        let found: Vec<_> = settings.secrets().map(|(name, at)| format!("{name} {at}")).collect();
        assert_eq!(found, ["a /url", "b /headers/x", "a /headers/x"]);
        // Read back as they were written.
        let again: IntegrationSettings =
            serde_json::from_value(serde_json::to_value(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
    }
}
