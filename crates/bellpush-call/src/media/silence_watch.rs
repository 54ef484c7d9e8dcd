//! Tells when the far side's media is gone: nothing came for too long, and nobody is on hold.

use std::time::{Duration, Instant};

/// Watches one incoming stream.
#[derive(Debug)]
pub(crate) struct SilenceWatch {
    timeout: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Packets are due before this time.
    Expecting { until: Instant },
    /// The far side has said that it will send nothing.
    OnHold,
    /// It was told.
    Told,
}

impl SilenceWatch {
    /// From `now` on, packets are expected at least every `timeout`.
    pub(crate) fn new(now: Instant, timeout: Duration) -> Self {
        Self { timeout, state: State::Expecting { until: now + timeout } }
    }

    /// Something came: sound, noise, a key or a report, anything that shows that the far side is
    /// there.
    pub(crate) fn heard(&mut self, now: Instant) {
        if matches!(self.state, State::Expecting { .. }) {
            self.state = State::Expecting { until: now + self.timeout };
        }
    }

    /// The far side stops sending, or takes it up again.
    pub(crate) fn hold(&mut self, now: Instant, on_hold: bool) {
        self.state = match (self.state, on_hold) {
            (State::Told, _) => State::Told,
            (_, true) => State::OnHold,
            (State::OnHold, false) => State::Expecting { until: now + self.timeout },
            (State::Expecting { .. }, false) => self.state,
        };
    }

    /// When [`SilenceWatch::is_gone`] is to be asked.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Expecting { until } => Some(until),
            State::OnHold | State::Told => None,
        }
    }

    /// Whether the far side is gone. Says so once.
    pub(crate) fn is_gone(&mut self, now: Instant) -> bool {
        let gone = matches!(self.state, State::Expecting { until } if until <= now);
        if gone {
            self.state = State::Told;
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_tells_once_that_nothing_came_for_too_long() {
        let begin = Instant::now();
        let mut watch = SilenceWatch::new(begin, 10 * SECOND);
        watch.heard(begin + 5 * SECOND);
        assert_eq!(watch.next_deadline(), Some(begin + 15 * SECOND));
        assert!(!watch.is_gone(begin + 14 * SECOND));
        assert!(watch.is_gone(begin + 15 * SECOND));
        assert!(!watch.is_gone(begin + 60 * SECOND));
        watch.heard(begin + 61 * SECOND);
        watch.hold(begin + 62 * SECOND, false);
        assert_eq!(watch.next_deadline(), None);
    }

    #[test]
    fn hold_may_last_and_is_followed_by_the_whole_time_again() {
        let begin = Instant::now();
        let mut watch = SilenceWatch::new(begin, 10 * SECOND);
        watch.hold(begin + 5 * SECOND, true);
        // Music on hold, and its end.
        watch.heard(begin + 6 * SECOND);
        assert_eq!(watch.next_deadline(), None);
        assert!(!watch.is_gone(begin + 3_600 * SECOND));
        watch.hold(begin + 3_600 * SECOND, false);
        assert!(!watch.is_gone(begin + 3_609 * SECOND));
        assert!(watch.is_gone(begin + 3_610 * SECOND));
    }

    #[test]
    fn taking_up_what_was_not_on_hold_is_no_sign_of_life() {
        let begin = Instant::now();
        let mut watch = SilenceWatch::new(begin, 10 * SECOND);
        watch.hold(begin + 9 * SECOND, false);
        assert!(watch.is_gone(begin + 10 * SECOND));
    }
}
