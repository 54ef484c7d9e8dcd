//! The visitor's end of the connection: what is sent and received in its time.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::{Mid, Pt},
    net::Receive,
    rtp::RtpWrite,
};
use tokio::{
    sync::{mpsc, watch},
    time,
};

use super::*;

const FRAME: Duration = Duration::from_millis(20);
/// Opus: one empty frame of 20 ms, mono, which decodes to silence.
const OPUS_SILENCE: [u8; 1] = [0b1111_1000];
/// 20 ms of G.711, which needs no compression to be silent.
const PCMA_SILENCE: [u8; 160] = [0xD5; 160];
const PCMU_SILENCE: [u8; 160] = [0xFF; 160];
/// A key is held for this many frames of 20 ms.
const PRESS_FRAMES: u16 = 5;

/// The visitor's end of the connection.
pub(super) struct Line {
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
pub(super) struct Voice {
    payload_type: Pt,
    frame_samples: u32,
    silence: &'static [u8],
}

impl Voice {
    pub(super) fn of(codec: Codec, payload_type: Pt) -> Option<Self> {
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
    pub(super) fn new(
        rtc: Rtc,
        net: Net,
        local: SocketAddr,
        mid: Mid,
        voice: Voice,
        keypad: Pt,
        heard: watch::Sender<Heard>,
    ) -> Self {
        Self {
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
            heard,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
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
