//! A browser's offer, read and checked, with a precise sentence for what is wrong with it.

use str0m::{
    change::SdpOffer,
    error::SdpError,
    format::Codec,
    media::{Direction, Mid},
};

/// A browser's offer of one audio track takes 2 to 5 KB.
const MAX_BYTES: usize = 64 * 1024;
/// How much of a parser's complaint is passed on.
const MAX_COMPLAINT_CHARS: usize = 200;

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
#[derive(Debug)]
pub(crate) struct Offer {
    pub(super) sdp: SdpOffer,
    pub(super) mid: Mid,
}

impl Offer {
    pub(crate) fn parse(text: &str) -> Result<Self, OfferError> {
        if text.trim().is_empty() {
            return Err(OfferError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(OfferError::TooLarge { bytes: text.len() });
        }
        let sdp = SdpOffer::from_sdp_string(text).map_err(|error| match error {
            SdpError::ParseError(_) => OfferError::NotSdp(complaint(&error)),
            SdpError::Inconsistent(_) => OfferError::Unusable(complaint(&error)),
        })?;
        let mut audio = None;
        let mut other = None;
        for line in sdp.media_lines.iter().filter(|line| !line.disabled) {
            let kind = line.typ.to_string();
            if kind == "audio" && audio.is_none() {
                audio = Some(line);
            } else {
                other = Some(kind);
            }
        }
        let Some(line) = audio else {
            return Err(OfferError::NoAudio);
        };
        if let Some(kind) = other {
            return Err(OfferError::MoreThanAudio(kind));
        }
        let direction = line.direction();
        if direction != Direction::SendRecv {
            return Err(OfferError::NotBothWays(direction.to_string()));
        }
        if !line.rtp_params().iter().any(|params| params.spec().codec == Codec::Opus) {
            return Err(OfferError::NoOpus);
        }
        let mid = line.mid();
        Ok(Self { sdp, mid })
    }
}

/// A library's complaint on one line of limited length. It may quote the offer.
pub(super) fn complaint(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    // The parser begins with where it was: as an address in memory, which helps nobody.
    let text = text
        .split_once("PointerOffset(")
        .map_or(&*text, |(_, at)| at.split_once(')').map_or(at, |(_, complaint)| complaint));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_COMPLAINT_CHARS).collect()
}
