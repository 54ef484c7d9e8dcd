//! The identities that an integration's secrets are sealed for.

use std::fmt::Display;

/// The identity that an integration's signing secret is sealed for.
pub(crate) fn signing_identity(id: impl Display) -> String {
    format!("integration:{id}:signing")
}

/// The identity that an integration's Ed25519 key is sealed for.
pub(crate) fn key_identity(id: impl Display) -> String {
    format!("integration:{id}:signing_key")
}

/// The identity that a named secret is sealed for.
pub(crate) fn secret_identity(id: &str, name: &str) -> String {
    format!("integration:{id}:secret:{name}")
}

/// The identity that a retired secret is sealed for.
pub(crate) fn retired_identity(integration_id: &str, id: &str) -> String {
    format!("integration:{integration_id}:retired:{id}")
}
