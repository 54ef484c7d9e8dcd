//! Headers that many answers and requests share.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

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

/// Whether a browser takes bodies in this coding, which it has to name.
#[must_use]
pub(crate) fn accepts_encoding(request: &HeaderMap, coding: &str) -> bool {
    items(request, header::ACCEPT_ENCODING).any(|offered| {
        let mut parts = offered.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        is_it && !parts.any(is_no_weight)
    })
}

/// Whether a parameter says that something is not wanted at all: `q=0.000`.
fn is_no_weight(parameter: &str) -> bool {
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    weight.and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
}

/// Whether `If-None-Match` names a copy of this content, of whose tags `name` is the first part: `"name"`, `"name-br"`,
/// or what a proxy has made of these.
#[must_use]
pub(crate) fn knows(request: &HeaderMap, name: &str) -> bool {
    items(request, header::IF_NONE_MATCH).any(|tag| {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        let opaque = opaque.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        tag == "*" || opaque.is_some_and(|it| it.split('-').next() == Some(name))
    })
}

/// The items of a header that is a list.
fn items(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = request.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
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
        for taken in ["br;q=1.0", "gzip, BR", "br ; q=0.001"] {
            assert!(accepts(taken), "{taken}");
        }
        for refused in ["gzip, brx", "br;q=0", "gzip, br; q=0.0", "br;Q=0.000", ""] {
            assert!(!accepts(refused), "{refused}");
        }
    }

    #[test]
    fn a_copy_is_known_by_each_of_its_tags() {
        let known = |value: &'static str| {
            let tags = [(header::IF_NONE_MATCH, HeaderValue::from_static(value))];
            knows(&HeaderMap::from_iter(tags), "ab12")
        };
        for tag in
            ["\"ab12\"", "W/\"ab12\"", "\"ab12-br\"", "\"ab12-gzip\"", "\"x\", \"ab12\"", "*"]
        {
            assert!(known(tag), "{tag}");
        }
        for tag in ["\"ab1\"", "\"ab123\"", "ab12", "\"x\", \"y\"", ""] {
            assert!(!known(tag), "{tag}");
        }
    }
}
