//! A whole call: a visitor's media over WebRTC, the engine, and a trunk.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use bellpush_call::{
    CallQuality, Engine, EngineConfig, FarSide, PlaceCall, Placed, Route, Signal, SipTarget,
    TrunkConfig, Trunks, TrunksConfig,
};
use bellpush_core::ids::{CallId, DestinationId};
use bellpush_test_support::visitor::{Visitor, VisitorCall};
use tokio::{sync::mpsc, time};
use uuid::Uuid;

use crate::{PATIENCE, Sipp, target, trunk, trunks_config};

const HOUR: Duration = Duration::from_secs(3_600);

/// A call of a visitor.
pub struct BridgedCall {
    /// Its id.
    pub id: CallId,
    /// The engine that carries it.
    pub engine: Engine,
    /// The trunks that it may go by.
    pub trunks: Trunks,
    /// The visitor.
    pub visitor: VisitorCall,
    signals: mpsc::Receiver<Signal>,
}

/// How a call is set up.
pub struct Lines {
    /// A trunk for each telephone.
    pub trunks: Vec<TrunkConfig>,
    /// All trunks.
    pub trunks_config: TrunksConfig,
    /// The engine.
    pub engine: EngineConfig,
}

impl Lines {
    /// Lines to these telephones.
    #[must_use]
    pub fn to(phones: &[&Sipp]) -> Self {
        let mut engine = EngineConfig::new((Ipv4Addr::LOCALHOST, 0).into());
        engine.rtp_bind = Ipv4Addr::LOCALHOST.into();
        // Tests run beside each other.
        let first = 20_000 + u16::from(Uuid::now_v7().as_bytes()[15]) * 20;
        engine.rtp_ports = first..=first + 1_000;
        let trunks = phones.iter().map(|phone| trunk(phone.port)).collect();
        Self { trunks, trunks_config: trunks_config(), engine }
    }

    /// Calls each telephone until one takes the call.
    ///
    /// # Errors
    /// The call can't be placed.
    pub async fn call(self) -> anyhow::Result<BridgedCall> {
        self.call_with(|_| {}).await
    }

    /// Calls each telephone in another manner, until one takes the call.
    ///
    /// # Errors
    /// The call can't be placed.
    pub async fn call_with(self, change: impl Fn(&mut SipTarget)) -> anyhow::Result<BridgedCall> {
        let routes = self.trunks.iter().map(|trunk| {
            let mut target = target(trunk);
            change(&mut target);
            Route {
                destination_id: DestinationId::from_uuid(Uuid::now_v7()),
                far_side: FarSide::Sip(Box::new(target)),
                ring_timeout: HOUR,
                max_duration: HOUR,
            }
        });
        let routes = routes.collect();
        let trunks = Trunks::start(self.trunks_config).await?;
        trunks.set(self.trunks);
        let engine = Engine::start(self.engine, Some(trunks.clone()))?;
        let visitor = Visitor::new().await?;
        let id = CallId::from_uuid(Uuid::now_v7());
        let offer = visitor.offer().to_owned();
        let place = PlaceCall { call_id: id, offer, routes, max_duration: HOUR, former: None };
        let Placed { answer, signals } = engine.place(place).await?;
        let visitor = visitor.accept(&answer)?;
        Ok(BridgedCall { id, engine, trunks, visitor, signals })
    }
}

impl BridgedCall {
    /// Calls each of these telephones until one takes the call.
    ///
    /// # Errors
    /// The call can't be placed.
    pub async fn to(phones: &[&Sipp]) -> anyhow::Result<Self> {
        Lines::to(phones).call().await
    }

    /// The next signal, but for who answered and who did not; `None` after the last.
    ///
    /// # Errors
    /// None comes.
    pub async fn next(&mut self) -> anyhow::Result<Option<Signal>> {
        loop {
            let signal = time::timeout(PATIENCE, self.signals.recv()).await;
            let signal = signal.context("no signal came")?;
            if !matches!(
                signal,
                Some(Signal::Answered(_) | Signal::Network(_) | Signal::Rejected(_))
            ) {
                return Ok(signal);
            }
        }
    }

    /// Waits for these signals.
    ///
    /// # Errors
    /// Another one comes, or none.
    pub async fn expect(&mut self, expected: &[Signal]) -> anyhow::Result<()> {
        for signal in expected {
            let next = self.next().await?;
            ensure!(next.as_ref() == Some(signal), "{next:?} came instead of {signal:?}");
        }
        Ok(())
    }

    /// The last signal and the quality, with nothing of the call left on either side.
    ///
    /// # Errors
    /// Something is left.
    pub async fn end(mut self) -> anyhow::Result<(Signal, Option<CallQuality>)> {
        let (mut last, mut quality) = (None, None);
        while let Some(signal) = self.next().await? {
            match signal {
                Signal::Quality(of_call) => quality = Some(*of_call),
                signal => last = Some(signal),
            }
        }
        let gone = async {
            while self.trunks.load().calls > 0 || self.engine.live_calls() > 0 {
                time::sleep(Duration::from_millis(20)).await;
            }
        };
        time::timeout(PATIENCE, gone).await.context("something of the call is left")?;
        let Some(last) = last else { bail!("the call ended without a word") };
        Ok((last, quality))
    }

    /// The visitor hangs up, and the call is over.
    ///
    /// # Errors
    /// It ends otherwise, or something of it is left.
    pub async fn hang_up(self) -> anyhow::Result<Option<CallQuality>> {
        self.engine.hang_up(self.id).await;
        let (last, quality) = self.end().await?;
        ensure!(last == Signal::Ended(bellpush_core::events::EndReason::UserHangup), "{last:?}");
        Ok(quality)
    }
}
