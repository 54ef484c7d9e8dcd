//! The server's clock, and the one that all servers share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bellpush_core::events::EventTime;
use bellpush_store::{Store, StoreError};
use jiff::Timestamp;

/// A time that took longer to come says less of the present than the last one.
const EXACT_WITHIN: Duration = Duration::from_millis(250);

/// A machine may have started with a wrong clock, which is set right in its first minutes: nothing is removed by it
/// for so long. A database that servers share has a clock of its own.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(600);

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

/// The clock that all servers share, the database's, as this one knows it without asking: what was said last, and
/// how long ago by a steady clock. A server that shares its database with nobody goes by its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedClock(Arc<Mutex<Option<(EventTime, Instant)>>>);

impl SharedClock {
    /// Now.
    pub(crate) fn now(&self) -> EventTime {
        match *self.lock() {
            Some((time, at)) => later(time, at.elapsed()),
            None => now(),
        }
    }

    /// Now, as the database says, which is remembered.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn read(&self, store: &Store) -> Result<EventTime, StoreError> {
        let asked_at = Instant::now();
        let time = store.clock().await?;
        if store.is_shared() {
            self.set(time, asked_at.elapsed());
        }
        Ok(time)
    }

    /// Takes note of a time that came so long after it was asked for.
    fn set(&self, time: EventTime, took: Duration) {
        let mut known = self.lock();
        if known.is_none() || took <= EXACT_WITHIN {
            *known = Some((later(time, took / 2), Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(EventTime, Instant)>> {
        // A value that is whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_clock_goes_by_what_the_database_said_and_not_by_what_came_too_late() {
        let clock = SharedClock::default();
        let about = |time: EventTime| {
            let off = clock.now().millis() - time.millis();
            (0..5_000).contains(&off)
        };
        assert!(about(now()));
        let ahead = later(now(), Duration::from_secs(3_600));
        clock.set(ahead, Duration::from_secs(2));
        assert!(about(later(ahead, Duration::from_secs(1))), "better than nothing");
        let behind = earlier(now(), Duration::from_secs(3_600));
        clock.set(behind, Duration::from_secs(2));
        assert!(about(ahead));
        clock.set(behind, Duration::from_millis(2));
        assert!(about(behind));
    }
}
