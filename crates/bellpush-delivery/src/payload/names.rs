//! Which names a template may use, by samples of events.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a template assigns itself. In a branch it is not declared for what follows after it, though it is
/// there.
pub(super) fn assigned(source: &str) -> BTreeSet<&str> {
    let statements = source.split("{%").skip(1).filter_map(|rest| rest.split("%}").next());
    let assignments = statements.filter_map(|statement| {
        let words = statement.trim_matches(['-', '+']).trim_start().strip_prefix("set ")?;
        words.split('=').next()
    });
    assignments.flat_map(|names| names.split(',')).map(str::trim).collect()
}

/// Whether one of these events has something of this name, such as `data.duration`.
pub(super) fn is_known(samples: &[Value], name: &str) -> bool {
    samples.iter().any(|sample| leads_somewhere(sample, name))
}

fn leads_somewhere(sample: &Value, name: &str) -> bool {
    let (mut here, context) = (sample, &sample["data"]["context"]);
    for part in name.split('.') {
        // A page gives contexts what keys it likes.
        if std::ptr::eq(here, context) {
            return true;
        }
        here = match here {
            Value::Object(fields) => match fields.get(part) {
                Some(next) => next,
                None => return false,
            },
            // What is in it depends on the event.
            Value::Null | Value::Array(_) => return true,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => return false,
        };
    }
    true
}
