//! The event log: appended to by one writer, and read back.

mod append;
pub(crate) mod log;
pub(crate) mod search;

pub use append::{
    Append, AppendError, Appended, CallEnd, CallFinish, NewCall, NewCallback, Refusal,
};
pub use search::{EventFilter, RecordedEvent};
