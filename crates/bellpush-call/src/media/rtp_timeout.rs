//! Tells when the far side's media is gone: nothing came for too long, and nobody is on hold.

use std::time::{Duration, Instant};

/// Watches one incoming stream.
#[derive(Debug)]
pub(crate) struct RtpTimeout {
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
    Reported,
}

impl RtpTimeout {
    /// From `now` on, packets are expected at least every `timeout`.
    pub(crate) fn new(now: Instant, timeout: Duration) -> Self {
        Self { timeout, state: State::Expecting { until: now + timeout } }
    }

    /// Something came: sound, noise, a key or a report, anything that shows that the far side is
    /// there.
    pub(crate) fn activity(&mut self, now: Instant) {
        if matches!(self.state, State::Expecting { .. }) {
            self.state = State::Expecting { until: now + self.timeout };
        }
    }

    /// The far side stops sending, or takes it up again.
    pub(crate) fn set_on_hold(&mut self, now: Instant, on_hold: bool) {
        self.state = match (self.state, on_hold) {
            (State::Reported, _) => State::Reported,
            (_, true) => State::OnHold,
            (State::OnHold, false) => State::Expecting { until: now + self.timeout },
            (State::Expecting { .. }, false) => self.state,
        };
    }

    /// When [`RtpTimeout::has_expired`] is to be asked.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Expecting { until } => Some(until),
            State::OnHold | State::Reported => None,
        }
    }

    /// Whether the far side is gone. Says so once.
    pub(crate) fn has_expired(&mut self, now: Instant) -> bool {
        let gone = matches!(self.state, State::Expecting { until } if until <= now);
        if gone {
            self.state = State::Reported;
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
        let mut timer = RtpTimeout::new(begin, 10 * SECOND);
        timer.activity(begin + 5 * SECOND);
        assert_eq!(timer.next_deadline(), Some(begin + 15 * SECOND));
        assert!(!timer.has_expired(begin + 14 * SECOND));
        assert!(timer.has_expired(begin + 15 * SECOND));
        assert!(!timer.has_expired(begin + 60 * SECOND));
        timer.activity(begin + 61 * SECOND);
        timer.set_on_hold(begin + 62 * SECOND, false);
        assert_eq!(timer.next_deadline(), None);
    }

    #[test]
    fn hold_may_last_and_is_followed_by_the_whole_time_again() {
        let begin = Instant::now();
        let mut timer = RtpTimeout::new(begin, 10 * SECOND);
        timer.set_on_hold(begin + 5 * SECOND, true);
        // Music on hold, and its end.
        timer.activity(begin + 6 * SECOND);
        assert_eq!(timer.next_deadline(), None);
        assert!(!timer.has_expired(begin + 3_600 * SECOND));
        timer.set_on_hold(begin + 3_600 * SECOND, false);
        assert!(!timer.has_expired(begin + 3_609 * SECOND));
        assert!(timer.has_expired(begin + 3_610 * SECOND));
    }

    #[test]
    fn taking_up_what_was_not_on_hold_is_no_sign_of_life() {
        let begin = Instant::now();
        let mut timer = RtpTimeout::new(begin, 10 * SECOND);
        timer.set_on_hold(begin + 9 * SECOND, false);
        assert!(timer.has_expired(begin + 10 * SECOND));
    }
}
