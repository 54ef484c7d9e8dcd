//! A visitor without a browser: makes an offer, takes the answer, speaks and listens over real UDP.
//!
//! For tests across crates and for the load generator. It behaves like a browser with one audio
//! track: full ICE, DTLS, Opus, G.711 and telephone-event, RTP taken in and sent as packets. It
//! speaks the first codec of the answer, and TCP where no UDP gets through.

mod line;
mod tcp;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use line::{Line, Voice};
use str0m::{
    Candidate, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid},
    net::{Protocol, TcpType},
};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot, watch},
    time,
};

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
        let line = Line::new(rtc, net, local, mid, voice, keypad, heard_sender);
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
