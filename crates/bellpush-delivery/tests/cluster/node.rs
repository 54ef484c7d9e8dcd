//! One server: its membership, its scheduler, and what the edges around them do (the worker of the
//! engine, and the keeper, reader and listener of the server), without any I/O. What it asks of the
//! database goes out as [`Request`], and comes back as [`Arrival`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use bellpush_core::{
    cluster::{Action as Step, Input as Word, Membership, Policy, Shard, ShardSet, Term, View},
    delivery::{AttemptRecord, DeliveryKey, FailureClass, Outage, PendingDelivery, Seq},
    ids::{AppId, IntegrationId, NodeId},
};
use bellpush_delivery::{
    breaker::BreakerPolicy,
    scheduler::{
        Action, AttemptReport, EndpointRules, Input, Limits, Now, RetrySchedule, Scheduler,
    },
};
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::database::{Epochs, wall};

/// What goes to the database.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Member { op: u64, asked_at: Duration, term: Term, what: MemberRequest },
    Record { generation: u64, term: Option<Term>, records: Vec<AttemptRecord> },
    Outage { generation: u64, term: Option<Term>, id: IntegrationId, outage: Option<Outage> },
    Page { generation: u64, id: IntegrationId, after: Option<Seq>, limit: usize },
    Endpoints { generation: u64 },
    WithEarlier { changes: u64, keys: Vec<DeliveryKey> },
}

#[derive(Debug, Clone)]
pub(crate) enum MemberRequest {
    Join,
    Renew,
    Take(usize),
    Release(ShardSet, Epochs),
}

/// What comes to the node.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    Start,
    MemberTick,
    SchedulerTick,
    Look,
    TimedOut(u64),
    Member {
        op: u64,
        word: Word,
        /// Of its shards, where it has looked.
        seen: Option<Epochs>,
    },
    Recorded {
        generation: u64,
        records: Vec<AttemptRecord>,
        done: bool,
    },
    OutageKept {
        generation: u64,
        id: IntegrationId,
        outage: Option<Outage>,
        done: bool,
    },
    Loaded {
        generation: u64,
        id: IntegrationId,
        passed_by: Vec<PendingDelivery>,
        page: Vec<PendingDelivery>,
        exhausted: bool,
    },
    Endpoints {
        generation: u64,
        outages: HashMap<IntegrationId, Outage>,
    },
    Told {
        changes: u64,
        deliveries: Vec<PendingDelivery>,
    },
    Hint(Vec<DeliveryKey>),
    Missed,
    Wire {
        generation: u64,
        key: DeliveryKey,
        number: u32,
    },
    Finished {
        generation: u64,
        key: DeliveryKey,
        answer: Answer,
    },
}

/// What an endpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Taken,
    Failed,
    /// Not before so long.
    Later(Duration),
}

/// What a node does to the world.
#[derive(Debug)]
pub(crate) enum Effect {
    Ask(Request),
    /// To itself, after so long.
    Later(Duration, Arrival),
    /// A request is on the wire.
    Sent {
        generation: u64,
        key: DeliveryKey,
        number: u32,
    },
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) term: Term,
    start: Instant,
    rng: StdRng,
    membership: Membership,
    scheduler: Scheduler,
    steps: VecDeque<Step>,
    waiting: Option<u64>,
    ops: u64,
    /// Of its shards, as it saw them last.
    seen: Epochs,
    until: Option<Duration>,
    pub(crate) owned: ShardSet,
    write_as: Option<Term>,
    generation: u64,
    /// As the tenure counts them.
    changes: u64,
    suspended: bool,
    catching_up: bool,
    unrecorded: BTreeMap<(DeliveryKey, u32), AttemptRecord>,
    outages: BTreeSet<IntegrationId>,
    in_flight: HashMap<DeliveryKey, Duration>,
    integrations: Vec<IntegrationId>,
    pub(crate) resumed_as_before: usize,
    pub(crate) given_back: usize,
    effects: Vec<Effect>,
    pub(crate) paused_until: Duration,
    pub(crate) cut_until: Duration,
}

fn new_scheduler() -> Scheduler {
    let seconds = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5];
    let waits = seconds.map(Duration::from_secs).to_vec();
    let schedule = RetrySchedule { waits, attempts_when_refused: 2 };
    let breaker = BreakerPolicy {
        first_open: Duration::from_secs(1),
        longest_open: Duration::from_secs(4),
        ..BreakerPolicy::default()
    };
    let limits = Limits { window: 8, buffered: 32, ..Limits::default() };
    Scheduler::new(limits, schedule, breaker)
}

impl Node {
    pub(crate) fn new(
        id: NodeId,
        start: Instant,
        rng: StdRng,
        integrations: Vec<IntegrationId>,
    ) -> Self {
        Self {
            id,
            term: Term { node_id: id, incarnation: 0 },
            start,
            rng,
            membership: Membership::new(id, Policy::default()),
            scheduler: new_scheduler(),
            steps: VecDeque::new(),
            waiting: None,
            ops: 0,
            seen: Epochs::new(),
            until: None,
            owned: ShardSet::NONE,
            write_as: None,
            generation: 0,
            changes: 0,
            suspended: true,
            catching_up: false,
            unrecorded: BTreeMap::new(),
            outages: BTreeSet::new(),
            in_flight: HashMap::new(),
            integrations,
            resumed_as_before: 0,
            given_back: 0,
            effects: Vec::new(),
            paused_until: Duration::ZERO,
            cut_until: Duration::ZERO,
        }
    }

    /// Takes what arrives, and returns what it does.
    pub(crate) fn take(&mut self, now: Duration, arrival: Arrival) -> Vec<Effect> {
        match arrival {
            Arrival::Start => {
                self.effects.push(Effect::Later(Duration::from_secs(30), Arrival::Look));
                self.member(now, Word::Tick);
            }
            Arrival::MemberTick => {
                let is_due = self.membership.next_deadline().is_some_and(|at| at <= self.at(now));
                if is_due && self.waiting.is_none() && self.steps.is_empty() {
                    self.member(now, Word::Tick);
                }
            }
            Arrival::TimedOut(op) if self.waiting == Some(op) => {
                self.waiting = None;
                self.member(now, Word::Failed);
            }
            Arrival::Member { op, word, seen } if self.waiting == Some(op) => {
                self.waiting = None;
                self.seen = seen.unwrap_or_else(|| std::mem::take(&mut self.seen));
                self.member(now, word);
            }
            Arrival::TimedOut(_) | Arrival::Member { .. } => {}
            Arrival::SchedulerTick => {
                if self.scheduler.next_deadline().is_some_and(|at| at <= self.at(now)) {
                    self.input(now, Input::Tick);
                }
            }
            Arrival::Look => {
                self.effects.push(Effect::Later(Duration::from_secs(30), Arrival::Look));
                self.read_endpoints();
                self.input(now, Input::Look);
            }
            Arrival::Recorded { generation, records, done } if generation == self.generation => {
                if done {
                    let keys: Vec<DeliveryKey> = records.iter().map(|record| record.key).collect();
                    for record in &records {
                        self.unrecorded.remove(&(record.key, record.number));
                    }
                    self.input(now, Input::Recorded(keys));
                    if self.catching_up && self.unrecorded.is_empty() {
                        self.catching_up = false;
                        self.read_endpoints();
                    }
                } else {
                    self.record(records);
                }
            }
            Arrival::OutageKept { generation, id, outage, done }
                if generation == self.generation =>
            {
                if done {
                    self.outages.remove(&id);
                } else {
                    self.keep_outage(id, outage);
                }
            }
            Arrival::Loaded {
                generation,
                id: integration_id,
                passed_by,
                page: deliveries,
                exhausted,
            } => {
                if generation == self.generation {
                    if !passed_by.is_empty() {
                        self.input(now, Input::New(passed_by));
                    }
                    self.input(now, Input::Loaded { integration_id, deliveries, exhausted });
                }
            }
            Arrival::Endpoints { generation, outages } if generation == self.generation => {
                let rules = |id: &IntegrationId| EndpointRules {
                    integration_id: *id,
                    app_id: AppId::from_uuid(Uuid::nil()),
                    ordered: true,
                    outage: outages.get(id).copied(),
                    rehearsal: None,
                };
                let own =
                    self.integrations.iter().filter(|id| self.owned.contains(Shard::of(**id)));
                let rules = own.map(rules).collect();
                self.input(now, Input::EndpointsChanged(rules));
            }
            Arrival::Recorded { .. } | Arrival::OutageKept { .. } | Arrival::Endpoints { .. } => {}
            Arrival::Told { changes, deliveries } => {
                let is_fresh = changes == self.changes;
                self.input(now, if is_fresh { Input::New(deliveries) } else { Input::Missed });
            }
            Arrival::Hint(mut keys) => {
                keys.retain(|key| self.owned.contains(Shard::of(key.integration_id)));
                if !keys.is_empty() {
                    let changes = self.changes;
                    self.effects.push(Effect::Ask(Request::WithEarlier { changes, keys }));
                }
            }
            Arrival::Missed => self.input(now, Input::Missed),
            Arrival::Wire { generation, key, number } => {
                if generation == self.generation && self.is_held(now) {
                    self.effects.push(Effect::Sent { generation, key, number });
                }
            }
            Arrival::Finished { generation, key, answer } => {
                if generation == self.generation && self.is_held(now) {
                    self.finished(now, key, answer);
                }
            }
        }
        std::mem::take(&mut self.effects)
    }

    fn at(&self, now: Duration) -> Instant {
        self.start + now
    }

    fn both(&self, now: Duration) -> Now {
        Now { at: self.at(now), wall: wall(now) }
    }

    /// As the engine's tenure: once it was found over, it is.
    fn is_held(&mut self, now: Duration) -> bool {
        self.until = self.until.filter(|until| *until > now);
        self.until.is_some()
    }

    fn finished(&mut self, now: Duration, key: DeliveryKey, answer: Answer) {
        let Some(started) = self.in_flight.remove(&key) else { return };
        let (status, retry_after) = match answer {
            Answer::Taken => (200, None),
            Answer::Failed => (500, None),
            Answer::Later(wait) => (429, Some(wait)),
        };
        let report = AttemptReport {
            started_at: wall(started),
            duration_ms: u32::try_from((now - started).as_millis()).unwrap(),
            status: Some(status),
            failure: (answer != Answer::Taken).then_some(FailureClass::Status),
            detail: String::new(),
            retry_after,
            exchange: None,
        };
        self.input(now, Input::Finished { key, report });
    }

    /// As the worker of the engine.
    fn input(&mut self, now: Duration, input: Input) {
        let both = self.both(now);
        for action in self.scheduler.handle(both, &mut self.rng, input) {
            let generation = self.generation;
            match action {
                Action::Attempt { .. } if !self.is_held(now) => {}
                Action::Attempt { delivery, number, .. } => {
                    let key = delivery.key;
                    self.in_flight.insert(key, now);
                    let moment = Duration::from_micros(u64::from(number) * 700 + 100);
                    let wire = Arrival::Wire { generation, key, number };
                    self.effects.push(Effect::Later(moment, wire));
                }
                Action::Record(record) => {
                    self.unrecorded.insert((record.key, record.number), record.clone());
                    self.record(vec![record]);
                }
                Action::Load { integration_id: id, after, limit } => {
                    let page = Request::Page { generation, id, after, limit };
                    self.effects.push(Effect::Ask(page));
                }
                Action::KeepOutage { integration_id, outage } => {
                    self.keep_outage(integration_id, outage);
                }
                Action::KeepRehearsal { .. } => panic!("nothing is rehearsed here"),
                Action::Disable { .. } => panic!("nothing fails for days here"),
            }
        }
        if let Some(at) = self.scheduler.next_deadline() {
            let wait = at.saturating_duration_since(self.at(now));
            self.effects.push(Effect::Later(wait, Arrival::SchedulerTick));
        }
    }

    fn record(&mut self, records: Vec<AttemptRecord>) {
        let (generation, term) = (self.generation, self.write_as);
        self.effects.push(Effect::Ask(Request::Record { generation, term, records }));
    }

    fn keep_outage(&mut self, id: IntegrationId, outage: Option<Outage>) {
        self.outages.insert(id);
        let (generation, term) = (self.generation, self.write_as);
        self.effects.push(Effect::Ask(Request::Outage { generation, term, id, outage }));
    }

    fn read_endpoints(&mut self) {
        if !self.suspended && !self.catching_up {
            let generation = self.generation;
            self.effects.push(Effect::Ask(Request::Endpoints { generation }));
        }
    }

    /// As the keeper.
    fn member(&mut self, now: Duration, word: Word) {
        let steps = self.membership.handle(self.at(now), word);
        self.steps.extend(steps);
        while self.waiting.is_none()
            && let Some(step) = self.steps.pop_front()
        {
            let word = self.perform(now, step);
            if let Some(word) = word {
                let steps = self.membership.handle(self.at(now), word);
                self.steps.extend(steps);
            }
        }
        if let Some(at) = self.membership.next_deadline() {
            let wait = at.saturating_duration_since(self.at(now));
            self.effects.push(Effect::Later(wait, Arrival::MemberTick));
        }
    }

    fn perform(&mut self, now: Duration, step: Step) -> Option<Word> {
        match step {
            Step::Join => {
                self.term.incarnation += 1;
                self.ask_for(now, MemberRequest::Join);
            }
            Step::Renew => self.ask_for(now, MemberRequest::Renew),
            Step::Take { most } => self.ask_for(now, MemberRequest::Take(most)),
            Step::Release(shards) => {
                self.given_back += shards.len();
                self.ask_for(now, MemberRequest::Release(shards, self.seen.clone()));
            }
            Step::Suspend => {
                (self.until, self.owned, self.write_as) = (None, ShardSet::NONE, None);
                (self.suspended, self.catching_up) = (true, false);
                self.generation += 1;
                self.changes += 1;
                self.scheduler = new_scheduler();
                self.in_flight.clear();
                self.outages.clear();
            }
            Step::Resume { until, anew } => {
                self.write_as = Some(self.term);
                if anew {
                    self.unrecorded.clear();
                } else {
                    self.resumed_as_before += 1;
                }
                self.suspended = false;
                self.changes += 1;
                self.catching_up = !self.unrecorded.is_empty();
                self.until = Some(until - self.start);
                if self.catching_up {
                    self.record(self.unrecorded.values().cloned().collect());
                } else {
                    self.read_endpoints();
                }
            }
            Step::Extend(until) => {
                if !self.is_held(now) {
                    return Some(Word::Lapsed);
                }
                self.until = Some(until - self.start);
            }
            Step::Own(shards) => {
                self.owned = shards;
                self.changes += 1;
                self.read_endpoints();
            }
            Step::Settle(shards) => {
                let lanes = self.scheduler.lanes(self.both(now)).map(|lane| lane.integration_id);
                let unrecorded = self.unrecorded.keys().map(|(key, _)| key.integration_id);
                let in_use = lanes.chain(unrecorded).chain(self.outages.iter().copied());
                let in_use: ShardSet = in_use.map(Shard::of).collect();
                return Some(Word::Settled(shards.without(in_use)));
            }
        }
        None
    }

    fn ask_for(&mut self, now: Duration, what: MemberRequest) {
        self.ops += 1;
        self.waiting = Some(self.ops);
        let (op, term) = (self.ops, self.term);
        self.effects.push(Effect::Ask(Request::Member { op, asked_at: now, term, what }));
        let left = self.membership.until().map(|at| at.saturating_duration_since(self.at(now)));
        let patience = Duration::from_secs(3);
        let patience = left.unwrap_or(patience).min(patience);
        self.effects.push(Effect::Later(patience, Arrival::TimedOut(op)));
    }

    pub(crate) fn renewed(&self, asked_at: Duration, view: Option<View>) -> Word {
        view.map_or(Word::Fenced, |view| Word::Renewed { asked_at: self.at(asked_at), view })
    }

    pub(crate) fn joined(&self, asked_at: Duration) -> Word {
        Word::Joined { asked_at: self.at(asked_at) }
    }
}
