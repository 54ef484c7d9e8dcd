//! An engine that shares the deliveries with those of other servers.

use std::time::{Duration, Instant};

use bellpush_core::{
    cluster::{Shard, ShardSet},
    delivery::DeliveryStatus,
};
use bellpush_delivery::{
    Announcer, DeliveryEngine, DeliverySettings, Elsewhere, Tenure, announcements,
};
use tokio::sync::mpsc;

use crate::support::{Failure, FakeQueue, Sink, integration, quick, until};

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The shard of the only integration.
fn its_shard() -> ShardSet {
    [Shard::of(integration(0))].into_iter().collect()
}

struct Engine {
    tenure: Tenure,
    announcer: Announcer,
    elsewhere: mpsc::Receiver<Elsewhere>,
    _engine: DeliveryEngine,
}

impl Engine {
    fn start(queue: &std::sync::Arc<FakeQueue>) -> Self {
        let (announcer, announced) = announcements(8);
        let (tenure, (pass_on, elsewhere)) = (Tenure::shared(), mpsc::channel(8));
        let announcer = announcer.beside_others(tenure.clone(), pass_on);
        let settings = DeliverySettings { tenure: tenure.clone(), ..quick() };
        let _engine = DeliveryEngine::start(queue.clone(), announced, settings).unwrap();
        Self { tenure, announcer, elsewhere, _engine }
    }

    async fn go_on(&self, anew: bool) {
        self.announcer.resume(anew).await.unwrap();
        self.tenure.begin(later());
        self.tenure.own(its_shard());
        self.announcer.read_endpoints();
    }

    async fn stop(&self) {
        self.tenure.end();
        self.tenure.own(ShardSet::NONE);
        self.announcer.suspend().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_attempted_that_is_not_ones_own() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.commit(0, None);
    let engine = Engine::start(&queue);
    engine.announcer.resume(true).await.unwrap();
    engine.tenure.begin(later());
    engine.tenure.own(ShardSet::ALL.without(its_shard()));
    engine.announcer.read_endpoints();
    engine.announcer.missed();
    assert!(engine.announcer.in_use().await.unwrap().is_empty());
    assert_eq!(sink.received().len(), 0);
    engine.tenure.own(its_shard());
    engine.announcer.read_endpoints();
    until("it is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert_eq!(engine.announcer.in_use().await.unwrap(), [integration(0)].into());
}

#[tokio::test]
async fn what_ended_before_a_lapse_is_recorded_after_it_and_not_sent_twice() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.contents().failures = vec![Failure::Refused; 1_000];
    queue.commit(0, None);
    let engine = Engine::start(&queue);
    engine.go_on(true).await;
    until("writing fails", || queue.contents().failures.len() < 1_000).await;
    engine.stop().await;
    queue.contents().failures.clear();
    engine.go_on(false).await;
    until("it is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn what_ended_before_others_took_over_is_not_recorded() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.contents().failures = vec![Failure::Refused; 1_000];
    queue.commit(0, None);
    let engine = Engine::start(&queue);
    engine.go_on(true).await;
    until("writing fails", || queue.contents().failures.len() < 1_000).await;
    engine.stop().await;
    queue.contents().failures.clear();
    engine.go_on(true).await;
    // It is attempted again, as the disk says that it was not.
    until("it is delivered", || queue.count(DeliveryStatus::Delivered) == 1).await;
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn what_is_in_flight_when_the_lease_is_over_is_forgotten() {
    let sink = Sink::hanging().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    queue.commit(0, None);
    let engine = Engine::start(&queue);
    engine.go_on(true).await;
    until("it is sent", || sink.received().len() == 1).await;
    engine.stop().await;
    assert!(engine.announcer.in_use().await.unwrap().is_empty());
    assert_eq!(queue.count(DeliveryStatus::Pending), 1);
    engine.go_on(false).await;
    until("it is sent again", || sink.received().len() == 2).await;
}

#[tokio::test]
async fn questions_about_what_others_deliver_go_to_them() {
    let sink = Sink::healthy().await;
    let queue = FakeQueue::with(&[&sink.url()]);
    let mut engine = Engine::start(&queue);
    let announcer = engine.announcer.clone();
    let asked = tokio::spawn(async move { announcer.lane(integration(0)).await });
    let Some(Elsewhere::Lane(id, reply)) = engine.elsewhere.recv().await else { panic!() };
    assert_eq!(id, integration(0));
    reply.send(None).unwrap();
    assert_eq!(asked.await.unwrap(), Ok(None));
    let announcer = engine.announcer.clone();
    let asked = tokio::spawn(async move { announcer.reset_breaker(integration(0)).await });
    let Some(Elsewhere::ResetBreaker(_, reply)) = engine.elsewhere.recv().await else { panic!() };
    drop(reply);
    assert!(asked.await.unwrap().is_err(), "the owner can't be reached");
    engine.announcer.replayed(integration(0));
    assert!(matches!(engine.elsewhere.recv().await, Some(Elsewhere::Replayed(_))));
    engine.go_on(true).await;
    until("it has a lane", || queue.contents().endpoints.len() == 1).await;
    assert!(engine.announcer.lane(integration(0)).await.is_ok());
}
