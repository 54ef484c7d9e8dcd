//! Replays of many deliveries: feeds them to the queue, little by little.
//!
//! How far each has come is on disk, in the same transaction as what it made pending: so it goes on
//! where it was after a crash. What it sends and when is the delivery engine's affair.

use std::{sync::Arc, time::Duration};

use bellpush_store::{Replay, StoreError};
use tracing::{info, warn};

use crate::Server;

/// Deliveries of one step.
const STEP: u32 = 500;
/// With so many waiting at an integration, its replay waits too: new events queue behind what is
/// replayed.
const ENOUGH_WAITING: u32 = 1_000;
/// How often a replay that waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(250);
/// How long to wait after the store has failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// Runs all replays until the server is told to stop for good.
pub async fn run(server: Arc<Server>) {
    loop {
        let pause = match step_all(&server).await {
            // None is running; those of an earlier process are found at the start.
            Ok(Progress::Nothing) => None,
            Ok(Progress::Waiting) => Some(LOOK),
            Ok(Progress::Made) => Some(Duration::ZERO),
            Err(error) => {
                warn!(%error, "replays can't go on yet");
                Some(AFTER_A_FAILURE)
            }
        };
        tokio::select! {
            () = server.stopped.cancelled() => return,
            () = server.replay_made.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

enum Progress {
    Nothing,
    Waiting,
    Made,
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// One step of each replay that may go on.
async fn step_all(server: &Server) -> Result<Progress, StoreError> {
    let mut progress = Progress::Nothing;
    for replay in server.store.running_replays().await? {
        if step(server, &replay).await? {
            progress = Progress::Made;
        } else if matches!(progress, Progress::Nothing) {
            progress = Progress::Waiting;
        }
    }
    Ok(progress)
}

async fn step(server: &Server, replay: &Replay) -> Result<bool, StoreError> {
    server.store.count_replay(replay).await?;
    if !server.store.has_fewer_waiting(replay.integration_id, ENOUGH_WAITING).await? {
        return Ok(false);
    }
    let replayed = server.store.advance_replay(replay, STEP).await?;
    if replayed > 0 {
        server.announcer.replayed(replay.integration_id);
        let integration_id = replay.integration_id;
        info!(replay = %replay.id, %integration_id, replayed, "deliveries are replayed");
    }
    Ok(true)
}
