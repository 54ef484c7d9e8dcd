//! What a packet costs: `cargo bench -p bellpush-call`. The allocations beside the times are those
//! of one round, and should be none.
//!
//! The parts are compiled in here by their path: they are nobody's business outside of the crate.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "parts of a crate")]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic like a test")]

#[path = "../src/codec.rs"]
mod codec;
#[path = "../src/digit.rs"]
mod digit;
#[path = "../src/media/mod.rs"]
mod media;
use std::time::{Duration, Instant};

use divan::{AllocProfiler, Bencher, black_box};

use bellpush_srtp::{
    RtpHeader, RtpPacket, SRTP_KEY_LEN, SrtpKey, SrtpReceiver, SrtpSender, SrtpSuite,
};
use codec::Codec;
use digit::Digit;
use media::{Greeting, RtpRewriter, RtpTimes, Source, Transcoder};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const PTIME: Duration = Duration::from_millis(20);
/// As many as a core should bear, so that their memory is not just in its caches.
const CALLS: usize = 150;

fn main() {
    divan::main();
}

fn times(n: u64, units: u32) -> RtpTimes {
    RtpTimes { seq: 70_000 + n, timestamp: (n as u32).wrapping_mul(units), marker: false }
}

#[divan::bench]
fn relay_a_packet(bencher: Bencher) {
    let mut rewriter = RtpRewriter::new(1, 1, 8_000);
    let begin = Instant::now();
    let header =
        RtpHeader { payload_type: 8, marker: false, seq: 7, timestamp: 8, ssrc: 9 }.to_bytes();
    let packet = [&header[..], &[0xD5; 160]].concat();
    let mut n = 0;
    bencher.bench_local(|| {
        n += 1;
        let packet = RtpPacket::parse(black_box(&packet))?;
        let source = Source::FarSide { stream: packet.header.ssrc };
        let times = rewriter.rewrite(begin, source, times(n, 160))?;
        let seq = times.seq as u16;
        Some(RtpHeader { seq, timestamp: times.timestamp, ..packet.header }.to_bytes())
    });
}

#[divan::bench]
fn protect_and_unprotect_a_packet(bencher: Bencher) {
    let suite = SrtpSuite::AesCm128HmacSha1Tag80;
    let key = SrtpKey::from_random(suite, &[7; SRTP_KEY_LEN]);
    let (mut sender, mut receiver) =
        (SrtpSender::new(&key).unwrap(), SrtpReceiver::new(&key).unwrap());
    let mut packet = Vec::with_capacity(200);
    let mut n = 0_u64;
    bencher.bench_local(|| {
        n += 1;
        let header =
            RtpHeader { payload_type: 8, marker: false, seq: n as u16, timestamp: 8, ssrc: 9 };
        packet.clear();
        packet.extend_from_slice(&header.to_bytes());
        packet.extend_from_slice(&[0xD5; 160]);
        sender.protect(n, &mut packet).unwrap();
        receiver.unprotect(black_box(&mut packet)).unwrap().len()
    });
}

/// Frames of real speech in a codec.
fn speech(codec: Codec) -> Vec<Vec<u8>> {
    let greeting = Greeting::built_in().unwrap();
    let opus = (0..200).filter_map(|n| greeting.frame(n)).map(|frame| frame.to_vec()).collect();
    if codec == Codec::Opus { opus } else { transcoded(opus, Codec::Opus, codec) }
}

fn transcoded(frames: Vec<Vec<u8>>, from: Codec, to: Codec) -> Vec<Vec<u8>> {
    let begin = Instant::now();
    let mut transcoder = Transcoder::new(begin, from.clock_rate(), to, PTIME).unwrap();
    let mut out = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let now = begin + PTIME * n as u32;
        transcoder.packet(now, from, times(n as u64, from.clock_rate() / 50), frame);
        out.extend(transcoder.poll(now + PTIME / 2).map(|packet| packet.payload.to_vec()));
    }
    out
}

#[divan::bench(args = [(Codec::Opus, Codec::Pcma), (Codec::Pcma, Codec::Opus)], sample_count = 20, sample_size = 20)]
fn transcode_a_packet_of_each_of_150_calls(bencher: Bencher, (from, to): (Codec, Codec)) {
    let frames = speech(from);
    let begin = Instant::now();
    let mut calls: Vec<Transcoder> =
        (0..CALLS).map(|_| Transcoder::new(begin, from.clock_rate(), to, PTIME).unwrap()).collect();
    let mut n = 0_u64;
    bencher.bench_local(|| {
        let now = begin + PTIME * n as u32;
        let frame = &frames[n as usize % frames.len()];
        let mut bytes = 0;
        for call in &mut calls {
            call.packet(now, from, times(n, from.clock_rate() / 50), frame);
            while let Some(packet) = call.poll(now + PTIME / 2) {
                bytes += packet.payload.len();
            }
        }
        n += 1;
        bytes
    });
}
