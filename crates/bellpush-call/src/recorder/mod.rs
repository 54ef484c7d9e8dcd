//! Where what is seen of calls goes, to be recorded: a bounded queue that nobody waits at.
//!
//! The SIP stack, the media threads and who follows a call put things in, each with its place in the
//! order of this process. What finds no room is dropped and counted; a call is never held up.

mod masking;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bellpush_core::{
    ids::{AppId, CallId},
    record::{RecordEntry, Recorded},
};
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use tokio::sync::mpsc;

pub(crate) use masking::masked;

/// What a recorder is told.
#[derive(Debug, Clone, PartialEq)]
pub enum ToRecord {
    /// A call was accepted: what is seen of it from now on is recorded.
    Begin {
        /** The call. */
        call_id: CallId,
        /** Its app. */
        app_id: AppId,
    },
    /// Something was seen of a call.
    Seen {
        /** The call. */
        call_id: CallId,
        /** What, when, and after what. */
        recorded: Recorded,
    },
    /// The call is over. What comes a little later still belongs to it.
    End {
        /** The call. */
        call_id: CallId,
    },
}

/// Takes what is seen of calls. Clones put into the same queue.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Option<Arc<Queue>>);

struct Queue {
    sender: mpsc::Sender<ToRecord>,
    seq: AtomicU64,
    fill: Gauge,
    dropped: Counter,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("capacity", &self.sender.capacity()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// One that records nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// A queue for so many things, and what reads it.
    #[must_use]
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<ToRecord>) {
        describe_gauge!(
            "bellpush_call_records_queue_fill",
            "How full the queue of what is recorded of calls is, 0 to 1."
        );
        describe_counter!(
            "bellpush_call_records_dropped_total",
            "What was not recorded of calls, by reason."
        );
        let (sender, receiver) = mpsc::channel(capacity);
        let queue = Queue {
            sender,
            // Above those of the processes before, so that the order of a call's record holds.
            seq: AtomicU64::new(u64::try_from(micros()).unwrap_or_default()),
            fill: gauge!("bellpush_call_records_queue_fill"),
            dropped: counter!("bellpush_call_records_dropped_total", "reason" => "queue_full"),
        };
        (Self(Some(Arc::new(queue))), receiver)
    }

    /// Whether anything is recorded: who would have to make it first can save that.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A call was accepted, or taken over from another process.
    pub fn begin(&self, call_id: CallId, app_id: AppId) {
        if let Some(queue) = &self.0 {
            // What another process has seen of it stands before what is seen of it here, as its count began
            // with its own start, too, and is slower than the clock.
            let now = u64::try_from(micros()).unwrap_or_default();
            queue.seq.fetch_max(now, Ordering::Relaxed);
        }
        self.put(|_| ToRecord::Begin { call_id, app_id });
    }

    /// Something was seen of a call just now.
    pub fn record(&self, call_id: CallId, entry: RecordEntry) {
        self.put(|seq| ToRecord::Seen { call_id, recorded: Recorded { seq, at: micros(), entry } });
    }

    /// A call is over.
    pub fn end(&self, call_id: CallId) {
        self.put(|_| ToRecord::End { call_id });
    }

    fn put(&self, what: impl FnOnce(u64) -> ToRecord) {
        let Some(queue) = &self.0 else { return };
        let seq = queue.seq.fetch_add(1, Ordering::Relaxed);
        let (free, all) = (queue.sender.capacity(), queue.sender.max_capacity());
        queue.fill.set(1.0 - free as f64 / all.max(1) as f64);
        if queue.sender.try_send(what(seq)).is_err() {
            queue.dropped.increment(1);
        }
    }
}

/// Microseconds since 1970, by the system's clock.
fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use bellpush_core::ids::{AppId, CallId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_seen_later_has_a_later_place_and_nobody_waits_at_a_full_queue() {
        let (recorder, mut receiver) = Recorder::channel(3);
        let call_id = CallId::from_uuid(Uuid::from_u128(1));
        recorder.begin(call_id, AppId::from_uuid(Uuid::from_u128(2)));
        for _ in 0..100 {
            recorder.record(call_id, RecordEntry::Hold { held: true });
        }
        let read: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        assert_eq!(read.len(), 3);
        let seqs: Vec<_> = read
            .iter()
            .filter_map(|told| match told {
                ToRecord::Seen { recorded, .. } => Some(recorded.seq),
                _ => None,
            })
            .collect();
        assert!(seqs[0] < seqs[1], "{seqs:?}");
        // There is room again.
        recorder.end(call_id);
        assert_eq!(receiver.try_recv().ok(), Some(ToRecord::End { call_id }));
    }

    #[test]
    fn one_that_is_off_takes_nothing() {
        let recorder = Recorder::off();
        assert!(!recorder.is_on());
        recorder.end(CallId::from_uuid(Uuid::from_u128(1)));
    }
}
