//! A whole call on simulated time: a browser, the bridge, a telephone, and the networks between.

use std::collections::VecDeque;

use str0m::{
    Candidate, Event, Output, Rtc,
    change::SdpAnswer,
    format,
    media::{Direction, MediaKind, Mid, Pt},
    net::Receive,
    rtp::RtpWrite,
};

use super::*;

/// 20 ms of sound.
pub(super) const FRAME: Duration = Duration::from_millis(20);
const BROWSER: SocketAddr = SocketAddr::new(LOOPBACK, 9_000);
const SERVER: SocketAddr = SocketAddr::new(LOOPBACK, 10_000);
const PHONE: SocketAddr = SocketAddr::new(LOOPBACK, 4_000);

/// Between which ends a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    FromBrowser,
    ToBrowser,
    FromPhone,
    ToPhone,
}

/// What becomes of a datagram on its hop: none, or some after a delay each.
pub(super) type Network = Box<dyn FnMut(Hop, Vec<u8>) -> Vec<(Duration, Vec<u8>)>>;

/// A packet that the browser heard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heard {
    pub(super) seq: u64,
    pub(super) timestamp: u32,
    pub(super) payload_type: u8,
    pub(super) payload: Vec<u8>,
    /// When it came.
    pub(super) at: Instant,
}

/// The call.
pub(super) struct SimulatedCall {
    pub(super) simulation: Simulation,
    browser: Rtc,
    browser_wakes: Instant,
    mid: Mid,
    voice: Pt,
    seq: u64,
    timestamp: u32,
    network: Network,
    /// On their hop, with the time of their arrival.
    in_flight: VecDeque<(Instant, Hop, Vec<u8>)>,
    /// The packets that the browser heard.
    pub(super) heard_by_browser: Vec<Heard>,
    /// The packets that the telephone heard.
    pub(super) heard_by_phone: Vec<Vec<u8>>,
}

impl SimulatedCall {
    /// Calls the routes, with a browser that speaks this codec.
    pub(super) fn new(routes: Vec<Route>, codec: format::Codec, network: Network) -> Self {
        Self::with(routes, codec, network, str::to_owned)
    }

    /// Calls the routes, with a browser whose offer is changed.
    pub(super) fn with(
        routes: Vec<Route>,
        codec: format::Codec,
        network: Network,
        change: impl FnOnce(&str) -> String,
    ) -> Self {
        let now = Instant::now();
        let mut browser = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_pcma(true, false)
            .enable_pcmu(true, false)
            .build(now);
        browser.add_local_candidate(Candidate::host(BROWSER, "udp").unwrap());
        let mut changes = browser.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let offer = change(&offer.to_sdp_string());
        let (simulation, answer) = Simulation::with_offer(now, routes, &offer);
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        browser.sdp_api().accept_answer(pending, answer).unwrap();
        let voice = browser.codec_config().find(|params| params.spec().codec == codec).unwrap();
        let voice = voice.pt();
        let mut call = Self {
            simulation,
            browser,
            browser_wakes: now,
            mid,
            voice,
            // Its other half is what a receiver could take for another cycle.
            seq: 1_000,
            timestamp: 0,
            network,
            in_flight: VecDeque::new(),
            heard_by_browser: Vec::new(),
            heard_by_phone: Vec::new(),
        };
        let Simulation { bridge, edge, .. } = &mut call.simulation;
        bridge.tick(now, edge);
        call
    }

    /// Whether the browser's media is connected.
    pub(super) fn is_connected(&self) -> bool {
        self.browser.is_connected()
    }

    /// The browser sends a packet of speech with this many units of its clock.
    pub(super) fn speak(&mut self, units: u32, payload: &[u8]) {
        let (now, seq, timestamp) = (self.simulation.now, self.seq, self.timestamp);
        (self.seq, self.timestamp) = (seq + 1, timestamp.wrapping_add(units));
        let mut api = self.browser.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
        let payload: Arc<[u8]> = payload.into();
        stream.write_rtp(RtpWrite::new(self.voice, seq.into(), timestamp, now, payload));
    }

    /// The telephone sends a datagram to the port for RTP.
    pub(super) fn phone_sends(&mut self, packet: Vec<u8>) {
        self.send(Hop::FromPhone, packet);
    }

    /// Somebody sends a datagram to the port for RTP from there, which arrives at once.
    pub(super) fn arrives_from(&mut self, remote: SocketAddr, packet: &[u8]) {
        let Simulation { now, bridge, edge, .. } = &mut self.simulation;
        bridge.receive_rtp(*now, remote, &mut packet.to_vec(), edge);
    }

    /// The trunk tells something of the telephone.
    pub(super) fn trunk_reports(&mut self, message: TrunkEvent) {
        let Simulation { now, bridge, edge, .. } = &mut self.simulation;
        bridge.receive_from_trunk(*now, message, edge);
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, by: Duration) {
        let end = self.simulation.now + by;
        loop {
            self.collect_output();
            let arrival = self.in_flight.iter().map(|(at, ..)| *at).min();
            let deadline =
                (!self.simulation.bridge.is_over()).then(|| self.simulation.bridge.next_deadline());
            let wake = self.browser.is_alive().then_some(self.browser_wakes);
            let Some(next) = [arrival, deadline, wake].into_iter().flatten().min() else { break };
            if next > end {
                break;
            }
            self.simulation.now = self.simulation.now.max(next);
            let now = self.simulation.now;
            while let Some(n) = self.in_flight.iter().position(|(at, ..)| *at <= now) {
                if let Some((_, hop, datagram)) = self.in_flight.remove(n) {
                    self.arrive(hop, datagram);
                }
            }
            if self.browser.is_alive() && self.browser_wakes <= now {
                // What the browser makes of its time is not what is tested.
                let _ = self.browser.handle_input(str0m::Input::Timeout(now));
            }
            let Simulation { bridge, edge, .. } = &mut self.simulation;
            if !bridge.is_over() && bridge.next_deadline() <= now {
                bridge.tick(now, edge);
            }
        }
        self.simulation.now = end;
        self.simulation.listen();
    }

    fn arrive(&mut self, hop: Hop, mut datagram: Vec<u8>) {
        let Simulation { now, bridge, edge, .. } = &mut self.simulation;
        let now = *now;
        match hop {
            Hop::FromBrowser if !bridge.is_over() => {
                bridge.receive(now, by_udp(BROWSER), &mut datagram, edge);
            }
            Hop::FromPhone if !bridge.is_over() => {
                bridge.receive_rtp(now, PHONE, &mut datagram, edge);
            }
            Hop::ToBrowser => {
                let receive = Receive::new(str0m::net::Protocol::Udp, SERVER, BROWSER, &datagram);
                if let Ok(receive) = receive {
                    let _ = self.browser.handle_input(str0m::Input::Receive(now, receive));
                }
            }
            Hop::ToPhone => self.heard_by_phone.push(datagram),
            Hop::FromBrowser | Hop::FromPhone => {}
        }
    }

    /// Takes what both ends and the bridge have sent.
    fn collect_output(&mut self) {
        let mut sent = Vec::new();
        while self.browser.is_alive() {
            match self.browser.poll_output() {
                Ok(Output::Transmit(transmit)) => sent.push(transmit.contents.to_vec()),
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    self.heard_by_browser.push(Heard {
                        seq: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        payload_type: *packet.header.payload_type,
                        payload: packet.payload.to_vec(),
                        at: self.simulation.now,
                    });
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(at)) => {
                    self.browser_wakes = at;
                    break;
                }
                Err(_) => break,
            }
        }
        for datagram in sent {
            self.send(Hop::FromBrowser, datagram);
        }
        for datagram in std::mem::take(&mut self.simulation.edge.to_browser) {
            self.send(Hop::ToBrowser, datagram);
        }
        for datagram in std::mem::take(&mut self.simulation.edge.to_far_side) {
            self.send(Hop::ToPhone, datagram);
        }
    }

    fn send(&mut self, hop: Hop, datagram: Vec<u8>) {
        for (delay, datagram) in (self.network)(hop, datagram) {
            self.in_flight.push_back((self.simulation.now + delay, hop, datagram));
        }
    }
}
