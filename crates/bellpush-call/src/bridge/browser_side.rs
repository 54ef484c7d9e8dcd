//! The browser's side of a bridge: what it sends, what it tells, and what it is told.

use std::time::Instant;

use super::{Bridge, BrowserSink, Edge, far_side::FarLeg, visitor};
use crate::{
    Codec, Digit,
    call::Input,
    legs::webrtc::{
        AudioPacket, ComfortNoisePacket, LegEvent, LegMedia, LegOutput, Received, ToBrowser,
        TransportAddress,
    },
};

impl Bridge {
    pub(super) fn receive_media(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &mut [u8],
        edge: &mut dyn Edge,
    ) -> Received {
        let Some(leg) = &mut self.browser else { return Received::Foreign };
        let media = match leg.receive_media(now, remote, datagram) {
            Ok(Some(media)) => media,
            Ok(None) => return Received::Packet,
            // Not logged: anybody can send such packets.
            Err(_) => return Received::Malformed,
        };
        if let LegMedia::Reports = media {
            self.round_trip = leg.round_trip().or(self.round_trip);
        }
        // Whatever it is, only the browser can have made it.
        self.control(now, Input::Heard, edge);
        match media {
            LegMedia::Audio(packet) => self.speech(now, &packet, edge),
            LegMedia::ComfortNoise(packet) => self.comfort_noise(now, &packet, edge),
            LegMedia::Key { ssrc, seq, digits } => self.keys(now, (ssrc, seq), &digits, edge),
            LegMedia::Reports => {}
            LegMedia::Other => return Received::Packet,
        }
        self.settle(now, edge);
        Received::Packet
    }

    /// The visitor's voice, on its way to the far side.
    pub(super) fn speech(&mut self, now: Instant, packet: &AudioPacket<'_>, edge: &mut dyn Edge) {
        let before = self.visitor_stream.replace((packet.ssrc, packet.codec));
        if before != self.visitor_stream {
            self.reception.restart(packet.codec.clock_rate());
        }
        if before.is_none_or(|(ssrc, _)| ssrc != packet.ssrc) {
            self.reception.begin_source();
        }
        self.reception.packet(now, packet.times.seq, packet.times.timestamp);
        match &mut self.far_side {
            FarLeg::Demo(demo) if demo.echoes() => {
                let Self { browser, to_browser, .. } = self;
                let mut sink = BrowserSink { browser: browser.as_mut(), stream: to_browser, edge };
                sink.stream.set_clock_rate(packet.codec.clock_rate());
                if let Some(times) = sink.stream.rewrite(now, visitor(packet.ssrc), packet.times) {
                    sink.send(now, packet.codec, times, packet.payload);
                }
            }
            FarLeg::Sip(sip) => {
                if sip.send_speech(now, packet, edge) {
                    self.reception.unheard();
                }
            }
            FarLeg::Demo(_) | FarLeg::None => {}
        }
    }

    /// The visitor falls silent.
    fn comfort_noise(
        &mut self,
        now: Instant,
        packet: &ComfortNoisePacket<'_>,
        edge: &mut dyn Edge,
    ) {
        self.reception.untimed(now, packet.times.seq);
        // Who has not spoken yet announces silence beside G.711 (RFC 3551 section 6).
        let codec = self.visitor_stream.map_or(Codec::Pcma, |(_, codec)| codec);
        match &mut self.far_side {
            FarLeg::Demo(_) => self.to_browser.skip(visitor(packet.ssrc), packet.times.seq),
            FarLeg::Sip(sip) => sip.send_comfort_noise(now, codec, packet, edge),
            FarLeg::None => {}
        }
    }

    /// A packet of keys that the visitor holds, with those that it is the first one of.
    pub(super) fn keys(
        &mut self,
        now: Instant,
        (ssrc, seq): (u32, u64),
        digits: &[Digit],
        edge: &mut dyn Edge,
    ) {
        self.reception.untimed(now, seq);
        match &mut self.far_side {
            FarLeg::Demo(_) => self.to_browser.skip(visitor(ssrc), seq),
            FarLeg::Sip(sip) => sip.skip(ssrc, seq),
            FarLeg::None => {}
        }
        for digit in digits {
            self.pressed(now, *digit, edge);
        }
    }

    pub(super) fn settle_browser(&mut self, now: Instant, edge: &mut dyn Edge) {
        while let Some(leg) = &mut self.browser {
            match leg.poll() {
                LegOutput::Transmit(remote, datagram) => {
                    edge.to_browser(&ToBrowser { remote, datagram: &datagram });
                }
                LegOutput::Event(event) => self.browser_event(now, event, edge),
                LegOutput::Wait(at) => {
                    self.browser_deadline = at;
                    return;
                }
            }
        }
    }

    /// Tells the browser how it is received, if that is due.
    pub(super) fn report(&mut self, now: Instant, edge: &mut dyn Edge) {
        let clock_rate = self.to_browser.clock_rate();
        let Some(leg) = &mut self.browser else { return };
        if leg.next_report().is_some_and(|at| at <= now)
            && let Some(packet) = leg.report(now, &mut self.reception, clock_rate)
        {
            edge.to_browser(&packet);
        }
    }

    pub(super) fn browser_event(&mut self, now: Instant, event: LegEvent, edge: &mut dyn Edge) {
        match event {
            LegEvent::Connected => self.control(now, Input::Connected, edge),
            LegEvent::Closed => self.control(now, Input::Closed, edge),
            LegEvent::Broken(error) => {
                tracing::warn!(call_id = %self.id, %error, "the browser's connection broke");
                self.control(now, Input::Broken, edge);
            }
        }
    }

    /// Tells the browser that the call is over.
    pub(super) fn say_goodbye(&mut self, now: Instant, edge: &mut dyn Edge) {
        let clock_rate = self.to_browser.clock_rate();
        let Some(leg) = &mut self.browser else { return };
        if let Some(packet) = leg.goodbye(now, &mut self.reception, clock_rate) {
            edge.to_browser(&packet);
        }
        leg.close();
    }
}
