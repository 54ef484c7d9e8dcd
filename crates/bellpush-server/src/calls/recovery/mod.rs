//! Calls that another process left behind: each gets its one terminal event, unless its visitor takes it
//! up at another server first.
//!
//! A node holds a lease in the store while it lives; where several share one database, the cluster's
//! keeper looks after it. A call whose node has none any more is ended as
//! `call_error`/`server_shutdown`; that it is ended once, the store guarantees.

pub(in crate::calls) mod leases;
mod missing;
mod orphans;

use std::{sync::Arc, time::Duration};

use bellpush_core::{app::MAX_RESUME_SECONDS, cluster::LONGEST_LEASE, events::EventTime};
use bellpush_store::{OrphanedCall, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use self::{
    leases::Leases,
    missing::MissingCalls,
    orphans::{GRACE, Patience},
};
use super::{
    state::Calls,
    taking_over::{self, moving},
};
use crate::clock::{later, now};

/// How long a node may be silent before its calls are taken for lost.
const LEASE: Duration = Duration::from_secs(10);
/// How often the lease is renewed and other nodes are looked after.
const EVERY: Duration = Duration::from_secs(3);

/// For how long calls of a process that died may still be taken up: its lease runs out first, then they wait.
pub const TAKING_UP: Duration = Duration::from_secs(
    LONGEST_LEASE.as_secs() + EVERY.as_secs() + MAX_RESUME_SECONDS as u64 + GRACE.as_secs(),
);

/// Takes the lease and ends what earlier processes left behind. To be called before the first
/// request is served.
///
/// # Errors
/// When the store fails.
pub(crate) async fn start(calls: &Calls) -> Result<(), StoreError> {
    taking_over::describe();
    if !calls.store.is_shared() {
        join(calls).await?;
    }
    end_orphans(calls).await
}

/// Renews the lease and ends orphaned calls until the server is told to stop for good. A node that
/// can't renew its own lease ends no calls: the database was away for the others, too.
pub(crate) async fn keep(calls: Arc<Calls>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    let mut missing = MissingCalls::default();
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
        if let Err(error) = missing.end(&calls).await {
            error!(%error, "calls that this node does not have can't be ended yet");
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

fn lease_end(now: EventTime) -> EventTime {
    later(now, LEASE)
}

async fn end_orphans(calls: &Calls) -> Result<(), StoreError> {
    let leases = Leases::now(calls).await?;
    let Leases { present, latest } = leases;
    // First: a node that was away and came back may be gone once more.
    calls.store.unmark_orphans(calls.node_id, present, latest).await?;
    let orphans = calls.store.orphaned_calls(calls.node_id, present, latest).await?;
    // One that lies ahead is of a clock that was set back: its time begins anew.
    let is_new = |orphan: &&OrphanedCall| orphan.call.orphaned_at.is_none_or(|at| at > present);
    let new = orphans.iter().filter(|orphan| orphan.can_be_taken_up).filter(is_new);
    let new: Vec<_> = new.map(|orphan| (orphan.call.id, orphan.call.node_id)).collect();
    calls.store.mark_orphans(&new, present).await?;
    let mut patience = Patience::default();
    for orphan in &orphans {
        if orphan.can_be_taken_up {
            let waits = patience.of(calls, orphan.call.app_id).await?;
            if orphan.call.orphaned_at.is_none_or(|since| !has_passed(since, waits, present)) {
                continue;
            }
        }
        // What the leases say is of this moment.
        let leases = Leases::now(calls).await?;
        orphans::end_of_other(calls, orphan, &leases).await?;
    }
    Ok(())
}

/// Whether so much time is over since then.
fn has_passed(since: EventTime, time: Duration, now: EventTime) -> bool {
    let passed = now.millis().saturating_sub(since.millis());
    passed >= i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
