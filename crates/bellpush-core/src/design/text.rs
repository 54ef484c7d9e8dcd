//! Words: the widget's own, or the design's by language.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

use super::text_keys::TextKey;

/// The design's own words, by language.
pub type Own = BTreeMap<String, String>;

/// A text: the name of one of the widget's own, which is there in all of its languages, or the
/// design's own words by language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Text {
    /// One of the widget's own.
    Widget(TextKey),
    /// The design's own.
    Own(Own),
}

impl Text {
    /// The design's own words in one language, without those of the widget.
    #[must_use]
    pub fn own(&self, language: &str) -> Option<&str> {
        match self {
            Self::Widget(_) => None,
            Self::Own(own) => own.get(language).map(String::as_str),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(key) => key.parse().map(Self::Widget).map_err(D::Error::custom),
            Value::Object(own) => own
                .into_iter()
                .map(|(language, words)| match words {
                    Value::String(words) => Ok((language, words)),
                    _ => Err(D::Error::custom(format!("the words in {language:?} are no text"))),
                })
                .collect::<Result<_, _>>()
                .map(Self::Own),
            _ => Err(D::Error::custom(
                "write the name of one of the widget's texts, or own words by language, like \
                 {\"en\": \"Call us\"}",
            )),
        }
    }
}

/// Words with marks and links, by language.
pub type RichText = BTreeMap<String, Vec<Span>>;

/// A piece of a paragraph in one look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The words.
    pub text: String,
    /// Whether they are bold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Whether they are italic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// Where they lead: `https:`, `mailto:` or `tel:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}
