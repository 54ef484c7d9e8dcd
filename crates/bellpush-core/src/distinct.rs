//! Sets that are written as lists, as JSON has no other form for them.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, de::Error};

/// Reads a list that names nothing twice. Without this, what is there twice would be dropped without a
/// word, and a limit of items would hold only for those that are left.
pub(crate) fn distinct<'de, D, T>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Ord,
{
    let items = Vec::<T>::deserialize(deserializer)?;
    let count = items.len();
    let set: BTreeSet<T> = items.into_iter().collect();
    if set.len() < count {
        return Err(D::Error::custom("name each one once"));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{alerts::AlertRuleSettings, integration::IntegrationSettings};

    #[test]
    fn what_is_there_twice_is_refused() {
        let integration = |more: Value| {
            let mut settings = json!({ "name": "CRM", "url": "https://crm.example/" });
            settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<IntegrationSettings>(settings)
        };
        assert!(integration(json!({ "events": ["a.b", "a.c"], "signatures": ["v1"] })).is_ok());
        assert!(integration(json!({ "events": ["a.b", "a.b"] })).is_err());
        assert!(integration(json!({ "signatures": ["v1", "v1"] })).is_err());
        let rule = |more: Value| {
            let mut settings = json!({ "name": "Errors", "kind": "call_errors" });
            settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<AlertRuleSettings>(settings)
        };
        assert!(rule(json!({ "emails": ["a@b.example"], "errorCodes": ["media_failed"] })).is_ok());
        assert!(rule(json!({ "emails": ["a@b.example", "a@b.example"] })).is_err());
        assert!(rule(json!({ "errorCodes": ["media_failed", "media_failed"] })).is_err());
    }
}
