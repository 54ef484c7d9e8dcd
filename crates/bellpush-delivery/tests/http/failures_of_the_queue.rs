//! A disk that does not write: nothing is lost, and what was sent is not sent again.

use std::time::Duration;

use bellpush_core::delivery::DeliveryStatus;
use bellpush_delivery::{DeliveryEngine, ShutDown, announcements};

use crate::support::{Failure, FakeQueue, Sink, quick, until};

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
