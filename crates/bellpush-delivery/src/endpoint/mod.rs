//! An integration as its requests need it: settings with their secrets in place, ready to be sent.
//!
//! Everything that is the same for all requests is made once. What holds a secret is kept in memory
//! that is wiped when it is given back, and becomes a part of a request only when that is sent.

mod error;
mod escapes;
mod exchange;
mod form;
mod layers;
mod misread;
mod redaction;
mod references;
mod secrets;
mod steps;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use bellpush_core::{
    delivery::PendingDelivery,
    ids::IntegrationId,
    integration::{EndpointUrl, IntegrationSettings},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{CONTENT_TYPE, USER_AGENT},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

pub use error::{EndpointError, RequestError};
use redaction::Redaction;
use secrets::{Secrets, expand, expand_url, sensitive};

use crate::{
    client::{KEPT_BYTES, Request},
    payload::{BodyRenderer, EventFacts},
    signing::Signer,
};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const APP_ID: HeaderName = HeaderName::from_static("bellpush-app-id");
const CALL_ID: HeaderName = HeaderName::from_static("bellpush-call-id");
const ATTEMPT: HeaderName = HeaderName::from_static("bellpush-attempt");
const REPLAY: HeaderName = HeaderName::from_static("bellpush-replay");
const AGENT: &str = concat!("bellpush/", env!("CARGO_PKG_VERSION"));

/// Where and how one active integration is sent its events.
#[derive(Debug)]
pub struct Endpoint {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Whether the events of one call are sent one after the other, in their order.
    pub ordered: bool,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// The host, for the log. Path and query may hold secrets.
    pub host: String,
    /// The URL as it is set, with its secrets named.
    shown_url: String,
    /// The second in which an attempt that delivered was last kept in full.
    kept_success: AtomicI64,
    target: Target,
    /// Headers that are the same in all requests.
    headers: HeaderMap,
    secret_headers: Vec<(HeaderName, SecretString)>,
    redaction: Redaction,
    body: BodyRenderer,
    signer: Signer,
}

#[derive(Debug)]
enum Target {
    Plain(Uri),
    /// Holds secrets.
    Secret(SecretString),
}

impl Endpoint {
    /// Puts an integration's secrets into its settings.
    ///
    /// # Errors
    /// What can't be sent as it is.
    pub fn new(
        integration_id: IntegrationId,
        settings: &IntegrationSettings,
        signer: Signer,
        secrets: &Secrets,
    ) -> Result<Self, EndpointError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let mut secret_headers = Vec::new();
        for (name, value) in &settings.headers {
            let invalid = || EndpointError::Header(name.clone());
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            if value.secrets().next().is_none() {
                headers.insert(key, value.as_str().parse().map_err(|_| invalid())?);
                continue;
            }
            let expanded = expand(value, secrets)?;
            sensitive(&expanded).map_err(|_| invalid())?;
            headers.remove(&key);
            secret_headers.push((key, expanded));
        }
        Ok(Self {
            integration_id,
            ordered: settings.ordered,
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
            host: settings.url.host().to_owned(),
            shown_url: settings.url.to_string(),
            kept_success: AtomicI64::new(i64::MIN),
            target: target(&settings.url, secrets)?,
            headers,
            secret_headers,
            redaction: Redaction::new(settings, secrets, &signer),
            body: BodyRenderer::new(&settings.payload)?,
            signer,
        })
    }

    /// Whether requests go to the same URL as those of another endpoint.
    #[must_use]
    pub fn same_url(&self, other: &Self) -> bool {
        match (&self.target, &other.target) {
            (Target::Plain(one), Target::Plain(other)) => one == other,
            (Target::Secret(one), Target::Secret(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            _ => false,
        }
    }

    /// The URL as it is set, with its secrets named.
    #[must_use]
    pub fn shown_url(&self) -> &str {
        &self.shown_url
    }

    /// What the endpoint said, cut at [`KEPT_BYTES`], without the secrets that it was sent. `is_cut`: whether
    /// it may end within one of them, however short it is.
    #[must_use]
    pub fn redact(&self, mut text: String, is_cut: bool) -> String {
        text.truncate(text.floor_char_boundary(KEPT_BYTES));
        let limit = if is_cut { text.len().min(KEPT_BYTES) } else { KEPT_BYTES };
        self.redaction.apply(text, limit)
    }

    /// Whether an attempt that began then is kept in full: each that failed, and of those that
    /// delivered one a second, so that many events do not cost more for it.
    pub(crate) fn keeps_in_full(&self, is_delivered: bool, start_time: Timestamp) -> bool {
        let second = start_time.as_second();
        !is_delivered || self.kept_success.swap(second, Ordering::Relaxed) != second
    }

    /// Makes attempt `number` of a delivery, to be sent now.
    ///
    /// # Errors
    /// The template fails, or something can't be sent.
    pub fn request(
        &self,
        delivery: &PendingDelivery,
        number: u32,
        now: Timestamp,
    ) -> Result<Request, RequestError> {
        let PendingDelivery { app_id, event_id, call_id, .. } = *delivery;
        let event = EventFacts { id: event_id, app_id, call_id, envelope: &delivery.body };
        let body = Bytes::from(self.body.render(&event)?.into_owned());
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 8);
        headers.extend(self.headers.clone());
        for (name, value) in &self.secret_headers {
            headers.insert(name, sensitive(value)?);
        }
        headers.insert(WEBHOOK_ID, event_id.to_string().try_into()?);
        headers.insert(WEBHOOK_TIMESTAMP, now.as_second().into());
        headers.insert(WEBHOOK_SIGNATURE, self.signer.sign(event_id, now, &body).try_into()?);
        headers.insert(APP_ID, app_id.to_string().try_into()?);
        if let Some(call_id) = call_id {
            headers.insert(CALL_ID, call_id.to_string().try_into()?);
        }
        headers.insert(ATTEMPT, number.into());
        if delivery.is_replay() {
            headers.insert(REPLAY, HeaderValue::from_static("1"));
        }
        let uri = match &self.target {
            Target::Plain(uri) => uri.clone(),
            Target::Secret(url) => url.expose_secret().parse()?,
        };
        Ok(Request { method: Method::POST, uri, headers, body })
    }
}

fn target(url: &EndpointUrl, secrets: &Secrets) -> Result<Target, EndpointError> {
    match url.plain() {
        Some(url) => Ok(Target::Plain(url.as_str().parse().map_err(|_| EndpointError::Url)?)),
        None => expand_url(url, secrets).map(Target::Secret),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bellpush_core::{
        delivery::{DeliveryKey, Seq},
        events::EventTime,
        ids::{AppId, EventId},
        integration::SecretName,
    };
    use proptest::{prelude::*, sample::select};
    use uuid::Uuid;

    use super::*;
    use crate::signing::SigningSecret;

    fn secrets(all: &[(&str, &str)]) -> BTreeMap<SecretName, SecretString> {
        all.iter().map(|(name, value)| (name.parse().unwrap(), (*value).into())).collect()
    }

    fn settings(url: &str) -> IntegrationSettings {
        IntegrationSettings::new("n", url.parse().unwrap())
    }

    fn endpoint(
        settings: &IntegrationSettings,
        all: &[(&str, &str)],
    ) -> Result<Endpoint, EndpointError> {
        let signer = Signer::new(SigningSecret::generate([1; 32]));
        Endpoint::new(IntegrationId::from_uuid(Uuid::nil()), settings, signer, &secrets(all))
    }

    fn request(endpoint: &Endpoint) -> Request {
        let uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
        let delivery = PendingDelivery {
            trace_parent: None,
            key: DeliveryKey { integration_id: endpoint.integration_id, seq: Seq(1) },
            app_id: AppId::from_uuid(uuid),
            event_id: EventId::from_uuid(uuid).unwrap(),
            call_id: None,
            preview: false,
            body: r#"{"name":"x","data":{},"timestamp":"2026-03-01T09:30:00.000Z"}"#.into(),
            attempts: 0,
            earlier_attempts: 0,
            due: EventTime::from_millis(0).unwrap(),
        };
        endpoint.request(&delivery, 1, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn of_an_answer_that_was_cut_the_beginning_of_a_secret_is_not_shown_either() {
        let settings = settings("https://hooks.example/{secret.a}");
        let endpoint = endpoint(&settings, &[("a", "hush-4c1d-and-more")]).unwrap();
        let half = "you sent Bearer hush-4c1d-and-mor";
        assert_eq!(endpoint.redact(half.into(), true), "you sent Bearer ");
        // In one that is whole it is no secret.
        assert_eq!(endpoint.redact(half.into(), false), half);
    }

    #[test]
    fn secrets_stand_in_path_query_and_headers_of_the_request_alone() {
        let mut settings = settings("https://hooks.example/a/{secret.path}/b?key={secret.key}&x=1");
        let bearer = "Bearer {secret.key}".parse().unwrap();
        settings.headers.insert("Authorization".into(), bearer);
        settings.headers.insert("X-Plain".into(), "as it is".parse().unwrap());
        let endpoint = endpoint(&settings, &[("path", "T0/B0?#"), ("key", "a&b=c+ü/")]).unwrap();
        let request = request(&endpoint);
        let target = request.uri.path_and_query().unwrap().as_str();
        assert_eq!(target, "/a/T0/B0%3F%23/b?key=a%26b%3Dc%2B%C3%BC%2F&x=1");
        assert_eq!(request.headers["authorization"].as_bytes(), "Bearer a&b=c+ü/".as_bytes());
        assert!(request.headers["authorization"].is_sensitive());
        assert_eq!(request.headers["x-plain"], "as it is");
        assert!(request.headers["user-agent"].to_str().unwrap().starts_with("bellpush/"));
        let shown = format!("{endpoint:?} {request:?}");
        assert!(!shown.contains("a&b=c"), "{shown}");
        let shown = format!("{endpoint:?}");
        assert!(!shown.contains("T0/B0"), "{shown}");
    }

    #[test]
    fn no_secret_leads_to_another_host() {
        for value in [
            "@evil.example/",
            "//evil.example/x",
            "\\\\evil.example\\x",
            "/../../..//evil.example",
            ":444/",
            "?#@evil.example",
            "https://evil.example/",
            ".evil.example",
            "%2e%2e//evil.example",
            "..",
            ":@evil.example:443/",
        ] {
            for url in [
                "https://hooks.example/{secret.x}",
                "https://hooks.example/{secret.x}{secret.x}",
                "https://hooks.example?{secret.x}",
                "https://hooks.example#{secret.x}",
                "https://hooks.example\\{secret.x}",
            ] {
                let endpoint = endpoint(&settings(url), &[("x", value)]).unwrap();
                let uri = request(&endpoint).uri;
                let authority = uri.authority().unwrap().as_str();
                assert_eq!(authority, "hooks.example", "{url} with {value}");
                assert_eq!(uri.scheme_str(), Some("https"), "{url} with {value}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_value_whatever_leads_to_another_host_or_breaks_the_head(
            value in r"\PC{1,60}",
            place in select(vec!["/{secret.x}", "/a/{secret.x}?b", "?{secret.x}", "/?a={secret.x}#b"]),
        ) {
            let mut settings = settings(&format!("https://hooks.example{place}"));
            settings.headers.insert("x-key".into(), "a {secret.x} b".parse().unwrap());
            let endpoint = endpoint(&settings, &[("x", &value)]).unwrap();
            let request = request(&endpoint);
            prop_assert_eq!(request.uri.authority().unwrap().as_str(), "hooks.example");
            let head = request.uri.to_string();
            prop_assert!(head.bytes().all(|byte| byte.is_ascii_graphic()), "{}", head);
            let sent = format!("a {value} b");
            prop_assert_eq!(request.headers["x-key"].as_bytes(), sent.as_bytes());
        }
    }

    #[test]
    fn a_header_of_ones_own_stands_in_place_of_the_user_agent_but_not_of_a_signature() {
        let mut settings = settings("https://hooks.example/");
        settings.headers.insert("User-Agent".into(), "{secret.a}".parse().unwrap());
        settings.headers.insert("webhook-id".into(), "forged".parse().unwrap());
        let request = request(&endpoint(&settings, &[("a", "own")]).unwrap());
        assert_eq!(request.headers.get_all("user-agent").iter().count(), 1);
        assert_eq!(request.headers["user-agent"], "own");
        let ids: Vec<_> = request.headers.get_all("webhook-id").iter().collect();
        assert_eq!(ids, ["01920000-0000-7000-8000-000000000001"]);
    }

    #[test]
    fn what_can_not_be_sent_is_said_without_the_secret() {
        let unknown = endpoint(&settings("https://hooks.example/{secret.a}"), &[]).unwrap_err();
        assert_eq!(unknown.to_string(), "{secret.a} is not defined on this integration");
        let mut header = settings("https://hooks.example/");
        header.headers.insert("x-key".into(), "{secret.a}".parse().unwrap());
        let error = endpoint(&header, &[("a", "hush\r\n")]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"));
    }

    #[test]
    fn endpoints_with_the_same_url_are_known_as_such() {
        let url = "https://hooks.example/{secret.a}";
        let of = |value| endpoint(&settings(url), &[("a", value)]).unwrap();
        assert!(of("one").same_url(&of("one")) && !of("one").same_url(&of("two")));
        let plain = endpoint(&settings("https://hooks.example/one"), &[]).unwrap();
        assert!(plain.same_url(&plain) && !plain.same_url(&of("one")));
    }
}
