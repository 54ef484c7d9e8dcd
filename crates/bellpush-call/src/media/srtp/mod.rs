//! SRTP on a trunk, with keys from its SDP (RFC 3711, RFC 4568).
//!
//! Packets are protected in the buffer that they are in. What comes in is believed only when its
//! authentication is right, and then only once.

mod keys;
mod replay;

use aws_lc_rs::constant_time;

use super::{RTP_HEADER_LEN, RtpPacket};
use crate::legs::sip::{SrtpKey, SrtpSuite};
use keys::{Kind, SessionKeys};
use replay::ReplayWindow;

/// RTCP is authenticated by so many octets in every suite that is spoken here.
const RTCP_TAG_LEN: usize = 10;
/// The index and the flag that a packet is encrypted.
const RTCP_INDEX_LEN: usize = 4;
const RTCP_ENCRYPTED: u32 = 1 << 31;
/// What stays in the clear: the header and the sender.
const RTCP_CLEAR: usize = 8;
/// Streams of one sender that are remembered: it may change its SSRC, but not for ever.
const STREAMS: usize = 4;

/// Why a packet is not believed, or not protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SrtpError {
    #[error("it is no packet of SRTP")]
    Malformed,
    #[error("its authentication is wrong")]
    Forged,
    #[error("it was received already, or is too old to tell")]
    Replayed,
    #[error("the cryptography failed")]
    Crypto,
}

const fn rtp_tag_len(suite: SrtpSuite) -> usize {
    match suite {
        SrtpSuite::AesCm128HmacSha1Tag80 => 10,
        SrtpSuite::AesCm128HmacSha1Tag32 => 4,
    }
}

/// Protects what is sent.
pub(crate) struct SrtpSender {
    rtp: SessionKeys,
    rtcp: SessionKeys,
    tag_len: usize,
    rtcp_index: u32,
}

impl SrtpSender {
    pub(crate) fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        Ok(Self {
            rtp: SessionKeys::derive(key, Kind::Rtp)?,
            rtcp: SessionKeys::derive(key, Kind::Rtcp)?,
            tag_len: rtp_tag_len(key.suite),
            rtcp_index: 0,
        })
    }

    /// Protects an RTP packet with a header of the kind that is written here. `seq` is its
    /// sequence number, extended over 16 bits from the stream's beginning below 65,536.
    pub(crate) fn protect(&mut self, seq: u64, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = RtpPacket::parse(packet).ok_or(SrtpError::Malformed)?.header.ssrc;
        let payload = packet.get_mut(RTP_HEADER_LEN..).ok_or(SrtpError::Malformed)?;
        self.rtp.apply(ssrc, seq, payload)?;
        let tag = self.rtp.tag(packet, (seq >> 16) as u32);
        packet.extend_from_slice(tag.as_ref().get(..self.tag_len).ok_or(SrtpError::Crypto)?);
        Ok(())
    }

    /// Protects a compound packet of RTCP.
    pub(crate) fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let (ssrc, encrypted) = rtcp_parts(packet)?;
        self.rtcp_index = self.rtcp_index.wrapping_add(1) & !RTCP_ENCRYPTED;
        let index = self.rtcp_index;
        self.rtcp.apply(ssrc, index.into(), encrypted)?;
        packet.extend_from_slice(&(index | RTCP_ENCRYPTED).to_be_bytes());
        let tag = self.rtcp.tag_whole(packet);
        packet.extend_from_slice(tag.as_ref().get(..RTCP_TAG_LEN).ok_or(SrtpError::Crypto)?);
        Ok(())
    }
}

/// Reads what is received.
pub(crate) struct SrtpReceiver {
    rtp: SessionKeys,
    rtcp: SessionKeys,
    tag_len: usize,
    streams: Vec<Stream>,
}

/// What is known of one SSRC.
#[derive(Debug, Clone, Copy, Default)]
struct Stream {
    ssrc: u32,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

impl SrtpReceiver {
    pub(crate) fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        Ok(Self {
            rtp: SessionKeys::derive(key, Kind::Rtp)?,
            rtcp: SessionKeys::derive(key, Kind::Rtcp)?,
            tag_len: rtp_tag_len(key.suite),
            streams: Vec::with_capacity(STREAMS),
        })
    }

    /// The RTP packet in a datagram, which is decrypted where it lies.
    pub(crate) fn unprotect<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let length = datagram.len().checked_sub(self.tag_len).ok_or(SrtpError::Malformed)?;
        let (packet, tag) = datagram.split_at_mut_checked(length).ok_or(SrtpError::Malformed)?;
        // Its end is encrypted: only the header can be read by now.
        let (ssrc, seq, clear) = rtp_parts(packet).ok_or(SrtpError::Malformed)?;
        let mut stream = self.stream(ssrc);
        let index = stream.rtp.guess(seq).ok_or(SrtpError::Replayed)?;
        if !stream.rtp.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        let expected = self.rtp.tag(packet, (index >> 16) as u32);
        verify(expected.as_ref(), tag)?;
        stream.rtp.accept(index);
        self.remember(stream);
        self.rtp.apply(ssrc, index, packet.get_mut(clear..).ok_or(SrtpError::Malformed)?)?;
        Ok(packet)
    }

    /// The compound packet of RTCP in a datagram, which is decrypted where it lies.
    pub(crate) fn unprotect_rtcp<'a>(
        &mut self,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let length = datagram.len().checked_sub(RTCP_TAG_LEN).ok_or(SrtpError::Malformed)?;
        let (rest, tag) = datagram.split_at_mut_checked(length).ok_or(SrtpError::Malformed)?;
        let expected = self.rtcp.tag_whole(rest);
        verify(expected.as_ref(), tag)?;
        let length = rest.len().checked_sub(RTCP_INDEX_LEN).ok_or(SrtpError::Malformed)?;
        let (packet, index) = rest.split_at_mut_checked(length).ok_or(SrtpError::Malformed)?;
        let index = u32::from_be_bytes(index.try_into().map_err(|_| SrtpError::Malformed)?);
        let (ssrc, encrypted) = rtcp_parts(packet)?;
        let mut stream = self.stream(ssrc);
        let number = index & !RTCP_ENCRYPTED;
        if !stream.rtcp.is_new(number.into()) {
            return Err(SrtpError::Replayed);
        }
        stream.rtcp.accept(number.into());
        if index & RTCP_ENCRYPTED != 0 {
            self.rtcp.apply(ssrc, number.into(), encrypted)?;
        }
        self.remember(stream);
        Ok(packet)
    }

    fn stream(&self, ssrc: u32) -> Stream {
        let known = self.streams.iter().find(|stream| stream.ssrc == ssrc);
        known.copied().unwrap_or(Stream { ssrc, ..Stream::default() })
    }

    /// Keeps what was learned from a packet that is believed.
    fn remember(&mut self, stream: Stream) {
        match self.streams.iter_mut().find(|known| known.ssrc == stream.ssrc) {
            Some(known) => *known = stream,
            None => {
                if self.streams.len() == STREAMS {
                    self.streams.remove(0);
                }
                self.streams.push(stream);
            }
        }
    }
}

fn verify(expected: &[u8], tag: &[u8]) -> Result<(), SrtpError> {
    let expected = expected.get(..tag.len()).ok_or(SrtpError::Malformed)?;
    constant_time::verify_slices_are_equal(expected, tag).map_err(|_| SrtpError::Forged)
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

/// The sender, and what is encrypted.
fn rtcp_parts(packet: &mut [u8]) -> Result<(u32, &mut [u8]), SrtpError> {
    let (clear, encrypted) =
        packet.split_first_chunk_mut::<RTCP_CLEAR>().ok_or(SrtpError::Malformed)?;
    let [.., s0, s1, s2, s3] = *clear;
    Ok((u32::from_be_bytes([s0, s1, s2, s3]), encrypted))
}

impl std::fmt::Debug for SrtpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpSender").field("rtcp_index", &self.rtcp_index).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SrtpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpReceiver").field("streams", &self.streams).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
