//! Roll-ups: what the log says of visitors and calls, counted hour by hour.
//!
//! They follow the log by a place up to which it is counted. That place moves in the same transaction
//! in which the counts are kept, and only from where it was when they were begun: so each event counts
//! exactly once, whenever a process dies and however many nodes count. Beginning at zero, they count
//! what an earlier version has recorded, too.

mod facts;
pub(crate) mod read;
pub(crate) mod roll_up;

pub use roll_up::CountedTo;
