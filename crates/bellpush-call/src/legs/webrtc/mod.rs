//! The browser's leg: ICE-lite, DTLS-SRTP, Opus, G.711 and telephone-event.
//!
//! str0m without sockets: datagrams go in, datagrams and [`LegEvent`]s come out. RTP passes
//! through as packets; nothing is decoded.

mod answerer;
#[cfg(test)]
mod fuzz;
mod offer;

pub(crate) use answerer::{Answerer, Identity};
pub(crate) use offer::Offer;
pub use offer::OfferError;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Event, Input, Output, Rtc, RtcError, format,
    media::{Mid, Pt},
    net::{Protocol, Receive, Transmit},
    rtp::{RtpPacket, RtpWrite},
    stats::MediaEgressStats,
};

use crate::{
    Codec, Digit,
    media::{PressDetector, RtpTimes},
};

/// One browser's connection.
pub(crate) struct WebRtcLeg {
    rtc: Rtc,
    ufrag: String,
    mid: Mid,
    /// The codecs that the browser takes, as it numbers them.
    payload_types: [Option<Pt>; Codec::ALL.len()],
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
    /// A packet of speech.
    Audio(AudioPacket),
    /// A packet that is not audio, with the keypad press that it begins, if any.
    Event { ssrc: u32, seq: u64, digit: Option<Digit> },
    /// How long it takes to the browser and back, as its last report tells.
    RoundTrip(Duration),
    /// The browser closed the connection.
    Closed,
    /// The connection broke for good.
    Broken(RtcError),
}

/// A packet of speech from the browser.
#[derive(Debug)]
pub(crate) struct AudioPacket {
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    pub(crate) times: RtpTimes,
    pub(crate) payload: Arc<[u8]>,
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
    /// `None` when the browser does not speak Opus, which all do (RFC 7874 section 3).
    fn new(mut rtc: Rtc, mid: Mid) -> Option<Self> {
        let agreed = rtc.media(mid)?.remote_pts().to_vec();
        let payload_types = Codec::ALL.map(|codec| {
            let codec = match codec {
                Codec::Opus => format::Codec::Opus,
                Codec::Pcma => format::Codec::PCMA,
                Codec::Pcmu => format::Codec::PCMU,
            };
            let params = rtc
                .codec_config()
                .find(|params| params.spec().codec == codec && agreed.contains(&params.pt()));
            params.map(format::PayloadParams::pt)
        });
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let leg = Self { rtc, ufrag, mid, payload_types, presses: PressDetector::default() };
        leg.payload_type(Codec::Opus).is_some().then_some(leg)
    }

    /// The name that the browser's connectivity checks are addressed to.
    pub(crate) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Whether the browser takes this codec.
    pub(crate) fn speaks(&self, codec: Codec) -> bool {
        self.payload_type(codec).is_some()
    }

    /// Answers a further offer, such as one for an ICE restart. It changes which name the browser
    /// calls the leg by.
    pub(crate) fn restart(&mut self, offer: Offer) -> Result<String, OfferError> {
        let Offer { sdp, mid } = offer;
        if mid != self.mid {
            return Err(OfferError::OtherTrack);
        }
        let answer = self.rtc.sdp_api().accept_offer(sdp);
        let answer = answer.map_err(|error| OfferError::Unusable(offer::complaint(&error)))?;
        let mut answer = answer.to_sdp_string();
        let made = self.rtc.direct_api().local_ice_credentials();
        if made.ufrag != self.ufrag {
            // The library's are of no cryptographic random source. The candidates bear the name, too.
            let ours = answerer::credentials();
            answer = answer.replace(&made.ufrag, &ours.ufrag).replace(&made.pass, &ours.pass);
            self.ufrag.clone_from(&ours.ufrag);
            self.rtc.direct_api().set_local_ice_credentials(ours);
        }
        Ok(answer)
    }

    /// Takes in a datagram that arrived at the local candidate `local`.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        protocol: Protocol,
        remote: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
    ) -> Received {
        let Ok(receive) = Receive::new(protocol, remote, local, datagram) else {
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
                Event::MediaEgressStats(MediaEgressStats { rtt: Some(round_trip), .. }) => {
                    return LegOutput::Event(LegEvent::RoundTrip(round_trip));
                }
                // ICE states are not asked: silence is measured by call control, on all packets.
                _ => {}
            }
        }
    }

    fn rtp(&mut self, packet: RtpPacket) -> LegEvent {
        let header = &packet.header;
        let (ssrc, seq, timestamp) = (*header.ssrc, *packet.seq_no, header.timestamp);
        if let Some(codec) = self.codec(header.payload_type) {
            let times = RtpTimes { seq, timestamp, marker: header.marker };
            return LegEvent::Audio(AudioPacket { ssrc, codec, times, payload: packet.payload });
        }
        // Only these codecs and telephone-event were negotiated, and str0m drops the rest.
        let mut digit = None;
        self.presses.packet(timestamp, &packet.payload, |pressed| digit = Some(pressed));
        LegEvent::Event { ssrc, seq, digit }
    }

    /// Sends a packet of speech. One in a codec that the browser does not take is dropped.
    pub(crate) fn send(&mut self, now: Instant, codec: Codec, times: RtpTimes, payload: Arc<[u8]>) {
        let Some(payload_type) = self.payload_type(codec) else { return };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        let packet = RtpWrite::new(payload_type, times.seq.into(), times.timestamp, now, payload);
        stream.write_rtp(packet.marker(times.marker));
    }

    fn payload_type(&self, codec: Codec) -> Option<Pt> {
        let index = Codec::ALL.iter().position(|other| *other == codec)?;
        self.payload_types[index]
    }

    fn codec(&self, payload_type: Pt) -> Option<Codec> {
        let index = self.payload_types.iter().position(|other| *other == Some(payload_type))?;
        Some(Codec::ALL[index])
    }

    /// Tells the browser that it is over; what is left to send comes out of poll.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "WebRTC did not close cleanly");
        }
    }
}

#[cfg(test)]
mod tests;
