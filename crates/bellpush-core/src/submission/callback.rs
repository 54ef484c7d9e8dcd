//! Why visitors ask to be called back.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::{
    context::Context,
    events::{CALLBACK_REQUESTED, Envelope, EventTime},
    ids::CallbackId,
    lifecycle::State,
};

/// Why a visitor asks to be called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallbackReason {
    /// It is outside business hours.
    Closed,
    /// The far side was busy.
    Busy,
    /// Nobody took the call.
    Unanswered,
    /// The far side could not be reached.
    Unreachable,
    /// Another one.
    Other,
}

impl CallbackReason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Busy, Self::Unanswered, Self::Unreachable, Self::Other];

    /// The reason as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Busy => "busy",
            Self::Unanswered => "unanswered",
            Self::Unreachable => "unreachable",
            Self::Other => "other",
        }
    }

    /// The states in which a widget asks for this reason.
    #[must_use]
    pub const fn states(self) -> &'static [State] {
        match self {
            Self::Closed => &[State::Closed],
            Self::Busy | Self::Unanswered | Self::Unreachable => &[State::Error],
            Self::Other => &[State::Ended, State::Error],
        }
    }
}

/// The event that tells of a request to be called back: which and why, but nothing that the visitor
/// filled in.
#[must_use]
pub fn callback_envelope(
    request_id: CallbackId,
    reason: CallbackReason,
    context: &Context,
    preview: bool,
    timestamp: EventTime,
) -> Envelope {
    let mut data = Map::new();
    data.insert("requestId".to_owned(), request_id.to_string().into());
    data.insert("reason".to_owned(), reason.as_str().into());
    data.insert("context".to_owned(), context.to_json());
    if preview {
        data.insert("isPreview".to_owned(), true.into());
    }
    Envelope { name: CALLBACK_REQUESTED.to_owned(), data, timestamp }
}
