//! What operators see of the engine.

use std::{collections::HashSet, time::Duration};

use bellpush_core::{
    delivery::{DisableReason, FailureClass},
    ids::IntegrationId,
};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{breaker::BreakerState, scheduler::LaneStatus};

const ATTEMPTS: &str = "bellpush_delivery_attempts_total";
const SECONDS: &str = "bellpush_delivery_attempt_seconds";
const WAITING: &str = "bellpush_deliveries_waiting";
const IN_FLIGHT: &str = "bellpush_deliveries_in_flight";
const BREAKER: &str = "bellpush_breaker_state";
const UNRECORDED: &str = "bellpush_deliveries_unrecorded";
const DISABLED: &str = "bellpush_integrations_disabled_total";
const QUEUE_ERRORS: &str = "bellpush_delivery_queue_errors_total";

pub(super) fn describe() {
    describe_counter!(ATTEMPTS, "Attempts by outcome: delivered, or the class of the failure.");
    describe_histogram!(SECONDS, Unit::Seconds, "Time of an attempt, from its start to its end.");
    describe_gauge!(WAITING, "Deliveries that wait in memory, by integration.");
    describe_gauge!(IN_FLIGHT, "Attempts in flight, by integration.");
    describe_gauge!(BREAKER, "Breaker by integration: 0 closed, 1 half-open, 2 open.");
    describe_gauge!(UNRECORDED, "Attempts that ended and are not on disk yet.");
    describe_counter!(DISABLED, "Integrations that the server switched off, by reason.");
    describe_counter!(QUEUE_ERRORS, "Failed reads and writes of the delivery queue.");
}

pub(super) fn attempt_ended(failure: Option<FailureClass>, duration: Duration) {
    let outcome = failure.map_or("delivered", FailureClass::as_str);
    counter!(ATTEMPTS, "outcome" => outcome).increment(1);
    histogram!(SECONDS, "outcome" => outcome).record(duration);
}

pub(super) fn disabled(reason: DisableReason) {
    counter!(DISABLED, "reason" => reason.as_str()).increment(1);
}

pub(super) fn queue_failed() {
    counter!(QUEUE_ERRORS).increment(1);
}

/// Shows how the integrations do. `known` remembers which are shown, so that one that is gone does
/// not stay at its last values.
pub(super) fn show_lanes(
    lanes: impl Iterator<Item = LaneStatus>,
    unrecorded: usize,
    known: &mut HashSet<IntegrationId>,
) {
    gauge!(UNRECORDED).set(unrecorded as f64);
    let mut now = HashSet::new();
    for lane in lanes {
        now.insert(lane.integration_id);
        let breaker = match lane.breaker {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 1.0,
            BreakerState::Open => 2.0,
        };
        show(lane.integration_id, lane.waiting as f64, lane.in_flight as f64, breaker);
    }
    for gone in known.difference(&now) {
        show(*gone, 0.0, 0.0, 0.0);
    }
    *known = now;
}

fn show(id: IntegrationId, waiting: f64, in_flight: f64, breaker: f64) {
    let integration = id.to_string();
    gauge!(WAITING, "integration" => integration.clone()).set(waiting);
    gauge!(IN_FLIGHT, "integration" => integration.clone()).set(in_flight);
    gauge!(BREAKER, "integration" => integration).set(breaker);
}
