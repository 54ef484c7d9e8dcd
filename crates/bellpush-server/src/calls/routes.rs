//! From a hop of the routing to what the call engine takes.

use std::time::Duration;

use bellpush_call::{FarSide, Route};
use bellpush_core::{
    profile::CodecPolicy,
    rehearsal::CallFault,
    routing::{self, CallFacts, Hop, Profiles},
    trunk::OpenDialog,
};
use bellpush_store::{Session, StoreError};

use super::state::Calls;
use crate::{clock::now, http::problem::Problem, trunks};

/// Puts a refusal in the place of each far side that a rehearsal has refuse calls of previews. Calls of
/// visitors never meet one.
pub(super) async fn rehearse(
    calls: &Calls,
    session: &Session,
    routes: &mut [Route],
) -> Result<(), StoreError> {
    if !session.preview {
        return Ok(());
    }
    for route in routes {
        let running = calls.store.running_call_rehearsal(route.destination_id).await?;
        let fault = running.and_then(|running| running.fault_for(session.preview, now()));
        if let Some(CallFault::Refused { status }) = fault {
            let trunk_id = match &route.far_side {
                FarSide::Sip(target) => Some(target.trunk_id),
                FarSide::Demo | FarSide::Refusing { .. } => None,
            };
            route.far_side = FarSide::Refusing { status, trunk_id };
        }
    }
    Ok(())
}

/// The route of a call that goes on by a dialog; `None` when its trunk does not run here.
pub(super) fn of_dialog(calls: &Calls, profiles: &Profiles, open: OpenDialog) -> Option<Route> {
    let OpenDialog { profile_id, trunk_id, snapshot, .. } = open;
    calls.trunks.status(trunk_id)?;
    let profile = profiles.by_id.get(&profile_id);
    let opus = profile.is_some_and(|profile| profile.codec_policy == CodecPolicy::Opus);
    let target = trunks::target_of_dialog(&calls.trunks, (profile_id, trunk_id), snapshot, opus)?;
    let own = profile.and_then(|profile| profile.max_duration_seconds);
    let own = own.map(|seconds| Duration::from_secs(seconds.into()));
    let limit = calls.config.max_call_duration;
    Some(Route {
        destination_id: profile_id,
        far_side: FarSide::Sip(Box::new(target)),
        ring_timeout: limit,
        max_duration: own.map_or(limit, |own| own.min(limit)),
    })
}

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
