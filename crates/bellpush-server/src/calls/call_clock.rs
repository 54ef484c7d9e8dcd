//! How long a call lasts, wherever it is.

use std::time::{Duration, Instant};

use bellpush_core::events::EventTime;

use crate::clock::later;

/// The clock of one call: that of all servers at its acceptance, and from then on a steady one. However
/// clocks are set meanwhile, the call ends after it began, and lasted as long as it did.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallClock {
    accepted_at: EventTime,
    /// How long it had lasted before it came to this process.
    before: Duration,
    since: Instant,
}

impl CallClock {
    /// That of a call which is accepted now.
    pub(super) fn start(now: EventTime) -> Self {
        Self::since(now, now)
    }

    /// That of a call which another process has accepted, at this time by the clock that both share.
    pub(super) fn since(accepted_at: EventTime, now: EventTime) -> Self {
        let before = now.millis().saturating_sub(accepted_at.millis());
        let before = Duration::from_millis(u64::try_from(before).unwrap_or_default());
        Self { accepted_at, before, since: Instant::now() }
    }

    /// How long the call lasts by now.
    pub(super) fn elapsed(&self) -> Duration {
        self.before + self.since.elapsed()
    }

    pub(super) const fn accepted_at(&self) -> EventTime {
        self.accepted_at
    }

    pub(super) fn now(&self) -> EventTime {
        later(self.accepted_at, self.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_began_in_the_future_has_only_just_begun() {
        let accepted_at = crate::clock::now();
        let clock = CallClock::since(later(accepted_at, Duration::from_secs(10)), accepted_at);
        assert!(clock.elapsed() < Duration::from_secs(5));
        assert!(clock.now() >= clock.accepted_at());
        let clock = CallClock::since(accepted_at, later(accepted_at, Duration::from_secs(10)));
        assert!(clock.elapsed() >= Duration::from_secs(10));
    }
}
