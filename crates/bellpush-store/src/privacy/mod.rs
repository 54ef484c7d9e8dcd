//! What is kept of one person: found, read out, and erased.

mod collect;
mod erase;
mod find;

pub use collect::PersonRecords;
pub use erase::{Erased, Erasure, ErasureState};
pub use find::{Footprint, MAX_SESSIONS, PersonKey, SentTo};
