//! Whatever comes from a browser or a telephone, nothing panics, no deadline stays due, and the
//! call ends once.

use bellpush_srtp::RtpHeader;
use bellpush_test_fuzz::{Seeds, from_packets, packets};
use str0m::format;

use super::{
    simulated_call::{FRAME, Hop, SimulatedCall},
    *,
};

/// Datagrams of a browser that are tampered with, at most: its checks, the DTLS handshake, and some
/// of its media.
const TAMPERED: usize = 60;

/// What is done to a browser's datagrams, one after the other, as an input says.
struct Tampering {
    plan: std::vec::IntoIter<u8>,
    left: usize,
    before: Vec<Vec<u8>>,
}

impl Tampering {
    fn new(input: &[u8]) -> Self {
        Self { plan: Vec::from(input).into_iter(), left: TAMPERED, before: Vec::new() }
    }

    fn byte(&mut self) -> usize {
        self.plan.next().unwrap_or_default().into()
    }

    fn place(&mut self, datagram: &[u8]) -> usize {
        (self.byte() << 8 | self.byte()) % (datagram.len() + 1)
    }

    /// What arrives in place of a datagram.
    fn tamper(&mut self, datagram: Vec<u8>) -> Vec<Vec<u8>> {
        if self.left == 0 {
            return vec![datagram];
        }
        self.left -= 1;
        self.before.push(datagram.clone());
        let mut changed = datagram.clone();
        match self.byte() {
            1 => return Vec::new(),
            2 => return vec![datagram; 3],
            3 => {
                let at = self.place(&datagram);
                changed.truncate(at);
            }
            4 | 5 => {
                for _ in 0..self.byte() % 8 + 1 {
                    let (at, new) = (self.place(&datagram), self.byte());
                    if let Some(byte) = changed.get_mut(at) {
                        *byte = new as u8;
                    }
                }
            }
            6 => {
                // An old one comes again.
                let which = self.byte() % self.before.len();
                changed.clone_from(&self.before[which]);
            }
            7 => {
                let (at, count) = (self.place(&datagram), self.byte());
                let more: Vec<u8> = (0..count).map(|_| self.byte() as u8).collect();
                changed.splice(at..at, more);
            }
            8 => {
                let (from, to) = (self.place(&datagram), self.place(&datagram));
                changed.drain(from.min(to)..from.max(to));
            }
            9 => {
                // Anything at all, as its browser's address may be forged.
                let count = self.byte();
                changed = (0..count).map(|_| self.byte() as u8).collect();
                return vec![changed, datagram];
            }
            _ => {}
        }
        vec![changed]
    }
}

#[test]
fn fuzz_datagrams_of_a_browser() {
    let seeds: [&[u8]; 5] = [
        &[],
        &[0, 0, 0, 0, 1, 2, 1, 2],
        &[0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 255],
        &[0, 9, 4, 22, 254, 253, 0, 0, 0, 0, 0, 0],
        &[6, 0, 7, 0, 4, 2, 0, 0, 8, 0, 1, 0, 9],
    ];
    Seeds::new(seeds).run(60, |input| {
        let mut tampering = Tampering::new(input);
        let is_tampered = !input.is_empty();
        let network = move |hop, datagram| {
            let arriving = match hop {
                Hop::FromBrowser => tampering.tamper(datagram),
                _ => vec![datagram],
            };
            arriving.into_iter().map(|datagram| (Duration::from_millis(2), datagram)).collect()
        };
        let mut call = SimulatedCall::new(vec![phone()], format::Codec::PCMA, Box::new(network));
        call.pass(SECOND);
        assert!(is_tampered || call.is_connected());
        call.trunk_reports(answered(Sdp::Pcma.text()));
        for _ in 0..5 {
            call.speak(160, &[0xD5; 160]);
            call.pass(FRAME);
        }
        call.simulation.end();
    });
}

/// A far side that takes this key.
const ENCRYPTED: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/SAVP 8\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";

fn rtp(payload_type: u8, seq: u16, payload: &[u8]) -> Vec<u8> {
    let timestamp = u32::from(seq) * 160;
    let header = RtpHeader { payload_type, marker: seq == 0, seq, timestamp, ssrc: 1 };
    // Before it: to the port for RTP, 20 ms later.
    [&[1][..], &header.to_bytes(), payload].concat()
}

fn rtcp(kind: u8, words: &[u32]) -> Vec<u8> {
    let mut packet = vec![0, 0x81, kind, 0, words.len() as u8];
    packet.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    packet
}

/// The first packet says what the far side speaks; of the others, the first byte says to which port
/// they come and when.
#[test]
fn fuzz_packets_of_a_far_side() {
    let sender = rtcp(200, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    let receiver = rtcp(201, &[1, 2, 3, 4, 5, 6, 7]);
    let goodbye = rtcp(203, &[1]);
    let key = rtp(101, 2, &[5, 0x8A, 3, 0x20]);
    let sound = [rtp(8, 0, &[0xD5; 160]), rtp(8, 1, &[0x55; 160]), key, rtp(13, 3, &[70])];
    let opus = [rtp(111, 0, &[0xF8, 0xFF, 0xFE]), rtp(111, 1, &[0x0B, 1, 2, 3]), rtp(111, 9, &[8])];
    let extended = [
        &[1, 0xB1, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0, 0, 0, 2][..],
        &[0xBE, 0xDE, 0, 1, 0x10, 9, 0, 0, 0xD5, 0xD5, 0, 0, 0, 3],
    ]
    .concat();
    let with = |first: u8, packets: &[Vec<u8>]| {
        from_packets([vec![first]].into_iter().chain(packets.iter().cloned()))
    };
    let seeds = [
        with(0, &sound),
        with(1, &sound),
        with(2, &opus),
        with(3, &opus),
        with(4, &sound),
        with(0, &[sender, receiver, goodbye]),
        with(0, &[extended]),
    ];
    Seeds::new(seeds).run(300, |input| {
        let mut packets = packets(input);
        let kind = packets.next().and_then(|first| first.first().copied()).unwrap_or_default();
        let mut phone = phone();
        let sdp = match kind % 5 {
            0 | 1 => Sdp::Pcma.text(),
            2 | 3 => Sdp::Opus.text(),
            _ => ENCRYPTED.to_owned(),
        };
        if let FarSide::Sip(target) = &mut phone.far_side {
            target.codecs.opus_to_browser = kind % 2 == 1;
            target.srtp = if kind % 5 == 4 { SrtpPolicy::Required } else { SrtpPolicy::Off };
        }
        let mut call = Simulation::new(vec![phone]);
        call.step(Step::Connected);
        call.bridge.receive_from_trunk(call.now, answered(sdp), &mut call.edge);
        for packet in packets {
            let Some((&how, packet)) = packet.split_first() else { continue };
            let mut packet = packet.to_vec();
            if call.bridge.is_over() {
                break;
            }
            let Simulation { now, bridge, edge, .. } = &mut call;
            let far = SocketAddr::new(LOOPBACK, 4_000 + u16::from(how & 2));
            if how & 1 == 1 {
                bridge.receive_rtp(*now, far, &mut packet, edge);
            } else {
                bridge.receive_rtcp(*now, far, &mut packet, edge);
            }
            call.pass(Duration::from_millis(if how & 4 == 4 { 900 } else { 20 }));
        }
        call.end();
    });
}

/// The steps of the property test above, found by the code that they reach.
#[cfg(fuzzing)]
#[test]
fn fuzz_a_whole_call() {
    let steps = (proptest::collection::vec(any_step(), 0..50), 0_usize..3, any::<bool>());
    bellpush_test_fuzz::fuzz_values(steps, |(steps, overflows, to_demo)| {
        run_to_the_end(steps, overflows, to_demo);
    });
}
