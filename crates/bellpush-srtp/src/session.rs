//! Protects the packets of one session (RFC 3711), in the buffer that they are in.

use crate::{
    RTP_HEADER_LEN, RtpPacket, SrtpError, SrtpKey, key_derivation::Kind, replay::ReplayWindow,
    session_keys::SessionKeys, srtcp::RTCP_ENCRYPTED,
};

/// Protects what is sent.
pub struct SrtpSender {
    rtp: SessionKeys,
    rtcp: SessionKeys,
    /// Under one key no two packets may have the same number (RFC 3711 section 9.1).
    sent: ReplayWindow,
    rtcp_index: u32,
}

impl SrtpSender {
    /// With this master key.
    ///
    /// # Errors
    /// [`SrtpError::Crypto`], which a key of the right length does not cause.
    pub fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        Ok(Self {
            rtp: SessionKeys::derive(key, Kind::Rtp)?,
            rtcp: SessionKeys::derive(key, Kind::Rtcp)?,
            sent: ReplayWindow::default(),
            rtcp_index: 0,
        })
    }

    /// Protects the same stream with this master key from now on. Its numbers go on, so that a key
    /// that comes back meets none of them again.
    ///
    /// # Errors
    /// As of [`SrtpSender::new`]; then it stays as it was.
    pub fn set_key(&mut self, key: &SrtpKey) -> Result<(), SrtpError> {
        let Self { sent, rtcp_index, .. } = *self;
        *self = Self { sent, rtcp_index, ..Self::new(key)? };
        Ok(())
    }

    /// Protects an RTP packet with a header of the kind that is written here. `seq` is its
    /// sequence number, extended over 16 bits from the stream's beginning below 65,536.
    ///
    /// # Errors
    /// It is no such packet, its number was used already or is too old to tell, or the cryptography
    /// failed; then it is not to be sent.
    pub fn protect(&mut self, seq: u64, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = RtpPacket::parse(packet).ok_or(SrtpError::Malformed)?.header.ssrc;
        if !self.sent.is_new(seq) {
            return Err(SrtpError::Replayed);
        }
        self.sent.accept(seq);
        self.rtp.protect((ssrc, seq), RTP_HEADER_LEN, packet)
    }

    /// Protects a compound packet of RTCP.
    ///
    /// # Errors
    /// It is no such packet, or the cryptography failed; then it is not to be sent.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        self.rtcp_index = self.rtcp_index.wrapping_add(1) & !RTCP_ENCRYPTED;
        self.rtcp.protect_rtcp(self.rtcp_index | RTCP_ENCRYPTED, packet)
    }
}

impl std::fmt::Debug for SrtpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpSender").field("rtcp_index", &self.rtcp_index).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
