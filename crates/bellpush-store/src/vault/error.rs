//! What can go wrong with keys and sealed secrets.

use std::path::PathBuf;

/// Why a master key could not be read, or a secret not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Not 32 bytes.
    #[error("a master key is 32 bytes, written as 64 hexadecimal digits or in base64")]
    NotAKey,
    /// A line of a key ring that is not a version and a key.
    #[error(
        "line {0} of the master keys is not a version from 1 to 255, a colon and a key; versions \
         are there once each"
    )]
    NotAVersion(usize),
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
    /// All 255 versions were used.
    #[error("a master key has at most 255 versions")]
    NoVersionLeft,
}
