//! The trace of an event: spans from the request that brought it to its endpoints, as OpenTelemetry
//! has them (docs/operations.md).
//!
//! An event has one `ingest` span; for each delivery a `queue` span, until its first attempt; and an
//! `attempt` span for each request to the endpoint. The events of a call are below its `call` span, and
//! in one trace. Trace, `call` and `ingest` span have their ids from the call's and the event's, so that
//! a trace goes on after a restart, and nothing is kept for it but each event's parent.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
    sync::Arc,
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    delivery::{FailureClass, PendingDelivery},
    events::Event,
    ids::{AppId, CallId, EventId},
    trace_context::TraceParent,
};

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// A call, from its acceptance to its end.
    Call,
    /// An event on its way to the disk.
    Ingest,
    /// A delivery that waits for its first attempt, or for the first of a replay.
    Queue,
    /// One request to an endpoint.
    Attempt,
}

/// The value of a span's attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Text.
    Text(String),
    /// A number.
    Number(i64),
}

/// A span that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its own place.
    pub context: TraceParent,
    /// The span that it is a part of.
    pub parent: Option<NonZeroU64>,
    /// Whether that is a span of another service.
    pub parent_is_remote: bool,
    /// What it is of.
    pub kind: SpanKind,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ended.
    pub end_time: Timestamp,
    /// Its attributes, named as OpenTelemetry's conventions say where they have a name.
    pub attributes: Vec<(&'static str, AttributeValue)>,
    /// Why it failed, if it did.
    pub failure: Option<FailureClass>,
}

/// Where spans go that are over. Never waits, and may lose some: nobody depends on them.
pub trait SpanSink: fmt::Debug + Send + Sync {
    /// Takes one.
    fn take(&self, span: Span);
}

/// How a call went.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'a> {
    /// Which.
    pub id: CallId,
    /// Its app.
    pub app_id: AppId,
    /// When it was accepted.
    pub start_time: Timestamp,
    /// When it was over.
    pub end_time: Timestamp,
    /// The name of its last event.
    pub end: &'a str,
    /// The code of its error, if it failed.
    pub error: Option<&'a str>,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy)]
pub struct AttemptFacts<'a> {
    /// Which attempt it was, from 1.
    pub number: u32,
    /// The endpoint's host.
    pub host: &'a str,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ended.
    pub end_time: Timestamp,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed; `None` for a success.
    pub failure: Option<FailureClass>,
}

/// Makes the spans of events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tracer {
    sink: Arc<dyn SpanSink>,
    /// Of the numbers of 56 bits those below it are sampled.
    sampled_below: u64,
}

const RANDOM_BITS: u32 = 56;

impl Tracer {
    /// `ratio`: the share of events that are traced, from 0 to 1, of those whose request does not say.
    #[must_use]
    pub fn new(sink: Arc<dyn SpanSink>, ratio: f64) -> Self {
        let all = 1_u64 << RANDOM_BITS;
        Self { sink, sampled_below: (ratio.clamp(0.0, 1.0) * all as f64) as u64 }
    }

    /// The place of an event's `ingest` span: in the trace of its call, or the one that its request
    /// named, or else in one whose id is the event's.
    fn ingest(&self, id: EventId, parent: Option<TraceParent>) -> TraceParent {
        self.place(id.uuid(), parent)
    }

    /// The place of a call's span: in the trace that the request named that placed it, or else in one
    /// whose id is the call's. It is the parent of the call's events.
    #[must_use]
    pub fn call(&self, id: CallId, parent: Option<TraceParent>) -> TraceParent {
        self.place(id.uuid(), parent)
    }

    fn place(&self, id: Uuid, parent: Option<TraceParent>) -> TraceParent {
        let bits = id.as_u128();
        let low = bits as u64;
        // The last 56 bits of a UUIDv7 are random, as W3C Trace Context wants them.
        let sampled = low & ((1 << RANDOM_BITS) - 1) < self.sampled_below;
        let own = TraceParent {
            trace_id: NonZeroU128::new(bits).unwrap_or(NonZeroU128::MIN),
            span_id: NonZeroU64::new(low).unwrap_or(NonZeroU64::MIN),
            sampled,
        };
        parent.map_or(own, |parent| TraceParent { span_id: own.span_id, ..parent })
    }

    /// A call is over that had this place, below this parent.
    pub fn called(&self, context: TraceParent, parent: Option<TraceParent>, facts: CallFacts<'_>) {
        if !context.sampled {
            return;
        }
        let CallFacts { id, app_id, start_time, end_time, end, error } = facts;
        let mut attributes = vec![
            ("bellpush.call.id", AttributeValue::Text(id.to_string())),
            ("bellpush.app.id", AttributeValue::Text(app_id.to_string())),
            ("bellpush.event.name", AttributeValue::Text(end.to_owned())),
        ];
        if let Some(code) = error {
            attributes.push(("error.type", AttributeValue::Text(code.to_owned())));
        }
        self.sink.take(Span {
            context,
            parent: parent.map(|parent| parent.span_id),
            parent_is_remote: parent.is_some(),
            kind: SpanKind::Call,
            start_time,
            // The clock may have been set back since.
            end_time: end_time.max(start_time),
            attributes,
            failure: None,
        });
    }

    /// An event is on disk, for the first time.
    pub fn ingested(&self, event: &Event, start_time: Timestamp, end_time: Timestamp) {
        let context = self.ingest(event.id, event.trace_parent);
        if !context.sampled {
            return;
        }
        let mut attributes = vec![
            ("bellpush.event.id", AttributeValue::Text(event.id.to_string())),
            ("bellpush.event.name", AttributeValue::Text(event.envelope.name.clone())),
            ("bellpush.app.id", AttributeValue::Text(event.app_id.to_string())),
        ];
        if let Some(call_id) = event.call_id {
            attributes.push(("bellpush.call.id", AttributeValue::Text(call_id.to_string())));
        }
        let parent = event.trace_parent.map(|parent| parent.span_id);
        let of_call = event.call_id.map(|id| self.call(id, None).span_id);
        let kind = SpanKind::Ingest;
        self.sink.take(Span {
            context,
            parent,
            parent_is_remote: parent.is_some() && parent != of_call,
            kind,
            start_time,
            end_time,
            attributes,
            failure: None,
        });
    }

    /// The place of an attempt whose span gets this id. It goes with the request.
    #[must_use]
    pub fn attempt(&self, delivery: &PendingDelivery, span_id: NonZeroU64) -> TraceParent {
        TraceParent { span_id, ..self.ingest(delivery.event_id, delivery.trace_parent) }
    }

    /// An attempt has ended that had this place.
    pub fn attempted(
        &self,
        delivery: &PendingDelivery,
        context: TraceParent,
        facts: AttemptFacts<'_>,
    ) {
        if !context.sampled {
            return;
        }
        let AttemptFacts { number, host, start_time, end_time, status, failure } = facts;
        let parent = Some(self.ingest(delivery.event_id, delivery.trace_parent).span_id);
        let mut attributes = vec![
            ("bellpush.event.id", AttributeValue::Text(delivery.event_id.to_string())),
            (
                "bellpush.integration.id",
                AttributeValue::Text(delivery.key.integration_id.to_string()),
            ),
        ];
        if number == delivery.earlier_attempts.saturating_add(1) {
            // As random as the attempt's, and another.
            let span_id = NonZeroU64::new(context.span_id.get() ^ 1).unwrap_or(NonZeroU64::MAX);
            let queued = Span {
                context: TraceParent { span_id, ..context },
                parent,
                parent_is_remote: false,
                kind: SpanKind::Queue,
                // The clock may have been set back since.
                start_time: delivery.due.timestamp().min(start_time),
                end_time: start_time,
                attributes: attributes.clone(),
                failure: None,
            };
            self.sink.take(queued);
        }
        attributes.push(("bellpush.attempt", AttributeValue::Number(number.into())));
        attributes.push(("http.request.method", AttributeValue::Text("POST".into())));
        attributes.push(("server.address", AttributeValue::Text(host.to_owned())));
        if let Some(status) = status {
            attributes.push(("http.response.status_code", AttributeValue::Number(status.into())));
        }
        if let Some(failure) = failure {
            attributes.push(("error.type", AttributeValue::Text(failure.as_str().to_owned())));
        }
        let kind = SpanKind::Attempt;
        self.sink.take(Span {
            context,
            parent,
            parent_is_remote: false,
            kind,
            start_time,
            end_time,
            attributes,
            failure,
        });
    }
}

#[cfg(test)]
mod tests;
