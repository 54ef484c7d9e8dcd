//! Fingerprints of certificates, as session descriptions have them (RFC 8122 section 5).

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;

/// The hash of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    hash: Hash,
    bytes: Vec<u8>,
}

/// Those of RFC 8122 that are strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Why a text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFingerprint {
    /// Its hash function is none of ours.
    #[error("its hash function must be sha-256, sha-384 or sha-512")]
    Hash,
    /// What follows is no hash of this kind.
    #[error("its hash must be hexadecimal bytes with colons between them, of the right number")]
    Bytes,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl Fingerprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn sha256(der: &[u8]) -> Self {
        let bytes = digest::digest(Hash::Sha256.algorithm(), der).as_ref().to_vec();
        Self { hash: Hash::Sha256, bytes }
    }

    /// Whether both are made with the same hash function.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.hash == other.hash
    }

    /// Whether it is that of this certificate in DER.
    #[must_use]
    pub fn is_of(&self, der: &[u8]) -> bool {
        digest::digest(self.hash.algorithm(), der).as_ref() == self.bytes
    }
}

/// As in `a=fingerprint:`.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        for (n, byte) in self.bytes.iter().enumerate() {
            write!(f, "{}{byte:02X}", if n == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, bytes) = text.trim().split_once(' ').ok_or(InvalidFingerprint::Bytes)?;
        let hash = Hash::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name));
        let hash = hash.ok_or(InvalidFingerprint::Hash)?;
        let byte = |text: &str| {
            let is_byte = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_byte.then(|| u8::from_str_radix(text, 16).ok()).flatten()
        };
        let bytes = bytes.trim().split(':').map(byte).collect::<Option<Vec<u8>>>();
        let bytes = bytes.filter(|bytes| bytes.len() == hash.algorithm().output_len());
        Ok(Self { hash, bytes: bytes.ok_or(InvalidFingerprint::Bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let of_nothing = Fingerprint::sha256(&[]);
        let text = of_nothing.to_string();
        assert!(text.starts_with("sha-256 E3:B0:C4:42:98:FC:1C:14:"), "{text}");
        assert_eq!(text.parse(), Ok(of_nothing.clone()));
        assert_eq!(text.to_lowercase().replace("sha", "SHA").parse(), Ok(of_nothing));
    }

    #[test]
    fn each_hash_is_that_of_its_certificate_only() {
        for hash in Hash::ALL {
            let bytes = digest::digest(hash.algorithm(), b"a certificate").as_ref().to_vec();
            let read: Fingerprint = Fingerprint { hash, bytes }.to_string().parse().unwrap();
            assert!(read.is_of(b"a certificate"));
            assert!(!read.is_of(b"another one"));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = Fingerprint::sha256(b"a certificate").to_string();
        let (_, bytes) = good.split_once(' ').unwrap();
        for (bad, why) in [
            (String::new(), InvalidFingerprint::Bytes),
            ("sha-256".into(), InvalidFingerprint::Bytes),
            ("sha-256 ".into(), InvalidFingerprint::Bytes),
            (format!("md5 {bytes}"), InvalidFingerprint::Hash),
            (format!("sha-1 {bytes}"), InvalidFingerprint::Hash),
            (format!("sha-512 {bytes}"), InvalidFingerprint::Bytes),
            (format!("sha-256 {bytes}:00"), InvalidFingerprint::Bytes),
            (format!("sha-256 +{}", &bytes[1..]), InvalidFingerprint::Bytes),
            (good.replace(':', ""), InvalidFingerprint::Bytes),
        ] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(why), "{bad}");
        }
    }
}
