//! The browsers: WebRTC ends with real ICE, DTLS and SRTP, all on one thread.
//!
//! str0m connects them; what they say and hear goes past it, as the load shall take less than what it
//! measures.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bellpush_srtp::{
    RTP_HEADER_LEN, RtpHeader, RtpPacket, SeqExtender, SrtpError, SrtpKeys, SrtpReceiver,
    SrtpSender, is_rtcp,
};
use str0m::{
    Candidate, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpPendingOffer},
    config::DtlsCert,
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid},
    net::{Protocol, Receive},
};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

use super::{
    flood::{FLOODER, Flood},
    overheard,
    stream::{Beginnings, Receipt, Tally, read_stamp, stamp},
    voice,
    wire::{self, Net, Received, Wire},
};

const FRAME: Duration = Duration::from_millis(20);
/// What an Opus packet of this kind begins with: hybrid, 20 ms, mono.
const OPUS_KIND: u8 = 0b0111_1000;
const OPUS_BYTES: usize = 80;
const G711_BYTES: usize = 160;

/// An offer that waits for its answer.
pub(super) struct Pending {
    rtc: Rtc,
    mid: Mid,
    changes: SdpPendingOffer,
    end: usize,
    local: SocketAddr,
    pub(super) offer: String,
}

/// An end that is in a call.
pub(super) struct Caller {
    rtc: Rtc,
    /// When the connection wants to be told the time.
    rtc_due: Instant,
    stream: Stream,
    media: Option<Media>,
    /// Where the connection sent to last.
    server: Option<SocketAddr>,
    local: SocketAddr,
    end: usize,
    receipt: Receipt,
    heard: Option<oneshot::Sender<()>>,
}

/// What it sends.
struct Stream {
    payload_type: u8,
    opus: bool,
    /// Whether the server asked for the telephone's band alone.
    narrow: bool,
    ssrc: u32,
    seq: u64,
    timestamp: u32,
    /// The packet that goes out next is written here.
    packet: Vec<u8>,
}

/// What it has once it is connected.
struct Media {
    sender: SrtpSender,
    receiver: SrtpReceiver,
    seqs: SeqExtender,
}

impl Media {
    fn new(keys: &SrtpKeys) -> Result<Self, SrtpError> {
        Ok(Self {
            sender: SrtpSender::new(&keys.ours)?,
            receiver: SrtpReceiver::new(&keys.theirs)?,
            seqs: SeqExtender::default(),
        })
    }
}

pub(super) enum Order {
    Add(Box<Caller>),
    /// Counts begin, or begin anew; those of one caller are left out.
    Begin {
        but: Option<usize>,
    },
    Collect(oneshot::Sender<Tally>),
    /// One caller sends so many packets a second.
    Flood(u32),
    /// It does so no longer; the answer is how many it sent in a second.
    EndFlood(oneshot::Sender<f64>),
    Stop,
}

/// Makes offers.
pub(super) struct Offerer {
    config: RtcConfig,
    net: Net,
    port: u16,
}

/// The port of all callers, known before their thread runs.
pub(super) struct Callers {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) offerer: Offerer,
    thread: std::thread::JoinHandle<()>,
}

impl Callers {
    /// `speak`: whether they send a voice, whose beginnings they tell, instead of stamps.
    pub(super) fn start(net: Net, speak: bool, began: Beginnings) -> anyhow::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (port_sender, port) = std::sync::mpsc::channel();
        let mut voice = Voice { wide: Vec::new(), narrow: Vec::new(), began };
        if speak {
            voice.wide = voice::opus(16_000, 32_000)?;
            voice.narrow = voice::opus(8_000, 24_000)?;
        }
        let thread = std::thread::Builder::new().name("callers".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(wire) = Wire::open(net) {
                    let _ = port_sender.send(wire.port());
                    run(wire, inbox, &voice).await;
                }
            });
        })?;
        let port = port.recv().context("the callers' socket can't be opened")?;
        Ok(Self { orders, offerer: Offerer::new(net, port)?, thread })
    }

    pub(super) fn stop(self) {
        let _ = self.orders.send(Order::Stop);
        let _ = self.thread.join();
    }
}

impl Offerer {
    fn new(net: Net, port: u16) -> anyhow::Result<Self> {
        let provider = Arc::new(overheard::provider());
        // One for all: making one takes longer than all the rest of a call's set-up.
        let certificate: DtlsCert =
            provider.dtls_provider.generate_certificate().context("no certificate")?;
        let mut config = Rtc::builder()
            .set_crypto_provider(provider)
            .set_dtls_cert(certificate)
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
            FormatParams::parse_line("0-15"),
        );
        Ok(Self { config, net, port })
    }

    pub(super) fn offer(&self, end: usize) -> anyhow::Result<Pending> {
        let mut rtc = self.config.clone().build(Instant::now());
        let local = SocketAddr::new(wire::address(self.net, end), self.port);
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let mut changes = rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, changes) = changes.apply().context("no offer was made")?;
        Ok(Pending { rtc, mid, changes, end, local, offer: offer.to_sdp_string() })
    }
}

impl Pending {
    /// Takes the answer. `heard` is told when the first packet of sound comes.
    pub(super) fn accept(self, answer: &str, heard: oneshot::Sender<()>) -> anyhow::Result<Caller> {
        let Self { mut rtc, mid, changes, end, local, .. } = self;
        rtc.sdp_api().accept_answer(changes, SdpAnswer::from_sdp_string(answer)?)?;
        let negotiated = rtc.media(mid).context("the audio track is gone")?.remote_pts().to_vec();
        let (pt, codec) = negotiated
            .iter()
            .find_map(|pt| {
                let params = rtc.codec_config().find(|params| params.pt() == *pt)?;
                let codec = params.spec().codec;
                matches!(codec, Codec::Opus | Codec::PCMA | Codec::PCMU).then_some((*pt, codec))
            })
            .context("the answer has no codec for speech")?;
        let ssrc = rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| *stream.ssrc());
        let stream = Stream {
            payload_type: *pt,
            opus: codec == Codec::Opus,
            narrow: answer.contains("maxplaybackrate=8000"),
            ssrc: ssrc.context("there is nothing to send by")?,
            seq: 1_000,
            timestamp: 0,
            packet: Vec::new(),
        };
        Ok(Caller {
            rtc,
            rtc_due: Instant::now(),
            stream,
            media: None,
            server: None,
            local,
            end,
            receipt: Receipt::default(),
            heard: Some(heard),
        })
    }
}

/// What is said in place of stamps; no packets where stamps are sent.
struct Voice {
    wide: Vec<Vec<u8>>,
    /// For a far side that asks for it.
    narrow: Vec<Vec<u8>>,
    began: Beginnings,
}

async fn run(mut wire: Wire, mut inbox: mpsc::UnboundedReceiver<Order>, voice: &Voice) {
    let mut callers: Vec<Option<Caller>> = Vec::new();
    let mut due: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
    let mut tally = Tally::default();
    let mut left_out = None;
    let mut flood: Option<Flood> = None;
    loop {
        while let Ok(order) = inbox.try_recv() {
            match order {
                Order::Add(caller) => {
                    let end = caller.end;
                    if callers.len() <= end {
                        callers.resize_with(end + 1, || None);
                    }
                    due.push(Reverse((Instant::now(), end)));
                    callers[end] = Some(*caller);
                }
                Order::Begin { but } => {
                    left_out = but;
                    tally = Tally::default();
                    callers
                        .iter_mut()
                        .flatten()
                        .for_each(|caller| caller.receipt = Receipt::default());
                }
                Order::Collect(reply) => {
                    let mut tally = std::mem::take(&mut tally);
                    let counted = callers.iter_mut().flatten().filter(|c| Some(c.end) != left_out);
                    counted.for_each(|c| c.receipt.close(&mut tally));
                    let _ = reply.send(tally);
                }
                Order::Flood(packets_per_second) => flood = Some(Flood::begin(packets_per_second)),
                Order::EndFlood(reply) => {
                    let _ = reply.send(flood.take().map_or(0.0, |flood| flood.rate()));
                }
                Order::Stop => return,
            }
        }
        let now = Instant::now();
        // As many as are received in one look: a thread that is late still does both.
        for _ in 0..wire::BATCH {
            let Some(Reverse((at, end))) =
                due.peek().copied().filter(|Reverse((at, _))| *at <= now)
            else {
                break;
            };
            due.pop();
            if let Some(caller) = callers.get_mut(end).and_then(Option::as_mut) {
                caller.send_frame(&wire, voice);
                due.push(Reverse((next_frame(at, now), end)));
            }
        }
        if let Some(flood) = &mut flood
            && let Some(Some(caller)) = callers.get(FLOODER)
        {
            (0..flood.due(now)).for_each(|_| caller.send_junk(&wire));
        }
        let received = wire.receive(|wire, datagram| {
            if let Some(caller) = callers.get_mut(datagram.end).and_then(Option::as_mut) {
                let is_counted = Some(datagram.end) != left_out;
                let mut nowhere = Tally::default();
                caller.receive(wire, datagram, if is_counted { &mut tally } else { &mut nowhere });
            }
        });
        if received {
            // Readiness is asked for anew.
            tokio::task::yield_now().await;
            continue;
        }
        // As in a browser, sound has a beat: no thread is woken for each packet.
        std::thread::sleep(wire::ROUND);
        let until = due.peek().map_or(now + FRAME, |Reverse((at, _))| *at);
        tokio::select! {
            _ = wire.readable() => {}
            () = time::sleep_until(until.into()) => {}
        }
    }
}

/// A thread that was late is not late for ever.
fn next_frame(at: Instant, now: Instant) -> Instant {
    (at + FRAME).max(now.checked_sub(FRAME).unwrap_or(now))
}

impl Caller {
    /// Sends 20 ms of sound, and what the connection has to say.
    fn send_frame(&mut self, wire: &Wire, voice: &Voice) {
        let now = Instant::now();
        if self.rtc_due <= now {
            let _ = self.rtc.handle_input(Input::Timeout(now));
            self.drain(wire);
        }
        let (Some(Media { sender, .. }), Some(server)) = (&mut self.media, self.server) else {
            return;
        };
        let Stream { payload_type, opus, narrow, ssrc, seq, timestamp, packet } = &mut self.stream;
        let (units, bytes) = if *opus { (960, OPUS_BYTES) } else { (160, G711_BYTES) };
        let header = RtpHeader {
            payload_type: *payload_type,
            marker: false,
            seq: *seq as u16,
            timestamp: *timestamp,
            ssrc: *ssrc,
        };
        packet.clear();
        packet.extend_from_slice(&header.to_bytes());
        let place = *seq as usize % voice::CYCLE;
        let packets = if *narrow { &voice.narrow } else { &voice.wide };
        match packets.get(place) {
            Some(said) => {
                if place == voice::SILENT {
                    voice.began.set(self.end);
                }
                packet.extend_from_slice(said);
            }
            None => {
                packet.resize(RTP_HEADER_LEN + bytes, OPUS_KIND);
                stamp(&mut packet[RTP_HEADER_LEN..], *seq as u32);
            }
        }
        if sender.protect(*seq, packet).is_ok() {
            wire.send(self.end, server, packet);
        }
        *seq += 1;
        *timestamp = timestamp.wrapping_add(units);
    }

    /// Sends what looks like sound of its stream, and is not.
    fn send_junk(&self, wire: &Wire) {
        let Some(server) = self.server else { return };
        let Stream { payload_type, ssrc, seq, timestamp, .. } = &self.stream;
        let header = RtpHeader {
            payload_type: *payload_type,
            marker: false,
            seq: *seq as u16,
            timestamp: *timestamp,
            ssrc: *ssrc,
        };
        let mut packet = [0; RTP_HEADER_LEN + G711_BYTES];
        packet[..RTP_HEADER_LEN].copy_from_slice(&header.to_bytes());
        wire.send(self.end, server, &packet);
    }

    fn receive(&mut self, wire: &Wire, datagram: Received<'_>, tally: &mut Tally) {
        if datagram.bytes.first().is_some_and(|first| (128..192).contains(first)) {
            return self.hear(datagram, tally);
        }
        let input = Receive::new(Protocol::Udp, datagram.from, self.local, datagram.bytes);
        if let Ok(input) = input {
            // What the connection does not take is what a browser would drop.
            let _ = self.rtc.handle_input(Input::Receive(Instant::now(), input));
            self.drain(wire);
        }
    }

    fn hear(&mut self, datagram: Received<'_>, tally: &mut Tally) {
        let Some(Media { receiver, seqs, .. }) = &mut self.media else { return };
        if is_rtcp(datagram.bytes) {
            return;
        }
        let Ok(packet) = receiver.unprotect(datagram.bytes) else { return };
        let Some(RtpPacket { header, payload }) = RtpPacket::parse(packet) else { return };
        if let Some(heard) = self.heard.take() {
            let _ = heard.send(());
        }
        let latency = read_stamp(payload).map(|(sent, _)| datagram.at.saturating_sub(sent));
        self.receipt.packet(tally, seqs.extend(header.seq), datagram.at, latency);
    }

    /// Takes out what the connection has to say.
    fn drain(&mut self, wire: &Wire) {
        loop {
            let (output, keys) = overheard::overhear(|| self.rtc.poll_output());
            if let Some(keys) = keys {
                self.media = Media::new(&keys).ok();
            }
            match output {
                Ok(Output::Transmit(transmit)) => {
                    let Some(first) = transmit.contents.first() else { continue };
                    // Reports of its own would be of streams that it does not see.
                    if !(128..192).contains(first) {
                        self.server = Some(transmit.destination);
                        wire.send(self.end, transmit.destination, &transmit.contents);
                    }
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(due)) => {
                    self.rtc_due = due;
                    return;
                }
                Err(_) => return,
            }
        }
    }
}
