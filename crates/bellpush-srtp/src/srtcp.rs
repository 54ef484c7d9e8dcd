//! The parts of a packet of SRTCP (RFC 3711 section 3.4).

use crate::SrtpError;

/// The flag beside the index of RTCP: that a packet is encrypted.
pub(crate) const RTCP_ENCRYPTED: u32 = 1 << 31;
/// What stays in the clear: the header and the sender.
pub(crate) const RTCP_CLEAR: usize = 8;

/// What is in the clear of RTCP, the sender that it names, and the rest.
pub(crate) fn rtcp_parts(
    packet: &mut [u8],
) -> Result<(&[u8; RTCP_CLEAR], u32, &mut [u8]), SrtpError> {
    let (clear, encrypted) =
        packet.split_first_chunk_mut::<RTCP_CLEAR>().ok_or(SrtpError::Malformed)?;
    let [.., s0, s1, s2, s3] = *clear;
    Ok((clear, u32::from_be_bytes([s0, s1, s2, s3]), encrypted))
}
