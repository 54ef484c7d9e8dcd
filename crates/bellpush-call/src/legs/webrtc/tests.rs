//! The leg with a browser at the other end, in simulated time.

mod streams;

use std::net::SocketAddr;

use std::collections::VecDeque;

use bellpush_srtp::{
    SrtpError,
    dtls::{BUFFER_LEN, Certificate, Dtls, DtlsOutput, Role},
};
use is::{
    DefaultSha1HmacProvider, Sha1HmacProvider as _,
    stun::{StunMessage, TransId},
};
use str0m::{
    Event, Input, Output, Rtc,
    change::SdpAnswer,
    format,
    media::{Direction, MediaKind, Mid},
    net::Receive,
    rtp::RtpWrite,
};

use super::{ice::Credentials, *};
use crate::codec::CodecPreferences;

const FRAME: Duration = Duration::from_millis(20);

/// A network between a leg and a browser that takes its time and loses nothing.
struct Simulation {
    now: Instant,
    /// One way.
    delay: Duration,
    leg: WebRtcLeg,
    leg_due: Instant,
    reception: Reception,
    browser: Rtc,
    browser_due: Instant,
    /// Where the browser is now.
    address: SocketAddr,
    mid: Mid,
    on_the_way: VecDeque<(Instant, Vec<u8>, Toward)>,
    told: Vec<LegEvent>,
    round_trips: Vec<Duration>,
    heard_by_leg: Vec<Vec<u8>>,
    heard_by_browser: Vec<Vec<u8>>,
    /// How many packets each said.
    said_by_leg: u32,
    said_by_browser: u32,
    /// Where the leg sent its last packet of media to.
    sent_to: Option<SocketAddr>,
    /// What it sent to where the browser is not.
    strayed: Vec<(SocketAddr, Vec<u8>)>,
    /// The user fragment of the browser.
    ufrag: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toward {
    Leg,
    Browser,
}

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 10_000))
}

fn home() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 7], 40_000))
}

fn by_udp(address: SocketAddr) -> TransportAddress {
    TransportAddress { protocol: Protocol::Udp, address }
}

impl Simulation {
    fn start(delay: Duration) -> Self {
        let now = Instant::now();
        let mut browser = Rtc::builder().set_rtp_mode(true).build(now);
        browser.add_local_candidate(str0m::Candidate::host(home(), "udp").unwrap());
        let mut changes = browser.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let clock = WallClock::new(now, Duration::ZERO);
        let answerer = Answerer::new(&[server()], &Identity::new().unwrap(), clock);
        let offer = Offer::parse(&offer.to_sdp_string()).unwrap();
        let (leg, answer) = answerer.answer(now, &offer, CodecPreferences::default());
        let ufrag = offer.credentials.ufrag.clone();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        browser.sdp_api().accept_answer(pending, answer).unwrap();
        Self {
            now,
            delay,
            leg,
            leg_due: now,
            reception: Reception::new(48_000),
            browser,
            browser_due: now,
            address: home(),
            mid,
            on_the_way: VecDeque::new(),
            told: Vec::new(),
            round_trips: Vec::new(),
            heard_by_leg: Vec::new(),
            heard_by_browser: Vec::new(),
            said_by_leg: 0,
            said_by_browser: 0,
            sent_to: None,
            strayed: Vec::new(),
            ufrag,
        }
    }

    /// Has time pass, with everything that happens in it.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let arrival = self.on_the_way.front().map(|(at, ..)| *at);
            let next = [Some(self.leg_due), Some(self.browser_due), arrival];
            let next = next.into_iter().flatten().min().unwrap().max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            if arrival.is_some_and(|at| at <= next) {
                self.arrive();
            } else if self.leg_due <= next {
                self.leg.tick(next);
            } else {
                self.browser.handle_input(Input::Timeout(next)).unwrap();
            }
        }
    }

    fn arrive(&mut self) {
        let Some((_, mut bytes, toward)) = self.on_the_way.pop_front() else { return };
        let remote = by_udp(self.address);
        match toward {
            Toward::Leg if is_media(&bytes) => {
                match self.leg.receive_media(self.now, remote, &mut bytes).unwrap() {
                    Some(LegMedia::Audio(packet)) => {
                        let RtpTimes { seq, timestamp, .. } = packet.times;
                        self.reception.packet(self.now, seq, timestamp);
                        self.heard_by_leg.push(packet.payload.to_vec());
                    }
                    Some(LegMedia::Reports) => self.round_trips.extend(self.leg.round_trip()),
                    Some(LegMedia::ComfortNoise(_) | LegMedia::Key { .. } | LegMedia::Other)
                    | None => {}
                }
            }
            Toward::Leg => {
                self.leg.receive(self.now, remote, &bytes);
            }
            Toward::Browser => {
                let receive =
                    Receive::new(str0m::net::Protocol::Udp, server(), home(), &bytes).unwrap();
                self.browser.handle_input(Input::Receive(self.now, receive)).unwrap();
            }
        }
    }

    fn settle(&mut self) {
        loop {
            match self.leg.poll() {
                LegOutput::Transmit(remote, bytes) => self.send(remote.address, bytes),
                LegOutput::Event(event) => self.told.push(event),
                LegOutput::Wait(due) => {
                    let report = self.leg.report(self.now, &mut self.reception, 48_000);
                    let report =
                        report.map(|packet| (packet.remote.address, packet.datagram.to_vec()));
                    if let Some((to, bytes)) = report {
                        self.send(to, bytes);
                    }
                    self.leg_due = self.leg.next_report().map_or(due, |report| due.min(report));
                    break;
                }
            }
        }
        loop {
            match self.browser.poll_output().unwrap() {
                Output::Transmit(transmit) => {
                    let bytes = transmit.contents.to_vec();
                    self.on_the_way.push_back((self.now + self.delay, bytes, Toward::Leg));
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    self.heard_by_browser.push(packet.payload.to_vec());
                }
                Output::Event(_) => {}
                Output::Timeout(due) => {
                    self.browser_due = due;
                    break;
                }
            }
        }
    }

    /// The leg sends something.
    fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        if to == self.address {
            self.on_the_way.push_back((self.now + self.delay, bytes, Toward::Browser));
        } else {
            self.strayed.push((to, bytes));
        }
    }

    /// Whoever knows the call's password nominates a path from an address that may be forged.
    fn nominate(&mut self, from: SocketAddr) -> Received {
        let Credentials { ufrag, password } = self.leg.connection.ice().local();
        let name = format!("{ufrag}:{}", self.ufrag);
        let check = StunMessage::binding_request(&name, TransId::new(), true, 7, 1, true);
        let mut bytes = vec![0; 256];
        let hmac = |key: &[u8], parts: &[&[u8]]| DefaultSha1HmacProvider.sha1_hmac(key, parts);
        let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).unwrap();
        self.leg.receive(self.now, by_udp(from), &bytes[..length])
    }

    /// How many packets, and how many bytes, went to an address where the browser is not.
    fn strayed_to(&self, address: SocketAddr) -> (usize, usize) {
        let to = self.strayed.iter().filter(|(to, _)| *to == address);
        to.fold((0, 0), |(packets, bytes), (_, packet)| (packets + 1, bytes + packet.len()))
    }

    /// Both sides speak for so long.
    fn speak(&mut self, time: Duration) {
        let frames = time.as_millis() / FRAME.as_millis();
        for _ in 0..frames {
            let said = self.said_by_leg;
            let times = RtpTimes { seq: said.into(), timestamp: said * 960, marker: said == 0 };
            let payload = [0xF8, 1, said as u8];
            if let Some(packet) = self.leg.speech(self.now, Codec::Opus, times, &payload) {
                self.said_by_leg += 1;
                self.sent_to = Some(packet.remote.address);
                let (to, bytes) = (packet.remote.address, packet.datagram.to_vec());
                self.send(to, bytes);
            }
            self.answer();
            self.pass(FRAME);
        }
    }

    /// The browser says something.
    fn answer(&mut self) {
        let now = self.now;
        let said = self.said_by_browser;
        self.said_by_browser += 1;
        let opus = |params: &&format::PayloadParams| params.spec().codec == format::Codec::Opus;
        let pt = self.browser.codec_config().params().iter().find(opus).unwrap().pt();
        let mut api = self.browser.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
        let (seq, timestamp) = (1_000 + u64::from(said), said * 960);
        let payload = [0xF8, 2, said as u8];
        stream.write_rtp(RtpWrite::new(pt, seq.into(), timestamp, now, payload));
    }
}

#[test]
fn both_sides_hear_what_the_other_says_packet_by_packet() {
    let mut call = Simulation::start(Duration::from_millis(5));
    call.pass(Duration::from_secs(2));
    call.speak(Duration::from_secs(3));
    for (heard, by) in [(&call.heard_by_leg, 2), (&call.heard_by_browser, 1)] {
        let expected: Vec<_> = (0..heard.len()).map(|n| vec![0xF8, by, n as u8]).collect();
        assert!(heard.len() >= 149 && *heard == expected, "{heard:?}");
    }
}

#[test]
fn media_follows_the_browser_to_where_it_sends_its_chosen_checks_from() {
    let mut call = Simulation::start(Duration::from_millis(5));
    call.pass(Duration::from_secs(2));
    call.speak(FRAME * 5);
    assert_eq!(call.sent_to, Some(home()));
    // A NAT gave it another port, which its next checks come from.
    call.address.set_port(50_000);
    call.speak(Duration::from_secs(10));
    assert_eq!(call.sent_to, Some(call.address));
}

#[test]
fn an_address_that_a_caller_forges_gets_three_small_packets_and_no_media() {
    for forged in ["203.0.113.9:53", "[2001:db8::9]:443"] {
        let forged = forged.parse().unwrap();
        let mut call = Simulation::start(Duration::from_millis(5));
        call.pass(Duration::from_secs(2));
        call.speak(FRAME * 5);
        assert_eq!(call.nominate(forged), Received::Check);
        assert_eq!(call.nominate(forged), Received::Check);
        call.speak(Duration::from_secs(20));
        let (packets, bytes) = call.strayed_to(forged);
        assert!((1..=3).contains(&packets) && bytes < 600, "{packets} packets of {bytes} bytes");
        assert_eq!(call.sent_to, Some(home()));
        assert!(call.heard_by_browser.len() > 900, "{}", call.heard_by_browser.len());
    }
}

#[test]
fn a_handshake_from_an_address_that_is_forged_gets_less_than_it_brings() {
    let forged: SocketAddr = "203.0.113.9:53".parse().unwrap();
    let mut call = Simulation::start(Duration::from_millis(5));
    let theirs = Certificate::generate().unwrap();
    let ours = call.leg.local_parameters.certificate.fingerprint().clone();
    let mut client = Dtls::new(call.now, &theirs, vec![ours], Role::Client).unwrap();
    let mut buffer = [0; BUFFER_LEN];
    let Ok(Some(DtlsOutput::Packet(hello))) = client.poll(&mut buffer) else { panic!("no hello") };
    let mut brought = 0;
    for _ in 0..50 {
        call.nominate(forged);
        call.leg.receive(call.now, by_udp(forged), hello);
        // A check has some 100 bytes.
        brought += 100 + hello.len();
        // The browser itself is not there yet.
        call.address = "192.0.2.200:1".parse().unwrap();
        call.settle();
        call.now += Duration::from_millis(200);
        call.leg.tick(call.now);
    }
    let (packets, bytes) = call.strayed_to(forged);
    assert!(packets > 0 && bytes <= brought, "{bytes} bytes for {brought}");
    let largest = call.strayed.iter().map(|(_, packet)| packet.len()).max();
    assert!(largest < Some(320), "{largest:?}");
}

/// Its checks are lost on the way to us, but for the first, and so are our answers and checks.
#[test]
fn a_browser_that_answers_no_check_proves_its_path_by_the_cookie_of_dtls() {
    let mut call = Simulation::start(Duration::from_millis(5));
    let theirs = Certificate::generate().unwrap();
    call.leg.connection = Connection::new(
        Arc::clone(&call.leg.local_parameters.certificate),
        (
            Credentials { ufrag: call.ufrag.clone(), password: "x".repeat(24) },
            vec![theirs.fingerprint().clone()],
        ),
        false,
    );
    call.nominate(home());
    let ours = call.leg.local_parameters.certificate.fingerprint().clone();
    let mut client = Dtls::new(call.now, &theirs, vec![ours], Role::Client).unwrap();
    let mut is_connected = false;
    for _ in 0..20 {
        let mut buffer = [0; BUFFER_LEN];
        while let Ok(output) = client.poll(&mut buffer) {
            match output {
                Some(DtlsOutput::Packet(packet)) => {
                    call.leg.receive(call.now, by_udp(home()), packet);
                }
                Some(DtlsOutput::Connected) => is_connected = true,
                Some(DtlsOutput::Wait(_)) => break,
                _ => {}
            }
        }
        loop {
            match call.leg.poll() {
                LegOutput::Transmit(_, packet) => _ = client.receive(call.now, &packet),
                LegOutput::Event(event) => call.told.push(event),
                LegOutput::Wait(_) => break,
            }
        }
    }
    assert!(is_connected);
    assert!(matches!(call.told[..], [LegEvent::Connected]), "{:?}", call.told);
    let times = RtpTimes { seq: 1, timestamp: 1, marker: true };
    assert!(call.leg.speech(call.now, Codec::Opus, times, &[0xF8]).is_some());
}

#[test]
fn nothing_is_sent_to_a_browser_that_has_gone_30_s_ago() {
    let mut call = Simulation::start(Duration::from_millis(5));
    call.pass(Duration::from_secs(2));
    call.speak(FRAME * 5);
    call.on_the_way.clear();
    let times = |seq| RtpTimes { seq, timestamp: 0, marker: false };
    for second in 1..=60_u64 {
        call.now += Duration::from_secs(1);
        call.leg.tick(call.now);
        while let LegOutput::Transmit(..) = call.leg.poll() {}
        // Somebody who has seen a check sends it again and again.
        call.nominate("203.0.113.9:53".parse().unwrap());
        let is_sent = call.leg.speech(call.now, Codec::Opus, times(1_000 + second), &[1]).is_some();
        assert!(if second < 25 { is_sent } else { second < 35 || !is_sent }, "second {second}");
    }
}

#[test]
fn a_browser_that_sends_more_than_any_call_is_cut_to_that() {
    let mut call = Simulation::start(Duration::from_millis(5));
    call.pass(Duration::from_secs(2));
    let before = call.heard_by_leg.len();
    for _ in 0..1_000 {
        call.answer();
    }
    call.pass(Duration::from_millis(500));
    let heard = call.heard_by_leg.len() - before;
    assert!((150..=310).contains(&heard), "{heard} packets");
}

#[test]
fn a_packet_that_is_not_the_browsers_is_refused() {
    let mut call = Simulation::start(Duration::from_millis(5));
    let mut packet = [0x80; 60];
    assert!(
        call.leg.receive_media(call.now, by_udp(home()), &mut packet).unwrap().is_none(),
        "there are no keys"
    );
    call.pass(Duration::from_secs(2));
    let refused = call.leg.receive_media(call.now, by_udp(home()), &mut packet);
    assert!(matches!(refused, Err(SrtpError::Forged)), "{refused:?}");
}

#[test]
fn the_browsers_reports_tell_how_long_the_way_to_it_and_back_is() {
    let mut call = Simulation::start(Duration::from_millis(60));
    call.pass(Duration::from_secs(2));
    assert!(call.told.iter().any(|event| matches!(event, LegEvent::Connected)), "{:?}", call.told);
    assert!(call.round_trips.is_empty(), "nothing was reported yet");
    call.speak(Duration::from_secs(20));
    let told = std::mem::take(&mut call.round_trips);
    assert!(told.len() >= 2, "{told:?}");
    for round_trip in told {
        // RFC 3550 section 6.4.1 counts in 1/65536 s.
        let error = round_trip.abs_diff(Duration::from_millis(120));
        assert!(error < Duration::from_millis(1), "{round_trip:?}");
    }
    // Somebody moved to a slower network.
    call.delay = Duration::from_millis(200);
    call.speak(Duration::from_secs(20));
    let last = *call.round_trips.last().unwrap();
    assert!(last.abs_diff(Duration::from_millis(400)) < Duration::from_millis(1), "{last:?}");
}

#[test]
fn a_further_offer_is_for_the_connection_that_there_is() {
    const OFFER: &str = include_str!("../../../tests/fixtures/chromium-offer.sdp");
    let now = Instant::now();
    let clock = WallClock::new(now, Duration::ZERO);
    let answerer = Answerer::new(&[server()], &Identity::new().unwrap(), clock);
    let offer = Offer::parse(OFFER).unwrap();
    let (mut leg, answer) = answerer.answer(now, &offer, CodecPreferences::default());
    let ours = |answer: &str, name: &str| {
        answer.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
    };
    let mut with =
        |from: &str, to: &str| leg.restart(&Offer::parse(&OFFER.replace(from, to)).unwrap());

    let again = with("", "").unwrap();
    for same in ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=ssrc:", "a=setup:", "m="] {
        assert_eq!(ours(&again, same), ours(&answer, same));
    }
    assert_ne!(ours(&again, "o="), ours(&answer, "o="), "it is described once more");

    let restarted = with("a=ice-ufrag:abcd", "a=ice-ufrag:efgh").unwrap();
    assert_ne!(ours(&restarted, "a=ice-ufrag:"), ours(&answer, "a=ice-ufrag:"));
    assert_ne!(ours(&restarted, "a=ice-pwd:"), ours(&answer, "a=ice-pwd:"));
    assert_eq!(ours(&restarted, "a=ssrc:"), ours(&answer, "a=ssrc:"));

    // Of several certificates it may have any, and they may come in any order.
    let line = OFFER.lines().find(|line| line.starts_with("a=fingerprint:")).unwrap();
    let other = line.replace("F1:6D", "F1:6E");
    let two = |lines: [&str; 2]| Offer::parse(&OFFER.replace(line, &lines.join("\n"))).unwrap();
    let (first, second) = (two([line, &other]), two([&other, line]));
    assert_eq!(first.fingerprints.len(), 2);
    assert!(first.has_fingerprints(&second.fingerprints));
    assert!(!first.has_fingerprints(&offer.fingerprints));

    assert_eq!(with("F1:6D", "F1:6E"), Err(OfferError::OtherTrack), "another certificate");
    assert_eq!(with("a=mid:0", "a=mid:1"), Err(OfferError::OtherTrack));
    let other_side = with("setup:actpass", "setup:passive");
    assert!(matches!(other_side, Err(OfferError::Unusable(_))), "{other_side:?}");

    // Who begins the handshake was agreed on when the browser left that to be begun by us.
    let passive = Offer::parse(&OFFER.replace("setup:actpass", "setup:passive")).unwrap();
    let (mut begun, _) = answerer.answer(now, &passive, CodecPreferences::default());
    assert_eq!(ours(&begun.restart(&offer).unwrap(), "a=setup:"), "a=setup:active");

    with("111", "96").unwrap();
    assert_eq!(leg.payload_type(Codec::Opus), Some(96), "as it is numbered now");
}
