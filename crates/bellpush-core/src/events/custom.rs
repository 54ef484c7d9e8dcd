//! What custom events may be: their names and their size.

use super::EventName;

/// The form of a custom event's name, as a regular expression.
pub const CUSTOM_NAME_PATTERN: &str = "^[a-z][a-z0-9_]{0,63}$";

crate::schema::forms! {
    /// The name of an event, of the catalogue or a custom one.
    pub AnyEventName: text().pattern(Some(CUSTOM_NAME_PATTERN)).examples(["call_ended"]);
}

/// Bytes of a custom event's data as JSON, without its context, at most.
pub const MAX_CUSTOM_DATA_BYTES: usize = 8 * 1024;

/// Whether a text can name a custom event: [`CUSTOM_NAME_PATTERN`], and not one of the catalogue.
#[must_use]
pub fn is_custom_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && text.parse::<EventName>().is_err()
}

/// The name of the custom event that tells of a visitor who asked to be called back. The server makes
/// it, and nobody else may.
pub const CALLBACK_REQUESTED: &str = "callback_requested";

/// The name of the event that tells of an alert. The server makes it, and nobody else may.
pub const ALERT_FIRED: &str = "alert_fired";

/// The name of the event that tells that an alert is over. The server makes it, and nobody else may.
pub const ALERT_RECOVERED: &str = "alert_recovered";

/// Whether it is the name of a custom event that the server alone makes.
#[must_use]
pub fn is_server_name(text: &str) -> bool {
    [CALLBACK_REQUESTED, ALERT_FIRED, ALERT_RECOVERED].contains(&text)
}

/// Whether a text can name a custom event of anybody's own.
#[must_use]
pub fn is_free_name(text: &str) -> bool {
    is_custom_name(text) && !is_server_name(text)
}
