//! What is said of a file that can't be read.

use figment::error::{Error, Kind};

/// Why options can't be read. Never with what stands in the file: it may be a secret.
pub(super) fn why(error: &Error) -> String {
    let why = match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("expected {expected}")
        }
        // Of a file that is no TOML: where. What follows shows the line.
        Kind::Message(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    if error.path.is_empty() { why } else { format!("{}: {why}", error.path.join(".")) }
}
