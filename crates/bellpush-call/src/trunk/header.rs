//! Header fields that the caller adds to an INVITE, as types that can't be wrong.

use std::fmt;

/// Characters of a name, at most.
const MAX_NAME: usize = 128;
/// Bytes of a value, at most. An INVITE must fit into one datagram with many of them.
const MAX_VALUE: usize = 512;

/// Headers that the stack itself writes, or that would change what a request means. Names are
/// compared without regard to case; the compact forms of RFC 3261 section 7.3.3 are among them.
const RESERVED: [&str; 51] = [
    "accept",
    "alert-info",
    "allow",
    "authorization",
    "call-id",
    "i",
    "contact",
    "m",
    "content-disposition",
    "content-encoding",
    "e",
    "content-language",
    "content-length",
    "l",
    "content-type",
    "c",
    "cseq",
    "event",
    "o",
    "expires",
    "from",
    "f",
    "max-forwards",
    "min-se",
    "p-asserted-identity",
    "p-preferred-identity",
    "privacy",
    "proxy-authorization",
    "proxy-require",
    "rack",
    "reason",
    "record-route",
    "refer-to",
    "r",
    "referred-by",
    "b",
    "replaces",
    "require",
    "route",
    "rseq",
    "session-expires",
    "x",
    "supported",
    "k",
    "to",
    "t",
    "unsupported",
    "user-agent",
    "via",
    "v",
    "path",
];

/// The name of an additional header: a token (RFC 3261 section 25.1) that the stack does not write
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderName(String);

/// The value of an additional header: one line of visible characters, without control characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderValue(String);

/// Why a text can't be (part of) a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// The name is no token, or too long.
    #[error(
        "{0:?} is not a header name: use letters, digits and hyphens, at most {MAX_NAME} characters"
    )]
    Name(String),
    /// The server writes this header itself.
    #[error("the header {0} is set by the server; use another name, such as X-{0}")]
    Reserved(String),
    /// The value has a line break or another control character.
    #[error("a header's value can't contain control characters or line breaks")]
    Control,
    /// The value is too long.
    #[error("a header's value can have at most {MAX_VALUE} bytes")]
    TooLong,
}

impl HeaderName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HeaderValue {
    /// The longest value, in bytes.
    pub const MAX_LEN: usize = MAX_VALUE;

    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for HeaderName {
    type Error = InvalidHeader;

    fn try_from(name: &str) -> Result<Self, InvalidHeader> {
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
            return Err(InvalidHeader::Name(name.chars().take(MAX_NAME).collect()));
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(InvalidHeader::Reserved(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<&str> for HeaderValue {
    type Error = InvalidHeader;

    fn try_from(value: &str) -> Result<Self, InvalidHeader> {
        let value = value.trim();
        if value.len() > MAX_VALUE {
            return Err(InvalidHeader::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(InvalidHeader::Control);
        }
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// The value may be what a visitor typed, which must not reach a log.
impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderValue({} bytes)", self.0.len())
    }
}

/// Whether a byte may be in a token (RFC 3261 section 25.1).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_a_token_that_the_stack_does_not_write() {
        assert_eq!(HeaderName::try_from("X-Bellpush-Call").unwrap().as_str(), "X-Bellpush-Call");
        for name in ["", "X Y", "X:Y", "X\r\nVia", "Ü", &"x".repeat(129)] {
            assert!(matches!(HeaderName::try_from(name), Err(InvalidHeader::Name(_))), "{name:?}");
        }
        for name in ["Via", "ROUTE", "v", "Content-Length", "p-asserted-identity"] {
            assert!(matches!(HeaderName::try_from(name), Err(InvalidHeader::Reserved(_))));
        }
    }

    proptest! {
        #[test]
        fn no_value_breaks_out_of_its_line(text in any::<String>()) {
            if let Ok(value) = HeaderValue::try_from(text.as_str()) {
                prop_assert!(!value.as_str().contains(['\r', '\n', '\0']));
                prop_assert!(value.as_str().len() <= HeaderValue::MAX_LEN);
            }
        }
    }
}
