//! The browser's leg: ICE-lite, DTLS-SRTP, Opus, G.711 and telephone-event.
//!
//! Without sockets: datagrams go in, datagrams and [`LegEvent`]s come out. Nothing is decoded.
//!
//! | file | holds |
//! |---|---|
//! | `offer`, `answer`, `answerer` | the browser's SDP, ours, and how a leg comes of them |
//! | `connection`, `ice`, `stun` | the path to the browser, and the keys that DTLS agrees on there |
//! | `media` | SRTP and reports with these keys |

mod answer;
mod answerer;
mod connection;
#[cfg(test)]
mod fuzz;
mod ice;
mod media;
mod offer;
mod received;
mod stun;
mod transport_address;

pub(crate) use answerer::{Answerer, Identity};
pub(crate) use ice::Probes;
pub(crate) use offer::Offer;
pub use offer::OfferError;
pub(crate) use received::Received;
pub(crate) use stun::{StunTarget, is_stun, nominates as stun_nominates, target as stun_target};
pub(crate) use transport_address::{Protocol, TransportAddress};

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::analytics::NetworkKind;
use bellpush_srtp::{
    SrtpError, SrtpKeys,
    dtls::{DtlsError, Fingerprint},
};

use crate::{
    Codec, Digit,
    codec::CodecPreferences,
    media::{ChangeLimit, DtmfReceiver, Reception, RtpTimes, WallClock},
    token_bucket::TokenBucket,
};
use answer::{Answer, LocalParameters};
use connection::{Connection, ConnectionOutput};
use media::{FromBrowser, Media};

/// One browser's connection.
pub(crate) struct WebRtcLeg {
    connection: Connection,
    local_parameters: Arc<LocalParameters>,
    /// The browser's track and its certificates, which a further offer has to be of.
    mid: String,
    fingerprints: Vec<Fingerprint>,
    /// Whether DTLS's handshake is ours to begin, which stays so.
    is_dtls_client: bool,
    /// The session's id, and how often it was described.
    session: (u64, u64),
    /// The codecs in the order of our answers.
    order: Vec<Codec>,
    /// The codecs that the browser takes, as it numbers them.
    payload_types: [Option<u8>; Codec::ALL.len()],
    /// How the browser numbers comfort noise, if it takes that.
    comfort_noise: Option<u8>,
    /// How the browser numbers keypad presses, at each clock rate that it takes.
    keypad: Vec<(u8, u32)>,
    /// Whether all who may hear the browser are telephones of 8 kHz.
    is_narrowband: bool,
    dtmf: DtmfReceiver,
    /// The stream that its keys are of, whose timestamps tell them apart.
    dtmf_stream: Option<u32>,
    /// The codec that the browser speaks: behind it a decoder may have to be made.
    codec: ChangeLimit<Codec>,
    /// Of packets of media that only the browser can have made.
    budget: TokenBucket,
    /// Of our stream, as the browser was told.
    ssrc: u32,
    cname: String,
    clock: WallClock,
    /// The latest time that the leg was told.
    now: Instant,
    /// From when on there is something to do, unless something comes: known once it was asked for.
    waits: Option<Instant>,
    /// From the keys on.
    media: Option<Media>,
}

/// What goes out to the browser.
#[derive(Debug)]
pub(crate) struct ToBrowser<'a> {
    pub(crate) remote: TransportAddress,
    pub(crate) datagram: &'a [u8],
}

/// What the leg wants or tells.
#[derive(Debug)]
pub(crate) enum LegOutput {
    /// A datagram to send.
    Transmit(TransportAddress, Vec<u8>),
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
    Broken(DtlsError),
}

/// What the browser sent as media.
#[derive(Debug)]
pub(crate) enum LegMedia<'a> {
    /// A packet of speech.
    Audio(AudioPacket<'a>),
    /// It falls silent, and says how loud that is.
    ComfortNoise(ComfortNoisePacket<'a>),
    /// A packet that is not audio, with the keypad presses that it begins, if any.
    Key { ssrc: u32, seq: u64, digits: Vec<Digit> },
    /// Reports on both streams.
    Reports,
    /// A packet beyond what a browser sends, or of a kind that was not agreed on.
    Other,
}

/// A packet of speech from the browser.
#[derive(Debug)]
pub(crate) struct AudioPacket<'a> {
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    pub(crate) times: RtpTimes,
    pub(crate) payload: &'a [u8],
}

/// A packet of comfort noise (RFC 3389) from the browser.
#[derive(Debug)]
pub(crate) struct ComfortNoisePacket<'a> {
    pub(crate) ssrc: u32,
    pub(crate) times: RtpTimes,
    pub(crate) payload: &'a [u8],
}

/// Whether a datagram is RTP or RTCP (RFC 7983).
pub(crate) fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..192).contains(first))
}

impl WebRtcLeg {
    fn new(
        now: Instant,
        local_parameters: Arc<LocalParameters>,
        offer: &Offer,
        clock: WallClock,
        speech: CodecPreferences<'_>,
    ) -> Self {
        let Offer { credentials, fingerprints, .. } = offer;
        let theirs = (credentials.clone(), fingerprints.clone());
        let is_dtls_client = offer.is_dtls_client.unwrap_or(false);
        Self {
            connection: Connection::new(
                Arc::clone(&local_parameters.certificate),
                theirs,
                is_dtls_client,
            ),
            local_parameters,
            mid: offer.mid.clone(),
            fingerprints: fingerprints.clone(),
            is_dtls_client,
            session: (rand::random::<u64>() >> 1, 0),
            order: speech.codecs.to_vec(),
            payload_types: offer.payload_types,
            comfort_noise: offer.comfort_noise,
            keypad: offer.keypad.clone(),
            is_narrowband: speech.is_narrowband,
            dtmf: DtmfReceiver::default(),
            dtmf_stream: None,
            ssrc: rand::random(),
            cname: format!("{:016x}", rand::random::<u64>()),
            clock,
            now,
            waits: None,
            codec: ChangeLimit::new(),
            budget: TokenBucket::default(),
            media: None,
        }
    }

    /// The name that the browser's connectivity checks are addressed to.
    pub(crate) fn ufrag(&self) -> &str {
        &self.connection.ice().local().ufrag
    }

    /// Whether checks of the browser have come by this path, as far as is remembered.
    pub(crate) fn knows_path(&self, remote: TransportAddress) -> bool {
        self.connection.ice().knows(remote)
    }

    /// Whether the browser is at the end of this path right now, as far as can be told.
    pub(crate) fn is_at(&self, now: Instant, remote: TransportAddress) -> bool {
        self.connection.ice().is_alive(now, remote)
    }

    /// How media goes between the browser and this machine; `None` when it goes nowhere.
    pub(crate) fn network(&self, now: Instant) -> Option<NetworkKind> {
        self.connection.ice().media_path(now).map(|path| match path.protocol {
            Protocol::Udp => NetworkKind::Udp,
            Protocol::Tcp => NetworkKind::Tcp,
        })
    }

    /// Whether the browser takes this codec.
    pub(crate) fn speaks(&self, codec: Codec) -> bool {
        self.payload_type(codec).is_some()
    }

    /// Whether the browser takes comfort noise.
    pub(crate) fn takes_comfort_noise(&self) -> bool {
        self.comfort_noise.is_some()
    }

    /// Answers a further offer, such as one for an ICE restart. It changes which name the browser
    /// calls the leg by.
    pub(crate) fn restart(&mut self, offer: &Offer) -> Result<String, OfferError> {
        // Another certificate would be another connection (RFC 8842 section 5.5).
        if offer.mid != self.mid || !offer.has_fingerprints(&self.fingerprints) {
            return Err(OfferError::OtherTrack);
        }
        if offer.is_dtls_client.is_some_and(|is_ours| is_ours != self.is_dtls_client) {
            return Err(OfferError::Unusable("its a=setup asks for the other side".to_owned()));
        }
        self.payload_types = offer.payload_types;
        self.comfort_noise = offer.comfort_noise;
        self.keypad.clone_from(&offer.keypad);
        self.waits = None;
        self.connection.restart(&offer.credentials);
        self.session.1 += 1;
        Ok(self.answer_to(offer))
    }

    /// The answer to an offer.
    fn answer_to(&self, offer: &Offer) -> String {
        Answer {
            offer,
            session: self.session,
            candidates: &self.local_parameters.candidates,
            credentials: self.connection.ice().local(),
            fingerprint: self.local_parameters.certificate.fingerprint(),
            is_dtls_client: self.is_dtls_client,
            codecs: &self.order,
            is_narrowband: self.is_narrowband,
            ssrc: self.ssrc,
            cname: &self.cname,
        }
        .write()
    }

    /// Takes in a datagram that is not media.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &[u8],
    ) -> Received {
        let received = self.connection.receive(now, remote, datagram);
        // What is refused may have changed what DTLS waits for, too.
        if received != Received::Foreign {
            (self.now, self.waits) = (now, None);
        }
        received
    }

    /// Takes in a packet of media, which is decrypted where it lies. An error says why it is
    /// refused; `None` is one that came before the keys.
    pub(crate) fn receive_media<'a>(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &'a mut [u8],
    ) -> Result<Option<LegMedia<'a>>, SrtpError> {
        let Some(media) = &mut self.media else { return Ok(None) };
        let received = media.receive(now, datagram)?;
        if self.connection.heard(now, remote) {
            (self.now, self.waits) = (now, None);
        }
        if !self.budget.take(now) {
            return Ok(Some(LegMedia::Other));
        }
        let (packet, times) = match received {
            FromBrowser::Rtp(packet, times) => (packet, times),
            FromBrowser::Reports => return Ok(Some(LegMedia::Reports)),
            FromBrowser::OtherStream => return Ok(Some(LegMedia::Other)),
        };
        let (ssrc, kind) = (packet.header.ssrc, packet.header.payload_type);
        if let Some(codec) = self.codec(kind) {
            if !self.codec.admits(now, codec) {
                return Ok(Some(LegMedia::Other));
            }
            let payload = packet.payload;
            return Ok(Some(LegMedia::Audio(AudioPacket { ssrc, codec, times, payload })));
        }
        if self.comfort_noise == Some(kind) {
            let payload = packet.payload;
            return Ok(Some(LegMedia::ComfortNoise(ComfortNoisePacket { ssrc, times, payload })));
        }
        if !self.keypad.iter().any(|(number, _)| *number == kind) {
            return Ok(Some(LegMedia::Other));
        }
        if self.dtmf_stream != Some(ssrc) {
            (self.dtmf, self.dtmf_stream) = (DtmfReceiver::default(), Some(ssrc));
        }
        let mut digits = Vec::new();
        let (timestamp, marker) = (times.timestamp, times.marker);
        self.dtmf.packet(timestamp, marker, packet.payload, |digit| digits.push(digit));
        Ok(Some(LegMedia::Key { ssrc, seq: times.seq, digits }))
    }

    /// There is no such path to the browser any more.
    pub(crate) fn forget_path(&mut self, now: Instant, remote: TransportAddress) {
        (self.now, self.waits) = (now, None);
        self.connection.forget(now, remote);
    }

    /// Tells the leg the time.
    pub(crate) fn tick(&mut self, now: Instant) {
        (self.now, self.waits) = (now, None);
        self.connection.tick(now);
    }

    /// Takes out what there is to do, until [`LegOutput::Wait`].
    pub(crate) fn poll(&mut self) -> LegOutput {
        if let Some(at) = self.waits {
            return LegOutput::Wait(at);
        }
        loop {
            return match self.connection.poll(self.now) {
                ConnectionOutput::Transmit(remote, datagram) => {
                    LegOutput::Transmit(remote, datagram)
                }
                ConnectionOutput::Keys(keys) => {
                    self.begin_media(&keys);
                    continue;
                }
                ConnectionOutput::Connected => LegOutput::Event(LegEvent::Connected),
                ConnectionOutput::Closed => LegOutput::Event(LegEvent::Closed),
                ConnectionOutput::Broken(error) => LegOutput::Event(LegEvent::Broken(error)),
                ConnectionOutput::Wait(at) => {
                    self.waits = Some(at);
                    LegOutput::Wait(at)
                }
            };
        }
    }

    fn begin_media(&mut self, keys: &SrtpKeys) {
        match Media::new(self.now, keys, (self.ssrc, &self.cname), self.clock) {
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
        let payload_type = self.payload_type(codec)?;
        self.protect(now, payload_type, times, payload)
    }

    /// The packet of comfort noise that goes out with these numbers. `None` where the browser takes
    /// none, and before there is a connection.
    pub(crate) fn comfort_noise(
        &mut self,
        now: Instant,
        times: RtpTimes,
        payload: &[u8],
    ) -> Option<ToBrowser<'_>> {
        let payload_type = self.comfort_noise?;
        self.protect(now, payload_type, times, payload)
    }

    fn protect(
        &mut self,
        now: Instant,
        payload_type: u8,
        times: RtpTimes,
        payload: &[u8],
    ) -> Option<ToBrowser<'_>> {
        let remote = self.connection.ice().media_path(now)?;
        match self.media.as_mut()?.protect(now, payload_type, times, payload) {
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
        Some(ToBrowser { remote: self.connection.ice().media_path(now)?, datagram })
    }

    /// The end of our stream.
    pub(crate) fn goodbye(
        &mut self,
        now: Instant,
        reception: &mut Reception,
        clock_rate: u32,
    ) -> Option<ToBrowser<'_>> {
        let datagram = self.media.as_mut()?.goodbye(now, reception, clock_rate)?;
        Some(ToBrowser { remote: self.connection.ice().media_path(now)?, datagram })
    }

    /// Which part of what it is sent the browser has lost of late, in percent, as its last report tells.
    pub(crate) fn loss_percent(&self) -> u8 {
        self.media.as_ref().map_or(0, Media::loss_percent)
    }

    /// How long it takes to the browser and back, as its last report tells.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.media.as_ref().and_then(Media::round_trip)
    }

    fn payload_type(&self, codec: Codec) -> Option<u8> {
        let index = Codec::ALL.iter().position(|other| *other == codec)?;
        self.payload_types[index]
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let index = self.payload_types.iter().position(|other| *other == Some(payload_type))?;
        Some(Codec::ALL[index])
    }

    /// Tells the browser that it is over; what is left to send comes out of poll.
    pub(crate) fn close(&mut self) {
        self.waits = None;
        self.connection.close();
    }
}

#[cfg(test)]
mod tests;
