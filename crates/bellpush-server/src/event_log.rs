//! Writing to the event log, traced where the server traces.

use axum::http::HeaderMap;
use bellpush_call::Recorder;
use bellpush_core::{
    ids::{CallId, EventId},
    record::RecordEntry,
    trace::{CallFacts, Tracer},
    trace_context::TraceParent,
};
use bellpush_store::{Append, AppendError, Appended, Store, StoreError};
use jiff::Timestamp;
use uuid::Uuid;

use crate::live::LiveFeed;

/// A new event id: a UUIDv7 of now.
pub(crate) fn new_event_id() -> EventId {
    // `from_uuid` refuses other versions only.
    EventId::from_uuid(Uuid::now_v7()).unwrap_or_else(|| unreachable!("now_v7 is of version 7"))
}

/// Where a call is in a trace.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallTrace {
    /// The place of its span, which its events are below; none where events are not traced.
    pub(crate) place: Option<TraceParent>,
    /// What the request named that placed it.
    pub(crate) parent: Option<TraceParent>,
}

/// The event log as requests and calls write to it.
#[derive(Debug, Clone)]
pub(crate) struct EventLog {
    store: Store,
    tracer: Option<Tracer>,
    recorder: Recorder,
    feed: LiveFeed,
}

impl EventLog {
    /// The log of a store; a tracer makes the spans of what is new in it, a recorder notes when
    /// events of calls came to be.
    pub(crate) fn new(store: Store, tracer: Option<Tracer>, recorder: Recorder) -> Self {
        let feed = LiveFeed::new(store.clone());
        Self { store, tracer, recorder, feed }
    }

    /// Takes what is seen of calls besides.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Tells those who watch.
    pub(crate) fn feed(&self) -> &LiveFeed {
        &self.feed
    }

    /// Appends events (see [`Store::append`]), and traces those that are new.
    ///
    /// # Errors
    /// When one is refused, or the store fails: then none is stored.
    pub(crate) async fn append(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        let began = self.tracer.as_ref().map(|tracer| (tracer, Timestamp::now()));
        let appended = self.store.append(appends).await?;
        self.feed.wake();
        for new in appended.iter().filter(|appended| !appended.is_repeated()) {
            if let Some(call_id) = new.event().call_id {
                self.recorder.record(call_id, RecordEntry::Event { id: new.event().id });
            }
        }
        if let Some((tracer, began)) = began {
            let ended = Timestamp::now();
            for new in appended.iter().filter(|appended| !appended.is_repeated()) {
                tracer.ingested(new.event(), began, ended);
            }
        }
        Ok(appended)
    }

    /// The place of a new call's span, below what the request named that places it.
    pub(crate) fn new_call(&self, id: CallId, parent: Option<TraceParent>) -> CallTrace {
        CallTrace { place: self.tracer.as_ref().map(|tracer| tracer.call(id, parent)), parent }
    }

    /// The place of a call's span, as its first event has it, where events are traced.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn place_of_call(
        &self,
        id: CallId,
    ) -> Result<Option<TraceParent>, StoreError> {
        let Some(tracer) = &self.tracer else { return Ok(None) };
        let kept = self.store.trace_of_call(id).await?;
        Ok(Some(kept.unwrap_or_else(|| tracer.call(id, None))))
    }

    /// A call is over.
    pub(crate) fn call_ended(&self, trace: CallTrace, facts: CallFacts<'_>) {
        if let (Some(tracer), Some(place)) = (&self.tracer, trace.place) {
            tracer.called(place, trace.parent, facts);
        }
    }

    /// The span that a request names, where events are traced. One that is not valid is passed over,
    /// as W3C Trace Context says.
    pub(crate) fn trace_parent(&self, headers: &HeaderMap) -> Option<TraceParent> {
        self.tracer.as_ref()?;
        let mut given = headers.get_all("traceparent").iter();
        let (first, other) = (given.next()?, given.next());
        other.is_none().then(|| first.to_str().ok()?.parse().ok()).flatten()
    }
}
