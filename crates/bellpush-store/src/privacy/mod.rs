//! What is kept of one person: found, read out, and erased.

mod collect;
pub(crate) mod erase;
pub(crate) mod find;
mod named;
pub(crate) mod retention;

pub use collect::PersonRecords;
pub use erase::{Erased, Erasure, ErasureState};
pub use find::{Footprint, MAX_SESSIONS, PersonKey, SentTo};
pub use retention::Forecast;
