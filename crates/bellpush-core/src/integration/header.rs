//! Static headers of an integration: which names and values may be sent.

use std::collections::BTreeMap;

use super::secret::{Piece, TextWithSecrets};
use crate::{field_error::FieldError, schema::forms};

/// Static headers of one integration, at most.
pub const MAX_HEADERS: usize = 32;
const MAX_NAME_CHARS: usize = 128;
const MAX_VALUE_BYTES: usize = 4_096;
/// A name as a regular expression (RFC 9110 section 5.6.2: a token).
const NAME_PATTERN: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/// A value as a regular expression: printable ASCII without white space around it.
const VALUE_PATTERN: &str = r"^[!-~]([\t -~]*[!-~])?$";

/// Headers that the connection, the body or the sender decide.
const RESERVED: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Beginnings of the names of headers that Bellpush or a proxy on the way sends.
const RESERVED_PREFIXES: [&str; 3] = ["webhook-", "bellpush-", "proxy-"];

forms! {
    /// The name of a header.
    pub(super) HeaderName: text_of(1, MAX_NAME_CHARS).pattern(Some(NAME_PATTERN));
    /// The value of a header.
    pub(super) HeaderValue: text_of(1, MAX_VALUE_BYTES).pattern(Some(VALUE_PATTERN)).extensions(Some(beyond(
        "headers that Bellpush or the connection set are refused, and a name that is there twice in \
         different spelling; `{secret.` begins a reference to a secret that is there",
    )));
}

/// Checks every name and value.
pub(super) fn check(headers: &BTreeMap<String, TextWithSecrets>) -> Result<(), FieldError> {
    if headers.len() > MAX_HEADERS {
        let message = format!("an integration has at most {MAX_HEADERS} headers");
        return Err(FieldError::new("/headers", message));
    }
    let mut seen = Vec::new();
    for (name, value) in headers {
        let refuse = |message: String| Err(FieldError::new(pointer(name), message));
        if let Err(why) = check_name(name) {
            return refuse(why);
        }
        let lower = name.to_ascii_lowercase();
        if seen.contains(&lower) {
            return refuse(format!("the header {lower} is there twice, in different spelling"));
        }
        seen.push(lower);
        if let Err(why) = check_value(value) {
            return refuse(why);
        }
    }
    Ok(())
}

/// The place of a header in the settings, as a JSON pointer.
pub(super) fn pointer(name: &str) -> String {
    format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn check_name(name: &str) -> Result<(), String> {
    // RFC 9110 5.6.2: a token.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !(1..=MAX_NAME_CHARS).contains(&name.len()) || !name.bytes().all(token) {
        return Err(format!(
            "a header's name has 1 to {MAX_NAME_CHARS} letters, digits, hyphens or underscores"
        ));
    }
    if is_reserved(name) {
        let lower = name.to_ascii_lowercase();
        return Err(format!("the header {lower} is set by Bellpush itself; leave it out"));
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    RESERVED.contains(&lower.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
}

fn check_value(value: &TextWithSecrets) -> Result<(), String> {
    let text = value.as_str();
    if !(1..=MAX_VALUE_BYTES).contains(&text.len()) {
        return Err(format!("a header's value has 1 to {MAX_VALUE_BYTES} bytes"));
    }
    // RFC 9110 5.5: white space around a value is no part of it.
    if text.trim_matches([' ', '\t']) != text {
        return Err("a header's value neither begins nor ends with a space".into());
    }
    let printable = |piece: &Piece| match piece {
        Piece::Literal(text) => text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')),
        Piece::Secret(_) => true,
    };
    if !value.pieces().iter().all(printable) {
        return Err("a header's value holds printable ASCII characters only".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        let sendable = |text: &str| check_name(text).is_ok() || is_reserved(text);
        assert_same_language(
            NAME_PATTERN,
            1..=MAX_NAME_CHARS,
            "[A-Za-z0-9!#^|~ é:]{0,5}",
            sendable,
        );
        let value = |text: &str| text.parse().is_ok_and(|value| check_value(&value).is_ok());
        assert_same_language(VALUE_PATTERN, 1..=MAX_VALUE_BYTES, "[ -~\\t\\né]{0,6}", value);
    }

    fn checked(name: &str, value: &str) -> Result<(), FieldError> {
        check(&BTreeMap::from([(name.to_owned(), value.parse().unwrap())]))
    }

    #[test]
    fn names_and_values_that_can_be_sent_are_taken() {
        for (name, value) in [
            ("Authorization", "Bearer {secret.token}"),
            ("x_api-key", "{secret.key}"),
            ("X-Tenant", "a, b; c=\"d\""),
            ("user-agent", "shop"),
        ] {
            assert_eq!(checked(name, value), Ok(()), "{name}: {value}");
        }
    }

    #[test]
    fn headers_that_bellpush_or_the_connection_set_are_refused_in_any_spelling() {
        for name in [
            "Host",
            "content-length",
            "Content-Type",
            "CONNECTION",
            "Transfer-Encoding",
            "te",
            "Upgrade",
            "Webhook-Id",
            "webhook-signature",
            "webhook-anything",
            "Bellpush-Attempt",
            "Proxy-Authorization",
        ] {
            let error = checked(name, "x").unwrap_err();
            assert_eq!(error.pointer, format!("/headers/{name}"));
            assert!(error.message.contains("set by Bellpush"), "{error}");
        }
    }

    #[test]
    fn names_and_values_that_can_not_be_sent_are_refused_by_their_place() {
        for (name, value, pointer) in [
            ("", "x", "/headers/"),
            ("a b", "x", "/headers/a b"),
            ("a/b~", "x", "/headers/a~1b~0"),
            ("ä", "x", "/headers/ä"),
            ("a:", "x", "/headers/a:"),
            ("a", "", "/headers/a"),
            ("a", " x", "/headers/a"),
            ("a", "x\r\nHost: y", "/headers/a"),
            ("a", "ü", "/headers/a"),
        ] {
            assert_eq!(checked(name, value).unwrap_err().pointer, pointer, "{name:?}: {value:?}");
        }
        let twice =
            [("X-A".to_owned(), "1".parse().unwrap()), ("x-a".to_owned(), "2".parse().unwrap())];
        assert_eq!(check(&BTreeMap::from(twice)).unwrap_err().pointer, "/headers/x-a");
        let many = (0..=MAX_HEADERS).map(|n| (format!("x-{n}"), "1".parse().unwrap()));
        assert_eq!(check(&many.collect()).unwrap_err().pointer, "/headers");
    }
}
