//! Standard Webhooks v1a: Ed25519 over `id.timestamp.body`. The receiver needs the public key only.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bellpush_core::ids::EventId;
use secrecy::{ExposeSecret, SecretSlice, SecretString, zeroize::Zeroizing};

/// What the text of every private key begins with.
const PREFIX: &str = "whsk_";
/// What the text of every public key begins with.
const PUBLIC_PREFIX: &str = "whpk_";
const SEED_BYTES: usize = 32;

/// Why a text is not a signing key. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Does not begin with `whsk_`.
    #[error("a signing key begins with {PREFIX}")]
    Prefix,
    /// The rest is not base64.
    #[error("after {PREFIX}, a signing key is base64 with padding")]
    NotBase64,
    /// Not 64 bytes, or two halves that do not belong together.
    #[error("a signing key is 64 bytes: the seed of an Ed25519 key and its public key")]
    NotAKeyPair,
}

/// The key pair by which an integration's requests are signed. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    seed: SecretSlice<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

impl SigningKey {
    /// Reads a key as it is written: `whsk_` and base64 of seed and public key.
    ///
    /// # Errors
    /// See [`SigningKeyError`].
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningKeyError::Prefix)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SigningKeyError::NotBase64)?;
        let bytes = Zeroizing::new(bytes);
        let (seed, public) =
            bytes.split_at_checked(SEED_BYTES).ok_or(SigningKeyError::NotAKeyPair)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public)
            .map_err(|_| SigningKeyError::NotAKeyPair)?;
        Ok(Self { pair: Arc::new(pair), seed: seed.to_vec().into() })
    }

    /// Makes a key of 32 random bytes that the caller draws.
    ///
    /// # Errors
    /// [`SigningKeyError::NotAKeyPair`] when the crypto library refuses to work.
    pub fn generate(seed: [u8; SEED_BYTES]) -> Result<Self, SigningKeyError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| SigningKeyError::NotAKeyPair)?;
        Ok(Self { pair: Arc::new(pair), seed: seed.to_vec().into() })
    }

    /// The key as it is written, to be stored encrypted.
    #[must_use]
    pub fn reveal(&self) -> SecretString {
        let public = self.pair.public_key().as_ref();
        let both = Zeroizing::new([self.seed.expose_secret(), public].concat());
        format!("{PREFIX}{}", STANDARD.encode(&*both)).into()
    }

    /// The public key as it is written, for receivers: `whpk_` and base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        format!("{PUBLIC_PREFIX}{}", STANDARD.encode(self.pair.public_key().as_ref()))
    }

    /// The value of `webhook-signature` for one request; `timestamp` is in seconds since the epoch.
    #[must_use]
    pub fn sign(&self, id: EventId, timestamp: i64, body: &[u8]) -> String {
        let message = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        format!("v1a,{}", STANDARD.encode(self.pair.sign(&message).as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    const ID: &str = "01920000-0000-7000-8000-000000000001";

    #[test]
    fn the_public_key_verifies_what_was_signed_and_nothing_else() {
        let key = SigningKey::generate([7; 32]).unwrap();
        let signature = key.sign(ID.parse().unwrap(), 1_700_000_000, b"{}");
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let public = key.public_key();
        let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, public);
        let message = format!("{ID}.1700000000.{{}}");
        public.verify(message.as_bytes(), &signature).unwrap();
        assert!(public.verify(message.replace("{}", "[]").as_bytes(), &signature).is_err());
    }

    #[test]
    fn the_first_test_vector_of_rfc_8032_is_met() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
                .collect()
        };
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let key = SigningKey::generate(seed.try_into().unwrap()).unwrap();
        assert_eq!(key.public_key(), format!("whpk_{}", STANDARD.encode(public)));
    }

    #[test]
    fn a_key_reads_back_what_it_reveals() {
        let key = SigningKey::generate([9; 32]).unwrap();
        let again = SigningKey::parse(key.reveal().expose_secret()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(again.reveal().expose_secret(), key.reveal().expose_secret());
    }

    #[test]
    fn what_is_not_a_key_is_refused_with_the_reason() {
        let two =
            |n: u8| SigningKey::generate([n; 32]).unwrap().reveal().expose_secret().to_owned();
        let halves = |text: &str| STANDARD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap();
        let mixed = [&halves(&two(1))[..32], &halves(&two(2))[32..]].concat();
        for (text, error) in [
            (String::new(), SigningKeyError::Prefix),
            ("whsec_AAAA".into(), SigningKeyError::Prefix),
            ("whsk_***".into(), SigningKeyError::NotBase64),
            (format!("whsk_{}", STANDARD.encode([0; 16])), SigningKeyError::NotAKeyPair),
            (format!("whsk_{}", STANDARD.encode([0; 32])), SigningKeyError::NotAKeyPair),
            (format!("whsk_{}", STANDARD.encode(mixed)), SigningKeyError::NotAKeyPair),
        ] {
            assert_eq!(SigningKey::parse(&text).unwrap_err(), error);
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(
            format!("{:?}", SigningKey::generate([65; 32]).unwrap()),
            "SigningKey([REDACTED])"
        );
    }
}
