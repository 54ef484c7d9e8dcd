//! Bounds of unsigned numbers: their formats (`u-int8`, …) mean nothing to most clients.

use serde_json::Value;

/// Writes the greatest number of an unsigned format where no other bound is given, and leaves the
/// format out.
pub(super) fn bound(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Object(fields) => {
            let greatest: Option<u64> = match fields.get("format").and_then(Value::as_str) {
                Some("u-int8") => Some(u8::MAX.into()),
                Some("u-int16") => Some(u16::MAX.into()),
                Some("u-int32") => Some(u32::MAX.into()),
                Some("u-int64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(greatest) = greatest {
                fields.remove("format");
                fields.entry("maximum").or_insert_with(|| greatest.into());
            }
            fields.values_mut().for_each(bound);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
