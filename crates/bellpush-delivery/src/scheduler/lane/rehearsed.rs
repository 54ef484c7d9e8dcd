//! Previews of an integration during a rehearsal: they go through the gate, and take nothing of what the
//! others have.

use std::time::Instant;

use bellpush_core::{
    delivery::Seq,
    ids::RehearsalId,
    rehearsal::{EndpointFault, Running},
};

use super::{Lane, Stage, Started};
use crate::{
    breaker::{Breaker, BreakerPolicy, BreakerState},
    scheduler::{Limits, Now, gate::Gate},
};

impl Lane {
    /// Takes the rehearsal that runs for its previews now, if one does. Returns the one that was not over
    /// and is replaced.
    pub(in super::super) fn rehearse(
        &mut self,
        now: Now,
        running: Option<Running<EndpointFault>>,
        policy: &BreakerPolicy,
    ) -> Option<RehearsalId> {
        match (&mut self.gate, running) {
            (Some(gate), Some(running)) => return gate.begin_anew(running, now),
            (Some(gate), None) => gate.end(now.at),
            (None, Some(running)) => {
                self.gate = Gate::begin(running, now, policy);
                self.place_previews(now.at);
            }
            (None, None) => {}
        }
        None
    }

    /// Closes the gate's story when nothing is left of it. Returns whose it was.
    pub(in super::super) fn close_gate(&mut self, now: Instant) -> Option<RehearsalId> {
        let has_previews = self.active && (self.previews > 0 || self.disk.more());
        let gate = self.gate.as_mut()?;
        gate.expire(now);
        if !gate.is_over(now, has_previews) {
            return None;
        }
        let gate = self.gate.take()?;
        self.place_previews(now);
        Some(gate.id())
    }

    /// What previews go through, during a rehearsal and until it has recovered.
    pub(in super::super) const fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// The breaker that an attempt has to do with.
    pub(in super::super) fn breaker_of(&mut self, gated: bool) -> &mut Breaker {
        match &mut self.gate {
            Some(gate) if gated => &mut gate.breaker,
            _ => &mut self.breaker,
        }
    }

    /// Begins the next attempt through the gate, if one may go there: at most so many at once.
    pub(in super::super) fn start_gated(&mut self, now: Instant, most: usize) -> Option<Started> {
        let oldest = *self.gated.first()?;
        let gate = self.gate.as_mut()?;
        let (permit, simulated) = gate.ask(now, most)?;
        // As with every probe.
        let is_probe = gate.breaker.state() == BreakerState::HalfOpen;
        let freshest = is_probe.then(|| self.freshest(&self.gated)).flatten();
        let seq = freshest.unwrap_or(oldest);
        let buffered = self.buffer.get_mut(&seq)?;
        self.gated.remove(&seq);
        buffered.stage = Stage::Rehearsed(permit, simulated.map(|(id, _)| id));
        buffered.endpoint = self.endpoint;
        Some(buffered.started(simulated.map(|(_, fault)| fault)))
    }

    /// Held back by a rehearsal and not in flight.
    pub(in super::super) fn held_back(&self) -> usize {
        self.gate.as_ref().map_or(0, |gate| self.previews.saturating_sub(gate.in_flight()))
    }

    /// How much of the buffer is taken. What a rehearsal holds back takes no room of the others, up to a
    /// whole window.
    pub(super) fn taken(&self, limits: &Limits) -> usize {
        let held = if self.gate.is_some() { self.previews.min(limits.window) } else { 0 };
        self.buffer.len() - held
    }

    /// It may go: through the gate, if that is where it belongs.
    pub(super) fn make_ready(&mut self, seq: Seq) {
        let is_preview = self.buffer.get(&seq).is_some_and(|it| it.delivery.preview);
        if is_preview && self.gate.is_some() {
            self.gated.insert(seq);
        } else {
            self.ready.insert(seq);
        }
    }

    /// A gate came or went: previews that may go, go elsewhere.
    fn place_previews(&mut self, now: Instant) {
        let previews = self.buffer.iter().filter(|(_, buffered)| buffered.delivery.preview);
        for seq in previews.map(|(seq, _)| *seq).collect::<Vec<_>>() {
            self.place(now, seq);
        }
    }
}
