//! What an attempt gets that is not sent.

use std::time::Duration;

use crate::delivery::FailureClass;

/// Seconds for which a simulated 429 asks to be left alone.
pub const RETRY_AFTER_SECONDS: u64 = 20;

/// How an endpoint fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointFault {
    /// It answers 500.
    ServerError,
    /// It does not answer.
    Hanging,
    /// It answers 429 with `Retry-After`.
    RateLimited,
}

/// What an attempt ends with that is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatedAnswer {
    /// How long it takes.
    pub after: Duration,
    /// The answer's status, if there is an answer.
    pub status: Option<u16>,
    /// Why it fails.
    pub failure: FailureClass,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What the delivery log shows.
    pub detail: &'static str,
}

impl EndpointFault {
    /// What an attempt ends with whose time is this.
    #[must_use]
    pub const fn answer(self, timeout: Duration) -> SimulatedAnswer {
        match self {
            Self::ServerError => SimulatedAnswer {
                after: Duration::ZERO,
                status: Some(500),
                failure: FailureClass::Status,
                retry_after: None,
                detail: "rehearsal: answered 500, nothing was sent",
            },
            Self::Hanging => SimulatedAnswer {
                after: timeout,
                status: None,
                failure: FailureClass::TimedOut,
                retry_after: None,
                detail: "rehearsal: no answer in time, nothing was sent",
            },
            Self::RateLimited => SimulatedAnswer {
                after: Duration::ZERO,
                status: Some(429),
                failure: FailureClass::Status,
                retry_after: Some(Duration::from_secs(RETRY_AFTER_SECONDS)),
                detail: "rehearsal: answered 429, nothing was sent",
            },
        }
    }
}
