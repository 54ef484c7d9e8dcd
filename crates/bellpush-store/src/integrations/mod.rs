//! Integrations, with their named secrets and what they sign with.

pub(crate) mod integration;
mod locked;
pub(crate) mod sealed;
pub(crate) mod secrets;
mod signing;

pub use integration::{GivenSecrets, Integration, NewSecrets};
pub use secrets::{MAX_REVEALS, REVEAL_WINDOW, Reveal, RevealError, Secret};
pub use signing::{RetiredSecret, SigningSecrets};
