//! A small world around the scheduler: a disk, endpoints and a clock, all simulated. It checks the
//! scheduler's promises at every step.

mod checks;
mod previews;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{
        AttemptRecord, DeliveryKey, DeliveryStatus, DisableReason, FailureClass, Outage,
        PendingDelivery, Seq,
    },
    events::EventTime,
    ids::{AppId, CallId, EventId, IntegrationId, RehearsalId},
    rehearsal::EndpointFault,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::{
    Action, AttemptReport, EndpointRules, Input, LaneStatus, Limits, Now, RetrySchedule, Scheduler,
};
use crate::breaker::BreakerPolicy;

/// The wall clock when a simulation begins, in milliseconds since the epoch.
const EPOCH: i64 = 1_700_000_000_000;

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How an endpoint behaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Behaviour {
    /// Answers 200 at once.
    Healthy,
    /// Answers with this status.
    Status(u16),
    /// Answers 200 after so many seconds.
    Slow(u64),
    /// Never answers: the attempt ends after ten seconds.
    Hanging,
    /// Answers 500 to this share of the requests, in percent.
    Flaky(u8),
}

/// A delivery on the simulated disk.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) pending: PendingDelivery,
    pub(super) status: DeliveryStatus,
    pub(super) records: Vec<AttemptRecord>,
    pub(super) replays: usize,
}

/// An attempt that an endpoint saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at: Duration,
    pub(super) key: DeliveryKey,
    pub(super) number: u32,
    /// Nothing came to the endpoint.
    pub(super) simulated: bool,
}

#[derive(Debug)]
enum Later {
    Announce(Vec<PendingDelivery>),
    Finish(DeliveryKey),
    Record(Vec<AttemptRecord>),
    KeepOutage(IntegrationId, Option<Outage>),
    ReadPage { integration_id: IntegrationId, after: Option<Seq>, limit: usize },
    Input(Input),
}

pub(super) struct Simulation {
    scheduler: Scheduler,
    make: Box<dyn Fn() -> Scheduler>,
    rng: StdRng,
    start: Instant,
    pub(super) now: Duration,
    later: BTreeMap<(Duration, u64), Later>,
    planned: u64,
    next_seq: i64,
    pub(super) rows: BTreeMap<DeliveryKey, Row>,
    pub(super) endpoints: HashMap<IntegrationId, (Behaviour, EndpointRules)>,
    /// What the scheduler was last told to be active.
    active: HashSet<IntegrationId>,
    in_flight: HashMap<DeliveryKey, (Duration, Option<EndpointFault>)>,
    pub(super) seen: Vec<Seen>,
    pub(super) disabled: Vec<(IntegrationId, DisableReason, Duration)>,
    /// On disk.
    outages: HashMap<IntegrationId, Outage>,
    /// How the breakers of rehearsals did, one change after the other.
    pub(super) rehearsed: Vec<(RehearsalId, Option<Outage>)>,
    pub(super) most_in_flight: usize,
    pub(super) disk_works: bool,
}

pub(super) fn integration(number: u128) -> IntegrationId {
    IntegrationId::from_uuid(Uuid::from_u128(number))
}

fn app(number: u128) -> AppId {
    AppId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn call(number: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(number))
}

impl Simulation {
    pub(super) fn new(seed: u64, limits: Limits) -> Self {
        let make = move || {
            Scheduler::new(limits.clone(), RetrySchedule::default(), BreakerPolicy::default())
        };
        Self {
            scheduler: make(),
            make: Box::new(make),
            rng: StdRng::seed_from_u64(seed),
            start: Instant::now(),
            now: Duration::ZERO,
            later: BTreeMap::new(),
            planned: 0,
            next_seq: 1,
            rows: BTreeMap::new(),
            endpoints: HashMap::new(),
            active: HashSet::new(),
            in_flight: HashMap::new(),
            seen: Vec::new(),
            disabled: Vec::new(),
            outages: HashMap::new(),
            rehearsed: Vec::new(),
            most_in_flight: 0,
            disk_works: true,
        }
    }

    /// An ordered integration of an app of its own.
    pub(super) fn endpoint(&mut self, number: u128, behaviour: Behaviour) -> IntegrationId {
        self.endpoint_of(number, number, behaviour)
    }

    /// An ordered integration of this app.
    pub(super) fn endpoint_of(
        &mut self,
        of: u128,
        number: u128,
        behaviour: Behaviour,
    ) -> IntegrationId {
        self.add_endpoint(of, number, behaviour);
        self.announce_endpoints();
        integration(number)
    }

    /// The same, for [`Simulation::announce_endpoints`] to announce.
    pub(super) fn add_endpoint(&mut self, of: u128, number: u128, behaviour: Behaviour) {
        let integration_id = integration(number);
        let rules = EndpointRules { app_id: app(of), ..self.rules(integration_id) };
        self.endpoints.insert(integration_id, (behaviour, rules));
    }

    pub(super) fn behave(&mut self, id: IntegrationId, behaviour: Behaviour) {
        self.endpoints.get_mut(&id).unwrap().0 = behaviour;
    }

    pub(super) fn announce_endpoints(&mut self) {
        // What is on disk of an inactive integration is deleted with its deactivation.
        self.outages.retain(|id, _| self.endpoints.contains_key(id));
        let with_outage = |(_, rules): &(Behaviour, EndpointRules)| EndpointRules {
            outage: self.outages.get(&rules.integration_id).copied(),
            ..*rules
        };
        let all: Vec<EndpointRules> = self.endpoints.values().map(with_outage).collect();
        self.active = all.iter().map(|rules| rules.integration_id).collect();
        self.input(Input::EndpointsChanged(all));
    }

    /// Puts a delivery on disk, without a word to the scheduler.
    pub(super) fn commit(&mut self, id: IntegrationId, call: Option<CallId>) -> PendingDelivery {
        let seq = self.take_seq();
        self.commit_as(seq, id, call)
    }

    pub(super) fn take_seq(&mut self) -> Seq {
        self.next_seq += 1;
        Seq(self.next_seq - 1)
    }

    pub(super) fn commit_as(
        &mut self,
        seq: Seq,
        integration_id: IntegrationId,
        call_id: Option<CallId>,
    ) -> PendingDelivery {
        let uuid = 0x0192_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(seq.0).unwrap();
        let pending = PendingDelivery {
            trace_parent: None,
            key: DeliveryKey { integration_id, seq },
            app_id: AppId::from_uuid(Uuid::nil()),
            event_id: EventId::from_uuid(Uuid::from_u128(uuid)).unwrap(),
            call_id,
            preview: false,
            body: String::new(),
            attempts: 0,
            earlier_attempts: 0,
            due: self.wall(),
        };
        let row = Row {
            pending: pending.clone(),
            status: DeliveryStatus::Pending,
            records: Vec::new(),
            replays: 0,
        };
        self.rows.insert(pending.key, row);
        pending
    }

    /// Puts a delivery on disk and announces it a moment later.
    pub(super) fn publish(&mut self, id: IntegrationId, call: Option<CallId>) -> DeliveryKey {
        let pending = self.commit(id, call);
        let key = pending.key;
        self.announce(vec![pending]);
        key
    }

    pub(super) fn announce(&mut self, batch: Vec<PendingDelivery>) {
        self.plan(Duration::from_micros(300), Later::Announce(batch));
    }

    pub(super) fn missed(&mut self) {
        self.input(Input::Missed);
    }

    pub(super) fn look(&mut self) {
        self.input(Input::Look);
    }

    /// Makes the ended ones of these pending again.
    pub(super) fn replay(&mut self, keys: &[DeliveryKey]) {
        let due = self.wall();
        for key in keys {
            let row = self.rows.get_mut(key).unwrap();
            if row.status != DeliveryStatus::Pending {
                row.status = DeliveryStatus::Pending;
                row.pending.earlier_attempts = row.pending.attempts;
                row.pending.due = due;
                row.replays += 1;
            }
        }
        let touched: HashSet<IntegrationId> = keys.iter().map(|key| key.integration_id).collect();
        touched.into_iter().for_each(|id| self.input(Input::Replayed(id)));
    }

    pub(super) fn reset_breaker(&mut self, id: IntegrationId) {
        self.input(Input::ResetBreaker(id));
    }

    /// Loses all that is in memory; what endpoints were about to answer is lost too.
    pub(super) fn crash(&mut self) {
        self.scheduler = (self.make)();
        self.later.clear();
        self.in_flight.clear();
        self.announce_endpoints();
    }

    /// The server is not running for a while.
    pub(super) fn stand_still(&mut self, during: Duration) {
        self.later.clear();
        self.now += during;
        self.crash();
    }

    pub(super) fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        loop {
            let deadline =
                self.scheduler.next_deadline().map(|at| at.saturating_duration_since(self.start));
            let planned = self.later.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = [deadline, planned].into_iter().flatten().min() else { break };
            if next > until {
                break;
            }
            assert!(next >= self.now || planned != Some(next), "time went back");
            self.now = self.now.max(next);
            match planned {
                Some(at) if at <= self.now => {
                    let (_, later) = self.later.pop_first().unwrap();
                    self.perform(later);
                }
                _ => self.input(Input::Tick),
            }
        }
        self.now = until;
    }

    pub(super) fn lane(&self, id: IntegrationId) -> LaneStatus {
        self.scheduler.lanes(self.both_clocks()).find(|lane| lane.integration_id == id).unwrap()
    }

    pub(super) fn rules(&self, id: IntegrationId) -> EndpointRules {
        let app_id = app(0);
        EndpointRules { integration_id: id, app_id, ordered: true, outage: None, rehearsal: None }
    }

    /// The sequence numbers of what an endpoint took, in the order in which it did.
    pub(super) fn delivered(&self, id: IntegrationId) -> Vec<i64> {
        let took = |seen: &&Seen| {
            let record = self.rows[&seen.key].records.iter().find(|r| r.number == seen.number);
            seen.key.integration_id == id && record.is_some_and(|record| record.failure.is_none())
        };
        self.seen.iter().filter(took).map(|seen| seen.key.seq.0).collect()
    }

    pub(super) fn with_status(&self, status: DeliveryStatus) -> usize {
        self.rows.values().filter(|row| row.status == status).count()
    }

    pub(super) fn attempts_of(&self, id: IntegrationId) -> usize {
        self.seen.iter().filter(|seen| seen.key.integration_id == id).count()
    }

    fn wall(&self) -> EventTime {
        EventTime::from_millis(EPOCH + i64::try_from(self.now.as_millis()).unwrap()).unwrap()
    }

    fn both_clocks(&self) -> Now {
        Now { at: self.start + self.now, wall: self.wall() }
    }

    fn plan(&mut self, after: Duration, later: Later) {
        self.planned += 1;
        self.later.insert((self.now + after, self.planned), later);
    }

    fn disk_time(&mut self) -> Duration {
        Duration::from_micros(self.rng.random_range(50..20_000))
    }

    fn perform(&mut self, later: Later) {
        match later {
            Later::Announce(batch) => self.input(Input::New(batch)),
            Later::Input(input) => self.input(input),
            Later::Record(_) if !self.disk_works => {
                self.plan(Duration::from_millis(100), later);
            }
            Later::Record(records) => {
                let keys = records.iter().map(|record| record.key).collect();
                records.into_iter().for_each(|record| self.write(record));
                let after = self.disk_time();
                self.plan(after, Later::Input(Input::Recorded(keys)));
            }
            Later::KeepOutage(_, _) if !self.disk_works => {
                self.plan(Duration::from_millis(100), later);
            }
            Later::KeepOutage(id, Some(outage)) if self.endpoints.contains_key(&id) => {
                self.outages.insert(id, outage);
            }
            Later::KeepOutage(id, _) => {
                self.outages.remove(&id);
            }
            Later::ReadPage { integration_id, after, limit } => {
                let pending = self.rows.values().filter(|row| {
                    row.pending.key.integration_id == integration_id
                        && row.status == DeliveryStatus::Pending
                        && Some(row.pending.key.seq) > after
                });
                let deliveries: Vec<_> =
                    pending.take(limit).map(|row| row.pending.clone()).collect();
                let exhausted = deliveries.len() < limit;
                let answer = Input::Loaded { integration_id, deliveries, exhausted };
                let after = self.disk_time();
                self.plan(after, Later::Input(answer));
            }
            Later::Finish(key) => {
                let (started, simulated) = self.in_flight.remove(&key).unwrap();
                let simulated = simulated.map(|fault| fault.answer(TIMEOUT));
                let (status, failure) = match simulated {
                    Some(answer) => (answer.status, Some(answer.failure)),
                    None => self.answer(key.integration_id),
                };
                let report = AttemptReport {
                    started_at: self.wall(),
                    duration_ms: u32::try_from((self.now - started).as_millis()).unwrap(),
                    status,
                    failure,
                    detail: String::new(),
                    retry_after: simulated.and_then(|answer| answer.retry_after),
                    exchange: None,
                };
                self.input(Input::Finished { key, report });
            }
        }
    }

    fn answer(&mut self, id: IntegrationId) -> (Option<u16>, Option<FailureClass>) {
        let failed = |status| (Some(status), Some(FailureClass::Status));
        match self.endpoints.get(&id).map(|(behaviour, _)| *behaviour) {
            None | Some(Behaviour::Healthy | Behaviour::Slow(_)) => (Some(200), None),
            Some(Behaviour::Status(status)) => failed(status),
            Some(Behaviour::Hanging) => (None, Some(FailureClass::TimedOut)),
            Some(Behaviour::Flaky(percent)) if self.rng.random_range(0..100) < percent => {
                failed(500)
            }
            Some(Behaviour::Flaky(_)) => (Some(200), None),
        }
    }

    fn write(&mut self, record: AttemptRecord) {
        let row = self.rows.get_mut(&record.key).unwrap();
        assert_eq!(row.status, DeliveryStatus::Pending, "an attempt after the end");
        assert_eq!(record.number, row.pending.attempts + 1, "attempts are counted one by one");
        row.pending.attempts = record.number;
        row.status = record.outcome;
        if let Some(due) = record.next_due {
            row.pending.due = due;
        }
        row.records.push(record);
    }

    fn input(&mut self, input: Input) {
        let now = self.both_clocks();
        let before: HashMap<_, _> =
            self.scheduler.lanes(now).map(|lane| (lane.integration_id, lane.breaker)).collect();
        let actions = self.scheduler.handle(now, &mut self.rng, input);
        let mut began: HashMap<IntegrationId, usize> = HashMap::new();
        for action in actions {
            match action {
                Action::Attempt { delivery, number, simulated } => {
                    let gated = self.lane(delivery.key.integration_id).rehearsal.is_some();
                    if !(gated && delivery.preview) {
                        *began.entry(delivery.key.integration_id).or_default() += 1;
                    }
                    assert!(simulated.is_none() || delivery.preview, "a rehearsal of what is real");
                    self.check_attempt(&delivery, number);
                    self.send(delivery.key, number, simulated);
                }
                Action::Record(record) => {
                    let after = self.disk_time();
                    self.plan(after, Later::Record(vec![record]));
                }
                Action::Load { integration_id, after, limit } => {
                    let moment = self.disk_time();
                    self.plan(moment, Later::ReadPage { integration_id, after, limit });
                }
                Action::KeepOutage { integration_id, outage } => {
                    let after = self.disk_time();
                    self.plan(after, Later::KeepOutage(integration_id, outage));
                }
                Action::KeepRehearsal { rehearsal_id, outage, .. } => {
                    self.rehearsed.push((rehearsal_id, outage));
                }
                Action::Disable { integration_id, reason } => {
                    self.disabled.push((integration_id, reason, self.now));
                    self.endpoints.remove(&integration_id);
                    self.active.remove(&integration_id);
                    self.outages.remove(&integration_id);
                }
            }
        }
        self.check_breakers(&before, &began);
        if let Some(deadline) = self.scheduler.next_deadline() {
            assert!(deadline > now.at, "a deadline in the past makes the edge spin");
        }
    }

    fn send(&mut self, key: DeliveryKey, number: u32, simulated: Option<EndpointFault>) {
        self.seen.push(Seen { at: self.now, key, number, simulated: simulated.is_some() });
        self.in_flight.insert(key, (self.now, simulated));
        self.most_in_flight = self.most_in_flight.max(self.in_flight.len());
        if let Some(fault) = simulated {
            let takes = fault.answer(TIMEOUT).after + Duration::from_micros(10);
            return self.plan(takes, Later::Finish(key));
        }
        let takes = match self.endpoints[&key.integration_id].0 {
            Behaviour::Hanging => TIMEOUT,
            Behaviour::Slow(seconds) => Duration::from_secs(seconds),
            _ => Duration::from_micros(self.rng.random_range(500..30_000)),
        };
        self.plan(takes, Later::Finish(key));
    }
}
