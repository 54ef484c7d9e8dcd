//! Reads from the database what was appended for this server's engine. A hint is only a hint: with
//! each delivery come the earlier ones of its call that are still pending.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bellpush_core::delivery::DeliveryKey;
use bellpush_delivery::{Announcer, Tenure};
use bellpush_store::Store;
use tokio::sync::mpsc;
use tracing::warn;

/// Hints that may wait to be read.
const WAITING: usize = 1_024;
/// Deliveries that one statement asks for, unless one hint names more.
const AT_ONCE: usize = 512;

#[derive(Debug)]
pub(super) struct Reader {
    wanted: mpsc::Sender<Vec<DeliveryKey>>,
    waiting: Mutex<Option<mpsc::Receiver<Vec<DeliveryKey>>>>,
    /// Hints that were taken and are not dealt with.
    open: AtomicUsize,
}

impl Reader {
    pub(super) fn new() -> Self {
        let (wanted, waiting) = mpsc::channel(WAITING);
        Self { wanted, waiting: Mutex::new(Some(waiting)), open: AtomicUsize::new(0) }
    }

    /// Has these read soon; `false` when there is no room, so that all has to be read from disk.
    #[must_use]
    pub(super) fn want(&self, keys: Vec<DeliveryKey>) -> bool {
        self.open.fetch_add(1, Ordering::AcqRel);
        let taken = self.wanted.try_send(keys).is_ok();
        if !taken {
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
        taken
    }

    /// Whether something is still to be read.
    pub(super) fn is_busy(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    /// Reads what is wanted, until nobody can want anything more. Only the first run counts.
    pub(super) async fn run(&self, store: &Store, announcer: &Announcer, tenure: &Tenure) {
        let waiting = self.waiting.lock().ok().and_then(|mut waiting| waiting.take());
        let Some(mut waiting) = waiting else { return };
        while let Some(mut keys) = waiting.recv().await {
            let mut hints = 1;
            while keys.len() < AT_ONCE
                && let Ok(mut more) = waiting.try_recv()
            {
                keys.append(&mut more);
                hints += 1;
            }
            let changes = tenure.changes();
            match store.pending_with_earlier(&keys).await {
                Ok(deliveries) if deliveries.is_empty() => {}
                Ok(deliveries) => announcer.deliveries_as_of(changes, deliveries),
                Err(error) => {
                    warn!(%error, "what other servers appended can't be read yet");
                    announcer.missed();
                }
            }
            self.open.fetch_sub(hints, Ordering::AcqRel);
        }
    }
}
