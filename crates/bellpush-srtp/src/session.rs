//! Protects and reads the packets of one session (RFC 3711).
//!
//! Packets are protected in the buffer that they are in. What comes in is believed only when its
//! authentication is right, and then only once.

use crate::{
    RTP_HEADER_LEN, RtpPacket, SrtpError, SrtpKey,
    key_derivation::Kind,
    replay::ReplayWindow,
    session_keys::SessionKeys,
    srtcp::{RTCP_ENCRYPTED, rtcp_parts},
    streams::Streams,
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

/// Reads what is received.
pub struct SrtpReceiver {
    rtp: SessionKeys,
    rtcp: SessionKeys,
    streams: Streams,
}

impl SrtpReceiver {
    /// With this master key.
    ///
    /// # Errors
    /// [`SrtpError::Crypto`], which a key of the right length does not cause.
    pub fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        Ok(Self {
            rtp: SessionKeys::derive(key, Kind::Rtp)?,
            rtcp: SessionKeys::derive(key, Kind::Rtcp)?,
            streams: Streams::new(),
        })
    }

    /// The RTP packet in a datagram, which is decrypted where it lies.
    ///
    /// # Errors
    /// It is not believed.
    pub fn unprotect<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        // Its end is encrypted: only the header can be read by now.
        let (ssrc, seq, clear) = rtp_parts(datagram).ok_or(SrtpError::Malformed)?;
        let mut stream = self.streams.get(ssrc)?;
        let index = stream.rtp.guess(seq).ok_or(SrtpError::Replayed)?;
        if !stream.rtp.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        let packet = self.rtp.unprotect((ssrc, index), clear, datagram)?;
        stream.rtp.accept(index);
        self.streams.put(stream);
        Ok(packet)
    }

    /// The compound packet of RTCP in a datagram, which is decrypted where it lies.
    ///
    /// # Errors
    /// It is not believed.
    pub fn unprotect_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let word = self.rtcp.rtcp_word(datagram).ok_or(SrtpError::Malformed)?;
        let (_, ssrc, _) = rtcp_parts(datagram)?;
        let mut stream = self.streams.get(ssrc)?;
        let index = (word & !RTCP_ENCRYPTED).into();
        let is_new = stream.rtcp.is_new(index);
        let packet = self.rtcp.unprotect_rtcp(word, datagram)?;
        if !is_new {
            return Err(SrtpError::Replayed);
        }
        stream.rtcp.accept(index);
        self.streams.put(stream);
        Ok(packet)
    }
}

/// The SSRC, the sequence number, and how much of the packet is in the clear.
fn rtp_parts(packet: &[u8]) -> Option<(u32, u16, usize)> {
    let [first, _, high, low, .., s0, s1, s2, s3] = *packet.first_chunk::<RTP_HEADER_LEN>()?;
    if first >> 6 != 2 {
        return None;
    }
    let mut clear = RTP_HEADER_LEN + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let [_, _, high, low] = *packet.get(clear..)?.first_chunk::<4>()?;
        clear += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
    (clear <= packet.len()).then_some((ssrc, u16::from_be_bytes([high, low]), clear))
}

impl std::fmt::Debug for SrtpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpSender").field("rtcp_index", &self.rtcp_index).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SrtpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpReceiver")
            .field("streams", &self.streams.live())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
