//! AES in counter mode with HMAC-SHA1 (RFC 3711 section 4).

use aws_lc_rs::{cipher::EncryptingKey, constant_time, hmac};

use zeroize::Zeroizing;

use crate::{
    SrtpError,
    key_derivation::{Kind, MasterKey, SALT_LEN, cipher, key_stream},
    srtcp::{RTCP_ENCRYPTED, rtcp_parts},
};

const KEY_LEN: usize = 16;
const AUTHENTICATION_KEY_LEN: usize = 20;
/// RTCP is authenticated by so many octets in every suite of this kind.
pub(crate) const RTCP_TAG_LEN: usize = 10;
const RTCP_WORD_LEN: usize = 4;

/// The keys that protect one kind of packets.
pub(crate) struct CounterMode {
    cipher: EncryptingKey,
    salt: [u8; SALT_LEN],
    authentication: hmac::Key,
    tag_len: usize,
}

impl CounterMode {
    pub(crate) fn derive(
        master: &MasterKey,
        kind: Kind,
        tag_len: usize,
    ) -> Result<Self, SrtpError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let mut authentication = Zeroizing::new([0; AUTHENTICATION_KEY_LEN]);
        let mut salt = [0; SALT_LEN];
        master.derive(kind, 0, &mut *key)?;
        master.derive(kind, 1, &mut *authentication)?;
        master.derive(kind, 2, &mut salt)?;
        Ok(Self {
            cipher: cipher(&*key)?,
            salt,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*authentication),
            tag_len,
        })
    }

    pub(crate) fn protect(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        packet: &mut Vec<u8>,
    ) -> Result<(), SrtpError> {
        self.apply(ssrc, index, packet.get_mut(clear..).ok_or(SrtpError::Malformed)?)?;
        let tag = self.tag(packet, rollovers(index));
        packet.extend_from_slice(tag.as_ref().get(..self.tag_len).ok_or(SrtpError::Crypto)?);
        Ok(())
    }

    pub(crate) fn unprotect<'a>(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let length = datagram.len().checked_sub(self.tag_len).ok_or(SrtpError::Malformed)?;
        let (packet, tag) = datagram.split_at_mut_checked(length).ok_or(SrtpError::Malformed)?;
        // What is in the clear may not reach into the authentication.
        if clear > packet.len() {
            return Err(SrtpError::Malformed);
        }
        verify(self.tag(packet, rollovers(index)).as_ref(), tag)?;
        self.apply(ssrc, index, packet.get_mut(clear..).ok_or(SrtpError::Malformed)?)?;
        Ok(packet)
    }

    pub(crate) fn protect_rtcp(&self, word: u32, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let (_, ssrc, encrypted) = rtcp_parts(packet)?;
        self.apply(ssrc, (word & !RTCP_ENCRYPTED).into(), encrypted)?;
        packet.extend_from_slice(&word.to_be_bytes());
        let tag = hmac::sign(&self.authentication, packet);
        packet.extend_from_slice(tag.as_ref().get(..RTCP_TAG_LEN).ok_or(SrtpError::Crypto)?);
        Ok(())
    }

    pub(crate) fn unprotect_rtcp<'a>(
        &self,
        word: u32,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let length = datagram.len().checked_sub(RTCP_TAG_LEN).ok_or(SrtpError::Malformed)?;
        let (rest, tag) = datagram.split_at_mut_checked(length).ok_or(SrtpError::Malformed)?;
        verify(hmac::sign(&self.authentication, rest).as_ref(), tag)?;
        let length = rest.len().checked_sub(RTCP_WORD_LEN).ok_or(SrtpError::Malformed)?;
        let packet = rest.get_mut(..length).ok_or(SrtpError::Malformed)?;
        let (_, ssrc, encrypted) = rtcp_parts(packet)?;
        if word & RTCP_ENCRYPTED != 0 {
            self.apply(ssrc, (word & !RTCP_ENCRYPTED).into(), encrypted)?;
        }
        Ok(packet)
    }

    /// Encrypts or decrypts, which is the same, in place (section 4.1.1).
    fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = [0; 16];
        if let Some(part) = iv.first_chunk_mut() {
            *part = self.salt;
        }
        let mixed = u128::from_be_bytes(iv) ^ u128::from(ssrc) << 64 ^ u128::from(index) << 16;
        key_stream(&self.cipher, mixed.to_be_bytes(), data)
    }

    fn tag(&self, packet: &[u8], rollovers: u32) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.authentication);
        context.update(packet);
        context.update(&rollovers.to_be_bytes());
        context.sign()
    }
}

/// How often the sequence numbers began anew: a part of what is authenticated, though not sent.
fn rollovers(index: u64) -> u32 {
    (index >> 16) as u32
}

fn verify(expected: &[u8], tag: &[u8]) -> Result<(), SrtpError> {
    let expected = expected.get(..tag.len()).ok_or(SrtpError::Malformed)?;
    constant_time::verify_slices_are_equal(expected, tag).map_err(|_| SrtpError::Forged)
}
