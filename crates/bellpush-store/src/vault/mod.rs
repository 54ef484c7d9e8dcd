//! Secrets at rest: AES-256-GCM with a nonce per record and the record's identity as associated
//! data, so that a sealed secret can't be moved to another record.
//!
//! A sealed secret is base64 of: one byte for the version of the master key, 12 bytes of nonce, the
//! ciphertext with its tag.

mod data_key;
mod error;
mod file;
mod key;
mod ring;

pub(crate) use data_key::DataKey;
pub use error::VaultError;
pub use key::MasterKey;
pub use ring::KeyRing;
