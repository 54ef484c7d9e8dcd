//! Rehearsals: for some minutes, an integration's endpoint or a profile's far side fails for previews,
//! so that retries, breaker and alerts are seen before the night they are needed.
//!
//! Real traffic never meets one: whoever asks here has to say whether it is a preview, and nothing is
//! simulated for what is not. A rehearsal ends at its time, by itself: who knows the present knows
//! whether it still runs.

mod endpoint;
mod settings;

use serde::{Deserialize, Serialize};

use crate::{
    events::{ErrorCode, EventTime},
    ids::{DestinationId, IntegrationId, RehearsalId},
};

pub use endpoint::{EndpointFault, RETRY_AFTER_SECONDS, SimulatedAnswer};
pub use settings::{RehearsalSettings, SECONDS};

/// After its end, a rehearsal's breaker is kept for so long, unless it closes before: for the probes
/// that show the recovery.
pub const RECOVERY_MS: i64 = 10 * 60 * 1_000;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The endpoint answers 500.
    ServerError,
    /// The endpoint does not answer, until the attempt's time is over.
    Hanging,
    /// The endpoint answers 429, and asks to be left alone for a while.
    RateLimited,
    /// The far side is busy (486).
    TrunkBusy,
    /// The trunk takes no call (503).
    TrunkUnavailable,
    /// The visitor does not let the widget have the microphone.
    MicrophoneDenied,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ServerError,
        Self::Hanging,
        Self::RateLimited,
        Self::TrunkBusy,
        Self::TrunkUnavailable,
        Self::MicrophoneDenied,
    ];

    /// The fault as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerError => "server_error",
            Self::Hanging => "hanging",
            Self::RateLimited => "rate_limited",
            Self::TrunkBusy => "trunk_busy",
            Self::TrunkUnavailable => "trunk_unavailable",
            Self::MicrophoneDenied => "microphone_denied",
        }
    }

    /// What an endpoint does then; `None` when it is a fault of calls.
    #[must_use]
    pub const fn of_endpoint(self) -> Option<EndpointFault> {
        match self {
            Self::ServerError => Some(EndpointFault::ServerError),
            Self::Hanging => Some(EndpointFault::Hanging),
            Self::RateLimited => Some(EndpointFault::RateLimited),
            Self::TrunkBusy | Self::TrunkUnavailable | Self::MicrophoneDenied => None,
        }
    }

    /// What happens to a call then; `None` when it is a fault of endpoints.
    #[must_use]
    pub const fn of_call(self) -> Option<CallFault> {
        match self {
            Self::TrunkBusy => Some(CallFault::Refused { status: 486 }),
            Self::TrunkUnavailable => Some(CallFault::Refused { status: 503 }),
            Self::MicrophoneDenied => Some(CallFault::MicrophoneDenied),
            Self::ServerError | Self::Hanging | Self::RateLimited => None,
        }
    }

    /// The error that a preview's call ends with; `None` when it is a fault of endpoints.
    #[must_use]
    pub const fn error_code(self) -> Option<ErrorCode> {
        match self {
            Self::TrunkBusy => Some(ErrorCode::DestinationBusy),
            Self::TrunkUnavailable => Some(ErrorCode::DestinationUnreachable),
            Self::MicrophoneDenied => Some(ErrorCode::MicrophoneDenied),
            Self::ServerError | Self::Hanging | Self::RateLimited => None,
        }
    }
}

/// What happens to a preview's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// The far side refuses it with this status of SIP.
    Refused {
        /// The status.
        status: u16,
    },
    /// It never begins: the microphone is denied.
    MicrophoneDenied,
}

/// What a rehearsal is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// An integration: its endpoint fails.
    Integration(IntegrationId),
    /// A profile: its calls fail.
    Profile(DestinationId),
}

/// A rehearsal that was begun and not ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running<F> {
    /// Its id.
    pub id: RehearsalId,
    /// What goes wrong.
    pub fault: F,
    /// When it ends by itself.
    pub ends_at: EventTime,
}

impl<F: Copy> Running<F> {
    /// What goes wrong at a time; `None` after its end, and ever for what is no preview.
    #[must_use]
    pub fn fault_for(&self, preview: bool, at: EventTime) -> Option<F> {
        (preview && at < self.ends_at).then_some(self.fault)
    }
}

#[cfg(test)]
mod tests;
