//! The server's clock.

use bellpush_core::events::EventTime;
use jiff::Timestamp;

/// Now, by the wall clock.
pub(crate) fn now() -> EventTime {
    EventTime::new(Timestamp::now())
}
