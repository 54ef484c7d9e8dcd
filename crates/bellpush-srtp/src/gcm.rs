//! AES in Galois/Counter Mode, which encrypts and authenticates in one (RFC 7714).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use zeroize::Zeroizing;

use crate::{
    SrtpError,
    key_derivation::{Kind, MasterKey},
    srtcp::{RTCP_CLEAR, RTCP_ENCRYPTED, rtcp_parts},
};

const SALT_LEN: usize = 12;
const RTCP_WORD_LEN: usize = 4;

/// The keys that protect one kind of packets.
pub(crate) struct Gcm {
    key: LessSafeKey,
    salt: [u8; SALT_LEN],
}

impl Gcm {
    /// With a key of 16 or 32 octets.
    pub(crate) fn derive<const KEY_LEN: usize>(
        master: &MasterKey,
        kind: Kind,
    ) -> Result<Self, SrtpError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let mut salt = [0; SALT_LEN];
        master.derive(kind, 0, &mut *key)?;
        master.derive(kind, 2, &mut salt)?;
        Self::new(&*key, salt)
    }

    fn new(key: &[u8], salt: [u8; SALT_LEN]) -> Result<Self, SrtpError> {
        let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let key = UnboundKey::new(algorithm, key).map_err(|_| SrtpError::Crypto)?;
        Ok(Self { key: LessSafeKey::new(key), salt })
    }

    pub(crate) fn protect(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        packet: &mut Vec<u8>,
    ) -> Result<(), SrtpError> {
        let (header, payload) = packet.split_at_mut_checked(clear).ok_or(SrtpError::Malformed)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(header), payload)
            .map_err(|_| SrtpError::Crypto)?;
        packet.extend_from_slice(tag.as_ref());
        Ok(())
    }

    pub(crate) fn unprotect<'a>(
        &self,
        (ssrc, index): (u32, u64),
        clear: usize,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let (header, sealed) = datagram.split_at_mut_checked(clear).ok_or(SrtpError::Malformed)?;
        let length = self
            .key
            .open_in_place(self.nonce(ssrc, index), Aad::from(header), sealed)
            .map_err(|_| SrtpError::Forged)?
            .len();
        datagram.get(..clear + length).ok_or(SrtpError::Malformed)
    }

    pub(crate) fn protect_rtcp(&self, word: u32, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let (header, ssrc, encrypted) = rtcp_parts(packet)?;
        let aad = associated(header, word);
        let nonce = self.nonce(ssrc, (word & !RTCP_ENCRYPTED).into());
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), encrypted)
            .map_err(|_| SrtpError::Crypto)?;
        packet.extend_from_slice(tag.as_ref());
        packet.extend_from_slice(&word.to_be_bytes());
        Ok(())
    }

    pub(crate) fn unprotect_rtcp<'a>(
        &self,
        word: u32,
        datagram: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let length = datagram.len().checked_sub(RTCP_WORD_LEN).ok_or(SrtpError::Malformed)?;
        let packet = datagram.get_mut(..length).ok_or(SrtpError::Malformed)?;
        let (header, ssrc, sealed) = rtcp_parts(packet)?;
        let nonce = self.nonce(ssrc, (word & !RTCP_ENCRYPTED).into());
        let length = if word & RTCP_ENCRYPTED == 0 {
            // Then all of it is authenticated only (section 9.3).
            let tag_len = self.key.algorithm().tag_len();
            let clear = length.checked_sub(tag_len).ok_or(SrtpError::Malformed)?;
            let (plain, tag) = packet.split_at_mut_checked(clear).ok_or(SrtpError::Malformed)?;
            let aad = [&*plain, &word.to_be_bytes()].concat();
            self.key.open_in_place(nonce, Aad::from(aad), tag).map_err(|_| SrtpError::Forged)?;
            clear
        } else {
            let aad = associated(header, word);
            let opened = self.key.open_in_place(nonce, Aad::from(aad), sealed);
            RTCP_CLEAR + opened.map_err(|_| SrtpError::Forged)?.len()
        };
        datagram.get(..length).ok_or(SrtpError::Malformed)
    }

    /// Section 8.1, and 9.1, where the index has but 31 bits.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = [0; 16];
        if let Some(part) = nonce.last_chunk_mut() {
            *part = self.salt;
        }
        let mixed = u128::from_be_bytes(nonce) ^ u128::from(ssrc) << 48 ^ u128::from(index);
        let mut nonce = [0; SALT_LEN];
        nonce.copy_from_slice(&mixed.to_be_bytes()[4..]);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// What is authenticated of encrypted RTCP, beside what is encrypted.
fn associated(header: &[u8; RTCP_CLEAR], word: u32) -> [u8; RTCP_CLEAR + RTCP_WORD_LEN] {
    let mut aad = [0; RTCP_CLEAR + RTCP_WORD_LEN];
    aad[..RTCP_CLEAR].copy_from_slice(header);
    aad[RTCP_CLEAR..].copy_from_slice(&word.to_be_bytes());
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    const SALT: &str = "51756964207072 6f2071756f";

    fn gcm(key: &str) -> Gcm {
        Gcm::new(&hex(key), hex(SALT).try_into().unwrap()).unwrap()
    }

    /// RFC 7714 section 16: the same packet with keys of both lengths.
    #[test]
    fn packets_are_those_of_rfc_7714_16() {
        let plain = hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 \
             69736120 696e2070 61727465 73207472 6573");
        for (key, expected) in [
            (
                "000102030405060708090a0b0c0d0e0f",
                "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 \
                 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
            ),
            (
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 \
                 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
            ),
        ] {
            let mut packet = plain.clone();
            gcm(key).protect((0x5501_A0B2, 0xF17B), 12, &mut packet).unwrap();
            assert_eq!(packet, hex(expected));
            let opened = gcm(key).unprotect((0x5501_A0B2, 0xF17B), 12, &mut packet).unwrap();
            assert_eq!(opened, plain);
        }
    }

    /// RFC 7714 section 17.
    #[test]
    fn reports_are_those_of_rfc_7714_17() {
        let key = "000102030405060708090a0b0c0d0e0f";
        let plain = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 \
             deadbeef deadbeef deadbeef deadbeef deadbeef");
        let encrypted = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d \
                         c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 \
                         45d9eade 800005d4";
        let mut packet = plain.clone();
        gcm(key).protect_rtcp(RTCP_ENCRYPTED | 0x5D4, &mut packet).unwrap();
        assert_eq!(packet, hex(encrypted));
        let opened = gcm(key).unprotect_rtcp(RTCP_ENCRYPTED | 0x5D4, &mut packet).unwrap();
        assert_eq!(opened, plain);
        // Section 17.3: authenticated only.
        let clear = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 \
                     deadbeef deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 \
                     125f62b3 000005d4";
        assert_eq!(gcm(key).unprotect_rtcp(0x5D4, &mut hex(clear)).unwrap(), plain);
    }
}
