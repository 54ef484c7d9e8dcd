//! How many calls are live, and room for those that are to be.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The live calls of all shards, for the handles to read, and how many there may be.
#[derive(Debug, Clone)]
pub(super) struct CallLimit {
    pub(super) live: Arc<AtomicUsize>,
    pub(super) max: usize,
}

/// Room for one call that is to be taken on, until it is dropped.
#[derive(Debug)]
pub struct Room(Option<CallLimit>);

impl CallLimit {
    /// Room for one more call, if there is.
    pub(super) fn reserve(&self) -> Option<Room> {
        let add = |live| (live < self.max).then_some(live + 1);
        let reserved = self.live.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        reserved.is_ok().then(|| Room(Some(self.clone())))
    }

    /// So many calls are over.
    pub(super) fn release(&self, calls: usize) {
        self.live.fetch_sub(calls, Ordering::Relaxed);
    }
}

impl Room {
    /// A call takes it, and counts as live by itself from now on.
    pub(super) fn take(mut self) {
        self.0 = None;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(limit) = self.0.take() {
            limit.release(1);
        }
    }
}
