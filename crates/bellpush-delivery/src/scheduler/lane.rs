//! The deliveries of one integration that are in memory.

mod rehearsed;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
    time::Instant,
};

use bellpush_core::{
    delivery::{Outage, PendingDelivery, Seq},
    ids::{AppId, CallId, RehearsalId},
    rehearsal::EndpointFault,
};

use super::{Limits, disk_cursor::DiskCursor, fairness::LatencyAverage, gate::Gate};
use crate::breaker::{Breaker, BreakerState, Permit, Verdict};

/// One integration's lane: it never waits for another's.
///
/// Every delivery in this buffer that is idle is covered by the disk's boundary ([`DiskCursor::covers`]):
/// so the first of its call in memory is the first of its call at all, and none that comes into
/// memory goes before one that idles there.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) app_id: AppId,
    pub(super) breaker: Breaker,
    /// Counts up with each change of the endpoint: what was sent before says nothing about the new one.
    pub(super) endpoint: u64,
    /// The outage that the breaker was resumed from, by the wall clock.
    pub(super) outage: Option<Outage>,
    /// Whether the integration is active.
    pub(super) active: bool,
    /// Whether it waits for its turn.
    pub(super) queued: bool,
    /// The deadline that is set for it.
    pub(super) timer: Option<Instant>,
    ordered: bool,
    buffer: BTreeMap<Seq, BufferedDelivery>,
    /// All that is in the buffer of each call.
    calls: HashMap<CallId, BTreeSet<Seq>>,
    /// Idle ones that may go now.
    ready: BTreeSet<Seq>,
    /// What previews go through during a rehearsal, and those that may go now.
    gate: Option<Gate>,
    gated: BTreeSet<Seq>,
    /// How many of the buffer are previews.
    previews: usize,
    /// Idle ones that may go at a time.
    waiting: BTreeSet<(Instant, Seq)>,
    in_flight: usize,
    latency: LatencyAverage,
    disk: DiskCursor,
}

#[derive(Debug)]
struct BufferedDelivery {
    delivery: Arc<PendingDelivery>,
    attempts: u32,
    due: Instant,
    /// Whether it is due at a time of the wall clock, as it was read from disk, and was not decided on
    /// the steady one.
    by_wall: bool,
    /// Which endpoint of the lane the last attempt began at.
    endpoint: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Waits: for its time, for its turn, or for an earlier one of its call.
    Idle,
    /// Is being attempted.
    InFlight(Permit),
    /// Is being attempted through the gate, for a rehearsal while that runs.
    Rehearsed(Permit, Option<RehearsalId>),
    /// The attempt has ended and is not on disk yet.
    Recording(Next),
}

/// What comes after an attempt is on disk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// Nothing: it is delivered or dead.
    End,
    /// It is delivered or dead, and may have been replayed since: only the disk knows.
    ReadAgain,
    /// A retry.
    Retry(Instant),
}

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) number: u32,
    /// Attempts before the last replay.
    pub(super) earlier: u32,
    pub(super) permit: Permit,
    /// Whether it went through the gate, and for which rehearsal it was simulated.
    pub(super) gated: bool,
    pub(super) rehearsal_id: Option<RehearsalId>,
    /// Whether the endpoint was changed while it was in flight.
    pub(super) is_of_former_endpoint: bool,
}

/// An attempt that begins.
pub(super) struct Started {
    pub(super) delivery: Arc<PendingDelivery>,
    pub(super) number: u32,
    /// What is simulated instead of sending it.
    pub(super) simulated: Option<EndpointFault>,
}

impl Lane {
    pub(super) fn new(app_id: AppId, breaker: Breaker, outage: Option<Outage>) -> Self {
        Self {
            app_id,
            breaker,
            endpoint: 0,
            outage,
            active: false,
            queued: false,
            timer: None,
            ordered: true,
            buffer: BTreeMap::new(),
            calls: HashMap::new(),
            ready: BTreeSet::new(),
            gate: None,
            gated: BTreeSet::new(),
            previews: 0,
            waiting: BTreeSet::new(),
            in_flight: 0,
            latency: LatencyAverage::default(),
            disk: DiskCursor::new(),
        }
    }

    pub(super) fn activate(&mut self, now: Instant, ordered: bool) {
        self.active = true;
        if self.ordered != ordered {
            self.ordered = ordered;
            let all: Vec<Seq> = self.buffer.keys().copied().collect();
            all.into_iter().for_each(|seq| self.place(now, seq));
        }
    }

    /// Lets go of everything that is not in flight or being recorded; it stays on disk.
    pub(super) fn deactivate(&mut self, now: Instant) {
        self.active = false;
        if let Some(gate) = &mut self.gate {
            gate.end(now);
        }
        self.read_again(now);
    }

    /// Nothing is left here that someone will ask for.
    pub(super) fn is_over(&self) -> bool {
        !self.active && self.buffer.is_empty() && !self.disk.is_reading()
    }

    /// Reads everything from disk again.
    pub(super) fn read_again(&mut self, now: Instant) {
        self.disk.go_back(None);
        self.drop_uncovered(now);
    }

    /// Deliveries that had ended are pending again. One whose end is not known to be on disk yet may
    /// be among them.
    pub(super) fn take_replayed(&mut self, now: Instant) {
        for buffered in self.buffer.values_mut() {
            if matches!(buffered.stage, Stage::Recording(Next::End)) {
                buffered.stage = Stage::Recording(Next::ReadAgain);
            }
        }
        self.read_again(now);
    }

    /// Takes a new delivery, or leaves it on disk.
    pub(super) fn offer(
        &mut self,
        now: Instant,
        delivery: PendingDelivery,
        due: Instant,
        limits: &Limits,
    ) {
        let seq = delivery.key.seq;
        if !self.active || self.buffer.contains_key(&seq) {
            return;
        }
        let room = self.ready.len() < limits.window && self.taken(limits) < limits.buffered;
        if self.disk.offer(seq, room) {
            self.buffer(now, delivery, due);
        } else {
            self.drop_uncovered(now);
        }
    }

    /// What to read from disk now, if anything: after where, and how many.
    pub(super) fn next_page(&mut self, limits: &Limits) -> Option<(Option<Seq>, usize)> {
        let room = limits.buffered.saturating_sub(self.taken(limits)).min(limits.window);
        let wanted = self.active
            && self.disk.more()
            && !self.disk.is_reading()
            && self.ready.len() <= limits.window / 2
            && room > 0;
        wanted.then(|| (self.disk.begin_page(), room))
    }

    pub(super) fn take_page(
        &mut self,
        now: Instant,
        deliveries: Vec<(PendingDelivery, Instant)>,
        exhausted: bool,
    ) {
        let Some(page) = self.disk.end_page() else { return };
        for (delivery, due) in deliveries {
            let seq = delivery.key.seq;
            self.disk.advance(seq);
            if !self.buffer.contains_key(&seq) && !page.has_ended(seq) {
                self.buffer(now, delivery, due);
            }
        }
        self.disk.settle_page(&page, exhausted);
    }

    /// Begins the next attempt, if one may go.
    pub(super) fn start(&mut self, now: Instant) -> Option<Started> {
        let oldest = *self.ready.first()?;
        let Verdict::Go(permit) = self.breaker.ask(now) else { return None };
        let seq = match self.breaker.state() {
            // A probe is likely to fail: its cost goes to whichever has the most attempts left, so
            // that a long failure does not wear out the oldest.
            BreakerState::HalfOpen => self.freshest(&self.ready).unwrap_or(oldest),
            BreakerState::Closed | BreakerState::Open => oldest,
        };
        let buffered = self.buffer.get_mut(&seq)?;
        self.ready.remove(&seq);
        buffered.stage = Stage::InFlight(permit);
        buffered.endpoint = self.endpoint;
        self.in_flight += 1;
        Some(buffered.started(None))
    }

    /// An attempt has ended. `None` when none was in flight.
    pub(super) fn end(&mut self, seq: Seq, duration_ms: u32) -> Option<Ended> {
        let buffered = self.buffer.get_mut(&seq)?;
        let (permit, gated, rehearsal_id) =
            match std::mem::replace(&mut buffered.stage, Stage::Recording(Next::End)) {
                Stage::InFlight(permit) => {
                    self.in_flight -= 1;
                    self.latency.add(duration_ms);
                    (permit, false, None)
                }
                Stage::Rehearsed(permit, rehearsal_id) => {
                    if let Some(gate) = &mut self.gate {
                        gate.landed();
                    }
                    (permit, true, rehearsal_id)
                }
                other => {
                    buffered.stage = other;
                    return None;
                }
            };
        let earlier = buffered.delivery.earlier_attempts.min(buffered.attempts);
        buffered.attempts = buffered.attempts.saturating_add(1);
        Some(Ended {
            number: buffered.attempts,
            earlier,
            permit,
            gated,
            rehearsal_id,
            is_of_former_endpoint: buffered.endpoint != self.endpoint,
        })
    }

    /// Keeps what is to come once the attempt is on disk.
    pub(super) fn await_record(&mut self, seq: Seq, next: Next) {
        if let Some(buffered) = self.buffer.get_mut(&seq) {
            buffered.stage = Stage::Recording(next);
        }
    }

    /// The attempt is on disk. Returns whether one was being recorded.
    pub(super) fn recorded(&mut self, now: Instant, seq: Seq) -> bool {
        let Some(buffered) = self.buffer.get_mut(&seq) else { return false };
        let Stage::Recording(next) = buffered.stage else { return false };
        match next {
            Next::End => {
                self.evict(now, seq);
                self.disk.ended(seq);
            }
            Next::ReadAgain => {
                self.evict(now, seq);
                self.disk.go_back(Some(Seq(seq.0.saturating_sub(1))));
                self.drop_uncovered(now);
            }
            Next::Retry(due) if self.disk.covers(seq) => {
                buffered.stage = Stage::Idle;
                (buffered.due, buffered.by_wall) = (due, false);
                self.place(now, seq);
            }
            Next::Retry(_) => {
                // Earlier ones are still to be read: this one is read again behind them. A page
                // on its way may show it as it was before this attempt.
                self.evict(now, seq);
                self.disk.go_back(self.disk.read_to());
            }
        }
        true
    }

    /// The wall clock was set: what waits for a time of it waits until then. What may go already,
    /// may go.
    pub(super) fn reset_wall(&mut self, now: Instant, due: impl Fn(&PendingDelivery) -> Instant) {
        let waiting: Vec<(Instant, Seq)> = self.waiting.iter().copied().collect();
        for (before, seq) in waiting {
            if let Some(buffered) = self.buffer.get_mut(&seq).filter(|buffered| buffered.by_wall) {
                self.waiting.remove(&(before, seq));
                buffered.due = due(&buffered.delivery);
                self.place(now, seq);
            }
        }
    }

    /// Moves what is due to what may go.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some((due, seq)) = self.waiting.first().copied()
            && due <= now
        {
            self.waiting.remove(&(due, seq));
            self.make_ready(seq);
        }
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.gated.is_empty()
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn has_in_flight(&self, seq: Seq) -> bool {
        self.buffer.get(&seq).is_some_and(|buffered| matches!(buffered.stage, Stage::InFlight(_)))
    }

    pub(super) const fn is_fast(&self) -> bool {
        self.latency.is_fast()
    }

    /// Buffered and not in flight, without what a rehearsal holds back.
    pub(super) fn backlog(&self) -> usize {
        let previews = if self.gate.is_some() { self.previews } else { 0 };
        (self.buffer.len() - previews).saturating_sub(self.in_flight)
    }

    pub(super) const fn more_on_disk(&self) -> bool {
        self.disk.more()
    }

    /// Whether it is on its way back to where it was on disk.
    pub(super) fn is_reading_again(&self) -> bool {
        self.disk.is_reading_again()
    }

    /// When to look again, if nothing else happens and it is not in the queue.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let due = self.waiting.first().map(|(due, _)| *due);
        let probe = if self.ready.is_empty() { None } else { self.breaker.next_deadline() };
        let gate = self.gate.as_ref().and_then(|it| it.next_deadline(!self.gated.is_empty()));
        [due, probe, gate].into_iter().flatten().min()
    }

    /// The one of these with the fewest attempts behind it, since its replay if it is one.
    fn freshest(&self, ready: &BTreeSet<Seq>) -> Option<Seq> {
        let attempts = |seq: &Seq| {
            let buffered = self.buffer.get(seq)?;
            Some(buffered.attempts.saturating_sub(buffered.delivery.earlier_attempts))
        };
        ready.iter().copied().min_by_key(|seq| (attempts(seq), *seq))
    }

    fn buffer(&mut self, now: Instant, delivery: PendingDelivery, due: Instant) {
        let (seq, call, attempts) = (delivery.key.seq, delivery.call_id, delivery.attempts);
        self.previews += usize::from(delivery.preview);
        let delivery = Arc::new(delivery);
        self.buffer.insert(
            seq,
            BufferedDelivery {
                delivery,
                attempts,
                due,
                by_wall: true,
                endpoint: self.endpoint,
                stage: Stage::Idle,
            },
        );
        if let Some(call) = call {
            self.calls.entry(call).or_default().insert(seq);
        }
        self.place(now, seq);
    }

    /// Forgets a delivery, and lets the next of its call go on.
    fn evict(&mut self, now: Instant, seq: Seq) {
        let Some(buffered) = self.buffer.remove(&seq) else { return };
        self.previews -= usize::from(buffered.delivery.preview);
        self.ready.remove(&seq);
        self.gated.remove(&seq);
        self.waiting.remove(&(buffered.due, seq));
        let Some(call) = buffered.delivery.call_id else { return };
        let Some(of_call) = self.calls.get_mut(&call) else { return };
        of_call.remove(&seq);
        match of_call.first().copied() {
            Some(next) => self.place(now, next),
            None => {
                self.calls.remove(&call);
            }
        }
    }

    /// Forgets the idle deliveries that the disk's boundary went back behind.
    fn drop_uncovered(&mut self, now: Instant) {
        if !self.disk.more() {
            return;
        }
        let beyond = match self.disk.read_to() {
            Some(read_to) => (Bound::Excluded(read_to), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let idle = |buffered: &BufferedDelivery| matches!(buffered.stage, Stage::Idle);
        // The latest first, so that none of a call is let go on in between.
        let uncovered = self.buffer.range(beyond).rev().filter(|(_, buffered)| idle(buffered));
        for seq in uncovered.map(|(seq, _)| *seq).collect::<Vec<_>>() {
            self.evict(now, seq);
        }
    }

    /// Puts an idle delivery where it belongs: with what may go, with what waits for its time, or
    /// nowhere while an earlier one of its call is here.
    fn place(&mut self, now: Instant, seq: Seq) {
        let Some(buffered) = self.buffer.get(&seq) else { return };
        self.ready.remove(&seq);
        self.gated.remove(&seq);
        self.waiting.remove(&(buffered.due, seq));
        let first_of_call = |call: CallId| {
            self.calls.get(&call).and_then(BTreeSet::first).is_none_or(|first| *first == seq)
        };
        let free = !self.ordered || buffered.delivery.call_id.is_none_or(first_of_call);
        if !matches!(buffered.stage, Stage::Idle) || !free {
            return;
        }
        if buffered.due <= now {
            self.make_ready(seq);
        } else {
            self.waiting.insert((buffered.due, seq));
        }
    }
}

impl BufferedDelivery {
    fn started(&self, simulated: Option<EndpointFault>) -> Started {
        let number = self.attempts.saturating_add(1);
        Started { delivery: Arc::clone(&self.delivery), number, simulated }
    }
}
