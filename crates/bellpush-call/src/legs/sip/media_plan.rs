//! What an SDP offer and its answer agreed on.

use std::{net::SocketAddr, time::Duration};

use bellpush_srtp::SrtpKeys;

use crate::Codec;

/// The payload type of comfort noise at 8 kHz (RFC 3551 section 6).
pub(crate) const COMFORT_NOISE: u8 = 13;

/// How media flows on the trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaPlan {
    /// Where RTP is sent.
    pub(crate) remote: SocketAddr,
    /// Where RTCP is sent; the address of RTP when both share it (RFC 5761).
    pub(crate) rtcp: SocketAddr,
    /// What we send.
    pub(crate) codec: Codec,
    /// The codec's payload type in what we send: as the far side numbers it.
    pub(crate) payload_type: u8,
    /// All that the far side may send, at any time (RFC 3264 section 7), as we numbered it.
    pub(crate) receive: Vec<(u8, Format)>,
    /// How we send keypad presses (RFC 4733), when the far side takes them.
    pub(crate) telephone_event: Option<TelephoneEvent>,
    /// Who sends.
    pub(crate) direction: Direction,
    /// How much sound the far side wants in a packet that is made here.
    pub(crate) ptime: Duration,
    /// The keys, when media is encrypted.
    pub(crate) srtp: Option<SrtpKeys>,
    /// Whether RTCP shares the port of RTP.
    pub(crate) rtcp_mux: bool,
    /// The payload type of the comfort noise that we send (RFC 3389), when the far side takes it.
    pub(crate) comfort_noise: Option<u8>,
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Sound.
    Speech(Codec),
    /// Keypad presses of this clock rate (RFC 4733).
    TelephoneEvent(u32),
    /// Comfort noise at 8 kHz (RFC 3389).
    ComfortNoise,
}

/// How keypad presses are sent (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelephoneEvent {
    /// The payload type, as the far side numbers it.
    pub(crate) payload_type: u8,
    /// RTP timestamp units in a second. They need not be those of the codec: beside Opus at 48 kHz
    /// there are phone systems with events at 8 kHz alone.
    pub(crate) clock_rate: u32,
}

impl MediaPlan {
    /// What a packet of the far side holds, if that was agreed on. Comfort noise needs no agreement beside
    /// G.711: we always offer it there, its number is the same everywhere, and gateways send it whatever
    /// they have answered.
    pub(crate) fn format(&self, payload_type: u8) -> Option<Format> {
        let agreed = self.receive.iter().find(|(number, _)| *number == payload_type);
        let is_noise = payload_type == COMFORT_NOISE && self.receives_g711();
        agreed.map(|(_, format)| *format).or(is_noise.then_some(Format::ComfortNoise))
    }

    fn receives_g711(&self) -> bool {
        self.receive
            .iter()
            .any(|(_, format)| matches!(format, Format::Speech(Codec::Pcma | Codec::Pcmu)))
    }
}

/// Who sends, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// Both sides.
    SendReceive,
    /// Only we do: the far side listens.
    SendOnly,
    /// Only the far side does: music on hold.
    ReceiveOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// Whether what we send is wanted.
    pub(crate) const fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }
}
