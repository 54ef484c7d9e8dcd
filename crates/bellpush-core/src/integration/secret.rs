//! Named secrets of an integration, and the texts that name them: `{secret.apiKey}`.
//!
//! Here a secret is only a name. What stands behind it is known to the store, and put in its place
//! when a request is sent.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::schema::{described, forms};

/// Secrets of one integration, at most.
pub const MAX_SECRETS: usize = 32;
/// Rotations of a signing secret whose overlaps may overlap: each adds signatures to every request.
pub const MAX_OVERLAPS: usize = 4;
/// Bytes of a secret's value, at most.
pub const MAX_SECRET_BYTES: usize = 4_096;
const MAX_NAME_CHARS: usize = 64;
/// How a value of a secret is written, as a regular expression: without control characters.
const VALUE_PATTERN: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// What begins a reference to a secret.
const OPEN: &str = "{secret.";

/// A text that can't be the name of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a secret: write a letter, then up to 63 letters, digits or underscores"
)]
pub struct InvalidSecretName(String);

/// The name of a secret within its integration, like `apiKey`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);

impl SecretName {
    /// How it is written, as a regular expression.
    pub const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_]{0,63}$";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

described! { SecretName: text().pattern(Some(Self::PATTERN)); }

forms! {
    /// The value of a secret.
    pub SecretText: text_of(1, MAX_SECRET_BYTES)
        .pattern(Some(VALUE_PATTERN))
        .extensions(Some(beyond("the length counts in bytes of UTF-8")));
}

impl FromStr for SecretName {
    type Err = InvalidSecretName;

    fn from_str(text: &str) -> Result<Self, InvalidSecretName> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let good = text.len() <= MAX_NAME_CHARS
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(plain);
        if good { Ok(Self(text.into())) } else { Err(InvalidSecretName(shown(text))) }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SecretName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text can't be the value of a secret. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecretValue {
    /// Empty, or over the limit.
    #[error("a secret has 1 to {MAX_SECRET_BYTES} bytes")]
    Length,
    /// A line break or another control character, which no header can carry.
    #[error("a secret holds no control characters, such as line breaks")]
    Control,
}

/// Checks the value of a secret: it must be able to stand in a header.
///
/// # Errors
/// See [`InvalidSecretValue`].
pub fn check_secret_value(value: &str) -> Result<(), InvalidSecretValue> {
    if !(1..=MAX_SECRET_BYTES).contains(&value.len()) {
        return Err(InvalidSecretValue::Length);
    }
    if value.contains(char::is_control) {
        return Err(InvalidSecretValue::Control);
    }
    Ok(())
}

/// A part of a [`TextWithSecrets`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Stands for itself.
    Literal(String),
    /// Stands for the value of a secret.
    Secret(SecretName),
}

/// A `{secret.` without a name and a `}` after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a reference to a secret; write it like {{secret.apiKey}}")]
pub struct InvalidReference(String);

/// A text that may name secrets, like `Bearer {secret.apiKey}`. Braces that don't begin with
/// `{secret.` are ordinary characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextWithSecrets {
    text: String,
    pieces: Vec<Piece>,
}

impl TextWithSecrets {
    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its parts in their order; an empty text has none.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Secret(name) => Some(name),
        })
    }

    /// The text with this in place of every secret.
    pub(super) fn filled_with(&self, filling: &str) -> String {
        let part = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Secret(_) => filling.to_owned(),
        };
        self.pieces.iter().map(part).collect()
    }
}

impl FromStr for TextWithSecrets {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, reference)) = rest.split_once(OPEN) {
            let invalid = || InvalidReference(shown(&format!("{OPEN}{reference}")));
            let (name, after) = reference.split_once('}').ok_or_else(invalid)?;
            let name = name.parse().map_err(|_| invalid())?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.into()));
            }
            pieces.push(Piece::Secret(name));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.into()));
        }
        Ok(Self { text: text.into(), pieces })
    }
}

impl Serialize for TextWithSecrets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TextWithSecrets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        let is_name = |text: &str| text.parse::<SecretName>().is_ok();
        assert_same_language(SecretName::PATTERN, 0..=64, "[a-zA-Z0-9_. é]{0,5}", is_name);
        let is_value = |text: &str| check_secret_value(text).is_ok();
        assert_same_language(VALUE_PATTERN, 1..=MAX_SECRET_BYTES, "(\\PC|\\pC){0,5}", is_value);
    }

    fn name(text: &str) -> SecretName {
        text.parse().unwrap()
    }

    #[test]
    fn a_text_is_read_as_what_stands_for_itself_and_what_stands_for_a_secret() {
        let literal = |text: &str| Piece::Literal(text.into());
        let secret = |text: &str| Piece::Secret(name(text));
        for (text, pieces) in [
            ("", vec![]),
            ("plain", vec![literal("plain")]),
            ("{secret.a}", vec![secret("a")]),
            ("Bearer {secret.a_1}!", vec![literal("Bearer "), secret("a_1"), literal("!")]),
            ("{secret.a}{secret.b}", vec![secret("a"), secret("b")]),
            ("{\"x\": {y}}", vec![literal("{\"x\": {y}}")]),
            ("{ secret.a }", vec![literal("{ secret.a }")]),
        ] {
            let read: TextWithSecrets = text.parse().unwrap();
            assert_eq!(read.pieces(), pieces, "{text}");
            assert_eq!(read.as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn the_pieces_of_a_text_are_the_text(text in r"(\PC|\{secret\.[a-z]\}|[{}.]){0,20}") {
            if let Ok(read) = text.parse::<TextWithSecrets>() {
                let written = |piece: &Piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Secret(name) => format!("{{secret.{name}}}"),
                };
                prop_assert_eq!(read.pieces().iter().map(written).collect::<String>(), text);
            }
        }
    }

    #[test]
    fn a_reference_without_a_name_or_an_end_is_refused() {
        for text in ["{secret.}", "{secret.a", "x{secret.a-b}", "{secret.1}", "{secret.ä}"] {
            let refused = text.parse::<TextWithSecrets>().unwrap_err().to_string();
            assert!(refused.contains("{secret."), "{text}: {refused}");
        }
    }

    #[test]
    fn a_value_can_stand_in_a_header() {
        assert_eq!(check_secret_value("pa ss/wörd=="), Ok(()));
        assert_eq!(check_secret_value(""), Err(InvalidSecretValue::Length));
        let long = "x".repeat(MAX_SECRET_BYTES + 1);
        assert_eq!(check_secret_value(&long), Err(InvalidSecretValue::Length));
        for text in ["a\r\nHost: b", "a\0", "\t"] {
            assert_eq!(check_secret_value(text), Err(InvalidSecretValue::Control), "{text:?}");
        }
    }
}
