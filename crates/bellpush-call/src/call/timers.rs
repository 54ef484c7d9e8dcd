//! The deadlines of a call, by name.

use std::time::Instant;

/// What a call may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The browser's media should have connected.
    Connect,
    /// Something should have come from the browser.
    Silence,
    /// The browser is given up.
    Loss,
    /// A hang-up should have explained why the browser closed its connection.
    CloseGrace,
    /// The page that went away should have come back.
    Resume,
    /// The far side should have answered.
    Ring,
    /// The browser should have gone to the process that has the call.
    HandOver,
    /// The call has taken as long as it may.
    Duration,
}

const TIMERS: [Timer; 8] = [
    Timer::Connect,
    Timer::Silence,
    Timer::Loss,
    Timer::CloseGrace,
    Timer::Resume,
    Timer::Ring,
    Timer::HandOver,
    Timer::Duration,
];

/// One deadline, or none, for each [`Timer`].
#[derive(Debug, Default)]
pub(super) struct Timers([Option<Instant>; TIMERS.len()]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    /// Sets the timer unless it is set to an earlier time.
    pub(super) fn bring_forward(&mut self, timer: Timer, at: Instant) {
        let slot = &mut self.0[timer as usize];
        *slot = Some(slot.map_or(at, |set| set.min(at)));
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes out the earliest deadline that has passed.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let (_, timer) = TIMERS
            .into_iter()
            .filter_map(|timer| Some((self.0[timer as usize]?, timer)))
            .filter(|(at, _)| *at <= now)
            .min_by_key(|(at, _)| *at)?;
        self.stop(timer);
        Some(timer)
    }
}
