use std::sync::{Mutex, PoisonError};

use serde_json::Map;

use super::*;
use crate::{
    delivery::{DeliveryKey, Seq},
    events::{Envelope, EventTime},
    ids::{IntegrationId, SessionId},
};

#[derive(Debug, Default)]
struct Spans(Mutex<Vec<Span>>);

impl SpanSink for Spans {
    fn take(&self, span: Span) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }
}

const UUID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8123_4567_89ab_cdef);
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

fn event(id: Uuid, trace_parent: Option<TraceParent>) -> Event {
    Event {
        id: EventId::from_uuid(id).unwrap(),
        app_id: AppId::from_uuid(UUID),
        session_id: SessionId::from_uuid(UUID),
        call_id: None,
        preview: false,
        trace_parent,
        envelope: Envelope { name: "x".into(), data: Map::new(), timestamp: at(0) },
    }
}

fn delivery(event: &Event) -> PendingDelivery {
    PendingDelivery {
        key: DeliveryKey { integration_id: IntegrationId::from_uuid(UUID), seq: Seq(1) },
        app_id: event.app_id,
        event_id: event.id,
        call_id: None,
        preview: false,
        trace_parent: event.trace_parent,
        body: String::new(),
        attempts: 0,
        earlier_attempts: 0,
        due: at(1_000),
    }
}

fn attempted(number: u32, failure: Option<FailureClass>) -> AttemptFacts<'static> {
    AttemptFacts {
        number,
        host: "hooks.example",
        start_time: at(3_000).timestamp(),
        end_time: at(4_000).timestamp(),
        status: Some(503),
        failure,
    }
}

/// The spans of an event with as many attempts, by a server that was started anew for each.
fn trace(event: &Event, attempts: u32, ratio: f64) -> (Vec<TraceParent>, Vec<Span>) {
    let spans = Arc::<Spans>::default();
    let tracer = || Tracer::new(Arc::clone(&spans) as Arc<dyn SpanSink>, ratio);
    tracer().ingested(event, at(900).timestamp(), at(1_100).timestamp());
    let mut sent = Vec::new();
    for number in 1..=attempts {
        let tracer = tracer();
        let place = tracer.attempt(&delivery(event), NonZeroU64::new(number.into()).unwrap());
        sent.push(place);
        tracer.attempted(&delivery(event), place, attempted(number, Some(FailureClass::Status)));
    }
    let spans = std::mem::take(&mut *spans.0.lock().unwrap());
    (sent, spans)
}

#[test]
fn an_event_without_a_parent_begins_a_trace_that_has_its_id() {
    let (sent, spans) = trace(&event(UUID, None), 2, 1.0);
    let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
    use SpanKind::{Attempt, Ingest, Queue};
    assert_eq!(kinds, [Ingest, Queue, Attempt, Attempt]);
    assert!(spans.iter().all(|span| span.context.trace_id.get() == UUID.as_u128()));
    let [ingest, queue, first, second] = &spans[..] else { panic!() };
    assert_eq!(ingest.parent, None);
    for child in [queue, first, second] {
        assert_eq!(child.parent, Some(ingest.context.span_id));
    }
    assert_eq!(sent, [first.context, second.context]);
    assert_ne!(queue.context.span_id, first.context.span_id);
    assert_eq!((queue.start_time, queue.end_time), (at(1_000).timestamp(), first.start_time));
}

#[test]
fn an_event_with_a_parent_goes_on_with_its_trace_and_its_choice() {
    let parent: TraceParent = PARENT.parse().unwrap();
    let (sent, spans) = trace(&event(UUID, Some(parent)), 1, 0.0);
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert!(spans.iter().all(|span| span.context.trace_id == parent.trace_id));
    assert_eq!(spans[0].parent, Some(parent.span_id));
    assert_eq!(spans[2].parent, Some(spans[0].context.span_id));
    assert!(sent[0].sampled);

    let unsampled = TraceParent { sampled: false, ..parent };
    let (sent, spans) = trace(&event(UUID, Some(unsampled)), 1, 1.0);
    assert!(spans.is_empty());
    assert!(!sent[0].sampled && sent[0].trace_id == parent.trace_id);
}

#[test]
fn the_events_of_a_call_are_below_its_span_and_in_its_trace() {
    let asked: TraceParent = PARENT.parse().unwrap();
    let call_id = CallId::from_uuid(Uuid::from_u128(UUID.as_u128() + 1));
    for (parent, trace_id) in
        [(None, NonZeroU128::new(call_id.uuid().as_u128()).unwrap()), (Some(asked), asked.trace_id)]
    {
        let spans = Arc::<Spans>::default();
        let tracer = Tracer::new(Arc::clone(&spans) as Arc<dyn SpanSink>, 1.0);
        let place = tracer.call(call_id, parent);
        for number in [2, 3] {
            let id = Uuid::from_u128(UUID.as_u128() + number);
            let event = Event { call_id: Some(call_id), ..event(id, Some(place)) };
            tracer.ingested(&event, at(900).timestamp(), at(1_100).timestamp());
            let attempt = tracer.attempt(&delivery(&event), NonZeroU64::MIN);
            tracer.attempted(&delivery(&event), attempt, attempted(1, None));
        }
        let facts = CallFacts {
            id: call_id,
            app_id: AppId::from_uuid(UUID),
            start_time: at(800).timestamp(),
            end_time: at(700).timestamp(),
            end: "call_error",
            error: Some("busy"),
        };
        tracer.called(place, parent, facts);
        let spans = spans.0.lock().unwrap();
        assert!(spans.iter().all(|span| span.context.trace_id == trace_id), "{spans:#?}");
        let [call] =
            spans.iter().filter(|span| span.kind == SpanKind::Call).collect::<Vec<_>>()[..]
        else {
            panic!("{spans:#?}")
        };
        assert_eq!(call.context, place);
        assert_eq!(call.parent, parent.map(|parent| parent.span_id));
        assert_eq!((call.start_time, call.parent_is_remote), (call.end_time, parent.is_some()));
        let ingests: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Ingest).collect();
        assert_eq!(ingests.len(), 2);
        for ingest in &ingests {
            assert_eq!(ingest.parent, Some(place.span_id));
            assert!(!ingest.parent_is_remote);
            let below = |span: &&Span| span.parent == Some(ingest.context.span_id);
            assert_eq!(spans.iter().filter(below).count(), 2, "queue and attempt");
        }
        assert_ne!(ingests[0].context.span_id, ingests[1].context.span_id);
    }
}

#[test]
fn a_replay_has_a_queue_span_again() {
    let spans = Arc::<Spans>::default();
    let tracer = Tracer::new(Arc::clone(&spans) as Arc<dyn SpanSink>, 1.0);
    let replayed =
        PendingDelivery { attempts: 9, earlier_attempts: 9, ..delivery(&event(UUID, None)) };
    for number in [10, 11] {
        let place = tracer.attempt(&replayed, NonZeroU64::new(number).unwrap());
        tracer.attempted(&replayed, place, attempted(number as u32, None));
    }
    let queued = |span: &&Span| span.kind == SpanKind::Queue;
    assert_eq!(spans.0.lock().unwrap().iter().filter(queued).count(), 1);
}

#[test]
fn about_the_asked_share_of_events_is_traced() {
    let sampled = |ratio: f64| {
        let count = |seed: &u64| {
            // Any well-mixed numbers.
            let random = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let uuid = Uuid::from_u128(
                0x0192_0000_0000_7000_8000_0000_0000_0000 | u128::from(random >> 4),
            );
            !trace(&event(uuid, None), 0, ratio).1.is_empty()
        };
        (0..2_000).filter(count).count()
    };
    assert_eq!((sampled(0.0), sampled(1.0)), (0, 2_000));
    assert!((150..250).contains(&sampled(0.1)), "{}", sampled(0.1));
}
