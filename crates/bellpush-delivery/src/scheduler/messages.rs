//! What goes into the scheduler and what comes out of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{
        AttemptRecord, DeliveryKey, DisableReason, FailureClass, Outage, PendingDelivery, Seq,
        exchange::Exchange,
    },
    events::EventTime,
    ids::{AppId, IntegrationId, RehearsalId},
    rehearsal::{EndpointFault, Running},
};

use crate::breaker::BreakerState;

/// How much the scheduler holds and starts at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Attempts in flight at one integration, at most.
    pub in_flight_per_integration: usize,
    /// Attempts in flight that each integration may have whatever the others do. At least 1.
    pub reserved_per_integration: usize,
    /// Attempts in flight beyond their reserves, of all integrations together.
    pub shared: usize,
    /// Attempts that ended and are not on disk yet; no new attempt begins beyond it.
    pub unrecorded: usize,
    /// Deliveries that could go at once, kept in memory for one integration; more stay on disk.
    pub window: usize,
    /// Deliveries in memory for one integration in all: the window, those that wait for their
    /// retry, and those that wait for an earlier one of their call.
    pub buffered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_per_integration: 32,
            reserved_per_integration: 4,
            shared: 512,
            unrecorded: 4_096,
            window: 1_024,
            buffered: 16_384,
        }
    }
}

/// The present, on two clocks: what is decided here is timed by the steady one, so that a jump of
/// the wall clock moves nothing; what is written down is timed by the wall's.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The steady clock.
    pub at: Instant,
    /// The wall clock.
    pub wall: EventTime,
}

/// An active integration, as far as the scheduler needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointRules {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its app.
    pub app_id: AppId,
    /// Whether the events of one call are sent one after the other, in their order.
    pub ordered: bool,
    /// The outage that an earlier process left on disk. Counts when the integration is not known
    /// yet, or was inactive.
    pub outage: Option<Outage>,
    /// The rehearsal that runs for its previews.
    pub rehearsal: Option<Running<EndpointFault>>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReport {
    /// When it began.
    pub started_at: EventTime,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed; `None` for a success.
    pub failure: Option<FailureClass>,
    /// What the endpoint or the transport said.
    pub detail: String,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What was sent, where that is kept.
    pub exchange: Option<Box<Exchange>>,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// These are all active integrations now.
    EndpointsChanged(Vec<EndpointRules>),
    /// These deliveries are on disk now, in the order of the log.
    New(Vec<PendingDelivery>),
    /// There are deliveries on disk that did not come as [`Input::New`].
    Missed,
    /// Deliveries of this integration that had ended are pending on disk again.
    Replayed(IntegrationId),
    /// There may be deliveries on disk, new ones or replayed, of which nothing was said.
    Look,
    /// What [`Action::Load`] asked for.
    Loaded {
        /// For which integration.
        integration_id: IntegrationId,
        /// In ascending order of `seq`.
        deliveries: Vec<PendingDelivery>,
        /// Whether there was no more.
        exhausted: bool,
    },
    /// What [`Action::Attempt`] asked for has ended.
    Finished {
        /// Of which delivery.
        key: DeliveryKey,
        /// How.
        report: AttemptReport,
    },
    /// What [`Action::Record`] asked for is on disk.
    Recorded(Vec<DeliveryKey>),
    /// The endpoint was changed or repaired: forget its failures.
    ResetBreaker(IntegrationId),
    /// The deadline of the scheduler has come.
    Tick,
}

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Send this delivery; answer with [`Input::Finished`].
    Attempt {
        /// What to send.
        delivery: Arc<PendingDelivery>,
        /// Which attempt it is, from 1.
        number: u32,
        /// What to answer with instead of sending it: it is of a preview that a rehearsal meets.
        simulated: Option<EndpointFault>,
    },
    /// Write this down; answer with [`Input::Recorded`].
    Record(AttemptRecord),
    /// Read pending deliveries from disk; answer with [`Input::Loaded`].
    Load {
        /// Of which integration.
        integration_id: IntegrationId,
        /// The first is the first after this one.
        after: Option<Seq>,
        /// How many, at most.
        limit: usize,
    },
    /// Write down whether an endpoint is failing, so that the next process knows.
    KeepOutage {
        /// Whose.
        integration_id: IntegrationId,
        /// `None` when it works again.
        outage: Option<Outage>,
    },
    /// Write down how the breaker of a rehearsal does.
    KeepRehearsal {
        /// Whose.
        integration_id: IntegrationId,
        /// Which.
        rehearsal_id: RehearsalId,
        /// `None` when it is closed.
        outage: Option<Outage>,
    },
    /// Switch this integration off, and forget its outage.
    Disable {
        /// Which.
        integration_id: IntegrationId,
        /// Why.
        reason: DisableReason,
    },
}

/// How one integration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneStatus {
    /// Which.
    pub integration_id: IntegrationId,
    /// Deliveries in memory that are not in flight.
    pub waiting: usize,
    /// Whether there are more on disk.
    pub more_on_disk: bool,
    /// Attempts in flight.
    pub in_flight: usize,
    /// What its breaker lets through.
    pub breaker: BreakerState,
    /// The endpoint's outage, unless the breaker is closed.
    pub outage: Option<Outage>,
    /// How its previews do, during a rehearsal and until that has recovered.
    pub rehearsal: Option<RehearsalStatus>,
}

/// How an integration's previews do: of all this, the integration's own breaker knows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RehearsalStatus {
    /// Which rehearsal.
    pub id: RehearsalId,
    /// Whether it still runs; otherwise it recovers.
    pub is_running: bool,
    /// Deliveries of previews in memory that are not in flight.
    pub waiting: usize,
    /// Their attempts in flight.
    pub in_flight: usize,
    /// What the rehearsal's own breaker lets through.
    pub breaker: BreakerState,
    /// The simulated outage, unless that breaker is closed.
    pub outage: Option<Outage>,
}
