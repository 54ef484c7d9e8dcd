//! One master key.

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Generate, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretBox, SecretString, zeroize::Zeroizing};

use super::error::VaultError;

const NONCE_BYTES: usize = 12;

/// 32 bytes that seal secrets.
#[derive(Clone)]
pub struct MasterKey(Arc<SecretBox<[u8; 32]>>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// From 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// Draws a new one.
    pub(super) fn generate() -> Result<Self, VaultError> {
        <[u8; 32]>::try_generate().map(Self::from_bytes).map_err(|_| VaultError::NoRandomness)
    }

    /// From 64 hexadecimal digits or from base64.
    pub(super) fn from_text(text: &str) -> Result<Self, VaultError> {
        let hexadecimal = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = if hexadecimal {
            (0..64)
                .step_by(2)
                .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
                .collect()
        } else {
            BASE64_STANDARD.decode(text).ok()
        };
        bytes
            .map(Zeroizing::new)
            .and_then(|bytes| bytes.as_slice().try_into().ok())
            .map(Self::from_bytes)
            .ok_or(VaultError::NotAKey)
    }

    /// In base64.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(self.0.expose_secret()))
    }

    /// Seals a secret as this version for the record with this identity.
    pub(super) fn seal(
        &self,
        version: u8,
        identity: &str,
        secret: &SecretString,
    ) -> Result<String, VaultError> {
        let nonce = Nonce::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let payload =
            Payload { msg: secret.expose_secret().as_bytes(), aad: &associated(version, identity) };
        // Encryption itself fails only for texts of many gigabytes.
        let sealed = self.cipher().encrypt(&nonce, payload).map_err(|_| VaultError::Unreadable)?;
        Ok(BASE64_STANDARD.encode([&[version], nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what follows the version in a sealed secret.
    pub(super) fn open(
        &self,
        version: u8,
        identity: &str,
        sealed: &[u8],
    ) -> Result<SecretString, VaultError> {
        let (nonce, sealed) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Unreadable)?;
        let payload = Payload { msg: sealed, aad: &associated(version, identity) };
        let opened = self
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| VaultError::Unreadable)?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| VaultError::Unreadable)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose_secret().into())
    }
}

/// The version is authenticated together with the identity, so that it can't be changed either.
fn associated(version: u8, identity: &str) -> Vec<u8> {
    [&[version], identity.as_bytes()].concat()
}
