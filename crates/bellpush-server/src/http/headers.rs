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

/// Whether a browser takes bodies in this coding.
#[must_use]
pub(crate) fn accepts_encoding(request: &HeaderMap, coding: &str) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|offered| offered.split(';').next())
        .any(|offered| offered.trim() == coding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_recognised_among_others() {
        let accepts = |value: &'static str| {
            let offered = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
            accepts_encoding(&HeaderMap::from_iter(offered), "br")
        };
        assert!(accepts("gzip, deflate, br, zstd"));
        assert!(accepts("br;q=1.0"));
        assert!(!accepts("gzip, brx"));
    }
}
