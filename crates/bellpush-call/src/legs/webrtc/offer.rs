//! A browser's offer, read and checked, with a precise sentence for what is wrong with it.

use std::fmt;

use bellpush_srtp::dtls::{Fingerprint, InvalidFingerprint};
use sdp_types::{Attribute, Media, Session};

use super::ice::Credentials;
use crate::{Codec, legs::rtp_map};

/// A browser's offer of one audio track takes 2 to 5 KB.
const MAX_BYTES: usize = 64 * 1024;
/// Sections in one, at most.
const MAX_SECTIONS: usize = 32;
/// How much of a parser's complaint is passed on.
const MAX_COMPLAINT_CHARS: usize = 200;
/// RFC 8839 section 5.4.
const MAX_CREDENTIAL_CHARS: usize = 256;
const MIN_UFRAG_CHARS: usize = 4;
const MIN_PASSWORD_CHARS: usize = 22;
/// Browsers number their tracks, or give them a short name.
const MAX_MID_CHARS: usize = 64;

/// What is wrong with an offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// No text.
    #[error("the offer is empty; send the SDP of RTCPeerConnection.createOffer()")]
    Empty,
    /// Too much text.
    #[error("the offer has {bytes} bytes; at most {MAX_BYTES} are taken")]
    TooLarge {
        /** Its size. */
        bytes: usize,
    },
    /// Not SDP, or without what WebRTC's SDP must have.
    #[error("the offer is not usable SDP ({0}); send that of RTCPeerConnection.createOffer()")]
    NotSdp(String),
    /// No audio section in use.
    #[error("the offer has no audio; add the microphone's track before createOffer()")]
    NoAudio,
    /// Sections besides the one of audio.
    #[error("the offer has an m= section of {0} besides the audio; offer one audio track only")]
    MoreThanAudio(String),
    /// Audio that does not go both ways.
    #[error("the audio is {0}; it must be sendrecv, so that both sides hear each other")]
    NotBothWays(String),
    /// No codec in common.
    #[error("the offer has no Opus (opus/48000/2), which every WebRTC endpoint has to speak")]
    NoOpus,
    /// A further offer that is for another track than the first.
    #[error("the offer is for another audio track than the call has; offer the same one")]
    OtherTrack,
    /// Something WebRTC requires is missing or unusable.
    #[error("the offer can't be answered: {0}")]
    Unusable(String),
}

/// An offer of exactly one audio track, both ways, with Opus.
pub(crate) struct Offer {
    /// The name of the track.
    pub(super) mid: String,
    /// All sections, as an answer has to have as many: media type, protocol and formats.
    pub(super) sections: Vec<(String, String, String)>,
    /// Which of them is the audio.
    pub(super) audio: usize,
    /// Whether the browser wants one transport for all sections.
    pub(super) is_bundled: bool,
    pub(super) credentials: Credentials,
    /// Of the certificates that the browser may have, by one hash function.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// Whether DTLS's handshake is ours to begin, where the browser does not leave that open.
    pub(super) is_dtls_client: Option<bool>,
    /// How it numbers our codecs; the first number of each.
    pub(super) payload_types: [Option<u8>; Codec::ALL.len()],
    /// How it numbers comfort noise at 8 kHz (RFC 3389), if it takes that.
    pub(super) comfort_noise: Option<u8>,
    /// How it numbers keypad presses, with their clock rates, the highest first.
    pub(super) keypad: Vec<(u8, u32)>,
}

impl Offer {
    /// Whether its certificates are these, in any order.
    pub(super) fn has_fingerprints(&self, these: &[Fingerprint]) -> bool {
        let holds = |all: &[Fingerprint], some: &[Fingerprint]| {
            some.iter().all(|fingerprint| all.contains(fingerprint))
        };
        holds(&self.fingerprints, these) && holds(these, &self.fingerprints)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, OfferError> {
        if text.trim().is_empty() {
            return Err(OfferError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(OfferError::TooLarge { bytes: text.len() });
        }
        let session = Session::parse(text.as_bytes())
            .map_err(|error| OfferError::NotSdp(complaint(&error)))?;
        if session.medias.len() > MAX_SECTIONS {
            return Err(unusable("it has too many m= sections"));
        }
        let audio = the_audio(&session)?;
        Self::read(&session, audio)
    }

    fn read(session: &Session, audio: usize) -> Result<Self, OfferError> {
        let media = session.medias.get(audio).ok_or(OfferError::NoAudio)?;
        if !media.proto.to_ascii_uppercase().ends_with("RTP/SAVPF") {
            return Err(unusable("its audio is not protected by DTLS-SRTP (UDP/TLS/RTP/SAVPF)"));
        }
        let maps = rtp_map::of(media);
        let payload_types = Codec::ALL.map(|codec| {
            let this = maps.iter().find(|map| map.codec() == Some(codec));
            this.map(|map| map.payload_type)
        });
        let comfort_noise = maps.iter().find(|map| map.is_comfort_noise());
        let comfort_noise = comfort_noise.map(|map| map.payload_type);
        let keypad = maps.iter().filter(|map| map.is_keypad());
        let mut keypad: Vec<_> = keypad.map(|map| (map.payload_type, map.clock_rate)).collect();
        keypad.sort_by_key(|(_, clock_rate)| std::cmp::Reverse(*clock_rate));
        if !maps.iter().any(|map| map.codec() == Some(Codec::Opus)) {
            return Err(OfferError::NoOpus);
        }
        if session.has_attribute("ice-lite") {
            return Err(unusable(
                "it is of an ICE-lite agent, as the server is, so neither checks",
            ));
        }
        if !media.has_attribute("rtcp-mux") {
            return Err(unusable(
                "its audio has no a=rtcp-mux, and the server has one port for all",
            ));
        }
        let value = |name: &'static str| {
            let of_media = media.get_first_attribute_value(name).flatten();
            of_media.or_else(|| session.get_first_attribute_value(name).flatten())
        };
        let mid = media.get_first_attribute_value("mid").flatten();
        let mid = mid.filter(|mid| is_token(mid) && mid.len() <= MAX_MID_CHARS);
        let (ufrag, password) = (value("ice-ufrag"), value("ice-pwd"));
        Ok(Self {
            mid: mid.ok_or_else(|| unusable("its audio has no usable a=mid"))?.to_owned(),
            sections: session
                .medias
                .iter()
                .map(|media| (media.media.clone(), media.proto.clone(), media.fmt.clone()))
                .collect(),
            audio,
            is_bundled: session.attributes.iter().any(|attribute| {
                let group = attribute.value.as_deref().unwrap_or_default();
                attribute.attribute == "group" && group.starts_with("BUNDLE")
            }),
            credentials: credentials(ufrag, password)
                .ok_or_else(|| unusable("it has no usable a=ice-ufrag and a=ice-pwd"))?,
            fingerprints: fingerprints(session, media)?,
            is_dtls_client: match value("setup") {
                Some("actpass") => None,
                // RFC 4145 section 4: what an offer without it means.
                Some("active") | None => Some(false),
                Some("passive") => Some(true),
                Some(_) => return Err(unusable("its a=setup must be actpass, active or passive")),
            },
            payload_types,
            comfort_noise,
            keypad,
        })
    }
}

/// The index of the one section in use.
fn the_audio(session: &Session) -> Result<usize, OfferError> {
    let mut audio = None;
    let mut other = None;
    // RFC 8843 section 6: what is only to be had in a bundle has no port of its own.
    let is_offered = |media: &Media| media.port != 0 || media.has_attribute("bundle-only");
    for (index, media) in session.medias.iter().enumerate().filter(|(_, media)| is_offered(media)) {
        if media.media == "audio" && audio.is_none() {
            audio = Some((index, media));
        } else {
            other = Some(media);
        }
    }
    let (index, media) = audio.ok_or(OfferError::NoAudio)?;
    if let Some(other) = other {
        return Err(OfferError::MoreThanAudio(complaint(&other.media)));
    }
    let has =
        |name| media.has_attribute(name) || (!is_directed(media) && session.has_attribute(name));
    match ONE_WAY.into_iter().find(|name| has(name)) {
        Some(direction) => Err(OfferError::NotBothWays(direction.to_owned())),
        None => Ok(index),
    }
}

const ONE_WAY: [&str; 3] = ["sendonly", "recvonly", "inactive"];

fn is_directed(media: &Media) -> bool {
    media.has_attribute("sendrecv") || ONE_WAY.into_iter().any(|name| media.has_attribute(name))
}

/// Those of the first hash function that we have. The certificate has to be of any one of them (RFC 8122
/// section 5).
fn fingerprints(session: &Session, media: &Media) -> Result<Vec<Fingerprint>, OfferError> {
    let of = |attributes: &[Attribute]| -> Vec<Result<Fingerprint, InvalidFingerprint>> {
        let these = attributes.iter().filter(|attribute| attribute.attribute == "fingerprint");
        these.map(|attribute| attribute.value.as_deref().unwrap_or_default().parse()).collect()
    };
    let mut read = of(&media.attributes);
    if read.is_empty() {
        read = of(&session.attributes);
    }
    let error = read.iter().find_map(|fingerprint| fingerprint.as_ref().err().copied());
    let mut known: Vec<Fingerprint> = read.into_iter().filter_map(Result::ok).collect();
    if let Some(first) = known.first().cloned() {
        known.retain(|fingerprint| fingerprint.is_like(&first));
        return Ok(known);
    }
    Err(match error {
        Some(error) => unusable(format_args!("of its a=fingerprint, {error}")),
        None => unusable("it has no a=fingerprint"),
    })
}

fn credentials(ufrag: Option<&str>, password: Option<&str>) -> Option<Credentials> {
    let checked = |text: Option<&str>, least: usize| {
        // RFC 8839 section 5.4: ice-char.
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        let text = text?;
        let is_long_enough = (least..=MAX_CREDENTIAL_CHARS).contains(&text.len());
        (is_long_enough && text.bytes().all(is_allowed)).then(|| text.to_owned())
    };
    let (ufrag, password) =
        (checked(ufrag, MIN_UFRAG_CHARS)?, checked(password, MIN_PASSWORD_CHARS)?);
    Some(Credentials { ufrag, password })
}

/// RFC 8866 section 9: what stands in an answer without changing its meaning.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unusable(what: impl fmt::Display) -> OfferError {
    OfferError::Unusable(what.to_string())
}

/// A library's complaint on one line of limited length. It may quote the offer.
fn complaint(error: &impl fmt::Display) -> String {
    let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|char| !char.is_control()).take(MAX_COMPLAINT_CHARS).collect()
}

// It holds the ICE password, which must not reach a log.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer").field("mid", &self.mid).finish_non_exhaustive()
    }
}
