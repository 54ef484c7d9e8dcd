//! Calls to a telephone, over real UDP on both sides; only the trunk's signalling is a script.

mod moved;
mod script;

use std::{collections::HashSet, time::Duration};

use bellpush_core::{
    events::{EndReason, ErrorCode},
    routing::{AnsweredBy, SipDialog},
    trunk::SipFailure,
};
use bellpush_srtp::{RtpHeader, SrtpSuite};
use bellpush_test_support::{ports::free_ports, visitor::Visitor};
use tokio::time;

use self::script::*;
use super::*;
use crate::{
    Codec, Digit, FarSide, Former, Signal, SrtpPolicy,
    trunk::{ByeCause, FarFailure, OfferId, TrunkCommand, TrunkEvent},
};

#[tokio::test]
async fn sound_is_relayed_as_it_is_when_both_sides_speak_the_same() {
    let mut test = Test::start();
    let (mut call, mut dialog, mut phone) =
        test.answered(to_phone(&[Codec::Pcma, Codec::Pcmu]), Codec::Pcma).await;
    // The trunk's choice comes first, so that the browser speaks it.
    assert!(call.answer.contains("UDP/TLS/RTP/SAVPF 8 0 "), "{}", call.answer);

    call.visitor.say(numbered(50));
    let mut heard = Vec::new();
    while heard.last().is_none_or(|(_, payload): &(RtpHeader, Vec<u8>)| payload[0] != 50) {
        let packet = phone.hear().await;
        if packet.1[0] < 0xD0 {
            heard.push(packet);
        }
    }
    assert_eq!(heard.len(), 50);
    for (n, (header, payload)) in (1..).zip(&heard) {
        assert_eq!((header.payload_type, &payload[..]), (8, &[n; 160][..]));
        assert_eq!(header.ssrc, heard[0].0.ssrc);
        assert_eq!(header.seq, heard[0].0.seq.wrapping_add(u16::from(n) - 1));
        let samples = header.timestamp.wrapping_sub(heard[0].0.timestamp);
        assert_eq!(samples, 160 * (u32::from(n) - 1));
    }

    phone.say(numbered(50)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 50).await.unwrap();
    let packets = call.visitor.heard().packets;
    let payloads: Vec<Vec<u8>> = packets.iter().map(|packet| packet.payload.to_vec()).collect();
    assert_eq!(payloads, numbered(50));
    is_continuous(&packets, 160);

    test.engine.hang_up(call.id).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { cause: ByeCause::NORMAL })));
    let mut signals = Vec::new();
    while let Some(signal) = call.next().await {
        signals.push(signal);
    }
    let [Signal::Quality(quality), last] = &signals[..] else { panic!("{signals:?}") };
    assert_eq!(*last, USER_HANGUP);
    let far_side = quality.far_side.as_ref().unwrap();
    assert_eq!((far_side.packets, far_side.lost), (50, 0));
    assert!(far_side.mos > 4.0 && quality.visitor.as_ref().unwrap().packets > 50);
    test.is_empty().await;
    assert!(dialog.next().await.is_none());
}

#[tokio::test]
async fn a_call_goes_on_by_the_dialog_of_another_server_and_can_be_let_go_of_without_a_word() {
    let mut test = Test::start();
    let mut call = test.goes_on(with_open_dialog(to_phone(&[Codec::Pcma])), Former::Gone).await;
    let mut dialog = test.dialog().await;
    let mut phone = Phone::of(Codec::Pcma, dialog.invited().await).await;
    dialog.events.send(TrunkEvent::OfferAnswered { sdp: phone.sdp("sendrecv") }).await;
    assert_eq!(call.next().await, Some(Signal::Reconnecting));
    assert_eq!(call.next().await, Some(Signal::Connected));
    call.visitor.say(numbered(20));
    while phone.hear().await.1 != [20; 160] {}
    phone.say(numbered(20)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 20).await.unwrap();

    test.engine.release(call.id).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Release)));
    assert!(dialog.next().await.is_none());
    assert_eq!(call.next().await, None);
    test.is_empty().await;
}

#[tokio::test]
async fn a_call_that_goes_on_offers_keys_that_nothing_was_sent_with() {
    let mut test = Test::start();
    let mut keys = HashSet::new();
    for round in 1..=3 {
        let mut route = with_open_dialog(to_phone(&[Codec::Pcma]));
        if let FarSide::Sip(target) = &mut route.far_side {
            target.srtp = SrtpPolicy::Optional;
        }
        let call = test.goes_on(route, Former::Gone).await;
        let mut dialog = test.dialog().await;
        let Some(TrunkCommand::Invite { sdp, .. }) = dialog.next().await else {
            panic!("that is no INVITE")
        };
        keys.extend(sdp.lines().filter_map(|line| Some(line.split_once("inline:")?.1.to_owned())));
        assert_eq!(keys.len(), round * SrtpSuite::ALL.len());
        test.engine.release(call.id).await;
    }
}

#[tokio::test]
async fn ringing_and_what_is_heard_before_the_answer_reach_the_visitor_in_one_stream() {
    let mut test = Test::start();
    let mut call = test.call(vec![to_phone(&[Codec::Pcma])]).await;
    let mut dialog = test.dialog().await;
    let mut phone = Phone::of(Codec::Pcma, dialog.invited().await).await;
    assert_eq!(call.next().await, Some(Signal::Connecting));
    dialog.events.send(TrunkEvent::Ringing).await;
    assert_eq!(call.next().await, Some(Signal::Ringing));
    dialog.events.send(TrunkEvent::EarlyMedia { sdp: phone.sdp("sendrecv") }).await;
    phone.hear().await;
    phone.say(numbered(20)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 20).await.unwrap();
    dialog.events.send(phone.answers()).await;
    assert_eq!(call.next().await, Some(Signal::Connected));
    phone.say(numbered(20)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 40).await.unwrap();
    is_continuous(&call.visitor.heard().packets, 160);
    dialog.events.send(TrunkEvent::HungUp { cause: None }).await;
    assert_eq!(call.rest().await, [Signal::Ended(EndReason::RemoteHangup)]);
    test.is_empty().await;
}

#[tokio::test]
async fn a_busy_far_side_gives_way_to_the_next_route() {
    let mut test = Test::start();
    let mut call = test.call(vec![to_phone(&[Codec::Pcma]), route(FarSide::Demo)]).await;
    let mut dialog = test.dialog().await;
    dialog.invited().await;
    dialog.events.send(TrunkEvent::Failed(FarFailure::Busy)).await;
    assert_eq!(call.next().await, Some(Signal::Connecting));
    assert_eq!(call.next().await, Some(Signal::Connected));
    call.visitor.wait_until(SOON, |heard| heard.packets.len() > 20).await.unwrap();
    // What the first says now is of no interest.
    dialog.events.send(TrunkEvent::HungUp { cause: None }).await;
    test.engine.hang_up(call.id).await;
    assert_eq!(call.next().await, Some(USER_HANGUP));
}

#[tokio::test]
async fn nobody_who_answers_in_time_is_a_cancelled_call() {
    let mut test = Test::start();
    let mut quick = to_phone(&[Codec::Pcma]);
    quick.ring_timeout = Duration::from_millis(300);
    let mut call = test.call(vec![quick, to_phone(&[Codec::Pcma])]).await;
    let mut first = test.dialog().await;
    first.invited().await;
    assert!(matches!(first.next().await, Some(TrunkCommand::Cancel)));
    assert!(first.next().await.is_none());
    let mut second = test.dialog().await;
    second.invited().await;
    second.events.send(TrunkEvent::Failed(FarFailure::Unreachable)).await;
    assert_eq!(call.next().await, Some(Signal::Connecting));
    assert!(matches!(call.next().await, Some(Signal::Rejected(_))));
    assert_eq!(call.rest().await, [Signal::Failed(ErrorCode::DestinationUnreachable)]);
    test.is_empty().await;
}

#[tokio::test]
async fn a_telephone_that_nobody_answers_is_told_of_in_place_of_the_busy_one_before_it() {
    let mut test = Test::start();
    let (first, mut second) = (to_phone(&[Codec::Pcma]), to_phone(&[Codec::Pcma]));
    second.ring_timeout = Duration::from_millis(200);
    let FarSide::Sip(target) = &second.far_side else { panic!("no telephone") };
    let unanswered = SipFailure::unanswered(target.trunk_id, SIP_CALL_ID);
    let mut call = test.call(vec![first, second]).await;
    test.dialog().await.events.send(TrunkEvent::Failed(FarFailure::Busy)).await;
    let mut dialog = test.dialog().await;
    dialog.invited().await;
    dialog.events.send(TrunkEvent::Calling { call_id: SIP_CALL_ID.into() }).await;
    dialog.events.send(TrunkEvent::Ringing).await;
    assert_eq!(call.next().await, Some(Signal::Connecting));
    assert_eq!(call.next().await, Some(Signal::Ringing));
    assert_eq!(call.next().await, Some(Signal::Rejected(Box::new(unanswered))));
    assert_eq!(call.rest().await, [Signal::Failed(ErrorCode::NoAnswer)]);
    test.is_empty().await;
}

#[tokio::test]
async fn keys_wait_for_a_far_side_that_is_offered_the_session_anew() {
    let mut test = Test::start();
    let call = test.goes_on(with_open_dialog(to_phone(&[Codec::Pcma])), Former::Gone).await;
    let mut dialog = test.dialog().await;
    let phone = Phone::of(Codec::Pcma, dialog.invited().await).await;
    // More than are sent at once elsewhere: the number of a card, and what goes with it.
    let keys = "01234567890123456789*#";
    for key in keys.chars() {
        test.engine.digit(call.id, Digit::try_from(key).unwrap()).await;
    }
    time::sleep(Duration::from_millis(200)).await;
    assert!(dialog.orders.try_recv().is_err());
    let sdp = phone.sdp("sendrecv").replace(" 101\r\n", "\r\n").replace("a=rtpmap:101", "a=x:");
    dialog.events.send(TrunkEvent::OfferAnswered { sdp }).await;
    // They come before the trunk looks at the first of them.
    time::sleep(Duration::from_millis(200)).await;
    for key in keys.chars() {
        let Some(TrunkCommand::Info { digit }) = dialog.next().await else { panic!("no key") };
        assert_eq!(digit.to_string(), key.to_string());
    }
}

#[tokio::test]
async fn who_answered_after_an_overflow_is_told_once_and_before_both_sides_are_connected() {
    let mut test = Test::start();
    let (first, second) = (to_phone(&[Codec::Pcma]), to_phone(&[Codec::Pcma]));
    let FarSide::Sip(target) = &second.far_side else { panic!("no telephone") };
    let dialog = SipDialog { trunk_id: target.trunk_id, call_id: SIP_CALL_ID.into() };
    let answered_by = AnsweredBy { profile_id: second.destination_id, dialog: Some(dialog) };
    let mut call = test.call(vec![first, second]).await;
    test.dialog().await.events.send(TrunkEvent::Failed(FarFailure::Busy)).await;
    let mut dialog = test.dialog().await;
    let phone = Phone::of(Codec::Pcma, dialog.invited().await).await;
    dialog.events.send(phone.answers()).await;
    dialog.events.send(phone.answers()).await;
    dialog.events.send(TrunkEvent::HungUp { cause: None }).await;
    let mut told = Vec::new();
    while let Some(signal) = time::timeout(SOON, call.signals.recv()).await.unwrap() {
        told.push(signal);
    }
    let answered = Signal::Answered(Box::new(answered_by));
    let network = Signal::Network(bellpush_core::analytics::NetworkKind::Udp);
    assert_eq!(told[..4], [Signal::Connecting, answered, network, Signal::Connected]);
    assert_eq!(told.last(), Some(&Signal::Ended(EndReason::RemoteHangup)));
    assert_eq!(told.len(), 6, "{told:?}");
    test.is_empty().await;
}

#[tokio::test]
async fn a_visitor_who_hangs_up_while_it_rings_cancels_the_call() {
    let mut test = Test::start();
    let mut call = test.call(vec![to_phone(&[Codec::Pcma])]).await;
    let mut dialog = test.dialog().await;
    dialog.invited().await;
    test.engine.hang_up(call.id).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Cancel)));
    assert_eq!(call.next().await, Some(Signal::Connecting));
    assert_eq!(call.rest().await, [USER_HANGUP]);
    test.is_empty().await;
}

#[tokio::test]
async fn opus_and_g711_are_transcoded_both_ways_at_the_pace_of_speech() {
    let mut test = Test::start();
    let route = with_opus_to_browser(to_phone(&[Codec::Pcmu]));
    let (mut call, _dialog, mut phone) = test.answered(route, Codec::Pcmu).await;
    phone.say(numbered(100)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 90).await.unwrap();
    let packets = call.visitor.heard().packets;
    assert!(packets.iter().all(|packet| packet.payload.len() < 160));
    is_continuous(&packets[..90], 960);
    let mut last = None;
    for _ in 0..90 {
        let (header, payload) = phone.hear().await;
        assert_eq!((header.payload_type, payload.len()), (0, 160));
        if let Some((seq, timestamp)) = last.replace((header.seq, header.timestamp)) {
            assert_eq!(header.seq, u16::wrapping_add(seq, 1));
            assert_eq!(header.timestamp, u32::wrapping_add(timestamp, 160));
        }
    }
    test.engine.hang_up(call.id).await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn keys_reach_a_telephone_in_its_media_whichever_way_they_came() {
    let mut test = Test::start();
    let (mut call, _dialog, phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    phone.hear().await;
    call.visitor.press('5').unwrap();
    let mut keys = Vec::new();
    let mut last: Option<RtpHeader> = None;
    while keys.iter().filter(|(_, end)| *end).count() < 6 {
        let (header, payload) = phone.hear().await;
        if let Some(last) = last {
            assert_eq!(header.seq, last.seq.wrapping_add(1), "a gap");
        }
        last = Some(header);
        if header.payload_type == 101 {
            keys.push((payload[0], payload[1] & 0x80 != 0));
            if keys.len() == 1 {
                test.engine.digit(call.id, Digit::STAR).await;
            }
        }
    }
    let mut codes: Vec<u8> = keys.iter().map(|(code, _)| *code).collect();
    codes.dedup();
    assert_eq!(codes, [5, 10]);
    test.engine.hang_up(call.id).await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn hold_is_told_and_the_visitor_hears_soft_noise_until_the_call_is_taken_up_again() {
    let mut test = Test::with(|config| config.rtp_timeout = Duration::from_millis(1_500));
    let (mut call, mut dialog, mut phone) =
        test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    phone.say(numbered(10)).await;
    let offered = |id, direction| TrunkEvent::Offered {
        request: OfferId(id),
        sdp: Some(phone.sdp(direction)),
    };
    let (hold, resume) = (offered(1, "inactive"), offered(2, "sendrecv"));
    dialog.events.send(hold).await;
    let Some(TrunkCommand::AnswerOffer { sdp, .. }) = dialog.next().await else {
        panic!("no answer")
    };
    assert!(sdp.contains("a=inactive"), "{sdp}");
    assert_eq!(call.next().await, Some(Signal::Held(true)));
    // For longer than a telephone may be silent.
    let before = call.visitor.heard().packets.len();
    call.visitor.wait_until(SOON, |heard| heard.packets.len() > before + 100).await.unwrap();
    dialog.events.send(resume).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::AnswerOffer { .. })));
    assert_eq!(call.next().await, Some(Signal::Held(false)));
    phone.say(numbered(10)).await;
    call.visitor
        .wait_until(SOON, |heard| heard.packets.iter().any(|p| p.payload[..] == [10; 160]))
        .await
        .unwrap();
    let packets = call.visitor.heard().packets;
    assert!(packets.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    test.engine.hang_up(call.id).await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn a_telephone_that_vanishes_fails_the_call_and_is_told_so() {
    let mut test = Test::with(|config| config.rtp_timeout = Duration::from_millis(400));
    let (mut call, mut dialog, _phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { cause: ByeCause::MEDIA_LOST })));
    assert_eq!(call.rest().await, [Signal::Failed(ErrorCode::MediaFailed)]);
    test.is_empty().await;
}

#[tokio::test]
async fn a_trunk_that_dies_ends_its_calls() {
    let mut test = Test::start();
    let (mut call, dialog, _phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    dialog.events.send(TrunkEvent::Offered { request: OfferId(1), sdp: None }).await;
    drop(dialog);
    // The next message finds nobody.
    test.engine.digit(call.id, Digit::STAR).await;
    test.engine.suspend(call.id, Duration::ZERO).await;
    let last = call.rest().await;
    assert!(last.last().is_some_and(Signal::is_terminal), "{last:?}");
    test.is_empty().await;
}

#[tokio::test]
async fn a_page_that_comes_back_goes_on_with_the_same_telephone() {
    let mut test = Test::start();
    let (mut call, mut dialog, mut phone) =
        test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    let (first, _) = phone.hear().await;
    let mut last = first;
    test.engine.suspend(call.id, Duration::from_secs(10)).await;
    assert_eq!(call.next().await, Some(Signal::Reconnecting));
    call.visitor.vanish();
    // Nobody is there, and the telephone hears soft noise.
    for _ in 0..50 {
        let (header, _) = phone.hear().await;
        assert_eq!((header.ssrc, header.seq), (last.ssrc, last.seq.wrapping_add(1)));
        last = header;
    }
    let page = Visitor::new().await.unwrap();
    let answer = test.engine.resume(call.id, page.offer().to_owned()).await.unwrap();
    let mut page = page.accept(&answer).unwrap();
    assert_eq!(call.next().await, Some(Signal::Connected));
    page.say(numbered(30));
    loop {
        let (header, payload) = phone.hear().await;
        assert_eq!((header.ssrc, header.seq), (last.ssrc, last.seq.wrapping_add(1)));
        last = header;
        if payload == [30; 160] {
            break;
        }
    }
    phone.say(numbered(10)).await;
    page.wait_until(SOON, |heard| heard.packets.len() >= 10).await.unwrap();
    test.engine.hang_up(call.id).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { .. })));
    assert_eq!(call.rest().await, [USER_HANGUP]);
    let page = Visitor::new().await.unwrap();
    let gone = test.engine.resume(call.id, page.offer().to_owned()).await;
    assert_eq!(gone, Err(ResumeError::NoSuchCall));
}

#[tokio::test]
async fn a_page_that_does_not_come_back_hangs_up() {
    let mut test = Test::start();
    let (mut call, mut dialog, _phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    test.engine.suspend(call.id, Duration::from_millis(300)).await;
    assert_eq!(call.next().await, Some(Signal::Reconnecting));
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { cause: ByeCause::NORMAL })));
    assert_eq!(call.rest().await, [USER_HANGUP]);
    test.is_empty().await;
}

#[tokio::test]
async fn calls_that_all_end_at_once_leave_no_port_in_use() {
    const CALLS: usize = 60;
    // Just as many ports as there are calls: each round needs all of the one before.
    let mut test = Test::with(|config| {
        config.max_calls = CALLS;
        let first = free_ports(CALLS as u16).unwrap();
        config.rtp_ports = first..=first + 2 * CALLS as u16 - 1;
        config.threads = std::num::NonZeroUsize::MIN;
    });
    for _ in 0..2 {
        let mut calls = Vec::new();
        for _ in 0..CALLS {
            calls.push(test.call(vec![to_phone(&[Codec::Pcma])]).await);
        }
        let mut dialogs = Vec::new();
        for _ in 0..CALLS {
            let mut dialog = test.dialog().await;
            dialog.invited().await;
            dialogs.push(dialog);
        }
        for call in &calls {
            test.engine.suspend(call.id, Duration::ZERO).await;
        }
        for call in &mut calls {
            assert_eq!(call.next().await, Some(Signal::Connecting));
            assert_eq!(call.rest().await, [USER_HANGUP]);
        }
        for dialog in &mut dialogs {
            assert!(matches!(dialog.next().await, Some(TrunkCommand::Cancel)));
            assert!(dialog.next().await.is_none());
        }
        test.is_empty().await;
    }
}

#[tokio::test]
async fn what_the_call_before_heard_on_a_port_is_not_heard_in_the_next() {
    // One pair of ports, so that both calls have the same.
    let mut test = Test::with(|config| {
        let first = free_ports(1).unwrap();
        config.rtp_ports = first..=first + 1;
        config.threads = std::num::NonZeroUsize::MIN;
    });
    let (mut call, _dialog, mut phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    phone.say(numbered(5)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 5).await.unwrap();
    test.engine.hang_up(call.id).await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
    test.is_empty().await;

    // The telephone has a new call on its own port, too, and has not ended the old stream yet.
    let mut call = test.call(vec![to_phone(&[Codec::Pcma])]).await;
    let mut dialog = test.dialog().await;
    assert_eq!(dialog.invited().await, phone.to);
    dialog.events.send(phone.answers()).await;
    assert_eq!(call.next().await, Some(Signal::Connecting));
    assert_eq!(call.next().await, Some(Signal::Connected));
    let (old, new) = (phone.ssrc, phone.ssrc + 1);
    for payload in numbered(50) {
        phone.ssrc = old;
        phone.say([vec![0x66; 160]]).await;
        phone.ssrc = new;
        phone.say([payload]).await;
        time::sleep(Duration::from_millis(10)).await;
    }
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 50).await.unwrap();
    let packets = call.visitor.heard().packets;
    assert!(packets.iter().all(|packet| packet.payload[..] != [0x66; 160]));
    test.engine.hang_up(call.id).await;
    assert_eq!(call.rest().await, [USER_HANGUP]);
}

#[tokio::test]
async fn a_draining_engine_says_goodbye_to_telephones() {
    let mut test = Test::start();
    let (mut call, mut dialog, _phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
    test.engine.shut_down(Duration::from_millis(200)).await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { cause: ByeCause::SHUTDOWN })));
    assert_eq!(call.rest().await, [Signal::Failed(ErrorCode::ServerShutdown)]);
}
