//! From a hop of the routing to what the call engine takes.

use bellpush_call::{FarSide, Route};
use bellpush_core::routing::{self, CallFacts, Hop};

use super::state::Calls;
use crate::{http::problem::Problem, trunks};

/// A hop as the call engine takes it.
pub(super) fn route(calls: &Calls, facts: &CallFacts<'_>, hop: &Hop<'_>) -> Result<Route, Problem> {
    let gone = || Problem::internal("a profile refers to a trunk that is not there");
    let far_side = match hop.target().ok_or_else(gone)? {
        routing::HopTarget::Demo => FarSide::Demo,
        routing::HopTarget::Sip { trunk_id, to } => {
            let target = trunks::target(&calls.trunks, facts, hop, trunk_id, &to);
            FarSide::Sip(Box::new(target.ok_or_else(gone)?))
        }
    };
    let limit = calls.config.max_call_duration;
    Ok(Route {
        destination_id: hop.profile_id,
        far_side,
        ring_timeout: hop.ring_timeout(),
        max_duration: hop.max_duration().map_or(limit, |own| own.min(limit)),
    })
}
