//! Offers of browsers, and of whoever pretends to be one.

use std::{
    net::Ipv4Addr,
    sync::OnceLock,
    time::{Duration, Instant},
};

use bellpush_test_fuzz::Seeds;
use str0m::change::SdpAnswer;

use super::{Answerer, Identity, Offer, OfferError};
use crate::{Codec, codec::CodecPreferences, media::WallClock};

const CHROMIUM: &str = include_str!("../../../tests/fixtures/chromium-offer.sdp");
const FIREFOX: &str = include_str!("../../../tests/fixtures/firefox-offer.sdp");

fn answerer() -> &'static Answerer {
    static ANSWERER: OnceLock<Answerer> = OnceLock::new();
    ANSWERER.get_or_init(|| {
        let address = (Ipv4Addr::LOCALHOST, 10_000).into();
        let clock = WallClock::new(Instant::now(), Duration::ZERO);
        Answerer::new(&[address], &Identity::new().unwrap(), clock)
    })
}

/// A complaint is one sentence of a bounded length, and an answer is one that a browser can read.
#[test]
fn fuzz_offers_of_browsers() {
    let seeds = [CHROMIUM, FIREFOX].map(|offer| offer.replace('\n', "\r\n"));
    let words = [
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
        "a=candidate:1 1 tcp 1 2001:db8::1 9 typ srflx raddr 0.0.0.0 rport 0 tcptype active\r\n",
        "a=rid:a send\r\na=simulcast:send a\r\n",
        "a=ssrc:1 cname:x\r\na=ssrc-group:FID 1 2\r\n",
        "a=fingerprint:sha-256 ",
        "a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
        "a=rtcp-fb:* nack pli\r\n",
        "a=sctp-port:5000\r\n",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
    ];
    Seeds::new(seeds).words(words).run(1_500, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let complain = |error: OfferError| {
            let sentence = error.to_string();
            assert!(sentence.chars().count() < 400 && !sentence.contains('\n'), "{sentence}");
        };
        let offer = match Offer::parse(&text) {
            Ok(offer) => offer,
            Err(error) => return complain(error),
        };
        let preferences = CodecPreferences { codecs: &[Codec::Pcma], is_narrowband: true };
        let (mut leg, answer) = answerer().answer(Instant::now(), &offer, preferences);
        assert!(SdpAnswer::from_sdp_string(&answer).is_ok(), "{answer}");
        // The same once more, as for a restart that is none.
        if let Ok(offer) = Offer::parse(&text)
            && let Err(error) = leg.restart(&offer)
        {
            complain(error);
        }
    });
}
