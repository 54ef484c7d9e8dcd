//! Whole calls: a visitor's media over WebRTC, the engine, a trunk, and SIPp as the telephone.

use std::time::Duration;

use bellpush_call::Signal;
use bellpush_core::events::{EndReason, ErrorCode};
use bellpush_sip_tests::{BridgedCall as Call, PATIENCE, Phone, Sipp};
use tokio::net::UdpSocket;

type Result = anyhow::Result<()>;

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
    let Phone { sipp, rtp, .. } = Phone::start("plain_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    let spoken: Vec<Vec<u8>> = (1..=100_u8).map(|n| vec![n; 160]).collect();
    call.visitor.say(spoken.clone());
    let is_last = |packet: &[u8]| packet == spoken[99];
    tokio::select! {
        error = echo(&rtp) => return Err(error.into()),
        heard = call.visitor.wait_until(PATIENCE, |heard| {
            heard.packets.iter().any(|packet| is_last(&packet.payload))
        }) => heard?,
    }
    let heard = call.visitor.heard().packets;
    let speech = heard.iter().map(|packet| packet.payload.to_vec());
    assert!(speech.filter(|payload| spoken.contains(payload)).eq(spoken.clone()));
    assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_telephone_that_hangs_up_ends_the_call() -> Result {
    let sipp = Sipp::start("far_bye").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    assert_eq!(call.end().await?.0, Signal::Ended(EndReason::RemoteHangup));
    sipp.finish().await
}

#[tokio::test]
async fn a_busy_telephone_gives_way_to_the_next_and_the_last_ones_answer_counts() -> Result {
    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    let second = Sipp::start("plain_answer").await?;
    let mut call = Call::to(&[&busy, &second]).await?;
    call.expect(&[Signal::Connecting, Signal::Ringing, Signal::Connected]).await?;
    call.engine.suspend(call.id, Duration::ZERO).await;
    assert_eq!(call.end().await?.0, Signal::Ended(EndReason::UserHangup));
    busy.finish().await?;
    second.finish().await?;

    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    let gone = Sipp::start_with("refuse", &[("[status]", "404 Not Found")], "u1").await?;
    let call = Call::to(&[&busy, &gone]).await?;
    let unreachable = Signal::Failed(ErrorCode::DestinationUnreachable);
    assert_eq!(call.end().await?.0, unreachable);
    busy.finish().await?;
    gone.finish().await
}

#[tokio::test]
async fn an_engine_that_stops_says_goodbye_to_the_telephone() -> Result {
    let sipp = Sipp::start("plain_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    call.engine.shut_down(Duration::from_millis(100)).await;
    assert_eq!(call.end().await?.0, Signal::Failed(ErrorCode::ServerShutdown));
    sipp.finish().await
}

/// A far side may ask for something so soon after its answer that this overtakes the answer.
#[tokio::test]
async fn a_hold_reaches_the_visitor_and_so_does_its_end_however_early_it_comes() -> Result {
    for before in ["0", "1000"] {
        let sipp =
            Sipp::start_with("hold", &[("[before]", before), ("[held]", "300")], "u1").await?;
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
        call.hang_up().await?;
        sipp.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_visitor_who_leaves_while_it_rings_stops_the_ringing() -> Result {
    let sipp = Sipp::start("no_answer").await?;
    let mut call = Call::to(&[&sipp]).await?;
    call.expect(&[Signal::Connecting, Signal::Ringing]).await?;
    call.hang_up().await?;
    sipp.finish().await
}
