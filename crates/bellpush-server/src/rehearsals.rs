//! Writes down the ends of rehearsals.
//!
//! What a rehearsal does is over at its time, whether or not this has run: its row says when. The line
//! in the audit trail comes a moment later, or after the next start of a server.

use bellpush_core::events::EventTime;
use bellpush_store::{Store, StoreError};
use tracing::info;

use crate::duties::{Due, Wake};

/// Ends what is due. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct RehearsalWatch {
    store: Store,
    changed: Wake,
}

impl RehearsalWatch {
    /// For the rehearsals of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changed: Wake::default() }
    }

    /// A rehearsal was begun.
    pub(crate) fn wake(&self) {
        self.changed.wake();
    }
}

impl Due for RehearsalWatch {
    const FAILS: &'static str = "the ends of rehearsals can't be written down yet";

    fn changed(&self) -> &Wake {
        &self.changed
    }

    async fn next(&self) -> Result<Option<EventTime>, StoreError> {
        self.store.next_rehearsal_end().await
    }

    async fn clock(&self) -> Result<EventTime, StoreError> {
        self.store.clock().await
    }

    async fn act(&self, now: EventTime) -> Result<(), StoreError> {
        for ended in self.store.end_due_rehearsals(now).await? {
            info!(app = %ended.app_id, rehearsal = %ended.id, "a rehearsal is over");
        }
        Ok(())
    }
}
