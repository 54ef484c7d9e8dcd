//! Whatever happens to a call, in whatever order: it ends once, and so does its far side.

mod encryption;
mod floods;
mod fuzz;
mod keys;
mod loss;
mod overflow;
mod silences;
mod simulated_call;
mod streams;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::OnceLock,
};

use bellpush_core::ids::{DestinationId, TrunkId};
use bellpush_srtp::{RtpHeader, SRTP_KEY_LEN};
use bellpush_test_support::visitor::Visitor;
use proptest::prelude::*;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;
use crate::{
    Callee, CallerIdentity, CodecPolicy, FarSide, Latching, SipTarget, SipUser, SrtpPolicy,
    codec::CodecPreferences,
    legs::{
        sip::LocalMedia,
        webrtc::{Answerer, AudioPacket, Identity, Offer, Protocol, ToBrowser},
    },
    media::RtpSource,
    trunk::{OfferId, TrunkCommand},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn by_udp(address: SocketAddr) -> TransportAddress {
    TransportAddress { protocol: Protocol::Udp, address }
}

/// The far side takes the call.
fn answered(sdp: String) -> TrunkEvent {
    TrunkEvent::Answered { sdp, call_id: "4711".into() }
}

/// A world that records what goes out.
#[derive(Default)]
struct RecordingEdge {
    /// The messages of each far side that was dialled.
    dialogs: Vec<Vec<TrunkCommand>>,
    is_open: bool,
    /// What went out to the browser.
    to_browser: Vec<Vec<u8>>,
    /// What went out to the far side's port for RTP.
    to_far_side: Vec<Vec<u8>>,
    /// Where that went.
    rtp_to: Vec<SocketAddr>,
    /// Where what went out to its port for RTCP went.
    rtcp_to: Vec<SocketAddr>,
    /// What the next call on this port is not to hear.
    sources: Vec<RtpSource>,
}

impl Edge for RecordingEdge {
    fn to_browser(&mut self, packet: &ToBrowser<'_>) {
        self.to_browser.push(packet.datagram.to_vec());
    }

    fn rtp(&mut self, to: SocketAddr, packet: &[u8]) {
        assert!(self.is_open && packet.len() >= 12);
        self.rtp_to.push(to);
        self.to_far_side.push(packet.to_vec());
    }

    fn rtcp(&mut self, to: SocketAddr, packet: &[u8]) {
        assert!(self.is_open && packet.len() >= 8);
        self.rtcp_to.push(to);
    }

    fn rtp_source(&mut self, source: RtpSource) {
        assert!(self.is_open);
        self.sources.push(source);
    }

    fn dial(&mut self, target: &SipTarget) -> Option<LocalMedia> {
        assert!(!self.is_open, "the far side before is still there");
        self.is_open = true;
        self.dialogs.push(Vec::new());
        Some(LocalMedia {
            own_address: None,
            address: LOOPBACK,
            rtp_port: 20_000,
            rtcp_port: 20_001,
            codecs: target.codecs.offer.clone(),
            srtp: target.srtp,
            key_material: [[7; SRTP_KEY_LEN]; 4].into(),
            stale_sources: Vec::new(),
            session_id: 1,
        })
    }

    fn end_dialog(&mut self, _target: &SipTarget, _cause: ByeCause) {
        unreachable!("there is a port for every far side");
    }

    fn to_trunk(&mut self, message: TrunkCommand) -> bool {
        assert!(self.is_open);
        self.dialogs.last_mut().unwrap().push(message);
        true
    }

    fn close_far_side(&mut self) {
        self.is_open = false;
    }
}

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    Connected,
    Closed,
    Passes(u64),
    TrunkEvent(u8, Sdp),
    Rtp(Vec<u8>),
    GoodRtp(u8, u16),
    Rtcp(Vec<u8>),
    FromBrowser(Vec<u8>),
    Speech(u16),
    Press,
    Leave(u64),
    ComeBack,
    Restart,
    HangUp,
    ShutDown,
}

#[derive(Debug, Clone, Copy)]
enum Sdp {
    Pcma,
    Opus,
    OnHold,
    Other,
    Garbage,
}

impl Sdp {
    fn text(self) -> String {
        let audio = |media: &str| {
            format!(
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}"
            )
        };
        match self {
            Self::Pcma => {
                audio("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n")
            }
            Self::Opus => {
                audio("m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=ptime:60\r\n")
            }
            Self::OnHold => audio("m=audio 4000 RTP/AVP 8\r\na=inactive\r\n"),
            Self::Other => audio("m=audio 4000 RTP/AVP 18\r\n"),
            Self::Garbage => "v=0\r\nm=audio \0\r\n".to_owned(),
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..80);
    let sdp = prop_oneof![
        4 => Just(Sdp::Pcma),
        2 => Just(Sdp::Opus),
        2 => Just(Sdp::OnHold),
        1 => Just(Sdp::Other),
        1 => Just(Sdp::Garbage),
    ];
    prop_oneof![
        2 => Just(Step::Connected),
        1 => Just(Step::Closed),
        6 => (0_u64..3_000).prop_map(Step::Passes),
        8 => (0_u8..10, sdp).prop_map(|(kind, sdp)| Step::TrunkEvent(kind, sdp)),
        1 => bytes().prop_map(Step::Rtp),
        4 => (prop_oneof![Just(8_u8), Just(101), Just(111), Just(13)], any::<u16>())
            .prop_map(|(kind, seq)| Step::GoodRtp(kind, seq)),
        1 => bytes().prop_map(|mut bytes| {
            bytes.splice(0..0, [0x81, 201, 0, 7]);
            Step::Rtcp(bytes)
        }),
        1 => bytes().prop_map(Step::FromBrowser),
        4 => any::<u16>().prop_map(Step::Speech),
        2 => Just(Step::Press),
        1 => (0_u64..9).prop_map(Step::Leave),
        1 => Just(Step::ComeBack),
        1 => Just(Step::Restart),
        1 => Just(Step::HangUp),
        1 => Just(Step::ShutDown),
    ]
}

struct Shared {
    answerer: Answerer,
    offer: String,
    sounds: Arc<Sounds>,
}

/// Made once: it takes longer than all else.
fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let offer = runtime.block_on(async { Visitor::new().await.unwrap().offer().to_owned() });
        let address = SocketAddr::new(LOOPBACK, 10_000);
        let clock = WallClock::new(Instant::now(), Duration::ZERO);
        Shared {
            answerer: Answerer::new(&[address], &Identity::new().unwrap(), clock),
            offer,
            sounds: Arc::new(Sounds::built_in().unwrap()),
        }
    })
}

fn route(far_side: FarSide) -> Route {
    let destination_id = DestinationId::from_uuid(Uuid::nil());
    Route { destination_id, far_side, ring_timeout: 20 * SECOND, max_duration: HOUR }
}

fn phone() -> Route {
    let target = SipTarget {
        profile_id: DestinationId::from_uuid(Uuid::nil()),
        trunk_id: TrunkId::from_uuid(Uuid::nil()),
        to: Callee::User(SipUser::try_from("100").unwrap()),
        caller: CallerIdentity::default(),
        headers: Vec::new(),
        codecs: CodecPolicy { offer: Codec::ALL.to_vec(), opus_to_browser: false },
        srtp: SrtpPolicy::Off,
        latching: Latching::Signalling,
        session_timer: None,
        open: None,
    };
    route(FarSide::Sip(Box::new(target)))
}

struct Simulation {
    now: Instant,
    bridge: Bridge,
    edge: RecordingEdge,
    signals: mpsc::Receiver<Signal>,
    seen: Vec<Signal>,
}

impl Simulation {
    fn new(routes: Vec<Route>) -> Self {
        Self::with_offer(Instant::now(), routes, &shared().offer).0
    }

    /// A call with the answer to a browser's offer.
    fn with_offer(now: Instant, routes: Vec<Route>, offer: &str) -> (Self, String) {
        let Shared { answerer, sounds, .. } = shared();
        let offer = Offer::parse(offer).unwrap();
        let (leg, answer) = answerer.answer(now, &offer, CodecPreferences::towards(&routes));
        let (sender, signals) = SignalSender::channel();
        let policy = Policy {
            connect_timeout: 15 * SECOND,
            reconnect_after: 5 * SECOND,
            media_timeout: 20 * SECOND,
            leave_grace: 2 * SECOND,
            max_duration: HOUR,
        };
        let setup = BridgeSetup {
            id: CallId::from_uuid(Uuid::nil()),
            routes,
            policy,
            rtp_timeout: 10 * SECOND,
            sounds: Arc::clone(sounds),
            goes_on: None,
            clock: WallClock::new(now, Duration::ZERO),
            sample_every: None,
            signals: sender,
        };
        let bridge = Bridge::new(now, leg, setup);
        let edge = RecordingEdge::default();
        (Self { now, bridge, edge, signals, seen: Vec::new() }, answer)
    }

    /// The shard drops a call as soon as it is over.
    fn step(&mut self, step: Step) {
        if self.bridge.is_over() {
            return;
        }
        let Self { now, bridge, edge, .. } = self;
        let (now, far) = (*now, SocketAddr::new(LOOPBACK, 4_000));
        match step {
            Step::Connected => {
                bridge.control(now, Input::Connected, edge);
                bridge.settle(now, edge);
            }
            Step::Closed => bridge.control(now, Input::Closed, edge),
            Step::Passes(millis) => self.pass(Duration::from_millis(millis)),
            Step::TrunkEvent(kind, sdp) => {
                let sdp = sdp.text();
                let message = match kind {
                    0 | 1 => TrunkEvent::Ringing,
                    2 => TrunkEvent::EarlyMedia { sdp },
                    3 | 4 => answered(sdp),
                    5 => TrunkEvent::Offered { request: OfferId(1), sdp: Some(sdp) },
                    6 => TrunkEvent::Offered { request: OfferId(2), sdp: None },
                    7 => TrunkEvent::OfferAnswered { sdp },
                    8 => TrunkEvent::HungUp { cause: None },
                    _ => TrunkEvent::Failed(FarFailure::Busy),
                };
                bridge.receive_from_trunk(now, message, edge);
            }
            Step::Rtp(mut bytes) => bridge.receive_rtp(now, far, &mut bytes, edge),
            Step::GoodRtp(payload_type, seq) => {
                let timestamp = u32::from(seq) * 160;
                let header = RtpHeader { payload_type, marker: false, seq, timestamp, ssrc: 1 };
                let mut packet = [&header.to_bytes()[..], &[0xD5; 160]].concat();
                bridge.receive_rtp(now, far, &mut packet, edge);
            }
            Step::Rtcp(mut bytes) => bridge.receive_rtcp(now, far, &mut bytes, edge),
            Step::FromBrowser(mut bytes) => {
                bridge.receive(now, by_udp(far), &mut bytes, edge);
            }
            Step::Speech(seq) => {
                let times = crate::media::RtpTimes {
                    seq: 70_000 + u64::from(seq),
                    timestamp: u32::from(seq) * 160,
                    marker: false,
                };
                let codec = if seq % 5 == 0 { Codec::Opus } else { Codec::Pcma };
                let payload = &[0xD5; 160];
                bridge.speech(now, &AudioPacket { ssrc: 2, codec, times, payload }, edge);
                bridge.settle(now, edge);
            }
            Step::Press => bridge.press(now, Digit::STAR, edge),
            Step::Leave(secs) => bridge.suspend(now, Duration::from_secs(secs), edge),
            Step::ComeBack => {
                let Shared { answerer, offer, .. } = shared();
                let offer = Offer::parse(offer).unwrap();
                bridge.resume(now, answerer, &offer, edge);
            }
            Step::Restart => {
                let offer = Offer::parse(&shared().offer).unwrap();
                let _ = bridge.restart(now, &offer, edge);
            }
            Step::HangUp => bridge.hang_up(now, EndReason::UserHangup, edge),
            Step::ShutDown => bridge.shut_down(now, edge),
        }
    }

    /// Lets time pass, stopping at every deadline, as the shard does.
    fn pass(&mut self, by: Duration) {
        let end = self.now + by;
        let mut in_a_row = 0;
        while !self.bridge.is_over() && self.bridge.next_deadline() <= end {
            let at = self.bridge.next_deadline();
            in_a_row = if at > self.now { 0 } else { in_a_row + 1 };
            assert!(in_a_row < 20, "a deadline stays due: {:?}", self.bridge.deadlines(self.now));
            self.now = self.now.max(at);
            self.bridge.tick(self.now, &mut self.edge);
        }
        self.now = end;
        self.listen();
    }

    /// The visitor hangs up, if the call is still there. Either way it has ended once, and so have
    /// the dialogs of its far sides.
    fn end(&mut self) {
        self.step(Step::HangUp);
        self.pass(Duration::ZERO);
        let terminal: Vec<&Signal> = self.seen.iter().filter(|s| s.is_terminal()).collect();
        assert_eq!(terminal.len(), 1, "{:?}", self.seen);
        assert!(self.seen.last().is_some_and(Signal::is_terminal));
        for dialog in &self.edge.dialogs {
            assert!(matches!(dialog.first(), Some(TrunkCommand::Invite { .. })));
            let is_end = |message: &TrunkCommand| {
                matches!(message, TrunkCommand::Cancel | TrunkCommand::Bye { .. })
            };
            let ends = dialog.iter().filter(|message| is_end(message)).count();
            assert!(ends <= 1, "{dialog:?}");
            // Nothing follows it.
            assert!(ends == 0 || dialog.last().is_some_and(is_end), "{dialog:?}");
        }
    }

    fn listen(&mut self) {
        while let Ok(signal) = self.signals.try_recv() {
            self.seen.push(signal);
        }
    }
}

impl Bridge {
    fn deadlines(&self, now: Instant) -> [Option<Duration>; 4] {
        let connection = self.browser.is_some().then_some(self.browser_deadline);
        let report = self.browser.as_ref().and_then(WebRtcLeg::next_report);
        [connection, report, self.control.next_deadline(), self.far_side.next_deadline()]
            .map(|at| at.map(|at| at.saturating_duration_since(now)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_call_ends_once_and_takes_leave_of_every_far_side_once(
        steps in proptest::collection::vec(any_step(), 0..50),
        overflows in 0_usize..3,
        to_demo: bool,
    ) {
        run_to_the_end(steps, overflows, to_demo);
    }
}

fn run_to_the_end(steps: Vec<Step>, overflows: usize, to_demo: bool) {
    let mut routes = vec![phone(); overflows + 1];
    if to_demo {
        routes.push(route(FarSide::Demo));
    }
    let mut call = Simulation::new(routes);
    call.step(Step::Connected);
    for step in steps {
        call.step(step);
        call.pass(Duration::from_millis(7));
    }
    call.end();
}

#[test]
fn a_far_side_that_the_call_gives_up_is_told_so_and_one_that_gave_up_is_not() {
    let mut call = Simulation::new(vec![phone(), phone()]);
    call.step(Step::Connected);
    call.step(Step::TrunkEvent(2, Sdp::Pcma));
    // Nobody answers in time.
    for _ in 0..21 {
        call.bridge.control(call.now, Input::Heard, &mut call.edge);
        call.pass(SECOND);
    }
    assert!(matches!(call.edge.dialogs[0].last(), Some(TrunkCommand::Cancel)));
    call.bridge.receive_from_trunk(call.now, TrunkEvent::Failed(FarFailure::Busy), &mut call.edge);
    assert_eq!(call.edge.dialogs[1].len(), 1);
    call.pass(Duration::ZERO);
    let busy = Signal::Failed(ErrorCode::DestinationBusy);
    assert_eq!(call.seen.last(), Some(&busy));
}

#[test]
fn a_rehearsed_refusal_ends_a_call_as_a_trunks_would_and_lets_it_overflow() {
    let trunk_id = Some(TrunkId::from_uuid(uuid::Uuid::nil()));
    let refusing = |status| route(FarSide::Refusing { status, trunk_id });
    for (status, code) in
        [(486, ErrorCode::DestinationBusy), (503, ErrorCode::DestinationUnreachable)]
    {
        let mut call = Simulation::new(vec![refusing(status)]);
        call.step(Step::Connected);
        call.pass(Duration::ZERO);
        assert_eq!(call.seen.last(), Some(&Signal::Failed(code)));
        let said = call.seen.iter().find_map(|signal| match signal {
            Signal::Rejected(failure) => failure.status,
            _ => None,
        });
        assert_eq!(said, Some(status));
        assert!(call.edge.dialogs.is_empty(), "a trunk was called");
    }
    let mut call = Simulation::new(vec![refusing(486), phone()]);
    call.step(Step::Connected);
    call.pass(Duration::ZERO);
    assert_eq!(call.edge.dialogs.len(), 1, "the next profile is called");
}

#[test]
fn the_browser_is_asked_for_a_telephones_voice_where_nobody_hears_more() {
    let telephone = || {
        let mut route = phone();
        if let FarSide::Sip(target) = &mut route.far_side {
            target.codecs = CodecPolicy { opus_to_browser: true, ..CodecPolicy::default() };
        }
        route
    };
    let is_asked = |routes| {
        let offer = &shared().offer;
        let (mut call, answer) = Simulation::with_offer(Instant::now(), routes, offer);
        let (answerer, offer) = (&shared().answerer, Offer::parse(offer).unwrap());
        let asked = answer.contains("maxplaybackrate=8000");
        // Who comes back is asked for the same.
        let again = call.bridge.resume(call.now, answerer, &offer, &mut call.edge);
        assert_eq!(again.contains("maxplaybackrate=8000"), asked);
        asked
    };
    assert!(is_asked(vec![telephone()]));
    assert!(is_asked(vec![telephone(), telephone()]));
    assert!(!is_asked(vec![phone()]));
    assert!(!is_asked(vec![telephone(), phone()]));
    assert!(!is_asked(vec![telephone(), route(FarSide::Demo)]));
}
