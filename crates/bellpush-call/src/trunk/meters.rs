//! What operators see of one trunk.

use bellpush_core::ids::TrunkId;
use metrics::{Gauge, counter, describe_counter, describe_gauge, gauge};

use super::{FarFailure, RegistrationStatus, TrunkStatus};

const CALLS: &str = "bellpush_trunk_calls_total";
const HEALTHY: &str = "bellpush_trunk_healthy";
const REGISTERED: &str = "bellpush_trunk_registered";

/// What became of an INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallOutcome {
    Answered,
    /// Given up before it was answered.
    Cancelled,
    Failed(FarFailure),
}

/// The handles of one trunk's metrics. They are labelled with its id: there are as many series as
/// there are trunks, and nothing that a call brings with it makes another.
pub(super) struct TrunkMeters {
    id: String,
    healthy: Gauge,
    registered: Gauge,
}

pub(super) fn describe() {
    describe_counter!(CALLS, "Calls by trunk and outcome.");
    describe_gauge!(HEALTHY, "Whether a trunk answers, 1 or 0; NaN while that is not known.");
    describe_gauge!(REGISTERED, "Whether a trunk is registered, 1 or 0; NaN when it need not be.");
}

impl TrunkMeters {
    pub(super) fn new(id: TrunkId) -> Self {
        let id = id.to_string();
        Self {
            healthy: gauge!(HEALTHY, "trunk" => id.clone()),
            registered: gauge!(REGISTERED, "trunk" => id.clone()),
            id,
        }
    }

    /// Counts a call.
    pub(super) fn ended(&self, outcome: CallOutcome) {
        let outcome = match outcome {
            CallOutcome::Answered => "answered",
            CallOutcome::Cancelled => "cancelled",
            CallOutcome::Failed(FarFailure::Busy) => "busy",
            CallOutcome::Failed(FarFailure::NoAnswer) => "no_answer",
            CallOutcome::Failed(FarFailure::Unreachable) => "unreachable",
            CallOutcome::Failed(FarFailure::Rejected) => "rejected",
            CallOutcome::Failed(FarFailure::Transport) => "transport",
        };
        counter!(CALLS, "trunk" => self.id.clone(), "outcome" => outcome).increment(1);
    }

    /// Shows how the trunk is.
    pub(super) fn show(&self, status: &TrunkStatus) {
        let number = |known: Option<bool>| known.map_or(f64::NAN, |yes| f64::from(u8::from(yes)));
        self.healthy.set(number(status.is_healthy));
        self.registered.set(number(match status.registration {
            RegistrationStatus::Off => None,
            RegistrationStatus::Registered => Some(true),
            RegistrationStatus::Pending | RegistrationStatus::Failed => Some(false),
        }));
    }
}
