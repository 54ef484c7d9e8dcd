//! Headers that many answers and requests share.

use axum::http::{HeaderMap, HeaderValue, header};

/// Headers of every answer, by name.
pub(crate) const ALWAYS: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// A page under an embedder policy runs only workers that are under one as well, and shows only such
/// frames. This one of the two keeps nobody from loading what other sites serve.
pub(crate) const EMBEDDER_POLICY: (&str, &str) = ("cross-origin-embedder-policy", "credentialless");

/// The bearer token of a request.
#[must_use]
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A header value from text that was checked before; an empty one where it does not fit.
#[must_use]
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
