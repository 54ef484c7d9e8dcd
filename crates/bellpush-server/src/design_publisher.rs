//! Publishes designs at their time.
//!
//! What is due is on disk, and goes with the version that it becomes: a restart in between loses
//! nothing, and of several nodes one publishes it.

use std::{sync::Arc, time::Duration};

use bellpush_store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::now;

/// How often to look for what another node was told.
const LOOK: Duration = Duration::from_secs(30);

/// Publishes what is due. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct DesignPublisher {
    store: Store,
    changed: Arc<Notify>,
}

impl DesignPublisher {
    /// For the designs of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changed: Arc::default() }
    }

    /// A design was scheduled.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Publishes until the server stops.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        loop {
            let pause = self.publish_due().await.unwrap_or_else(|error| {
                warn!(%error, "designs can't be published at their time yet");
                LOOK
            });
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Publishes all that is due; how long to wait for the next one.
    async fn publish_due(&self) -> Result<Duration, StoreError> {
        loop {
            let Some(due) = self.store.next_design_due().await? else { return Ok(LOOK) };
            let wait = due.millis().saturating_sub(now().millis());
            if let Ok(wait) = u64::try_from(wait)
                && wait > 0
            {
                return Ok(LOOK.min(Duration::from_millis(wait)));
            }
            if let Some((app_id, published)) = self.store.publish_due_design(now()).await? {
                let version = published.version;
                info!(%app_id, version, "a design was published at its time");
            }
        }
    }
}
