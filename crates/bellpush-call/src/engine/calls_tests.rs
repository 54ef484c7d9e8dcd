#[path = "calls_tests/local_addresses.rs"]
mod local_addresses;
#[path = "calls_tests/tcp.rs"]
mod tcp;

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bellpush_core::{
    events::{EndReason, ErrorCode},
    ids::DestinationId,
};
use is::{
    DefaultSha1HmacProvider, Sha1HmacProvider as _,
    stun::{StunMessage, TransId},
};
use mio::{Poll, Waker};
use str0m::{
    Candidate, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::RtpWrite,
};
use tokio::sync::mpsc::{self, Receiver};
use uuid::Uuid;

use super::*;
use crate::{
    FarSide, Route, Signal,
    bridge::{BridgeSetup, SignalSender, Sounds},
    call::Policy,
    codec::CodecPreferences,
    engine::{
        EngineConfig, addresses::Addresses, command::Command, context::Context, dial::NoTrunks,
        meters::Meters, rtp_ports::RtpPorts, socket::MediaSocket, tcp::TcpPort, token,
    },
    legs::webrtc::{self, Answerer, Identity, Offer, Probes, TransportAddress},
    media::WallClock,
    token_bucket::SharedBuckets,
};

/// A table of calls on a real port, with nobody behind the datagrams but the test.
struct Table {
    calls: Calls,
    answerer: Answerer,
    sounds: Arc<Sounds>,
    live: Arc<AtomicUsize>,
    now: Instant,
    _poll: Poll,
    _commands: mpsc::Sender<Command>,
}

/// A browser on simulated time, without a socket.
struct Browser {
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    mid: Mid,
    seq: u64,
    /// Its latest connectivity check.
    check: Vec<u8>,
    address: SocketAddr,
    offer: String,
}

struct Call {
    id: CallId,
    signals: Receiver<Signal>,
    answer: String,
}

impl Browser {
    fn new(port: u16, now: Instant) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut rtc =
            Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut changes = rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        Self {
            rtc,
            pending: Some(pending),
            mid,
            seq: 1_000,
            check: Vec::new(),
            address,
            offer: offer.to_sdp_string(),
        }
    }

    /// Has the browser connect from a socket of its own, whose address its offer has.
    fn connect(&mut self, socket: &UdpSocket, table: &mut Table) {
        for _ in 0..1_000 {
            self.step(socket, table);
            if self.rtc.is_connected() {
                // Media is what makes the call live.
                self.speak(table.now);
                self.step(socket, table);
                return;
            }
        }
        panic!("it does not connect");
    }

    fn step(&mut self, socket: &UdpSocket, table: &mut Table) {
        table.now += Duration::from_millis(10);
        self.rtc.handle_input(Input::Timeout(table.now)).unwrap();
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Transmit(transmit) => {
                    if transmit.contents.starts_with(&[0, 1]) {
                        self.check = transmit.contents.to_vec();
                    }
                    table.receive(self.address, &transmit.contents);
                }
                Output::Timeout(_) => break,
                Output::Event(_) => {}
            }
        }
        table.calls.tick(table.now);
        let mut buffer = [0; 2_000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let received =
                Receive::new(Protocol::Udp, from, self.address, &buffer[..length]).unwrap();
            self.rtc.handle_input(Input::Receive(table.now, received)).unwrap();
        }
    }

    fn speak(&mut self, now: Instant) {
        let mid = self.mid;
        let pt = self.rtc.media(mid).unwrap().remote_pts()[0];
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        stream.write_rtp(RtpWrite::new(pt, self.seq.into(), 0, now, [0xF8]));
        self.seq += 1;
    }

    fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    /// The browser's first connectivity checks.
    fn checks(mut self, answer: &str, mut now: Instant) -> Vec<Vec<u8>> {
        self.accept(answer);
        let Self { mut rtc, .. } = self;
        let mut checks = Vec::new();
        for _ in 0..20 {
            rtc.handle_input(Input::Timeout(now)).unwrap();
            loop {
                match rtc.poll_output().unwrap() {
                    Output::Transmit(transmit) => checks.push(transmit.contents.to_vec()),
                    Output::Timeout(_) => break,
                    Output::Event(_) => {}
                }
            }
            now += Duration::from_millis(50);
        }
        assert!(!checks.is_empty());
        checks
    }
}

impl Table {
    fn new() -> Self {
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let media = MediaSocket::bind(bind).unwrap();
        let addresses = Addresses::find(&EngineConfig::new(bind), media.local()).unwrap();
        let clock = WallClock::new(Instant::now(), Duration::ZERO);
        let identity = Identity::new().unwrap();
        let answerer = Answerer::new(addresses.as_slice(), &identity, clock);
        let live = Arc::new(AtomicUsize::new(0));
        let poll = Poll::new().unwrap();
        let (commands, _) = mpsc::channel(1);
        let context = Context {
            registry: poll.registry().try_clone().unwrap(),
            media,
            tcp: TcpPort::bind(bind, 10).unwrap(),
            rtp: RtpPorts::share(&(0..=0), bind.ip(), bind.ip(), 0, 1),
            dialer: Arc::new(NoTrunks),
            commands: commands.downgrade(),
            waker: Arc::new(Waker::new(poll.registry(), token::WAKER).unwrap()),
            meters: Meters::new(),
            probes: Arc::new(Probes::new(Instant::now())),
            probe_budgets: SharedBuckets::new(),
        };
        let calls = Calls::new(context, CallLimit { live: Arc::clone(&live), max: 100 });
        let sounds = Arc::new(Sounds::built_in().unwrap());
        let now = Instant::now();
        Self { calls, answerer, sounds, live, now, _poll: poll, _commands: commands }
    }

    fn add(&mut self, offer: &str) -> Call {
        let offer = Offer::parse(offer).unwrap();
        let (leg, answer) = self.answerer.answer(self.now, &offer, CodecPreferences::default());
        let id = CallId::from_uuid(Uuid::now_v7());
        let second = Duration::from_secs(1);
        let policy = Policy {
            connect_timeout: 15 * second,
            reconnect_after: 5 * second,
            media_timeout: 20 * second,
            leave_grace: 2 * second,
            max_duration: 600 * second,
        };
        let demo = Route {
            destination_id: DestinationId::from_uuid(Uuid::now_v7()),
            far_side: FarSide::Demo,
            ring_timeout: 60 * second,
            max_duration: 600 * second,
        };
        let (sender, signals) = SignalSender::channel();
        let setup = BridgeSetup {
            id,
            routes: vec![demo],
            policy,
            rtp_timeout: 30 * second,
            sounds: Arc::clone(&self.sounds),
            goes_on: None,
            clock: WallClock::new(self.now, Duration::ZERO),
            sample_every: None,
            signals: sender,
        };
        self.calls.add(self.now, Bridge::new(self.now, leg, setup), None).unwrap();
        Call { id, signals, answer }
    }

    fn receive(&mut self, remote: SocketAddr, bytes: &[u8]) {
        let path =
            Path { remote, transport: Transport::Udp { local: Some(Ipv4Addr::LOCALHOST.into()) } };
        let bytes = &mut bytes.to_vec();
        self.calls.receive(self.now, BrowserDatagram { path, bytes });
    }

    /// Whether another packet from there would be taken in.
    fn is_taken(&mut self, call: &Call, remote: SocketAddr) -> bool {
        let transport = Transport::Udp { local: Some(Ipv4Addr::LOCALHOST.into()) };
        let key = self.calls.by_id[&call.id];
        self.calls.take_budget(self.now, key, Path { remote, transport })
    }

    fn sizes(&self) -> [usize; 5] {
        let Calls { slots, by_id, by_ufrag, by_remote, .. } = &self.calls;
        let live = self.live.load(Ordering::Relaxed);
        [live, slots.len(), by_id.len(), by_ufrag.len(), by_remote.len()]
    }
}

#[tokio::test]
async fn a_check_with_the_right_password_makes_its_sender_known_until_the_call_ends() {
    let mut table = Table::new();
    let browser = Browser::new(40_001, table.now);
    let mut call = table.add(&browser.offer);
    assert_eq!(table.sizes(), [1, 1, 1, 1, 0]);
    let address = browser.address;
    for check in browser.checks(&call.answer, table.now) {
        table.receive(address, &check);
    }
    assert_eq!(table.sizes(), [1, 1, 1, 1, 1]);
    let now = table.now;
    table.calls.with_id(call.id, |call, send| call.hang_up(now, EndReason::UserHangup, send));
    assert_eq!(table.sizes(), [0; 5]);
    assert_eq!(call.signals.recv().await, Some(Signal::Ended(EndReason::UserHangup)));
    assert_eq!(call.signals.recv().await, None);
}

#[tokio::test]
async fn a_check_with_a_wrong_password_makes_nobody_known() {
    let mut table = Table::new();
    let browser = Browser::new(40_001, table.now);
    let call = table.add(&browser.offer);
    let password = call.answer.lines().find_map(|line| line.strip_prefix("a=ice-pwd:")).unwrap();
    let wrong = call.answer.replace(password, &"x".repeat(password.len()));
    let address = browser.address;
    for check in browser.checks(&wrong, table.now) {
        table.receive(address, &check);
    }
    assert_eq!(table.sizes(), [1, 1, 1, 1, 0]);
}

#[tokio::test]
async fn a_browser_that_changes_its_address_is_known_by_the_latest_ones_only() {
    let mut table = Table::new();
    let browser = Browser::new(40_001, table.now);
    let call = table.add(&browser.offer);
    let check = browser.checks(&call.answer, table.now).remove(0);
    for port in 41_000..41_100 {
        table.receive(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &check);
    }
    assert_eq!(table.sizes(), [1, 1, 1, 1, 16]);
    table.calls.drop_id(call.id);
    assert_eq!(table.sizes(), [0; 5]);
}

#[tokio::test]
async fn an_address_that_went_over_to_another_call_stays_with_it() {
    let mut table = Table::new();
    let (first, second) = (Browser::new(40_001, table.now), Browser::new(40_001, table.now));
    let address = first.address;
    let first_call = table.add(&first.offer);
    let second_call = table.add(&second.offer);
    for check in first.checks(&first_call.answer, table.now) {
        table.receive(address, &check);
    }
    for check in second.checks(&second_call.answer, table.now) {
        table.receive(address, &check);
    }
    table.calls.drop_id(first_call.id);
    assert_eq!(table.sizes(), [1, 1, 1, 1, 1]);
    table.calls.drop_id(second_call.id);
    assert_eq!(table.sizes(), [0; 5]);
}

/// A call whose browser is connected, with the socket that it sends from.
fn connected(table: &mut Table) -> (Call, Browser, UdpSocket) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut browser = Browser::new(socket.local_addr().unwrap().port(), table.now);
    let call = table.add(&browser.offer);
    browser.accept(&call.answer);
    browser.connect(&socket, table);
    (call, browser, socket)
}

#[tokio::test]
async fn a_caller_can_not_take_over_the_address_of_a_live_call_but_of_one_that_is_silent() {
    let mut table = Table::new();
    let (victim_call, victim, _socket) = connected(&mut table);
    let forger = Browser::new(40_001, table.now);
    let forger_call = table.add(&forger.offer);
    let [victim_key, forger_key] =
        [&victim_call, &forger_call].map(|call| table.calls.by_id[&call.id]);
    let checks = forger.checks(&forger_call.answer, table.now);
    for check in &checks {
        table.receive(victim.address, check);
    }
    assert_eq!(table.calls.by_remote[&victim.address], victim_key);
    // A NAT may have given it to somebody else by now.
    table.now += Duration::from_secs(17);
    table.receive(victim.address, &checks[0]);
    assert_eq!(table.calls.by_remote[&victim.address], forger_key);
}

#[tokio::test]
async fn checks_replayed_from_elsewhere_do_not_cost_a_browser_its_path() {
    let mut table = Table::new();
    let (call, mut browser, socket) = connected(&mut table);
    for port in 1..=100 {
        table.receive(SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), port)), &browser.check);
    }
    let key = table.calls.by_id[&call.id];
    assert_eq!(table.calls.by_remote.get(&browser.address), Some(&key));
    assert_eq!(table.calls.by_remote.len(), 16);
    for _ in 0..200 {
        browser.speak(table.now);
        browser.step(&socket, &mut table);
    }
    assert!(table.calls.by_id.contains_key(&call.id) && browser.rtc.is_alive());
    assert!(table.calls.slots[key].bridge.is_browser_at(table.now, path(browser.address)));
}

fn path(address: SocketAddr) -> TransportAddress {
    TransportAddress { protocol: webrtc::Protocol::Udp, address }
}

#[tokio::test]
async fn a_flood_is_dropped_before_it_costs_anything() {
    let mut table = Table::new();
    let (call, browser, _socket) = connected(&mut table);
    // What it may do at once fills up first.
    table.now += Duration::from_secs(1);
    let others = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 9));
    let mut taken = [0, 0];
    for _ in 0..50_000 {
        table.now += Duration::from_micros(20);
        for (taken, remote) in taken.iter_mut().zip([browser.address, others]) {
            *taken += usize::from(table.is_taken(&call, remote));
        }
    }
    assert!(taken.iter().all(|taken| (350..=400).contains(taken)), "{taken:?}");
    // A packet that is too long is not even looked up.
    table.receive(browser.address, &[0x80; 1_501]);
    table.receive(browser.address, &[1; 60_000]);
}

#[tokio::test]
async fn a_caller_with_many_addresses_has_no_more_taken_in_than_one_with_few() {
    let mut table = Table::new();
    let (call, browser, _socket) = connected(&mut table);
    table.now += Duration::from_secs(1);
    let mut taken = 0;
    for n in 0..1_000 {
        table.now += Duration::from_millis(2);
        // By the time that it comes up again, others have taken its place.
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 1_000 + n % 40));
        table.receive(address, &browser.check);
        taken += (0..300).filter(|_| table.is_taken(&call, address)).count();
        // Which costs the browser nothing where it is.
        assert!(n % 10 != 0 || table.is_taken(&call, browser.address));
    }
    // In 2 s, with what is taken at once.
    assert!(taken <= 600, "{taken}");
}

#[tokio::test]
async fn a_browser_whose_network_has_changed_is_heard_at_once() {
    let mut table = Table::new();
    let (call, browser, _socket) = connected(&mut table);
    let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 40_001));
    table.receive(address, &browser.check);
    // A flight of a handshake, and then speech and checks, before it is known to be there.
    assert!((0..9).all(|_| table.is_taken(&call, address)));
    for n in 0..500 {
        table.now += Duration::from_millis(20);
        assert!(table.is_taken(&call, address), "packet {n}");
        if n % 10 == 0 {
            assert!(table.is_taken(&call, address), "check {n}");
        }
    }
}

#[tokio::test]
async fn garbage_and_the_checks_of_others_keep_nobodys_reach_from_being_tested() {
    let mut table = Table::new();
    let probe = table.answerer.probe(table.now, &table.calls.context.probes);
    let hmac = |key: &[u8], parts: &[&[u8]]| DefaultSha1HmacProvider.sha1_hmac(key, parts);
    let (name, id) = (format!("{}:them", probe.ufrag), TransId::new());
    let check = StunMessage::binding_request(&name, id, true, 7, 1, false);
    let mut bytes = vec![0; 256];
    let key = probe.password.as_bytes();
    let length = check.to_bytes(Some(key), &mut bytes, hmac).unwrap();
    bytes.truncate(length);
    let mut forged = bytes.clone();
    forged[10] ^= 1;
    let visitor = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut is_answered = |datagram: &[u8], remote| {
        let path = Path { remote, transport: Transport::Udp { local: None } };
        table.calls.context.answer_probe(table.now, path, datagram)
    };
    // From where the visitor is, too: only what may be a check counts.
    for n in 0..10_000_u16 {
        assert!(!is_answered(&[0], visitor.local_addr().unwrap()));
        assert!(!is_answered(&forged, SocketAddr::from(([203, 0, 113, 9], n))));
    }
    // As many others as share no bucket with that one, but for a few.
    let others = (1..=100).map(|last| SocketAddr::from(([127, 0, 0, last], 9)));
    let answered = others.filter(|other| is_answered(&bytes, *other)).count();
    assert!(answered > 70, "{answered} of 100");
    // Nor do they have more than is taken of one.
    let host = visitor.local_addr().unwrap();
    assert!((0..1_000).filter(|_| is_answered(&bytes, host)).count() <= 200);
}

#[tokio::test]
async fn a_call_without_a_browser_ends_by_the_timers_and_leaves_nothing() {
    let mut table = Table::new();
    let mut calls: Vec<Call> =
        (0..10).map(|_| table.add(&Browser::new(40_001, Instant::now()).offer)).collect();
    let end = table.now + Duration::from_secs(16);
    while let Some(at) = table.calls.next_deadline().filter(|at| *at <= end) {
        table.now = table.now.max(at);
        table.calls.tick(table.now);
        assert!(table.calls.next_deadline().is_none_or(|next| next > table.now));
    }
    assert_eq!(table.sizes(), [0; 5]);
    assert_eq!(table.calls.next_deadline(), None);
    for call in &mut calls {
        let failed = Signal::Failed(ErrorCode::MediaFailed);
        assert_eq!(call.signals.recv().await, Some(failed));
    }
}

#[tokio::test]
async fn a_call_that_panics_is_dropped_alone() {
    let mut table = Table::new();
    let mut broken = table.add(&Browser::new(40_001, Instant::now()).offer);
    let healthy = table.add(&Browser::new(40_002, Instant::now()).offer);
    table.calls.with_id(broken.id, |_, _| panic!("as a bug would"));
    assert_eq!(table.sizes(), [1, 1, 1, 1, 0]);
    assert_eq!(broken.signals.recv().await, None);
    assert!(table.calls.by_id.contains_key(&healthy.id));
}

#[tokio::test]
async fn a_table_that_goes_down_with_its_thread_counts_no_calls() {
    let mut table = Table::new();
    let mut call = table.add(&Browser::new(40_001, Instant::now()).offer);
    let live = Arc::clone(&table.live);
    drop(table);
    assert_eq!(live.load(Ordering::Relaxed), 0);
    assert_eq!(call.signals.recv().await, None);
}
