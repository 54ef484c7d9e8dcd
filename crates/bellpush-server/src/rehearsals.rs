//! Writes down the ends of rehearsals.
//!
//! What a rehearsal does is over at its time, whether or not this has run: its row says when. The line
//! in the audit trail comes a moment later, or after the next start of a server.

use std::{sync::Arc, time::Duration};

use bellpush_store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::now;

/// How often to look for what another node was told.
const LOOK: Duration = Duration::from_secs(30);

/// Ends what is due. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct RehearsalWatch {
    store: Store,
    changed: Arc<Notify>,
}

impl RehearsalWatch {
    /// For the rehearsals of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changed: Arc::default() }
    }

    /// A rehearsal was begun.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Ends what is due until the server stops.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        loop {
            let pause = self.end_due().await.unwrap_or_else(|error| {
                warn!(%error, "the ends of rehearsals can't be written down yet");
                LOOK
            });
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Ends all that is due; how long to wait for the next one.
    async fn end_due(&self) -> Result<Duration, StoreError> {
        loop {
            let Some(due) = self.store.next_rehearsal_end().await? else { return Ok(LOOK) };
            let wait = due.millis().saturating_sub(now().millis());
            if let Ok(wait) = u64::try_from(wait)
                && wait > 0
            {
                return Ok(LOOK.min(Duration::from_millis(wait)));
            }
            for ended in self.store.end_due_rehearsals(now()).await? {
                info!(app = %ended.app_id, rehearsal = %ended.id, "a rehearsal is over");
            }
        }
    }
}
