//! Replays of many deliveries: feeds them to the queue, little by little, at whichever server leads.
//!
//! How far each has come is on disk, in the same transaction as what it made pending: so it goes on
//! where it was after a crash. What it sends and when is the delivery engine's affair.

use std::time::Duration;

use bellpush_delivery::Announcer;
use bellpush_store::{Replay, Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::duties::Wake;

/// Deliveries of one step.
const STEP: u32 = 500;
/// With so many waiting at an integration, its replay waits too: new events queue behind what is
/// replayed.
const ENOUGH_WAITING: u32 = 1_000;
/// How often a replay that waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(250);
/// How often the server that runs them looks for replays that were made at another one.
const LOOK_FOR_OTHERS: Duration = Duration::from_secs(1);
/// How long to wait after the store has failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// Runs the replays. Clones are handles of the same runner.
#[derive(Debug, Clone)]
pub(crate) struct ReplayRunner {
    store: Store,
    announcer: Announcer,
    made: Wake,
}

impl ReplayRunner {
    /// Replays of a store, told to the delivery engine.
    pub(crate) fn new(store: Store, announcer: Announcer) -> Self {
        Self { store, announcer, made: Wake::default() }
    }

    /// A replay was made.
    pub(crate) fn wake(&self) {
        self.made.wake();
    }

    /// Runs all replays until the server is told to stop for good.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        loop {
            let pause = match self.step_all().await {
                Ok(Progress::Nothing) if self.store.is_shared() => LOOK_FOR_OTHERS,
                // None is running; those of an earlier process are found at the start.
                Ok(Progress::Nothing) => Duration::MAX,
                Ok(Progress::Waiting) => LOOK,
                Ok(Progress::Made) => Duration::ZERO,
                Err(error) => {
                    warn!(%error, "replays can't go on yet");
                    AFTER_A_FAILURE
                }
            };
            if self.made.pause(pause, &stopped).await.is_stopped() {
                return;
            }
        }
    }

    /// One step of each replay that may go on.
    async fn step_all(&self) -> Result<Progress, StoreError> {
        let mut progress = Progress::Nothing;
        // Of several servers one runs the replays of all.
        if !self.store.leads() {
            return Ok(progress);
        }
        for replay in self.store.running_replays().await? {
            if self.step(&replay).await? {
                progress = Progress::Made;
            } else if matches!(progress, Progress::Nothing) {
                progress = Progress::Waiting;
            }
        }
        Ok(progress)
    }

    async fn step(&self, replay: &Replay) -> Result<bool, StoreError> {
        self.store.count_replay(replay).await?;
        if !self.store.has_fewer_waiting(replay.integration_id, ENOUGH_WAITING).await? {
            return Ok(false);
        }
        let replayed = self.store.advance_replay(replay, STEP).await?;
        if replayed > 0 {
            self.announcer.replayed(replay.integration_id);
            let integration_id = replay.integration_id;
            info!(replay = %replay.id, %integration_id, replayed, "deliveries are replayed");
        }
        Ok(true)
    }
}

enum Progress {
    Nothing,
    Waiting,
    Made,
}
