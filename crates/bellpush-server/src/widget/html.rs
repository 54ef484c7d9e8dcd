//! HTML pages that the server writes itself: escaping, nonces and their headers.

use std::{fmt, io::Write};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};

use crate::http::headers::{EMBEDDER_POLICY, accepts_encoding, value};

/// For every document of the widget: nobody is to learn its address.
pub(crate) const NO_REFERRER: &str = "no-referrer";

/// A page with the policy that it is shown under.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) html: String,
    /// The `Content-Security-Policy`.
    pub(crate) policy: String,
    /// The `Permissions-Policy`.
    pub(crate) permissions: &'static str,
    /// The `Referrer-Policy`.
    pub(crate) referrer: &'static str,
}

impl Page {
    /// The page, compressed where the browser takes it: a design can be long.
    ///
    /// Nothing in it is secret to whoever has its address, so that its length gives nothing away.
    pub(crate) fn packed_for(self, request: &HeaderMap) -> Response {
        let packed =
            accepts_encoding(request, "gzip").then(|| gzip(self.html.as_bytes())).flatten();
        let mut response = self.into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(packed) = packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            *response.body_mut() = Body::from(packed);
        }
        response
    }
}

/// `None` when it can't be compressed.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.html)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, value(&self.policy));
        headers.insert(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(self.permissions),
        );
        // The address may hold a token, which custom code could read as the referrer.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(self.referrer));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let (name, policy) = EMBEDDER_POLICY;
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(policy));
        response
    }
}

/// A number used once, which marks the scripts and styles that the server itself wrote.
#[derive(Debug)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// 128 random bits.
    pub(crate) fn random() -> Self {
        Self(STANDARD.encode(rand::random::<[u8; 16]>()))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text for HTML content and double-quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a=\"1\">'&"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
    }
}
