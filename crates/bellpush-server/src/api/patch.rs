//! Changes of settings, as all resources take them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::http::{body::parse_value, problem::Problem};

/// Settings with a merge patch (RFC 7396) put over them. A field that is taken away by `null` gets
/// its default.
///
/// # Errors
/// 422 with the place as a pointer.
pub(super) fn patched<T: Serialize + DeserializeOwned>(
    present: &T,
    patch: &Value,
) -> Result<T, Problem> {
    if !patch.is_object() {
        return Err(Problem::invalid("send an object with the fields to change"));
    }
    let mut merged = serde_json::to_value(present)
        .map_err(|_| Problem::internal("the present settings can't be read"))?;
    json_patch::merge(&mut merged, patch);
    parse_value(merged)
}

#[cfg(test)]
mod tests {
    use bellpush_core::app::AppSettings;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_replaces_what_it_names_and_null_resets() {
        let mut present = AppSettings::named("Shop");
        present.language = "de".into();
        present.custom_code.head = "<!-- head -->".into();
        let patch = json!({ "name": "New", "language": null, "customCode": { "body": "b" } });
        let settings = patched(&present, &patch).unwrap();
        assert_eq!((settings.name.as_str(), settings.language.as_str()), ("New", "en"));
        assert_eq!(settings.custom_code.head, "<!-- head -->");
        assert_eq!(settings.custom_code.body, "b");
    }
}
