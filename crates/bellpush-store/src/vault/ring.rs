//! All versions of the master key that are at hand. The newest one seals; each opens its own.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::{error::VaultError, key::MasterKey};

/// Master keys by version. There is always one at least.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: u8,
    keys: BTreeMap<u8, MasterKey>,
}

/// The only key there is has version 1.
impl From<MasterKey> for KeyRing {
    fn from(key: MasterKey) -> Self {
        Self { current: 1, keys: BTreeMap::from([(1, key)]) }
    }
}

impl KeyRing {
    /// Reads a ring as it is written: one line, or one part between commas, for each version, with
    /// the version, a colon and the key. A single key without a version has version 1. What
    /// follows a `#` is a comment.
    ///
    /// # Errors
    /// [`VaultError::NotAKey`] or [`VaultError::NotAVersion`].
    pub fn from_text(text: &SecretString) -> Result<Self, VaultError> {
        let parts: Vec<(usize, &str)> = text
            .expose_secret()
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .enumerate()
            .flat_map(|(index, line)| line.split(',').map(move |part| (index + 1, part.trim())))
            .filter(|(_, part)| !part.is_empty())
            .collect();
        if let [(_, bare)] = parts.as_slice()
            && !bare.contains(':')
        {
            return MasterKey::from_text(bare).map(Self::from);
        }
        let mut keys = BTreeMap::new();
        for (line, part) in parts {
            let invalid = || VaultError::NotAVersion(line);
            let (version, key) = part.split_once(':').ok_or_else(invalid)?;
            let version: u8 = version.trim().parse().map_err(|_| invalid())?;
            let key = MasterKey::from_text(key.trim())?;
            if version == 0 || keys.insert(version, key).is_some() {
                return Err(invalid());
            }
        }
        let current = *keys.keys().next_back().ok_or(VaultError::NotAKey)?;
        Ok(Self { current, keys })
    }

    /// The ring as it is written, for its file.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(
            "# Master keys of Bellpush, as version:key. The newest one encrypts.\n",
        ));
        for (version, key) in &self.keys {
            text.push_str(&version.to_string());
            text.push(':');
            text.push_str(&key.to_text());
            text.push('\n');
        }
        text
    }

    /// A ring with one new key.
    pub(super) fn generate() -> Result<Self, VaultError> {
        MasterKey::generate().map(Self::from)
    }

    /// The version that new secrets are sealed with.
    #[must_use]
    pub const fn current(&self) -> u8 {
        self.current
    }

    /// All versions that are at hand, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u8> {
        self.keys.keys().copied()
    }

    /// The same with a new key, which is the current one from then on.
    ///
    /// # Errors
    /// [`VaultError::NoVersionLeft`] or [`VaultError::NoRandomness`].
    pub fn with_new_key(&self) -> Result<Self, VaultError> {
        let current = self.current.checked_add(1).ok_or(VaultError::NoVersionLeft)?;
        let mut keys = self.keys.clone();
        keys.insert(current, MasterKey::generate()?);
        Ok(Self { current, keys })
    }

    /// The same without a version; `None` when it is the current one, or is not there.
    #[must_use]
    pub fn without(&self, version: u8) -> Option<Self> {
        let mut keys = self.keys.clone();
        let is_old = version != self.current && keys.remove(&version).is_some();
        is_old.then_some(Self { current: self.current, keys })
    }

    /// Seals a secret for the record with this identity, like `integration:int_…:signing`.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, identity: &str, secret: &SecretString) -> Result<String, VaultError> {
        let key = self.keys.get(&self.current);
        let key = key.ok_or(VaultError::OtherVersion(self.current))?;
        key.seal(self.current, identity, secret)
    }

    /// Opens what [`KeyRing::seal`] sealed for the same identity, with any key of the ring.
    ///
    /// # Errors
    /// [`VaultError::OtherVersion`] or [`VaultError::Unreadable`].
    pub fn open(&self, identity: &str, sealed: &str) -> Result<SecretString, VaultError> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| VaultError::Unreadable)?;
        let (version, rest) = bytes.split_first().ok_or(VaultError::Unreadable)?;
        let key = self.keys.get(version).ok_or(VaultError::OtherVersion(*version))?;
        key.open(*version, identity, rest)
    }

    /// The version that a secret is sealed with.
    pub(crate) fn version_of(sealed: &str) -> Result<u8, VaultError> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| VaultError::Unreadable)?;
        bytes.first().copied().ok_or(VaultError::Unreadable)
    }
}
