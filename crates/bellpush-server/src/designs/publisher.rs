//! Publishes designs at their time.
//!
//! What is due is on disk, and goes with the version that it becomes: a restart in between loses
//! nothing, and of several nodes one publishes it.

use bellpush_core::events::EventTime;
use bellpush_store::{Store, StoreError};
use tracing::info;

use crate::duties::{Due, Wake};

/// Publishes what is due. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct DesignPublisher {
    store: Store,
    changed: Wake,
}

impl DesignPublisher {
    /// For the designs of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changed: Wake::default() }
    }

    /// A design was scheduled.
    pub(crate) fn wake(&self) {
        self.changed.wake();
    }
}

impl Due for DesignPublisher {
    const FAILS: &'static str = "designs can't be published at their time yet";

    fn changed(&self) -> &Wake {
        &self.changed
    }

    async fn next(&self) -> Result<Option<EventTime>, StoreError> {
        self.store.next_design_due().await
    }

    async fn clock(&self) -> Result<EventTime, StoreError> {
        self.store.clock().await
    }

    async fn act(&self, now: EventTime) -> Result<(), StoreError> {
        if let Some((app_id, published)) = self.store.publish_due_design(now).await? {
            let version = published.version;
            info!(%app_id, version, "a design was published at its time");
        }
        Ok(())
    }
}
