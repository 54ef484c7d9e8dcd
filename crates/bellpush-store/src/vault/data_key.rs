//! A key for many records, itself sealed as one: when the master key is rotated, only this is sealed
//! anew.

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Generate, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString, zeroize::Zeroizing};
use sha2::Sha256;

use super::error::VaultError;

const NONCE_BYTES: usize = 12;
/// A block of SHA-256, which HMAC fills a key up to.
const BLOCK_BYTES: usize = 64;

/// 32 bytes that encrypt records.
pub(crate) struct DataKey(SecretBox<[u8; 32]>);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    /// Draws a new one.
    pub(crate) fn generate() -> Result<Self, VaultError> {
        let bytes = <[u8; 32]>::try_generate().map_err(|_| VaultError::NoRandomness)?;
        Ok(Self(SecretBox::new(Box::new(bytes))))
    }

    /// As it is sealed.
    pub(crate) fn to_text(&self) -> SecretString {
        BASE64_STANDARD.encode(self.0.expose_secret()).into()
    }

    /// From what [`DataKey::to_text`] gave.
    pub(crate) fn from_text(text: &SecretString) -> Result<Self, VaultError> {
        let bytes = BASE64_STANDARD.decode(text.expose_secret()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| VaultError::Unreadable)?;
        let bytes = bytes.as_slice().try_into().map_err(|_| VaultError::Unreadable)?;
        Ok(Self(SecretBox::new(Box::new(bytes))))
    }

    /// Encrypts what a record of this identity holds: 12 bytes of nonce, then the ciphertext with its
    /// tag. It can't be moved to another record.
    pub(crate) fn encrypt(&self, identity: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = Nonce::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let payload = Payload { msg: plain, aad: identity.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce, payload).map_err(|_| VaultError::Unreadable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`DataKey::encrypt`] gave for the same identity.
    pub(crate) fn decrypt(&self, identity: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Unreadable)?;
        let payload = Payload { msg: sealed, aad: identity.as_bytes() };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload);
        opened.map_err(|_| VaultError::Unreadable)
    }

    /// A key for something else than encryption, by what it is for: nothing can be told from it of this
    /// one, or of those for other purposes.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut block = Zeroizing::new([0_u8; BLOCK_BYTES]);
        for (to, from) in block.iter_mut().zip(self.0.expose_secret()) {
            *to = *from;
        }
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into());
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose_secret().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_for_its_own_identity_and_key_only() {
        let key = DataKey::generate().unwrap();
        let sealed = key.encrypt("call_1:7", b"INVITE").unwrap();
        let same = DataKey::from_text(&key.to_text()).unwrap();
        assert_eq!(same.decrypt("call_1:7", &sealed).unwrap(), b"INVITE");
        assert!(key.decrypt("call_1:8", &sealed).is_err());
        assert!(DataKey::generate().unwrap().decrypt("call_1:7", &sealed).is_err());
        assert!(key.decrypt("call_1:7", &sealed[..11]).is_err());
        assert!(!sealed.windows(6).any(|window| window == b"INVITE"));
    }

    #[test]
    fn a_key_of_another_use_is_of_its_purpose_and_its_origin_only() {
        let key = DataKey::generate().unwrap();
        let same = DataKey::from_text(&key.to_text()).unwrap();
        assert_eq!(same.derive("challenges"), key.derive("challenges"));
        assert_ne!(key.derive("challenges"), key.derive("links"));
        assert_ne!(key.derive("challenges"), DataKey::generate().unwrap().derive("challenges"));
    }
}
