//! A disk that does not write: nothing is lost, and what was sent is not sent again.

use std::time::Duration;

use bellpush_core::{
    delivery::{DeliveryStatus, Outage},
    events::EventTime,
};
use bellpush_delivery::{DeliveryEngine, ShutDown, announcements};
use jiff::Timestamp;

use crate::support::{Failure, FakeQueue, Sink, integration, quick, until};

#[tokio::test]
async fn a_record_that_could_not_be_written_is_written_later_and_nothing_is_sent_twice() {
    for failure in [Failure::Refused, Failure::AnswerLost, Failure::Panicked] {
        let sink = Sink::healthy().await;
        let queue = FakeQueue::with(&[&sink.url()]);
        queue.contents().failures = vec![failure; 3];
        for _ in 0..10 {
            queue.commit(0, None);
        }
        let (_announcer, announced) = announcements(8);
        let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
        until("all are delivered", || queue.count(DeliveryStatus::Delivered) == 10).await;
        assert_eq!(sink.received().len(), 10, "{failure:?}");
    }
}

#[tokio::test]
async fn attempts_that_end_together_are_written_together() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    // While the first group is being written again and again, the others end.
    queue.contents().failures = vec![Failure::Refused; 2];
    for _ in 0..30 {
        queue.commit(0, None);
    }
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("all are delivered", || queue.count(DeliveryStatus::Delivered) == 30).await;
    let groups = queue.contents().groups.clone();
    assert!(groups.len() < 10, "{groups:?}");
}

#[tokio::test]
async fn shutting_down_says_what_could_not_be_recorded() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.contents().failures = vec![Failure::Refused; 1_000];
    queue.commit(0, None);
    let (_announcer, announced) = announcements(8);
    let engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("writing fails", || queue.contents().failures.len() < 1_000).await;
    let left = engine.shut_down(Duration::from_millis(50)).await;
    assert_eq!(left, ShutDown { unfinished: 0, unrecorded: 1 });
    assert_eq!(queue.count(DeliveryStatus::Pending), 1);
}

/// It was open when another server had it, or before a restart.
#[tokio::test]
async fn a_breaker_that_is_not_read_yet_is_reset_once_it_is() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let now = Timestamp::now();
    let open_until = EventTime::new(now + jiff::SignedDuration::from_hours(1));
    let outage = Outage { failing_since: EventTime::new(now), trips: 3, open_until };
    queue.contents().outages.insert(integration(0), outage);
    queue.contents().is_unreadable = true;
    queue.commit(0, None);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let mut reset = tokio::spawn(async move { announcer.reset_breaker(integration(0)).await });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut reset).await;
    assert!(early.is_err(), "nobody knows yet what state it is in");
    queue.contents().is_unreadable = false;
    reset.await.unwrap().unwrap();
    until("it is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    until("the outage is over", || queue.contents().outages.is_empty()).await;
}
