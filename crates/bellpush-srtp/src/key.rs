//! Master keys, as SDP or DTLS brings them.

use std::fmt;

use zeroize::Zeroizing;

/// The keys of both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrtpKeys {
    /// Protects what we send.
    pub ours: SrtpKey,
    /// Protects what the far side sends.
    pub theirs: SrtpKey,
}

/// A protection of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80`: 10 bytes of authentication in a packet (RFC 4568 section 6.2).
    AesCm128HmacSha1Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`: 4 bytes of authentication in an RTP packet, 10 in RTCP.
    AesCm128HmacSha1Tag32,
    /// `AEAD_AES_128_GCM`: 16 bytes of authentication in a packet (RFC 7714).
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`: the same with a longer key.
    AeadAes256Gcm,
}

impl SrtpSuite {
    /// Those that are offered to a far side, the preferred first. The one with 4 bytes is weak
    /// against forgery, and comes last.
    pub const ALL: [Self; 4] = [
        Self::AeadAes128Gcm,
        Self::AesCm128HmacSha1Tag80,
        Self::AeadAes256Gcm,
        Self::AesCm128HmacSha1Tag32,
    ];

    /// Bytes of a master key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 | Self::AesCm128HmacSha1Tag32 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 | Self::AesCm128HmacSha1Tag32 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }
}

/// The most bytes that a master key and a master salt have together.
pub const SRTP_KEY_LEN: usize = 44;

/// One direction's master key and master salt. They are wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpKey {
    suite: SrtpSuite,
    /// Key, then salt; the rest is zero.
    key_and_salt: Zeroizing<[u8; SRTP_KEY_LEN]>,
}

impl SrtpKey {
    /// `None` when the key, or the salt, has not the length that the suite asks for.
    #[must_use]
    pub fn new(suite: SrtpSuite, key: &[u8], salt: &[u8]) -> Option<Self> {
        let lengths = (suite.key_len(), suite.salt_len());
        let mut key_and_salt = Zeroizing::new([0; SRTP_KEY_LEN]);
        let place = key_and_salt.get_mut(..lengths.0 + lengths.1)?;
        let (first, second) = place.split_at_mut_checked(lengths.0)?;
        if (key.len(), salt.len()) != lengths {
            return None;
        }
        first.copy_from_slice(key);
        second.copy_from_slice(salt);
        Some(Self { suite, key_and_salt })
    }

    /// A key of a suite out of random bytes.
    #[must_use]
    pub fn from_random(suite: SrtpSuite, random: &[u8; SRTP_KEY_LEN]) -> Self {
        let length = suite.key_len() + suite.salt_len();
        let mut key_and_salt = Zeroizing::new(*random);
        key_and_salt.iter_mut().skip(length).for_each(|byte| *byte = 0);
        Self { suite, key_and_salt }
    }

    /// What it is for.
    #[must_use]
    pub fn suite(&self) -> SrtpSuite {
        self.suite
    }

    /// Key and salt.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        let (key, rest) = self.key_and_salt.split_at(self.suite.key_len());
        (key, &rest[..self.suite.salt_len()])
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrtpKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}
