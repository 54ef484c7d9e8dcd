//! Decides what is attempted when.
//!
//! Pure: inputs, times and random numbers in, actions out; no clock, socket or task. What it keeps
//! in memory is a window of what is on disk, integration by integration, and it asks for the rest
//! page by page. Promises, each tested on simulated days:
//!
//! * nothing that is pending on disk is forgotten, and nothing is attempted after it was delivered
//!   or dead, unless it is replayed;
//! * a delivery has at most one attempt in flight, and none before the last one is on disk;
//! * attempts keep to the schedule, which begins anew with a replay;
//! * in an ordered integration, an event of a call waits until the earlier ones are delivered or
//!   dead;
//! * an endpoint that keeps failing gets one probe at a time, and uses up no attempt in between;
//!   one that failed for days is switched off;
//! * no integration waits for another: each has a reserve of its own, and no number of slow, hanging
//!   or dead endpoints takes all of what is shared (see `fairness.rs`);
//! * what is shared is shared evenly between apps, however many integrations each has;
//! * a rehearsal is met by previews alone: they have a breaker of their own then (see `gate.rs`), and
//!   what is real is attempted as if there were no rehearsal.

#[cfg(test)]
mod clock_tests;
mod disk_cursor;
mod fairness;
mod gate;
#[cfg(test)]
mod isolation_tests;
mod lane;
mod messages;
#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod rehearsal_tests;
#[cfg(test)]
mod replay_tests;
mod retry;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{
        AttemptRecord, DeliveryKey, DeliveryStatus, DisableReason, FailureClass, Outage,
        PendingDelivery,
    },
    events::EventTime,
    ids::IntegrationId,
};
use rand::Rng;

use crate::breaker::{Breaker, BreakerPolicy, Failing};
use fairness::{PermitPool, RoundRobin};
use lane::{Lane, Next, Started};
use retry::Verdict;

pub use messages::{
    Action, AttemptReport, EndpointRules, Input, LaneStatus, Limits, Now, RehearsalStatus,
};
pub use retry::RetrySchedule;

/// See the module's text.
#[derive(Debug)]
pub struct Scheduler {
    limits: Limits,
    schedule: RetrySchedule,
    breaker: BreakerPolicy,
    lanes: HashMap<IntegrationId, Lane>,
    /// Lanes that may have something to send.
    turns: RoundRobin,
    pool: PermitPool,
    timers: BTreeSet<(Instant, IntegrationId)>,
    unrecorded: usize,
    /// The two clocks when they were last found to go together.
    clocks: Option<Now>,
}

/// A wall clock that went differently from the steady one by so much was set.
const CLOCK_WAS_SET_MS: u64 = 1_000;

impl Scheduler {
    /// One that knows of nothing.
    #[must_use]
    pub fn new(limits: Limits, schedule: RetrySchedule, breaker: BreakerPolicy) -> Self {
        Self {
            schedule,
            breaker,
            lanes: HashMap::new(),
            turns: RoundRobin::default(),
            pool: PermitPool::new(limits.shared),
            timers: BTreeSet::new(),
            unrecorded: 0,
            clocks: None,
            limits,
        }
    }

    /// Takes what happened and says what to do. Times never go back. To be called with [`Input::Tick`]
    /// each minute, too: the wall clock may have been set.
    pub fn handle<R: Rng>(&mut self, now: Now, rng: &mut R, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        self.look_at_clocks(now, &mut actions);
        match input {
            Input::EndpointsChanged(endpoints) => self.set_endpoints(now, endpoints, &mut actions),
            Input::New(deliveries) => self.take_new(now, deliveries, &mut actions),
            Input::Missed => {
                for id in self.lanes.keys().copied().collect::<Vec<_>>() {
                    self.in_lane(now, id, &mut actions, |lane| lane.read_again(now.at));
                }
            }
            Input::Look => {
                // Also before what was read: two servers commit in another order than their events have.
                let at_rest = self.lanes.iter().filter(|(_, lane)| !lane.is_reading_again());
                for id in at_rest.map(|(id, _)| *id).collect::<Vec<_>>() {
                    self.in_lane(now, id, &mut actions, |lane| lane.take_replayed(now.at));
                }
            }
            Input::Loaded { integration_id, deliveries, exhausted } => {
                let with_due = |delivery| {
                    let at = due(&self.schedule, now, &delivery);
                    (delivery, at)
                };
                let deliveries = deliveries.into_iter().map(with_due).collect();
                self.in_lane(now, integration_id, &mut actions, |lane| {
                    lane.take_page(now.at, deliveries, exhausted);
                });
            }
            Input::Finished { key, report } => self.finish(now, rng, key, report, &mut actions),
            Input::Recorded(keys) => self.recorded(now, &keys, &mut actions),
            Input::Replayed(id) => {
                self.in_lane(now, id, &mut actions, |lane| lane.take_replayed(now.at));
            }
            Input::ResetBreaker(id) => {
                if self.lanes.contains_key(&id) {
                    actions.push(Action::KeepOutage { integration_id: id, outage: None });
                }
                self.in_lane(now, id, &mut actions, |lane| {
                    lane.breaker.reset();
                    lane.endpoint += 1;
                });
            }
            Input::Tick => {}
        }
        self.wake(now, &mut actions);
        self.start_attempts(now, &mut actions);
        actions
    }

    /// When to call [`Scheduler::handle`] with [`Input::Tick`] if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// How the integrations do.
    pub fn lanes(&self, now: Now) -> impl Iterator<Item = LaneStatus> {
        self.lanes.iter().map(move |(id, lane)| status(now, *id, lane))
    }

    /// How one integration does; `None` for one that is not active.
    #[must_use]
    pub fn lane(&self, now: Now, id: IntegrationId) -> Option<LaneStatus> {
        self.lanes.get(&id).filter(|lane| lane.active).map(|lane| status(now, id, lane))
    }

    fn set_endpoints(
        &mut self,
        now: Now,
        endpoints: Vec<EndpointRules>,
        actions: &mut Vec<Action>,
    ) {
        let active: HashSet<IntegrationId> =
            endpoints.iter().map(|endpoint| endpoint.integration_id).collect();
        for id in self.lanes.keys().copied().collect::<Vec<_>>() {
            if !active.contains(&id) {
                self.in_lane(now, id, actions, |lane| lane.deactivate(now.at));
            }
        }
        for EndpointRules { integration_id, app_id, ordered, outage, rehearsal } in endpoints {
            let breaker = || resumed(&self.breaker, now, outage);
            match self.lanes.get_mut(&integration_id) {
                Some(lane) if lane.active => {}
                Some(lane) => {
                    (lane.breaker, lane.outage) = (breaker(), outage);
                    lane.endpoint += 1;
                }
                None => {
                    let lane = Lane::new(app_id, breaker(), outage);
                    self.lanes.insert(integration_id, lane);
                }
            }
            let (policy, mut replaced) = (self.breaker.clone(), None);
            self.in_lane(now, integration_id, actions, |lane| {
                lane.activate(now.at, ordered);
                replaced = lane.rehearse(now, rehearsal, &policy);
            });
            actions.extend(replaced.map(|rehearsal_id| Action::KeepRehearsal {
                integration_id,
                rehearsal_id,
                outage: None,
            }));
        }
        self.turns.forget_idle();
    }

    fn take_new(&mut self, now: Now, deliveries: Vec<PendingDelivery>, actions: &mut Vec<Action>) {
        let mut touched = BTreeSet::new();
        for delivery in deliveries {
            let due = due(&self.schedule, now, &delivery);
            let id = delivery.key.integration_id;
            // Of an integration that is not known yet, everything is read when it is.
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.offer(now.at, delivery, due, &self.limits);
                touched.insert(id);
            }
        }
        for id in touched {
            self.in_lane(now, id, actions, |_| {});
        }
    }

    fn finish<R: Rng>(
        &mut self,
        now: Now,
        rng: &mut R,
        key: DeliveryKey,
        report: AttemptReport,
        actions: &mut Vec<Action>,
    ) {
        let Some(lane) = self.lanes.get_mut(&key.integration_id) else { return };
        if lane.in_flight() > self.limits.reserved_per_integration && lane.has_in_flight(key.seq) {
            self.pool.release(lane.app_id);
        }
        let Some(ended) = lane.end(key.seq, report.duration_ms) else { return };
        self.unrecorded += 1;
        let (number, earlier) = (ended.number, ended.earlier);
        let (gated, rehearsal_id) = (ended.gated, ended.rehearsal_id);
        let breaker = lane.breaker_of(gated);
        let changed = match report.failure {
            Some(FailureClass::Template) => {
                breaker.release(now.at, ended.permit);
                false
            }
            failure => breaker.report(now.at, ended.permit, failure.is_none()),
        };
        let verdict = match self.schedule.judge(number - earlier, &report, rng) {
            // The one that is gone is not the one that the next attempt goes to.
            Verdict::Gone if ended.is_of_former_endpoint => {
                self.schedule.retry(number - earlier, &report, rng)
            }
            verdict => verdict,
        };
        let (outcome, wait) = match verdict {
            Verdict::Delivered => (DeliveryStatus::Delivered, None),
            Verdict::Dead | Verdict::Gone => (DeliveryStatus::Dead, None),
            Verdict::RetryIn(wait) => (DeliveryStatus::Pending, Some(wait)),
        };
        lane.await_record(key.seq, wait.map_or(Next::End, |wait| Next::Retry(now.at + wait)));
        actions.push(Action::Record(AttemptRecord {
            key,
            number,
            started_at: report.started_at,
            duration_ms: report.duration_ms,
            status: report.status,
            failure: report.failure,
            detail: report.detail,
            exchange: report.exchange,
            outcome,
            next_due: wait.map(|wait| later(now.wall, wait)),
            rehearsal_id,
        }));
        let given_up = if verdict == Verdict::Gone {
            Some(DisableReason::Gone)
        } else {
            lane.breaker.is_hopeless(now.at).then_some(DisableReason::Failing)
        };
        let integration_id = key.integration_id;
        match given_up.filter(|_| lane.active) {
            Some(reason) => {
                lane.deactivate(now.at);
                actions.push(Action::Disable { integration_id, reason });
            }
            None if changed && gated => {
                actions.extend(lane.gate().map(|gate| Action::KeepRehearsal {
                    integration_id,
                    rehearsal_id: gate.id(),
                    outage: outage(now, &gate.breaker),
                }));
            }
            None if changed && lane.active => {
                let outage = outage(now, &lane.breaker);
                actions.push(Action::KeepOutage { integration_id, outage });
            }
            None => {}
        }
        self.in_lane(now, key.integration_id, actions, |_| {});
    }

    fn recorded(&mut self, now: Now, keys: &[DeliveryKey], actions: &mut Vec<Action>) {
        let mut touched = BTreeSet::new();
        for key in keys {
            if let Some(lane) = self.lanes.get_mut(&key.integration_id)
                && lane.recorded(now.at, key.seq)
            {
                self.unrecorded -= 1;
                touched.insert(key.integration_id);
            }
        }
        for id in touched {
            self.in_lane(now, id, actions, |_| {});
        }
    }

    /// What was read from disk is due at a time of the wall clock. That may have been wrong then, as it
    /// is on a machine that has just started.
    fn look_at_clocks(&mut self, now: Now, actions: &mut Vec<Action>) {
        let Some(before) = self.clocks else {
            self.clocks = Some(now);
            return;
        };
        let wall = now.wall.millis().saturating_sub(before.wall.millis());
        let steady = now.at.saturating_duration_since(before.at).as_millis();
        let steady = i64::try_from(steady).unwrap_or(i64::MAX);
        if wall.saturating_sub(steady).unsigned_abs() < CLOCK_WAS_SET_MS {
            return;
        }
        self.clocks = Some(now);
        let (schedule, breaker) = (self.schedule.clone(), self.breaker.clone());
        for id in self.lanes.keys().copied().collect::<Vec<_>>() {
            self.in_lane(now, id, actions, |lane| {
                if lane.breaker.is_as_resumed() {
                    lane.breaker = resumed(&breaker, now, lane.outage);
                }
                lane.reset_wall(now.at, |delivery| due(&schedule, now, delivery));
            });
        }
    }

    fn wake(&mut self, now: Now, actions: &mut Vec<Action>) {
        while let Some((at, id)) = self.timers.first().copied()
            && at <= now.at
        {
            self.timers.remove(&(at, id));
            self.in_lane(now, id, actions, |lane| lane.timer = None);
        }
    }

    /// Changes a lane, and then gives it all that it may need after a change: a page from disk, a
    /// turn, or a deadline.
    fn in_lane(
        &mut self,
        now: Now,
        id: IntegrationId,
        actions: &mut Vec<Action>,
        change: impl FnOnce(&mut Lane),
    ) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        change(lane);
        close_gate(now, id, lane, actions);
        lane.wake(now.at);
        if let Some((after, limit)) = lane.next_page(&self.limits) {
            actions.push(Action::Load { integration_id: id, after, limit });
        }
        if lane.has_ready() && !lane.queued {
            lane.queued = true;
            self.turns.push(lane.app_id, id);
        }
        self.set_timer(id);
        if self.lanes.get(&id).is_some_and(Lane::is_over) {
            self.lanes.remove(&id);
        }
    }

    /// A lane in the queue needs no deadline: it gets its turn.
    fn set_timer(&mut self, id: IntegrationId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let wanted = if lane.queued { None } else { lane.next_deadline() };
        if lane.timer != wanted {
            if let Some(old) = lane.timer {
                self.timers.remove(&(old, id));
            }
            self.timers.extend(wanted.map(|at| (at, id)));
            lane.timer = wanted;
        }
    }

    /// Starts what may go, one attempt for each lane in its turn.
    fn start_attempts(&mut self, now: Now, actions: &mut Vec<Action>) {
        while self.unrecorded < self.limits.unrecorded
            && let Some(id) = self.turns.pop()
        {
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.queued = false;
            close_gate(now, id, lane, actions);
            let (app_id, shared) =
                (lane.app_id, lane.in_flight() >= self.limits.reserved_per_integration);
            let may_go = lane.in_flight() < self.limits.in_flight_per_integration
                && (!shared || self.pool.has_room(app_id, lane.is_fast()));
            let started = if may_go { lane.start(now.at) } else { None };
            if started.is_some() && shared {
                self.pool.acquire(app_id);
            }
            // What a rehearsal meets takes nothing of what is shared.
            let reserve = self.limits.reserved_per_integration;
            match started.or_else(|| lane.start_gated(now.at, reserve)) {
                Some(Started { delivery, number, simulated }) => {
                    actions.push(Action::Attempt { delivery, number, simulated });
                    self.in_lane(now, id, actions, |_| {});
                }
                // It is back in the queue when one of its attempts ends, or at its deadline.
                None => self.set_timer(id),
            }
        }
    }
}

/// Lets previews go as everything does, when their rehearsal is over and has recovered.
fn close_gate(now: Now, integration_id: IntegrationId, lane: &mut Lane, actions: &mut Vec<Action>) {
    let closed = lane.close_gate(now.at);
    actions.extend(closed.map(|rehearsal_id| Action::KeepRehearsal {
        integration_id,
        rehearsal_id,
        outage: None,
    }));
}

/// When a delivery is due on the steady clock. A due time beyond the longest wait was written by a
/// wall clock that was wrong, and so was any that is to come before the first attempt, or the first
/// of a replay.
fn due(schedule: &RetrySchedule, now: Now, delivery: &PendingDelivery) -> Instant {
    if delivery.attempts == delivery.earlier_attempts {
        return now.at;
    }
    let millis = delivery.due.millis().saturating_sub(now.wall.millis());
    let wait = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    now.at + wait.min(schedule.longest_wait())
}

fn status(now: Now, integration_id: IntegrationId, lane: &Lane) -> LaneStatus {
    LaneStatus {
        integration_id,
        waiting: lane.backlog(),
        more_on_disk: lane.more_on_disk(),
        in_flight: lane.in_flight(),
        breaker: lane.breaker.state(),
        outage: outage(now, &lane.breaker),
        rehearsal: lane.gate().map(|gate| RehearsalStatus {
            id: gate.id(),
            is_running: gate.is_running(),
            waiting: lane.held_back(),
            in_flight: gate.in_flight(),
            breaker: gate.breaker.state(),
            outage: outage(now, &gate.breaker),
        }),
    }
}

/// What of a breaker is written down, on the wall clock.
fn outage(now: Now, breaker: &Breaker) -> Option<Outage> {
    breaker.failing(now.at).map(|failing| Outage {
        failing_since: earlier(now.wall, failing.failing_for),
        trips: failing.trips,
        open_until: later(now.wall, failing.open_for),
    })
}

/// A breaker that goes on where an earlier process was. Both its clocks may have been wrong: no
/// time is believed that a breaker could not have had.
fn resumed(policy: &BreakerPolicy, now: Now, outage: Option<Outage>) -> Breaker {
    let Some(outage) = outage else { return Breaker::new(policy.clone()) };
    let between = |from: EventTime, to: EventTime| {
        let millis = to.millis().saturating_sub(from.millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    };
    // From when it was open until nothing was sent.
    let is_silent = between(outage.open_until, now.wall) > policy.longest_silence;
    let seen_until = if is_silent { outage.open_until } else { now.wall };
    let failing = Failing {
        failing_for: between(outage.failing_since, seen_until),
        trips: outage.trips,
        open_for: between(now.wall, outage.open_until),
    };
    Breaker::resume(policy.clone(), now.at, failing)
}

fn earlier(wall: EventTime, ago: Duration) -> EventTime {
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(wall.millis().saturating_sub(ago)).unwrap_or(wall)
}

fn later(wall: EventTime, wait: Duration) -> EventTime {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(wall.millis().saturating_add(wait)).unwrap_or(wall)
}
