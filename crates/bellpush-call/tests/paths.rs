//! The paths of a browser's media: TCP where there is no UDP, a new address after an ICE restart, a
//! new page; and strangers who connect.

mod common;

use std::time::Duration;

use bellpush_call::{ResumeError, Signal};
use bellpush_core::events::EndReason;
use bellpush_test_support::visitor::{Visitor, VisitorCall};
use common::{SOON, TestEngine};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

const USER_HANGUP: Signal = Signal::Ended(EndReason::UserHangup);

/// Waits for what is heard after this moment.
#[allow(clippy::unwrap_used, reason = "a helper of tests")]
async fn goes_on_hearing(visitor: &mut VisitorCall) {
    let before = visitor.heard().packets.len();
    visitor.wait_until(SOON, |heard| heard.packets.len() > before + 50).await.unwrap();
}

#[tokio::test]
async fn a_visitor_without_udp_is_heard_by_tcp_through_the_same_port() {
    let engine = TestEngine::start().await;
    let visitor = Visitor::new().await.unwrap().without_udp();
    let id = common::call_id();
    let mut placed = engine.place(common::place(id, visitor.offer())).await.unwrap();
    let mut visitor = visitor.accept(&placed.answer).unwrap();
    assert_eq!(common::next(&mut placed.signals).await, Some(Signal::Connecting));
    assert_eq!(common::next(&mut placed.signals).await, Some(Signal::Connected));
    // The greeting, and then the echo.
    visitor.say((0..1_000).map(|_| vec![0xF8, 1, 2]));
    visitor
        .wait_until(SOON, |heard| heard.packets.iter().any(|p| p.payload[..] == [0xF8, 1, 2]))
        .await
        .unwrap();
    let packets = visitor.heard().packets;
    assert!(packets.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    visitor.press('*').unwrap();
    let end = time::timeout(SOON, placed.signals.recv()).await.unwrap();
    assert_eq!(end, Some(Signal::Ended(EndReason::RemoteHangup)));
    engine.is_empty().await;
}

#[tokio::test]
async fn a_visitor_whose_network_changes_restarts_ice_and_goes_on() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    let old_port = call.visitor.local_addr().port();
    let offer = call.visitor.move_on().await.unwrap();
    let answer = engine.restart(call.id, offer).await.unwrap();
    let ufrag = |answer: &str| {
        answer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:").map(str::to_owned))
    };
    assert_ne!(ufrag(&answer), ufrag(&call.answer));
    assert!(!answer.contains(&format!(" {old_port} ")));
    call.visitor.accept_restart(&answer);
    goes_on_hearing(&mut call.visitor).await;
    call.hang_up().await;
    let rest = call.rest().await;
    assert_eq!(rest.last(), Some(&USER_HANGUP));
    engine.is_empty().await;
    let again = engine.restart(call.id, common::offer().await).await;
    assert_eq!(again, Err(ResumeError::NoSuchCall));
}

#[tokio::test]
async fn a_restart_that_makes_no_sense_leaves_the_call_as_it_was() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    for offer in [String::new(), "v=0".to_owned(), common::offer().await] {
        assert!(matches!(engine.restart(call.id, offer).await, Err(ResumeError::Offer(_))));
    }
    goes_on_hearing(&mut call.visitor).await;
    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn a_page_may_come_back_again_and_again() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    for _ in 0..3 {
        engine.suspend(call.id, Duration::from_secs(20)).await;
        assert_eq!(call.next().await, Some(Signal::Reconnecting));
        let page = Visitor::new().await.unwrap();
        let answer = engine.resume(call.id, page.offer().to_owned()).await.unwrap();
        call.visitor = page.accept(&answer).unwrap();
        assert_eq!(call.next().await, Some(Signal::Connected));
        goes_on_hearing(&mut call.visitor).await;
    }
    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
    engine.is_empty().await;
}

#[tokio::test]
async fn who_connects_and_names_no_call_is_cut_off_and_harms_nobody() {
    let engine = TestEngine::start().await;
    let mut call = engine.call().await;
    call.connected().await;
    let mut strangers = Vec::new();
    for n in 0..40_u8 {
        let mut stranger = TcpStream::connect(engine.local_addr()).await.unwrap();
        // One byte, a frame that never ends, one that is too long, noise, a frame of noise.
        let said: &[u8] = match n % 5 {
            0 => &[0],
            1 => &[0x01, 0x00, 1, 2, 3],
            2 => &[0xFF, 0xFF, 1],
            3 => &[7; 1_000],
            _ => &[0, 3, 0, 1, 0],
        };
        let _ = stranger.write_all(said).await;
        strangers.push(stranger);
    }
    goes_on_hearing(&mut call.visitor).await;
    for mut stranger in strangers {
        let mut answer = [0; 100];
        let end = time::timeout(SOON, stranger.read(&mut answer)).await.expect("it stays open");
        assert!(matches!(end, Ok(0) | Err(_)), "a stranger got an answer");
    }
    // There is room again for who is meant.
    let visitor = Visitor::new().await.unwrap().without_udp();
    let id = common::call_id();
    let mut placed = engine.place(common::place(id, visitor.offer())).await.unwrap();
    let mut visitor = visitor.accept(&placed.answer).unwrap();
    visitor.wait_until(SOON, |heard| heard.connected).await.unwrap();
    engine.hang_up(id).await;
    while placed.signals.recv().await.is_some() {}
    call.hang_up().await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn two_hundred_visitors_who_all_leave_at_once_each_get_their_end_and_leave_nothing() {
    let engine = TestEngine::with(|config| {
        config.threads = std::num::NonZeroUsize::new(2).unwrap();
        config.connect_timeout = Duration::from_secs(60);
    })
    .await;
    let offer = common::offer().await;
    let mut calls = Vec::new();
    for _ in 0..200 {
        let id = common::call_id();
        calls.push((id, engine.place(common::place(id, &offer)).await.unwrap()));
    }
    assert_eq!(engine.live_calls(), 200);
    let leaving = calls.iter().map(|(id, _)| engine.suspend(*id, Duration::ZERO));
    for leave in leaving {
        leave.await;
    }
    for (_, placed) in &mut calls {
        assert_eq!(placed.signals.recv().await, Some(Signal::Connecting));
        assert_eq!(placed.signals.recv().await, Some(USER_HANGUP));
        assert_eq!(placed.signals.recv().await, None);
    }
    engine.is_empty().await;
}
