//! What is counted of visitors and calls, and the figures that come of it.
//!
//! Facts are counted into one roll-up for each hour of UTC ([`Hour`]), by the quarter of the hour, so
//! that every time zone's days are sums of whole cells. From these, [`report`] makes funnels, series,
//! breakdowns and heat maps in an app's own time zone. A fact of a call counts when the call started,
//! whatever became of it later: so each call is in one place, the one where the list of calls has it.

mod bytes;
mod codec;
mod fact;
mod figures;
mod hour;
mod period;
pub mod report;
mod visitor;

pub use bytes::Unreadable;
pub use fact::{
    Amounts, DURATION_BOUNDS, Dimension, End, NetworkKind, Outcome, Segment, UNKNOWN, WAIT_BOUNDS,
    bucket_of,
};
pub use figures::Figures;
pub use hour::{Hour, QUARTER_MS};
pub use period::{MAX_DAYS, Period, PeriodError};
pub use visitor::{browser_of, language_of};

/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
