//! Texts with places for what is known of a call: `{form.name}`, `{context.orderId}`,
//! `{routingKey}`. A place whose value is not known stays empty. `{{` and `}}` are braces.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Characters of a template, at most.
const MAX_CHARS: usize = 500;
/// Characters of a form field's or context key's name, at most.
const MAX_NAME_CHARS: usize = 64;
/// A template as a regular expression.
const PATTERN: &str = r"^([^{}\x00-\x1f\x7f-\x9f]|\{\{|\}\}|\{(routingKey|(form|context)\.[^{}\x00-\x1f\x7f-\x9f]{1,64})\})*$";

crate::schema::described! {
    Template: text_of(0, MAX_CHARS).pattern(Some(PATTERN)).examples(["{form.name}"]);
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A place that names nothing known.
    #[error(
        "{{{0}}} is not known; use {{form.name}}, {{context.key}} or {{routingKey}}, and {{{{ for a \
         brace"
    )]
    UnknownPlace(String),
    /// A brace without its other half.
    #[error("a {{ without its }} (or the other way round); write {{{{ or }}}} for a brace")]
    Unbalanced,
    /// Over [`MAX_CHARS`].
    #[error("a template has at most {MAX_CHARS} characters")]
    TooLong,
    /// A line break or another control character.
    #[error("a template has no line breaks or other control characters")]
    Control,
}

/// What the places of templates stand for.
pub trait TemplateValues {
    /// What the visitor wrote into this field of the form.
    fn form(&self, field: &str) -> Option<&str>;
    /// The value of this key of the context.
    fn context(&self, key: &str) -> Option<&str>;
    /// The session's routing key.
    fn routing_key(&self) -> Option<&str>;
}

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Form(String),
    Context(String),
    RoutingKey,
}

impl Template {
    /// The text with its places filled in, without control characters, which have no place in a
    /// signalling header.
    #[must_use]
    pub fn render(&self, values: &impl TemplateValues) -> String {
        let text: String = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Form(field) => values.form(field).unwrap_or_default(),
                Part::Context(key) => values.context(key).unwrap_or_default(),
                Part::RoutingKey => values.routing_key().unwrap_or_default(),
            })
            .collect();
        text.replace(char::is_control, " ").trim().to_owned()
    }
}

impl Template {
    /// The fields of the form that it has places for.
    pub fn form_fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Form(field) => Some(field.as_str()),
            _ => None,
        })
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.chars().count() > MAX_CHARS {
            return Err(TemplateError::TooLong);
        }
        if text.contains(char::is_control) {
            return Err(TemplateError::Control);
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let (name, after) = brace
                    .strip_prefix('{')
                    .and_then(|inner| inner.split_once('}'))
                    .filter(|(name, _)| !name.contains('{'))
                    .ok_or(TemplateError::Unbalanced)?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::read(name)?);
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { written: text.to_owned(), parts })
    }
}

impl Part {
    fn read(name: &str) -> Result<Self, TemplateError> {
        let named = |of: &str| {
            let name = name.strip_prefix(of)?;
            (1..=MAX_NAME_CHARS).contains(&name.chars().count()).then(|| name.to_owned())
        };
        if name == "routingKey" {
            return Ok(Self::RoutingKey);
        }
        named("form.")
            .map(Self::Form)
            .or_else(|| named("context.").map(Self::Context))
            .ok_or_else(|| TemplateError::UnknownPlace(name.chars().take(MAX_NAME_CHARS).collect()))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::tests::assert_same_language;

    struct Ada;

    impl TemplateValues for Ada {
        fn form(&self, field: &str) -> Option<&str> {
            (field == "name").then_some("Ada {context.orderId}\r\nVia: x")
        }

        fn context(&self, key: &str) -> Option<&str> {
            (key == "orderId").then_some("A-1")
        }

        fn routing_key(&self) -> Option<&str> {
            None
        }
    }

    fn render(template: &str) -> String {
        template.parse::<Template>().unwrap().render(&Ada)
    }

    #[test]
    fn the_pattern_says_what_the_rule_says() {
        let reads = |text: &str| text.parse::<Template>().is_ok();
        let texts = r"([{}]|form\.|context\.|routingKey|[a-z \n\x{85}]){0,7}";
        assert_same_language(PATTERN, 0..=MAX_CHARS, texts, reads);
    }

    #[test]
    fn places_are_filled_once_and_what_is_unknown_stays_empty() {
        assert_eq!(render("Order {context.orderId}"), "Order A-1");
        assert_eq!(render("[{context.none}{routingKey}]"), "[]");
        assert_eq!(render("{{{context.orderId}}}"), "{A-1}");
        // What a visitor writes is no template, and no further line.
        assert_eq!(render("{form.name}"), "Ada {context.orderId}  Via: x");
        assert_eq!(render(""), "");
    }

    #[test]
    fn what_has_no_meaning_is_refused_when_it_is_saved() {
        let read = |text: &str| text.parse::<Template>().unwrap_err();
        assert_eq!(read("{name}"), TemplateError::UnknownPlace("name".into()));
        assert_eq!(read("{form.}"), TemplateError::UnknownPlace("form.".into()));
        for text in ["{", "}", "a{context.b", "a}b", "{{}", "{a{b}}"] {
            assert_eq!(read(text), TemplateError::Unbalanced, "{text}");
        }
        assert_eq!(read("a\nb"), TemplateError::Control);
        assert_eq!(read(&"x".repeat(501)), TemplateError::TooLong);
    }

    proptest! {
        #[test]
        fn a_template_reads_back_as_it_was_written_and_renders_to_one_line(text in "[{}a.-z ]{0,30}|\\PC{0,30}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string(), text);
                prop_assert!(!template.render(&Ada).contains(char::is_control));
            }
        }
    }
}
