//! The open streams of whoever follows one thing: a few, of which the oldest makes room for a new one.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Streams at once, at most: a page, its next one, and what proxies have not yet closed.
const MAX_STREAMS: usize = 4;

/// The open streams of one follower, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenStreams(Arc<Mutex<VecDeque<Arc<CancellationToken>>>>);

/// One open stream, until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    streams: OpenStreams,
    ended: Arc<CancellationToken>,
}

impl OpenStreams {
    /// Opens a further one, and ends the oldest where there are too many.
    pub(crate) fn open(&self) -> OpenStream {
        let ended = Arc::new(CancellationToken::new());
        let mut streams = self.lock();
        streams.push_back(Arc::clone(&ended));
        while streams.len() > MAX_STREAMS {
            if let Some(oldest) = streams.pop_front() {
                oldest.cancel();
            }
        }
        OpenStream { streams: self.clone(), ended }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<CancellationToken>>> {
        // A list that is whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStream {
    /// Whether a newer stream has taken its place.
    pub(crate) fn is_replaced(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits until a newer stream takes its place.
    pub(crate) async fn replaced(&self) {
        self.ended.cancelled().await;
    }
}

/// The open streams of many followers. Clones are handles of the same ones.
#[derive(Debug)]
pub(crate) struct Followers<K>(Arc<Mutex<HashMap<K, OpenStreams>>>);

impl<K> Clone for Followers<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Followers<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash> Followers<K> {
    /// Opens a further stream of one of them, and ends their oldest where there are too many.
    pub(crate) fn open(&self, follower: K) -> OpenStream {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, streams| !streams.lock().is_empty());
        all.entry(follower).or_default().open()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.streams.lock().retain(|other| !Arc::ptr_eq(other, &self.ended));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_stream_makes_room_and_a_closed_one_leaves_none_behind() {
        let streams = OpenStreams::default();
        let mut open: Vec<_> = (0..4).map(|_| streams.open()).collect();
        assert!(open.iter().all(|stream| !stream.ended.is_cancelled()));
        drop(open.remove(1));
        open.push(streams.open());
        assert!(open.iter().all(|stream| !stream.ended.is_cancelled()));
        open.push(streams.open());
        let ended: Vec<_> = open.iter().map(|stream| stream.ended.is_cancelled()).collect();
        assert_eq!(ended, [true, false, false, false, false]);
        drop(open);
        assert!(streams.lock().is_empty());
    }

    #[test]
    fn each_follower_has_as_many_and_none_is_kept_who_has_gone() {
        let followers = Followers::default();
        let open: Vec<_> = (0..5).map(|_| followers.open("one")).collect();
        let other = followers.open("other");
        assert!(open[0].is_replaced() && !open[1].is_replaced() && !other.is_replaced());
        drop(open);
        drop(followers.open("third"));
        drop(followers.open("fourth"));
        let left: Vec<_> = followers.0.lock().unwrap().keys().copied().collect();
        assert!(left.len() == 2 && left.contains(&"other"), "{left:?}");
    }
}
