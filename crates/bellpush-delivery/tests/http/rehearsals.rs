//! A rehearsal, with a real receiver: it sees nothing of what is simulated, and all of what is real.

use std::time::Duration;

use bellpush_core::{
    delivery::{DeliveryStatus, FailureClass},
    events::EventTime,
    ids::RehearsalId,
    rehearsal::{EndpointFault, Running},
};
use bellpush_delivery::{BreakerState, DeliveryEngine, announcements};
use uuid::Uuid;

use crate::support::{FakeQueue, Sink, integration, quick, until};

fn running(fault: EndpointFault, seconds: i64) -> Running<EndpointFault> {
    let now = jiff::Timestamp::now().as_millisecond();
    Running {
        id: RehearsalId::from_uuid(Uuid::from_u128(5)),
        fault,
        ends_at: EventTime::from_millis(now + seconds * 1_000).unwrap(),
    }
}

#[tokio::test]
async fn a_receiver_gets_what_is_real_at_once_and_previews_when_the_rehearsal_is_over() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let fault = EndpointFault::ServerError;
    queue.contents().rehearsals.insert(integration(0), running(fault, 600));
    let (announcer, announced) = announcements(8);
    let mut settings = quick();
    settings.breaker.first_open = Duration::from_millis(200);
    let _engine = DeliveryEngine::start(queue.clone(), announced, settings).unwrap();
    let previews: Vec<_> = (0..12).map(|_| queue.commit_preview(0)).collect();
    announcer.deliveries(previews.clone());
    until("the rehearsal's breaker opens", || !queue.contents().rehearsed.is_empty()).await;
    assert_eq!(sink.received().len(), 0, "nothing was sent");

    let real = queue.commit(0, None);
    announcer.deliveries(vec![real.clone()]);
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert_eq!(sink.ids(), [real.event_id.to_string()]);
    assert_eq!(queue.records(real.key).len(), 1);
    let lane = announcer.lane(integration(0)).await.unwrap().unwrap();
    assert_eq!((lane.breaker, lane.outage), (BreakerState::Closed, None));
    assert!(queue.contents().outages.is_empty());
    assert!(lane.rehearsal.unwrap().is_running);

    // Somebody ends it: a probe finds the receiver well.
    queue.contents().rehearsals.clear();
    announcer.endpoints_changed();
    until("all are delivered", || queue.count(DeliveryStatus::Delivered) == 13).await;
    until("it is known", || queue.contents().rehearsed.last().unwrap().1.is_none()).await;
    assert_eq!(sink.received().len(), 13);
    let rehearsed = queue.records(previews[0].key);
    assert_eq!(rehearsed[0].failure, Some(FailureClass::Status));
    assert!(rehearsed[0].rehearsal_id.is_some() && rehearsed[0].status == Some(500));
    assert!(rehearsed.last().unwrap().rehearsal_id.is_none());
    assert_eq!(announcer.lane(integration(0)).await.unwrap().unwrap().rehearsal, None);
}

#[tokio::test]
async fn a_preview_that_hangs_ends_with_the_time_of_an_attempt() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.contents().endpoints[0].1.timeout_seconds = 1;
    let fault = EndpointFault::Hanging;
    queue.contents().rehearsals.insert(integration(0), running(fault, 600));
    let preview = queue.commit_preview(0);
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("it was attempted", || !queue.records(preview.key).is_empty()).await;
    let first = &queue.records(preview.key)[0];
    assert_eq!((first.status, first.failure), (None, Some(FailureClass::TimedOut)));
    assert!((1_000..3_000).contains(&first.duration_ms), "{} ms", first.duration_ms);
    assert_eq!(sink.received().len(), 0);
}
