//! Secrets at rest: AES-256-GCM with a nonce per record and the record's identity as associated
//! data, so that a sealed secret can't be moved to another record.
//!
//! A sealed secret is base64 of: one byte for the version of the master key, 12 bytes of nonce, the
//! ciphertext with its tag.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Generate, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use uuid::Uuid;

/// The version of the master key that new secrets are sealed with; the only one so far.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

/// Why a master key could not be read, or a secret not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Not 32 bytes.
    #[error("a master key is 32 bytes, written as 64 hexadecimal digits or in base64")]
    NotAKey,
    /// The key's file could not be read or written.
    #[error("the master key's file {} can't be used: {source}", path.display())]
    File {
        /** The file. */
        path: PathBuf,
        /** Why. */
        source: std::io::Error,
    },
    /// Sealed with another version of the master key.
    #[error("the secret was sealed with version {0} of the master key, which is not at hand")]
    OtherVersion(u8),
    /// Wrong key, changed record, or a record put in another's place.
    #[error("the secret can't be opened: the master key is another one, or the record was changed")]
    Unreadable,
    /// The system gave no random numbers.
    #[error("the secret can't be sealed: the system gives no random numbers")]
    NoRandomness,
}

/// The key that seals every secret in the store.
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

    /// From 64 hexadecimal digits or from base64.
    ///
    /// # Errors
    /// [`VaultError::NotAKey`].
    pub fn from_text(text: &SecretString) -> Result<Self, VaultError> {
        let text = text.expose_secret().trim();
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
            .and_then(|bytes: Vec<u8>| bytes.try_into().ok())
            .map(Self::from_bytes)
            .ok_or(VaultError::NotAKey)
    }

    /// Reads the key from a file, or makes one there that only this user can read.
    ///
    /// # Errors
    /// [`VaultError::File`] or [`VaultError::NotAKey`].
    pub fn load_or_create(path: &Path) -> Result<Self, VaultError> {
        let failed = |source| VaultError::File { path: path.to_owned(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_text(&text.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match write_new_key(path) {
                    // Another process was faster: its key is the one.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    other => other.map_err(failed)?,
                }
                std::fs::read_to_string(path)
                    .map_err(failed)
                    .and_then(|text| Self::from_text(&text.into()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Seals a secret for the record with this identity, like `integration:int_…:signing`.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, identity: &str, secret: &SecretString) -> Result<String, VaultError> {
        let nonce = Nonce::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let payload =
            Payload { msg: secret.expose_secret().as_bytes(), aad: &associated(VERSION, identity) };
        // Encryption itself fails only for texts of many gigabytes.
        let sealed = self.cipher().encrypt(&nonce, payload).map_err(|_| VaultError::Unreadable)?;
        Ok(BASE64_STANDARD.encode([&[VERSION], nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`MasterKey::seal`] sealed for the same identity.
    ///
    /// # Errors
    /// [`VaultError::OtherVersion`] or [`VaultError::Unreadable`].
    pub fn open(&self, identity: &str, sealed: &str) -> Result<SecretString, VaultError> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| VaultError::Unreadable)?;
        let (version, rest) = bytes.split_first().ok_or(VaultError::Unreadable)?;
        if *version != VERSION {
            return Err(VaultError::OtherVersion(*version));
        }
        let (nonce, sealed) =
            rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Unreadable)?;
        let payload = Payload { msg: sealed, aad: &associated(VERSION, identity) };
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

/// Writes beside the path first and links it there whole: no reader finds half a key.
fn write_new_key(path: &Path) -> std::io::Result<()> {
    let key = <[u8; 32]>::try_generate().map_err(std::io::Error::other)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", Uuid::now_v7().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked = writeln!(file, "{}", BASE64_STANDARD.encode(key))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    linked?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
