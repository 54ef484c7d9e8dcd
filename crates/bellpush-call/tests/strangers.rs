//! What comes to the media port from anybody.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use bellpush_call::Signal;
use bellpush_core::events::EndReason;
use common::{SOON, TestEngine};
use is::{
    DefaultSha1HmacProvider, Sha1HmacProvider as _,
    stun::{StunMessage, TransId},
};
use tokio::net::UdpSocket;

/// Datagrams of every kind that WebRTC knows, none of them right.
fn garbage(ufrag: &str) -> Vec<Vec<u8>> {
    let check = |username: &str, tail: &[u8]| {
        let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        message.extend([9; 12]);
        message.extend([0, 6, 0, u8::try_from(username.len()).unwrap()]);
        message.extend(username.bytes());
        message.resize(message.len().next_multiple_of(4), 0);
        message.extend(tail);
        let length = u16::try_from(message.len() - 20).unwrap();
        message[2..4].copy_from_slice(&length.to_be_bytes());
        message
    };
    let mut datagrams = vec![
        vec![],
        vec![0],
        vec![0; 20],
        vec![0xFF; 1_500],
        check("nobody:knows", &[]),
        check(&format!("{ufrag}:them"), &[]),
        // With a wrong MESSAGE-INTEGRITY.
        check(&format!("{ufrag}:them"), &[&[0, 8, 0, 20][..], &[7; 20]].concat()),
        // Longer than any check, and with thousands of odd attributes.
        check(&format!("{ufrag}:them"), &[0x80, 0x22, 0, 0].repeat(15_000)),
        check(&format!("{ufrag}:them"), &[0, 1, 0, 0].repeat(100)),
        // DTLS: a client hello cut short, an alert, a length beyond the end.
        vec![22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0],
        vec![21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0],
        vec![23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1],
        // RTP and RTCP without the key.
        [&[0x80, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4][..], &[5; 60]].concat(),
        [&[0x80, 200, 0, 6, 1, 2, 3, 4][..], &[5; 60]].concat(),
    ];
    for first in 0..=255 {
        datagrams.push([&[first][..], &[0xA5; 99]].concat());
    }
    datagrams
}

#[tokio::test]
async fn garbage_does_no_harm_to_calls() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let ufrag = call.answer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap();
    let garbage = garbage(ufrag);
    // While it connects, and once it is connected.
    for _ in 0..3 {
        for datagram in &garbage {
            stranger.send_to(datagram, engine.local_addr()).await.unwrap();
        }
    }
    call.connected().await;
    for datagram in &garbage {
        stranger.send_to(datagram, engine.local_addr()).await.unwrap();
    }
    let before = call.visitor.heard().packets.len();
    call.visitor.wait_until(SOON, |heard| heard.packets.len() > before + 20).await.unwrap();

    // Not even an error: an answer would be of use to whoever forges a sender.
    let mut answer = [0; 2_000];
    assert!(stranger.try_recv(&mut answer).is_err(), "a stranger got an answer");

    // Other calls come and go.
    let mut other = engine.call().await;
    other.connected().await;
    for call in [&mut call, &mut other] {
        call.hang_up().await;
        assert_eq!(call.rest().await, [Signal::Ended(EndReason::UserHangup)]);
    }
    engine.is_empty().await;
}

/// A check as whoever placed the call can make it, from wherever.
fn nominating_check(offer: &str, answer: &str) -> Vec<u8> {
    let value = |sdp: &str, name: &str| {
        sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    };
    let (ours, theirs) = (value(answer, "a=ice-ufrag:"), value(offer, "a=ice-ufrag:"));
    let name = format!("{ours}:{theirs}");
    let check = StunMessage::binding_request(&name, TransId::new(), true, 1, 1, true);
    let mut bytes = vec![0; 256];
    let hmac = |key: &[u8], parts: &[&[u8]]| DefaultSha1HmacProvider.sha1_hmac(key, parts);
    let password = value(answer, "a=ice-pwd:");
    let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).unwrap();
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn an_address_where_no_browser_is_gets_three_packets_and_no_media() {
    let engine = TestEngine::start().await;
    let (visitor, mut placed) = engine.place_only().await;
    let check = nominating_check(visitor.offer(), &placed.answer);
    let mut visitor = visitor.accept(&placed.answer).unwrap();
    visitor.wait_until(SOON, |heard| heard.packets.len() > 20).await.unwrap();
    let forged = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..5 {
        forged.send_to(&check, engine.local_addr()).await.unwrap();
    }
    let before = visitor.heard().packets.len();
    visitor.wait_until(SOON, |heard| heard.packets.len() > before + 150).await.unwrap();
    let mut packets = Vec::new();
    let mut buffer = [0; 2_000];
    while let Ok(length) = forged.try_recv(&mut buffer) {
        packets.push(length);
    }
    assert!((1..=3).contains(&packets.len()), "{packets:?}");
    assert!(packets.iter().all(|length| *length < 200), "{packets:?}");
    let packets = visitor.heard().packets;
    assert!(packets.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "media went astray");
    visitor.close();
    while common::next(&mut placed.signals).await.is_some() {}
}

#[tokio::test]
async fn garbage_in_the_browsers_own_name_does_not_end_its_call() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    // Sent from the browser's very address, as somebody on its path could.
    for datagram in garbage("whoever") {
        call.visitor.send_raw(datagram);
    }
    let before = call.visitor.heard().packets.len();
    call.visitor.wait_until(SOON, |heard| heard.packets.len() > before + 20).await.unwrap();
    call.hang_up().await;
    assert_eq!(call.rest().await, [Signal::Ended(EndReason::UserHangup)]);
}

#[tokio::test]
async fn garbage_does_not_keep_a_lost_visitor_alive() {
    let engine = TestEngine::with(|config| {
        config.reconnect_after = Duration::from_millis(500);
        config.media_timeout = Duration::from_millis(1_500);
    })
    .await;
    let mut call = engine.call().await;
    call.connected().await;
    call.visitor.vanish();
    let noise = async {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        loop {
            pause.tick().await;
            call.visitor.send_raw([&[0x80, 111][..], &[1; 60]].concat());
        }
    };
    let mut seen = Vec::new();
    tokio::select! {
        () = noise => {}
        () = async { while let Some(signal) = common::next(&mut call.signals).await { seen.push(signal); } } => {}
    }
    let lost = Signal::Failed(bellpush_core::events::ErrorCode::MediaFailed);
    assert_eq!(seen, [Signal::Reconnecting, lost]);
}
