//! What a telephone sends, and what becomes of it: other formats, silences, other packet times, and
//! streams of others to the same port.

use bellpush_srtp::{RtpHeader, RtpPacket};
use str0m::format;

use super::{
    simulated_call::{FRAME, SimulatedCall},
    *,
};

const PCMU: u8 = 0;
pub(super) const PCMA: u8 = 8;
pub(super) const CN: u8 = 13;
pub(super) const PHONE: &str = "127.0.0.1:4000";
pub(super) const VOICE: [u8; 160] = [0x33; 160];

pub(super) fn sdp(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}\r\n")
}

/// A telephone that is offered these codecs.
pub(super) fn offered(codecs: &[Codec], opus_to_browser: bool) -> Vec<Route> {
    let mut route = phone();
    if let FarSide::Sip(target) = &mut route.far_side {
        target.codecs = CodecPolicy { offer: codecs.to_vec(), opus_to_browser };
    }
    vec![route]
}

/// A call that is connected, and answered with this.
pub(super) fn call(routes: Vec<Route>, spoken: format::Codec, media: &str) -> SimulatedCall {
    let network = |_, datagram| vec![(Duration::from_millis(2), datagram)];
    let mut call = SimulatedCall::new(routes, spoken, Box::new(network));
    call.pass(SECOND);
    assert!(call.is_connected());
    call.trunk_reports(answered(sdp(media)));
    call
}

/// One stream of a sender.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    from: &'static str,
    ssrc: u32,
    pub(super) seq: u16,
    timestamp: u32,
}

impl Stream {
    pub(super) fn new(from: &'static str, ssrc: u32) -> Self {
        Self { from, ssrc, seq: 65_500, timestamp: u32::MAX - 4_000 }
    }

    /// Sends a packet of so many timestamp units.
    pub(super) fn send(
        &mut self,
        call: &mut SimulatedCall,
        payload_type: u8,
        units: u32,
        payload: &[u8],
    ) {
        let Self { ssrc, seq, timestamp, .. } = *self;
        let header = RtpHeader { payload_type, marker: false, seq, timestamp, ssrc };
        let packet = [&header.to_bytes()[..], payload].concat();
        call.arrives_from(self.from.parse().unwrap(), &packet);
        self.seq = seq.wrapping_add(1);
        self.timestamp = timestamp.wrapping_add(units);
    }
}

#[test]
fn a_telephone_whose_numbers_begin_anew_is_heard_on() {
    for (spoken, opus_to_browser, units) in
        [(format::Codec::PCMA, false, 160), (format::Codec::Opus, true, 960)]
    {
        let routes = offered(&[Codec::Pcma], opus_to_browser);
        let mut call = call(routes, spoken, "m=audio 4000 RTP/AVP 8");
        let mut phone = Stream::new(PHONE, 1);
        for seq in [65_500, 40_000, 39_000] {
            phone.seq = seq;
            for _ in 0..100 {
                phone.send(&mut call, PCMA, 160, &VOICE);
                call.pass(FRAME);
            }
        }
        let heard = &call.heard_by_browser;
        assert!((293..=303).contains(&heard.len()), "{}", heard.len());
        for pair in heard.windows(2) {
            assert_eq!(pair[1].seq, pair[0].seq + 1);
            let later = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((units..=3 * units).contains(&later), "{later}");
        }
    }
}

#[test]
fn a_single_packet_that_is_far_behind_begins_nothing() {
    let mut call =
        call(offered(&[Codec::Pcma], false), format::Codec::PCMA, "m=audio 4000 RTP/AVP 8");
    let mut phone = Stream::new(PHONE, 1);
    for n in 0..100 {
        if n % 3 == 2 {
            let mut stray = phone;
            stray.seq = phone.seq.wrapping_sub(30_000);
            stray.send(&mut call, PCMA, 160, &[0x66; 160]);
        }
        phone.send(&mut call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    let heard = &call.heard_by_browser;
    assert_eq!(heard.iter().filter(|packet| packet.payload == VOICE).count(), 100);
    assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
}

/// Which payload types the browser heard, in their order.
fn heard_types(call: &SimulatedCall) -> Vec<u8> {
    let mut types: Vec<u8> = call.heard_by_browser.iter().map(|heard| heard.payload_type).collect();
    types.dedup();
    types
}

/// How the telephone was received, of a call that is over.
fn far_quality(call: &SimulatedCall) -> StreamQuality {
    let quality = call.simulation.seen.iter().find_map(|signal| match signal {
        Signal::Quality(quality) => quality.far_side.clone(),
        _ => None,
    });
    quality.unwrap()
}

#[test]
fn every_format_of_the_answer_is_heard_whenever_it_comes() {
    let routes = offered(&[Codec::Pcma, Codec::Pcmu, Codec::Opus], false);
    let media = "m=audio 4000 RTP/AVP 0 8 96 101\r\na=rtpmap:96 opus/48000/2\r\n\
                 a=rtpmap:101 telephone-event/8000";
    let mut call = call(routes, format::Codec::PCMU, media);
    let mut phone = Stream::new(PHONE, 7);
    // Not the first of the answer, in packets of 30 ms; then the first; then Opus as we numbered it.
    for (payload_type, units, length, millis) in
        [(PCMA, 240, 240, 30), (PCMU, 160, 160, 20), (111, 960, 3, 20), (PCMA, 160, 160, 20)]
    {
        for _ in 0..50 {
            phone.send(&mut call, payload_type, units, &vec![0x7C; length]);
            call.pass(Duration::from_millis(millis));
        }
        // Of the agreed formats it is not.
        phone.send(&mut call, 18, 160, &[0; 20]);
        phone.seq -= 1;
    }
    call.pass(SECOND);
    assert_eq!(call.heard_by_browser.len(), 200);
    let opus = call.heard_by_browser[120].payload_type;
    assert_eq!(heard_types(&call), [PCMA, PCMU, opus, PCMA]);
    assert!(call.heard_by_browser.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    // Nothing of it was lost, and the call goes on.
    call.simulation.end();
    let quality = far_quality(&call);
    assert_eq!((quality.packets, quality.lost, quality.codec), (200, 0, Codec::Pcma));
    assert!(quality.jitter < Duration::from_millis(5), "{quality:?}");
}

#[test]
fn every_format_of_the_answer_is_transcoded_whenever_it_comes() {
    let routes = offered(&[Codec::Pcma, Codec::Pcmu], true);
    let mut call = call(routes, format::Codec::Opus, "m=audio 4000 RTP/AVP 0 8");
    let mut phone = Stream::new(PHONE, 7);
    for n in 0..200 {
        let payload_type = if n % 50 < 25 { PCMA } else { PCMU };
        phone.send(&mut call, payload_type, 160, &VOICE);
        call.pass(FRAME);
    }
    let heard = &call.heard_by_browser;
    assert!((195..=200).contains(&heard.len()), "{}", heard.len());
    for pair in heard.windows(2) {
        assert_eq!(
            (pair[1].seq, pair[1].timestamp),
            (pair[0].seq + 1, pair[0].timestamp.wrapping_add(960))
        );
    }
}

#[test]
fn what_is_under_way_when_the_codec_changes_is_heard() {
    for (spoken, opus_to_browser) in [(format::Codec::PCMA, false), (format::Codec::Opus, true)] {
        let routes = offered(&[Codec::Pcma, Codec::Pcmu], opus_to_browser);
        let mut call = call(routes, spoken, "m=audio 4000 RTP/AVP 8");
        let mut phone = Stream::new(PHONE, 7);
        let mut say = |call: &mut SimulatedCall, payload_type, count| {
            for _ in 0..count {
                phone.send(call, payload_type, 160, &VOICE);
                call.pass(FRAME);
            }
        };
        say(&mut call, PCMA, 10);
        let offer = Some(sdp("m=audio 4000 RTP/AVP 0"));
        call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: offer });
        // It has not got the answer yet, then it has.
        say(&mut call, PCMA, 15);
        say(&mut call, PCMU, 25);
        call.pass(FRAME * 10);
        let heard = &call.heard_by_browser;
        assert!((48..=60).contains(&heard.len()), "{}", heard.len());
        assert!(heard.windows(2).all(|pair| pair[1].at - pair[0].at <= FRAME * 2));
        // From then on, the former one is none that was agreed on.
        say(&mut call, PCMA, 5);
        if !opus_to_browser {
            assert_eq!(heard_types(&call), [PCMA, PCMU]);
        }
        call.simulation.end();
        let quality = far_quality(&call);
        assert_eq!((quality.packets, quality.lost), (50, 0));
    }
}

#[test]
fn a_telephone_that_speaks_another_agreed_codec_does_not_fail_the_call() {
    let routes = offered(&[Codec::Pcma, Codec::Pcmu], false);
    let mut call = call(routes, format::Codec::PCMA, "m=audio 4000 RTP/AVP 0 8 101");
    let mut phone = Stream::new(PHONE, 7);
    // For longer than a telephone may be silent.
    for _ in 0..1_000 {
        phone.send(&mut call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    assert!(!call.simulation.bridge.is_over(), "{:?}", call.simulation.seen);
    call.simulation.end();
}

#[test]
fn only_the_branch_that_answered_is_heard() {
    let routes = || offered(&[Codec::Pcma, Codec::Pcmu], false);
    for opus_to_browser in [false, true] {
        let mut routes = routes();
        if let FarSide::Sip(target) = &mut routes[0].far_side {
            target.codecs.opus_to_browser = opus_to_browser;
        }
        let network = |_, datagram| vec![(Duration::from_millis(2), datagram)];
        let mut call = SimulatedCall::new(routes, format::Codec::PCMA, Box::new(network));
        call.pass(SECOND);
        let (mut a, mut b) = (Stream::new(PHONE, 1), Stream::new("127.0.0.1:5000", 2));
        call.trunk_reports(TrunkEvent::EarlyMedia { sdp: sdp("m=audio 4000 RTP/AVP 8") });
        for _ in 0..50 {
            a.send(&mut call, PCMA, 160, &[0x11; 160]);
            call.pass(FRAME);
        }
        call.trunk_reports(answered(sdp("m=audio 5000 RTP/AVP 8")));
        let before = call.heard_by_browser.len();
        for _ in 0..150 {
            a.send(&mut call, PCMA, 160, &[0x11; 160]);
            b.send(&mut call, PCMA, 160, &[0x22; 160]);
            call.pass(FRAME);
        }
        let heard = &call.heard_by_browser[before..];
        // As many as one sends, in its rhythm: nothing is waited for for longer.
        assert!((148..=155).contains(&heard.len()), "{}", heard.len());
        if !opus_to_browser {
            assert!(heard.iter().all(|packet| packet.payload[0] == 0x22));
        }
        call.simulation.end();
    }
}

#[test]
fn a_stranger_neither_hears_the_visitor_nor_is_heard() {
    for signalling in ["203.0.113.9", "10.0.0.1"] {
        let routes = offered(&[Codec::Pcma], false);
        let mut call = call(routes, format::Codec::PCMA, "m=audio 4000 RTP/AVP 8");
        call.trunk_reports(TrunkEvent::SignallingAddress(signalling.parse().unwrap()));
        let mut phone = Stream::new(PHONE, 1);
        let mut stranger = Stream::new("198.51.100.7:9000", 2);
        for n in 0..100 {
            stranger.send(&mut call, PCMA, 160, &[0x66; 160]);
            if n > 20 {
                phone.send(&mut call, PCMA, 160, &VOICE);
            }
            call.speak(160, &[0x44; 160]);
            call.pass(FRAME);
        }
        assert!(call.heard_by_browser.iter().all(|packet| packet.payload == VOICE));
        assert!(call.heard_by_browser.len() > 70);
        let to: Vec<SocketAddr> = call.simulation.edge.rtp_to.clone();
        assert!(to.len() > 90 && to.iter().all(|to| *to == PHONE.parse().unwrap()), "{to:?}");
        // Once the telephone was heard, not even who signals is.
        let mut late = Stream::new("203.0.113.9:9000", 3);
        let before = call.heard_by_browser.len();
        call.pass(SECOND);
        late.send(&mut call, PCMA, 160, &[0x66; 160]);
        call.pass(FRAME);
        assert_eq!(call.heard_by_browser.len(), before);
    }
}

#[test]
fn a_telephone_behind_a_nat_is_heard_from_where_it_signals() {
    let routes = offered(&[Codec::Pcma], false);
    let mut call = call(routes, format::Codec::PCMA, "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 10.9.8.7");
    call.trunk_reports(TrunkEvent::SignallingAddress("203.0.113.9".parse().unwrap()));
    let mut phone = Stream::new("203.0.113.9:6000", 1);
    for _ in 0..50 {
        phone.send(&mut call, PCMA, 160, &VOICE);
        call.speak(160, &[0x44; 160]);
        call.pass(FRAME);
    }
    assert_eq!(call.heard_by_browser.len(), 50);
    let last = call.simulation.edge.rtp_to.last().copied();
    assert_eq!(last, Some("203.0.113.9:6000".parse().unwrap()));
}

/// The offer of a browser that takes comfort noise.
pub(super) fn with_comfort_noise(offer: &str) -> String {
    let offer = offer.replace("a=rtcp-mux", "a=rtpmap:13 CN/8000\r\na=rtcp-mux");
    let lines = offer.lines().map(|line| match line.starts_with("m=audio ") {
        true => format!("{line} 13\r\n"),
        false => format!("{line}\r\n"),
    });
    lines.collect()
}

#[test]
fn a_browser_that_takes_comfort_noise_gets_the_telephones() {
    let offer = with_comfort_noise(&shared().offer);
    let (_, answer) = Simulation::with_offer(Instant::now(), vec![phone()], &offer);
    assert!(answer.contains("a=rtpmap:13 CN/8000\r\n"), "{answer}");
}

#[test]
fn a_telephone_that_holds_the_call_is_heard_as_one_stream_where_it_is_transcoded() {
    let routes = offered(&[Codec::Pcma], true);
    let mut call = call(routes, format::Codec::Opus, "m=audio 4000 RTP/AVP 8");
    let mut phone = Stream::new(PHONE, 1);
    for _ in 0..50 {
        phone.send(&mut call, PCMA, 160, &VOICE);
        call.pass(FRAME);
    }
    let hold = sdp("m=audio 4000 RTP/AVP 8\r\na=inactive");
    call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: Some(hold) });
    call.pass(3 * SECOND);
    let heard = &call.heard_by_browser;
    assert!((185..=202).contains(&heard.len()), "{} packets in 4 s", heard.len());
    let gaps = heard.windows(2).map(|pair| pair[1].at - pair[0].at);
    assert!(gaps.clone().all(|gap| gap >= FRAME / 2), "{:?}", gaps.min());
}

#[test]
fn beside_opus_keys_are_sent_in_the_clock_that_the_telephone_takes() {
    let routes = offered(&[Codec::Opus], false);
    let media = "m=audio 4000 RTP/AVP 111 101\r\na=rtpmap:111 opus/48000/2\r\n\
                 a=rtpmap:101 telephone-event/8000";
    let mut call = call(routes, format::Codec::Opus, media);
    for n in 0..100 {
        call.speak(960, &[0x08, 1, 2]);
        if n % 40 == 10 {
            call.simulation.step(Step::Press);
        }
        call.pass(FRAME);
    }
    let packets: Vec<RtpPacket> =
        call.heard_by_phone.iter().filter_map(|packet| RtpPacket::parse(packet)).collect();
    let keys: Vec<&RtpPacket> =
        packets.iter().filter(|packet| packet.header.payload_type == 101).collect();
    assert_eq!(keys.len(), 30);
    let durations = |key: &&RtpPacket| u16::from_be_bytes([key.payload[2], key.payload[3]]);
    let expected = [160, 320, 480, 640, 800, 960, 1_120, 1_280, 1_280, 1_280];
    assert_eq!(keys[..10].iter().map(durations).collect::<Vec<_>>(), expected);
    let starts: Vec<u32> = [0, 10, 20].map(|at| keys[at].header.timestamp).to_vec();
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(key.header.timestamp, starts[n / 10]);
        assert_eq!(key.header.ssrc, packets[0].header.ssrc);
    }
    // 40 frames of 20 ms lie between two presses.
    assert_eq!(starts[1].wrapping_sub(starts[0]), 40 * 160);
    assert_eq!(starts[2].wrapping_sub(starts[1]), 40 * 160);
    // Speech goes on in its own clock, and all in one row of numbers.
    let speech: Vec<&RtpPacket> =
        packets.iter().filter(|packet| packet.header.payload_type == 111).collect();
    let (first, last) = (&speech[0].header, &speech[speech.len() - 1].header);
    let frames = last.timestamp.wrapping_sub(first.timestamp) / 960;
    assert!((95..=100).contains(&frames), "{frames}");
    assert!(
        packets.windows(2).all(|pair| { pair[1].header.seq == pair[0].header.seq.wrapping_add(1) })
    );
    // No key went beside the media.
    let infos = call.simulation.edge.dialogs[0].iter();
    assert_eq!(infos.filter(|sent| matches!(sent, TrunkCommand::Info { .. })).count(), 0);
}

#[test]
fn what_is_made_here_comes_in_packets_as_long_as_the_telephone_wants_them() {
    for (codec, media, length) in [
        (Codec::Pcma, "m=audio 4000 RTP/AVP 8\r\na=ptime:30", Some(240)),
        (Codec::Pcmu, "m=audio 4000 RTP/AVP 0\r\na=ptime:40\r\na=maxptime:10", Some(80)),
        (Codec::Opus, "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=ptime:60", None),
    ] {
        let spoken = if codec == Codec::Opus { format::Codec::PCMA } else { format::Codec::Opus };
        let mut call = call(offered(&[codec], false), spoken, media);
        let said: &[u8] = if codec == Codec::Opus { &[0xD5; 160] } else { &[0x08, 1, 2] };
        for _ in 0..100 {
            call.speak(if codec == Codec::Opus { 160 } else { 960 }, said);
            call.pass(FRAME);
        }
        // Then the visitor's page is away, and the telephone hears noise.
        call.simulation.step(Step::Leave(8));
        let before = call.heard_by_phone.len();
        call.pass(SECOND);
        let ptime = match length {
            Some(octets) => octets as u32 / 8,
            None => 60,
        };
        let packets: Vec<RtpPacket> =
            call.heard_by_phone.iter().filter_map(|packet| RtpPacket::parse(packet)).collect();
        let expected = 2_700 / ptime as usize..=3_100 / ptime as usize;
        assert!(expected.contains(&packets.len()), "{codec}: {}", packets.len());
        assert!(call.heard_by_phone.len() - before >= 900 / ptime as usize, "no noise");
        assert!(
            packets.iter().all(|packet| length.is_none_or(|length| packet.payload.len() == length))
        );
        let units = ptime * codec.clock_rate() / 1_000;
        let steady = packets.windows(2).filter(|pair| {
            pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp) == units
        });
        assert!(steady.count() + 4 >= packets.len(), "{codec}");
        call.simulation.end();
    }
}

/// A receiver's report of nothing.
fn report(sender: u32) -> Vec<u8> {
    [0x80C9_0001, sender].iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn reports_of_others_do_not_keep_a_call_alive() {
    for (from, keeps) in [("127.0.0.1:5001", false), ("127.0.0.1:4001", true)] {
        let mut call =
            call(offered(&[Codec::Pcma], false), format::Codec::PCMA, "m=audio 4000 RTP/AVP 8");
        let mut phone = Stream::new(PHONE, 7);
        for _ in 0..10 {
            phone.send(&mut call, PCMA, 160, &VOICE);
            call.pass(FRAME);
        }
        for _ in 0..15 {
            let now = call.simulation.now;
            let Simulation { bridge, edge, .. } = &mut call.simulation;
            bridge.receive_rtcp(now, from.parse().unwrap(), &mut report(7), edge);
            call.pass(SECOND);
        }
        assert_eq!(!call.simulation.bridge.is_over(), keeps, "{from}");
    }
}
