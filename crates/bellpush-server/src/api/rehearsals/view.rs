//! Rehearsals as the API shows them.

use bellpush_core::{
    events::EventTime,
    ids::{DestinationId, EventId, IntegrationId, RehearsalId},
    rehearsal::{Fault, Target},
};
use bellpush_delivery::RehearsalStatus;
use bellpush_store::{Rehearsal, RehearsedAttempt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{deliveries::AttemptView, integrations::BreakerView};

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RehearsalState {
    /// Previews meet the fault.
    Running,
    /// Its time is over, and its breaker is not closed yet: previews wait for a probe.
    Recovering,
    /// It is over.
    Over,
}

/// A rehearsal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalView {
    /// Its id.
    #[schema(value_type = String)]
    id: RehearsalId,
    /// The integration whose endpoint fails.
    #[schema(value_type = Option<String>)]
    integration_id: Option<IntegrationId>,
    /// The profile whose calls fail.
    #[schema(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// What goes wrong.
    fault: Fault,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: EventTime,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    ends_at: EventTime,
    /// When it was over; `null` while it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// How far it is.
    state: RehearsalState,
}

impl RehearsalView {
    /// As it is now; `is_recovering` as its integration's lane says.
    pub(super) fn new(rehearsal: &Rehearsal, is_recovering: bool, now: EventTime) -> Self {
        let (integration_id, destination_id) = match rehearsal.target {
            Target::Integration(id) => (Some(id), None),
            Target::Profile(id) => (None, Some(id)),
        };
        let ended_at = rehearsal.end(now);
        Self {
            id: rehearsal.id,
            integration_id,
            destination_id,
            fault: rehearsal.fault,
            started_at: rehearsal.started_at,
            ends_at: rehearsal.ends_at,
            ended_at,
            state: match ended_at {
                None => RehearsalState::Running,
                Some(_) if is_recovering => RehearsalState::Recovering,
                Some(_) => RehearsalState::Over,
            },
        }
    }
}

/// A rehearsal with what comes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalDetails {
    #[serde(flatten)]
    rehearsal: RehearsalView,
    /// How deliveries of previews do; `null` for one of a profile, and when it is over and has recovered.
    lane: Option<RehearsalLaneView>,
    /// The last 50 attempts of the deliveries that it met, newest first: simulated ones, and those that
    /// were sent after it.
    attempts: Vec<RehearsedAttemptView>,
}

impl RehearsalDetails {
    pub(super) fn new(
        rehearsal: &Rehearsal,
        lane: Option<RehearsalStatus>,
        attempts: Vec<RehearsedAttempt>,
        now: EventTime,
    ) -> Self {
        let lane = lane.filter(|lane| lane.id == rehearsal.id);
        Self {
            rehearsal: RehearsalView::new(rehearsal, lane.is_some(), now),
            lane: lane.map(Into::into),
            attempts: attempts.into_iter().map(Into::into).collect(),
        }
    }
}

/// How deliveries of previews do: real ones have a breaker of their own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalLaneView {
    /// The rehearsal's breaker.
    breaker: BreakerView,
    /// Deliveries that wait for an attempt.
    waiting: usize,
    /// Attempts that are being made.
    in_flight: usize,
}

impl From<RehearsalStatus> for RehearsalLaneView {
    fn from(lane: RehearsalStatus) -> Self {
        let RehearsalStatus { breaker, outage, waiting, in_flight, .. } = lane;
        Self { breaker: BreakerView::new(breaker, outage), waiting, in_flight }
    }
}

/// An attempt of a delivery that a rehearsal met.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsedAttemptView {
    /// The event's id.
    #[schema(value_type = String)]
    event_id: EventId,
    /// The event's name.
    event_name: String,
    #[serde(flatten)]
    attempt: AttemptView,
}

impl From<RehearsedAttempt> for RehearsedAttemptView {
    fn from(RehearsedAttempt { event_id, event_name, record }: RehearsedAttempt) -> Self {
        Self { event_id, event_name, attempt: record.into() }
    }
}
