//! How long the parts of a request took.

use std::time::{Duration, Instant};

use bellpush_core::delivery::exchange::Timing;

use super::connector::{OpeningTimes, micros};

/// When a connection began to be opened, when that was done, and how long its parts took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) begun: Instant,
    pub(super) at: Instant,
    pub(super) times: OpeningTimes,
}

impl Opened {
    /// How much of the time since then was not spent on opening it, but on waiting for others.
    pub(super) fn queued_since(&self, asked: Instant) -> Duration {
        let opening = self.at.saturating_duration_since(self.begun.max(asked));
        asked.elapsed().saturating_sub(opening)
    }
}

/// Measures one request: begun, then with a connection, then with the head of its answer. A request
/// that is sent again begins again.
#[derive(Debug)]
pub(super) struct Stopwatch {
    part: Part,
    since: Instant,
    timing: Timing,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Connection,
    Head,
    Body,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { part: Part::Connection, since: Instant::now(), timing: Timing::default() }
    }

    /// There is a connection, which was opened then.
    pub(super) fn connected(&mut self, opened: Opened) {
        self.timing.reused = opened.at < self.since;
        if !self.timing.reused {
            self.opening(opened.times);
        }
        self.enter(Part::Head);
    }

    /// A connection that was waited for took so long, or failed after so long.
    pub(super) const fn opening(&mut self, times: OpeningTimes) {
        self.timing.resolve_us = times.resolve;
        self.timing.connect_us = times.connect;
        self.timing.tls_us = times.tls;
    }

    /// The head of the answer is there.
    pub(super) fn answered(&mut self) {
        self.enter(Part::Body);
    }

    /// It is over, however it ended.
    pub(super) fn stop(mut self) -> Timing {
        self.enter(Part::Body);
        self.timing
    }

    fn enter(&mut self, part: Part) {
        let now = Instant::now();
        let took = micros(now.saturating_duration_since(self.since));
        match self.part {
            Part::Connection => self.timing.connection_us = took,
            Part::Head => self.timing.first_byte_us = Some(took),
            Part::Body => self.timing.body_us = Some(took),
        }
        (self.part, self.since) = (part, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: OpeningTimes = OpeningTimes { resolve: Some(1), connect: Some(2), tls: None };

    fn opened_now() -> Opened {
        let now = Instant::now();
        Opened { begun: now, at: now, times: TIMES }
    }

    #[test]
    fn what_a_request_does_not_come_to_has_no_time() {
        let timing = Stopwatch::start().stop();
        assert_eq!((timing.first_byte_us, timing.body_us), (None, None));
        let mut watch = Stopwatch::start();
        watch.connected(opened_now());
        let timing = watch.stop();
        assert!(timing.first_byte_us.is_some() && timing.body_us.is_none());
        let mut watch = Stopwatch::start();
        watch.connected(opened_now());
        watch.answered();
        assert!(watch.stop().body_us.is_some());
    }

    #[test]
    fn only_who_waited_for_a_connection_has_the_time_of_its_opening() {
        let before = opened_now();
        while before.at.elapsed().is_zero() {}
        let mut watch = Stopwatch::start();
        watch.connected(before);
        let timing = watch.stop();
        assert!(timing.reused && timing.connect_us.is_none());
        let mut watch = Stopwatch::start();
        watch.connected(opened_now());
        let timing = watch.stop();
        assert_eq!(
            (timing.reused, timing.resolve_us, timing.connect_us),
            (false, Some(1), Some(2))
        );
    }
}
