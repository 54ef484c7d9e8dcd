//! From a hop of the routing to what the call engine takes.

use std::time::Duration;

use bellpush_call::{FarSide, Route};
use bellpush_core::{
    profile::CodecPolicy,
    rehearsal::CallFault,
    routing::{self, CallFacts, Hop, Profiles},
    trunk::{DialogSnapshot, OpenDialog},
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

/// The route of a call that goes on by a dialog.
///
/// # Errors
/// The dialog's trunk is not set up here, or the store fails.
pub(super) async fn of_dialog(
    calls: &Calls,
    profiles: &Profiles,
    open: OpenDialog,
) -> Result<Route, Problem> {
    calls.trunks.know(&[open.trunk_id]).await?;
    route_of_dialog(calls, profiles, open).ok_or_else(|| {
        let detail = "the trunk of the call is not set up on this server; ask another one";
        Problem::unavailable(detail).retry_after(1)
    })
}

fn route_of_dialog(calls: &Calls, profiles: &Profiles, open: OpenDialog) -> Option<Route> {
    let OpenDialog { profile_id, trunk_id, snapshot, .. } = open;
    if !calls.trunks.can_go_on(trunk_id) {
        return None;
    }
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

/// The same route once its dialog was taken over, and its requests are numbered anew.
pub(super) fn by_dialog(mut routes: Vec<Route>, snapshot: DialogSnapshot) -> Vec<Route> {
    if let [Route { far_side: FarSide::Sip(target), .. }] = &mut *routes {
        target.open = Some(Box::new(snapshot));
    }
    routes
}

/// The same routes of a call that was answered so long ago: how long they let it last counts from then,
/// wherever it was.
pub(super) fn answered_before(mut routes: Vec<Route>, ago: Duration) -> Vec<Route> {
    for route in &mut routes {
        route.max_duration = route.max_duration.saturating_sub(ago);
    }
    routes
}

/// Hops as the call engine takes them.
///
/// # Errors
/// A trunk was deleted just now, or the store fails.
pub(super) async fn of_hops(
    calls: &Calls,
    facts: &CallFacts<'_>,
    hops: &[Hop<'_>],
) -> Result<Vec<Route>, Problem> {
    let trunks = hops.iter().filter_map(|hop| match hop.target()? {
        routing::HopTarget::Demo => None,
        routing::HopTarget::Sip { trunk_id, .. } => Some(trunk_id),
    });
    calls.trunks.know(&trunks.collect::<Vec<_>>()).await?;
    hops.iter().map(|hop| route(calls, facts, hop)).collect()
}

fn route(calls: &Calls, facts: &CallFacts<'_>, hop: &Hop<'_>) -> Result<Route, Problem> {
    let gone = || {
        let detail = "the trunk of the profile was deleted just now; try again in a moment";
        Problem::unavailable(detail).retry_after(1)
    };
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

#[cfg(test)]
mod tests {
    use bellpush_core::ids::DestinationId;

    use super::*;

    #[test]
    fn what_a_call_has_lasted_elsewhere_is_taken_off_its_routes() {
        let route = |seconds| Route {
            destination_id: DestinationId::from_uuid(uuid::Uuid::from_u128(1)),
            far_side: FarSide::Demo,
            ring_timeout: Duration::from_secs(30),
            max_duration: Duration::from_secs(seconds),
        };
        let routes = answered_before(vec![route(8), route(4)], Duration::from_secs(5));
        let left: Vec<_> = routes.iter().map(|route| route.max_duration.as_secs()).collect();
        assert_eq!(left, [3, 0]);
        assert!(routes.iter().all(|route| route.ring_timeout == Duration::from_secs(30)));
    }
}
