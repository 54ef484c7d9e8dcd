//! Whole calls over real UDP: an engine, and visitors who call it.

mod common;

use std::time::Duration;

use bellpush_call::{Digit, EngineConfig, PlaceError, Signal};
use bellpush_core::events::{EndReason, ErrorCode};
use bellpush_test_support::visitor::HeardPacket;
use common::{Call, SOON, TestEngine};

const USER_HANGUP: Signal = Signal::Ended(EndReason::UserHangup);
const REMOTE_HANGUP: Signal = Signal::Ended(EndReason::RemoteHangup);
const MEDIA_FAILED: Signal = Signal::Failed(ErrorCode::MediaFailed);

#[tokio::test]
async fn the_far_side_greets_and_then_echoes_every_packet_in_one_continuous_stream() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;

    // The greeting, then the echo of what the visitor sends meanwhile: silence, of one byte.
    let is_silence = |packet: &HeardPacket| packet.payload.len() == 1;
    call.visitor.wait_until(SOON, |heard| heard.packets.iter().any(is_silence)).await.unwrap();
    let greeting = call.visitor.heard().packets.iter().position(is_silence).unwrap();
    assert!((200..300).contains(&greeting), "{greeting} packets of greeting");

    let spoken: Vec<Vec<u8>> = (0..50_u8).map(|n| vec![0xF8, n, n, n]).collect();
    call.visitor.say(spoken.clone());
    call.visitor
        .wait_until(SOON, |heard| heard.packets.iter().any(|packet| *packet.payload == spoken[49]))
        .await
        .unwrap();
    let packets = call.visitor.heard().packets;
    let echoed: Vec<Vec<u8>> = packets
        .iter()
        .skip(greeting)
        .map(|packet| packet.payload.to_vec())
        .filter(|payload| payload.len() > 1)
        .collect();
    assert_eq!(echoed, spoken);

    for (earlier, later) in packets.iter().zip(&packets[1..]) {
        assert_eq!(later.ssrc, earlier.ssrc);
        assert_eq!(later.seq, earlier.seq + 1);
    }
    let switch = packets[greeting].timestamp.wrapping_sub(packets[greeting - 1].timestamp);
    assert!((960..48_000).contains(&switch), "{switch} samples between greeting and echo");
    for (n, pair) in packets.windows(2).enumerate() {
        let samples = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!(n + 1 == greeting || samples == 960, "{samples} samples after packet {n}");
    }

    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
    engine.is_empty().await;
}

#[tokio::test]
async fn the_greeting_keeps_the_pace_of_speech() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() > 150).await.unwrap();
    let packets = call.visitor.heard().packets;
    let took = packets[150].at - packets[0].at;
    assert!(took > Duration::from_millis(2_900) && took < Duration::from_millis(4_500), "{took:?}");
}

#[tokio::test]
async fn the_star_key_makes_the_far_side_hang_up() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.press('5').unwrap();
    call.visitor.press('*').unwrap();
    assert_eq!(call.rest().await, [REMOTE_HANGUP]);
    // The browser is told on the media path too.
    call.visitor.wait_until(SOON, |heard| heard.closed).await.unwrap();
    engine.is_empty().await;
}

#[tokio::test]
async fn a_star_told_beside_the_media_path_hangs_up_too() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    engine.digit(call.id, Digit::try_from('1').unwrap()).await;
    engine.digit(call.id, Digit::STAR).await;
    assert_eq!(call.rest().await, [REMOTE_HANGUP]);
}

#[tokio::test]
async fn a_visitor_who_vanishes_is_reconnecting_and_then_lost() {
    let engine = TestEngine::with(|config| {
        config.reconnect_after = Duration::from_millis(500);
        config.media_timeout = Duration::from_millis(1_500);
    })
    .await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.vanish();
    assert_eq!(call.rest().await, [Signal::Reconnecting, MEDIA_FAILED]);
    engine.is_empty().await;
}

#[tokio::test]
async fn a_visitor_who_comes_back_is_connected_again() {
    let engine =
        TestEngine::with(|config| config.reconnect_after = Duration::from_millis(500)).await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.vanish();
    assert_eq!(call.next().await, Some(Signal::Reconnecting));
    call.visitor.come_back();
    assert_eq!(call.next().await, Some(Signal::Connected));
    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn a_closed_tab_is_a_hang_up_when_its_request_comes_after_its_media() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.close();
    call.visitor.wait_until(SOON, |heard| heard.closed).await.unwrap();
    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn a_connection_closed_without_a_word_is_a_media_failure() {
    let engine = TestEngine::with(|config| config.leave_grace = Duration::from_millis(200)).await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.close();
    assert_eq!(call.rest().await, [MEDIA_FAILED]);
    engine.is_empty().await;
}

#[tokio::test]
async fn a_visitor_who_never_connects_fails_the_call() {
    let engine =
        TestEngine::with(|config| config.connect_timeout = Duration::from_millis(200)).await;
    let (_, mut placed) = engine.place_only().await;
    assert_eq!(placed.signals.recv().await, Some(Signal::Connecting));
    assert_eq!(placed.signals.recv().await, Some(MEDIA_FAILED));
    assert_eq!(placed.signals.recv().await, None);
    engine.is_empty().await;
}

#[tokio::test]
async fn a_call_ends_at_its_longest_duration() {
    let engine = TestEngine::start().await;
    let mut call = engine.call_of(Duration::from_millis(500)).await;
    call.connected().await;
    assert_eq!(call.rest().await, [REMOTE_HANGUP]);
}

#[tokio::test]
async fn a_hundred_calls_share_the_port_without_mixing_their_voices() {
    let engine = TestEngine::start().await;
    let port = engine.local_addr().port();
    let mut calls = Vec::new();
    for _ in 0..100 {
        let call = engine.call().await;
        assert!(call.answer.contains(&format!(" 127.0.0.1 {port} typ host")));
        calls.push(call);
    }
    assert_eq!(engine.live_calls(), 100);
    for (n, call) in (0..).zip(&mut calls) {
        call.connected().await;
        call.visitor.say((0..1_000).map(|_| vec![0xF8, n, 0xAB]));
    }
    for (n, call) in (0_u8..).zip(&mut calls) {
        let is_echo =
            |payload: &[u8]| payload.len() == 3 && payload[0] == 0xF8 && payload[2] == 0xAB;
        call.visitor
            .wait_until(Duration::from_secs(20), |heard| {
                heard.packets.iter().filter(|packet| is_echo(&packet.payload)).count() > 10
            })
            .await
            .unwrap();
        let heard = call.visitor.heard();
        assert!(
            heard.packets.iter().all(|p| !is_echo(&p.payload) || p.payload[1] == n),
            "call {n} hears another visitor"
        );
    }
    for call in &mut calls {
        call.hang_up().await;
    }
    for call in &mut calls {
        assert_eq!(call.rest().await, [USER_HANGUP]);
    }
    engine.is_empty().await;
}

#[tokio::test]
async fn a_call_that_is_given_up_is_forgotten() {
    let engine = TestEngine::start().await;
    let mut dropped = engine.call().await;
    dropped.connected().await;
    engine.drop_call(dropped.id).await;
    assert_eq!(dropped.next().await, None);
    engine.is_empty().await;

    let mut unread = engine.call().await;
    unread.connected().await;
    drop(unread.signals);
    engine.is_empty().await;
}

#[tokio::test]
async fn no_more_calls_are_taken_than_allowed_and_an_id_is_taken_once() {
    let engine = TestEngine::with(|config| config.max_calls = 2).await;
    let first = engine.call().await;
    let again = engine.place(common::place(first.id, &common::offer().await)).await;
    assert_eq!(again.err(), Some(PlaceError::DuplicateId));
    let _second = engine.call().await;
    let third = engine.place(common::place(common::call_id(), &common::offer().await)).await;
    assert_eq!(third.err(), Some(PlaceError::Overloaded));
}

#[tokio::test]
async fn room_that_is_held_is_nobody_elses_until_it_is_given_back() {
    let engine = TestEngine::with(|config| config.max_calls = 1).await;
    let room = engine.reserve().unwrap();
    assert_eq!(engine.reserve().err(), Some(PlaceError::Overloaded));
    let other = engine.place(common::place(common::call_id(), &common::offer().await)).await;
    assert_eq!(other.err(), Some(PlaceError::Overloaded));
    // Also when the call that takes it is not to be had.
    let broken = common::place(common::call_id(), "no offer");
    assert!(engine.place_in(Some(room), broken).await.is_err());
    let room = engine.reserve().unwrap();
    let call = common::place(common::call_id(), &common::offer().await);
    let _placed = engine.place_in(Some(room), call).await.unwrap();
    assert_eq!(engine.live_calls(), 1);
    assert_eq!(engine.reserve().err(), Some(PlaceError::Overloaded));
}

#[tokio::test]
async fn shutting_down_waits_for_the_calls_and_then_fails_them() {
    let engine = TestEngine::start().await;
    let mut patient = engine.call().await;
    let mut stubborn = engine.call().await;
    patient.connected().await;
    stubborn.connected().await;
    let handle = engine.handle();
    let shut_down = tokio::spawn(async move { handle.shut_down(Duration::from_secs(1)).await });
    // Refused from now on, while those that are live go on.
    common::eventually(async || {
        let place = common::place(common::call_id(), &common::offer().await);
        matches!(engine.place(place).await, Err(PlaceError::ShuttingDown))
    })
    .await;
    patient.hang_up().await;
    assert_eq!(patient.rest().await, [USER_HANGUP]);
    assert_eq!(stubborn.rest().await, [Signal::Failed(ErrorCode::ServerShutdown)]);
    stubborn.visitor.wait_until(SOON, |heard| heard.closed).await.unwrap();
    shut_down.await.unwrap();
    assert_eq!(engine.live_calls(), 0);
    // Nothing of it is an error, nor hangs.
    engine.hang_up(stubborn.id).await;
    engine.shut_down(Duration::ZERO).await;
    let place = common::place(common::call_id(), &common::offer().await);
    assert_eq!(engine.place(place).await.err(), Some(PlaceError::ShuttingDown));
}

#[tokio::test]
async fn an_engine_without_calls_shuts_down_at_once() {
    let engine = TestEngine::start().await;
    let within = tokio::time::timeout(SOON, engine.shut_down(Duration::from_secs(3_600)));
    assert!(within.await.is_ok());
}

#[tokio::test]
async fn the_last_handle_that_is_dropped_ends_the_engine() {
    let engine = TestEngine::start().await;
    let Call { mut signals, visitor: _visitor, .. } = engine.call().await;
    drop(engine);
    let mut last = None;
    while let Some(signal) = signals.recv().await {
        last = Some(signal);
    }
    assert_eq!(last, Some(Signal::Failed(ErrorCode::ServerShutdown)));
}

#[tokio::test]
async fn calls_can_be_placed_from_any_thread() {
    let engine = TestEngine::start().await;
    let place = common::place(common::call_id(), &common::offer().await);
    let handle = engine.handle();
    let placed = tokio::spawn(async move { handle.place(place).await }).await.unwrap();
    assert!(placed.is_ok());
}

#[tokio::test]
async fn every_address_of_the_machine_can_be_called() {
    for bind in ["0.0.0.0:0", "[::]:0"] {
        let engine = TestEngine::bound_to(EngineConfig::new(bind.parse().unwrap())).await;
        let candidates = common::candidates(&engine.call().await.answer);
        assert!(candidates.iter().any(std::net::IpAddr::is_loopback));
        for ip in candidates {
            let mut call = engine.call_from(ip).await;
            call.connected().await;
            call.visitor.wait_until(SOON, |heard| heard.packets.len() > 5).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_public_address_is_named_in_place_of_the_machines_own() {
    let engine = TestEngine::with(|config| {
        config.bind = "0.0.0.0:0".parse().unwrap();
        config.public_addresses = vec!["203.0.113.7".parse().unwrap()];
    })
    .await;
    let (visitor, placed) = engine.place_only().await;
    assert_eq!(
        common::candidates(&placed.answer),
        ["203.0.113.7".parse::<std::net::IpAddr>().unwrap()]
    );
    // A NAT hands what is sent to the public address on to the machine's own.
    let answer = placed.answer.replace("203.0.113.7", "127.0.0.1");
    let mut visitor = visitor.accept(&answer).unwrap();
    visitor.wait_until(SOON, |heard| heard.packets.len() > 5).await.unwrap();
}
