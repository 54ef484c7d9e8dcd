//! Call control: follows one call from its placing to its end, and decides that end.
//!
//! Pure: it is told what happens and what time it is, and answers with the signal to send. It
//! never reads a clock and touches no media. Exactly one terminal signal comes out, whatever goes
//! in, and nothing after it.

mod timers;

use std::time::{Duration, Instant};

use bellpush_core::events::{EndReason, ErrorCode};

use crate::Signal;
use timers::{Timer, Timers};

/// The times a call goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// How long the browser's media may take to connect.
    pub(crate) connect_timeout: Duration,
    /// Silence, in the sense of no packet at all, after which the call is reconnecting.
    pub(crate) reconnect_after: Duration,
    /// Silence after which the call fails.
    pub(crate) media_timeout: Duration,
    /// How long a hang-up is waited for once the browser has closed its connection: the request
    /// that says so travels another way and may be the later one.
    pub(crate) leave_grace: Duration,
    /// The longest a call may take.
    pub(crate) max_duration: Duration,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The browser's media connected.
    Connected,
    /// Something authentic came from the browser.
    Heard,
    /// The browser closed its connection.
    Closed,
    /// The browser's connection broke for good.
    Broken,
    /// One side hangs up.
    HangUp(EndReason),
    /// The engine stops.
    Shutdown,
    /// Time has passed.
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Connected,
    Reconnecting,
    /// The browser closed its connection; what for, a hang-up may yet tell.
    Closed,
    Over,
}

/// Follows one call.
#[derive(Debug)]
pub(crate) struct CallControl {
    state: State,
    timers: Timers,
    policy: Policy,
}

impl CallControl {
    /// A call that is placed at `now`.
    pub(crate) fn new(now: Instant, policy: Policy) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Connect, now + policy.connect_timeout);
        timers.set(Timer::Duration, now + policy.max_duration);
        Self { state: State::Connecting, timers, policy }
    }

    /// Takes one input and returns the signal that it causes, if any.
    pub(crate) fn handle(&mut self, now: Instant, input: Input) -> Option<Signal> {
        match (self.state, input) {
            (State::Over, _) => None,
            (_, Input::HangUp(reason)) => self.end(Signal::Ended(reason)),
            (_, Input::Shutdown) => self.end(Signal::Failed(ErrorCode::ServerShutdown)),
            (_, Input::Time) => self.expire(now),
            (State::Closed, _) => None,
            (_, Input::Broken) => self.end(Signal::Failed(ErrorCode::MediaFailed)),
            (_, Input::Closed) => {
                self.state = State::Closed;
                for timer in [Timer::Connect, Timer::Silence, Timer::Loss] {
                    self.timers.stop(timer);
                }
                self.timers.set(Timer::Leave, now + self.policy.leave_grace);
                None
            }
            (State::Connecting, Input::Connected) => {
                self.timers.stop(Timer::Connect);
                self.hear(now);
                self.connected()
            }
            (State::Connected, Input::Heard) => {
                self.hear(now);
                None
            }
            (State::Reconnecting, Input::Heard) => {
                self.hear(now);
                self.connected()
            }
            (State::Connecting, Input::Heard)
            | (State::Connected | State::Reconnecting, Input::Connected) => None,
        }
    }

    /// When [`Input::Time`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether the terminal signal is out.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    fn hear(&mut self, now: Instant) {
        self.timers.set(Timer::Silence, now + self.policy.reconnect_after);
        self.timers.set(Timer::Loss, now + self.policy.media_timeout);
    }

    fn connected(&mut self) -> Option<Signal> {
        self.state = State::Connected;
        Some(Signal::Connected)
    }

    fn expire(&mut self, now: Instant) -> Option<Signal> {
        let mut signal = None;
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                Timer::Silence => {
                    self.state = State::Reconnecting;
                    signal = Some(Signal::Reconnecting);
                }
                Timer::Connect | Timer::Loss | Timer::Leave => {
                    return self.end(Signal::Failed(ErrorCode::MediaFailed));
                }
                Timer::Duration => return self.end(Signal::Ended(EndReason::RemoteHangup)),
            }
        }
        signal
    }

    fn end(&mut self, signal: Signal) -> Option<Signal> {
        self.state = State::Over;
        self.timers = Timers::default();
        Some(signal)
    }
}

#[cfg(test)]
mod tests;
