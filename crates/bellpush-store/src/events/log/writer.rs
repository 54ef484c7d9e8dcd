//! The one task that writes the log, and the handle to it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::delivery::PendingDelivery;
use metrics::{gauge, histogram};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::{timeout, timeout_at},
};

use super::{
    beside::{Beside, Kept},
    group::{self, Outcome},
    prepared::Prepared,
};
use crate::{
    calls::dialogs::rows::DialogChanges,
    db::Db,
    deliveries::exchanges::EndedAttempt,
    error::{DatabaseError, StoreError},
    events::append::{Append, AppendError, Appended},
};

/// Requests that may wait for the writer.
const QUEUE_REQUESTS: usize = 1024;
/// Events in one commit, unless a single request has more.
const GROUP_EVENTS: usize = 512;
/// Batches of new deliveries that may wait for the delivery engine.
const NEW_DELIVERIES_BATCHES: usize = 256;

/// For so long after events were written, what is kept beside them waits for the next events, to share their
/// commit: while events come steadily there is then no commit without them.
const FOR_EVENTS: Duration = Duration::from_millis(10);

/// How long the database may take for a group before its callers are told to try again.
const GROUP_TIMEOUT: Duration = Duration::from_secs(10);
/// While groups fail, the server's log says so at most this often: it may be on the same full disk.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

type Answer = Result<Vec<Appended>, AppendError>;

#[derive(Debug)]
struct Request {
    appends: Vec<Prepared>,
    asked_at: Instant,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
enum Message {
    Append(Request),
    Keep(Beside),
    Close(oneshot::Sender<()>),
}

/// The handle to the log.
#[derive(Debug)]
pub(crate) struct Log {
    queue: mpsc::Sender<Message>,
    subscriber: Arc<Subscriber>,
    failing: Arc<AtomicBool>,
}

/// Who takes new deliveries.
#[derive(Debug, Default)]
struct Subscriber {
    batches: Mutex<Option<mpsc::Sender<Vec<PendingDelivery>>>>,
    missed: AtomicBool,
}

impl Log {
    pub(crate) fn start(db: Db) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE_REQUESTS);
        let (subscriber, failing) = (Arc::<Subscriber>::default(), Arc::<AtomicBool>::default());
        let writer = Writer {
            db,
            messages,
            subscriber: Arc::clone(&subscriber),
            failing: Arc::clone(&failing),
            told_at: None,
            failed_requests: 0,
        };
        tokio::spawn(writer.run());
        Self { queue, subscriber, failing }
    }

    pub(crate) async fn append(&self, appends: Vec<Append>) -> Answer {
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        // JSON is written here, on the caller's thread: the writer's time is everybody's.
        let appends = appends.into_iter().map(Prepared::new).collect();
        let (answer, answered) = oneshot::channel();
        let request = Request { appends, asked_at: Instant::now(), answer };
        match self.queue.try_send(Message::Append(request)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(AppendError::Overloaded),
            Err(TrySendError::Closed(_)) => return Err(AppendError::Closed),
        }
        answered.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Keeps attempts in the next commit, which events may share.
    pub(crate) async fn record(&self, records: Vec<EndedAttempt>) -> Result<(), StoreError> {
        self.keep(Kept::Attempts(records)).await
    }

    /// Keeps what became of dialogs in the next commit, which events may share.
    pub(crate) async fn keep_dialogs(&self, changes: DialogChanges) -> Result<(), StoreError> {
        self.keep(Kept::Dialogs(changes)).await
    }

    async fn keep(&self, kept: Kept) -> Result<(), StoreError> {
        let closed = || DatabaseError::Unavailable(AppendError::Closed.to_string()).into();
        let (answer, answered) = oneshot::channel();
        let beside = Beside { kept, answer };
        self.queue.send(Message::Keep(beside)).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Whether the last group could not be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Returns once everything accepted is written.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the writer is gone, which is what was asked for.
            let _ = closed.await;
        }
    }

    pub(crate) fn subscribe(&self) -> Option<mpsc::Receiver<Vec<PendingDelivery>>> {
        let mut batches = self.subscriber.batches.lock().ok()?;
        if batches.is_some() {
            return None;
        }
        let (sender, receiver) = mpsc::channel(NEW_DELIVERIES_BATCHES);
        *batches = Some(sender);
        Some(receiver)
    }

    pub(crate) fn take_missed(&self) -> bool {
        self.subscriber.missed.swap(false, Ordering::AcqRel)
    }
}

impl Subscriber {
    fn offer(&self, deliveries: Vec<PendingDelivery>) {
        let Ok(batches) = self.batches.lock() else { return };
        if let Some(batches) = batches.as_ref().filter(|_| !deliveries.is_empty())
            && let Err(TrySendError::Full(_)) = batches.try_send(deliveries)
        {
            self.miss();
        }
    }

    /// There may be deliveries on disk that were not offered.
    fn miss(&self) {
        self.missed.store(true, Ordering::Release);
    }
}

/// What the next commit is of.
#[derive(Default)]
struct Waiting {
    group: Vec<Request>,
    events: usize,
    beside: Vec<Beside>,
    closing: Vec<oneshot::Sender<()>>,
}

impl Waiting {
    fn take(&mut self, message: Message) {
        match message {
            Message::Append(request) => {
                self.events += request.appends.len();
                self.group.push(request);
            }
            Message::Keep(beside) => self.beside.push(beside),
            Message::Close(done) => self.closing.push(done),
        }
    }

    /// Whether nobody outside the server waits for it.
    fn may_wait(&self) -> bool {
        self.group.is_empty() && self.closing.is_empty()
    }
}

struct Writer {
    db: Db,
    messages: mpsc::Receiver<Message>,
    subscriber: Arc<Subscriber>,
    failing: Arc<AtomicBool>,
    /// When the server's log was last told of a failure.
    told_at: Option<Instant>,
    /// Requests that failed since.
    failed_requests: usize,
}

impl Writer {
    async fn run(mut self) {
        let mut closing = Vec::new();
        // When events were written last.
        let mut wrote_at = None;
        while let Some(first) = self.messages.recv().await {
            let mut waiting = Waiting::default();
            waiting.take(first);
            self.take_more(&mut waiting);
            if let Some(until) = wrote_at.map(|at: Instant| at + FOR_EVENTS) {
                while waiting.may_wait()
                    && let Ok(Some(next)) = timeout_at(until.into(), self.messages.recv()).await
                {
                    waiting.take(next);
                    self.take_more(&mut waiting);
                }
            }
            let Waiting { group, beside, events, closing: mut asked } = waiting;
            if !asked.is_empty() {
                // What is in the queue still comes out of it.
                self.messages.close();
                closing.append(&mut asked);
            }
            gauge!("bellpush_log_queue_fill")
                .set(self.messages.len() as f64 / QUEUE_REQUESTS as f64);
            if !group.is_empty() {
                histogram!("bellpush_log_group_events").record(events as f64);
                wrote_at = Some(Instant::now());
            }
            self.write(group, beside).await;
        }
        for done in closing {
            let _ = done.send(());
        }
    }

    /// Takes what is in the queue, as much as one commit has room for.
    fn take_more(&mut self, waiting: &mut Waiting) {
        while waiting.events < GROUP_EVENTS
            && let Ok(next) = self.messages.try_recv()
        {
            waiting.take(next);
        }
    }

    async fn write(&mut self, group: Vec<Request>, beside: Vec<Beside>) {
        if group.is_empty() && beside.is_empty() {
            return;
        }
        match self.try_write(&group, &beside).await {
            Ok(outcomes) => {
                if !group.is_empty() {
                    self.works();
                }
                beside.into_iter().for_each(Beside::done);
                for (request, outcome) in group.into_iter().zip(outcomes) {
                    request.reply(Ok(outcome));
                }
            }
            // Neither shall keep the other from being written.
            Err(error) if !beside.is_empty() => {
                Box::pin(self.write(group, Vec::new())).await;
                if may_be_written(&error) {
                    // Then they were repetitions just now, of which no delivery was offered.
                    self.subscriber.miss();
                }
                for one in beside {
                    one.keep_alone(&self.db).await;
                }
            }
            // Something in one of the requests is more than the database takes, or does not go with
            // what is on disk: only the guilty one shall fail.
            Err(error) if !may_be_written(&error) && group.len() > 1 => {
                for request in group {
                    Box::pin(self.write(vec![request], Vec::new())).await;
                }
            }
            Err(error) => {
                self.fails(&error, group.len());
                let error = Arc::new(error);
                for request in group {
                    request.reply(Err(Arc::clone(&error)));
                }
            }
        }
    }

    fn fails(&mut self, error: &StoreError, requests: usize) {
        if may_be_written(error) {
            self.failing.store(true, Ordering::Release);
            // They may be on disk all the same, and only the word of it lost.
            self.subscriber.miss();
        }
        self.failed_requests += requests;
        if self.told_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            tracing::error!(%error, requests = self.failed_requests, "events can't be recorded");
            self.told_at = Some(Instant::now());
            self.failed_requests = 0;
        }
    }

    fn works(&mut self) {
        if self.failing.swap(false, Ordering::AcqRel) {
            tracing::info!("events are recorded again");
            // By now it is certain what became of the groups that failed.
            self.subscriber.miss();
            self.told_at = None;
            self.failed_requests = 0;
        }
    }

    /// Writes a group, again when another node was in the way, and hands on its deliveries.
    async fn try_write(
        &self,
        group: &[Request],
        beside: &[Beside],
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut tries = 0;
        let requests: Vec<&[Prepared]> =
            group.iter().map(|request| request.appends.as_slice()).collect();
        let beside: Vec<&Kept> = beside.iter().map(|one| &one.kept).collect();
        loop {
            let written = timeout(GROUP_TIMEOUT, group::write(&self.db, &requests, &beside)).await;
            match written.unwrap_or_else(|_| Err(too_late())) {
                Err(StoreError::Database(DatabaseError::Conflict(_))) if tries < 5 => tries += 1,
                Err(error) => return Err(error),
                Ok(written) => {
                    self.subscriber.offer(written.deliveries);
                    return Ok(written.outcomes);
                }
            }
        }
    }
}

/// Whether what failed so may be on disk all the same.
fn may_be_written(error: &StoreError) -> bool {
    !matches!(error, StoreError::Database(DatabaseError::Refused { .. }))
        && !group::is_at_odds(error)
}

fn too_late() -> StoreError {
    DatabaseError::Unavailable("it did not answer in time".into()).into()
}

impl Request {
    fn reply(self, outcome: Result<Outcome, Arc<StoreError>>) {
        histogram!("bellpush_log_append_seconds").record(self.asked_at.elapsed().as_secs_f64());
        let answer = match outcome {
            Ok(Ok(positions)) => Ok(self
                .appends
                .into_iter()
                .zip(positions)
                .map(|(prepared, position)| Appended {
                    seq: position.seq,
                    event: prepared.append.into_event(),
                    repeated: position.repeated,
                })
                .collect()),
            Ok(Err((index, reason))) => Err(AppendError::Refused { index, reason }),
            Err(error) => Err(AppendError::Store(error)),
        };
        // A caller that went away does not take its events back.
        let _ = self.answer.send(answer);
    }
}
