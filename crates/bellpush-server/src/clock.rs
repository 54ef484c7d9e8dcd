//! The server's clock.

use std::time::Duration;

use bellpush_core::events::EventTime;
use jiff::Timestamp;

/// Now, by the wall clock.
pub(crate) fn now() -> EventTime {
    EventTime::new(Timestamp::now())
}

/// A time so much later, or the last one that there is.
pub(crate) fn later(time: EventTime, by: Duration) -> EventTime {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(time.millis().saturating_add(millis)).unwrap_or(time)
}

/// A time so much earlier, or the first one that there is.
pub(crate) fn earlier(time: EventTime, by: Duration) -> EventTime {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(time.millis().saturating_sub(millis)).unwrap_or(time)
}
