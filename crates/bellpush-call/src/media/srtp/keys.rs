//! The keys of one direction, derived from its master key (RFC 3711 section 4.3), and what is done
//! with them.

use aws_lc_rs::{
    cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
    hmac,
    iv::FixedLength,
};

use super::SrtpError;
use crate::legs::sip::{SRTP_KEY_LEN, SrtpKey};

const KEY_LEN: usize = 16;
const SALT_LEN: usize = 14;
const AUTHENTICATION_KEY_LEN: usize = 20;

/// Which of the derived keys: those of RTP or of RTCP.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    Rtp = 0,
    Rtcp = 3,
}

/// The keys that protect one kind of packets.
pub(super) struct SessionKeys {
    cipher: EncryptingKey,
    salt: [u8; SALT_LEN],
    authentication: hmac::Key,
}

impl SessionKeys {
    pub(super) fn derive(master: &SrtpKey, kind: Kind) -> Result<Self, SrtpError> {
        let (key, salt) = split(&master.key_and_salt);
        let master = cipher(key)?;
        let label = kind as u8;
        let mut session_key = [0; KEY_LEN];
        let mut authentication_key = [0; AUTHENTICATION_KEY_LEN];
        let mut session_salt = [0; SALT_LEN];
        derive(&master, &salt, label, &mut session_key)?;
        derive(&master, &salt, label + 1, &mut authentication_key)?;
        derive(&master, &salt, label + 2, &mut session_salt)?;
        Ok(Self {
            cipher: cipher(session_key)?,
            salt: session_salt,
            authentication: hmac::Key::new(
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                &authentication_key,
            ),
        })
    }

    /// Encrypts or decrypts, which is the same, in place (section 4.1.1).
    pub(super) fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = [0; 16];
        if let Some(part) = iv.first_chunk_mut() {
            *part = self.salt;
        }
        let parts = [(4, u64::from(ssrc) << 32), (8, index << 16)];
        for (at, number) in parts {
            for (octet, other) in iv.iter_mut().skip(at).zip(number.to_be_bytes()) {
                *octet ^= other;
            }
        }
        key_stream(&self.cipher, iv, data)
    }

    /// The authentication of a packet's parts. As much of it is sent as the suite says.
    pub(super) fn tag(&self, packet: &[u8], index: u32) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.authentication);
        context.update(packet);
        context.update(&index.to_be_bytes());
        context.sign()
    }

    /// The authentication of a packet that holds its index itself.
    pub(super) fn tag_whole(&self, packet: &[u8]) -> hmac::Tag {
        hmac::sign(&self.authentication, packet)
    }
}

fn split(key_and_salt: &[u8; SRTP_KEY_LEN]) -> ([u8; KEY_LEN], [u8; SALT_LEN]) {
    let (mut key, mut salt) = ([0; KEY_LEN], [0; SALT_LEN]);
    key.copy_from_slice(&key_and_salt[..KEY_LEN]);
    salt.copy_from_slice(&key_and_salt[KEY_LEN..]);
    (key, salt)
}

fn cipher(key: [u8; KEY_LEN]) -> Result<EncryptingKey, SrtpError> {
    UnboundCipherKey::new(&AES_128, &key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| SrtpError::Crypto)
}

fn derive(
    master: &EncryptingKey,
    salt: &[u8; SALT_LEN],
    label: u8,
    out: &mut [u8],
) -> Result<(), SrtpError> {
    let mut iv = [0; 16];
    if let Some(part) = iv.first_chunk_mut() {
        *part = *salt;
    }
    // The key derivation rate is 0, so that the index is, too.
    iv[7] ^= label;
    key_stream(master, iv, out)
}

fn key_stream(key: &EncryptingKey, iv: [u8; 16], data: &mut [u8]) -> Result<(), SrtpError> {
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(data, context).map(drop).map_err(|_| SrtpError::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legs::sip::SrtpSuite;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b2() {
        let key = cipher(hex("2B7E151628AED2A6ABF7158809CF4F3C").try_into().unwrap()).unwrap();
        let mut stream = [0; 48];
        let iv = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
        key_stream(&key, iv, &mut stream).unwrap();
        let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB \
                        41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream.to_vec(), hex(expected));
    }

    #[test]
    fn the_derived_keys_are_those_of_rfc_3711_b3() {
        let key_and_salt = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
        let master = cipher(key_and_salt[..16].try_into().unwrap()).unwrap();
        let salt = key_and_salt[16..].try_into().unwrap();
        let derived = |label, length| {
            let mut out = vec![0; length];
            derive(&master, &salt, label, &mut out).unwrap();
            out
        };
        assert_eq!(derived(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derived(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let authentication = hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
        assert_eq!(derived(1, 20), authentication);
    }

    #[test]
    fn keys_of_rtp_and_rtcp_differ() {
        let suite = SrtpSuite::AesCm128HmacSha1Tag80;
        let master = SrtpKey { suite, key_and_salt: [7; SRTP_KEY_LEN] };
        let [mut rtp, mut rtcp] = [[0; 16]; 2];
        SessionKeys::derive(&master, Kind::Rtp).unwrap().apply(1, 2, &mut rtp).unwrap();
        SessionKeys::derive(&master, Kind::Rtcp).unwrap().apply(1, 2, &mut rtcp).unwrap();
        assert_ne!(rtp, rtcp);
    }
}
