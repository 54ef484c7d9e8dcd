//! What receivers see.

use std::sync::Arc;

use axum::http::StatusCode;
use bellpush_core::{
    delivery::{DeliveryStatus, DisableReason, FailureClass, exchange::Header},
    integration::{Payload, Preset},
};
use bellpush_delivery::{DeliveryEngine, announcements};
use tokio::sync::Notify;

use crate::support::{FakeQueue, Sink, integration, quick, secret, until};

/// Makes a body of each event but those without a call.
const PICKY: &str = r#"{% if callId %}{"only":{{ data.n }}}{% endif %}"#;

#[tokio::test]
async fn an_event_arrives_once_with_its_exact_body_and_a_signature_that_the_official_library_takes()
{
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending = queue.commit(0, Some(5));
    announcer.deliveries(vec![pending.clone()]);
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;

    let received = sink.received();
    let [request] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook?token=hidden"));
    assert_eq!(request.body, pending.body);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("webhook-id"), pending.event_id.to_string());
    assert_eq!(request.header("bellpush-app-id"), pending.app_id.to_string());
    assert_eq!(request.header("bellpush-call-id"), pending.call_id.unwrap().to_string());
    assert_eq!(request.header("bellpush-attempt"), "1");
    assert_eq!(request.header("user-agent"), concat!("bellpush/", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.header("content-length"), pending.body.len().to_string());
    let secret = secrecy::ExposeSecret::expose_secret(&secret().reveal()).to_owned();
    let official = standardwebhooks::Webhook::new(&secret).unwrap();
    official.verify(&request.body, &request.headers).unwrap();

    let [record] = queue.records(pending.key).try_into().unwrap();
    assert_eq!((record.number, record.status, record.failure), (1, Some(200), None));
    assert_eq!(record.next_due, None);
}

#[tokio::test]
async fn an_event_without_a_call_has_no_call_header() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.commit(0, None);
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert!(!sink.received()[0].headers.contains_key("bellpush-call-id"));
}

#[tokio::test]
async fn a_test_request_shows_no_more_than_the_delivery_log_would() {
    let sink = Sink::answering(|_| async {
        (StatusCode::OK, [("set-cookie", "session=1"), ("x-plain", "seen")], "thanks")
    })
    .await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let typed = "Basic typed".parse().unwrap();
    queue.contents().endpoints[0].1.headers.insert("authorization".into(), typed);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let sample = queue.commit(0, None);
    let tested = announcer.test(sample).await.unwrap().unwrap();
    let value = |headers: &[Header], name| {
        let found = headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.clone()).unwrap_or_default()
    };
    assert_eq!(sink.received()[0].header("authorization"), "Basic typed");
    assert_eq!(value(&tested.headers, "authorization"), "[secret]");
    assert_eq!(value(&tested.headers, "webhook-signature"), "[signature]");
    assert_eq!(value(&tested.headers, "bellpush-test"), "1");
    assert_eq!(value(&tested.response_headers, "set-cookie"), "[secret]");
    assert_eq!(value(&tested.response_headers, "x-plain"), "seen");
    assert_eq!((tested.outcome.detail.as_str(), tested.outcome.headers.len()), ("thanks", 0));
}

#[tokio::test]
async fn a_failed_event_comes_again_with_the_same_id_and_body_and_a_growing_attempt() {
    let sink = Sink::failing_first(2).await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending = queue.commit(0, None);
    announcer.deliveries(vec![pending.clone()]);
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;

    let received = sink.received();
    let attempts: Vec<&str> =
        received.iter().map(|request| request.header("bellpush-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    assert!(sink.ids().iter().all(|id| *id == pending.event_id.to_string()));
    assert!(received.iter().all(|request| request.body == pending.body));
    let status = Some(FailureClass::Status);
    assert_eq!(queue.failures(pending.key), [status, status, None]);
    assert!(queue.records(pending.key)[0].next_due.is_some());
}

#[tokio::test]
async fn what_was_sent_is_kept_of_each_failure_with_the_time_of_its_parts() {
    let sink = Sink::failing_first(2).await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending = queue.commit(0, None);
    announcer.deliveries(vec![pending.clone()]);
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    let exchanges: Vec<_> =
        queue.records(pending.key).into_iter().map(|record| record.exchange.unwrap()).collect();
    let [first, second, _] = &exchanges[..] else { panic!("{exchanges:?}") };
    assert_eq!(first.request.url, sink.url());
    assert_eq!(
        (first.request.body_bytes as usize, &first.request.body),
        (pending.body.len(), &None)
    );
    let said = first.response_headers.as_ref().unwrap();
    assert!(said.iter().any(|header| header.name == "date"), "{said:?}");
    assert!(!first.timing.reused && first.timing.connect_us.is_some());
    // An address needs no TLS and no look-up that would take long.
    assert!(first.timing.tls_us.is_none() && first.timing.first_byte_us.is_some());
    assert!(second.timing.reused && second.timing.connect_us.is_none());
}

#[tokio::test]
async fn of_many_successes_what_was_sent_is_kept_once_a_second() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(512);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let begun = std::time::Instant::now();
    let pending: Vec<_> = (0..200).map(|_| queue.commit(0, None)).collect();
    announcer.deliveries(pending.clone());
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 200).await;
    let seconds = begun.elapsed().as_secs() as usize + 2;
    let kept = pending.iter().flat_map(|one| queue.records(one.key));
    let kept = kept.filter(|record| record.exchange.is_some()).count();
    assert!((1..=seconds).contains(&kept), "{kept} in {seconds} s");
}

#[tokio::test]
async fn of_an_endpoint_that_nobody_answers_at_the_time_until_the_failure_is_known() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", closed.local_addr().unwrap());
    drop(closed);
    let queue = FakeQueue::with(&[&url]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending = queue.commit(0, None);
    announcer.deliveries(vec![pending.clone()]);
    until("an attempt", || !queue.records(pending.key).is_empty()).await;
    let exchange = queue.records(pending.key).remove(0).exchange.unwrap();
    assert_eq!(exchange.response_headers, None);
    assert!(exchange.timing.connect_us.is_some(), "{exchange:?}");
    assert_eq!((exchange.timing.first_byte_us, exchange.timing.body_us), (None, None));
}

#[tokio::test]
async fn events_of_a_call_arrive_in_order_even_when_the_first_must_be_repeated() {
    let sink = Sink::failing_first(3).await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending: Vec<_> = (0..3).map(|_| queue.commit(0, Some(1))).collect();
    announcer.deliveries(pending.clone());
    until("delivered", || queue.count(DeliveryStatus::Delivered) == 3).await;
    let id = |index: usize| pending[index].event_id.to_string();
    assert_eq!(sink.ids(), [id(0), id(0), id(0), id(0), id(1), id(2)]);
}

#[tokio::test]
async fn a_hanging_endpoint_times_out_and_delays_nobody() {
    let (hanging, healthy) = (Sink::hanging().await, Sink::healthy().await);
    let queue = FakeQueue::with(&[&hanging.url(), &healthy.url()]);
    let stuck: Vec<_> = (0..100).map(|_| queue.commit(0, None)).collect();
    queue.contents().endpoints[0].1.timeout_seconds = 2;
    let (announcer, announced) = announcements(512);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("some hang", || hanging.received().len() >= 32).await;
    for _ in 0..100 {
        announcer.deliveries(vec![queue.commit(1, None)]);
    }
    until("the healthy one has all", || queue.count(DeliveryStatus::Delivered) == 100).await;
    assert!(queue.records(stuck[0].key).is_empty(), "the hanging attempts were over before");
    until("the hanging ones time out", || !queue.records(stuck[0].key).is_empty()).await;
    let record = queue.records(stuck[0].key).remove(0);
    assert_eq!((record.failure, record.status), (Some(FailureClass::TimedOut), None));
    assert!((2_000..4_000).contains(&record.duration_ms), "{record:?}");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_gets_nothing_more() {
    let sink = Sink::answering(|_| async { StatusCode::GONE }).await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let pending = [queue.commit(0, Some(1)), queue.commit(0, Some(1))];
    announcer.deliveries(pending.to_vec());
    until("disabled", || queue.contents().disabled == [(integration(0), DisableReason::Gone)])
        .await;
    until("the first is dead", || queue.count(DeliveryStatus::Dead) == 1).await;
    announcer.deliveries(vec![queue.commit(0, None)]);
    // Something that comes later by the same way shows that the above was dealt with.
    let other = Sink::healthy().await;
    queue.add_endpoint(&other.url());
    queue.commit(1, None);
    announcer.endpoints_changed();
    until("the other has its event", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert_eq!(sink.received().len(), 1);
    assert_eq!(queue.count(DeliveryStatus::Pending), 2);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_after_its_integration_moved_switches_nothing_off() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let old = {
        let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
        Sink::answering(move |_| {
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            async move {
                asked.notify_one();
                answer.notified().await;
                StatusCode::GONE
            }
        })
        .await
    };
    let new = Sink::healthy().await;
    let queue = FakeQueue::with(&[&old.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let first = queue.commit(0, None);
    announcer.deliveries(vec![first.clone()]);
    asked.notified().await;
    queue.contents().endpoints[0].1.url = new.url().parse().unwrap();
    announcer.endpoints_changed();
    until("a delivery goes to the new URL", || {
        announcer.deliveries(vec![queue.commit(0, None)]);
        !new.received().is_empty()
    })
    .await;
    answer.notify_one();
    let delivered = || queue.records(first.key).last().is_some_and(|it| it.failure.is_none());
    until("the first is delivered to the new URL", delivered).await;
    assert_eq!(queue.records(first.key)[0].status, Some(410));
    assert!(queue.contents().disabled.is_empty());
}

#[tokio::test]
async fn an_integration_that_is_added_gets_what_waits_for_it_and_one_that_is_changed_moves() {
    let (old, new) = (Sink::healthy().await, Sink::healthy().await);
    let queue = FakeQueue::with(&[]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    let first = queue.commit(0, None);
    announcer.deliveries(vec![first]);
    queue.add_endpoint(&old.url());
    announcer.endpoints_changed();
    until("the first is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    queue.contents().endpoints[0].1.url = new.url().parse().unwrap();
    announcer.endpoints_changed();
    until("a delivery goes to the new URL", || {
        announcer.deliveries(vec![queue.commit(0, None)]);
        !new.received().is_empty()
    })
    .await;
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let (announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    for number in 1..=20 {
        announcer.deliveries(vec![queue.commit(0, None)]);
        until("delivered", || queue.count(DeliveryStatus::Delivered) == number).await;
    }
    let mut ports: Vec<u16> = sink.received().iter().map(|request| request.peer.port()).collect();
    ports.dedup();
    assert_eq!(ports.len(), 1, "{ports:?}");
}

#[tokio::test]
async fn a_template_that_fails_kills_its_delivery_at_once_and_disturbs_nothing_else() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let payload = Payload { preset: Preset::Custom, template: Some(PICKY.into()) };
    queue.contents().endpoints[0].1.payload = payload;
    // More than open a breaker.
    let dead: Vec<_> = (0..30).map(|_| queue.commit(0, None)).collect();
    let good = queue.commit(0, Some(1));
    let (_announcer, announced) = announcements(8);
    let _engine = DeliveryEngine::start(queue.clone(), announced, quick()).unwrap();
    until("all are settled", || queue.count(DeliveryStatus::Pending) == 0).await;
    for delivery in &dead {
        let [record] = queue.records(delivery.key).try_into().unwrap();
        assert_eq!((record.failure, record.status), (Some(FailureClass::Template), None));
        assert!(record.detail.contains("not JSON"), "{}", record.detail);
    }
    let [record] = queue.records(good.key).try_into().unwrap();
    assert_eq!((record.status, record.failure), (Some(200), None));
    let received = sink.received();
    let [request] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(request.body, r#"{"only":31}"#);
    let secret = secrecy::ExposeSecret::expose_secret(&secret().reveal()).to_owned();
    let official = standardwebhooks::Webhook::new(&secret).unwrap();
    official.verify(&request.body, &request.headers).unwrap();
}
