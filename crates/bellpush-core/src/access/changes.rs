//! What a change has changed, field by field, for the audit trail.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Changes that are listed of one act, at most.
const MAX_CHANGES: usize = 100;
/// Characters of a value that are kept, at most.
const MAX_VALUE_CHARS: usize = 500;

/// One field that has another value now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// Where: a JSON pointer into the settings.
    pub field: String,
    /// The value before; absent where there was none, and of secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value now; absent where there is none any more, and of secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl Change {
    /// Of a secret no more is said than that it changed.
    #[must_use]
    pub fn of_secret(field: &str) -> Self {
        Self { field: field.into(), before: None, after: None }
    }

    /// The differences between two values; `Null` stands for nothing there. Lists are compared as a
    /// whole. Long texts are cut, and beyond a hundred differences no more are listed.
    #[must_use]
    pub fn between(before: &Value, after: &Value) -> Vec<Self> {
        let mut changes = Vec::new();
        compare(String::new(), before, after, &mut changes);
        changes
    }
}

fn compare(field: String, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    if before == after || changes.len() >= MAX_CHANGES {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (&object(before), &object(after)) else {
        changes.push(Change { field, before: kept(before), after: kept(after) });
        return;
    };
    let added = new.keys().filter(|name| !old.contains_key(*name));
    for name in old.keys().chain(added) {
        let field = format!("{field}/{}", name.replace('~', "~0").replace('/', "~1"));
        let value = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned();
        let (before, after) = (value(old).unwrap_or_default(), value(new).unwrap_or_default());
        compare(field, &before, &after, changes);
    }
}

/// Something that was made or deleted is compared with an empty object.
fn object(value: &Value) -> Value {
    if value.is_null() { Value::Object(serde_json::Map::new()) } else { value.clone() }
}

fn kept(value: &Value) -> Option<Value> {
    let cut = |text: &str| text.chars().take(MAX_VALUE_CHARS).collect::<String>() + "…";
    match value {
        Value::Null => None,
        Value::String(text) if text.chars().count() > MAX_VALUE_CHARS => Some(cut(text).into()),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            let is_long = text.chars().count() > MAX_VALUE_CHARS;
            Some(if is_long { cut(&text).into() } else { value.clone() })
        }
        _ => Some(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(before: Value, after: Value) -> Value {
        serde_json::to_value(Change::between(&before, &after)).unwrap()
    }

    #[test]
    fn a_change_names_the_field_and_both_values() {
        let before = json!({ "name": "Shop", "code": { "head": "", "body": "x" }, "origins": [] });
        let after =
            json!({ "name": "Shop", "code": { "head": "y", "body": "x" }, "origins": ["a"] });
        let expected = json!([
            { "field": "/code/head", "before": "", "after": "y" },
            { "field": "/origins", "before": [], "after": ["a"] },
        ]);
        assert_eq!(written(before, after), expected);
        assert_eq!(written(json!({ "a": 1 }), json!({ "a": 1 })), json!([]));
    }

    #[test]
    fn what_is_made_or_deleted_is_listed_whole() {
        let made = json!([{ "field": "/a~1b", "after": 1 }, { "field": "/c/d", "after": true }]);
        assert_eq!(written(Value::Null, json!({ "a/b": 1, "c": { "d": true }, "e": null })), made);
        let gone = json!([{ "field": "/a", "before": 1 }]);
        assert_eq!(written(json!({ "a": 1 }), Value::Null), gone);
    }

    #[test]
    fn long_texts_and_many_changes_are_cut() {
        let changes = Change::between(&json!({}), &json!({ "text": "x".repeat(9_000) }));
        assert_eq!(changes[0].after.as_ref().unwrap().as_str().unwrap().chars().count(), 501);
        let many: Value = (0..900).map(|number| (format!("f{number}"), json!(1))).collect();
        assert_eq!(Change::between(&Value::Null, &many).len(), MAX_CHANGES);
    }
}
