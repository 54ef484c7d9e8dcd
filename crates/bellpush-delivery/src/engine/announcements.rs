//! How the rest of the server tells the engine what is new.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bellpush_core::delivery::PendingDelivery;
use tokio::sync::{Notify, mpsc};

/// Makes the two ends of a channel that holds at most `batches` batches of new deliveries.
#[must_use]
pub fn announcements(batches: usize) -> (Announcer, Announcements) {
    let (sender, new) = mpsc::channel(batches.max(1));
    let changes = Arc::new(Changes::default());
    (Announcer { sender, changes: Arc::clone(&changes) }, Announcements { new, changes })
}

/// The end that the event log and the API hold. Cheap to clone; never waits.
#[derive(Debug, Clone)]
pub struct Announcer {
    sender: mpsc::Sender<Vec<PendingDelivery>>,
    changes: Arc<Changes>,
}

impl Announcer {
    /// Says that these deliveries are on disk now. Batches are announced in the order of the log.
    /// When the engine is behind, the batch is dropped and read from disk later.
    pub fn deliveries(&self, batch: Vec<PendingDelivery>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(batch) {
            self.missed();
        }
    }

    /// Says that deliveries are on disk that were not announced.
    pub fn missed(&self) {
        self.changes.missed.store(true, Ordering::Release);
        self.changes.changed.notify_one();
    }

    /// Says that integrations were created, changed, activated, deactivated or deleted.
    pub fn endpoints_changed(&self) {
        self.changes.endpoints.store(true, Ordering::Release);
        self.changes.changed.notify_one();
    }
}

/// The end that the engine reads.
#[derive(Debug)]
pub struct Announcements {
    new: mpsc::Receiver<Vec<PendingDelivery>>,
    changes: Arc<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    missed: AtomicBool,
    endpoints: AtomicBool,
    changed: Notify,
}

/// One thing that was announced.
#[derive(Debug)]
pub(super) enum Announced {
    /// New deliveries, in the order of the log.
    Deliveries(Vec<PendingDelivery>),
    /// There are deliveries on disk that were not announced.
    Missed,
    /// The integrations changed.
    EndpointsChanged,
}

impl Announcements {
    /// The next one. Waits for ever when all announcers are gone. Safe to cancel.
    pub(super) async fn next(&mut self) -> Announced {
        loop {
            if let Some(change) = self.changes.take() {
                return change;
            }
            tokio::select! {
                () = self.changes.changed.notified() => {}
                Some(batch) = self.new.recv() => {
                    // What was dropped before this batch was sent must be known before this batch.
                    if self.changes.missed.load(Ordering::Acquire) {
                        // Left on disk like the dropped one: reading again finds both.
                        continue;
                    }
                    return Announced::Deliveries(batch);
                }
            }
        }
    }
}

impl Changes {
    fn take(&self) -> Option<Announced> {
        if self.missed.swap(false, Ordering::AcqRel) {
            return Some(Announced::Missed);
        }
        self.endpoints.swap(false, Ordering::AcqRel).then_some(Announced::EndpointsChanged)
    }
}
