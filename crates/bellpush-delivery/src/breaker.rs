//! A circuit breaker: stops sending to an endpoint that keeps failing, and probes whether it is back.

use std::time::{Duration, Instant};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it.
    pub consecutive_failures: u32,
    /// Share of failures within the window that opens it, from 0 to 1.
    pub failure_ratio: f64,
    /// Attempts within the window below which the ratio says nothing.
    pub minimum_attempts: u32,
    /// How far back the ratio looks.
    pub window: Duration,
    /// How long it stays open the first time; twice as long after each failed probe.
    pub first_open: Duration,
    /// How long it stays open at most.
    pub longest_open: Duration,
    /// After failing for so long, the endpoint is given up…
    pub hopeless_after: Duration,
    /// …but not before it has failed for so long in this process. What was before may be the time
    /// that the server was not running, or a clock that was wrong.
    pub hopeless_seen_for: Duration,
    /// Where nothing was sent for longer than that, nobody knows whether it failed: such a time does not count.
    pub longest_silence: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            consecutive_failures: 10,
            failure_ratio: 0.5,
            minimum_attempts: 20,
            window: Duration::from_secs(60),
            first_open: Duration::from_secs(10),
            longest_open: Duration::from_secs(600),
            hopeless_after: Duration::from_secs(5 * 24 * 3_600),
            hopeless_seen_for: Duration::from_secs(3_600),
            longest_silence: Duration::from_secs(24 * 3_600),
        }
    }
}

/// What a breaker lets through, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing, for a while.
    Open,
    /// One attempt at a time, to see whether the endpoint is back.
    HalfOpen,
}

/// How an endpoint fails whose breaker is not closed, seen from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// For how long no attempt has succeeded, without times in which none was made.
    pub failing_for: Duration,
    /// Probes that failed.
    pub trips: u32,
    /// How long until the next probe may go out.
    pub open_for: Duration,
}

/// Leave to make one attempt. Its end is to be told with [`Breaker::report`].
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    /// The state's number when it was given: what ends after the state changed says nothing about
    /// the new one.
    era: u64,
}

/// Whether an attempt may be made now.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Go(Permit),
    /// Not before [`Breaker::next_deadline`], or before the probe in flight has ended.
    Wait,
}

/// Decides whether attempts at one integration may be made.
///
/// Never sleeps and never reads a clock: the caller passes `now`.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
    era: u64,
}

#[derive(Debug)]
enum State {
    Closed {
        in_a_row: u32,
        /// Of the failures in a row.
        outage: Option<Outage>,
        recent: OutcomeWindow,
    },
    Open {
        until: Instant,
        trips: u32,
        outage: Outage,
    },
    /// The probe is in flight; its end leaves this state.
    HalfOpen {
        trips: u32,
        outage: Outage,
    },
}

/// Since when there was no success. Times of silence are left out: both beginnings are moved by them.
#[derive(Debug, Clone, Copy)]
struct Outage {
    /// In this process.
    since: Instant,
    /// In the ones before.
    earlier: Duration,
    /// The first and the last failure in this process.
    seen: Option<(Instant, Instant)>,
}

impl Outage {
    fn resumed(now: Instant, earlier: Duration) -> Self {
        Self { since: now, earlier, seen: None }
    }

    /// One that begins with a failure.
    fn begun(now: Instant) -> Self {
        Self { since: now, earlier: Duration::ZERO, seen: Some((now, now)) }
    }

    /// The same after another failure.
    fn failed(self, now: Instant, longest_silence: Duration) -> Self {
        let (first, last) = self.seen.unwrap_or((now, self.since));
        let silence = now.saturating_duration_since(last);
        if silence <= longest_silence {
            return Self { seen: Some((first, now)), ..self };
        }
        let first = self.seen.map_or(now, |_| first + silence);
        Self { since: self.since + silence, seen: Some((first, now)), ..self }
    }

    fn age(self, now: Instant) -> Duration {
        self.earlier.saturating_add(now.saturating_duration_since(self.since))
    }
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: State::closed(), era: 0 }
    }

    /// One that goes on where an earlier process left it. The endpoint is probed after what is left
    /// of the interval, at most after the longest one.
    #[must_use]
    pub fn resume(policy: BreakerPolicy, now: Instant, failing: Failing) -> Self {
        let until = now + failing.open_for.min(policy.longest_open);
        let outage = Outage::resumed(now, failing.failing_for);
        let state = State::Open { until, trips: failing.trips, outage };
        Self { policy, state, era: 0 }
    }

    /// Whether nothing has happened to it since it was resumed.
    pub(crate) const fn is_as_resumed(&self) -> bool {
        self.era == 0 && matches!(self.state, State::Open { .. })
    }

    /// What it lets through.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks to make an attempt.
    pub fn ask(&mut self, now: Instant) -> Verdict {
        match &self.state {
            State::Closed { .. } => Verdict::Go(Permit { era: self.era }),
            State::Open { until, .. } if now < *until => Verdict::Wait,
            State::Open { trips, outage, .. } => {
                let (trips, outage) = (*trips, *outage);
                self.enter(State::HalfOpen { trips, outage });
                Verdict::Go(Permit { era: self.era })
            }
            State::HalfOpen { .. } => Verdict::Wait,
        }
    }

    /// Tells how an attempt ended. Returns whether it opened or closed the breaker.
    pub fn report(&mut self, now: Instant, permit: Permit, success: bool) -> bool {
        if permit.era != self.era {
            return false;
        }
        let policy = &self.policy;
        match &mut self.state {
            State::Closed { in_a_row, outage, recent } => {
                if success {
                    (*in_a_row, *outage) = (0, None);
                } else {
                    *in_a_row += 1;
                    let begun = Outage::begun(now);
                    *outage =
                        Some(outage.map_or(begun, |it| it.failed(now, policy.longest_silence)));
                }
                recent.add(now, policy.window, success);
                let opens = *in_a_row >= policy.consecutive_failures
                    || recent.is_bad(policy.minimum_attempts, policy.failure_ratio);
                if opens {
                    let outage = outage.unwrap_or_else(|| Outage::begun(now));
                    self.open(now, 0, outage);
                }
                opens
            }
            State::HalfOpen { .. } if success => {
                self.enter(State::closed());
                true
            }
            State::HalfOpen { trips, outage } => {
                let outage = outage.failed(now, policy.longest_silence);
                let trips = trips.saturating_add(1);
                self.open(now, trips, outage);
                true
            }
            State::Open { .. } => false,
        }
    }

    /// How the endpoint fails; `None` while the breaker is closed.
    #[must_use]
    pub fn failing(&self, now: Instant) -> Option<Failing> {
        let (trips, outage, open_for) = match self.state {
            State::Closed { .. } => return None,
            State::Open { until, trips, outage } => {
                (trips, outage, until.saturating_duration_since(now))
            }
            State::HalfOpen { trips, outage } => (trips, outage, Duration::ZERO),
        };
        Some(Failing { failing_for: outage.age(now), trips, open_for })
    }

    /// Whether the endpoint has failed for so long that it is to be given up.
    #[must_use]
    pub fn is_hopeless(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { outage, .. } | State::HalfOpen { outage, .. } => {
                let seen_for = |(first, _)| now.saturating_duration_since(first);
                outage.age(now) >= self.policy.hopeless_after
                    && outage.seen.map(seen_for) >= Some(self.policy.hopeless_seen_for)
            }
        }
    }

    /// Takes a permit back whose attempt did not reach the endpoint, and so says nothing about it.
    pub fn release(&mut self, now: Instant, permit: Permit) {
        if let State::HalfOpen { trips, outage } = self.state
            && permit.era == self.era
        {
            // The next attempt is the probe.
            self.enter(State::Open { until: now, trips, outage });
        }
    }

    /// When an open breaker lets a probe through.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Open { until, .. } => Some(until),
            State::Closed { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// Closes it, whatever happened: someone has changed or repaired the endpoint.
    pub fn reset(&mut self) {
        self.enter(State::closed());
    }

    /// Opens for the first interval, doubled for each trip before, up to the longest.
    fn open(&mut self, now: Instant, trips: u32, outage: Outage) {
        let factor = 1_u32.checked_shl(trips).unwrap_or(u32::MAX);
        let interval = self.policy.first_open.saturating_mul(factor);
        let until = now + interval.min(self.policy.longest_open);
        self.enter(State::Open { until, trips, outage });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
    }
}

impl State {
    const fn closed() -> Self {
        let recent = OutcomeWindow { halves: [Half::EMPTY; 2], since: None };
        Self::Closed { in_a_row: 0, outage: None, recent }
    }
}

/// The last attempts, counted in two halves of the window: when the younger half is over, the
/// older one is forgotten.
#[derive(Debug)]
struct OutcomeWindow {
    halves: [Half; 2],
    /// When the younger half began.
    since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Half {
    attempts: u32,
    failures: u32,
}

impl Half {
    const EMPTY: Self = Self { attempts: 0, failures: 0 };
}

impl OutcomeWindow {
    fn add(&mut self, now: Instant, window: Duration, success: bool) {
        let age = self.since.map_or(window, |since| now.saturating_duration_since(since));
        if age >= window / 2 {
            let [younger, _] = self.halves;
            let older = if age >= window { Half::EMPTY } else { younger };
            self.halves = [Half::EMPTY, older];
            self.since = Some(now);
        }
        let [younger, _] = &mut self.halves;
        younger.attempts += 1;
        younger.failures += u32::from(!success);
    }

    fn is_bad(&self, minimum: u32, ratio: f64) -> bool {
        let [younger, older] = self.halves;
        let attempts = younger.attempts + older.attempts;
        let failures = younger.failures + older.failures;
        attempts >= minimum && f64::from(failures) >= ratio * f64::from(attempts)
    }
}

#[cfg(test)]
mod tests;
