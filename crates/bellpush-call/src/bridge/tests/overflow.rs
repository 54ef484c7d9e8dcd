//! What both sides hear when the next route is called, or the visitor's page is away meanwhile.

use std::{cell::Cell, rc::Rc};

use str0m::format;

use super::{
    simulated_call::{FRAME, Hop, SimulatedCall},
    streams::{PCMA, PHONE, Stream, VOICE, offered, sdp},
    *,
};

const MEDIA: &str = "m=audio 4000 RTP/AVP 8";

/// A call that is connected to its browser, with two routes. What the browser sends is lost from when it is cut off.
fn call_with_two_routes() -> (SimulatedCall, Rc<Cell<bool>>) {
    let is_cut_off = Rc::new(Cell::new(false));
    let cut_off = Rc::clone(&is_cut_off);
    let network = move |hop, datagram| match hop {
        Hop::FromBrowser if cut_off.get() => Vec::new(),
        _ => vec![(Duration::from_millis(2), datagram)],
    };
    let routes = [offered(&[Codec::Pcma], false), offered(&[Codec::Pcma], false)].concat();
    let mut call = SimulatedCall::new(routes, format::Codec::PCMA, Box::new(network));
    call.pass(SECOND);
    assert!(call.is_connected());
    (call, is_cut_off)
}

/// The first route's telephone sounds like this, and does not take the call; the second one's does.
fn overflows(call: &mut SimulatedCall, seq: u16) {
    call.trunk_reports(TrunkEvent::EarlyMedia { sdp: sdp(MEDIA) });
    let mut first = Stream::new(PHONE, 1);
    first.seq = seq;
    for _ in 0..10 {
        first.send(call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    call.trunk_reports(TrunkEvent::Failed(FarFailure::Busy));
    call.trunk_reports(answered(sdp(MEDIA)));
}

#[test]
fn who_answers_after_an_overflow_is_heard_in_the_same_stream() {
    for (first_seq, seq) in [(40_000, 100), (40_000, 60_000), (40_000, 39_000), (40_000, 40_005)] {
        let (mut call, _) = call_with_two_routes();
        overflows(&mut call, first_seq);
        let mut second = Stream::new(PHONE, 2);
        second.seq = seq;
        for _ in 0..10 {
            second.send(&mut call, PCMA, 160, &[0x44; 160]);
            call.pass(FRAME);
        }
        let heard = &call.heard_by_browser;
        assert_eq!(heard.len(), 20, "{seq}");
        for pair in heard.windows(2) {
            assert_eq!(pair[1].seq, pair[0].seq + 1, "{seq}");
            let later = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((160..=320).contains(&later), "{later} after {seq}");
        }
    }
}

#[test]
fn the_noise_of_a_second_telephone_that_sends_nothing_follows_that_of_the_first() {
    let (mut call, _) = call_with_two_routes();
    let held = sdp("m=audio 4000 RTP/AVP 8\r\na=inactive");
    call.trunk_reports(TrunkEvent::EarlyMedia { sdp: held.clone() });
    call.pass(SECOND - FRAME / 2);
    call.trunk_reports(TrunkEvent::Failed(FarFailure::Busy));
    call.trunk_reports(answered(held));
    call.pass(SECOND);
    let heard = &call.heard_by_browser;
    assert!((98..=103).contains(&heard.len()), "{}", heard.len());
    assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
}

/// Packets that the telephone hears in a second.
fn heard_in_a_second(call: &mut SimulatedCall) -> usize {
    let before = call.heard_by_phone.len();
    call.pass(SECOND);
    call.heard_by_phone.len() - before
}

#[test]
fn whoever_answers_while_the_page_is_away_hears_noise() {
    let (mut call, _) = call_with_two_routes();
    call.simulation.step(Step::Leave(8));
    overflows(&mut call, 100);
    let heard = heard_in_a_second(&mut call);
    assert!((48..=52).contains(&heard), "{heard}");
}

#[test]
fn a_telephone_hears_noise_while_the_visitor_is_not_heard_and_the_visitor_after_that() {
    let (mut call, is_cut_off) = call_with_two_routes();
    call.trunk_reports(answered(sdp(MEDIA)));
    call.speak(160, &VOICE);
    call.pass(SECOND);
    is_cut_off.set(true);
    // Until then the visitor may just be silent.
    call.pass(6 * SECOND);
    let heard = heard_in_a_second(&mut call);
    assert!((48..=52).contains(&heard), "{heard}");
    let before = call.heard_by_phone.len();
    for seq in (0..50).map(|n| n * 5 + 1) {
        call.simulation.step(Step::Speech(seq));
        call.pass(FRAME);
    }
    call.pass(FRAME);
    let heard = &call.heard_by_phone[before + 1..];
    assert!(heard.iter().all(|packet| packet[12..] == [0xD5; 160]));
    assert!((49..=50).contains(&heard.len()), "{}", heard.len());
}

#[test]
fn a_telephone_hears_noise_until_the_page_that_takes_the_call_up_unasked_is_heard() {
    let (mut call, _) = call_with_two_routes();
    call.trunk_reports(answered(sdp(MEDIA)));
    call.speak(160, &VOICE);
    call.pass(SECOND);
    call.simulation.step(Step::ComeBack);
    let heard = heard_in_a_second(&mut call);
    assert!((48..=52).contains(&heard), "{heard}");
}
