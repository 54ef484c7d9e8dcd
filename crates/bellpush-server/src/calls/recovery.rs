//! Calls that another process left behind: each gets its one terminal event, unless its visitor takes it
//! up at another server first.
//!
//! A node holds a lease in the store while it lives; where several share one database, the cluster's
//! keeper looks after it. A call whose node has none any more is ended as
//! `call_error`/`server_shutdown`; that it is ended once, the store guarantees.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use bellpush_core::{
    cluster::LONGEST_LEASE,
    events::{CatalogueEvent, ErrorCode, Event, EventName, EventTime},
    lifecycle::{Input, Lifecycle},
    routing::{AnsweredBy, SipDialog},
    trace::CallFacts,
    trace_context::TraceParent,
    trunk::OpenDialog,
};
use bellpush_store::{
    Append, AppendError, CallEnd, CallFinish, OrphanedCall, Refusal, Store, StoreError,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{claim, moving, state::Calls};
use crate::{
    clock::now,
    event_log::{CallTrace, new_event_id},
};

/// How long a node may be silent before its calls are taken for lost.
const LEASE: Duration = Duration::from_secs(10);
/// How long an orphan waits for its visitor beyond the time that the app gives a page to come back.
const GRACE: Duration = Duration::from_secs(10);
/// How often the lease is renewed and other nodes are looked after.
const EVERY: Duration = Duration::from_secs(3);

/// Takes the lease and ends what earlier processes left behind. To be called before the first
/// request is served.
///
/// # Errors
/// When the store fails.
pub(crate) async fn start(calls: &Calls) -> Result<(), StoreError> {
    claim::describe();
    if !calls.store.is_shared() {
        join(calls).await?;
    }
    end_orphans(calls).await
}

/// Renews the lease and ends orphaned calls until the server is told to stop for good. A node that
/// can't renew its own lease ends no calls: the database was away for the others, too.
pub(crate) async fn keep(calls: Arc<Calls>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stopped.cancelled() => break,
            _ = tick.tick() => {}
        }
        if calls.store.is_shared() {
            if !calls.cluster.is_sure() {
                continue;
            }
        } else if let Err(error) = renew(&calls).await {
            error!(%error, "the node's lease can't be renewed");
            continue;
        }
        if let Err(error) = end_orphans(&calls).await {
            error!(%error, "calls of lost nodes can't be ended yet");
        }
        if let Err(error) = moving::let_go_of_lost(&calls).await {
            error!(%error, "it can't be asked whether other servers have calls of this one");
        }
        if let Err(error) = calls.end_calls_of_deleted_apps().await {
            error!(%error, "calls of deleted apps can't be ended yet");
        }
    }
}

async fn renew(calls: &Calls) -> Result<(), StoreError> {
    if calls.store.renew_lease(calls.node_id, lease_end(now())).await? {
        return Ok(());
    }
    warn!("this node's lease was gone; other nodes may have ended its calls");
    join(calls).await
}

async fn join(calls: &Calls) -> Result<(), StoreError> {
    let url = calls.config.node_url.as_deref();
    calls.store.join(calls.node_id, lease_end(now()), url).await
}

/// Which leases hold: those that end after the present, and no later than one can.
pub(super) struct Leases {
    pub(super) present: EventTime,
    pub(super) latest: EventTime,
}

impl Leases {
    /// By the clock that all nodes share.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn now(store: &Store) -> Result<Self, StoreError> {
        Ok(Self::at(store.clock().await?))
    }

    /// Another node's lease may be the longest there is, and have been renewed after this time was read.
    fn at(present: EventTime) -> Self {
        Self { present, latest: later(present, 2 * LONGEST_LEASE) }
    }
}

fn lease_end(now: EventTime) -> EventTime {
    later(now, LEASE)
}

fn later(than: EventTime, by: Duration) -> EventTime {
    let millis = than.millis().saturating_add(by.as_millis() as i64);
    EventTime::from_millis(millis).unwrap_or(than)
}

async fn end_orphans(calls: &Calls) -> Result<(), StoreError> {
    let Leases { present, latest } = Leases::now(&calls.store).await?;
    // First: a node that was away and came back may be gone once more.
    calls.store.unmark_orphans(calls.node_id, present, latest).await?;
    let orphans = calls.store.orphaned_calls(calls.node_id, present, latest).await?;
    let new = orphans.iter().filter(|orphan| orphan.can_be_taken_up && orphan.since.is_none());
    let new: Vec<_> = new.map(|orphan| (orphan.call.id, orphan.call.node_id)).collect();
    calls.store.mark_orphans(&new, present).await?;
    let mut patience = HashMap::new();
    for orphan in &orphans {
        if orphan.can_be_taken_up {
            let waits = match patience.entry(orphan.call.app_id) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    let app = calls.store.app(orphan.call.app_id).await?;
                    let window = app.map_or(Duration::ZERO, |app| app.settings.resume_window());
                    *unknown.insert(window + GRACE)
                }
            };
            if orphan.since.is_none_or(|since| !has_passed(since, waits, present)) {
                continue;
            }
        }
        // A database that fails here will not take the end either.
        let place = calls.log.place_of_call(orphan.call.id).await?;
        let dialog = calls.store.dialog_of_call(orphan.call.id, orphan.call.node_id).await?;
        let Some(append) = ending(orphan, dialog, place, now()) else { continue };
        let facts = CallFacts {
            id: orphan.call.id,
            app_id: orphan.call.app_id,
            start_time: orphan.call.started_at.timestamp(),
            end_time: now().timestamp(),
            end: EventName::CallError.as_str(),
            error: Some(ErrorCode::ServerShutdown.as_str()),
        };
        match calls.log.append(vec![append]).await {
            Ok(_) => {
                calls.log.call_ended(CallTrace { place, parent: None }, facts);
                info!(call = %orphan.call.id, "ended a call that a lost process left behind");
            }
            Err(AppendError::Refused {
                reason: Refusal::AlreadyEnded | Refusal::LivesElsewhere,
                ..
            }) => {}
            Err(AppendError::Store(error)) => {
                error!(call = %orphan.call.id, %error, "the call can't be ended yet");
            }
            Err(error) => error!(call = %orphan.call.id, %error, "the call can't be ended yet"),
        }
    }
    Ok(())
}

/// Whether so much time is over since then. What lies ahead is of a clock that was set back.
fn has_passed(since: EventTime, time: Duration, now: EventTime) -> bool {
    let passed = now.millis().saturating_sub(since.millis());
    passed < 0 || passed >= i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn ending(
    orphan: &OrphanedCall,
    dialog: Option<(OpenDialog, EventTime)>,
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
        let dialog = Some(SipDialog { trunk_id, call_id: snapshot.sip_call_id });
        finish.answered_by = Some(AnsweredBy { profile_id, dialog });
        finish.connected_at = Some(answered_at.max(call.started_at).min(now));
    }
    Some(Append::CallEnded { event, finish, node_id: call.node_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_lease_holds_also_when_it_was_renewed_after_the_clock_was_read() {
        let present = now();
        let renewed_later = later(later(present, Duration::from_secs(3)), LONGEST_LEASE);
        assert!(renewed_later <= Leases::at(present).latest);
        // Of a clock that was an hour ahead.
        assert!(later(present, Duration::from_secs(3_600)) > Leases::at(present).latest);
    }
}
