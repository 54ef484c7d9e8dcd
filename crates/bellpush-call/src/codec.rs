//! The audio codecs that calls are made of.

use std::fmt;

/// An audio codec. All are used with one channel of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// Opus (RFC 6716), whose RTP clock is 48 kHz whatever its bandwidth (RFC 7587 section 4.1).
    Opus,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 3] = [Self::Pcma, Self::Pcmu, Self::Opus];

    /// The name in SDP's `rtpmap`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::Opus => "opus",
        }
    }

    /// RTP timestamp units in a second.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// The payload type that RFC 3551 gave it, if it did.
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::Opus => None,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a browser is asked to send: the order of codecs in the answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CodecPreferences<'a> {
    /// The codecs, the preferred first.
    pub(crate) codecs: &'a [Codec],
    /// Whether all who may hear it are telephones of 8 kHz.
    pub(crate) is_narrowband: bool,
}
