//! The session keys of one direction, and what they do to a packet.

use crate::{
    SrtpError, SrtpKey, SrtpSuite,
    counter_mode::{self, CounterMode},
    gcm::Gcm,
    key_derivation::{Kind, MasterKey},
};

/// The keys that protect one kind of packets.
pub(crate) enum SessionKeys {
    /// Far larger than the other.
    CounterMode(Box<CounterMode>),
    Gcm(Gcm),
}

impl SessionKeys {
    pub(crate) fn derive(key: &SrtpKey, kind: Kind) -> Result<Self, SrtpError> {
        let master = MasterKey::new(key)?;
        match key.suite() {
            SrtpSuite::AesCm128HmacSha1Tag80 => CounterMode::derive(&master, kind, 10),
            SrtpSuite::AesCm128HmacSha1Tag32 => CounterMode::derive(&master, kind, 4),
            SrtpSuite::AeadAes128Gcm => return Gcm::derive::<16>(&master, kind).map(Self::Gcm),
            SrtpSuite::AeadAes256Gcm => return Gcm::derive::<32>(&master, kind).map(Self::Gcm),
        }
        .map(|keys| Self::CounterMode(Box::new(keys)))
    }

    /// Protects an RTP packet that is in the clear up to `clear`, and grows by its authentication.
    pub(crate) fn protect(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        packet: &mut Vec<u8>,
    ) -> Result<(), SrtpError> {
        match self {
            Self::CounterMode(keys) => keys.protect((ssrc, index), clear, packet),
            Self::Gcm(keys) => keys.protect((ssrc, index), clear, packet),
        }
    }

    /// Decrypts an RTP packet where it lies, and returns it without its authentication.
    pub(crate) fn unprotect<'a>(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        match self {
            Self::CounterMode(keys) => keys.unprotect((ssrc, index), clear, datagram),
            Self::Gcm(keys) => keys.unprotect((ssrc, index), clear, datagram),
        }
    }

    /// Protects a compound packet of RTCP; `word` is its index with the flag that says whether it is
    /// encrypted.
    pub(crate) fn protect_rtcp(&self, word: u32, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        match self {
            Self::CounterMode(keys) => keys.protect_rtcp(word, packet),
            Self::Gcm(keys) => keys.protect_rtcp(word, packet),
        }
    }

    /// The index of a protected packet of RTCP, with its flag: who knows whether it is right.
    pub(crate) fn rtcp_word(&self, datagram: &[u8]) -> Option<u32> {
        let after = match self {
            Self::CounterMode(_) => counter_mode::RTCP_TAG_LEN,
            Self::Gcm(_) => 0,
        };
        let before = datagram.len().checked_sub(after)?;
        datagram.get(..before)?.last_chunk().copied().map(u32::from_be_bytes)
    }

    /// Decrypts a compound packet of RTCP where it lies, and returns it alone.
    pub(crate) fn unprotect_rtcp<'a>(
        &self,
        word: u32,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        match self {
            Self::CounterMode(keys) => keys.unprotect_rtcp(word, datagram),
            Self::Gcm(keys) => keys.unprotect_rtcp(word, datagram),
        }
    }
}
