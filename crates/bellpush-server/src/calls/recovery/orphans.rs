//! Ending a call that nobody has any more: its one terminal event, as `call_error`/`server_shutdown`.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use bellpush_core::{
    events::{CatalogueEvent, ErrorCode, Event, EventName, EventTime},
    ids::AppId,
    lifecycle::{Input, Lifecycle},
    routing::{AnsweredBy, SipDialog},
    trace::CallFacts,
    trace_context::TraceParent,
    trunk::OpenDialog,
};
use bellpush_store::{Append, AppendError, CallEnd, CallFinish, OrphanedCall, Refusal, StoreError};
use tracing::{error, info};

use super::leases::Leases;
use crate::{
    calls::state::Calls,
    event_log::{CallTrace, new_event_id},
};

/// How long an orphan waits for its visitor beyond the time that the app gives a page to come back.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How long calls wait for their visitors, by app.
#[derive(Debug, Default)]
pub(super) struct Patience(HashMap<AppId, Duration>);

impl Patience {
    /// How long a call of this app waits.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn of(&mut self, calls: &Calls, id: AppId) -> Result<Duration, StoreError> {
        match self.0.entry(id) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(unknown) => {
                let app = calls.store.app(id).await?;
                let window = app.map_or(Duration::ZERO, |app| app.settings.resume_window());
                Ok(*unknown.insert(window + GRACE))
            }
        }
    }
}

/// Ends an orphan of another node, unless that has a lease by these any more: a long list of orphans takes its
/// time.
///
/// # Errors
/// When the store fails.
pub(super) async fn end_of_other(
    calls: &Calls,
    orphan: &OrphanedCall,
    leases: &Leases,
) -> Result<(), StoreError> {
    let Leases { present, latest } = *leases;
    // Before: its dialog stays that of the node which is gone, and is ended as all that it has left.
    let dialog = calls.store.dialog_of_call(orphan.call.id, orphan.call.node_id).await?;
    if calls.store.take_orphan(calls.node_id, &orphan.call, present, latest).await? {
        let mut own = orphan.clone();
        own.call.node_id = calls.node_id;
        append_end(calls, &own, dialog, present).await?;
    }
    Ok(())
}

/// Ends a call of this node at this time by the clock that all nodes share; returns the dialog that it had, if it was
/// ended here. One that somebody has taken up or ended meanwhile is left alone.
///
/// # Errors
/// When the store can't say what belongs to the call; it won't take the end then, either.
pub(super) async fn end(
    calls: &Calls,
    orphan: &OrphanedCall,
    now: EventTime,
) -> Result<Option<OpenDialog>, StoreError> {
    let dialog = calls.store.dialog_of_call(orphan.call.id, orphan.call.node_id).await?;
    append_end(calls, orphan, dialog, now).await
}

async fn append_end(
    calls: &Calls,
    orphan: &OrphanedCall,
    dialog: Option<(OpenDialog, EventTime)>,
    now: EventTime,
) -> Result<Option<OpenDialog>, StoreError> {
    let id = orphan.call.id;
    let place = calls.log.place_of_call(id).await?;
    let Some(append) = ending(orphan, dialog.as_ref(), place, now) else { return Ok(None) };
    let facts = CallFacts {
        id,
        app_id: orphan.call.app_id,
        start_time: orphan.call.started_at.timestamp(),
        end_time: now.timestamp(),
        end: EventName::CallError.as_str(),
        error: Some(ErrorCode::ServerShutdown.as_str()),
    };
    match calls.log.append(vec![append]).await {
        Ok(_) => {
            calls.log.call_ended(CallTrace { place, parent: None }, facts);
            info!(call = %id, "ended a call that a lost process left behind");
            return Ok(dialog.map(|(open, _)| open));
        }
        Err(AppendError::Refused {
            reason: Refusal::AlreadyEnded | Refusal::LivesElsewhere,
            ..
        }) => {}
        Err(AppendError::Store(error)) => {
            error!(call = %id, %error, "the call can't be ended yet");
        }
        Err(error) => error!(call = %id, %error, "the call can't be ended yet"),
    }
    Ok(None)
}

fn ending(
    orphan: &OrphanedCall,
    dialog: Option<&(OpenDialog, EventTime)>,
    trace_parent: Option<TraceParent>,
    now: EventTime,
) -> Option<Append> {
    let OrphanedCall { call, context, preview, .. } = orphan;
    // The clock may have been set back since.
    let now = now.max(call.started_at);
    let code = ErrorCode::ServerShutdown;
    let mut lifecycle = Lifecycle::live_since(call.started_at);
    let terminal: CatalogueEvent = lifecycle.handle(now, Input::Fail(code)).ok().flatten()?;
    let event = Event {
        id: new_event_id(),
        app_id: call.app_id,
        session_id: call.session_id,
        call_id: Some(call.id),
        preview: *preview,
        trace_parent,
        envelope: terminal.envelope(context, *preview, now),
    };
    let mut finish = CallFinish::from(CallEnd::Failed { code });
    if let Some((OpenDialog { profile_id, trunk_id, snapshot, .. }, answered_at)) = dialog {
        let call_id = snapshot.sip_call_id.clone();
        let dialog = Some(SipDialog { trunk_id: *trunk_id, call_id });
        finish.answered_by = Some(AnsweredBy { profile_id: *profile_id, dialog });
        finish.connected_at = Some((*answered_at).max(call.started_at).min(now));
    }
    Some(Append::CallEnded { event, finish, node_id: call.node_id })
}
