//! Erasures: what is asked for is erased bit by bit, here and in what this process remembers.
//!
//! What was erased is known by the ids of sessions: in the database, and in a file beside it
//! ([`tombstones`]), so that a database from a backup is made to forget it again before anything is
//! served.

mod tombstones;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bellpush_core::ids::ErasureId;
use bellpush_delivery::Announcer;
use bellpush_store::{Erasure, ErasureState, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::tombstones::{Tombstone, Tombstones};
use crate::{calls::Calls, duties::Wake, live::LiveFeed, sessions::Sessions};

/// How often to look for erasures that another node has begun.
const LOOK: Duration = Duration::from_secs(30);
/// For so long other nodes may still take something from a session that they remember.
const REMEMBERED_ELSEWHERE: Duration = Duration::from_secs(31);
/// After a step it rests as long as the step took, and so long at least: others wait for the store.
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// Runs the erasures. Clones are handles of the same runner.
#[derive(Debug, Clone)]
pub(crate) struct ErasureRunner {
    store: Store,
    tombstones: Arc<Tombstones>,
    asked: Wake,
    /// An erasure was done by this process.
    erased: Arc<Notify>,
}

/// What remembers something of visitors besides the store.
#[derive(Debug, Clone)]
pub(crate) struct Memories {
    pub(crate) calls: Arc<Calls>,
    pub(crate) sessions: Sessions,
    pub(crate) feed: LiveFeed,
    pub(crate) announcer: Announcer,
}

impl Memories {
    /// Forgets what may be of somebody who is erased. It is read again as far as it is still there.
    fn forget(&self) {
        self.sessions.forget_all();
        self.feed.forget();
        self.announcer.missed();
    }
}

impl ErasureRunner {
    /// Erasures of a store; the file with tombstones is at this path.
    pub(crate) fn new(store: Store, tombstones: PathBuf) -> Self {
        let tombstones = Arc::new(Tombstones::at(tombstones));
        Self { store, tombstones, asked: Wake::default(), erased: Arc::default() }
    }

    /// An erasure was begun.
    pub(crate) fn wake(&self) {
        self.asked.wake();
    }

    /// Does again what the database does not know of, and what was left in the middle; where other servers may
    /// have calls of those who are erased, all of it is only begun here. To be called before anything is
    /// served.
    ///
    /// # Errors
    /// When the store fails, or the file can't be read.
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        for Tombstone { id, app_id, sessions } in self.tombstones.read().await? {
            if self.store.repeat_erasure(app_id, id, &sessions).await? {
                warn!(erasure = %id, "the database did not know of an erasure: it is done again");
            }
        }
        if self.store.has_other_writers() {
            return Ok(());
        }
        while let Some(erasure) = self.store.running_erasure().await? {
            self.erase(erasure).await?;
        }
        Ok(())
    }

    /// Runs erasures until the server stops.
    pub(crate) async fn run(self, memories: Memories, stopped: CancellationToken) {
        tokio::join!(self.erase_all(&memories, &stopped), self.scrub_after(&stopped));
    }

    /// Takes what was erased off the disk, which may take long: calls of the next to be erased do not wait for
    /// it.
    async fn scrub_after(&self, stopped: &CancellationToken) {
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.erased.notified() => {}
            }
            tokio::select! {
                () = stopped.cancelled() => return,
                scrubbed = self.store.scrub() => {
                    if let Err(error) = scrubbed {
                        warn!(%error, "what was erased may still be on the disk");
                    }
                }
            }
        }
    }

    async fn erase_all(&self, memories: &Memories, stopped: &CancellationToken) {
        let mut newest = None;
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                worked = self.work(memories, &mut newest) => {
                    if let Err(error) = worked {
                        warn!(%error, "an erasure can't go on yet");
                    }
                }
            }
            if self.asked.pause(LOOK, stopped).await.is_stopped() {
                return;
            }
        }
    }

    async fn work(
        &self,
        memories: &Memories,
        newest: &mut Option<ErasureId>,
    ) -> Result<(), StoreError> {
        let found = self.store.newest_erasure().await?;
        if found != *newest {
            memories.forget();
            *newest = found;
        }
        while let Some(erasure) = self.store.running_erasure().await? {
            let sessions = self.store.sessions_of_erasure(erasure.id).await?;
            memories.calls.end_calls(&self.store.live_calls_of(&sessions).await?).await;
            if self.store.has_other_writers() {
                tokio::time::sleep(REMEMBERED_ELSEWHERE).await;
            }
            self.erase(erasure).await?;
            memories.forget();
        }
        Ok(())
    }

    /// Erases all that there is to one erasure.
    async fn erase(&self, mut erasure: Erasure) -> Result<(), StoreError> {
        let (id, app_id) = (erasure.id, erasure.app_id);
        let sessions = self.store.sessions_of_erasure(id).await?;
        // Before anything goes: a backup of before may come back at any time.
        self.tombstones.keep(&Tombstone { id, app_id, sessions }).await?;
        while erasure.state == ErasureState::Running {
            let began = tokio::time::Instant::now();
            match self.store.advance_erasure(app_id, id).await? {
                Some(next) => erasure = next,
                // It went with its app, or another server has done the last of it.
                None => return Ok(()),
            }
            tokio::time::sleep(began.elapsed().max(SHORTEST_REST)).await;
        }
        self.erased.notify_one();
        info!(erasure = %id, sessions = erasure.done, "an erasure is done");
        Ok(())
    }
}
