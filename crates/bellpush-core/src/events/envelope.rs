//! The envelope that all three audiences receive, and the event around it that the server keeps.

use std::{fmt, str::FromStr};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ids::{AppId, CallId, EventId, SessionId},
    trace_context::TraceParent,
};

/// A text that is not a time in ISO 8601.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time like 2026-03-01T09:30:00.000Z")]
pub struct InvalidTime(String);

/// An instant with millisecond precision, written in ISO 8601, in UTC, always with three decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventTime(Timestamp);

impl EventTime {
    /// Cuts an instant to its millisecond.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let cut = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
        Self(at.round(cut).unwrap_or(at))
    }

    /// From milliseconds since the Unix epoch; `None` outside the years that a timestamp can hold.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The instant.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl fmt::Debug for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

crate::schema::described! {
    EventTime: text()
        .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
            utoipa::openapi::KnownFormat::DateTime,
        )))
        .examples(["2026-03-01T09:30:00.000Z"]);
}

impl FromStr for EventTime {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        text.parse::<Timestamp>()
            .map(Self::new)
            .map_err(|_| InvalidTime(text.chars().take(64).collect()))
    }
}

impl Serialize for EventTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What every audience receives: three fields, never another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The event's name: one of the catalogue, or a custom event's.
    pub name: String,
    /// The event's own fields, always with `context`.
    pub data: Map<String, Value>,
    /// When it happened.
    pub timestamp: EventTime,
}

/// An envelope with what the server knows of it. Only the envelope is ever the body of a message;
/// the rest travels in headers, in the wrapper of a window message, or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's identity at all three places.
    pub id: EventId,
    /// The app it belongs to.
    pub app_id: AppId,
    /// The widget session it happened in.
    pub session_id: SessionId,
    /// The call it belongs to, if any.
    pub call_id: Option<CallId>,
    /// Whether it comes from a preview; such an event goes to no integration that does not ask
    /// for previews.
    pub preview: bool,
    /// The span that the request named which brought it, where events are traced.
    pub trace_parent: Option<TraceParent>,
    /// What receivers see.
    pub envelope: Envelope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_millisecond_precision_and_ends_in_z() {
        let time: EventTime = "2026-03-01T10:30:00.123999+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-03-01T09:30:00.123Z");
        assert_eq!(EventTime::from_millis(time.millis()), Some(time));
        assert_eq!(EventTime::from_millis(0).unwrap().to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_envelope_has_three_fields_and_no_other() {
        let text = r#"{"name":"x","data":{"context":{}},"timestamp":"2026-03-01T09:30:00.000Z"}"#;
        let envelope: Envelope = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&envelope).unwrap(), text);
        let more = text.replace("\"name\"", "\"id\":1,\"name\"");
        assert!(serde_json::from_str::<Envelope>(&more).is_err());
    }
}
