//! Whole calls: a visitor's media over WebRTC, the engine, a trunk, and SIPp as the telephone.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::Context as _;
use bellpush_call::{Engine, EngineConfig, FarSide, PlaceCall, Placed, Route, Signal, Trunks};
use bellpush_core::{
    events::{EndReason, ErrorCode},
    ids::{CallId, DestinationId},
};
use bellpush_sip_tests::{PATIENCE, Sipp, target, trunk, trunks};
use bellpush_test_support::visitor::{Visitor, VisitorCall};
use tokio::{net::UdpSocket, sync::mpsc, time};
use uuid::Uuid;

type Result = anyhow::Result<()>;

const HOUR: Duration = Duration::from_secs(3_600);

struct Call {
    id: CallId,
    engine: Engine,
    trunks: Trunks,
    visitor: VisitorCall,
    signals: mpsc::Receiver<Signal>,
}

impl Call {
    /// Calls each of these telephones until one takes the call.
    async fn to(phones: &[&Sipp]) -> anyhow::Result<Self> {
        let configs: Vec<_> = phones.iter().map(|phone| trunk(phone.port)).collect();
        let routes = configs.iter().map(|trunk| Route {
            destination_id: DestinationId::from_uuid(Uuid::now_v7()),
            far_side: FarSide::Sip(Box::new(target(trunk))),
            ring_timeout: HOUR,
            max_duration: HOUR,
        });
        let routes = routes.collect();
        let trunks = trunks(configs).await?;
        let mut config = EngineConfig::new((Ipv4Addr::LOCALHOST, 0).into());
        config.rtp_bind = Ipv4Addr::LOCALHOST.into();
        // Tests run beside each other.
        let first = 30_000 + Uuid::now_v7().as_bytes()[15] as u16 * 20;
        config.rtp_ports = first..=first + 1_000;
        let engine = Engine::start(config, Some(trunks.clone()))?;
        let visitor = Visitor::new().await?;
        let id = CallId::from_uuid(Uuid::now_v7());
        let offer = visitor.offer().to_owned();
        let place = PlaceCall { call_id: id, offer, routes, max_duration: HOUR };
        let Placed { answer, signals } = engine.place(place).await?;
        let visitor = visitor.accept(&answer)?;
        Ok(Self { id, engine, trunks, visitor, signals })
    }

    /// The next signal, but for who answered.
    async fn next(&mut self) -> anyhow::Result<Option<Signal>> {
        loop {
            let signal = time::timeout(PATIENCE, self.signals.recv()).await;
            let signal = signal.context("no signal came")?;
            if !matches!(signal, Some(Signal::Answered(_))) {
                return Ok(signal);
            }
        }
    }

    async fn expect(&mut self, expected: &[Signal]) -> Result {
        for signal in expected {
            assert_eq!(self.next().await?.as_ref(), Some(signal));
        }
        Ok(())
    }

    /// The last signal, with nothing of the call left on either side.
    async fn end(mut self) -> anyhow::Result<Option<Signal>> {
        let mut last = None;
        while let Some(signal) = self.next().await? {
            last = Some(signal);
        }
        let gone = async {
            while self.trunks.load().calls > 0 || self.engine.live_calls() > 0 {
                time::sleep(Duration::from_millis(20)).await;
            }
        };
        time::timeout(PATIENCE, gone).await.context("something of the call is left")?;
        Ok(last)
    }
}

/// SIPp for the signalling, and a socket of ours for the sound.
async fn phone(scenario: &str) -> anyhow::Result<(Sipp, UdpSocket)> {
    let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = sound.local_addr()?.port().to_string();
    let sipp = Sipp::start_with(scenario, &[("[media_port]", &port)], "u1").await?;
    Ok((sipp, sound))
}

/// Sends every packet back to where it came from.
async fn echo(sound: &UdpSocket) -> std::io::Error {
    let mut packet = [0; 2_000];
    loop {
        let echoed = async {
            let (length, from) = sound.recv_from(&mut packet).await?;
            sound.send_to(&packet[..length], from).await
        };
        if let Err(error) = echoed.await {
            return error;
        }
    }
}

#[tokio::test]
async fn a_visitor_and_a_telephone_hear_each_other_until_the_visitor_hangs_up() -> Result {
    let (sipp, sound) = phone("plain_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    let spoken: Vec<Vec<u8>> = (1..=100_u8).map(|n| vec![n; 160]).collect();
    call.visitor.say(spoken.clone());
    let is_last = |packet: &[u8]| packet == spoken[99];
    tokio::select! {
        error = echo(&sound) => return Err(error.into()),
        heard = call.visitor.wait_until(PATIENCE, |heard| {
            heard.packets.iter().any(|packet| is_last(&packet.payload))
        }) => heard?,
    }
    let heard = call.visitor.heard().packets;
    let speech = heard.iter().map(|packet| packet.payload.to_vec());
    assert!(speech.filter(|payload| spoken.contains(payload)).eq(spoken.clone()));
    assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    call.engine.hang_up(call.id).await;
    assert_eq!(call.end().await?, Some(Signal::Ended(EndReason::UserHangup)));
    sipp.finish().await
}

#[tokio::test]
async fn a_telephone_that_hangs_up_ends_the_call() -> Result {
    let (sipp, _sound) = phone("far_bye").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    assert_eq!(call.end().await?, Some(Signal::Ended(EndReason::RemoteHangup)));
    sipp.finish().await
}

#[tokio::test]
async fn a_busy_telephone_gives_way_to_the_next_and_the_last_ones_answer_counts() -> Result {
    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    let (second, _sound) = phone("plain_answer").await?;
    let mut call = Call::to(&[&busy, &second]).await?;
    call.expect(&[Signal::Connecting, Signal::Ringing, Signal::Connected]).await?;
    call.engine.suspend(call.id, Duration::ZERO).await;
    assert_eq!(call.end().await?, Some(Signal::Ended(EndReason::UserHangup)));
    busy.finish().await?;
    second.finish().await?;

    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    let gone = Sipp::start_with("refuse", &[("[status]", "404 Not Found")], "u1").await?;
    let call = Call::to(&[&busy, &gone]).await?;
    let unreachable = Signal::Failed(ErrorCode::DestinationUnreachable);
    assert_eq!(call.end().await?, Some(unreachable));
    busy.finish().await?;
    gone.finish().await
}

#[tokio::test]
async fn an_engine_that_stops_says_goodbye_to_the_telephone() -> Result {
    let (sipp, _sound) = phone("plain_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    call.engine.shut_down(Duration::from_millis(100)).await;
    assert_eq!(call.end().await?, Some(Signal::Failed(ErrorCode::ServerShutdown)));
    sipp.finish().await
}

/// A far side may ask for something so soon after its answer that this overtakes the answer.
#[tokio::test]
async fn a_hold_reaches_the_visitor_and_so_does_its_end_however_early_it_comes() -> Result {
    for before in ["0", "1000"] {
        let sipp = Sipp::start_with("hold", &[("[before]", before)], "u1").await?;
        let mut call = Call::to(&[&sipp]).await?;
        let (held, taken_up) = (Signal::Held(true), Signal::Held(false));
        call.expect(&[Signal::Connecting, Signal::Connected, held, taken_up]).await?;
        // Nobody who speaks on hold is heard, but now.
        let spoken = vec![0x40_u8; 160];
        call.visitor.say([spoken.clone()]);
        let is_spoken = |packet: &[u8]| packet == spoken;
        let heard = call.visitor.wait_until(PATIENCE, |heard| {
            heard.packets.iter().any(|packet| is_spoken(&packet.payload))
        });
        heard.await?;
        call.engine.hang_up(call.id).await;
        assert_eq!(call.end().await?, Some(Signal::Ended(EndReason::UserHangup)));
        sipp.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_visitor_who_leaves_while_it_rings_stops_the_ringing() -> Result {
    let sipp = Sipp::start("no_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Ringing]).await?;
    call.engine.hang_up(call.id).await;
    assert_eq!(call.end().await?, Some(Signal::Ended(EndReason::UserHangup)));
    sipp.finish().await
}
