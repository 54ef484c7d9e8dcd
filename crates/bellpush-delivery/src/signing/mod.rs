//! Signatures as Standard Webhooks specifies them: `v1` (HMAC-SHA256) and `v1a` (Ed25519), both over
//! `id.timestamp.body`.

mod key;
mod secret;

use bellpush_core::{events::EventTime, ids::EventId};
use jiff::Timestamp;
use secrecy::SecretString;

pub use key::{SigningKey, SigningKeyError};
pub use secret::{SigningSecret, SigningSecretError};

/// Signs an integration's requests with all keys that are valid: the present ones, and those that
/// were rotated out and are still in their overlap.
#[derive(Debug, Clone)]
pub struct Signer {
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
struct Key {
    kind: Kind,
    /// Used no more from then on.
    until: Option<EventTime>,
}

#[derive(Debug, Clone)]
enum Kind {
    V1(SigningSecret),
    V1a(SigningKey),
}

impl Signer {
    /// Signs by `v1` with one secret.
    #[must_use]
    pub fn new(secret: SigningSecret) -> Self {
        Self { keys: vec![Key { kind: Kind::V1(secret), until: None }] }
    }

    /// Signs by `v1` with one more secret, until a time.
    #[must_use]
    pub fn and_secret(mut self, secret: SigningSecret, until: Option<EventTime>) -> Self {
        self.keys.push(Key { kind: Kind::V1(secret), until });
        self
    }

    /// Signs also by `v1a`, until a time.
    #[must_use]
    pub fn and_key(mut self, key: SigningKey, until: Option<EventTime>) -> Self {
        self.keys.push(Key { kind: Kind::V1a(key), until });
        self
    }

    /// The secrets that receivers have, too, as they are written but for what all begin with.
    pub(crate) fn shared_secrets(&self) -> impl Iterator<Item = SecretString> {
        self.keys.iter().filter_map(|key| match &key.kind {
            Kind::V1(secret) => Some(secret.encoded().into()),
            Kind::V1a(_) => None,
        })
    }

    /// The value of `webhook-signature` for a request that is made now: the signatures of all valid
    /// keys, with spaces between them.
    #[must_use]
    pub fn sign(&self, id: EventId, now: Timestamp, body: &[u8]) -> String {
        let mut signatures = String::new();
        for key in &self.keys {
            if key.until.is_some_and(|until| until.timestamp() <= now) {
                continue;
            }
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            let timestamp = now.as_second();
            signatures.push_str(&match &key.kind {
                Kind::V1(secret) => secret.sign(id, timestamp, body),
                Kind::V1a(key) => key.sign(id, timestamp, body),
            });
        }
        signatures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01920000-0000-7000-8000-000000000001";

    #[test]
    fn a_request_carries_the_signatures_of_all_keys_that_are_valid_then() {
        let (old, new) = (SigningSecret::generate([1; 32]), SigningSecret::generate([2; 32]));
        let until = EventTime::from_millis(1_700_000_000_000).unwrap();
        let signer = Signer::new(new.clone())
            .and_secret(old.clone(), Some(until))
            .and_key(SigningKey::generate([3; 32]).unwrap(), None);
        let id = ID.parse().unwrap();
        let at = |second| {
            let signed = signer.sign(id, Timestamp::from_second(second).unwrap(), b"{}");
            signed.split(' ').map(str::to_owned).collect::<Vec<_>>()
        };
        let during = at(1_699_999_999);
        assert_eq!(during.len(), 3);
        assert_eq!(during[0], new.sign(id, 1_699_999_999, b"{}"));
        assert_eq!(during[1], old.sign(id, 1_699_999_999, b"{}"));
        assert!(during[2].starts_with("v1a,"));
        let after = at(1_700_000_000);
        assert_eq!(after.len(), 2);
        assert_eq!(after[0], new.sign(id, 1_700_000_000, b"{}"));
    }
}
