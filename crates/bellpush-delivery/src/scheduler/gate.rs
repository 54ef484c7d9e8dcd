//! What stands between an integration's previews and its endpoint during a rehearsal.
//!
//! Previews have a breaker of their own then, and attempts in flight of their own: whatever a rehearsal
//! does, the integration's breaker, its outage and its latency know nothing of it. After the end the
//! gate stays until its breaker has closed, so that the recovery is seen, too; then previews are
//! delivered as everything is.

use std::time::{Duration, Instant};

use bellpush_core::{
    ids::RehearsalId,
    rehearsal::{EndpointFault, RECOVERY_MS, Running},
};

use super::Now;
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, Permit, Verdict};

/// One integration's rehearsal, running or recovering.
#[derive(Debug)]
pub(super) struct Gate {
    id: RehearsalId,
    fault: EndpointFault,
    /// When it ends, on the steady clock.
    ends: Instant,
    is_running: bool,
    pub(super) breaker: Breaker,
    in_flight: usize,
}

impl Gate {
    /// A rehearsal that begins, unless its time is over already.
    pub(super) fn begin(
        running: Running<EndpointFault>,
        now: Now,
        policy: &BreakerPolicy,
    ) -> Option<Self> {
        let gate = Self {
            id: running.id,
            fault: running.fault,
            ends: end_of(&running, now),
            is_running: true,
            breaker: Breaker::new(policy.clone()),
            in_flight: 0,
        };
        (now.at < gate.ends).then_some(gate)
    }

    /// Another one takes its place: what is in flight says nothing about that. Returns which was there.
    pub(super) fn begin_anew(
        &mut self,
        running: Running<EndpointFault>,
        now: Now,
    ) -> Option<RehearsalId> {
        let ends = end_of(&running, now);
        if running.id == self.id || now.at >= ends {
            return None;
        }
        self.breaker.reset();
        (self.fault, self.ends, self.is_running) = (running.fault, ends, true);
        Some(std::mem::replace(&mut self.id, running.id))
    }

    /// Ends it before its time.
    pub(super) fn end(&mut self, now: Instant) {
        if self.is_running {
            (self.is_running, self.ends) = (false, now);
        }
    }

    /// Ends it when its time has come.
    pub(super) fn expire(&mut self, now: Instant) {
        self.is_running = self.is_running && now < self.ends;
    }

    /// Whether the recovery is over as well: nothing is left for it to hold back.
    pub(super) fn is_over(&self, now: Instant, has_previews: bool) -> bool {
        let longest = Duration::from_millis(RECOVERY_MS.unsigned_abs());
        !self.is_running
            && self.in_flight == 0
            && (!has_previews
                || self.breaker.state() == BreakerState::Closed
                || now >= self.ends + longest)
    }

    pub(super) const fn id(&self) -> RehearsalId {
        self.id
    }

    pub(super) const fn is_running(&self) -> bool {
        self.is_running
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Asks to make an attempt: with what is simulated, if it still is.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        most: usize,
    ) -> Option<(Permit, Option<(RehearsalId, EndpointFault)>)> {
        if self.in_flight >= most {
            return None;
        }
        let Verdict::Go(permit) = self.breaker.ask(now) else { return None };
        self.in_flight += 1;
        Some((permit, self.is_running.then_some((self.id, self.fault))))
    }

    /// An attempt that it let through has ended.
    pub(super) const fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// When something changes by itself; `is_waited_for`: a preview could go.
    pub(super) fn next_deadline(&self, is_waited_for: bool) -> Option<Instant> {
        let end = self.is_running.then_some(self.ends);
        let probe = self.breaker.next_deadline().filter(|_| is_waited_for);
        [end, probe].into_iter().flatten().min()
    }
}

/// The wall clock's end on the steady clock, which nobody sets.
fn end_of(running: &Running<EndpointFault>, now: Now) -> Instant {
    let left = running.ends_at.millis().saturating_sub(now.wall.millis());
    now.at + Duration::from_millis(u64::try_from(left).unwrap_or(0))
}
