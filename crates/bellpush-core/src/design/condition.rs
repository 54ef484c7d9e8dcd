//! When a block is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::context::Context;

/// When a block is shown: when everything that is given here holds. A block without a condition is
/// always shown in its state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Condition {
    /// Only while calls are taken, or only while none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Only for visitors with one of these languages; `pt` stands for `pt-BR`, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Only when the context has these values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// Only when the context has these keys, with any value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context_has: Vec<String>,
}

/// What conditions look at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Whether calls are taken; `None` when that is not known any more.
    pub open: Option<bool>,
    /// The visitor's language; `None` when the widget does not say.
    pub language: Option<&'a str>,
    /// The session's context.
    pub context: &'a Context,
}

impl Condition {
    /// Whether it holds; `None` when that can't be said.
    #[must_use]
    pub fn holds(&self, view: View<'_>) -> Option<bool> {
        let context = self.context.iter().all(|(key, value)| view.context.get(key) == Some(value))
            && self.context_has.iter().all(|key| view.context.get(key).is_some());
        let open = match (self.open, view.open) {
            (Some(wanted), Some(open)) => Some(wanted == open),
            (Some(_), None) => None,
            (None, _) => Some(true),
        };
        let language = match view.language {
            _ if self.languages.is_empty() => Some(true),
            Some(tag) => Some(self.languages.iter().any(|wanted| speaks(tag, wanted))),
            None => None,
        };
        match (context, open, language) {
            (false, _, _) | (_, Some(false), _) | (_, _, Some(false)) => Some(false),
            (true, Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}

/// Whether a tag is the wanted one, or a narrower one.
fn speaks(tag: &str, wanted: &str) -> bool {
    let (tag, wanted) = (tag.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    tag == wanted || tag.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('-'))
}
