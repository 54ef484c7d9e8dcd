//! What happens right now, for those who watch: events as they come, and calls as they go on.
//!
//! While anybody watches, the end of the log is read, also what other nodes write there. What was told
//! of late is remembered, so that who comes back after a break misses nothing and hears nothing twice.

mod gaps;
mod ring;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::Seq,
    ids::{ApiKeyId, AppId, CallId, SignInId},
    lifecycle::Phase,
};
use bellpush_store::{RecordedEvent, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use self::{gaps::Gaps, ring::Ring};
use crate::followers::{Followers, OpenStream};
pub(crate) use ring::Cursor;

/// How often the log is looked at for what other nodes write.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After the last one has gone, what happens is remembered for so long: they may come back.
const LINGER: Duration = Duration::from_secs(120);
/// Events that are read at once.
const BATCH: u32 = 500;
/// Before the end of the log, so many places may still be filled when watching begins.
const LOOK_BACK: i64 = 500;
/// How long to wait after the store has failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(2);

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// An event was made durable.
    Event(Arc<RecordedEvent>),
    /// A call of this node went on.
    Call {
        app_id: AppId,
        call_id: CallId,
        /** The phase that it is in. */
        phase: Phase,
        /** Whether the far side holds the visitor. */
        held: bool,
    },
}

impl Happened {
    /// The app that it happened in.
    pub(crate) fn app_id(&self) -> AppId {
        match self {
            Self::Event(event) => event.app_id,
            Self::Call { app_id, .. } => *app_id,
        }
    }
}

/// Tells what happens. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct LiveFeed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    ring: Mutex<Ring<Happened>>,
    /// Changes with each thing that happens.
    changed: watch::Sender<()>,
    /// Whether the end of the log is being read.
    begun: watch::Sender<bool>,
    watchers: AtomicUsize,
    wake: Notify,
    followers: Followers<Follower>,
}

/// Who follows which app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Follower {
    /// A browser that is signed in.
    Browser(SignInId, AppId),
    /// A program, by its key.
    Key(ApiKeyId, AppId),
}

/// One who watches, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    feed: LiveFeed,
    changed: watch::Receiver<()>,
}

impl LiveFeed {
    pub(crate) fn new(store: Store) -> Self {
        let ring = Mutex::new(Ring::new(Uuid::now_v7()));
        let (changed, _) = watch::channel(());
        let (begun, _) = watch::channel(false);
        let (watchers, wake) = (AtomicUsize::new(0), Notify::new());
        let followers = Followers::default();
        Self(Arc::new(Inner { store, ring, changed, begun, watchers, wake, followers }))
    }

    /// A stream is opened for a follower, whose oldest ends where there are too many.
    pub(crate) fn open(&self, follower: Follower) -> OpenStream {
        self.0.followers.open(follower)
    }

    /// Begins to watch.
    pub(crate) fn watch(&self) -> Watcher {
        self.0.watchers.fetch_add(1, Ordering::Relaxed);
        self.0.wake.notify_one();
        Watcher { feed: self.clone(), changed: self.0.changed.subscribe() }
    }

    /// Something was written to the log here.
    pub(crate) fn wake(&self) {
        if self.is_watched() {
            self.0.wake.notify_one();
        }
    }

    /// A call of this node went on.
    pub(crate) fn call(&self, app_id: AppId, call_id: CallId, phase: Phase, held: bool) {
        self.tell([Happened::Call { app_id, call_id, phase, held }]);
    }

    /// Forgets what happened: who watches begins anew.
    pub(crate) fn forget(&self) {
        *self.ring() = Ring::new(Uuid::now_v7());
        self.0.changed.send_replace(());
    }

    fn is_watched(&self) -> bool {
        self.0.watchers.load(Ordering::Relaxed) > 0
    }

    fn tell(&self, happened: impl IntoIterator<Item = Happened>) {
        let mut ring = self.ring();
        let before = ring.end();
        happened.into_iter().for_each(|happened| ring.push(happened));
        if ring.end() != before {
            drop(ring);
            self.0.changed.send_replace(());
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring<Happened>> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the end of the log while anybody watches, until the server stops.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        let mut tail: Option<Tail> = None;
        loop {
            let pause = match self.step(&mut tail).await {
                Ok(pause) => pause,
                Err(error) => {
                    warn!(%error, "the end of the log can't be read");
                    Some(AFTER_A_FAILURE)
                }
            };
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.0.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Tells what is new; how long to wait for more.
    async fn step(&self, tail: &mut Option<Tail>) -> Result<Option<Duration>, StoreError> {
        let now = Instant::now();
        let is_watched = self.is_watched();
        match tail {
            None if !is_watched => return Ok(None),
            None => {
                *tail = Some(Tail::begin(&self.0.store, now).await?);
                self.0.begun.send_replace(true);
            }
            Some(tail) if is_watched => tail.watched_at = now,
            Some(known) if now.saturating_duration_since(known.watched_at) > LINGER => {
                // Nothing is remembered from here on: who comes back begins anew.
                *tail = None;
                self.0.begun.send_replace(false);
                *self.ring() = Ring::new(Uuid::now_v7());
                return Ok(None);
            }
            Some(_) => {}
        }
        let Some(tail) = tail else { return Ok(None) };
        let (events, more) = tail.read(&self.0.store, now).await?;
        self.tell(events.into_iter().map(|event| Happened::Event(Arc::new(event))));
        Ok(Some(if more { Duration::ZERO } else { LOOK_EVERY }))
    }
}

impl Watcher {
    /// Waits until nothing that happens is missed any more.
    pub(crate) async fn ready(&self) {
        // The sender lives as long as the feed, of which this has a handle.
        let _ = self.feed.0.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Where what happens next will stand.
    pub(crate) fn now(&self) -> Cursor {
        self.feed.ring().end()
    }

    /// What happened after a cursor, each with the cursor after it; `None` when that is not
    /// remembered.
    pub(crate) fn after(&self, cursor: Cursor) -> Option<Vec<(Happened, Cursor)>> {
        self.feed.ring().after(cursor)
    }

    /// Waits until something happens.
    pub(crate) async fn changed(&mut self) {
        // The sender lives as long as the feed, of which this has a handle.
        let _ = self.changed.changed().await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.feed.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far the log was read.
#[derive(Debug)]
struct Tail {
    read_to: Seq,
    /// Places before that may still be filled: nodes commit in another order than they take places.
    gaps: Gaps,
    watched_at: Instant,
}

impl Tail {
    async fn begin(store: &Store, now: Instant) -> Result<Self, StoreError> {
        let end = store.end_of_log().await?;
        let mut tail = Self { read_to: end, gaps: Gaps::default(), watched_at: now };
        if store.has_other_writers() {
            let begin = Seq(end.0.saturating_sub(LOOK_BACK).max(0));
            let taken = store.places_after(begin).await?;
            tail.read_to = taken.last().copied().unwrap_or(end).max(end);
            tail.gaps.note(now, begin, &taken);
        }
        Ok(tail)
    }

    /// What is new, and whether there is more.
    async fn read(
        &mut self,
        store: &Store,
        now: Instant,
    ) -> Result<(Vec<RecordedEvent>, bool), StoreError> {
        let mut events = store.events_after(self.read_to, BATCH).await?;
        let more = events.len() >= BATCH as usize;
        if store.has_other_writers() {
            let places: Vec<_> = events.iter().map(|event| event.seq).collect();
            self.gaps.note(now, self.read_to, &places);
            let open = self.gaps.open(now);
            if !open.is_empty() {
                let late = store.events_at(&open).await?;
                late.iter().for_each(|event| self.gaps.filled(event.seq));
                events.extend(late);
            }
        }
        self.read_to =
            events.iter().map(|event| event.seq).max().unwrap_or(self.read_to).max(self.read_to);
        Ok((events, more))
    }
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
