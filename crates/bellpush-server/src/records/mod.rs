//! Records of calls: what the engine and the server see of a call, kept for a time.
//!
//! What is seen comes by a bounded queue. It is gathered by call, and kept in parts: so a call costs
//! a row or two. What is not on disk yet can be read here.

mod buffers;
pub(crate) mod capture;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bellpush_call::ToRecord;
use bellpush_core::{events::EventTime, ids::CallId};
use bellpush_store::{CallRecord, Store, StoreError};
use metrics::{Counter, counter, describe_counter, describe_gauge, gauge};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::buffers::Buffers;
use crate::clock;

/// How often parts are kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// What is read from the queue at once.
const BATCH: usize = 512;

/// For how long, and up to which size, records are kept.
#[derive(Debug, Clone, Copy)]
pub struct RecordLimits {
    /// For how long.
    pub keep: Duration,
    /// The bytes that all may take.
    pub max_bytes: u64,
}

/// The records of this node's calls.
#[derive(Debug, Clone)]
pub(crate) struct Records(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    limits: RecordLimits,
    buffers: Mutex<Buffers>,
    /// Taken by who keeps them.
    seen: Mutex<Option<mpsc::Receiver<ToRecord>>>,
}

impl Records {
    pub(crate) fn new(
        store: Store,
        limits: RecordLimits,
        seen: Option<mpsc::Receiver<ToRecord>>,
    ) -> Self {
        describe_gauge!("bellpush_call_records_bytes", "Bytes that the records of calls take.");
        describe_counter!("bellpush_call_records_parts_total", "Parts of records that were kept.");
        let (buffers, seen) = (Mutex::default(), Mutex::new(seen));
        Self(Arc::new(Inner { store, limits, buffers, seen }))
    }

    /// The record of a call, with what is not on disk yet.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn of_call(&self, call_id: CallId) -> Result<CallRecord, StoreError> {
        // In this order: what goes to disk in between is read twice, rather than not at all.
        let (unkept, dropped) = self.buffers().unkept(call_id);
        let mut record = self.0.store.call_record(call_id).await?;
        if !unkept.is_empty() {
            record.since.get_or_insert_with(clock::now);
        }
        record.entries.extend(unkept);
        record.entries.sort_by_key(|entry| entry.seq);
        record.entries.dedup_by_key(|entry| entry.seq);
        record.dropped += u64::from(dropped);
        Ok(record)
    }

    /// When what was recorded at a time goes.
    pub(crate) fn kept_until(&self, since: EventTime) -> Option<EventTime> {
        let keep = i64::try_from(self.0.limits.keep.as_millis()).ok()?;
        EventTime::from_millis(since.millis().checked_add(keep)?)
    }

    /// Keeps what is seen until the server stops, and then what is left.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        let seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut seen) = seen else { return };
        let mut keep = tokio::time::interval(KEEP_EVERY);
        let mut batch = Vec::with_capacity(BATCH);
        let kept = counter!("bellpush_call_records_parts_total");
        loop {
            tokio::select! {
                () = stopped.cancelled() => break,
                read = seen.recv_many(&mut batch, BATCH) => {
                    if read == 0 {
                        break;
                    }
                    self.take(&mut batch);
                }
                _ = keep.tick() => self.keep(&kept, false).await,
            }
        }
        while let Ok(told) = seen.try_recv() {
            batch.push(told);
        }
        self.take(&mut batch);
        self.keep(&kept, true).await;
    }

    fn take(&self, batch: &mut Vec<ToRecord>) {
        let now = Instant::now();
        let mut buffers = self.buffers();
        for told in batch.drain(..) {
            buffers.take(now, told);
        }
    }

    async fn keep(&self, kept: &Counter, all: bool) {
        let parts = self.buffers().due(Instant::now(), all);
        if parts.is_empty() {
            return;
        }
        let put = self.0.store.put_call_records(&parts).await;
        self.buffers().written();
        match put {
            Ok(_) => kept.increment(parts.len() as u64),
            Err(error) => {
                let entries: usize = parts.iter().map(|part| part.entries.len()).sum();
                warn!(%error, entries, "records of calls can't be kept");
                counter!("bellpush_call_records_dropped_total", "reason" => "store")
                    .increment(entries as u64);
            }
        }
    }

    /// Removes what was kept for its time, or is too much.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn remove_old(&self) -> Result<(), StoreError> {
        let (RecordLimits { keep, max_bytes }, store) = (self.0.limits, &self.0.store);
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let before = EventTime::from_millis(store.clock().await?.millis().saturating_sub(keep));
        if let Some(before) = before {
            store.remove_call_records(before, max_bytes).await?;
        }
        let size = store.call_records_size().await?;
        gauge!("bellpush_call_records_bytes").set(size as f64);
        Ok(())
    }

    fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.0.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
