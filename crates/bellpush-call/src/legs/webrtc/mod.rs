//! The browser's leg: ICE-lite, DTLS-SRTP, Opus and telephone-event.
//!
//! str0m without sockets: datagrams go in, datagrams and [`LegEvent`]s come out. RTP passes
//! through as packets; nothing is decoded.

mod answerer;
mod offer;

pub(crate) use answerer::Answerer;
pub(crate) use offer::Offer;
pub use offer::OfferError;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use str0m::{
    Event, Input, Output, Rtc, RtcError,
    media::{Mid, Pt},
    net::{Protocol, Receive, Transmit},
    rtp::{RtpPacket, RtpWrite},
};

use crate::{
    Digit,
    media::{PressDetector, RtpTimes},
};

/// One browser's connection.
pub(crate) struct WebRtcLeg {
    rtc: Rtc,
    ufrag: String,
    mid: Mid,
    opus: Pt,
    presses: PressDetector,
}

/// What the leg wants or tells.
#[derive(Debug)]
pub(crate) enum LegOutput {
    /// A datagram to send.
    Transmit(Transmit),
    Event(LegEvent),
    /// Nothing more before this time, or the next input.
    Wait(Instant),
}

#[derive(Debug)]
pub(crate) enum LegEvent {
    /// Media can flow.
    Connected,
    /// An Opus packet.
    Audio { ssrc: u32, times: RtpTimes, payload: Arc<[u8]> },
    /// A packet that is not audio, with the keypad press that it begins, if any.
    Event { ssrc: u32, seq: u64, digit: Option<Digit> },
    /// The browser closed the connection.
    Closed,
    /// The connection broke for good.
    Broken(RtcError),
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// A connectivity check with the right password.
    Check,
    /// Anything else from an address that passed a check; what is in it comes out as events.
    Packet,
    /// Not from this leg's browser.
    Foreign,
    /// Not a packet that WebRTC knows.
    Malformed,
}

impl WebRtcLeg {
    /// The name that the browser's connectivity checks are addressed to.
    pub(crate) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Takes in a datagram that arrived at the local candidate `local`.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
    ) -> Received {
        let Ok(receive) = Receive::new(Protocol::Udp, remote, local, datagram) else {
            return Received::Malformed;
        };
        let input = Input::Receive(now, receive);
        if !self.rtc.accepts(&input) {
            return Received::Foreign;
        }
        // An error is about this packet: anybody can send one in the browser's name, and that must
        // not end the call. What does is told by poll.
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a packet is refused");
            return Received::Malformed;
        }
        if datagram.first().is_some_and(|first| *first < 2) {
            Received::Check
        } else {
            Received::Packet
        }
    }

    /// Tells the leg the time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "WebRTC's timers failed");
        }
    }

    /// Takes out what there is to do, until [`LegOutput::Wait`].
    pub(crate) fn poll(&mut self) -> LegOutput {
        loop {
            let event = match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => return LegOutput::Wait(at),
                Ok(Output::Transmit(transmit)) => return LegOutput::Transmit(transmit),
                Ok(Output::Event(event)) => event,
                Err(error) => {
                    self.rtc.disconnect();
                    return LegOutput::Event(LegEvent::Broken(error));
                }
            };
            match event {
                Event::Connected => return LegOutput::Event(LegEvent::Connected),
                Event::Closed => return LegOutput::Event(LegEvent::Closed),
                Event::RtpPacket(packet) => return LegOutput::Event(self.rtp(packet)),
                // ICE states are not asked: silence is measured by call control, on all packets.
                _ => {}
            }
        }
    }

    fn rtp(&mut self, packet: RtpPacket) -> LegEvent {
        let header = &packet.header;
        let (ssrc, seq, timestamp) = (*header.ssrc, *packet.seq_no, header.timestamp);
        if header.payload_type == self.opus {
            let times = RtpTimes { seq, timestamp, marker: header.marker };
            return LegEvent::Audio { ssrc, times, payload: packet.payload };
        }
        // Only Opus and telephone-event were negotiated, and str0m drops the rest.
        let mut digit = None;
        self.presses.packet(timestamp, &packet.payload, |pressed| digit = Some(pressed));
        LegEvent::Event { ssrc, seq, digit }
    }

    /// Sends an Opus packet.
    pub(crate) fn send(&mut self, now: Instant, times: RtpTimes, payload: Arc<[u8]>) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        let packet = RtpWrite::new(self.opus, times.seq.into(), times.timestamp, now, payload);
        stream.write_rtp(packet.marker(times.marker));
    }

    /// Tells the browser that it is over; what is left to send comes out of poll.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "WebRTC did not close cleanly");
        }
    }
}
