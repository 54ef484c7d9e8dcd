//! The browsers: WebRTC ends with real ICE, DTLS and SRTP, all on one thread.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpPendingOffer},
    config::DtlsCert,
    crypto,
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::RtpWrite,
};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

use super::{
    stream::{Beginnings, Receipt, Tally, now_ns, read_stamp, stamp},
    voice,
    wire::{self, Wire},
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
    mid: Mid,
    pt: Pt,
    opus: bool,
    local: SocketAddr,
    end: usize,
    seq: u64,
    timestamp: u32,
    receipt: Receipt,
    heard: Option<oneshot::Sender<()>>,
}

pub(super) enum Order {
    Add(Box<Caller>),
    /// Counts begin, or begin anew.
    Begin,
    Collect(oneshot::Sender<Tally>),
    Stop,
}

/// Makes offers.
pub(super) struct Offerer {
    config: RtcConfig,
    port: u16,
}

/// The port of all callers, known before their thread runs.
pub(super) struct Callers {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) offerer: Offerer,
    thread: std::thread::JoinHandle<()>,
}

const NET: u8 = 10;

impl Callers {
    /// `speak`: whether they send a voice, whose beginnings they tell, instead of stamps.
    pub(super) fn start(speak: bool, began: Beginnings) -> anyhow::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (port_sender, port) = std::sync::mpsc::channel();
        let voice = if speak { voice::opus()? } else { Vec::new() };
        let thread = std::thread::Builder::new().name("callers".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(wire) = Wire::open(NET) {
                    let _ = port_sender.send(wire.port());
                    run(wire, inbox, &Voice { packets: voice, began }).await;
                }
            });
        })?;
        let port = port.recv().context("the callers' socket can't be opened")?;
        Ok(Self { orders, offerer: Offerer::new(port)?, thread })
    }

    pub(super) fn stop(self) {
        let _ = self.orders.send(Order::Stop);
        let _ = self.thread.join();
    }
}

impl Offerer {
    fn new(port: u16) -> anyhow::Result<Self> {
        let provider = Arc::new(crypto::from_feature_flags());
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
        Ok(Self { config, port })
    }

    pub(super) fn offer(&self, end: usize) -> anyhow::Result<Pending> {
        let mut rtc = self.config.clone().build(Instant::now());
        let local = SocketAddr::new(wire::address(NET, end), self.port);
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
        Ok(Caller {
            rtc,
            mid,
            pt,
            opus: codec == Codec::Opus,
            local,
            end,
            seq: 1_000,
            timestamp: 0,
            receipt: Receipt::default(),
            heard: Some(heard),
        })
    }
}

/// What is said in place of stamps; no packets where stamps are sent.
struct Voice {
    packets: Vec<Vec<u8>>,
    began: Beginnings,
}

async fn run(mut wire: Wire, mut inbox: mpsc::UnboundedReceiver<Order>, voice: &Voice) {
    let mut callers: Vec<Option<Caller>> = Vec::new();
    let mut due: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
    let mut tally = Tally::default();
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
                Order::Begin => {
                    tally = Tally::default();
                    callers
                        .iter_mut()
                        .flatten()
                        .for_each(|caller| caller.receipt = Receipt::default());
                }
                Order::Collect(reply) => {
                    let mut tally = std::mem::take(&mut tally);
                    callers.iter_mut().flatten().for_each(|c| c.receipt.close(&mut tally));
                    let _ = reply.send(tally);
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
                caller.send_frame(&wire, voice, &mut tally);
                due.push(Reverse((next_frame(at, now), end)));
            }
        }
        let received = wire.receive(|wire, datagram| {
            if let Some(caller) = callers.get_mut(datagram.end).and_then(Option::as_mut) {
                let input =
                    Receive::new(Protocol::Udp, datagram.from, caller.local, datagram.bytes);
                if let Ok(input) = input {
                    // What the connection does not take is what a browser would drop.
                    let _ = caller.rtc.handle_input(Input::Receive(Instant::now(), input));
                    caller.drain(wire, datagram.at, &mut tally);
                }
            }
        });
        if !received {
            let until = due.peek().map_or(now + FRAME, |Reverse((at, _))| *at);
            tokio::select! {
                _ = wire.readable() => {}
                () = time::sleep_until(until.into()) => {}
            }
        } else {
            // Readiness is asked for anew.
            tokio::task::yield_now().await;
        }
    }
}

/// A thread that was late is not late for ever.
fn next_frame(at: Instant, now: Instant) -> Instant {
    (at + FRAME).max(now.checked_sub(FRAME).unwrap_or(now))
}

impl Caller {
    fn send_frame(&mut self, wire: &Wire, voice: &Voice, tally: &mut Tally) {
        let now = Instant::now();
        let _ = self.rtc.handle_input(Input::Timeout(now));
        if self.rtc.is_connected() {
            let (units, bytes) = if self.opus { (960, OPUS_BYTES) } else { (160, G711_BYTES) };
            let place = self.seq as usize % voice::CYCLE;
            let payload = match voice.packets.get(place) {
                Some(packet) => {
                    if place == voice::SILENT {
                        voice.began.set(self.end);
                    }
                    packet.clone()
                }
                None => {
                    let mut payload = vec![OPUS_KIND; bytes];
                    stamp(&mut payload, self.seq as u32);
                    payload
                }
            };
            let (seq, timestamp) = (self.seq, self.timestamp);
            self.seq += 1;
            self.timestamp = self.timestamp.wrapping_add(units);
            let mut api = self.rtc.direct_api();
            if let Some(stream) = api.stream_tx_by_mid(self.mid, None) {
                stream.write_rtp(RtpWrite::new(self.pt, seq.into(), timestamp, now, payload));
            }
        }
        self.drain(wire, now_ns(), tally);
    }

    fn drain(&mut self, wire: &Wire, at: u64, tally: &mut Tally) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    wire.send(self.end, transmit.destination, &transmit.contents);
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    if let Some(heard) = self.heard.take() {
                        let _ = heard.send(());
                    }
                    let latency =
                        read_stamp(&packet.payload).map(|(sent, _)| at.saturating_sub(sent));
                    self.receipt.packet(tally, *packet.seq_no, at, latency);
                }
                Ok(Output::Event(_)) => {}
                // What was written goes out when the time is told.
                Ok(Output::Timeout(due)) if due <= Instant::now() => {
                    if self.rtc.handle_input(Input::Timeout(Instant::now())).is_err() {
                        return;
                    }
                }
                Ok(Output::Timeout(_)) | Err(_) => return,
            }
        }
    }
}
