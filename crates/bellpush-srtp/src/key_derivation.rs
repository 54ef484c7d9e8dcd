//! How session keys are derived from a master key (RFC 3711 section 4.3).

use aws_lc_rs::{
    cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};

use zeroize::Zeroizing;

use crate::{SrtpError, SrtpKey};

/// Octets of a salt, with room for the shorter one of AEAD (RFC 7714 section 11).
pub(crate) const SALT_LEN: usize = 14;

/// Which of the derived keys: those of RTP or of RTCP.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Kind {
    Rtp = 0,
    Rtcp = 3,
}

/// What session keys are derived from. The key itself is wiped by the library that holds it.
pub(crate) struct MasterKey {
    key: EncryptingKey,
    salt: Zeroizing<[u8; SALT_LEN]>,
}

impl MasterKey {
    pub(crate) fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        let (key, salt) = key.parts();
        let mut long = Zeroizing::new([0; SALT_LEN]);
        long.get_mut(..salt.len()).ok_or(SrtpError::Crypto)?.copy_from_slice(salt);
        Ok(Self { key: cipher(key)?, salt: long })
    }

    /// Fills `out` with what the label stands for: 0 the key, 1 the authentication's key, 2 the
    /// salt. The key derivation rate is 0, so that the index is, too.
    pub(crate) fn derive(&self, kind: Kind, label: u8, out: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = [0; 16];
        if let Some(part) = iv.first_chunk_mut() {
            *part = *self.salt;
        }
        iv[7] ^= kind as u8 + label;
        out.fill(0);
        key_stream(&self.key, iv, out)
    }
}

/// AES with a key of 16 or 32 octets, to make a key stream with.
pub(crate) fn cipher(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| SrtpError::Crypto)
}

/// Adds the key stream to the data.
pub(crate) fn key_stream(
    key: &EncryptingKey,
    iv: [u8; 16],
    data: &mut [u8],
) -> Result<(), SrtpError> {
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(data, context).map(drop).map_err(|_| SrtpError::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SrtpSuite, hex::hex};

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b2() {
        let key = cipher(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let mut stream = [0; 48];
        let iv = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
        key_stream(&key, iv, &mut stream).unwrap();
        let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB \
                        41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream.to_vec(), hex(expected));
    }

    #[test]
    fn the_derived_keys_are_those_of_rfc_3711_b3() {
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let key = SrtpKey::new(SrtpSuite::AesCm128HmacSha1Tag80, &key, &salt).unwrap();
        let master = MasterKey::new(&key).unwrap();
        let derived = |label, length| {
            let mut out = vec![0; length];
            master.derive(Kind::Rtp, label, &mut out).unwrap();
            out
        };
        assert_eq!(derived(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derived(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let authentication = hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
        assert_eq!(derived(1, 20), authentication);
    }

    #[test]
    fn the_keys_of_256_bits_are_those_of_rfc_6188_7_4() {
        let key = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
        let salt = hex("3b04803de51ee7c96423ab5b78d2");
        let mut long = [0; SALT_LEN];
        long.copy_from_slice(&salt);
        let master = MasterKey { key: cipher(&key).unwrap(), salt: Zeroizing::new(long) };
        let mut out = [0; 32];
        master.derive(Kind::Rtp, 0, &mut out).unwrap();
        let expected = hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
        assert_eq!(out.to_vec(), expected);
    }
}
