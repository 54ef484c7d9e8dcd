//! Calls of this server that others take over: it says when that is to be, sees that it was, and ends
//! nothing of what is not its own any more.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_call::{EndWhen, MayEnd};
use bellpush_core::{ids::CallId, lifecycle::Phase};
use bellpush_store::{EndDialog, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::calls::state::Calls;

/// How often it is looked whether others have taken calls over, while this server drains.
const LOOK: Duration = Duration::from_millis(300);
/// How long a call that was taken over is relayed here at most, until its browser has gone to the server
/// that has it.
const RELAYED_FOR: Duration = Duration::from_secs(5);
/// Dialogs that are asked about at once.
const BATCH: usize = 256;
/// How often it is looked whether this server's lease holds: more often than the shortest can be in doubt.
const LOOK_AT_LEASE: Duration = Duration::from_millis(250);
/// How often it is looked for calls that others have ended, after a lease was in doubt.
const LOOK_FOR_ENDED: Duration = Duration::from_secs(1);
/// How long after its lease is in doubt a server has its calls moved: a database that is started anew is back by
/// then, and the others don't end them yet.
const CUT_FOR: Duration = Duration::from_secs(4);
/// How long after a lease is certain again others may still end calls that they took for orphans.
const DOUBTED_FOR: Duration = Duration::from_secs(10);
/// How long to wait before the store is asked again that did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Has the visitors of all connected calls take them up at other servers, and lets go of those that were
/// taken up, until the server stops: a call that was accepted before may be stored, and be here, after all
/// others have gone.
pub(crate) async fn move_away(calls: Arc<Calls>, stopped: CancellationToken) {
    if let Err(error) = calls.store.mark_stopping(calls.node_id).await {
        error!(%error, "other servers can't be told that this one stops");
    }
    let mut tick = tokio::time::interval(LOOK);
    let mut handed_over = HashSet::new();
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = tick.tick() => {}
        }
        let live = calls.live.all();
        // One that rings yet is told when it is connected.
        for (_, call) in live.iter().filter(|(_, call)| call.stage().0 == Phase::Connected) {
            call.move_away();
        }
        let ids: Vec<CallId> = live.into_iter().map(|(id, _)| id).collect();
        match calls.store.calls_elsewhere(calls.node_id, &ids).await {
            Ok(elsewhere) => {
                for id in elsewhere.difference(&handed_over) {
                    info!(call = %id, "another server has taken this call over");
                    calls.lost(*id);
                    calls.engine.hand_over(*id, RELAYED_FOR).await;
                }
                handed_over = elsewhere;
            }
            Err(error) => {
                error!(%error, "it can't be asked whether other servers have calls of this one");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Looks after the calls of a server that may have been taken for dead. One that can't reach the database, though its
/// visitors and telephones reach it, relays its calls all the same; the others would end them as orphans, so their
/// visitors are to take them up there before. Which of them were ended all the same is looked for when the
/// database is back; the others can go on here then.
pub(crate) async fn watch_lease(calls: Arc<Calls>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK_AT_LEASE);
    let mut unsure_since = None;
    let mut sure_since: Option<Instant> = None;
    let mut looked_at: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = tick.tick() => {}
        }
        if calls.cluster.is_sure() {
            if unsure_since.take().is_some() {
                (sure_since, looked_at) = (Some(Instant::now()), None);
                // Whoever is about to stop has said so for another reason.
                if !calls.is_draining() {
                    calls.live.all().into_iter().for_each(|(_, call)| call.stay());
                }
            }
            if sure_since.is_some_and(|since| since.elapsed() < DOUBTED_FOR)
                && looked_at.is_none_or(|at| at.elapsed() >= LOOK_FOR_ENDED)
            {
                looked_at = Some(Instant::now());
                if let Err(error) = let_go_of_ended(&calls).await {
                    error!(%error, "it can't be asked whether others have ended calls of this server");
                }
            }
            continue;
        }
        let since = *unsure_since.get_or_insert_with(Instant::now);
        if since.elapsed() < CUT_FOR || !calls.has_other_nodes() {
            continue;
        }
        for (id, call) in calls.live.all() {
            if call.stage().0 == Phase::Connected && call.move_away() {
                warn!(call = %id, "without the database: it is to go on at another server");
            }
        }
    }
}

/// Lets go of calls that others have ended. Whoever took over a dialog of one has ended it, too; one that is this
/// server's still is ended by it.
async fn let_go_of_ended(calls: &Calls) -> Result<(), StoreError> {
    let ids: Vec<CallId> = calls.live.all().into_iter().map(|(id, _)| id).collect();
    for id in calls.store.ended_calls(&ids).await? {
        calls.lost(id);
        calls.engine.release(id).await;
    }
    Ok(())
}

/// Lets go of calls of which nothing is heard from their browsers, or that nobody has taken yet, where others
/// have them by now: what rings here is cancelled.
///
/// # Errors
/// When the store fails.
pub(in crate::calls) async fn let_go_of_lost(calls: &Calls) -> Result<(), StoreError> {
    if !calls.store.is_shared() {
        return Ok(());
    }
    let doubtful = calls.live.all().into_iter();
    let doubtful = doubtful.filter(|(_, call)| call.stage().0 != Phase::Connected);
    let ids: Vec<CallId> = doubtful.map(|(id, _)| id).collect();
    let_go_of(calls, &ids).await
}

/// Lets go of a call that was answered just now, if another server has it: that one has called for itself.
pub(in crate::calls) async fn let_go_if_lost(calls: Arc<Calls>, id: CallId) {
    if let Err(error) = let_go_of(&calls, &[id]).await {
        error!(call = %id, %error, "it can't be asked whether another server has the call");
    }
}

async fn let_go_of(calls: &Calls, ids: &[CallId]) -> Result<(), StoreError> {
    for id in calls.store.calls_elsewhere(calls.node_id, ids).await? {
        info!(call = %id, "another server has taken this call over");
        calls.lost(id);
        calls.engine.release(id).await;
    }
    Ok(())
}

/// Answers whether dialogs are to be ended by this server. Without an answer of the store nobody knows, so it
/// is asked until it gives one.
pub(crate) async fn answer(
    calls: Arc<Calls>,
    mut questions: mpsc::Receiver<MayEnd>,
    stopped: CancellationToken,
) {
    let mut asked = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            count = questions.recv_many(&mut asked, BATCH) => if count == 0 { return },
        }
        let dialogs = asked.iter().map(|MayEnd { call_id, sip_call_id, when, .. }| {
            let when = match when {
                EndWhen::Always => EndDialog::Always,
                EndWhen::Stray => EndDialog::WithoutCall,
            };
            (sip_call_id.as_str(), *call_id, when)
        });
        let dialogs: Vec<_> = dialogs.collect();
        let ours = loop {
            match calls.store.end_dialogs(calls.node_id, &dialogs).await {
                Ok(ours) => break ours,
                Err(error) => error!(%error, "dialogs can't be ended before the store answers"),
            }
            tokio::select! {
                () = stopped.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        };
        for MayEnd { sip_call_id, answer, .. } in asked.drain(..) {
            // Whoever asked may be gone.
            let _ = answer.send(ours.contains(&sip_call_id));
        }
    }
}
