//! What is kept of a request and of its answer's head, without secrets.

use bellpush_core::delivery::exchange::{
    Exchange, Header, MAX_BODY_BYTES, MAX_HEADERS, SentRequest,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE},
};

use super::{Endpoint, WEBHOOK_SIGNATURE, steps::Steps};
use crate::client::{Outcome, Request};

/// What stands for a value that is or holds a secret.
const SECRET: &str = "[secret]";
/// What stands for the signature: with it and the body the request could be sent again.
const SIGNATURE: &str = "[signature]";
/// Headers whose values are nobody's business, whoever has set them.
const CREDENTIALS: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE];

impl Endpoint {
    /// What is kept of a request whose event has this envelope, and of what came of it.
    #[must_use]
    pub fn exchange(&self, request: &Request, envelope: &str, outcome: &Outcome) -> Exchange {
        let Request { method, headers, body, .. } = request;
        let sent = (body != envelope).then(|| {
            let cut = body.get(..MAX_BODY_BYTES).unwrap_or(body);
            let text = String::from_utf8_lossy(cut).into_owned();
            self.redaction.apply(text, MAX_BODY_BYTES)
        });
        Exchange {
            request: SentRequest {
                method: method.to_string(),
                url: self.shown_url.clone(),
                headers: self.shown(headers),
                body_bytes: u32::try_from(body.len()).unwrap_or(u32::MAX),
                body: sent,
            },
            response_headers: outcome.status.map(|_| self.shown(&outcome.headers)),
            timing: outcome.timing,
        }
    }

    /// Headers as they may be seen: the first ones, without secrets. Together they cost no more than a body.
    pub(crate) fn shown(&self, headers: &HeaderMap) -> Vec<Header> {
        let steps = Steps::for_bytes(MAX_BODY_BYTES);
        let shown = |(name, value): (&HeaderName, &HeaderValue)| Header {
            name: self.redaction.apply_to_name(name.as_str(), &steps),
            value: if *name == WEBHOOK_SIGNATURE {
                SIGNATURE.to_owned()
            } else if value.is_sensitive() || CREDENTIALS.contains(name) {
                SECRET.to_owned()
            } else {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                self.redaction.apply_to_value(text, &steps)
            },
        };
        headers.iter().take(MAX_HEADERS).map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bellpush_core::{
        delivery::exchange::MAX_HEADER_BYTES, ids::IntegrationId, integration::IntegrationSettings,
    };
    use bytes::Bytes;
    use http::{Method, Uri};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::signing::{Signer, SigningSecret};

    const HUSH: &str = "hush-4c1d-and-more";
    const ENVELOPE: &str = r#"{"name":"call_ended"}"#;

    fn endpoint() -> Endpoint {
        let mut settings =
            IntegrationSettings::new("n", "https://hooks.example/{secret.a}".parse().unwrap());
        settings.headers.insert("x-key".into(), "Bearer {secret.a}".parse().unwrap());
        settings.headers.insert("authorization".into(), "Basic typed".parse().unwrap());
        let signer = Signer::new(SigningSecret::generate([1; 32]));
        let secrets = BTreeMap::from([("a".parse().unwrap(), HUSH.into())]);
        Endpoint::new(IntegrationId::from_uuid(Uuid::nil()), &settings, signer, &secrets).unwrap()
    }

    fn request(endpoint: &Endpoint, body: impl Into<Bytes>) -> Request {
        let mut headers = endpoint.headers.clone();
        for (name, value) in &endpoint.secret_headers {
            headers.insert(name, super::super::sensitive(value).unwrap());
        }
        headers.insert(WEBHOOK_SIGNATURE, HeaderValue::from_static("v1,abc"));
        let uri = Uri::from_static("https://hooks.example/hush-4c1d-and-more");
        Request { method: Method::POST, uri, headers, body: body.into() }
    }

    fn answered(headers: HeaderMap) -> Outcome {
        let none = Outcome::none(bellpush_core::delivery::FailureClass::Status, "");
        Outcome { status: Some(500), headers, ..none }
    }

    fn value<'a>(headers: &'a [Header], name: &str) -> &'a str {
        &headers.iter().find(|header| header.name == name).unwrap().value
    }

    #[test]
    fn secrets_and_signature_are_masked_in_what_is_kept() {
        let endpoint = endpoint();
        let said = HeaderMap::from_iter([
            (SET_COOKIE, HeaderValue::from_static("session=1")),
            (HeaderName::from_static("x-echo"), HeaderValue::from_static("hush-4c1d-and-more!")),
            (HeaderName::from_static("x-hush-4c1d-and-more"), HeaderValue::from_static("1")),
        ]);
        let kept = endpoint.exchange(&request(&endpoint, ENVELOPE), ENVELOPE, &answered(said));
        assert_eq!(kept.request.url, "https://hooks.example/{secret.a}");
        let sent = &kept.request.headers;
        assert_eq!(value(sent, "webhook-signature"), SIGNATURE);
        assert_eq!(value(sent, "x-key"), SECRET);
        assert_eq!(value(sent, "authorization"), SECRET);
        assert_eq!(value(sent, "content-type"), "application/json");
        let said = kept.response_headers.unwrap();
        assert_eq!(value(&said, "set-cookie"), SECRET);
        assert_eq!(value(&said, "x-echo"), "{secret.a}!");
        assert_eq!(value(&said, "x-{secret.a}"), "1");
        assert_eq!((kept.request.body_bytes, kept.request.body), (ENVELOPE.len() as u32, None));
    }

    #[test]
    fn headers_that_take_long_to_search_are_not_searched_each_anew() {
        let endpoint = endpoint();
        let mut said = HeaderMap::new();
        for n in 0..MAX_HEADERS {
            let name = format!("{n:02}{}", "&a".repeat(120));
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            said.insert(name, HeaderValue::from_str(&"&a".repeat(128)).unwrap());
        }
        let shown = endpoint.shown(&said);
        assert_eq!(shown.len(), MAX_HEADERS);
        let last = shown.last().unwrap();
        assert!(last.value.starts_with("[not shown") && last.name.starts_with("[not shown"));
        // Those of others can be read.
        let usual = (0..MAX_HEADERS).map(|n| {
            let name = HeaderName::from_bytes(format!("x-usual-header-{n}").as_bytes()).unwrap();
            (name, HeaderValue::from_static("max-age=31536000; report-uri=\"/a%2Fb?c=d&e=%20\""))
        });
        let shown = endpoint.shown(&usual.collect());
        assert!(shown.iter().all(|header| header.value.starts_with("max-age")));
    }

    #[test]
    fn only_a_body_that_a_template_made_is_kept_beside_its_size() {
        let endpoint = endpoint();
        let long = "\u{e4}".repeat(MAX_BODY_BYTES);
        let kept = endpoint.exchange(
            &request(&endpoint, long.clone()),
            ENVELOPE,
            &Outcome::none(bellpush_core::delivery::FailureClass::Connect, "no connection"),
        );
        assert_eq!(kept.request.body_bytes as usize, long.len());
        let body = kept.request.body.unwrap();
        assert!(body.len() <= MAX_BODY_BYTES && body.starts_with("\u{e4}\u{e4}"), "{body}");
        assert_eq!(kept.response_headers, None);
    }

    proptest! {
        #[test]
        fn whatever_an_endpoint_answers_what_is_kept_is_bounded(
            values in prop::collection::vec(prop::collection::vec(0x20_u8..0xff, 0..700), 0..90),
        ) {
            let endpoint = endpoint();
            let mut headers = HeaderMap::new();
            for bytes in values {
                let name = HeaderName::from_bytes("x".repeat(bytes.len() + 1).as_bytes()).unwrap();
                // DEL is no character of a header.
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
                headers.append(name, value);
            }
            let kept = endpoint.exchange(&request(&endpoint, ENVELOPE), ENVELOPE, &answered(headers));
            let kept = kept.response_headers.unwrap();
            prop_assert!(kept.len() <= MAX_HEADERS);
            prop_assert!(kept.iter().all(|header| header.value.len() <= MAX_HEADER_BYTES));
            prop_assert!(kept.iter().all(|header| header.name.len() <= MAX_HEADER_BYTES));
        }
    }
}
