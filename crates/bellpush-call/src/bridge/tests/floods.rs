//! A far side that sends more, or changes more often, than a call takes: what is heard goes on.

use str0m::format;

use super::{
    simulated_call::FRAME,
    streams::{Stream, call, offered, sdp},
    *,
};

const PCMA: u8 = 8;
const OPUS: u8 = 111;
const PHONE: &str = "127.0.0.1:4000";
const OTHER: &str = "127.0.0.1:5000";
const VOICE: [u8; 160] = [0x33; 160];

#[test]
fn what_else_comes_from_a_telephones_host_takes_nothing_from_its_stream() {
    for is_first in [false, true] {
        let routes = offered(&[Codec::Pcma], false);
        let mut call = call(routes, format::Codec::PCMA, "m=audio 4000 RTP/AVP 8");
        let mut phone = Stream::new(PHONE, 1);
        let mut other = Stream::new(OTHER, 2);
        if is_first {
            phone.send(&mut call, PCMA, 160, &VOICE);
        }
        for n in 0..5_000 {
            // 1,000 packets a second, and as many reports.
            other.send(&mut call, PCMA, 160, &[0x66; 160]);
            let report = [&[0x81, 201, 0, 7][..], &[0; 28]].concat();
            call.arrives_from(PHONE.parse().unwrap(), &report);
            // After them, so that no token is left that they could take.
            if n % 20 == 10 {
                phone.send(&mut call, PCMA, 160, &VOICE);
            }
            call.pass(Duration::from_millis(1));
        }
        call.pass(FRAME);
        let heard = call.heard_by_browser.iter().filter(|packet| packet.payload == VOICE).count();
        assert_eq!(heard, 250 + usize::from(is_first));
        assert_eq!(call.heard_by_browser.len(), heard, "nothing else is heard");
    }
}

#[test]
fn a_telephone_that_changes_its_codec_with_each_packet_has_it_changed_once_a_second() {
    let routes = offered(&[Codec::Opus, Codec::Pcma], true);
    let media = "m=audio 4000 RTP/AVP 111 8\r\na=rtpmap:111 opus/48000/2";
    let mut call = call(routes, format::Codec::Opus, media);
    let mut phone = Stream::new(PHONE, 1);
    let passed = [0x7C, 1, 2];
    for n in 0..300 {
        let (payload_type, units, payload) =
            if n % 2 == 0 { (PCMA, 160, &VOICE[..]) } else { (OPUS, 960, &passed[..]) };
        phone.send(&mut call, payload_type, units, payload);
        call.pass(FRAME / 2);
    }
    // It is transcoded from the first on, and what would need another way meanwhile is left out.
    let heard = &call.heard_by_browser;
    let begin = heard[0].at;
    let first = heard.iter().take_while(|packet| packet.at - begin < SECOND - 5 * FRAME);
    assert!(first.clone().count() >= 40);
    assert!(first.clone().all(|packet| packet.payload != passed));
    let changes =
        heard.windows(2).filter(|two| (two[0].payload == passed) != (two[1].payload == passed));
    assert!(changes.count() <= 3);
    // Who only changes once is heard within a second.
    call.pass(SECOND);
    for payload_type in [OPUS, PCMA] {
        let before = call.heard_by_browser.len();
        for _ in 0..75 {
            match payload_type {
                OPUS => phone.send(&mut call, OPUS, 960, &passed),
                _ => phone.send(&mut call, PCMA, 160, &VOICE),
            }
            call.pass(FRAME);
        }
        let heard = call.heard_by_browser.len() - before;
        assert!(heard >= 25, "{heard} packets of {payload_type}");
    }
}

#[test]
fn what_signalling_changes_is_heard_at_once() {
    let routes = offered(&[Codec::Opus, Codec::Pcma], true);
    let media = "m=audio 4000 RTP/AVP 111 8\r\na=rtpmap:111 opus/48000/2";
    let mut call = call(routes, format::Codec::Opus, media);
    let (mut opus, mut pcma) = (Stream::new(PHONE, 1), Stream::new(OTHER, 2));
    for _ in 0..5 {
        opus.send(&mut call, OPUS, 960, &[0x7C, 1, 2]);
        call.pass(FRAME);
    }
    let offer = sdp("m=audio 5000 RTP/AVP 8");
    call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: Some(offer) });
    let before = call.heard_by_browser.len();
    for _ in 0..20 {
        pcma.send(&mut call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    assert!(call.heard_by_browser.len() - before >= 15);
}

#[test]
fn what_a_call_did_not_hear_is_told_to_the_next_on_its_port() {
    let routes = offered(&[Codec::Pcma], false);
    let mut call = call(routes, format::Codec::PCMA, "m=audio 4000 RTP/AVP 8");
    let mut phone = Stream::new(PHONE, 1);
    let mut others: Vec<Stream> = (2..40).map(|ssrc| Stream::new(OTHER, ssrc)).collect();
    let mut stranger = Stream::new("203.0.113.7:4000", 99);
    for _ in 0..50 {
        phone.send(&mut call, PCMA, 160, &VOICE);
        stranger.send(&mut call, PCMA, 160, &VOICE);
        for other in &mut others {
            other.send(&mut call, PCMA, 160, &[0x66; 160]);
        }
        call.pass(FRAME);
    }
    // The first few: however many there are, they don't drive out what was heard.
    let sources: Vec<u32> = call.simulation.edge.sources.iter().map(|source| source.ssrc).collect();
    assert_eq!(sources, [1, 2, 3, 4, 5]);
}
