//! What comes in the streams of a browser whose keys are known.

use bellpush_srtp::{RtpHeader, SRTP_KEY_LEN, SrtpKey, SrtpKeys, SrtpSender, SrtpSuite};

use super::*;

const OFFER: &str = include_str!("../../../../tests/fixtures/chromium-offer.sdp");
/// As the offer numbers keypad presses of 48 kHz.
const KEYPAD: u8 = 110;

/// A leg that is connected, and what its browser protects media with.
fn connected(now: Instant) -> (WebRtcLeg, SrtpSender) {
    let clock = WallClock::new(now, Duration::ZERO);
    let answerer = Answerer::new(&[server()], &Identity::new().unwrap(), clock);
    let offer = Offer::parse(OFFER).unwrap();
    let (mut leg, _) = answerer.answer(now, &offer, CodecPreferences::default());
    let key = SrtpKey::from_random(SrtpSuite::AeadAes128Gcm, &[7; SRTP_KEY_LEN]);
    let keys = SrtpKeys { ours: key.clone(), theirs: key.clone() };
    leg.media = Some(Media::new(now, &keys, (1, "bell"), clock).unwrap());
    (leg, SrtpSender::new(&key).unwrap())
}

/// A packet of this stream.
fn packet(browser: &mut SrtpSender, header: RtpHeader, payload: &[u8]) -> Vec<u8> {
    let mut packet = [&header.to_bytes()[..], payload].concat();
    browser.protect(header.seq.into(), &mut packet).unwrap();
    packet
}

#[test]
fn a_key_of_another_stream_is_heard_wherever_its_time_begins() {
    let now = Instant::now();
    let (mut leg, mut browser) = connected(now);
    let mut heard = Vec::new();
    for (second, ssrc, timestamp) in [(0, 7, 1_000_000), (2, 8, 500), (4, 9, 500)] {
        let seq = ssrc as u16;
        let header = RtpHeader { payload_type: KEYPAD, marker: true, seq, timestamp, ssrc };
        let mut packet = packet(&mut browser, header, &[5, 0x0A, 0, 160]);
        let now = now + Duration::from_secs(second);
        match leg.receive_media(now, by_udp(home()), &mut packet).unwrap() {
            Some(LegMedia::Key { digits, .. }) => heard.extend(digits),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard.len(), 3, "{heard:?}");
}

#[test]
fn all_keys_of_a_packet_are_heard() {
    let now = Instant::now();
    let (mut leg, mut browser) = connected(now);
    let header = RtpHeader { payload_type: KEYPAD, marker: true, seq: 7, timestamp: 0, ssrc: 7 };
    // RFC 4733 section 2.5.1.5.
    let keys = [1, 0x8A, 3, 32, 2, 0x8A, 3, 32];
    let mut packet = packet(&mut browser, header, &keys);
    let received = leg.receive_media(now, by_udp(home()), &mut packet).unwrap();
    let Some(LegMedia::Key { digits, .. }) = received else { panic!("{received:?}") };
    assert_eq!(digits.iter().map(ToString::to_string).collect::<String>(), "12");
}

#[test]
fn whatever_the_browser_has_made_tells_that_it_is_there() {
    let now = Instant::now();
    let (mut leg, mut browser) = connected(now);
    // A kind that was not agreed on, and another stream that comes too soon after it.
    for (ssrc, payload_type) in [(7, 77), (8, KEYPAD)] {
        let seq = ssrc as u16;
        let header = RtpHeader { payload_type, marker: false, seq, timestamp: 0, ssrc };
        let mut packet = packet(&mut browser, header, &[0; 4]);
        let received = leg.receive_media(now, by_udp(home()), &mut packet);
        assert!(matches!(received, Ok(Some(LegMedia::Other))), "{received:?}");
    }
}
