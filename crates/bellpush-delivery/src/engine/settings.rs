//! How the engine works, and what it leaves behind.

use bellpush_core::trace::Tracer;

use crate::{
    breaker::BreakerPolicy,
    client::ClientSettings,
    scheduler::{Limits, RetrySchedule},
};

use super::tenure::Tenure;

/// How the engine works. The default is what operators get who set nothing.
#[derive(Debug, Clone, Default)]
pub struct DeliverySettings {
    /// How much at once, in memory and in flight.
    pub limits: Limits,
    /// When a failed delivery is tried again.
    pub schedule: RetrySchedule,
    /// When an integration is left alone for a while.
    pub breaker: BreakerPolicy,
    /// How requests are sent.
    pub client: ClientSettings,
    /// What makes the spans of attempts, where events are traced.
    pub tracer: Option<Tracer>,
    /// Which deliveries are this process's, and for how long.
    pub tenure: Tenure,
}

/// What [`DeliveryEngine::shut_down`] left behind. All of it is on disk as pending and is sent
/// again, with the same ids, by the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShutDown {
    /// Attempts that had no end in time.
    pub unfinished: usize,
    /// Attempts that ended but could not be recorded in time.
    pub unrecorded: usize,
}
