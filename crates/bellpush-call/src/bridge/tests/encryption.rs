//! A telephone whose media is encrypted, and whose keys change or stay.

use bellpush_core::trunk::{DialogSnapshot, Hop, Transport};
use bellpush_srtp::{RtpHeader, SrtpKey, SrtpSender, SrtpSuite};
use str0m::format;

use super::{
    simulated_call::{FRAME, SimulatedCall},
    *,
};

const PHONE: &str = "127.0.0.1:4000";
const SUITE: SrtpSuite = SrtpSuite::AesCm128HmacSha1Tag80;
const VOICE: [u8; 160] = [0x33; 160];
/// Bytes of key and salt, each of them the number of the key, in base64.
const FIRST: (u8, &str) = (1, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB");
const SECOND_KEY: (u8, &str) = (2, "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC");

/// The description of a telephone that sends by this key, or by none.
fn sdp(key: Option<(u8, &str)>) -> String {
    let crypto = key.map_or_else(String::new, |(_, key)| {
        format!("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n")
    });
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 8\r\n{crypto}"
    )
}

/// The telephone's stream.
struct Phone {
    sender: SrtpSender,
    seq: u64,
}

impl Phone {
    fn new(seq: u64) -> Self {
        Self { sender: SrtpSender::new(&key(FIRST)).unwrap(), seq }
    }

    /// Its next packet, in the clear.
    fn plain(&mut self) -> Vec<u8> {
        self.seq += 1;
        let (seq, timestamp) = (self.seq as u16, (self.seq as u32).wrapping_mul(160));
        let header = RtpHeader { payload_type: 8, marker: false, seq, timestamp, ssrc: 7 };
        [&header.to_bytes()[..], &VOICE].concat()
    }

    /// Its next packet, encrypted.
    fn packet(&mut self) -> Vec<u8> {
        let mut packet = self.plain();
        self.sender.protect(self.seq, &mut packet).unwrap();
        packet
    }

    fn set_key(&mut self, of: (u8, &str)) {
        self.sender.set_key(&key(of)).unwrap();
    }
}

fn key((number, _): (u8, &str)) -> SrtpKey {
    SrtpKey::from_random(SUITE, &[number; SRTP_KEY_LEN])
}

/// A call that is connected, to a telephone that may encrypt.
fn call(goes_on: Option<Box<DialogSnapshot>>) -> SimulatedCall {
    let mut route = phone();
    if let FarSide::Sip(target) = &mut route.far_side {
        target.codecs = CodecPolicy { offer: vec![Codec::Pcma], opus_to_browser: false };
        target.srtp = SrtpPolicy::Optional;
        target.open = goes_on;
    }
    let network = |_, datagram| vec![(Duration::from_millis(2), datagram)];
    let mut call = SimulatedCall::new(vec![route], format::Codec::PCMA, Box::new(network));
    call.pass(SECOND);
    assert!(call.is_connected());
    call
}

/// These packets come, one every 20 ms. How many of them the browser hears.
fn heard(call: &mut SimulatedCall, packets: &[Vec<u8>]) -> usize {
    let before = call.heard_by_browser.len();
    for packet in packets {
        call.arrives_from(PHONE.parse().unwrap(), packet);
        call.pass(FRAME);
    }
    call.pass(FRAME);
    call.heard_by_browser[before..].iter().filter(|packet| packet.payload == VOICE).count()
}

fn offers(call: &mut SimulatedCall, key: Option<(u8, &str)>) {
    call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: Some(sdp(key)) });
}

#[test]
fn a_telephone_that_returns_to_a_key_is_heard_on_and_what_it_has_said_is_not_heard_again() {
    let mut call = call(None);
    call.trunk_reports(answered(sdp(Some(FIRST))));
    let mut phone = Phone::new(65_500);
    let first: Vec<Vec<u8>> = (0..50).map(|_| phone.packet()).collect();
    assert_eq!(heard(&mut call, &first), 50);
    for between in [Some(SECOND_KEY), None] {
        offers(&mut call, between);
        let packets: Vec<Vec<u8>> = match between {
            Some(key) => {
                phone.set_key(key);
                (0..50).map(|_| phone.packet()).collect()
            }
            None => (0..50).map(|_| phone.plain()).collect(),
        };
        assert_eq!(heard(&mut call, &packets), 50, "{between:?}");
        offers(&mut call, Some(FIRST));
        assert_eq!(heard(&mut call, &first), 0, "{between:?}");
        phone.set_key(FIRST);
        let packets: Vec<Vec<u8>> = (0..50).map(|_| phone.packet()).collect();
        assert_eq!(heard(&mut call, &packets), 50, "{between:?}");
    }
    call.simulation.end();
}

#[test]
fn a_telephone_that_begins_anew_with_another_key_is_heard() {
    let mut call = call(None);
    call.trunk_reports(answered(sdp(Some(FIRST))));
    let mut phone = Phone::new(60_000);
    let packets: Vec<Vec<u8>> = (0..50).map(|_| phone.packet()).collect();
    assert_eq!(heard(&mut call, &packets), 50);
    offers(&mut call, Some(SECOND_KEY));
    phone = Phone { sender: SrtpSender::new(&key(SECOND_KEY)).unwrap(), seq: 30_000 };
    let packets: Vec<Vec<u8>> = (0..50).map(|_| phone.packet()).collect();
    let heard = heard(&mut call, &packets);
    assert!(heard >= 48, "{heard}");
}

/// A dialog of another server.
pub(super) fn open() -> Box<DialogSnapshot> {
    Box::new(DialogSnapshot {
        sip_call_id: "4711".into(),
        local: "<sip:bell@192.0.2.1>;tag=us".into(),
        remote: "<sip:100@192.0.2.2>;tag=them".into(),
        remote_target: "sip:100@192.0.2.2".into(),
        goes_by_hop: false,
        remote_source: None,
        routes: Vec::new(),
        cseq: 1,
        remote_cseq: None,
        user: "bell".into(),
        hop: Hop {
            transport: Transport::Udp,
            address: "192.0.2.2:5060".parse().unwrap(),
            name: "h".into(),
        },
        origin: None,
        media_lines: Vec::new(),
        session_seconds: None,
    })
}

#[test]
fn a_telephone_that_keeps_its_key_is_heard_after_a_call_has_gone_to_another_server() {
    for rollovers in [0, 1, 3, 65] {
        let mut call = call(Some(open()));
        call.trunk_reports(TrunkEvent::OfferAnswered { sdp: sdp(Some(FIRST)) });
        let mut phone = Phone::new(rollovers * 65_536 + 30_000);
        let packets: Vec<Vec<u8>> = (0..50).map(|_| phone.packet()).collect();
        let heard = heard(&mut call, &packets);
        assert!(heard >= 45, "{heard} after {rollovers} rollovers");
    }
}
