//! The URL context: what the embedding page says about the visitor (`orderId`, `customerTier`).
//!
//! It travels on every event as `data.context`. What exceeds the limits is refused with the name
//! of the offending key; nothing is ever cut silently.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Serialize,
    de::{Error, MapAccess, Visitor},
};
#[cfg(feature = "openapi")]
use utoipa::openapi::ObjectBuilder;

use crate::schema::described;

/// Keys in one context, at most.
pub const MAX_KEYS: usize = 32;
/// Characters in one key, at most.
pub const MAX_KEY_CHARS: usize = 64;
/// Characters in one value, at most.
pub const MAX_VALUE_CHARS: usize = 512;
/// Bytes of all keys and values together, in UTF-8, at most.
pub const MAX_BYTES: usize = 8 * 1024;
/// A key as a regular expression.
const KEY_PATTERN: &str = "^[A-Za-z][A-Za-z0-9_.-]*$";
/// A value as a regular expression: without NUL.
const VALUE_PATTERN: &str = r"^[^\x00]*$";

/// Query parameters of the widget's address that are not context.
pub const RESERVED: [&str; 7] =
    ["key", "session", "destination", "lang", "theme", "preview", "origin"];

/// Why a context was refused. The text is shown to the developer who embeds the widget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// More than [`MAX_KEYS`] keys; `key` is the first one too many.
    #[error("the context has more than {MAX_KEYS} keys; \"{key}\" is one too many")]
    TooManyKeys {
        /** The first key beyond the limit. */
        key: String,
    },
    /// A key that is not `^[A-Za-z][A-Za-z0-9_.-]{0,63}$`.
    #[error(
        "the context key \"{key}\" is not allowed: a key starts with a letter and has at most \
         {MAX_KEY_CHARS} letters, digits, \"_\", \".\" or \"-\""
    )]
    InvalidKey {
        /** The key, cut to its first 64 characters. */
        key: String,
    },
    /// The same key twice.
    #[error("the context key \"{key}\" is given twice")]
    DuplicateKey {
        /** The key. */
        key: String,
    },
    /// A reserved query parameter used as a key.
    #[error("\"{key}\" is reserved for the widget's own settings and can't be a context key")]
    ReservedKey {
        /** The key. */
        key: String,
    },
    /// A value over [`MAX_VALUE_CHARS`].
    #[error("the value of the context key \"{key}\" is longer than {MAX_VALUE_CHARS} characters")]
    ValueTooLong {
        /** The key whose value is too long. */
        key: String,
    },
    /// A value with a NUL character, which databases can't keep.
    #[error("the value of the context key \"{key}\" has a NUL character")]
    NulInValue {
        /** The key. */
        key: String,
    },
    /// Over [`MAX_BYTES`] in all; `key` is where the limit was passed.
    #[error("the context is larger than {MAX_BYTES} bytes in all, from the key \"{key}\" on")]
    TooLarge {
        /** The key that passed the limit. */
        key: String,
    },
}

impl ContextError {
    /// The key that caused the refusal.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::TooManyKeys { key }
            | Self::InvalidKey { key }
            | Self::DuplicateKey { key }
            | Self::ReservedKey { key }
            | Self::ValueTooLong { key }
            | Self::NulInValue { key }
            | Self::TooLarge { key } => key,
        }
    }
}

/// A context within its limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// Checks pairs in their order of appearance.
    ///
    /// # Errors
    /// The first limit passed, with the key that passed it.
    pub fn new<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ContextError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut entries = BTreeMap::new();
        let mut bytes = 0;
        for (key, value) in pairs {
            let (key, value) = (key.into(), value.into());
            if !is_key(&key) {
                return Err(ContextError::InvalidKey {
                    key: key.chars().take(MAX_KEY_CHARS).collect(),
                });
            }
            if RESERVED.contains(&key.as_str()) {
                return Err(ContextError::ReservedKey { key });
            }
            if entries.contains_key(&key) {
                return Err(ContextError::DuplicateKey { key });
            }
            if entries.len() == MAX_KEYS {
                return Err(ContextError::TooManyKeys { key });
            }
            if value.chars().count() > MAX_VALUE_CHARS {
                return Err(ContextError::ValueTooLong { key });
            }
            if value.contains('\0') {
                return Err(ContextError::NulInValue { key });
            }
            bytes += key.len() + value.len();
            if bytes > MAX_BYTES {
                return Err(ContextError::TooLarge { key });
            }
            entries.insert(key, value);
        }
        Ok(Self(entries))
    }

    /// Reads the context out of the decoded query parameters of the widget's address, leaving the
    /// [`RESERVED`] ones aside.
    ///
    /// # Errors
    /// As [`Context::new`].
    pub fn from_query<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ContextError> {
        Self::new(pairs.into_iter().filter(|(key, _)| !RESERVED.contains(key)))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The context as a JSON object of strings.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.iter().map(|(key, value)| (key.to_owned(), serde_json::Value::from(value))).collect()
    }
}

described! {
    Context: ObjectBuilder::new()
        .property_names(Some(text_of(1, MAX_KEY_CHARS).pattern(Some(KEY_PATTERN)).build()))
        .additional_properties(Some(text_of(0, MAX_VALUE_CHARS).pattern(Some(VALUE_PATTERN))))
        .max_properties(Some(MAX_KEYS))
        .examples([serde_json::json!({ "orderId": "A-12345" })])
        .extensions(Some(beyond(
            "keys are not among the widget's own settings (key, session, …), and the whole has up to \
             8 KiB",
        )));
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

/// Reads pairs one by one: a map would drop a key that is there before.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Context;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
        let mut pairs = Vec::<(String, String)>::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Context::new(pairs).map_err(A::Error::custom)
    }
}

pub(crate) fn is_key(text: &str) -> bool {
    text.len() <= MAX_KEY_CHARS
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        assert_same_language(KEY_PATTERN, 0..=MAX_KEY_CHARS, "[a-zA-Z0-9_.é -]{0,5}", is_key);
        let is_value = |text: &str| Context::new([("a", text)]).is_ok();
        assert_same_language(VALUE_PATTERN, 0..=MAX_VALUE_CHARS, r"(\PC|\pC){0,5}", is_value);
    }

    #[test]
    fn reserved_parameters_are_not_context() {
        let context =
            Context::from_query([("key", "wk_1"), ("orderId", "A-1"), ("lang", "en")]).unwrap();
        assert_eq!(context.iter().collect::<Vec<_>>(), [("orderId", "A-1")]);
    }

    #[test]
    fn every_limit_names_the_offending_key() {
        let many = (0..33).map(|n| (format!("k{n}"), "v"));
        let large = (0..17).map(|n| (format!("k{n}"), "v".repeat(500)));
        let cases: [(Result<Context, ContextError>, ContextError); 9] = [
            (Context::new([("a", "v\0")]), ContextError::NulInValue { key: "a".into() }),
            (Context::new(many), ContextError::TooManyKeys { key: "k32".into() }),
            (Context::new([("1st", "v")]), ContextError::InvalidKey { key: "1st".into() }),
            (Context::new([("", "v")]), ContextError::InvalidKey { key: String::new() }),
            (Context::new([("a b", "v")]), ContextError::InvalidKey { key: "a b".into() }),
            (
                Context::new([("a", "1"), ("a", "2")]),
                ContextError::DuplicateKey { key: "a".into() },
            ),
            (Context::new([("lang", "v")]), ContextError::ReservedKey { key: "lang".into() }),
            (
                Context::new([("a", "é".repeat(513))]),
                ContextError::ValueTooLong { key: "a".into() },
            ),
            (Context::new(large), ContextError::TooLarge { key: "k16".into() }),
        ];
        for (result, expected) in cases {
            let error = result.unwrap_err();
            assert_eq!(error, expected);
            assert!(error.to_string().contains(&format!("\"{}\"", error.key())));
        }
    }

    #[test]
    fn a_key_that_is_given_twice_is_refused_in_json_too() {
        let read = serde_json::from_str::<Context>(r#"{ "orderId": "A", "orderId": "B" }"#);
        let error = read.unwrap_err().to_string();
        assert!(error.contains("\"orderId\" is given twice"), "{error}");
    }

    #[test]
    fn values_at_the_limit_pass() {
        let key = format!("a{}", "b".repeat(63));
        assert!(Context::new([(key.clone(), "é".repeat(512))]).is_ok());
        assert!(Context::new([(format!("{key}c"), "v")]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_within_every_limit(
            pairs in proptest::collection::vec((".{0,70}", ".{0,600}"), 0..40)
        ) {
            if let Ok(context) = Context::new(pairs) {
                prop_assert!(context.iter().count() <= MAX_KEYS);
                prop_assert!(context.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>() <= MAX_BYTES);
                for (key, value) in context.iter() {
                    prop_assert!(is_key(key));
                    prop_assert!(value.chars().count() <= MAX_VALUE_CHARS);
                }
                let read: Context = serde_json::from_value(context.to_json()).unwrap();
                prop_assert_eq!(read, context);
            }
        }
    }
}
