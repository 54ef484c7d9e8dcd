//! What an SDP offer and its answer agreed on.

use std::{net::SocketAddr, time::Duration};

use bellpush_srtp::SrtpKeys;

use crate::Codec;

/// How media flows on the trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaPlan {
    /// Where RTP is sent.
    pub(crate) remote: SocketAddr,
    /// Where RTCP is sent; the address of RTP when both share it (RFC 5761).
    pub(crate) rtcp: SocketAddr,
    /// What is spoken in both directions.
    pub(crate) codec: Codec,
    /// The codec's payload type in what we send: as the far side numbers it.
    pub(crate) payload_type: u8,
    /// The codec's payload type in what we receive: as we offered it.
    pub(crate) receive_payload_type: u8,
    /// Keypad presses (RFC 4733) in both directions, when the far side takes them.
    pub(crate) telephone_event: Option<TelephoneEvent>,
    /// Who sends.
    pub(crate) direction: Direction,
    /// How much sound the far side wants in a packet.
    pub(crate) ptime: Duration,
    /// The keys, when media is encrypted.
    pub(crate) srtp: Option<SrtpKeys>,
    /// Whether RTCP shares the port of RTP.
    pub(crate) rtcp_mux: bool,
    /// The payload type of comfort noise (RFC 3389), when the far side takes it.
    pub(crate) comfort_noise: Option<u8>,
}

/// How keypad presses are numbered (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelephoneEvent {
    /// The payload type in what we send.
    pub(crate) payload_type: u8,
    /// The payload type in what we receive.
    pub(crate) receive_payload_type: u8,
    /// RTP timestamp units in a second.
    pub(crate) clock_rate: u32,
}

/// Who sends, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// Both.
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
