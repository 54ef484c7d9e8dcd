//! E-mail addresses, by which people sign in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Bytes of an address, at most (RFC 5321 4.5.3.1.3, without the brackets).
const MAX_BYTES: usize = 254;

/// A text that is no e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write an e-mail address, like ada@example.com")]
pub struct InvalidEmail;

/// An e-mail address in small letters, so that one person is one account however it is typed, and no other
/// person is: before the `@` only ASCII has small letters, since what else looks alike (the sign of Kelvin,
/// a k) may be another mailbox, and it is composed (NFC); behind it stands the domain in its letters, however it is written.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = canonical(text.trim());
        let odd = |char: char| {
            char.is_whitespace() || char.is_control() || "<>()[]\\,;:\"".contains(char)
        };
        let is_whole = text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if text.len() > MAX_BYTES || text.contains(odd) || !is_whole {
            return Err(InvalidEmail);
        }
        Ok(Self(text))
    }
}

/// The one form of an address. What is none stays none.
fn canonical(text: &str) -> String {
    let Some((user, domain)) = text.rsplit_once('@') else { return text.to_owned() };
    let user = composed(user).to_ascii_lowercase();
    // In its letters, as they were always stored. Of what is no domain nothing else is known.
    let domain = idna::domain_to_ascii(domain)
        .map_or_else(|_| domain.to_lowercase(), |ascii| idna::domain_to_unicode(&ascii).0);
    format!("{user}@{domain}")
}

/// A domain as it is asked for, in ASCII (`xn--…`), by which it is compared, and found by mail servers. What is no
/// domain is kept in small letters.
#[must_use]
pub fn in_ascii(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// The composed form (NFC), but that nothing becomes a letter of ASCII: Unicode holds the sign of Kelvin and
/// a K for the same, and no mail server does.
fn composed(text: &str) -> String {
    let becomes_ascii = |char: char| {
        let mut decomposed = std::iter::once(char).nfd();
        !char.is_ascii()
            && decomposed.next().is_some_and(|it| it.is_ascii())
            && decomposed.next().is_none()
    };
    let parts = text.split_inclusive(becomes_ascii);
    parts
        .flat_map(|part| {
            let kept = part.chars().next_back().filter(|last| becomes_ascii(*last));
            let rest = &part[..part.len() - kept.map_or(0, char::len_utf8)];
            rest.nfc().chain(kept)
        })
        .collect()
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Email {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_one_address_however_it_is_typed() {
        let parse = |text: &str| text.parse::<Email>();
        assert_eq!(parse(" Ada@Example.COM "), parse("ada@example.com"));
        assert_eq!(parse("ada@example.com").unwrap().domain(), "example.com");
        for text in ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example.com\r\nx"] {
            assert_eq!(parse(text), Err(InvalidEmail), "{text}");
        }
        // Composed or not, it is one mailbox; what folds into another one's letter is another.
        assert_eq!(parse("zo\u{eb}@example.com"), parse("zoe\u{308}@EXAMPLE.com"));
        assert_ne!(parse("mi\u{212a}e@example.com"), parse("mike@example.com"));
        assert_ne!(parse("\u{130}da@example.com"), parse("ida@example.com"));
        assert_eq!(parse("ada@B\u{fc}cher.example"), parse("ada@xn--bcher-kva.example"));
        assert_eq!(parse("ada@bu\u{308}cher.example"), parse("ada@xn--bcher-kva.example"));
        assert_eq!(parse("ada@xn--bcher-kva.example").unwrap().domain(), "b\u{fc}cher.example");
        assert_eq!(parse("ada@some_host.local").unwrap().as_str(), "ada@some_host.local");
        assert_eq!(parse(&format!("{}@example.com", "a".repeat(250))), Err(InvalidEmail));
    }
}
