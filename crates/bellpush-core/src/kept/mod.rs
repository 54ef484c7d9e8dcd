//! Settings as they are kept, which a newer version may have written: what this one does not know in
//! them is passed over when they are read, and stays when they are written again.
//!
//! What comes in by the API is read strictly instead: there, a field that is not known is a mistake.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

/// Names of a field that says what the fields beside it are.
const KINDS: [&str; 2] = ["type", "action"];
/// Names of a field by which an item of a list is known, also when it has been changed or moved.
const NAMES: [&str; 3] = ["id", "key", "name"];

/// Reads what was kept, without the fields, and the words in lists, that only newer versions know.
///
/// # Errors
/// It is no JSON, or does not fit even so.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    // Nearly always there is nothing to pass over.
    serde_json::from_str(text).or_else(|_| read_value(serde_json::from_str(text)?))
}

/// As [`read`], of a value.
///
/// # Errors
/// As [`read`].
pub fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    read_located(value).map_err(serde_path_to_error::Error::into_inner)
}

/// As [`read_value`]; the error names its place.
pub(crate) fn read_located<T: DeserializeOwned>(
    mut value: Value,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    loop {
        match serde_path_to_error::deserialize(&value) {
            Ok(read) => return Ok(read),
            // Each turn takes something out, so there is an end.
            Err(error) => {
                if !pass_over(&mut value, &error) {
                    return Err(error);
                }
            }
        }
    }
}

/// New settings as they are written over those that are kept: with all that this version does not know
/// in the latter, wherever what it belongs to is still there.
///
/// # Errors
/// As [`read`], for what is kept.
pub fn rewritten<T: Serialize + DeserializeOwned>(
    kept: &str,
    new: &T,
) -> Result<String, serde_json::Error> {
    let kept: Value = serde_json::from_str(kept)?;
    let known = serde_json::to_value(read_value::<T>(kept.clone())?)?;
    let mut new = serde_json::to_value(new)?;
    carry(&kept, &known, &mut new);
    Ok(new.to_string())
}

/// Takes out what an error is about, if that is a field or a word that is not known.
fn pass_over(value: &mut Value, error: &serde_path_to_error::Error<serde_json::Error>) -> bool {
    let text = error.inner().to_string();
    let place = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    let mut place: Vec<String> = place.collect();
    let Some(last) = place.pop() else { return false };
    let parent = place.iter().try_fold(value, |value, key| match value {
        Value::Object(fields) => fields.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    });
    match parent {
        Some(Value::Object(fields)) if text.starts_with("unknown field") => {
            fields.remove(&last).is_some()
        }
        Some(Value::Array(items)) if text.starts_with("unknown variant") => {
            let index = last.parse().ok().filter(|index: &usize| *index < items.len());
            index.is_some_and(|index| items.remove(index).is_string())
        }
        _ => false,
    }
}

/// Brings what is kept and not known into what is new.
pub(crate) fn carry(kept: &Value, known: &Value, new: &mut Value) {
    match (kept, known, new) {
        (Value::Object(kept), Value::Object(known), Value::Object(new))
            if KINDS.iter().all(|kind| known.get(*kind) == new.get(*kind)) =>
        {
            carry_fields(kept, known, new);
        }
        (Value::Array(kept), Value::Array(known), Value::Array(new)) => {
            carry_items(kept, known, new);
        }
        _ => {}
    }
}

fn carry_fields(
    kept: &Map<String, Value>,
    known: &Map<String, Value>,
    new: &mut Map<String, Value>,
) {
    for (name, value) in kept {
        match (known.get(name), new.get_mut(name)) {
            (Some(known), Some(new)) => carry(value, known, new),
            (None, None) if !value.is_null() => {
                new.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
}

/// Whether what is at a place of the new list is what was at a place of the one that is kept.
type Rule<'a> = &'a dyn Fn(usize, usize, &Value) -> bool;

fn carry_items(kept: &[Value], known: &[Value], new: &mut Vec<Value>) {
    if kept.iter().all(Value::is_string) {
        // As many: none was passed over, though a word may be written in another way now.
        if kept.len() <= known.len() {
            return;
        }
        let unknown = kept.iter().filter(|word| !known.contains(word) && !new.contains(word));
        let unknown: Vec<Value> = unknown.cloned().collect();
        new.extend(unknown);
        return;
    }
    if kept.len() != known.len() {
        return;
    }
    let mut left: Vec<usize> = (0..known.len()).collect();
    let same_length = known.len() == new.len();
    let rules: [Rule<'_>; 3] = [
        &|_, at, item| known[at] == *item,
        &|_, at, item| NAMES.iter().any(|name| has_same(name, &known[at], item)),
        &|place, at, _| same_length && place == at,
    ];
    let mut waiting: Vec<usize> = (0..new.len()).collect();
    for rule in rules {
        waiting.retain(|&place| {
            let Some(found) = left.iter().position(|&at| rule(place, at, &new[place])) else {
                return true;
            };
            let at = left.remove(found);
            carry(&kept[at], &known[at], &mut new[place]);
            false
        });
    }
}

fn has_same(name: &str, one: &Value, other: &Value) -> bool {
    one.get(name).is_some_and(|value| !value.is_null() && other.get(name) == Some(value))
}

#[cfg(test)]
mod tests;
