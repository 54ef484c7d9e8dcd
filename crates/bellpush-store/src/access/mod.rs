//! Who may use the management API, and what was done with it.

mod api_keys;
pub(crate) mod audit;
mod secret_hash;

pub use api_keys::{ApiKey, ApiKeys, Configured};
pub use audit::{Actor, AuditAction, AuditEntry};
pub use secret_hash::SecretHash;
