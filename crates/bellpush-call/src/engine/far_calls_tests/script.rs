//! A telephone and its trunk, by a script: what the calls are tested with.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use bellpush_core::{
    events::EndReason,
    ids::{DestinationId, TrunkId},
    trunk::{DialogSnapshot, Hop, Transport},
};
use bellpush_srtp::{RtpHeader, RtpPacket};
use bellpush_test_support::visitor::{HeardPacket, Visitor, VisitorCall};
use tokio::{net::UdpSocket, sync::mpsc, time};
use uuid::Uuid;

use super::*;
use crate::{
    Callee, CallerIdentity, Codec, CodecPolicy, FarSide, Latching, PlaceCall, Placed, Route,
    Signal, SipTarget, SipUser, SrtpPolicy,
    engine::dial::{Dialer, TrunkEventSender},
    trunk::{TrunkCommand, TrunkEvent},
};

pub(super) const SOON: Duration = Duration::from_secs(20);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(super) const SIP_CALL_ID: &str = "4711@192.0.2.1";
pub(super) const USER_HANGUP: Signal = Signal::Ended(EndReason::UserHangup);

/// A trunk that hands its calls to the test.
pub(super) struct Script(mpsc::UnboundedSender<Dialog>);

impl Dialer for Script {
    fn open(&self, events: TrunkEventSender) -> mpsc::Sender<TrunkCommand> {
        let (sender, orders) = mpsc::channel(crate::trunk::QUEUE);
        self.0.send(Dialog { events, orders }).unwrap();
        sender
    }
}

/// One call, as its trunk sees it.
pub(super) struct Dialog {
    pub(super) events: TrunkEventSender,
    pub(super) orders: mpsc::Receiver<TrunkCommand>,
}

impl Dialog {
    pub(super) async fn next(&mut self) -> Option<TrunkCommand> {
        time::timeout(SOON, self.orders.recv()).await.expect("the call says nothing")
    }

    /// Where the call takes media, by its offer.
    pub(super) async fn invited(&mut self) -> SocketAddr {
        let Some(TrunkCommand::Invite { sdp, .. }) = self.next().await else {
            panic!("that is no INVITE")
        };
        let port = sdp.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        let port = port.split(' ').next().unwrap().parse().unwrap();
        SocketAddr::new(LOOPBACK, port)
    }
}

/// A telephone's media.
pub(super) struct Phone {
    pub(super) rtp: UdpSocket,
    pub(super) to: SocketAddr,
    pub(super) seq: u16,
    pub(super) timestamp: u32,
    pub(super) payload_type: u8,
    pub(super) codec: Codec,
    pub(super) ssrc: u32,
}

impl Phone {
    pub(super) async fn of(codec: Codec, to: SocketAddr) -> Self {
        let rtp = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let payload_type = codec.static_payload_type().unwrap_or(111);
        Self { rtp, to, seq: 65_500, timestamp: u32::MAX - 2_000, payload_type, codec, ssrc: 7 }
    }

    pub(super) fn sdp(&self, direction: &str) -> String {
        let port = self.rtp.local_addr().unwrap().port();
        let (pt, clock) = (self.payload_type, self.codec.clock_rate());
        let channels = if self.codec == Codec::Opus { "/2" } else { "" };
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {pt} 101\r\na=rtpmap:{pt} {}/{clock}{channels}\r\n\
             a=rtpmap:101 telephone-event/{clock}\r\na={direction}\r\n",
            self.codec.name()
        )
    }

    pub(super) fn answers(&self) -> TrunkEvent {
        TrunkEvent::Answered { sdp: self.sdp("sendrecv"), call_id: SIP_CALL_ID.into() }
    }

    /// Sends packets, one every 20 ms.
    pub(super) async fn say(&mut self, payloads: impl IntoIterator<Item = Vec<u8>>) {
        let mut pace = time::interval(Duration::from_millis(20));
        for payload in payloads {
            pace.tick().await;
            let header = RtpHeader {
                payload_type: self.payload_type,
                marker: false,
                seq: self.seq,
                timestamp: self.timestamp,
                ssrc: self.ssrc,
            };
            self.seq = self.seq.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(self.codec.clock_rate() / 50);
            let packet = [&header.to_bytes()[..], &payload].concat();
            self.rtp.send_to(&packet, self.to).await.unwrap();
        }
    }

    /// What comes next.
    pub(super) async fn hear(&self) -> (RtpHeader, Vec<u8>) {
        let mut buffer = [0; 2_000];
        let received = time::timeout(SOON, self.rtp.recv_from(&mut buffer)).await;
        let (length, _) = received.expect("the telephone hears nothing").unwrap();
        let packet = RtpPacket::parse(&buffer[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }
}

pub(super) struct Test {
    pub(super) engine: Engine,
    pub(super) dialogs: mpsc::UnboundedReceiver<Dialog>,
}

pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) visitor: VisitorCall,
    pub(super) signals: mpsc::Receiver<Signal>,
    pub(super) answer: String,
}

/// A call whose browser has not taken the answer yet.
pub(super) struct Offered {
    pub(super) id: CallId,
    pub(super) visitor: Visitor,
    pub(super) placed: Placed,
}

impl Offered {
    pub(super) fn connect(self) -> Call {
        let Self { id, visitor, placed: Placed { answer, signals } } = self;
        let visitor = visitor.accept(&answer).unwrap();
        Call { id, visitor, signals, answer }
    }
}

impl Test {
    pub(super) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut EngineConfig)) -> Self {
        let mut config = EngineConfig::new(SocketAddr::new(LOOPBACK, 0));
        config.rtp_bind = LOOPBACK;
        // Tests run beside each other.
        let first = rand::random_range(200_u16..279) * 100;
        config.rtp_ports = first..=first + 2_000;
        change(&mut config);
        let (sender, dialogs) = mpsc::unbounded_channel();
        Self { engine: Engine::start_with(config, Arc::new(Script(sender))).unwrap(), dialogs }
    }

    pub(super) async fn call(&self, routes: Vec<Route>) -> Call {
        self.place(routes, None).await.connect()
    }

    /// A call that comes from another server.
    pub(super) async fn goes_on(&self, route: Route, former: Former) -> Call {
        self.place(vec![route], Some(former)).await.connect()
    }

    pub(super) async fn place(&self, routes: Vec<Route>, former: Option<Former>) -> Offered {
        let id = CallId::from_uuid(Uuid::now_v7());
        let visitor = Visitor::new().await.unwrap();
        let offer = visitor.offer().to_owned();
        let place = PlaceCall { call_id: id, offer, routes, max_duration: HOUR, former };
        let placed = self.engine.place(place).await.unwrap();
        Offered { id, visitor, placed }
    }

    pub(super) async fn dialog(&mut self) -> Dialog {
        time::timeout(SOON, self.dialogs.recv()).await.expect("nobody is called").unwrap()
    }

    /// A call that a telephone has answered.
    pub(super) async fn answered(&mut self, route: Route, codec: Codec) -> (Call, Dialog, Phone) {
        let mut call = self.call(vec![route]).await;
        let mut dialog = self.dialog().await;
        let phone = Phone::of(codec, dialog.invited().await).await;
        dialog.events.send(phone.answers()).await;
        assert_eq!(call.next().await, Some(Signal::Connecting));
        assert_eq!(call.next().await, Some(Signal::Connected));
        (call, dialog, phone)
    }

    pub(super) async fn is_empty(&self) {
        time::timeout(SOON, async {
            while self.engine.live_calls() > 0 {
                time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("calls are left");
    }
}

impl Call {
    /// The next signal, but for who answered.
    pub(super) async fn next(&mut self) -> Option<Signal> {
        loop {
            let signal = time::timeout(SOON, self.signals.recv()).await.expect("no signal came");
            if !matches!(signal, Some(Signal::Answered(_) | Signal::Network(_))) {
                return signal;
            }
        }
    }

    /// The rest of the signals, but for the quality, which has to come right before the last.
    pub(super) async fn rest(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        while let Some(signal) = self.next().await {
            signals.push(signal);
        }
        let quality = signals.len().checked_sub(2).map(|at| signals.remove(at));
        assert!(matches!(quality, Some(Signal::Quality(_))), "{quality:?}");
        signals
    }
}

pub(super) fn to_phone(codecs: &[Codec]) -> Route {
    let target = SipTarget {
        profile_id: DestinationId::from_uuid(Uuid::nil()),
        trunk_id: TrunkId::from_uuid(Uuid::now_v7()),
        to: Callee::User(SipUser::try_from("100").unwrap()),
        caller: CallerIdentity::default(),
        headers: Vec::new(),
        codecs: CodecPolicy { offer: codecs.to_vec(), opus_to_browser: false },
        srtp: SrtpPolicy::Off,
        latching: Latching::Signalling,
        session_timer: None,
        open: None,
    };
    route(FarSide::Sip(Box::new(target)))
}

pub(super) fn with_open_dialog(mut route: Route) -> Route {
    if let FarSide::Sip(target) = &mut route.far_side {
        let address = SocketAddr::new(LOOPBACK, 5_060);
        target.open = Some(Box::new(DialogSnapshot {
            sip_call_id: SIP_CALL_ID.into(),
            local: "<sip:us@h>;tag=1".into(),
            remote: "<sip:them@h>;tag=2".into(),
            remote_target: "sip:them@h".into(),
            goes_by_hop: false,
            remote_source: None,
            routes: Vec::new(),
            cseq: 10_001,
            remote_cseq: None,
            user: "us".into(),
            hop: Hop { address, transport: Transport::Udp, name: "h".into() },
            origin: None,
            media_lines: Vec::new(),
            session_seconds: None,
        }));
    }
    route
}

pub(super) fn with_opus_to_browser(mut route: Route) -> Route {
    if let FarSide::Sip(target) = &mut route.far_side {
        target.codecs.opus_to_browser = true;
    }
    route
}

pub(super) fn route(far_side: FarSide) -> Route {
    let destination_id = DestinationId::from_uuid(Uuid::now_v7());
    Route { destination_id, far_side, ring_timeout: HOUR, max_duration: HOUR }
}

/// Packets of 160 bytes that can be told apart.
pub(super) fn numbered(count: u8) -> Vec<Vec<u8>> {
    (1..=count).map(|n| vec![n; 160]).collect()
}

pub(super) fn is_continuous(packets: &[HeardPacket], samples: u32) {
    for pair in packets.windows(2) {
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
        assert_eq!(pair[1].seq, pair[0].seq + 1);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), samples);
    }
}
