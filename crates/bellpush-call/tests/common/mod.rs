//! An engine on a free loopback port, and calls to it.
#![allow(dead_code, reason = "not every test file uses every part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{net::IpAddr, ops::Deref, time::Duration};

use bellpush_call::{Engine, EngineConfig, FarSide, PlaceCall, Placed, Route, Signal};
use bellpush_core::ids::{CallId, DestinationId};
use bellpush_test_support::visitor::{Visitor, VisitorCall};
use tokio::{sync::mpsc::Receiver, time};

/// The patience of tests: far longer than anything takes that works.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct TestEngine(Engine);

impl TestEngine {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut EngineConfig)) -> Self {
        let mut config = EngineConfig::new("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        Self::bound_to(config).await
    }

    pub(crate) async fn bound_to(config: EngineConfig) -> Self {
        Self(Engine::start(config, None).unwrap())
    }

    pub(crate) fn handle(&self) -> Engine {
        self.0.clone()
    }

    /// A call from a visitor who has taken the answer and is connecting.
    pub(crate) async fn call(&self) -> Call {
        self.call_of(Duration::from_secs(3_600)).await
    }

    pub(crate) async fn call_of(&self, max_duration: Duration) -> Call {
        let visitor = Visitor::new().await.unwrap();
        self.call_with(visitor, max_duration).await
    }

    pub(crate) async fn call_from(&self, ip: IpAddr) -> Call {
        let visitor = Visitor::at(ip).await.unwrap();
        self.call_with(visitor, Duration::from_secs(3_600)).await
    }

    async fn call_with(&self, visitor: Visitor, max_duration: Duration) -> Call {
        let id = call_id();
        let place = PlaceCall { max_duration, ..place(id, visitor.offer()) };
        let Placed { answer, signals } = self.place(place).await.unwrap();
        let visitor = visitor.accept(&answer).unwrap();
        Call { id, answer, visitor, signals, engine: self.0.clone() }
    }

    /// A call whose visitor has not taken the answer.
    pub(crate) async fn place_only(&self) -> (Visitor, Placed) {
        let visitor = Visitor::new().await.unwrap();
        let placed = self.place(place(call_id(), visitor.offer())).await.unwrap();
        (visitor, placed)
    }

    /// Waits until no call is live.
    pub(crate) async fn is_empty(&self) {
        eventually(async || self.live_calls() == 0).await;
    }
}

impl Deref for TestEngine {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0
    }
}

pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) answer: String,
    pub(crate) visitor: VisitorCall,
    pub(crate) signals: Receiver<Signal>,
    engine: Engine,
}

impl Call {
    pub(crate) async fn next(&mut self) -> Option<Signal> {
        next(&mut self.signals).await
    }

    /// Waits until both sides are connected.
    pub(crate) async fn connected(&mut self) {
        assert_eq!(self.next().await, Some(Signal::Connecting));
        assert_eq!(self.next().await, Some(Signal::Connected));
        self.visitor.wait_until(SOON, |heard| heard.connected).await.unwrap();
    }

    pub(crate) async fn hang_up(&self) {
        self.engine.hang_up(self.id).await;
    }

    /// All signals up to the end of the channel.
    pub(crate) async fn rest(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        while let Some(signal) = self.next().await {
            signals.push(signal);
        }
        signals
    }
}

/// The next signal, but for who answered: that has a test of its own.
pub(crate) async fn next(signals: &mut Receiver<Signal>) -> Option<Signal> {
    loop {
        let signal = time::timeout(SOON, signals.recv()).await.expect("no signal came");
        if !matches!(signal, Some(Signal::Answered(_) | Signal::Network(_))) {
            return signal;
        }
    }
}

pub(crate) fn call_id() -> CallId {
    CallId::from_uuid(uuid::Uuid::now_v7())
}

pub(crate) fn place(call_id: CallId, offer: &str) -> PlaceCall {
    let max_duration = Duration::from_secs(3_600);
    let demo = Route {
        destination_id: DestinationId::from_uuid(uuid::Uuid::now_v7()),
        far_side: FarSide::Demo,
        ring_timeout: max_duration,
        max_duration,
    };
    PlaceCall { call_id, offer: offer.to_owned(), routes: vec![demo], max_duration, former: None }
}

pub(crate) async fn offer() -> String {
    Visitor::new().await.unwrap().offer().to_owned()
}

/// The addresses of an answer's candidates, each of which is there for UDP and for TCP.
pub(crate) fn candidates(answer: &str) -> Vec<IpAddr> {
    let addresses = |protocol| {
        answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:"))
            .filter(|candidate| candidate.split(' ').nth(2) == Some(protocol))
            .map(|candidate| candidate.split(' ').nth(4).unwrap().parse().unwrap())
            .collect::<Vec<IpAddr>>()
    };
    assert_eq!(addresses("udp"), addresses("tcp"));
    addresses("udp")
}

pub(crate) async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    time::timeout(SOON, async {
        while !condition().await {
            time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it never came true");
}
