//! Calls that another process left behind: each gets its one terminal event.
//!
//! A node holds a lease in the store while it lives. A call whose node has none any more is ended as
//! `call_error`/`server_shutdown`; that it is ended once, the store guarantees.

use std::{sync::Arc, time::Duration};

use bellpush_core::{
    events::{CatalogueEvent, ErrorCode, Event, EventTime},
    lifecycle::{Input, Lifecycle},
};
use bellpush_store::{Append, AppendError, CallEnd, CallFinish, OrphanedCall, Refusal, StoreError};
use tracing::{error, info, warn};

use crate::{Server, new_event_id};

/// How long a node may be silent before its calls are taken for lost.
const LEASE: Duration = Duration::from_secs(10);
/// How often the lease is renewed and other nodes are looked after.
const EVERY: Duration = Duration::from_secs(3);

/// Takes the lease and ends what earlier processes left behind. To be called before the first
/// request is served.
///
/// # Errors
/// When the store fails.
pub async fn start(server: &Server) -> Result<(), StoreError> {
    join(server).await?;
    end_orphans(server).await
}

/// Renews the lease and ends orphaned calls until the server is told to stop for good. A node that
/// can't renew its own lease ends no calls: the database was away for the others, too.
pub async fn keep(server: Arc<Server>) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = server.stopped.cancelled() => break,
            _ = tick.tick() => {}
        }
        if let Err(error) = renew(&server).await {
            error!(%error, "the node's lease can't be renewed");
            continue;
        }
        if let Err(error) = end_orphans(&server).await {
            error!(%error, "calls of lost nodes can't be ended yet");
        }
        if let Err(error) = server.end_calls_of_deleted_apps().await {
            error!(%error, "calls of deleted apps can't be ended yet");
        }
    }
    if let Err(error) = server.store.leave(server.node_id).await {
        warn!(%error, "the node's lease can't be given back; it runs out by itself");
    }
}

async fn renew(server: &Server) -> Result<(), StoreError> {
    if server.store.renew_lease(server.node_id, lease_end(server.now())).await? {
        return Ok(());
    }
    warn!("this node's lease was gone; other nodes may have ended its calls");
    join(server).await
}

async fn join(server: &Server) -> Result<(), StoreError> {
    let url = server.config.node_url.as_deref();
    server.store.join(server.node_id, lease_end(server.now()), url).await
}

fn lease_end(now: EventTime) -> EventTime {
    let millis = now.millis().saturating_add(LEASE.as_millis() as i64);
    EventTime::from_millis(millis).unwrap_or(now)
}

async fn end_orphans(server: &Server) -> Result<(), StoreError> {
    let now = server.now();
    // Another node's clock may be ahead, though not by a whole lease.
    let latest = lease_end(lease_end(now));
    let orphans = server.store.orphaned_calls(server.node_id, now, latest).await?;
    for orphan in &orphans {
        let Some(append) = ending(orphan, server.now()) else { continue };
        match server.append(vec![append]).await {
            Ok(_) => info!(call = %orphan.call.id, "ended a call that a lost process left behind"),
            Err(AppendError::Refused { reason: Refusal::AlreadyEnded, .. }) => {}
            Err(AppendError::Store(error)) => {
                error!(call = %orphan.call.id, %error, "the call can't be ended yet");
            }
            Err(error) => error!(call = %orphan.call.id, %error, "the call can't be ended yet"),
        }
    }
    Ok(())
}

fn ending(orphan: &OrphanedCall, now: EventTime) -> Option<Append> {
    let OrphanedCall { call, context, preview } = orphan;
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
        trace_parent: None,
        envelope: terminal.envelope(context, *preview, now),
    };
    let finish = CallFinish::from(CallEnd::Failed { code });
    Some(Append::CallEnded { event, finish })
}
