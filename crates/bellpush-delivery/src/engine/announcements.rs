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

use super::{tenure::Tenure, test::EndpointTest};
use crate::scheduler::LaneStatus;

/// Commands that may wait for the engine; more wait where they are sent.
const COMMANDS: usize = 64;

/// Makes the two ends of a channel that holds at most `batches` batches of new deliveries.
#[must_use]
pub fn announcements(batches: usize) -> (Announcer, Announcements) {
    let (sender, new) = mpsc::channel(batches.max(1));
    let (commands, sent) = mpsc::channel(COMMANDS);
    let changes = Arc::new(Changes::default());
    let announcer = Announcer { sender, commands, changes: Arc::clone(&changes), elsewhere: None };
    (announcer, Announcements { new, commands: sent, changes })
}

/// New deliveries, and [`Tenure::changes`] when they were seen.
type Seen = (u64, Vec<PendingDelivery>);

/// The end that the event log and the API hold. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Announcer {
    sender: mpsc::Sender<Seen>,
    commands: mpsc::Sender<Command>,
    changes: Arc<Changes>,
    elsewhere: Option<(Tenure, mpsc::Sender<Elsewhere>)>,
}

/// What the engines of other servers are told or asked: the deliveries of their integrations are
/// theirs. Whoever receives it passes it on.
#[derive(Debug)]
pub enum Elsewhere {
    /// Deliveries of this integration that had ended are pending on disk again.
    Replayed(IntegrationId),
    /// Integrations were created, changed, activated, deactivated or deleted.
    EndpointsChanged,
    /// How an integration does right now.
    Lane(IntegrationId, oneshot::Sender<Option<LaneStatus>>),
    /// An integration's breaker is to be closed.
    ResetBreaker(IntegrationId, oneshot::Sender<()>),
}

/// The engine does not run (any more), or the one that the deliveries belong to can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery engine is not running, or can't be reached")]
pub struct NotRunning;

impl Announcer {
    /// One of several servers: what is not of its own shards is passed on.
    #[must_use]
    pub fn beside_others(self, tenure: Tenure, elsewhere: mpsc::Sender<Elsewhere>) -> Self {
        Self { elsewhere: Some((tenure, elsewhere)), ..self }
    }

    /// Says that these deliveries are on disk now. Batches are announced in the order of the log.
    /// When the engine is behind, the batch is dropped and read from disk later. Never waits.
    pub fn deliveries(&self, batch: Vec<PendingDelivery>) {
        let changes = self.elsewhere.as_ref().map_or(0, |(tenure, _)| tenure.changes());
        self.deliveries_as_of(changes, batch);
    }

    /// The same of deliveries that were read from disk when [`Tenure::changes`] was this.
    pub fn deliveries_as_of(&self, changes: u64, batch: Vec<PendingDelivery>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send((changes, batch)) {
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
        self.pass_on(Elsewhere::Replayed(integration_id));
    }

    /// Says that integrations were created, changed, activated, deactivated or deleted.
    pub fn endpoints_changed(&self) {
        self.read_endpoints();
        self.pass_on(Elsewhere::EndpointsChanged);
    }

    /// The same, said by another server.
    pub fn read_endpoints(&self) {
        self.changes.endpoints.store(true, Ordering::Release);
        self.changes.changed.notify_one();
    }

    /// The same as [`Announcer::replayed`], said by another server.
    pub fn replayed_elsewhere(&self, integration_id: IntegrationId) {
        self.changes.replayed().insert(integration_id);
        self.changes.changed.notify_one();
    }

    /// Has the engine look at the disk: what was appended or replayed elsewhere may not have been heard of.
    pub fn look(&self) {
        self.changes.look.store(true, Ordering::Release);
        self.changes.changed.notify_one();
    }

    /// Has the engine forget everything that is in memory, and abort what is in flight. Returns once
    /// that is done. Attempts that ended and are not on disk yet wait for [`Announcer::resume`].
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn suspend(&self) -> Result<(), NotRunning> {
        self.send(Command::Suspend).await
    }

    /// Has the engine go on; `anew` when what was left to be recorded is void.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn resume(&self, anew: bool) -> Result<(), NotRunning> {
        self.send(|reply| Command::Resume { anew, reply }).await
    }

    /// The integrations of which something is in flight, waits, or is to be written down.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn in_use(&self) -> Result<HashSet<IntegrationId>, NotRunning> {
        self.send(Command::InUse).await
    }

    /// How an integration does right now; `None` when it is not active.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn lane(&self, id: IntegrationId) -> Result<Option<LaneStatus>, NotRunning> {
        match self.other_owner(id) {
            Some(elsewhere) => Self::ask(elsewhere, |reply| Elsewhere::Lane(id, reply)).await,
            None => self.send(|reply| Command::Lane(id, reply)).await,
        }
    }

    /// Closes an integration's breaker: someone says that its endpoint works. Returns once it is
    /// closed.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn reset_breaker(&self, id: IntegrationId) -> Result<(), NotRunning> {
        match self.other_owner(id) {
            Some(elsewhere) => {
                Self::ask(elsewhere, |reply| Elsewhere::ResetBreaker(id, reply)).await
            }
            None => self.send(|reply| Command::ResetBreaker(id, reply)).await,
        }
    }

    /// Sends a sample event at once to an integration, active or not, beside the queue. Takes as long
    /// as an attempt may. `None` when there is no such integration.
    ///
    /// # Errors
    /// [`NotRunning`].
    pub async fn test(&self, sample: PendingDelivery) -> Result<Option<EndpointTest>, NotRunning> {
        self.send(|reply| Command::Test(Box::new(sample), reply)).await
    }

    fn pass_on(&self, word: Elsewhere) {
        // Who is not told looks for itself after a while.
        if let Some((_, elsewhere)) = &self.elsewhere {
            let _ = elsewhere.try_send(word);
        }
    }

    /// Where to ask about an integration of another server.
    fn other_owner(&self, id: IntegrationId) -> Option<&mpsc::Sender<Elsewhere>> {
        let (tenure, elsewhere) = self.elsewhere.as_ref()?;
        (!tenure.owns(id)).then_some(elsewhere)
    }

    async fn ask<T>(
        elsewhere: &mpsc::Sender<Elsewhere>,
        question: impl FnOnce(oneshot::Sender<T>) -> Elsewhere,
    ) -> Result<T, NotRunning> {
        let (reply, replied) = oneshot::channel();
        elsewhere.send(question(reply)).await.map_err(|_| NotRunning)?;
        replied.await.map_err(|_| NotRunning)
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
    new: mpsc::Receiver<Seen>,
    commands: mpsc::Receiver<Command>,
    changes: Arc<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    missed: AtomicBool,
    endpoints: AtomicBool,
    look: AtomicBool,
    replayed: Mutex<HashSet<IntegrationId>>,
    changed: Notify,
}

/// A command to the engine, with where its reply goes.
#[derive(Debug)]
pub(super) enum Command {
    Lane(IntegrationId, oneshot::Sender<Option<LaneStatus>>),
    ResetBreaker(IntegrationId, oneshot::Sender<()>),
    Test(Box<PendingDelivery>, oneshot::Sender<Option<EndpointTest>>),
    Suspend(oneshot::Sender<()>),
    Resume { anew: bool, reply: oneshot::Sender<()> },
    InUse(oneshot::Sender<HashSet<IntegrationId>>),
}

/// One thing that was announced.
#[derive(Debug)]
pub(super) enum Announcement {
    /// New deliveries, in the order of the log.
    Deliveries(Seen),
    /// There are deliveries on disk that were not announced.
    Missed,
    /// Deliveries of these integrations that had ended are pending again.
    Replayed(HashSet<IntegrationId>),
    /// The integrations changed.
    EndpointsChanged,
    /// There may be deliveries on disk of which nothing was said.
    Look,
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
        if self.look.swap(false, Ordering::AcqRel) {
            return Some(Announcement::Look);
        }
        let replayed = mem::take(&mut *self.replayed());
        (!replayed.is_empty()).then_some(Announcement::Replayed(replayed))
    }

    fn replayed(&self) -> std::sync::MutexGuard<'_, HashSet<IntegrationId>> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
