//! The browser's leg: ICE-lite, DTLS-SRTP, Opus, G.711 and telephone-event.
//!
//! Without sockets: datagrams go in, datagrams and [`LegEvent`]s come out. str0m makes the
//! connection: the answer's SDP, ICE and DTLS. Media goes past it, packet by packet, with the keys
//! that DTLS agreed on; nothing is decoded.

mod answerer;
#[cfg(test)]
mod fuzz;

mod media;
mod narrowband;
mod offer;
mod stun;

pub(crate) use answerer::{Answerer, Identity};
pub(crate) use offer::Offer;
pub use offer::OfferError;
pub(crate) use stun::{is_stun, local_ufrag};

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bellpush_srtp::{SrtpError, SrtpKeys, dtls};
use str0m::{
    Event, Input, Output, Rtc, RtcError,
    change::SdpAnswer,
    format,
    media::{Mid, Pt},
    net::{Protocol, Receive, Transmit},
};

use crate::{
    Codec, Digit,
    media::{PressDetector, Reception, RtpTimes, WallClock},
};
use media::{FromBrowser, Media};

/// One browser's connection.
pub(crate) struct WebRtcLeg {
    rtc: Rtc,
    ufrag: String,
    mid: Mid,
    /// The codecs that the browser takes, as it numbers them.
    payload_types: [Option<Pt>; Codec::ALL.len()],
    /// How the browser numbers keypad presses, at each clock rate that it takes.
    keypad: Vec<Pt>,
    /// Whether all who may hear the browser are telephones of 8 kHz.
    is_narrowband: bool,
    presses: PressDetector,
    /// Of our stream, as the browser was told.
    ssrc: u32,
    clock: WallClock,
    /// The latest time that the leg was told.
    now: Instant,
    /// From when on there is something to do, unless something comes: known once it was asked for.
    waits: Option<Instant>,
    /// Where media goes to: as the browser chose.
    remote: Option<Remote>,
    /// From the keys on.
    media: Option<Media>,
}

/// Where the browser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) protocol: Protocol,
    pub(crate) address: SocketAddr,
}

/// What goes out to the browser.
#[derive(Debug)]
pub(crate) struct ToBrowser<'a> {
    pub(crate) remote: Remote,
    pub(crate) datagram: &'a [u8],
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
    /// The browser closed the connection.
    Closed,
    /// The connection broke for good.
    Broken(RtcError),
}

/// What the browser sent as media.
#[derive(Debug)]
pub(crate) enum LegMedia<'a> {
    /// A packet of speech.
    Audio(AudioPacket<'a>),
    /// A packet that is not audio, with the keypad press that it begins, if any.
    Key { ssrc: u32, seq: u64, digit: Option<Digit> },
    /// Reports on both streams.
    Reports,
}

/// A packet of speech from the browser.
#[derive(Debug)]
pub(crate) struct AudioPacket<'a> {
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    pub(crate) times: RtpTimes,
    pub(crate) payload: &'a [u8],
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// A connectivity check with the right password.
    Check,
    /// Anything else that is right.
    Packet,
    /// Not from this leg's browser.
    Foreign,
    /// Not a packet that WebRTC knows, or not an intact one.
    Malformed,
}

/// Whether a datagram is RTP or RTCP (RFC 7983).
pub(crate) fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..192).contains(first))
}

impl WebRtcLeg {
    /// `None` when the browser does not speak Opus, which all do (RFC 7874 section 3).
    fn new(
        now: Instant,
        mut rtc: Rtc,
        mid: Mid,
        clock: WallClock,
        is_narrowband: bool,
    ) -> Option<Self> {
        let agreed = rtc.media(mid)?.remote_pts().to_vec();
        let numbers = |codec: format::Codec| {
            let params = rtc.codec_config().params().iter();
            let params = params.filter(move |params| params.spec().codec == codec);
            params.map(format::PayloadParams::pt).filter(|pt| agreed.contains(pt))
        };
        let payload_types = Codec::ALL.map(|codec| {
            let codec = match codec {
                Codec::Opus => format::Codec::Opus,
                Codec::Pcma => format::Codec::PCMA,
                Codec::Pcmu => format::Codec::PCMU,
            };
            numbers(codec).next()
        });
        let keypad = numbers(format::Codec::Tele).collect();
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let ssrc = *rtc.direct_api().stream_tx_by_mid(mid, None)?.ssrc();
        let leg = Self {
            rtc,
            ufrag,
            mid,
            payload_types,
            keypad,
            is_narrowband,
            presses: PressDetector::default(),
            ssrc,
            clock,
            now,
            waits: None,
            remote: None,
            media: None,
        };
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
        self.waits = None;
        let answer = self.rtc.sdp_api().accept_offer(sdp);
        let answer = answer.map_err(|error| OfferError::Unusable(offer::complaint(&error)))?;
        let mut answer = self.told(&answer);
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

    /// An answer as the browser gets it.
    fn told(&self, answer: &SdpAnswer) -> String {
        let answer = answer.to_sdp_string();
        match self.payload_type(Codec::Opus).filter(|_| self.is_narrowband) {
            Some(opus) => narrowband::ask(&answer, opus),
            None => answer,
        }
    }

    /// Takes in a datagram that is not media and arrived at the local candidate `local`.
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
        if is_media(datagram) || !self.rtc.accepts(&input) {
            return Received::Foreign;
        }
        (self.now, self.waits) = (now, None);
        // An error is about this packet: anybody can send one in the browser's name, and that must
        // not end the call. What does is told by poll.
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a packet is refused");
            return Received::Malformed;
        }
        if datagram.first().is_none_or(|first| *first >= 2) {
            return Received::Packet;
        }
        // A browser says so with every check of the pair that it has chosen.
        if stun::nominates(datagram) {
            self.remote = Some(Remote { protocol, address: remote });
        }
        Received::Check
    }

    /// Takes in a packet of media, which is decrypted where it lies. An error says why it is
    /// refused; `None` is one that came too early, or of a kind that was not agreed on.
    pub(crate) fn receive_media<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Result<Option<LegMedia<'a>>, SrtpError> {
        let Some(media) = &mut self.media else { return Ok(None) };
        let FromBrowser::Rtp(packet, times) = media.receive(now, datagram)? else {
            return Ok(Some(LegMedia::Reports));
        };
        let (ssrc, kind) = (packet.header.ssrc, Pt::from(packet.header.payload_type));
        if let Some(codec) = self.codec(kind) {
            let payload = packet.payload;
            return Ok(Some(LegMedia::Audio(AudioPacket { ssrc, codec, times, payload })));
        }
        if !self.keypad.contains(&kind) {
            return Ok(None);
        }
        let mut digit = None;
        self.presses.packet(times.timestamp, packet.payload, |pressed| digit = Some(pressed));
        Ok(Some(LegMedia::Key { ssrc, seq: times.seq, digit }))
    }

    /// Tells the leg the time.
    pub(crate) fn tick(&mut self, now: Instant) {
        (self.now, self.waits) = (now, None);
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "WebRTC's timers failed");
        }
    }

    /// Takes out what there is to do, until [`LegOutput::Wait`].
    pub(crate) fn poll(&mut self) -> LegOutput {
        if let Some(at) = self.waits {
            return LegOutput::Wait(at);
        }
        loop {
            let (output, keys) = dtls::overhear(|| self.rtc.poll_output());
            if let Some(keys) = keys {
                self.begin_media(&keys);
            }
            match output {
                Ok(Output::Timeout(at)) => {
                    self.waits = Some(at);
                    return LegOutput::Wait(at);
                }
                // Reports of its own would be of streams that it does not see.
                Ok(Output::Transmit(transmit)) if is_media(&transmit.contents) => {}
                Ok(Output::Transmit(transmit)) => return LegOutput::Transmit(transmit),
                Ok(Output::Event(Event::Connected)) => {
                    return LegOutput::Event(LegEvent::Connected);
                }
                Ok(Output::Event(Event::Closed)) => return LegOutput::Event(LegEvent::Closed),
                // ICE states are not asked: silence is measured by call control, on all packets.
                Ok(Output::Event(_)) => {}
                Err(error) => {
                    self.rtc.disconnect();
                    return LegOutput::Event(LegEvent::Broken(error));
                }
            }
        }
    }

    fn begin_media(&mut self, keys: &SrtpKeys) {
        match Media::new(self.now, keys, self.ssrc, self.clock) {
            Ok(media) => self.media = Some(media),
            Err(error) => tracing::error!(%error, "the browser's media can't be decrypted"),
        }
    }

    /// The packet of speech that goes out with these numbers. `None` for one in a codec that the
    /// browser does not take, and before there is a connection.
    pub(crate) fn speech(
        &mut self,
        now: Instant,
        codec: Codec,
        times: RtpTimes,
        payload: &[u8],
    ) -> Option<ToBrowser<'_>> {
        let (payload_type, remote) = (self.payload_type(codec)?, self.remote?);
        match self.media.as_mut()?.protect(now, *payload_type, times, payload) {
            Ok(datagram) => Some(ToBrowser { remote, datagram }),
            Err(error) => {
                tracing::debug!(%error, "a packet was not protected");
                None
            }
        }
    }

    /// When [`WebRtcLeg::report`] is due.
    pub(crate) fn next_report(&self) -> Option<Instant> {
        self.media.as_ref().map(Media::next_report)
    }

    /// The report on both streams, if one is due.
    pub(crate) fn report(
        &mut self,
        now: Instant,
        reception: &mut Reception,
        clock_rate: u32,
    ) -> Option<ToBrowser<'_>> {
        let datagram = self.media.as_mut()?.report(now, reception, clock_rate)?;
        Some(ToBrowser { remote: self.remote?, datagram })
    }

    /// The end of our stream.
    pub(crate) fn goodbye(
        &mut self,
        now: Instant,
        reception: &mut Reception,
        clock_rate: u32,
    ) -> Option<ToBrowser<'_>> {
        let datagram = self.media.as_mut()?.goodbye(now, reception, clock_rate)?;
        Some(ToBrowser { remote: self.remote?, datagram })
    }

    /// How long it takes to the browser and back, as its last report tells.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.media.as_ref().and_then(Media::round_trip)
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
        self.waits = None;
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "WebRTC did not close cleanly");
        }
    }
}

#[cfg(test)]
mod tests;
