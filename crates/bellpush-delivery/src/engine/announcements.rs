//! How the rest of the server tells the engine what is new, and commands it.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bellpush_core::{delivery::PendingDelivery, ids::IntegrationId};
use tokio::sync::{Notify, mpsc, oneshot};

use super::test::EndpointTest;
use crate::scheduler::LaneStatus;

/// Commands that may wait for the engine; more wait where they are sent.
const COMMANDS: usize = 64;

/// Makes the two ends of a channel that holds at most `batches` batches of new deliveries.
#[must_use]
pub fn announcements(batches: usize) -> (Announcer, Announcements) {
    let (sender, new) = mpsc::channel(batches.max(1));
    let (commands, sent) = mpsc::channel(COMMANDS);
    let changes = Arc::new(Changes::default());
    let announcer = Announcer { sender, commands, changes: Arc::clone(&changes) };
    (announcer, Announcements { new, commands: sent, changes })
}

/// The end that the event log and the API hold. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Announcer {
    sender: mpsc::Sender<Vec<PendingDelivery>>,
    commands: mpsc::Sender<Command>,
    changes: Arc<Changes>,
}

/// The engine does not run (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery engine is not running")]
pub struct NotRunning;

impl Announcer {
    /// Says that these deliveries are on disk now. Batches are announced in the order of the log.
    /// When the engine is behind, the batch is dropped and read from disk later. Never waits.
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

    /// Says that deliveries of this integration that had ended are pending on disk again.
    pub fn replayed(&self, integration_id: IntegrationId) {
        self.changes.replayed().insert(integration_id);
        self.changes.changed.notify_one();
    }

    /// Says that integrations were created, changed, activated, deactivated or deleted.
    pub fn endpoints_changed(&self) {
        self.changes.endpoints.store(true, Ordering::Release);
        self.changes.changed.notify_one();
    }

    /// How an integration does right now; `None` when it is not active.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn lane(&self, id: IntegrationId) -> Result<Option<LaneStatus>, NotRunning> {
        self.send(|reply| Command::Lane(id, reply)).await
    }

    /// Closes an integration's breaker: someone says that its endpoint works. Returns once it is
    /// closed.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn reset_breaker(&self, id: IntegrationId) -> Result<(), NotRunning> {
        self.send(|reply| Command::ResetBreaker(id, reply)).await
    }

    /// Sends a sample event at once to an integration, active or not, beside the queue. Takes as long
    /// as an attempt may. `None` when there is no such integration.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn test(&self, sample: PendingDelivery) -> Result<Option<EndpointTest>, NotRunning> {
        self.send(|reply| Command::Test(Box::new(sample), reply)).await
    }

    async fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, NotRunning> {
        let (reply, replied) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| NotRunning)?;
        replied.await.map_err(|_| NotRunning)
    }
}

/// The end that the engine reads.
#[derive(Debug)]
pub struct Announcements {
    new: mpsc::Receiver<Vec<PendingDelivery>>,
    commands: mpsc::Receiver<Command>,
    changes: Arc<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    missed: AtomicBool,
    endpoints: AtomicBool,
    replayed: Mutex<HashSet<IntegrationId>>,
    changed: Notify,
}

/// A command to the engine, with where its reply goes.
#[derive(Debug)]
pub(super) enum Command {
    Lane(IntegrationId, oneshot::Sender<Option<LaneStatus>>),
    ResetBreaker(IntegrationId, oneshot::Sender<()>),
    Test(Box<PendingDelivery>, oneshot::Sender<Option<EndpointTest>>),
}

/// One thing that was announced.
#[derive(Debug)]
pub(super) enum Announcement {
    /// New deliveries, in the order of the log.
    Deliveries(Vec<PendingDelivery>),
    /// There are deliveries on disk that were not announced.
    Missed,
    /// Deliveries of these integrations that had ended are pending again.
    Replayed(HashSet<IntegrationId>),
    /// The integrations changed.
    EndpointsChanged,
    /// Someone wants something.
    Command(Command),
}

impl Announcements {
    /// The next one. Waits for ever when all announcers are gone. Safe to cancel.
    pub(super) async fn next(&mut self) -> Announcement {
        loop {
            if let Some(change) = self.changes.take() {
                return change;
            }
            tokio::select! {
                () = self.changes.changed.notified() => {}
                Some(command) = self.commands.recv() => return Announcement::Command(command),
                Some(batch) = self.new.recv() => {
                    // What was dropped before this batch was sent must be known before this batch.
                    if self.changes.missed.load(Ordering::Acquire) {
                        // Left on disk like the dropped one: reading again finds both.
                        continue;
                    }
                    return Announcement::Deliveries(batch);
                }
            }
        }
    }
}

impl Changes {
    fn take(&self) -> Option<Announcement> {
        if self.missed.swap(false, Ordering::AcqRel) {
            return Some(Announcement::Missed);
        }
        if self.endpoints.swap(false, Ordering::AcqRel) {
            return Some(Announcement::EndpointsChanged);
        }
        let replayed = mem::take(&mut *self.replayed());
        (!replayed.is_empty()).then_some(Announcement::Replayed(replayed))
    }

    fn replayed(&self) -> std::sync::MutexGuard<'_, HashSet<IntegrationId>> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
