//! Fields of forms, and what visitors write into them.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::text::Text;
use crate::{
    FieldError,
    app::{is_email, is_phone_number},
};

/// What a visitor wrote, by the fields' names.
pub type FormValues = BTreeMap<String, String>;

/// Characters of one value, at most.
pub(super) const MAX_VALUE_CHARS: u16 = 2_000;
/// Bytes that a pattern may take when it is compiled.
const PATTERN_BYTES: usize = 64 * 1024;

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// Names the value: a letter, then up to 63 letters, digits, `_`, `.` or `-`; once in the form.
    pub name: String,
    /// What kind of value it takes.
    pub kind: FieldKind,
    /// Above it: up to 300 characters.
    pub label: Text,
    /// Small words under it: up to 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
    /// Whether it has to be filled in; a checkbox, ticked.
    #[serde(default)]
    pub required: bool,
    /// Characters of the value, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 2000)))]
    pub min_length: Option<u16>,
    /// Characters of the value, at most: up to 2,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2000)))]
    pub max_length: Option<u16>,
    /// A regular expression for the whole value, of `text` fields: up to 300 characters, without
    /// look-around and back references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What can be chosen, of `select` fields: 1 to 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<FieldOption>,
}

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// One of its options.
    Select,
    /// `true` when it is ticked, and empty or left out when it is not.
    Checkbox,
    /// Several lines.
    Textarea,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldOption {
    /// The value: 1 to 200 characters, once in the field.
    pub value: String,
    /// What the visitor reads: up to 300 characters.
    pub label: Text,
}

/// Whether a pattern is one: also by itself, or it could end the group that it is put into.
pub(super) fn try_pattern(pattern: &str) -> Result<(), String> {
    regex(pattern).and_then(|_| compile(pattern)).map(drop)
}

/// The pattern as it is matched: against the whole value, in time that grows with its length alone.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    regex(&format!("^(?:{pattern})$"))
}

fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        _ => "the pattern is no regular expression without look-around and back references"
            .to_owned(),
    })
}

impl Field {
    /// Whether this value can be in the field, of a form whose field is shown.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    fn check(&self, value: &str) -> Result<(), String> {
        let name = &self.name;
        let empty = value.trim().is_empty();
        if empty {
            return match self.required {
                true => Err(format!("{name:?} has to be filled in")),
                false => Ok(()),
            };
        }
        let chars = value.chars().count();
        let most = self.max_length.unwrap_or(MAX_VALUE_CHARS);
        if chars > usize::from(most) {
            return Err(format!("{name:?} has at most {most} characters"));
        }
        if let Some(least) = self.min_length.filter(|least| chars < usize::from(*least)) {
            return Err(format!("{name:?} has at least {least} characters"));
        }
        let (good, wanted) = match self.kind {
            FieldKind::Text => (!value.contains(['\n', '\r']), "is one line"),
            FieldKind::Textarea => (true, ""),
            FieldKind::Email => (is_email(value), "is one e-mail address like help@shop.example"),
            FieldKind::Phone => (is_phone_number(value), "is a phone number like +1 555 0100"),
            FieldKind::Select => {
                (self.options.iter().any(|option| option.value == value), "is one of the options")
            }
            FieldKind::Checkbox => (value == "true", "is true, or left out"),
        };
        if !good {
            return Err(format!("{name:?} {wanted}"));
        }
        let matches =
            |pattern: &String| compile(pattern).is_ok_and(|pattern| pattern.is_match(value));
        if !self.pattern.as_ref().is_none_or(matches) {
            return Err(format!("{name:?} has not the form that the field wants"));
        }
        Ok(())
    }
}

/// Checks values against fields of which some may not have been shown.
///
/// # Errors
/// The first value that is missing, wrong or of no field, by a pointer into the values.
pub(super) fn check_values<'a>(
    fields: impl Iterator<Item = (&'a Field, Option<bool>)>,
    values: &FormValues,
) -> Result<(), FieldError> {
    let mut known = Vec::new();
    for (field, shown) in fields {
        let value = values.get(&field.name).map_or("", String::as_str);
        // What may have been hidden has to be right only when it is there.
        if shown == Some(false) || (shown.is_none() && value.trim().is_empty()) {
            continue;
        }
        known.push(field.name.as_str());
        field.check(value).map_err(|message| FieldError::new(pointer(&field.name), message))?;
    }
    match values.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let shown: String = name.chars().take(64).collect();
            let message = format!("the form has no field {shown:?}");
            Err(FieldError::new(pointer(&shown), message))
        }
        None => Ok(()),
    }
}

/// A name as a JSON pointer (RFC 6901).
pub(super) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
