//! Where one outbound call goes, and as whom it is made.

use std::{fmt, time::Duration};

use bellpush_core::{
    ids::{DestinationId, TrunkId},
    trunk::DialogSnapshot,
};
use rsipstack::sip;

use super::{HeaderName, HeaderValue};
use crate::Codec;

/// Characters of a SIP URI, at most.
const MAX_URI: usize = 512;
/// Characters of a display name, at most.
const MAX_DISPLAY_NAME: usize = 128;

/// Everything that one outbound call over a trunk needs.
#[derive(Debug, Clone)]
pub struct SipTarget {
    /// The profile that it comes from.
    pub profile_id: DestinationId,
    /// The trunk that carries the call.
    pub trunk_id: TrunkId,
    /// Who is called.
    pub to: Callee,
    /// As whom the call is made.
    pub caller: CallerIdentity,
    /// Additional headers of the INVITE.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What may be spoken.
    pub codecs: CodecPolicy,
    /// Whether media is encrypted on the trunk.
    pub srtp: SrtpPolicy,
    /// Where media is taken from when it does not come from the address that was named.
    pub latching: Latching,
    /// The session interval to ask for (RFC 4028); `None` leaves it to the far side.
    pub session_timer: Option<Duration>,
    /// The dialog by which the call goes on: nobody is called then, but the far side of the dialog is
    /// offered the session anew.
    pub open: Option<Box<DialogSnapshot>>,
}

/// Who is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// An extension or number on the trunk's own domain.
    User(SipUser),
    /// A full address. It is sent through the trunk all the same.
    Uri(SipUri),
}

/// The user part of a SIP URI (RFC 3261 section 25.1): an extension, a number or a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SipUser(String);

/// A `sip:` or `sips:` URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SipUri(String);

/// The caller's name as telephones show it: one line of text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

/// As whom a call is made. What is `None` is taken from the trunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The user part of the From header.
    pub user: Option<SipUser>,
    /// The display name of the From header.
    pub display_name: Option<DisplayName>,
    /// The P-Asserted-Identity header (RFC 3325).
    pub asserted: Option<SipUri>,
}

/// What may be spoken on the trunk and to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecPolicy {
    /// The codecs offered to the far side, the preferred first; never empty.
    pub offer: Vec<Codec>,
    /// Whether the browser speaks Opus whatever the far side speaks, at the price of transcoding.
    pub opus_to_browser: bool,
}

/// Whether media is encrypted on the trunk, with keys in the SDP (SDES, RFC 4568). These are only
/// as secret as the signalling is: use it with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SrtpPolicy {
    /// Never.
    #[default]
    Off,
    /// When the far side takes it: the keys are offered with plain RTP (`RTP/AVP`).
    Optional,
    /// Always: a far side that does not take it is not spoken to.
    Required,
}

/// Where media is taken from when the far side names a private address and sends from another one,
/// as it does behind a NAT (RFC 7362 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Latching {
    /// From the host that its signalling comes from, if that has a public address.
    #[default]
    Signalling,
    /// From whoever is the first to send what was agreed on.
    Any,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not a user part.
    #[error(
        "{0:?} can't be a SIP user: use letters, digits and the characters -_.!~*'()&=+$,/; escape others as %XX"
    )]
    User(String),
    /// Not a URI.
    #[error("{0:?} is not a SIP address: write it as sip:user@host")]
    Uri(String),
    /// Not a display name.
    #[error("a display name is one line of at most {MAX_DISPLAY_NAME} characters")]
    DisplayName,
}

impl Default for CodecPolicy {
    fn default() -> Self {
        Self { offer: vec![Codec::Pcma, Codec::Pcmu], opus_to_browser: false }
    }
}

impl SipUser {
    /// The user part.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SipUri {
    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DisplayName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a quoted string (RFC 3261 section 25.1). Brackets, which not only the stack below takes for those
    /// of the address even in quotes, become round ones.
    pub(crate) fn quoted(&self) -> String {
        let mut quoted = String::from('"');
        for c in self.0.chars() {
            match c {
                '<' => quoted.push('('),
                '>' => quoted.push(')'),
                '\\' | '"' => quoted.extend(['\\', c]),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        quoted
    }
}

impl TryFrom<&str> for SipUser {
    type Error = InvalidAddress;

    fn try_from(user: &str) -> Result<Self, InvalidAddress> {
        if user.is_empty() || user.len() > MAX_URI || !is_user(user.as_bytes()) {
            return Err(InvalidAddress::User(user.chars().take(64).collect()));
        }
        Ok(Self(user.to_owned()))
    }
}

impl TryFrom<&str> for SipUri {
    type Error = InvalidAddress;

    fn try_from(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress::Uri(text.chars().take(64).collect());
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\{}|^`?".contains(&byte);
        if text.len() > MAX_URI || !text.bytes().all(plain) {
            return Err(invalid());
        }
        let uri = sip::Uri::try_from(text).map_err(|_| invalid())?;
        if !matches!(uri.scheme, Some(sip::Scheme::Sip | sip::Scheme::Sips)) {
            return Err(invalid());
        }
        if uri.user().is_some_and(|user| !is_user(user.as_bytes())) {
            return Err(invalid());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for DisplayName {
    type Error = InvalidAddress;

    fn try_from(name: &str) -> Result<Self, InvalidAddress> {
        let name = name.trim();
        if name.chars().count() > MAX_DISPLAY_NAME || name.chars().any(char::is_control) {
            return Err(InvalidAddress::DisplayName);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for SipUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// It may be what a visitor typed, which must not reach a log.
impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisplayName({} bytes)", self.0.len())
    }
}

/// Whether this is a `user` of RFC 3261 section 25.1: unreserved and user-unreserved characters,
/// and percent escapes. `;` and `?` are allowed there too, but what comes after them is often taken
/// for parameters: they must be escaped.
fn is_user(user: &[u8]) -> bool {
    let mut rest = user;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..]
                if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,/".contains(byte) =>
            {
                rest
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_extensions_and_names_are_users() {
        for user in ["100", "+49301234567", "front-desk", "a%20b"] {
            assert_eq!(SipUser::try_from(user).unwrap().as_str(), user);
        }
        for user in ["", "a b", "a@b", "a\r\nVia: x", "50%", "<x>", "ü", "1;x=y", "a?b"] {
            assert!(SipUser::try_from(user).is_err(), "{user:?}");
        }
    }

    #[test]
    fn a_uri_names_a_host_and_can_not_break_out_of_its_header() {
        for uri in ["sip:100@pbx.example", "sips:a@10.0.0.1:5061;transport=tls", "sip:[::1]:5060"] {
            assert_eq!(SipUri::try_from(uri).unwrap().as_str(), uri);
        }
        for uri in [
            "",
            "100",
            "tel:+49",
            "sip:",
            "sip:a@",
            "sip:a@b>",
            "sip:a@b\r\nVia: x",
            "sip:a b@c",
            "https://x",
        ] {
            assert!(SipUri::try_from(uri).is_err(), "{uri:?}");
        }
    }

    #[test]
    fn a_display_name_is_quoted() {
        let name = DisplayName::try_from("Ann \"A\" \\ B").unwrap();
        assert_eq!(name.quoted(), r#""Ann \"A\" \\ B""#);
        let name = DisplayName::try_from("Ann <ann@x>").unwrap();
        assert_eq!(name.quoted(), r#""Ann (ann@x)""#);
        assert!(DisplayName::try_from("a\nb").is_err());
    }
}
