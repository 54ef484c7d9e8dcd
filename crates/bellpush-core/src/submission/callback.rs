//! Why visitors ask to be called back.

use serde::{Deserialize, Serialize};

use crate::lifecycle::State;

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
