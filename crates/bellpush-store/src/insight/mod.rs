//! Searching what was recorded: calls by whatever is known of them, and where a pasted id leads; and
//! the records of calls.

pub(crate) mod calls;
pub(crate) mod context;
pub(crate) mod exports;
pub(crate) mod lookup;
pub(crate) mod records;
pub(crate) mod sealed;
pub(crate) mod tail;
pub(crate) mod timeline;

pub use calls::{CallFilter, CallStateName, Count, FoundCall};
pub use exports::{Export, ExportFormat, ExportState, ExportStep, Exported};
pub use lookup::Place;
pub use records::{CallRecord, CallRecordPart};
pub use tail::CallUnderWay;
pub use timeline::{CallAttempt, CallDelivery};
