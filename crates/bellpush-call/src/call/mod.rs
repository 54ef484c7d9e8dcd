//! Call control: follows one call from its placing to its end, and decides that end.
//!
//! Pure: it is told what happens and what time it is, and answers with what to do. It never reads
//! a clock and touches no media. Exactly one terminal signal comes out, whatever goes in, and
//! nothing after it.
//!
//! The two sides have a state each. The far side is called once the browser's media has connected,
//! so that no telephone rings for a visitor who can't be heard.

mod timers;

use std::time::{Duration, Instant};

use bellpush_core::{
    call_notice::CallNotice,
    events::{EndReason, ErrorCode},
};

use crate::{Signal, trunk::FarFailure};
use timers::{Timer, Timers};

/// Notices that one call passes on, at most: a far side may send any number, and each is kept.
pub const MAX_NOTICES: u8 = 100;

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

/// The times that one route goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePolicy {
    /// How long the far side may take to answer.
    pub(crate) ring_timeout: Duration,
    /// The longest a call may take from its answer on.
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
    /// The browser says that its media can't go on.
    GivenUp,
    /// The page went away, and may come back within this time.
    Suspended { window: Duration },
    /// The page came back, with a connection of its own.
    Resumed,
    /// There is something at the far side.
    Trying,
    /// The far side rings.
    Ringing,
    /// The far side answers.
    Answered,
    /// The far side puts the visitor on hold, or takes the call up again.
    Held(bool),
    /// The far side lets the visitor know something.
    Notice(CallNotice),
    /// The far side does not take the call.
    Refused(FarFailure),
    /// Nothing comes from the far side any more, though it should.
    Lost,
    /// One side hangs up.
    HangUp(EndReason),
    /// Another process has the call. What this one relays it relays until the browser leaves, so long at
    /// most.
    HandedOver { within: Duration },
    /// The engine stops.
    Shutdown,
    /// Time has passed.
    Time,
}

/// What follows from an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// What the caller is told. After a terminal signal both sides are let go.
    pub(crate) signal: Option<Signal>,
    /// The route whose far side is to be called, in place of the present one.
    pub(crate) dial: Option<usize>,
    /// The far side was called, and said nothing for as long as it may ring.
    pub(crate) rang_out: bool,
    /// Both sides are let go without a word: the call is another process's.
    pub(crate) release: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Browser {
    Connecting,
    Present,
    /// Nothing comes from it at present.
    Silent,
    /// It closed its connection; what for, a hang-up may yet tell.
    Closed,
    /// Its page went away and may come back.
    Away,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FarSide {
    /// The browser is not there yet.
    Uncalled,
    /// Nothing has come back yet.
    Called,
    /// It works on the call.
    Proceeding,
    Answered,
}

/// Follows one call.
#[derive(Debug)]
pub(crate) struct CallControl {
    browser: Browser,
    far_side: FarSide,
    /// The present route.
    route: usize,
    routes: Vec<RoutePolicy>,
    reported: Reported,
    is_over: bool,
    /// Whether the far side, which has answered, is yet to be called by its dialog.
    goes_on: Option<GoesOn>,
    /// Whether another process has the call.
    is_handed_over: bool,
    timers: Timers,
    policy: Policy,
}

/// When a far side that has answered another process is offered the session anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoesOn {
    /// Nobody speaks with it any more.
    AtOnce,
    /// The other process goes on relaying until the browser is connected here.
    WithBrowser,
}

/// What the caller was told last, so that nothing is told twice.
#[derive(Debug, Default)]
struct Reported {
    ringing: bool,
    connected: bool,
    held: bool,
    notice: Option<CallNotice>,
    notices: u8,
}

impl CallControl {
    /// A call that is placed at `now`.
    pub(crate) fn new(now: Instant, policy: Policy, routes: Vec<RoutePolicy>) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Connect, now + policy.connect_timeout);
        timers.set(Timer::Duration, now + policy.max_duration);
        Self {
            browser: Browser::Connecting,
            far_side: FarSide::Uncalled,
            route: 0,
            routes,
            reported: Reported::default(),
            is_over: false,
            goes_on: None,
            is_handed_over: false,
            timers,
            policy,
        }
    }

    /// The call goes on with a far side that has answered: the first route is dialled with the next
    /// [`Input::Time`], or when the browser has connected.
    pub(crate) fn go_on(&mut self, now: Instant, goes_on: GoesOn) {
        self.far_side = FarSide::Answered;
        self.goes_on = Some(goes_on);
        if let Some(route) = self.routes.first() {
            self.timers.bring_forward(Timer::Duration, now + route.max_duration);
        }
    }

    /// Takes one input and returns what follows from it.
    pub(crate) fn handle(&mut self, now: Instant, input: Input) -> Outcome {
        if self.is_over {
            return Outcome::default();
        }
        match input {
            Input::HangUp(reason) => self.end(Signal::Ended(reason)),
            Input::GivenUp => self.end(Signal::Failed(ErrorCode::MediaFailed)),
            Input::HandedOver { within } => self.hand_over(now, within),
            Input::Shutdown if self.is_handed_over => self.release(),
            Input::Shutdown => self.end(Signal::Failed(ErrorCode::ServerShutdown)),
            Input::Time => self.expire(now),
            Input::Connected
            | Input::Heard
            | Input::Closed
            | Input::Broken
            | Input::Suspended { .. }
            | Input::Resumed => self.browser(now, input),
            Input::Trying
            | Input::Ringing
            | Input::Answered
            | Input::Held(_)
            | Input::Notice(_)
            | Input::Refused(_)
            | Input::Lost => self.far_side(now, input),
        }
    }

    /// When [`Input::Time`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether the terminal signal is out.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the far side has answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.far_side == FarSide::Answered
    }

    fn browser(&mut self, now: Instant, input: Input) -> Outcome {
        match (self.browser, input) {
            (Browser::Away | Browser::Closed, Input::Resumed)
            | (Browser::Connecting | Browser::Present | Browser::Silent, Input::Resumed) => {
                self.await_browser(
                    Browser::Connecting,
                    Timer::Connect,
                    now + self.policy.connect_timeout,
                );
                self.interrupted()
            }
            (Browser::Away, _) => Outcome::default(),
            (_, Input::Suspended { window: Duration::ZERO }) => {
                self.end(Signal::Ended(EndReason::UserHangup))
            }
            (_, Input::Suspended { window }) => {
                self.await_browser(Browser::Away, Timer::Resume, now + window);
                self.interrupted()
            }
            (Browser::Closed, _) => Outcome::default(),
            (_, Input::Closed | Input::Broken) if self.is_handed_over => self.release(),
            (_, Input::Closed) => {
                self.await_browser(
                    Browser::Closed,
                    Timer::CloseGrace,
                    now + self.policy.leave_grace,
                );
                Outcome::default()
            }
            (_, Input::Broken) => self.end(Signal::Failed(ErrorCode::MediaFailed)),
            (Browser::Connecting, Input::Connected) => {
                self.timers.stop(Timer::Connect);
                self.hear(now);
                match self.far_side {
                    FarSide::Uncalled => self.dial(now, 0),
                    FarSide::Called | FarSide::Proceeding | FarSide::Answered => {
                        let dial = self.goes_on.take().map(|_| 0);
                        Outcome { dial, ..self.connected() }
                    }
                }
            }
            (Browser::Present | Browser::Silent, Input::Heard) => {
                self.hear(now);
                self.connected()
            }
            _ => Outcome::default(),
        }
    }

    fn far_side(&mut self, now: Instant, input: Input) -> Outcome {
        match (self.far_side, input) {
            (FarSide::Called, Input::Trying) => {
                self.far_side = FarSide::Proceeding;
                Outcome::default()
            }
            (FarSide::Called | FarSide::Proceeding, Input::Ringing) => {
                self.far_side = FarSide::Proceeding;
                if std::mem::replace(&mut self.reported.ringing, true) {
                    return Outcome::default();
                }
                Outcome::signal(Signal::Ringing)
            }
            (FarSide::Called | FarSide::Proceeding, Input::Answered) => {
                self.far_side = FarSide::Answered;
                self.timers.stop(Timer::Ring);
                if let Some(route) = self.routes.get(self.route) {
                    self.timers.bring_forward(Timer::Duration, now + route.max_duration);
                }
                self.connected()
            }
            (FarSide::Called | FarSide::Proceeding, Input::Refused(failure)) => {
                self.refused(now, failure)
            }
            (FarSide::Called | FarSide::Proceeding, Input::Lost) => {
                self.refused(now, FarFailure::Unreachable)
            }
            (FarSide::Answered, Input::Held(held)) if held != self.reported.held => {
                self.reported.held = held;
                Outcome::signal(Signal::Held(held))
            }
            (
                FarSide::Called | FarSide::Proceeding,
                Input::Notice(notice @ CallNotice::Queued { .. }),
            ) => self.notice(notice),
            (FarSide::Answered, Input::Notice(notice @ CallNotice::Transferred)) => {
                self.notice(notice)
            }
            (FarSide::Answered, Input::Refused(_) | Input::Lost) => {
                self.end(Signal::Failed(ErrorCode::MediaFailed))
            }
            _ => Outcome::default(),
        }
    }

    /// Passes a notice on, unless it says what the one before has said. One transfer may follow another.
    fn notice(&mut self, notice: CallNotice) -> Outcome {
        let Reported { notice: last, notices, .. } = &mut self.reported;
        let is_known = *last == Some(notice) && notice != CallNotice::Transferred;
        if is_known || *notices == MAX_NOTICES {
            return Outcome::default();
        }
        *notices += 1;
        *last = Some(notice);
        Outcome::signal(Signal::Notice(notice))
    }

    /// The browser is not to be heard any more for now: in its new state, one timer counts.
    fn await_browser(&mut self, state: Browser, timer: Timer, at: Instant) {
        self.browser = state;
        for timer in [Timer::Connect, Timer::Silence, Timer::Loss, Timer::CloseGrace, Timer::Resume]
        {
            self.timers.stop(timer);
        }
        self.timers.set(timer, at);
    }

    fn hear(&mut self, now: Instant) {
        self.browser = Browser::Present;
        self.timers.set(Timer::Silence, now + self.policy.reconnect_after);
        self.timers.set(Timer::Loss, now + self.policy.media_timeout);
    }

    /// Tells that both sides hear each other, once they do.
    fn connected(&mut self) -> Outcome {
        if self.far_side != FarSide::Answered
            || self.browser != Browser::Present
            || self.reported.connected
        {
            return Outcome::default();
        }
        self.reported.connected = true;
        Outcome::signal(Signal::Connected)
    }

    fn interrupted(&mut self) -> Outcome {
        if !std::mem::take(&mut self.reported.connected) {
            return Outcome::default();
        }
        Outcome::signal(Signal::Reconnecting)
    }

    fn dial(&mut self, now: Instant, route: usize) -> Outcome {
        let Some(times) = self.routes.get(route) else {
            return self.end(Signal::Failed(ErrorCode::DestinationUnreachable));
        };
        self.timers.set(Timer::Ring, now + times.ring_timeout);
        // In another queue the same place is another one.
        self.reported.notice = None;
        self.route = route;
        self.far_side = FarSide::Called;
        Outcome { dial: Some(route), ..Outcome::default() }
    }

    /// The next route, or the end.
    fn refused(&mut self, now: Instant, failure: FarFailure) -> Outcome {
        let next = self.route + 1;
        if next < self.routes.len() {
            return self.dial(now, next);
        }
        self.end(Signal::Failed(failure.into()))
    }

    fn expire(&mut self, now: Instant) -> Outcome {
        let goes_on = self.goes_on.take_if(|when| *when == GoesOn::AtOnce).map(|_| 0);
        let mut outcome = Outcome { dial: goes_on, ..Outcome::default() };
        while let Some(timer) = self.timers.expire(now) {
            let one = match timer {
                Timer::HandOver => self.release(),
                Timer::Silence if self.is_handed_over => self.release(),
                Timer::Silence => {
                    self.browser = Browser::Silent;
                    self.interrupted()
                }
                Timer::Ring => {
                    let failure = match self.far_side {
                        FarSide::Called => FarFailure::Unreachable,
                        _ => FarFailure::NoAnswer,
                    };
                    Outcome { rang_out: true, ..self.refused(now, failure) }
                }
                Timer::Connect | Timer::Loss | Timer::CloseGrace => {
                    self.end(Signal::Failed(ErrorCode::MediaFailed))
                }
                Timer::Resume => self.end(Signal::Ended(EndReason::UserHangup)),
                Timer::Duration => self.end(Signal::Ended(EndReason::RemoteHangup)),
            };
            if self.is_over {
                // Its time may be over when it has only come here: the far side has to hear that.
                let dial = one.dial.or(goes_on.filter(|_| !one.release));
                return Outcome { dial, ..one };
            }
            outcome = Outcome {
                signal: one.signal.or(outcome.signal),
                dial: one.dial.or(outcome.dial),
                rang_out: one.rang_out || outcome.rang_out,
                release: false,
            };
        }
        outcome
    }

    /// Another process has the call: it is relayed for as long as the browser is here.
    fn hand_over(&mut self, now: Instant, within: Duration) -> Outcome {
        if self.browser != Browser::Present {
            return self.release();
        }
        self.is_handed_over = true;
        self.timers.bring_forward(Timer::HandOver, now + within);
        Outcome::default()
    }

    fn release(&mut self) -> Outcome {
        self.is_over = true;
        self.timers = Timers::default();
        Outcome { release: true, ..Outcome::default() }
    }

    /// A far side that was yet to be called by its dialog is called all the same: to hear that it is over.
    fn end(&mut self, signal: Signal) -> Outcome {
        self.is_over = true;
        self.timers = Timers::default();
        Outcome { dial: self.goes_on.take().map(|_| 0), ..Outcome::signal(signal) }
    }
}

impl From<FarFailure> for ErrorCode {
    fn from(failure: FarFailure) -> Self {
        match failure {
            FarFailure::Busy => Self::DestinationBusy,
            FarFailure::NoAnswer => Self::NoAnswer,
            FarFailure::Unreachable | FarFailure::Transport => Self::DestinationUnreachable,
            FarFailure::Rejected => Self::DestinationRejected,
        }
    }
}

impl Outcome {
    fn signal(signal: Signal) -> Self {
        Self { signal: Some(signal), ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
