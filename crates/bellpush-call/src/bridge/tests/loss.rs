//! Networks that lose a tenth of all packets and bring others out of order.

use bellpush_srtp::{RTP_HEADER_LEN, RtpHeader, RtpPacket, is_rtcp};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use str0m::format;

use super::{
    simulated_call::{FRAME, Heard, Hop, SimulatedCall},
    *,
};
use crate::media::{G711Law, OpusDecoder, opus};

/// Of 100 packets, so many are lost.
const LOST: u32 = 10;
/// Packets of 20 ms in 20 s.
const FRAMES: u32 = 1_000;
const PAYLOAD: usize = 160;

const PCMA: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 8\r\n";

/// A phone that browsers hear in this codec.
fn phone_heard_in(codec: Codec) -> Vec<Route> {
    let mut route = phone();
    if let FarSide::Sip(target) = &mut route.far_side {
        target.codecs =
            CodecPolicy { offer: vec![Codec::Pcma], opus_to_browser: codec == Codec::Opus };
    }
    vec![route]
}

/// Loses a tenth, the same in every run, and delays the others by up to 50 ms each: of two that
/// follow each other, the second often comes first. What sets the call up has its own tests.
fn bad_network() -> impl FnMut(Hop, Vec<u8>) -> Vec<(Duration, Vec<u8>)> {
    let mut random = StdRng::seed_from_u64(1);
    move |_, datagram| {
        // Reports come at random times: they would shift what happens to the packets after them.
        let is_media =
            datagram.first().is_some_and(|first| (128..192).contains(first)) && !is_rtcp(&datagram);
        if is_media && random.random_ratio(LOST, 100) {
            return Vec::new();
        }
        let delay =
            Duration::from_millis(10 + if is_media { random.random_range(0..50) } else { 0 });
        vec![(delay, datagram)]
    }
}

/// A tone of this frequency as A-law, 20 ms at a time.
fn tone(frequency: f64, frame: u32) -> Vec<u8> {
    (0..PAYLOAD as u32)
        .map(|n| {
            let angle = f64::from(frame * PAYLOAD as u32 + n) / 8_000.0 * std::f64::consts::TAU;
            G711Law::A.encode(((angle * frequency).sin() * 8_000.0) as i16)
        })
        .collect()
}

/// How much of a sound is this tone, from 0 to 1: on average over its tenths of a second, as a loss
/// may shift the wave.
fn purity(samples: &[i16], frequency: f64) -> f64 {
    let pieces = samples.chunks_exact(800);
    let count = pieces.len() as f64;
    pieces.map(|piece| opus::tests::purity(piece, frequency)).sum::<f64>() / count
}

/// A call with a tone from each side, until the visitor hangs up.
fn call_over_bad_networks(codec: Codec, spoken: format::Codec) -> SimulatedCall {
    let mut call = SimulatedCall::new(phone_heard_in(codec), spoken, Box::new(bad_network()));
    call.pass(2 * SECOND);
    assert!(call.is_connected());
    call.trunk_reports(answered(PCMA.to_owned()));
    let mut voice = crate::media::OpusEncoder::new().unwrap();
    for frame in 0..FRAMES {
        let said = tone(700.0, frame);
        if spoken == format::Codec::Opus {
            let samples: Vec<i16> = said.iter().map(|octet| G711Law::A.decode(*octet)).collect();
            let mut packet = [0; 400];
            let length = voice.encode(&samples, &mut packet).unwrap();
            call.speak(960, &packet[..length]);
        } else {
            call.speak(160, &said);
        }
        let header = RtpHeader {
            payload_type: 8,
            marker: frame == 0,
            seq: 65_000_u16.wrapping_add(frame as u16),
            timestamp: frame * 160,
            ssrc: 7,
        };
        call.phone_sends([&header.to_bytes()[..], &tone(1_300.0, frame)].concat());
        call.pass(FRAME);
    }
    call.pass(SECOND / 5);
    assert!(!call.simulation.bridge.is_over(), "{:?}", call.simulation.seen);
    call.simulation.end();
    call
}

/// Of both directions: what the call's record says.
fn quality(call: &SimulatedCall) -> &CallQuality {
    let quality = call.simulation.seen.iter().find_map(|signal| match signal {
        Signal::Quality(quality) => Some(quality),
        _ => None,
    });
    quality.expect("no quality was told")
}

/// About a tenth is lost, and the score is that of such a call: without loss it is above 4.3.
#[track_caller]
fn tells_of_a_tenth(stream: &StreamQuality) {
    let all = stream.packets + stream.lost;
    assert!(all.abs_diff(FRAMES.into()) < 10, "{stream:?}");
    let percent = 100 * stream.lost / all;
    assert!((7..=13).contains(&percent), "{stream:?}");
    assert!((2.4..3.7).contains(&stream.mos), "{stream:?}");
    assert!(stream.jitter > Duration::from_millis(5), "{stream:?}");
}

#[test]
fn a_call_that_is_relayed_survives_loss_and_tells_of_it() {
    let call = call_over_bad_networks(Codec::Pcma, format::Codec::PCMA);
    let quality = quality(&call);
    tells_of_a_tenth(quality.visitor.as_ref().unwrap());
    tells_of_a_tenth(quality.far_side.as_ref().unwrap());
    // What came through is what was said, and nothing is made up: it was lost twice over.
    let said: Vec<Vec<u8>> = (0..FRAMES).map(|frame| tone(1_300.0, frame)).collect();
    let heard = &call.heard_by_browser;
    assert!((750..870).contains(&heard.len()), "{}", heard.len());
    assert!(heard.iter().all(|packet| said.contains(&packet.payload)));
    let out_of_order = heard.windows(2).filter(|pair| pair[1].seq < pair[0].seq).count();
    assert!(out_of_order > 50, "the network keeps the order: {out_of_order}");
    let (first, last) =
        (heard.iter().map(|packet| packet.seq).min(), heard.iter().map(|packet| packet.seq).max());
    assert!(last.unwrap() - first.unwrap() < u64::from(FRAMES));
    assert!((750..870).contains(&call.heard_by_phone.len()), "{}", call.heard_by_phone.len());
}

#[test]
fn what_comes_too_late_to_be_heard_counts_also_after_a_pause() {
    let (mut said, mut sent) = (0_u32, 0_u32);
    let network = move |hop, datagram: Vec<u8>| {
        let is_media =
            datagram.first().is_some_and(|first| (128..192).contains(first)) && !is_rtcp(&datagram);
        let count = match hop {
            Hop::FromBrowser if is_media => &mut said,
            Hop::FromPhone => &mut sent,
            _ => return vec![(Duration::from_millis(10), datagram)],
        };
        *count += 1;
        let is_late = *count % 10 == 7;
        vec![(Duration::from_millis(if is_late { 310 } else { 10 }), datagram)]
    };
    let (routes, spoken) = (phone_heard_in(Codec::Opus), format::Codec::Opus);
    let mut call = SimulatedCall::new(routes, spoken, Box::new(network));
    call.pass(2 * SECOND);
    call.trunk_reports(answered(PCMA.to_owned()));
    for frame in 0..200_u32 {
        call.speak(960, &[0x08, 1, 2]);
        let seq = 65_000_u16.wrapping_add(frame as u16);
        let timestamp = frame * 160;
        let header = RtpHeader { payload_type: 8, marker: false, seq, timestamp, ssrc: 7 };
        call.phone_sends([&header.to_bytes()[..], &tone(1_300.0, frame)].concat());
        call.pass(FRAME);
    }
    call.pass(2 * SECOND);
    call.simulation.end();
    let CallQuality { visitor, far_side } = quality(&call);
    for stream in [visitor, far_side] {
        let stream = stream.as_ref().unwrap();
        assert_eq!((stream.packets, stream.lost), (200, 0));
        assert!((2.4..3.9).contains(&stream.mos), "{stream:?}");
    }
}

#[test]
fn a_call_that_is_transcoded_survives_loss_and_the_tones_are_still_heard() {
    let call = call_over_bad_networks(Codec::Opus, format::Codec::Opus);
    let quality = quality(&call);
    tells_of_a_tenth(quality.visitor.as_ref().unwrap());
    tells_of_a_tenth(quality.far_side.as_ref().unwrap());

    // The browser has told of that, for which it is sent what was lost once more.
    let told = call.simulation.bridge.browser.as_ref().map_or(0, WebRtcLeg::loss_percent);
    assert!(told >= 3, "{told} %");

    // The browser's network loses a tenth again, which a browser conceals. Each concealment shifts
    // the wave a little, so that the tone is no pure one any more.
    let mut heard = call.heard_by_browser.clone();
    heard.sort();
    let mut decoder = OpusDecoder::new().unwrap();
    let mut sound = Vec::new();
    for (n, Heard { seq, payload, .. }) in heard.iter().enumerate() {
        let lost = n.checked_sub(1).map_or(0, |before| seq - heard[before].seq - 1);
        decoder.conceal(160 * lost as usize, Some(payload), &mut sound).unwrap();
        decoder.decode(payload, &mut sound).unwrap();
    }
    let second = 8_000;
    assert!(sound.len() > 18 * second, "{} samples", sound.len());
    assert!(purity(&sound[second..], 1_300.0) > 0.4, "{}", purity(&sound[second..], 1_300.0));
    assert!(purity(&sound[second..], 700.0) < 0.1);

    let mut packets: Vec<RtpPacket> =
        call.heard_by_phone.iter().filter_map(|packet| RtpPacket::parse(packet)).collect();
    packets.retain(|packet| packet.header.payload_type == 8);
    let first = packets[0].header.timestamp;
    packets.sort_by_key(|packet| packet.header.timestamp.wrapping_sub(first) as i32);
    let sound: Vec<i16> = packets
        .iter()
        .flat_map(|packet| packet.payload.iter().map(|octet| G711Law::A.decode(*octet)))
        .collect();
    assert!(sound.len() > 16 * second, "{} samples", sound.len());
    assert!(purity(&sound[second..], 700.0) > 0.4, "{}", purity(&sound[second..], 700.0));
    assert!(call.heard_by_phone.iter().all(|packet| packet.len() >= RTP_HEADER_LEN));
}
