//! The open streams of one call: a few, of which the oldest makes room for a new one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Streams of one call at once, at most: a page, its next one, and what proxies have not yet closed.
const MAX_STREAMS: usize = 4;

/// The open streams of a call, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenStreams(Arc<Mutex<VecDeque<Arc<CancellationToken>>>>);

/// One open stream, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenStream {
    streams: OpenStreams,
    ended: Arc<CancellationToken>,
}

impl OpenStreams {
    /// Opens a further one, and ends the oldest where there are too many.
    pub(super) fn open(&self) -> OpenStream {
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
    /// Waits until a newer stream takes its place.
    pub(super) async fn replaced(&self) {
        self.ended.cancelled().await;
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
}
