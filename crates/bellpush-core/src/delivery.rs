//! The words that the event log and the delivery engine share: a delivery (an event on its way to
//! one integration) and its attempts (one HTTP request each).

pub mod exchange;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    events::EventTime,
    ids::{AppId, CallId, EventId, IntegrationId, RehearsalId},
    trace_context::TraceParent,
};
use exchange::Exchange;

/// An event's place in the log: ascending in the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Names one delivery: event × integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    /// The integration.
    pub integration_id: IntegrationId,
    /// The event.
    pub seq: Seq,
}

/// A delivery that waits for its next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Which.
    pub key: DeliveryKey,
    /// The event's app.
    pub app_id: AppId,
    /// The event's id, sent as `webhook-id`.
    pub event_id: EventId,
    /// The event's call: deliveries of one call keep their order.
    pub call_id: Option<CallId>,
    /// Whether the event is of a preview.
    pub preview: bool,
    /// The event's parent in its trace, if it has one.
    pub trace_parent: Option<TraceParent>,
    /// The envelope as JSON, byte for byte what was recorded.
    pub body: String,
    /// Attempts made so far.
    pub attempts: u32,
    /// Those of them that were made before its last replay; 0 when it was never replayed. The
    /// schedule of retries counts from here.
    pub earlier_attempts: u32,
    /// When the next one is due.
    pub due: EventTime,
}

impl PendingDelivery {
    /// Whether someone asked for it to be delivered again after it had ended.
    #[must_use]
    pub const fn is_replay(&self) -> bool {
        self.earlier_attempts > 0
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for an attempt.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Given up; kept to be replayed.
    Dead,
}

/// Why an attempt failed, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// An answer other than 2xx.
    Status,
    /// No answer in time.
    TimedOut,
    /// No connection.
    Connect,
    /// TLS failed.
    Tls,
    /// The address is not one that may be called.
    Forbidden,
    /// The connection broke, or the answer was not HTTP.
    Protocol,
    /// The integration's template gave no body: nothing was sent.
    Template,
}

impl FailureClass {
    /// The class as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::TimedOut => "timed_out",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Forbidden => "forbidden",
            Self::Protocol => "protocol",
            Self::Template => "template",
        }
    }
}

/// Why the server switched an integration off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DisableReason {
    /// The endpoint answered 410: it is not there any more, on purpose.
    Gone,
    /// The endpoint failed for days without a success.
    Failing,
}

impl DisableReason {
    /// The reason as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// What is kept of an integration's breaker while it is not closed, so that a restart does not
/// forget that the endpoint fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// When the first of the failures happened that no success followed.
    pub failing_since: EventTime,
    /// Probes that failed.
    pub trips: u32,
    /// When the next probe may go out.
    pub open_until: EventTime,
}

/// One finished attempt, as it goes into the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Of which delivery.
    pub key: DeliveryKey,
    /// Which attempt, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: EventTime,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed; `None` for a success.
    pub failure: Option<FailureClass>,
    /// What the endpoint or the transport said, at most 4 KiB.
    pub detail: String,
    /// What was sent and how long its parts took: of each that failed, and of some others.
    pub exchange: Option<Box<Exchange>>,
    /// Where the delivery stands now.
    pub outcome: DeliveryStatus,
    /// When the next attempt is due, while pending.
    pub next_due: Option<EventTime>,
    /// The rehearsal that it was simulated for; nothing was sent then.
    pub rehearsal_id: Option<RehearsalId>,
}
