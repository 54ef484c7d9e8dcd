//! The telephone system: takes every call at once and speaks G.711, all on one thread.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
    time,
};

use super::{
    sip::{Request, ok},
    stream::{Beginnings, Receipt, Tally, read_stamp, stamp},
    voice,
    wire::{BATCH, Net, ROUND, Wire},
};

const FRAME: Duration = Duration::from_millis(20);
const NET: Net = [127, 20];
const RTP_HEADER: usize = 12;
const BYTES: usize = 160;

pub(super) enum Order {
    /// Counts begin, or begin anew; those of one call are left out.
    Begin {
        but: Option<usize>,
    },
    Collect(oneshot::Sender<Tally>),
    Stop,
}

/// The thread.
pub(super) struct Answerer {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) sip: SocketAddr,
    thread: std::thread::JoinHandle<()>,
}

/// One call.
struct Call {
    end: usize,
    /// Which of the callers it is with.
    caller: Option<usize>,
    to: SocketAddr,
    payload_type: u8,
    seq: u16,
    receipt: Receipt,
    extended: u64,
    /// Whether sound was soft before, so that the next loud one begins a cycle.
    soft: bool,
}

impl Answerer {
    /// `speak`: whether it sends a voice instead of stamps.
    pub(super) fn start(speak: bool, began: Beginnings) -> anyhow::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (address_sender, address) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("answerer".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(sip) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else { return };
                let (Ok(address), Ok(wire)) = (sip.local_addr(), Wire::open(NET)) else { return };
                let _ = address_sender.send(address);
                Exchange::new(sip, address, wire, speak, began).run(inbox).await;
            });
        })?;
        let sip = address.recv().context("the answerer's sockets can't be opened")?;
        Ok(Self { orders, sip, thread })
    }

    pub(super) fn stop(self) {
        let _ = self.orders.send(Order::Stop);
        let _ = self.thread.join();
    }
}

struct Exchange {
    sip: UdpSocket,
    address: SocketAddr,
    wire: Wire,
    voices: Option<[Vec<Vec<u8>>; 2]>,
    calls: Vec<Option<Call>>,
    /// By Call-ID: the end, and the answer for a repeated INVITE.
    dialogs: HashMap<String, (usize, String)>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    tally: Tally,
    /// The call that is not counted.
    left_out: Option<usize>,
    began: Beginnings,
}

impl Exchange {
    fn new(
        sip: UdpSocket,
        address: SocketAddr,
        wire: Wire,
        speak: bool,
        began: Beginnings,
    ) -> Self {
        Self {
            sip,
            address,
            wire,
            voices: speak.then(|| [voice::g711(true), voice::g711(false)]),
            calls: Vec::new(),
            dialogs: HashMap::new(),
            due: BinaryHeap::new(),
            tally: Tally::default(),
            left_out: None,
            began,
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut buffer = vec![0; 8_192];
        loop {
            while let Ok(order) = inbox.try_recv() {
                match order {
                    Order::Begin { but } => {
                        self.left_out = but;
                        self.tally = Tally::default();
                        self.calls
                            .iter_mut()
                            .flatten()
                            .for_each(|call| call.receipt = Receipt::default());
                    }
                    Order::Collect(reply) => {
                        let mut tally = std::mem::take(&mut self.tally);
                        let left_out = self.left_out;
                        let calls = self.calls.iter_mut().flatten();
                        calls
                            .filter(|call| Some(call.end) != left_out)
                            .for_each(|call| call.receipt.close(&mut tally));
                        let _ = reply.send(tally);
                    }
                    Order::Stop => return,
                }
            }
            let now = Instant::now();
            self.send_frames(now);
            let mut busy = self.receive();
            while let Ok((length, from)) = self.sip.try_recv_from(&mut buffer) {
                busy = true;
                if let Some(answer) = buffer.get(..length).and_then(|bytes| self.answer(bytes)) {
                    let _ = self.sip.try_send_to(answer.as_bytes(), from);
                }
            }
            if busy {
                // Readiness is asked for anew.
                tokio::task::yield_now().await;
                continue;
            }
            std::thread::sleep(ROUND);
            let until = self.due.peek().map_or(now + FRAME, |Reverse((at, _))| *at);
            tokio::select! {
                _ = self.wire.readable() => {}
                _ = self.sip.readable() => {}
                () = time::sleep_until(until.into()) => {}
            }
        }
    }

    fn send_frames(&mut self, now: Instant) {
        // As many as are received in one look: a thread that is late still does both.
        for _ in 0..BATCH {
            let Some(Reverse((at, end))) = self.due.peek().copied() else { return };
            if at > now {
                return;
            }
            self.due.pop();
            let Some(call) = self.calls.get_mut(end).and_then(Option::as_mut) else { continue };
            let mut packet = [0; RTP_HEADER + BYTES];
            let seq = call.seq.to_be_bytes();
            let timestamp = u32::from(call.seq).wrapping_mul(BYTES as u32).to_be_bytes();
            packet[0] = 0x80;
            packet[1] = call.payload_type;
            packet[2..4].copy_from_slice(&seq);
            packet[4..8].copy_from_slice(&timestamp);
            packet[8..12].copy_from_slice(&(call.end as u32 + 1).to_be_bytes());
            let payload = &mut packet[RTP_HEADER..];
            match &self.voices {
                Some([a_law, mu_law]) => {
                    let cycle = if call.payload_type == 8 { a_law } else { mu_law };
                    payload.copy_from_slice(&cycle[usize::from(call.seq) % voice::CYCLE]);
                }
                None => stamp(payload, call.seq.into()),
            }
            call.seq = call.seq.wrapping_add(1);
            self.wire.send(end, call.to, &packet);
            let next = (at + FRAME).max(now.checked_sub(FRAME).unwrap_or(now));
            self.due.push(Reverse((next, end)));
        }
    }

    fn receive(&mut self) -> bool {
        let Self { wire, calls, tally, voices, began, left_out, .. } = self;
        wire.receive(|_, datagram| {
            if Some(datagram.end) == *left_out {
                return;
            }
            let Some(call) = calls.get_mut(datagram.end).and_then(Option::as_mut) else { return };
            let Some((header, payload)) = datagram.bytes.split_first_chunk::<RTP_HEADER>() else {
                return;
            };
            if header[1] & 0x7F != call.payload_type {
                return; // A report, or a key.
            }
            let seq = u16::from_be_bytes([header[2], header[3]]);
            let ahead = seq.wrapping_sub(call.extended as u16) as i16;
            let number = call.extended.saturating_add_signed(ahead.into());
            call.extended = call.extended.max(number);
            let latency = read_stamp(payload).map(|(sent, _)| datagram.at.saturating_sub(sent));
            call.receipt.packet(tally, number, datagram.at, latency);
            if voices.is_some() {
                call.time_the_voice(tally, datagram.at, payload, began);
            }
        })
    }

    fn answer(&mut self, bytes: &[u8]) -> Option<String> {
        let request = Request::parse(std::str::from_utf8(bytes).ok()?)?;
        match request.method {
            "ACK" => None,
            "INVITE" => {
                if let Some((_, answer)) = self.dialogs.get(request.call_id) {
                    // Sent again, or a refresh: the sequence number tells.
                    return Some(ok(&request, self.address, answer_body(answer)));
                }
                let (to, payload_type) = request.media()?;
                let end = self.calls.len();
                let IpAddr::V4(ip) = self.wire.address(end).ip() else { return None };
                let port = self.wire.port();
                let name = if payload_type == 8 { "PCMA" } else { "PCMU" };
                let sdp = format!(
                    "v=0\r\no=- {end} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
                     m=audio {port} RTP/AVP {payload_type}\r\n\
                     a=rtpmap:{payload_type} {name}/8000\r\na=ptime:20\r\na=sendrecv\r\n"
                );
                let answer = ok(&request, self.address, &sdp);
                self.dialogs.insert(request.call_id.to_owned(), (end, answer.clone()));
                self.calls.push(Some(Call {
                    end,
                    caller: request.caller,
                    to,
                    payload_type,
                    seq: 0,
                    receipt: Receipt::default(),
                    extended: 1 << 16,
                    soft: false,
                }));
                self.due.push(Reverse((Instant::now(), end)));
                Some(answer)
            }
            "BYE" => {
                if let Some((end, _)) = self.dialogs.remove(request.call_id)
                    && let Some(call) = self.calls.get_mut(end)
                {
                    *call = None;
                }
                Some(ok(&request, self.address, ""))
            }
            _ => Some(ok(&request, self.address, "")),
        }
    }
}

impl Call {
    /// Times a voice's way from its sharp beginning: from the packet that it begins in to the
    /// sample that is the first loud one.
    fn time_the_voice(&mut self, tally: &mut Tally, at: u64, payload: &[u8], began: &Beginnings) {
        let onset = voice::onset(self.payload_type == 8, payload);
        let was_soft = std::mem::replace(&mut self.soft, onset.is_none());
        if let Some(sample) = onset.filter(|_| was_soft)
            && let Some(sent) = self.caller.and_then(|caller| began.get(caller))
        {
            let took = at.saturating_sub(sent) / 1_000 + sample as u64 * 125;
            tally.latencies.push(took.min(u32::MAX.into()) as u32);
        }
    }
}

fn answer_body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
