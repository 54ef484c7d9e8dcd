//! What waits on disk: after a restart, beyond the window, and when it was not announced.

use std::time::Duration;

use axum::http::StatusCode;
use bellpush_core::delivery::DeliveryStatus;
use bellpush_delivery::{DeliveryEngine, ShutDown, announcements};

use crate::support::{FakeQueue, Sink, quick, until};

#[tokio::test]
async fn what_was_pending_when_the_engine_died_is_delivered_by_the_next_with_the_same_id() {
    let sink = Sink::failing_first(3).await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let pending = queue.commit(0, Some(1));
    let second = queue.commit(0, Some(1));
    let mut patient = quick();
    patient.schedule.waits = vec![Duration::from_millis(400); 8];
    let (_announcer, announced) = announcements(8);
    let engine = DeliveryEngine::start(queue.clone(), announced, patient).unwrap();
    until("a failure is recorded", || !queue.records(pending.key).is_empty()).await;
    drop(engine);
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("both are delivered", || queue.count(DeliveryStatus::Delivered) == 2).await;
    let mut ids = sink.ids();
    ids.dedup();
    assert_eq!(ids, [pending.event_id.to_string(), second.event_id.to_string()]);
}

#[tokio::test]
async fn a_backlog_over_the_window_is_read_page_by_page_and_keeps_the_order_of_each_call() {
    let sink = Sink::answering(|number| async move {
        if number % 50 == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    })
    .await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let pending: Vec<_> = (0..600).map(|number| queue.commit(0, Some(number % 5))).collect();
    let mut settings = quick();
    settings.limits.window = 20;
    settings.limits.buffered = 100;
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, settings).unwrap();
    until("all are delivered", || queue.count(DeliveryStatus::Delivered) == 600).await;
    assert!(queue.contents().largest_page <= 20);
    for call in 0..5 {
        let mut ids = sink.ids();
        let of_call: Vec<String> =
            pending.iter().skip(call).step_by(5).map(|one| one.event_id.to_string()).collect();
        ids.retain(|id| of_call.contains(id));
        ids.dedup();
        assert_eq!(ids, of_call, "call {call}");
    }
}

#[tokio::test]
async fn announcements_that_found_no_room_are_read_from_disk() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(1);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    // The engine cannot run in between: this test has one thread and does not wait.
    for _ in 0..100 {
        announcer.deliveries(vec![queue.commit(0, Some(1))]);
    }
    until("all are delivered", || queue.count(DeliveryStatus::Delivered) == 100).await;
    assert_eq!(sink.received().len(), 100);
}

#[tokio::test]
async fn what_was_never_announced_is_found_when_the_engine_is_told_so() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    announcer.deliveries(vec![queue.commit(0, None)]);
    until("the first is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    queue.commit(0, None);
    announcer.missed();
    until("the second is delivered", || queue.count(DeliveryStatus::Delivered) == 2).await;
}

#[tokio::test]
async fn shutting_down_waits_for_what_is_in_flight_and_records_it() {
    let sink = Sink::answering(|_| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        StatusCode::OK
    })
    .await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.commit(0, Some(1));
    queue.commit(0, Some(1));
    let (_announcer, announced) = announcements(8);
    let engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("the first is in flight", || sink.received().len() == 1).await;
    let left = engine.shut_down(Duration::from_secs(10)).await;
    assert_eq!(left, ShutDown::default());
    assert_eq!(queue.count(DeliveryStatus::Delivered), 1);
    assert_eq!(sink.received().len(), 1, "shutting down began another attempt");
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_ever() {
    let sink = Sink::hanging().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.commit(0, None);
    let (_announcer, announced) = announcements(8);
    let engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("it is in flight", || sink.received().len() == 1).await;
    let left = engine.shut_down(Duration::from_millis(50)).await;
    assert_eq!(left, ShutDown { unfinished: 1, unrecorded: 0 });
    assert_eq!(queue.count(DeliveryStatus::Pending), 1);
}
