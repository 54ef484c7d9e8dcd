//! Standard Webhooks v1: HMAC-SHA256 over `id.timestamp.body`, with a secret that both sides know.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bellpush_core::ids::EventId;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

/// What the text of every signing secret begins with.
const PREFIX: &str = "whsec_";
/// Lengths of the key that the specification allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The block of SHA-256: a shorter key of an HMAC is filled up to it with zeros (RFC 2104).
const BLOCK_BYTES: usize = 64;

/// Why a text is not a signing secret. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningSecretError {
    /// Does not begin with `whsec_`.
    #[error("a signing secret begins with {PREFIX}")]
    Prefix,
    /// The rest is not base64.
    #[error("after {PREFIX}, a signing secret is base64 with padding")]
    NotBase64,
    /// Under 24 or over 64 bytes.
    #[error("a signing secret holds 24 to 64 bytes (got {0})")]
    Length(usize),
}

/// The key by which an integration's requests are signed. Its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct SigningSecret(SecretSlice<u8>);

impl SigningSecret {
    /// Reads a secret as it is written: `whsec_` and base64.
    ///
    /// # Errors
    /// See [`SigningSecretError`].
    pub fn parse(text: &str) -> Result<Self, SigningSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningSecretError::Prefix)?;
        let key = STANDARD.decode(encoded).map_err(|_| SigningSecretError::NotBase64)?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(SigningSecretError::Length(key.len()));
        }
        Ok(Self(key.into()))
    }

    /// Makes a secret of 32 random bytes that the caller draws.
    #[must_use]
    pub fn generate(random: [u8; 32]) -> Self {
        Self(random.to_vec().into())
    }

    /// The secret as it is written, to be shown once or stored encrypted.
    #[must_use]
    pub fn reveal(&self) -> SecretString {
        format!("{PREFIX}{}", self.encoded()).into()
    }

    /// The secret as it is written, without its prefix.
    pub(super) fn encoded(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }

    /// The value of `webhook-signature` for one request; `timestamp` is in seconds since the epoch.
    #[must_use]
    pub fn sign(&self, id: EventId, timestamp: i64, body: &[u8]) -> String {
        let mut block = [0_u8; BLOCK_BYTES];
        for (to, from) in block.iter_mut().zip(self.0.expose_secret()) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use standardwebhooks::Webhook;

    use super::*;

    const ID: &str = "01920000-0000-7000-8000-000000000001";

    fn now() -> i64 {
        jiff::Timestamp::now().as_second()
    }

    fn headers(timestamp: i64, signature: &str) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn the_official_library_accepts_what_we_sign_with_keys_of_every_length() {
        for length in KEY_BYTES {
            let text = format!("{PREFIX}{}", STANDARD.encode(vec![7_u8; length]));
            let secret = SigningSecret::parse(&text).unwrap();
            let (timestamp, body) = (now(), r#"{"name":"call_ended","data":{"ä":1}}"#);
            let signature = secret.sign(ID.parse().unwrap(), timestamp, body.as_bytes());
            let official = Webhook::new(&text).unwrap();
            official.verify(body.as_bytes(), &headers(timestamp, &signature)).unwrap();
            assert_eq!(signature, official.sign(ID, timestamp, body.as_bytes()).unwrap());
        }
    }

    #[test]
    fn a_changed_body_or_another_key_is_refused_by_the_official_library() {
        let secret = SigningSecret::generate([1; 32]);
        let signature = secret.sign(ID.parse().unwrap(), now(), b"one");
        let own = Webhook::new(secret.reveal().expose_secret()).unwrap();
        assert!(own.verify(b"two", &headers(now(), &signature)).is_err());
        let other = Webhook::from_bytes(vec![2; 32]).unwrap();
        assert!(other.verify(b"one", &headers(now(), &signature)).is_err());
    }

    #[test]
    fn a_secret_reads_back_what_it_reveals() {
        let text = SigningSecret::generate([9; 32]).reveal();
        let again = SigningSecret::parse(text.expose_secret()).unwrap();
        assert_eq!(again.reveal().expose_secret(), text.expose_secret());
    }

    #[test]
    fn what_is_not_a_secret_is_refused_with_the_reason() {
        let of = |bytes: usize| format!("{PREFIX}{}", STANDARD.encode(vec![0_u8; bytes]));
        for (text, error) in [
            (String::new(), SigningSecretError::Prefix),
            ("whsk_AAAA".to_owned(), SigningSecretError::Prefix),
            ("whsec_***".to_owned(), SigningSecretError::NotBase64),
            (of(23), SigningSecretError::Length(23)),
            (of(65), SigningSecretError::Length(65)),
        ] {
            assert_eq!(SigningSecret::parse(&text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let secret = SigningSecret::generate([65; 32]);
        let shown = format!("{secret:?}");
        assert!(shown.contains("REDACTED"), "{shown}");
        assert!(!shown.contains("65") && !shown.contains("QUFB"), "{shown}");
    }
}
