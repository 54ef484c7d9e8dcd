//! Silences that either side announces (comfort noise, RFC 3389), and what the other one hears meanwhile.

use bellpush_srtp::RtpPacket;
use str0m::format;

use super::{
    encryption::open,
    simulated_call::{FRAME, Heard, SimulatedCall},
    streams::{CN, PCMA, PHONE, Stream, VOICE, call, offered, sdp, with_comfort_noise},
    *,
};
use crate::{legs::webrtc::ComfortNoisePacket, media::RtpTimes};

/// A call that comes from another server, and whose telephone is yet to take the session.
fn taken_over() -> SimulatedCall {
    let mut routes = offered(&[Codec::Pcma], false);
    if let FarSide::Sip(target) = &mut routes[0].far_side {
        target.open = Some(open());
    }
    let network = |_, datagram| vec![(Duration::from_millis(2), datagram)];
    let mut call = SimulatedCall::new(routes, format::Codec::PCMA, Box::new(network));
    call.pass(SECOND);
    assert!(call.is_connected());
    call
}

#[test]
fn a_telephone_that_takes_the_session_hears_a_visitor_who_speaks_without_noise_before() {
    let mut call = taken_over();
    for n in 0..20 {
        if n == 10 {
            let sdp = sdp("m=audio 4000 RTP/AVP 8");
            call.trunk_reports(TrunkEvent::OfferAnswered { sdp });
        }
        call.speak(160, &VOICE);
        call.pass(FRAME);
    }
    let heard: Vec<&[u8]> = call.heard_by_phone.iter().map(|packet| &packet[12..]).collect();
    assert!((10..=11).contains(&heard.len()), "{}", heard.len());
    assert!(heard.iter().all(|payload| *payload == VOICE));
    call.simulation.end();
}

#[test]
fn noise_for_a_telephone_begins_when_it_can_be_heard() {
    let mut call = taken_over();
    call.trunk_reports(TrunkEvent::OfferAnswered { sdp: sdp("m=audio 4000 RTP/AVP 8") });
    call.pass(FRAME * 10);
    // One at once, and then one after the other.
    assert!((10..=11).contains(&call.heard_by_phone.len()), "{}", call.heard_by_phone.len());
    call.simulation.end();
}

/// Says something, falls silent for so many frames, and speaks again.
fn with_silence(call: &mut SimulatedCall, phone: &mut Stream, frames: u32) {
    for _ in 0..25 {
        phone.send(call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    phone.send(call, CN, frames * 160, &[50]);
    call.pass(FRAME * frames);
}

/// Has the visitor's browser announce a silence.
fn announce_to_phone(call: &mut SimulatedCall) {
    let Simulation { now, bridge, edge, .. } = &mut call.simulation;
    let FarLeg::Sip(sip) = &mut bridge.far_side else { panic!("no telephone") };
    let times = RtpTimes { seq: 2_000, timestamp: 160, marker: false };
    let silence = ComfortNoisePacket { ssrc: 9, times, payload: &[50] };
    sip.send_comfort_noise(*now, Codec::Pcma, &silence, edge);
    bridge.tick(*now, edge);
}

#[test]
fn a_silence_that_is_announced_is_noise_for_a_browser_without_comfort_noise() {
    // Gateways announce silences whatever they have answered.
    for media in ["m=audio 4000 RTP/AVP 8 13", "m=audio 4000 RTP/AVP 8 101"] {
        assert_is_noise_in_its_place(call(
            offered(&[Codec::Pcma], false),
            format::Codec::PCMA,
            media,
        ));
    }
}

fn assert_is_noise_in_its_place(mut call: SimulatedCall) {
    let mut phone = Stream::new(PHONE, 1);
    for frames in [7, 50, 150, 1, 20] {
        with_silence(&mut call, &mut phone, frames);
    }
    call.pass(FRAME);
    let heard = &call.heard_by_browser;
    // No packet is missing or one too many, and each stands where its sound is in time: the
    // browser's buffer stays as it is.
    let frames = 5 * 25 + 7 + 50 + 150 + 1 + 20;
    assert!((frames..=frames + 1).contains(&heard.len()), "{}", heard.len());
    for pair in heard.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 160);
    }
    let early = |packet: &Heard| {
        let units = packet.timestamp.wrapping_sub(heard[0].timestamp);
        let sent = Duration::from_micros(u64::from(units) * 125);
        (packet.at - heard[0].at).as_millis() as i64 - sent.as_millis() as i64
    };
    let (least, most) = (heard.iter().map(early).min(), heard.iter().map(early).max());
    assert!(least >= Some(-1) && most <= Some(11), "{least:?} to {most:?} ms");
}

#[test]
fn a_silence_is_noise_for_as_long_as_it_lasts_where_the_browser_hears_opus() {
    for media in ["m=audio 4000 RTP/AVP 8 13", "m=audio 4000 RTP/AVP 8"] {
        let routes = offered(&[Codec::Pcma], true);
        let mut call = call(routes, format::Codec::Opus, media);
        let mut phone = Stream::new(PHONE, 1);
        with_silence(&mut call, &mut phone, 150);
        with_silence(&mut call, &mut phone, 10);
        let heard = &call.heard_by_browser;
        assert!((205..=212).contains(&heard.len()), "{}", heard.len());
        for pair in heard.windows(2) {
            assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
        }
    }
}

#[test]
fn a_silence_before_anything_is_said_is_noise_where_the_browser_hears_opus() {
    let routes = offered(&[Codec::Pcma], true);
    let mut call = call(routes, format::Codec::Opus, "m=audio 4000 RTP/AVP 8");
    let mut phone = Stream::new(PHONE, 1);
    phone.send(&mut call, CN, 100 * 160, &[50]);
    call.pass(100 * FRAME);
    let heard = call.heard_by_browser.len();
    assert!((97..=101).contains(&heard), "{heard}");
}

#[test]
fn on_hold_a_silence_that_is_announced_again_and_again_is_one_stream_of_noise() {
    let network = |_, datagram| vec![(Duration::from_millis(2), datagram)];
    let (routes, codec) = (offered(&[Codec::Pcma], false), format::Codec::PCMA);
    let mut call = SimulatedCall::with(routes, codec, Box::new(network), with_comfort_noise);
    call.pass(SECOND);
    let hold = sdp("m=audio 4000 RTP/AVP 8 13\r\na=sendonly");
    call.trunk_reports(answered(hold));
    let mut phone = Stream::new(PHONE, 1);
    for _ in 0..200 {
        phone.send(&mut call, CN, 800, &[50]);
        call.pass(5 * FRAME);
    }
    let heard = &call.heard_by_browser;
    assert!((995..=1_003).contains(&heard.len()), "{}", heard.len());
    for pair in heard.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 160);
    }
}

#[test]
fn a_visitor_who_is_silent_before_a_word_is_heard_to_be() {
    for (codec, media, expected) in [
        (Codec::Pcma, "m=audio 4000 RTP/AVP 8", 50),
        (Codec::Pcmu, "m=audio 4000 RTP/AVP 0", 50),
        (Codec::Pcmu, "m=audio 4000 RTP/AVP 0 13", 1),
        (Codec::Opus, "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2", 50),
    ] {
        let mut call = call(offered(&[codec], false), format::Codec::PCMA, media);
        announce_to_phone(&mut call);
        call.pass(SECOND);
        let heard = call.heard_by_phone.len();
        let expected = expected - expected / 20..=expected + 1;
        assert!(expected.contains(&heard), "{media}: {heard}");
    }
}

#[test]
fn a_telephone_that_announces_its_silence_again_and_again_is_there() {
    for media in ["m=audio 4000 RTP/AVP 8 13", "m=audio 4000 RTP/AVP 8"] {
        let mut call = call(offered(&[Codec::Pcma], false), format::Codec::PCMA, media);
        let mut phone = Stream::new(PHONE, 1);
        // For much longer than a telephone may send nothing.
        for _ in 0..20 {
            phone.send(&mut call, CN, 5 * 8_000, &[50]);
            call.pass(5 * SECOND);
        }
        assert!(!call.simulation.bridge.is_over(), "{media}: {:?}", call.simulation.seen);
        call.simulation.end();
    }
}

#[test]
fn beside_opus_alone_there_is_no_comfort_noise() {
    let media = "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2";
    let mut call = call(offered(&[Codec::Opus], false), format::Codec::Opus, media);
    let mut phone = Stream::new(PHONE, 1);
    for _ in 0..50 {
        phone.send(&mut call, CN, 160, &[50]);
        call.pass(FRAME);
    }
    assert!(call.heard_by_browser.is_empty());
}

#[test]
fn a_visitors_silence_is_noise_in_packets_as_the_telephone_wants_them() {
    for (media, millis) in [
        ("m=audio 4000 RTP/AVP 8", 20),
        ("m=audio 4000 RTP/AVP 8\r\na=ptime:30", 30),
        ("m=audio 4000 RTP/AVP 8\r\na=maxptime:10", 10),
        ("m=audio 4000 RTP/AVP 8\r\na=ptime:60", 60),
    ] {
        let mut call = call(offered(&[Codec::Pcma], false), format::Codec::PCMA, media);
        call.speak(160, &VOICE);
        call.pass(FRAME);
        announce_to_phone(&mut call);
        call.pass(3 * SECOND);
        let packets: Vec<RtpPacket> =
            call.heard_by_phone.iter().filter_map(|packet| RtpPacket::parse(packet)).collect();
        // The first is what the visitor said.
        let noise = &packets[1..];
        let expected = 2_900 / millis..=3_100 / millis;
        assert!(expected.contains(&noise.len()), "{media}: {}", noise.len());
        assert!(noise.iter().all(|packet| packet.payload.len() == millis * 8), "{media}");
        assert!(noise.iter().all(|packet| packet.header.payload_type == PCMA));
        for pair in noise.windows(2) {
            let units = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp);
            assert_eq!(units as usize, millis * 8, "{media}");
        }
    }
}

#[test]
fn a_visitors_silence_is_announced_to_a_telephone_that_takes_that() {
    let mut call =
        call(offered(&[Codec::Pcma], false), format::Codec::PCMA, "m=audio 4000 RTP/AVP 8 13");
    call.speak(160, &VOICE);
    call.pass(FRAME);
    announce_to_phone(&mut call);
    call.pass(SECOND);
    let last = call.heard_by_phone.last().and_then(|packet| RtpPacket::parse(packet)).unwrap();
    assert_eq!((call.heard_by_phone.len(), last.header.payload_type), (2, CN));
    assert_eq!(last.payload, [50]);
}
