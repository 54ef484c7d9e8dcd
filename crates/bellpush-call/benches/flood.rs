//! What a visitor who sends 50,000 packets a second costs 100 other calls:
//! `cargo bench -p bellpush-call --bench flood`.
//!
//! The calls are in the demo's echo, a packet every 20 ms. How much later than that the next one
//! comes is told before, during and after the flood, which comes from a connected visitor's own
//! address. All of it runs on one machine, whose load shows in the times before and after.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bellpush_call::{Engine, EngineConfig, FarSide, PlaceCall, Placed, Route};
use bellpush_core::ids::{CallId, DestinationId};
use bellpush_test_support::visitor::{Visitor, VisitorCall};
use uuid::Uuid;

const CALLS: usize = 100;
const PACKETS_PER_SECOND: u32 = 50_000;
const PHASE: Duration = Duration::from_secs(10);
const FRAME: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::main]
async fn main() {
    let engine = Engine::start(EngineConfig::new("127.0.0.1:0".parse().unwrap()), None).unwrap();
    let mut calls = Vec::new();
    for _ in 0..=CALLS {
        calls.push(call(&engine).await);
    }
    // The greeting, and a moment of the echo.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let (flooder, _placed) = calls.pop().unwrap();
    let flooder = Arc::new(flooder);
    for (name, is_flooded) in [("before", false), ("during", true), ("after", false)] {
        let begin = Instant::now();
        let flood = is_flooded.then(|| Flood::start(&flooder));
        tokio::time::sleep(PHASE).await;
        let sent = flood.map_or(0, Flood::stop);
        let mut late: Vec<Duration> =
            calls.iter().flat_map(|(call, _)| lateness(call, begin)).collect();
        late.sort_unstable();
        let at = |percent: usize| late[(late.len() - 1) * percent / 100];
        let per_second = sent / PHASE.as_secs();
        println!(
            "{name}: {per_second} packets/s of flood, {} packets heard, late by {:.2?} (p50), {:.2?} (p99)",
            late.len(),
            at(50),
            at(99),
        );
    }
}

async fn call(engine: &Engine) -> (VisitorCall, Placed) {
    let visitor = Visitor::new().await.unwrap();
    let demo = Route {
        destination_id: DestinationId::from_uuid(Uuid::now_v7()),
        far_side: FarSide::Demo,
        ring_timeout: HOUR,
        max_duration: HOUR,
    };
    let place = PlaceCall {
        call_id: CallId::from_uuid(Uuid::now_v7()),
        offer: visitor.offer().to_owned(),
        routes: vec![demo],
        max_duration: HOUR,
        former: None,
    };
    let placed = engine.place(place).await.unwrap();
    let mut call = visitor.accept(&placed.answer).unwrap();
    call.wait_until(Duration::from_secs(20), |heard| heard.connected).await.unwrap();
    (call, placed)
}

/// By how much more than a frame's time each packet came after the one before.
fn lateness(call: &VisitorCall, since: Instant) -> Vec<Duration> {
    let packets = call.heard().packets;
    let times: Vec<Instant> =
        packets.iter().map(|packet| packet.at).filter(|at| *at >= since).collect();
    times.windows(2).map(|pair| (pair[1] - pair[0]).saturating_sub(FRAME)).collect()
}

/// Packets of media that nobody has protected, from the address of a visitor.
struct Flood {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Flood {
    fn start(visitor: &Arc<VisitorCall>) -> Self {
        let (is_over, sent) = (Arc::default(), Arc::default());
        let (visitor, over, count) = (Arc::clone(visitor), Arc::clone(&is_over), Arc::clone(&sent));
        let thread = thread::spawn(move || flood(&visitor, &over, &count));
        Self { is_over, sent, thread }
    }

    fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

fn flood(visitor: &VisitorCall, is_over: &AtomicBool, sent: &AtomicU64) {
    let mut packet = [0xA5; 172];
    (packet[0], packet[1]) = (0x80, 111);
    let begin = Instant::now();
    let mut count = 0_u32;
    while !is_over.load(Ordering::Relaxed) {
        visitor.send_raw(packet.to_vec());
        count += 1;
        sent.fetch_add(1, Ordering::Relaxed);
        let due = begin + Duration::from_secs(1) / PACKETS_PER_SECOND * count;
        if let Some(early) = due.checked_duration_since(Instant::now())
            && early > Duration::from_millis(1)
        {
            thread::sleep(early);
        }
    }
}
