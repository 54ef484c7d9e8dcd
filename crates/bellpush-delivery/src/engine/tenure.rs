//! For how long, and of which integrations, this process may attempt deliveries.
//!
//! Where several servers share the deliveries, each may attempt those of its own shards, and only
//! while its lease lasts. Who keeps the lease holds a handle of this, and so does the engine.

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Instant,
};

use bellpush_core::{
    cluster::{Shard, ShardSet},
    ids::IntegrationId,
};

/// It is over: until [`Tenure::begin`].
const OVER: u64 = 0;
/// It never ends.
const FOR_EVER: u64 = u64::MAX;

/// See the module's text. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct Tenure(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// Nanoseconds after `began`.
    until: AtomicU64,
    shards: RwLock<ShardSet>,
    /// Counts what was begun, ended and changed.
    changes: AtomicU64,
}

impl Default for Tenure {
    /// The only server: of all integrations, for ever.
    fn default() -> Self {
        Self::new(FOR_EVER, ShardSet::ALL)
    }
}

impl Tenure {
    /// One of several servers: of none, until something else is said.
    #[must_use]
    pub fn shared() -> Self {
        Self::new(OVER, ShardSet::NONE)
    }

    fn new(until: u64, shards: ShardSet) -> Self {
        let (until, shards) = (AtomicU64::new(until), RwLock::new(shards));
        let changes = AtomicU64::new(0);
        Self(Arc::new(Inner { began: Instant::now(), until, shards, changes }))
    }

    /// Whether attempts may begin. Once they may not, they may not until [`Tenure::begin`]: whoever
    /// was told no once can rely on it that the engine will forget what it has in flight.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let mut until = self.0.until.load(Ordering::Acquire);
        while until != OVER && until != FOR_EVER && until <= self.nanos(Instant::now()) {
            match self.swap(until, OVER) {
                Ok(()) => return false,
                Err(now) => until = now,
            }
        }
        until != OVER
    }

    /// Whether this process delivers to an integration.
    #[must_use]
    pub fn owns(&self, id: IntegrationId) -> bool {
        self.shards().contains(Shard::of(id))
    }

    /// The shards of this process.
    #[must_use]
    pub fn shards(&self) -> ShardSet {
        *self.0.shards.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes these the shards of this process.
    pub fn own(&self, shards: ShardSet) {
        *self.0.shards.write().unwrap_or_else(PoisonError::into_inner) = shards;
        self.count();
    }

    /// Attempts may begin until then.
    pub fn begin(&self, until: Instant) {
        self.0.until.store(self.nanos(until).max(1), Ordering::Release);
        self.count();
    }

    /// A number that changes with whatever is owned: deliveries that were seen as pending before may
    /// have been delivered by others since.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }

    /// The same for longer; `false` when it is over, and somebody may have been told so.
    #[must_use]
    pub fn extend(&self, until: Instant) -> bool {
        let new = self.nanos(until).max(1);
        while self.is_held() {
            let before = self.0.until.load(Ordering::Acquire);
            if before != OVER && self.swap(before, new).is_ok() {
                return true;
            }
        }
        false
    }

    /// No attempt may begin from now on.
    pub fn end(&self) {
        self.0.until.store(OVER, Ordering::Release);
        self.count();
    }

    /// Does something for as long as attempts may begin. Beyond that it stands still, for ever.
    pub async fn while_held<T>(&self, doing: impl Future<Output = T>) -> T {
        let mut doing = pin!(doing);
        std::future::poll_fn(|context| {
            if self.is_held() { doing.as_mut().poll(context) } else { Poll::Pending }
        })
        .await
    }

    fn count(&self) {
        self.0.changes.fetch_add(1, Ordering::AcqRel);
    }

    fn swap(&self, before: u64, after: u64) -> Result<(), u64> {
        let until = &self.0.until;
        until.compare_exchange(before, after, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.0.began).as_nanos();
        u64::try_from(since).unwrap_or(FOR_EVER - 1).min(FOR_EVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_only_server_delivers_everything_for_ever() {
        let tenure = Tenure::default();
        assert!(tenure.is_held());
        assert_eq!(tenure.shards(), ShardSet::ALL);
    }

    #[test]
    fn a_tenure_that_was_found_over_is_not_extended() {
        let tenure = Tenure::shared();
        assert!(!tenure.is_held());
        let later = Instant::now() + Duration::from_secs(60);
        assert!(!tenure.extend(later));
        tenure.begin(Instant::now());
        assert!(!tenure.is_held());
        assert!(!tenure.extend(later));
        tenure.begin(later);
        assert!(tenure.is_held());
        assert!(tenure.extend(later + Duration::from_secs(1)));
        tenure.end();
        assert!(!tenure.extend(later));
    }

    #[tokio::test]
    async fn what_is_done_while_it_is_held_stands_still_when_it_is_over() {
        let tenure = Tenure::shared();
        tenure.begin(Instant::now() + Duration::from_secs(60));
        assert_eq!(tenure.while_held(async { 7 }).await, 7);
        tenure.end();
        let mut still = pin!(tenure.while_held(async { 7 }));
        let polled = std::future::poll_fn(|context| Poll::Ready(still.as_mut().poll(context)));
        assert_eq!(polled.await, Poll::Pending);
    }
}
