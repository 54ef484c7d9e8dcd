//! A visitor without a browser: makes an offer, takes the answer, speaks and listens over real UDP.
//!
//! For tests across crates and for the load generator. Where no UDP gets through it speaks TCP. It behaves like a browser with one audio
//! track: full ICE, DTLS, Opus, G.711 and telephone-event, RTP taken in and sent as packets. It
//! speaks the first codec of the answer.

mod tcp;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive, TcpType},
    rtp::RtpWrite,
};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot, watch},
    time,
};

const FRAME: Duration = Duration::from_millis(20);
/// Opus: one empty frame of 20 ms, mono, which decodes to silence.
const OPUS_SILENCE: [u8; 1] = [0b1111_1000];
/// 20 ms of G.711, which needs no compression to be silent.
const PCMA_SILENCE: [u8; 160] = [0xD5; 160];
const PCMU_SILENCE: [u8; 160] = [0xFF; 160];
/// A key is held for this many frames of 20 ms.
const PRESS_FRAMES: u16 = 5;
/// The keys in the order of their RFC 4733 event codes.
const KEYS: &str = "0123456789*#ABCD";

/// A visitor who has made an offer and waits for the answer.
pub struct Visitor {
    rtc: Rtc,
    socket: UdpSocket,
    mid: Mid,
    pending: SdpPendingOffer,
    offer: String,
    over_tcp: bool,
}

/// A visitor in a call.
pub struct VisitorCall {
    orders: mpsc::UnboundedSender<Order>,
    heard: watch::Receiver<Heard>,
    local: SocketAddr,
}

/// What a visitor has come to know.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Whether media can flow.
    pub connected: bool,
    /// Whether the far end closed the connection.
    pub closed: bool,
    /// All RTP packets, in the order of their arrival.
    pub packets: Vec<HeardPacket>,
}

/// A packet of RTP.
#[derive(Debug, Clone)]
pub struct HeardPacket {
    /// When it arrived.
    pub at: Instant,
    /// Its stream.
    pub ssrc: u32,
    /// The sequence number, extended over its 16 bits.
    pub seq: u64,
    /// The timestamp.
    pub timestamp: u32,
    /// Whether it starts a talk spurt.
    pub marker: bool,
    /// The codec, by its payload type in the answer.
    pub payload_type: u8,
    /// What it holds.
    pub payload: Arc<[u8]>,
}

enum Order {
    Say(Vec<Arc<[u8]>>),
    Press(u8),
    Vanish,
    ComeBack,
    SendRaw(Vec<u8>),
    FallSilent,
    MoveOn(oneshot::Sender<String>),
    Accept(String),
    Close,
}

/// How a visitor reaches the far end.
enum Net {
    Udp(UdpSocket),
    Tcp(tcp::Net),
}

impl Net {
    fn protocol(&self) -> Protocol {
        match self {
            Self::Udp(_) => Protocol::Udp,
            Self::Tcp(_) => Protocol::Tcp,
        }
    }

    /// Can be given up before it is ready without losing anything.
    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::Udp(socket) => socket.recv_from(buffer).await,
            Self::Tcp(net) => net.receive(buffer).await,
        }
    }

    /// As on any network, what can't be sent is lost.
    async fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        match self {
            Self::Udp(socket) => {
                let _ = socket.send_to(datagram, to).await;
            }
            Self::Tcp(net) => net.send(datagram),
        }
    }
}

impl Visitor {
    /// A visitor on the loopback address who offers one audio track.
    ///
    /// # Errors
    /// The socket can't be opened.
    pub async fn new() -> anyhow::Result<Self> {
        Self::at(Ipv4Addr::LOCALHOST.into()).await
    }

    /// A visitor on this address of the machine.
    ///
    /// # Errors
    /// The socket can't be opened.
    pub async fn at(ip: IpAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((ip, 0)).await.context("the visitor's socket")?;
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_pcmu(true, false)
            .enable_pcma(true, false);
        config.codec_config().add_config(
            110.into(),
            None,
            Codec::Tele,
            Frequency::FORTY_EIGHT_KHZ,
            None,
            FormatParams::parse_line("0-16"),
        );
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(socket.local_addr()?, "udp")?);
        let mut changes = rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().context("no offer was made")?;
        Ok(Self { rtc, socket, mid, pending, offer: offer.to_sdp_string(), over_tcp: false })
    }

    /// Whoever accepts the answer from now on reaches the far end by TCP alone.
    #[must_use]
    pub fn without_udp(mut self) -> Self {
        self.over_tcp = true;
        self
    }

    /// The SDP offer.
    #[must_use]
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// Takes the SDP answer: from now on the visitor connects and sends silence every 20 ms.
    ///
    /// # Errors
    /// The answer is not usable, or has no codec for speech or no telephone-event.
    pub fn accept(self, answer: &str) -> anyhow::Result<VisitorCall> {
        let Self { mut rtc, socket, mid, pending, over_tcp, .. } = self;
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        let negotiated = rtc.media(mid).context("the audio track is gone")?.remote_pts().to_vec();
        let payload_type = |codec| {
            let params = rtc
                .codec_config()
                .find(|params| params.spec().codec == codec && negotiated.contains(&params.pt()));
            params.map(str0m::format::PayloadParams::pt)
        };
        let voice = negotiated.iter().find_map(|pt| {
            let params = rtc.codec_config().find(|params| params.pt() == *pt)?;
            Voice::of(params.spec().codec, *pt)
        });
        let voice = voice.context("the answer has no codec for speech")?;
        let keypad = payload_type(Codec::Tele).context("the answer has no telephone-event")?;
        let (net, local) = if over_tcp {
            let net = tcp::Net::connect(answer)?;
            let local = net.local();
            let candidate = Candidate::builder().tcp().host(local).tcptype(TcpType::Active);
            rtc.add_local_candidate(candidate.build()?);
            (Net::Tcp(net), local)
        } else {
            let local = socket.local_addr()?;
            (Net::Udp(socket), local)
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        let (heard_sender, heard) = watch::channel(Heard::default());
        let line = Line {
            rtc,
            net,
            pending: None,
            local,
            far_end: local,
            mid,
            voice,
            keypad,
            seq: 1_000,
            timestamp: 50_000,
            to_say: Vec::new().into_iter(),
            pressing: None,
            vanished: false,
            silent: false,
            heard: heard_sender,
        };
        tokio::spawn(line.run(inbox));
        Ok(VisitorCall { orders, heard, local })
    }
}

impl VisitorCall {
    /// The address that the visitor sends from.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Sends these packets of the codec that is spoken, one every 20 ms, in place of silence.
    pub fn say(&self, frames: impl IntoIterator<Item = Vec<u8>>) {
        self.order(Order::Say(frames.into_iter().map(Arc::from).collect()));
    }

    /// Presses a key for 100 ms.
    ///
    /// # Errors
    /// It is not a key of a telephone.
    pub fn press(&self, key: char) -> anyhow::Result<()> {
        let Some((code, _)) = (0_u8..).zip(KEYS.chars()).find(|(_, k)| *k == key) else {
            bail!("{key:?} is not a key");
        };
        self.order(Order::Press(code));
        Ok(())
    }

    /// Gets a new address, and the offer of an ICE restart for it. Nothing that comes to the old one
    /// is taken in any more.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn move_on(&self) -> anyhow::Result<String> {
        let (reply, offer) = oneshot::channel();
        self.order(Order::MoveOn(reply));
        offer.await.context("the visitor's task ended")
    }

    /// Takes the answer to [`VisitorCall::move_on`]'s offer.
    pub fn accept_restart(&self, answer: &str) {
        self.order(Order::Accept(answer.to_owned()));
    }

    /// Neither sends nor takes in anything from now on, as a network that is cut.
    pub fn vanish(&self) {
        self.order(Order::Vanish);
    }

    /// The network is back.
    pub fn come_back(&self) {
        self.order(Order::ComeBack);
    }

    /// Sends no packets of sound any more, only what keeps the connection.
    pub fn fall_silent(&self) {
        self.order(Order::FallSilent);
    }

    /// Sends these bytes from the visitor's address, whatever they are, even when it has vanished.
    pub fn send_raw(&self, datagram: Vec<u8>) {
        self.order(Order::SendRaw(datagram));
    }

    /// Closes the connection as a browser does.
    pub fn close(&self) {
        self.order(Order::Close);
    }

    /// What was heard up to now.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Waits until what was heard fulfils the condition.
    ///
    /// # Errors
    /// It did not within this time.
    pub async fn wait_until(
        &mut self,
        within: Duration,
        condition: impl FnMut(&Heard) -> bool,
    ) -> anyhow::Result<()> {
        let fulfilled = time::timeout(within, self.heard.wait_for(condition))
            .await
            .map(|heard| heard.map(drop).context("the visitor's task ended"));
        fulfilled.unwrap_or_else(|_| {
            let heard = self.heard.borrow();
            bail!(
                "not heard within {within:?} (connected: {}, closed: {}, packets: {})",
                heard.connected,
                heard.closed,
                heard.packets.len()
            )
        })
    }

    fn order(&self, order: Order) {
        // Whoever has closed the connection does nothing more.
        let _ = self.orders.send(order);
    }
}

/// The visitor's end of the connection.
struct Line {
    rtc: Rtc,
    net: Net,
    /// An offer whose answer is waited for.
    pending: Option<SdpPendingOffer>,
    local: SocketAddr,
    /// Where it sent to last.
    far_end: SocketAddr,
    mid: Mid,
    voice: Voice,
    keypad: Pt,
    seq: u64,
    timestamp: u32,
    to_say: std::vec::IntoIter<Arc<[u8]>>,
    pressing: Option<Press>,
    vanished: bool,
    silent: bool,
    heard: watch::Sender<Heard>,
}

/// What a visitor speaks.
#[derive(Debug, Clone, Copy)]
struct Voice {
    payload_type: Pt,
    frame_samples: u32,
    silence: &'static [u8],
}

impl Voice {
    fn of(codec: Codec, payload_type: Pt) -> Option<Self> {
        let (frame_samples, silence) = match codec {
            Codec::Opus => (960, &OPUS_SILENCE[..]),
            Codec::PCMA => (160, &PCMA_SILENCE[..]),
            Codec::PCMU => (160, &PCMU_SILENCE[..]),
            _ => return None,
        };
        Some(Self { payload_type, frame_samples, silence })
    }
}

/// A key that is held down.
struct Press {
    code: u8,
    start: u32,
    frames: u16,
    /// How many times the last packet was sent.
    ends: u8,
}

impl Line {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut frames = time::interval(FRAME);
        let mut buffer = vec![0; 2_000];
        while let Ok(wake) = self.drain().await {
            if !self.rtc.is_alive() {
                break;
            }
            let now = tokio::select! {
                received = self.net.receive(&mut buffer) => {
                    let now = Instant::now();
                    if let Ok((length, source)) = received
                        && !self.vanished
                        && let Some(datagram) = buffer.get(..length)
                        && let Ok(receive) =
                            Receive::new(self.net.protocol(), source, self.local, datagram)
                    {
                        // What the connection does not take is what a browser would drop.
                        let _ = self.rtc.handle_input(Input::Receive(now, receive));
                    }
                    continue;
                }
                _ = frames.tick(), if !self.silent => {
                    self.send_frame();
                    continue;
                }
                order = inbox.recv() => {
                    match order {
                        Some(Order::Say(frames)) => self.to_say = frames.into_iter(),
                        Some(Order::Press(code)) => {
                            let start = self.timestamp;
                            self.pressing = Some(Press { code, start, frames: 0, ends: 0 });
                        }
                        Some(Order::Vanish) => self.vanished = true,
                        Some(Order::ComeBack) => self.vanished = false,
                        Some(Order::FallSilent) => self.silent = true,
                        Some(Order::SendRaw(datagram)) => {
                            self.net.send(&datagram, self.far_end).await;
                        }
                        Some(Order::MoveOn(reply)) => match self.move_on().await {
                            Ok(offer) => drop(reply.send(offer)),
                            Err(_) => break,
                        },
                        Some(Order::Accept(answer)) => {
                            if self.accept(&answer).is_err() {
                                break;
                            }
                        }
                        Some(Order::Close) | None => {
                            if self.rtc.close().is_err() {
                                break;
                            }
                        }
                    }
                    continue;
                }
                () = time::sleep_until(wake.into()) => Instant::now(),
            };
            if self.rtc.handle_input(Input::Timeout(now)).is_err() {
                break;
            }
        }
        // Nobody in the far end's place speaks to a socket that is gone.
        self.heard.send_modify(|heard| heard.closed = true);
    }

    async fn drain(&mut self) -> anyhow::Result<Instant> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(transmit) => {
                    if !self.vanished {
                        self.far_end = transmit.destination;
                        self.net.send(&transmit.contents, transmit.destination).await;
                    }
                }
                Output::Event(Event::Connected) => {
                    self.heard.send_modify(|heard| heard.connected = true);
                }
                Output::Event(Event::Closed) => {
                    self.heard.send_modify(|heard| heard.closed = true);
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let packet = HeardPacket {
                        at: packet.timestamp,
                        ssrc: *packet.header.ssrc,
                        seq: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        marker: packet.header.marker,
                        payload_type: *packet.header.payload_type,
                        payload: packet.payload,
                    };
                    self.heard.send_modify(|heard| heard.packets.push(packet));
                }
                Output::Event(_) => {}
            }
        }
    }

    async fn move_on(&mut self) -> anyhow::Result<String> {
        let socket = UdpSocket::bind((self.local.ip(), 0)).await?;
        self.local = socket.local_addr()?;
        self.net = Net::Udp(socket);
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(false);
        let (offer, pending) = changes.apply().context("no offer was made")?;
        self.pending = Some(pending);
        Ok(offer.to_sdp_string())
    }

    fn accept(&mut self, answer: &str) -> anyhow::Result<()> {
        let pending = self.pending.take().context("there is no offer")?;
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        self.rtc.add_local_candidate(Candidate::host(self.local, "udp")?);
        Ok(())
    }

    /// Sends 20 ms of speech, silence, or a key that is held.
    fn send_frame(&mut self) {
        if !self.rtc.is_connected() || self.vanished {
            return;
        }
        let now = Instant::now();
        let (payload_type, timestamp, marker, payload) = match &mut self.pressing {
            Some(press) => {
                press.frames = (press.frames + 1).min(PRESS_FRAMES);
                let ended = press.frames == PRESS_FRAMES;
                let [high, low] = (press.frames * 960).to_be_bytes();
                let flags = if ended { 0x8A } else { 0x0A };
                let payload: Arc<[u8]> = Arc::new([press.code, flags, high, low]);
                let packet = (self.keypad, press.start, press.frames == 1, payload);
                press.ends += u8::from(ended);
                if press.ends == 3 {
                    self.pressing = None;
                }
                packet
            }
            None => {
                let payload = self.to_say.next().unwrap_or_else(|| self.voice.silence.into());
                (self.voice.payload_type, self.timestamp, false, payload)
            }
        };
        let seq = self.seq;
        self.seq += 1;
        self.timestamp = self.timestamp.wrapping_add(self.voice.frame_samples);
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(self.mid, None) {
            let packet = RtpWrite::new(payload_type, seq.into(), timestamp, now, payload);
            stream.write_rtp(packet.marker(marker));
        }
    }
}
