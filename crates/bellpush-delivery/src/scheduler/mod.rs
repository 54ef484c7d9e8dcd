//! Decides what is attempted when.
//!
//! Pure: inputs, times and random numbers in, actions out; no clock, socket or task. What it keeps
//! in memory is a window of what is on disk, integration by integration, and it asks for the rest
//! page by page. Promises, each tested on simulated days:
//!
//! * nothing that is pending on disk is forgotten, and nothing is attempted after it was delivered
//!   or dead;
//! * a delivery has at most one attempt in flight, and none before the last one is on disk;
//! * in an ordered integration, an event of a call waits until the earlier ones are delivered or
//!   dead;
//! * one integration never waits for another.

mod lane;
mod on_disk;
mod retry;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, DeliveryStatus, FailureClass, PendingDelivery, Seq},
    events::EventTime,
    ids::IntegrationId,
};
use rand::Rng;

use crate::breaker::{BreakerPolicy, BreakerState};
use lane::{Lane, Next};
use retry::Verdict;

pub use retry::RetrySchedule;

/// How much the scheduler holds and starts at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Attempts in flight at one integration.
    pub in_flight_per_integration: usize,
    /// Attempts in flight in all.
    pub in_flight: usize,
    /// Attempts that ended and are not on disk yet; no new attempt begins beyond it.
    pub unrecorded: usize,
    /// Deliveries that could go at once, kept in memory for one integration; more stay on disk.
    pub window: usize,
    /// Deliveries in memory for one integration in all: the window, those that wait for their
    /// retry, and those that wait for an earlier one of their call.
    pub held: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_per_integration: 32,
            in_flight: 512,
            unrecorded: 4_096,
            window: 1_024,
            held: 16_384,
        }
    }
}

/// The present, on two clocks: what is decided here is timed by the steady one, so that a jump of
/// the wall clock moves nothing; what is written down is timed by the wall's.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The steady clock.
    pub at: Instant,
    /// The wall clock.
    pub wall: EventTime,
}

/// An active integration, as far as the scheduler needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointRules {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Whether the events of one call are sent one after the other, in their order.
    pub ordered: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReport {
    /// When it began.
    pub started_at: EventTime,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed; `None` for a success.
    pub failure: Option<FailureClass>,
    /// What the endpoint or the transport said.
    pub detail: String,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// These are all active integrations now.
    EndpointsChanged(Vec<EndpointRules>),
    /// These deliveries are on disk now, in the order of the log.
    New(Vec<PendingDelivery>),
    /// There are deliveries on disk that did not come as [`Input::New`].
    Missed,
    /// What [`Action::Load`] asked for.
    Loaded {
        /// For which integration.
        integration_id: IntegrationId,
        /// In ascending order of `seq`.
        deliveries: Vec<PendingDelivery>,
        /// Whether there was no more.
        exhausted: bool,
    },
    /// What [`Action::Attempt`] asked for has ended.
    Finished {
        /// Of which delivery.
        key: DeliveryKey,
        /// How.
        report: AttemptReport,
    },
    /// What [`Action::Record`] asked for is on disk.
    Recorded(Vec<DeliveryKey>),
    /// The endpoint was changed or repaired: forget its failures.
    ResetBreaker(IntegrationId),
    /// [`Scheduler::next_deadline`] has come.
    Tick,
}

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Send this delivery; answer with [`Input::Finished`].
    Attempt {
        /// What to send.
        delivery: Arc<PendingDelivery>,
        /// Which attempt it is, from 1.
        number: u32,
    },
    /// Write this down; answer with [`Input::Recorded`].
    Record(AttemptRecord),
    /// Read pending deliveries from disk; answer with [`Input::Loaded`].
    Load {
        /// Of which integration.
        integration_id: IntegrationId,
        /// The first is the first after this one.
        after: Option<Seq>,
        /// How many, at most.
        limit: usize,
    },
    /// Switch this integration off: its endpoint says that it is gone.
    Disable {
        /// Which.
        integration_id: IntegrationId,
    },
}

/// How one integration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneStatus {
    /// Which.
    pub integration_id: IntegrationId,
    /// Deliveries in memory that are not in flight.
    pub waiting: usize,
    /// Whether there are more on disk.
    pub more_on_disk: bool,
    /// Attempts in flight.
    pub in_flight: usize,
    /// What its breaker lets through.
    pub breaker: BreakerState,
}

/// See the module's text.
#[derive(Debug)]
pub struct Scheduler {
    limits: Limits,
    schedule: RetrySchedule,
    breaker: BreakerPolicy,
    lanes: HashMap<IntegrationId, Lane>,
    /// Lanes that may have something to send, in the order of their turns.
    turns: VecDeque<IntegrationId>,
    timers: BTreeSet<(Instant, IntegrationId)>,
    in_flight: usize,
    unrecorded: usize,
}

impl Scheduler {
    /// One that knows of nothing.
    #[must_use]
    pub fn new(limits: Limits, schedule: RetrySchedule, breaker: BreakerPolicy) -> Self {
        Self {
            limits,
            schedule,
            breaker,
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            timers: BTreeSet::new(),
            in_flight: 0,
            unrecorded: 0,
        }
    }

    /// Takes what happened and says what to do. Times never go back.
    pub fn handle<R: Rng>(&mut self, now: Now, rng: &mut R, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::EndpointsChanged(endpoints) => self.set_endpoints(now, endpoints, &mut actions),
            Input::New(deliveries) => self.take_new(now, deliveries, &mut actions),
            Input::Missed => {
                for id in self.lanes.keys().copied().collect::<Vec<_>>() {
                    self.in_lane(now, id, &mut actions, |lane| lane.read_again(now.at));
                }
            }
            Input::Loaded { integration_id, deliveries, exhausted } => {
                let due = |delivery| {
                    let at = self.due(now, &delivery);
                    (delivery, at)
                };
                let deliveries = deliveries.into_iter().map(due).collect();
                self.in_lane(now, integration_id, &mut actions, |lane| {
                    lane.take_page(now.at, deliveries, exhausted);
                });
            }
            Input::Finished { key, report } => self.finish(now, rng, key, report, &mut actions),
            Input::Recorded(keys) => self.recorded(now, &keys, &mut actions),
            Input::ResetBreaker(id) => {
                self.in_lane(now, id, &mut actions, |lane| lane.breaker.reset());
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
    pub fn lanes(&self) -> impl Iterator<Item = LaneStatus> {
        self.lanes.iter().map(|(id, lane)| LaneStatus {
            integration_id: *id,
            waiting: lane.backlog(),
            more_on_disk: lane.more_on_disk(),
            in_flight: lane.in_flight(),
            breaker: lane.breaker.state(),
        })
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
        for EndpointRules { integration_id, ordered } in endpoints {
            let policy = &self.breaker;
            self.lanes.entry(integration_id).or_insert_with(|| Lane::new(policy.clone()));
            self.in_lane(now, integration_id, actions, |lane| lane.activate(now.at, ordered));
        }
    }

    fn take_new(&mut self, now: Now, deliveries: Vec<PendingDelivery>, actions: &mut Vec<Action>) {
        let mut touched = BTreeSet::new();
        for delivery in deliveries {
            let due = self.due(now, &delivery);
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
        let Some(ended) = lane.end(key.seq) else { return };
        self.in_flight -= 1;
        self.unrecorded += 1;
        match report.failure {
            Some(FailureClass::Template) => lane.breaker.take_back(now.at, ended.pass),
            failure => lane.breaker.report(now.at, ended.pass, failure.is_none()),
        }
        let verdict = self.schedule.judge(ended.number, &report, rng);
        let (outcome, wait) = match verdict {
            Verdict::Delivered => (DeliveryStatus::Delivered, None),
            Verdict::Dead | Verdict::Gone => (DeliveryStatus::Dead, None),
            Verdict::RetryIn(wait) => (DeliveryStatus::Pending, Some(wait)),
        };
        lane.await_record(key.seq, wait.map_or(Next::End, |wait| Next::Retry(now.at + wait)));
        actions.push(Action::Record(AttemptRecord {
            key,
            number: ended.number,
            started_at: report.started_at,
            duration_ms: report.duration_ms,
            status: report.status,
            failure: report.failure,
            detail: report.detail,
            outcome,
            next_due: wait.map(|wait| later(now.wall, wait)),
        }));
        if verdict == Verdict::Gone && lane.active {
            lane.deactivate(now.at);
            actions.push(Action::Disable { integration_id: key.integration_id });
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
        lane.wake(now.at);
        if let Some((after, limit)) = lane.next_page(&self.limits) {
            actions.push(Action::Load { integration_id: id, after, limit });
        }
        if lane.has_ready() && !lane.queued {
            lane.queued = true;
            self.turns.push_back(id);
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
        let mut passed_over = 0;
        while passed_over < self.turns.len() && self.unrecorded < self.limits.unrecorded {
            let free = self.limits.in_flight.saturating_sub(self.in_flight);
            // A lane may hold a quarter of what is free, so that however many endpoints hang,
            // something stays free for those that answer.
            let share = free.div_ceil(4);
            let Some(id) = self.turns.pop_front() else { return };
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            let full = lane.in_flight() >= self.limits.in_flight_per_integration;
            if !full && lane.in_flight() >= share {
                self.turns.push_back(id);
                passed_over += 1;
                continue;
            }
            lane.queued = false;
            if !full && let Some((delivery, number)) = lane.start(now.at) {
                actions.push(Action::Attempt { delivery, number });
                self.in_flight += 1;
                passed_over = 0;
                self.in_lane(now, id, actions, |_| {});
            } else {
                // It is back in the queue when one of its attempts ends, or at its deadline.
                self.set_timer(id);
            }
        }
    }

    /// When a delivery is due on the steady clock. A due time beyond the longest wait was written
    /// by a wall clock that was wrong, and so was any that is to come before the first attempt.
    fn due(&self, now: Now, delivery: &PendingDelivery) -> Instant {
        if delivery.attempts == 0 {
            return now.at;
        }
        let millis = delivery.due.millis().saturating_sub(now.wall.millis());
        let wait = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        now.at + wait.min(self.schedule.longest_wait())
    }
}

fn later(wall: EventTime, wait: Duration) -> EventTime {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(wall.millis().saturating_add(wait)).unwrap_or(wall)
}
