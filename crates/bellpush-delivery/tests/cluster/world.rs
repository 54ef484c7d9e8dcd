//! Time, networks, endpoints and misfortune around the nodes, and what must hold at every step.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use bellpush_core::{
    cluster::{Policy, Shard},
    delivery::{DeliveryKey, DeliveryStatus},
    ids::{CallId, IntegrationId, NodeId},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::{
    database::Database,
    node::{Answer, Arrival, Effect, MemberRequest, Node, Request},
    sometimes::Sometimes,
};

/// Longer than any run.
const AN_HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
enum Event {
    AtNode { process: u64, arrival: Arrival },
    AtDatabase { process: u64, request: Request },
    Publish,
    Misfortune,
    Born { slot: usize },
}

pub(crate) struct World {
    rng: StdRng,
    now: Duration,
    start: Instant,
    events: BTreeMap<(Duration, u64), Event>,
    planned: u64,
    pub(crate) database: Database,
    /// How much of a lease the database's clock leaves: it may go faster than the nodes'.
    lease: Duration,
    slots: Vec<Option<(u64, Node)>>,
    processes: u64,
    integrations: Vec<IntegrationId>,
    calls: Vec<(CallId, IntegrationId, usize)>,
    /// A delivery that its endpoint wants an hour later, so that its lane is never idle.
    put_off: Option<DeliveryKey>,
    calm: bool,
    arrived: HashSet<(DeliveryKey, u32)>,
    received: HashSet<DeliveryKey>,
    pub(crate) sometimes: Sometimes,
}

impl World {
    /// Three nodes on which all kinds of misfortune fall.
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = Self::quiet(seed, 3);
        world.calm = false;
        let (integration, call) = (world.integrations[0], world.new_call());
        world.put_off = Some(world.database.append(world.now, integration, call));
        world.plan(Duration::from_millis(50), Event::Publish);
        world.plan(Duration::from_secs(5), Event::Misfortune);
        world
    }

    /// Nodes to which nothing happens.
    pub(crate) fn quiet(seed: u64, nodes: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let integrations: Vec<_> =
            (0..12).map(|_| IntegrationId::from_uuid(Uuid::from_u128(rng.random()))).collect();
        let lease = Policy::default().lease.mul_f64(rng.random_range(0.92..1.0));
        let mut world = Self {
            rng,
            now: Duration::ZERO,
            start: Instant::now(),
            events: BTreeMap::new(),
            planned: 0,
            database: Database::default(),
            lease,
            slots: (0..nodes).map(|_| None).collect(),
            processes: 0,
            integrations,
            calls: Vec::new(),
            put_off: None,
            calm: true,
            arrived: HashSet::new(),
            received: HashSet::new(),
            sometimes: Sometimes::default(),
        };
        for slot in 0..nodes {
            let wait = Duration::from_millis(world.rng.random_range(0..2_000));
            world.plan(wait, Event::Born { slot });
        }
        world
    }

    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn shares(&self) -> Vec<usize> {
        self.slots.iter().flatten().map(|(_, node)| node.owned.len()).collect()
    }

    pub(crate) fn run(&mut self, during: Duration) {
        self.advance(during);
    }

    /// Whatever happened, everything is delivered within a minute of the end of it. What was delayed
    /// before comes up to half a minute later.
    pub(crate) fn heal_and_finish(&mut self) {
        self.calm = true;
        let now = self.now;
        for (_, node) in self.slots.iter_mut().flatten() {
            node.paused_until = node.paused_until.min(now);
            node.cut_until = node.cut_until.min(now);
        }
        self.advance(Duration::from_secs(30 + 60));
        let left: Vec<_> = self
            .database
            .rows
            .values()
            .filter(|row| row.status == DeliveryStatus::Pending)
            .map(|row| row.pending.key)
            .filter(|key| self.put_off != Some(*key))
            .collect();
        assert!(left.is_empty(), "not delivered a minute after all was well: {left:?}");
        assert!(self.database.rows.keys().all(|key| self.received.contains(key)));
        self.sometimes.writes_refused += self.database.refused;
        self.sometimes.leases_taken_over += self.database.taken_over;
        for (_, node) in self.slots.iter().flatten() {
            self.sometimes.leases_lapsed_and_went_on += node.resumed_as_before;
            self.sometimes.shards_given_back += node.given_back;
        }
    }

    pub(crate) fn kill(&mut self, slot: usize) {
        self.slots[slot] = None;
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        while let Some((&(at, number), _)) = self.events.first_key_value()
            && at <= until
        {
            let event = self.events.remove(&(at, number)).unwrap();
            self.now = at;
            self.happen(event);
        }
        self.now = until;
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.planned += 1;
        self.events.insert((self.now + after, self.planned), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Born { slot } if self.slots[slot].is_none() => self.be_born(slot),
            Event::Born { .. } => {}
            Event::AtNode { process, arrival } => self.at_node(process, arrival),
            Event::AtDatabase { process, request } => self.at_database(process, request),
            Event::Publish => {
                self.publish();
                if !self.calm {
                    let wait = Duration::from_millis(self.rng.random_range(5..150));
                    self.plan(wait, Event::Publish);
                }
            }
            Event::Misfortune if self.calm => {}
            Event::Misfortune => {
                self.misfortune();
                let wait = Duration::from_millis(self.rng.random_range(500..15_000));
                self.plan(wait, Event::Misfortune);
            }
        }
    }

    fn be_born(&mut self, slot: usize) {
        self.processes += 1;
        let process = self.processes;
        let id = NodeId::from_uuid(Uuid::from_u128(
            (u128::from(process) << 64) | u128::from(self.rng.random::<u64>()),
        ));
        let rng = StdRng::seed_from_u64(self.rng.random());
        let node = Node::new(id, self.start, rng, self.integrations.clone());
        self.slots[slot] = Some((process, node));
        self.plan(Duration::ZERO, Event::AtNode { process, arrival: Arrival::Start });
    }

    fn node(&mut self, process: u64) -> Option<&mut Node> {
        self.slots.iter_mut().flatten().find(|(it, _)| *it == process).map(|(_, node)| node)
    }

    fn at_node(&mut self, process: u64, arrival: Arrival) {
        let now = self.now;
        let Some(node) = self.node(process) else { return };
        if node.paused_until > now {
            let wait = node.paused_until - now;
            self.plan(wait, Event::AtNode { process, arrival });
            return;
        }
        let effects = node.take(now, arrival);
        for effect in effects {
            match effect {
                Effect::Later(after, arrival) => {
                    self.plan(after, Event::AtNode { process, arrival });
                }
                Effect::Ask(request) => self.ask(process, request),
                Effect::Sent { generation, key, number } => {
                    self.check_sent(process, key, number);
                    self.answer(process, generation, key);
                }
            }
        }
    }

    /// A request on its way to the database: sometimes slow, and slower than anybody waits.
    fn ask(&mut self, process: u64, request: Request) {
        let slow = !self.calm && self.rng.random_ratio(1, 60);
        let mut takes = Duration::from_micros(self.rng.random_range(100..4_000));
        if slow {
            takes += Duration::from_millis(self.rng.random_range(500..14_000));
        }
        let (now, calm) = (self.now, self.calm);
        let Some(node) = self.node(process) else { return };
        if node.cut_until > now && !calm {
            takes += node.cut_until - now;
            // The connection broke: leases are asked for anew, everything else is sent again.
            if matches!(request, Request::Member { .. }) && self.rng.random_ratio(1, 2) {
                return;
            }
        }
        self.plan(takes, Event::AtDatabase { process, request });
    }

    fn at_database(&mut self, process: u64, request: Request) {
        let (now, lease) = (self.now, self.lease);
        let arrival = match request {
            Request::Member { op, asked_at, term, what } => {
                if now - asked_at > Duration::from_secs(3) {
                    self.sometimes.answers_too_late += 1;
                }
                let word = |done: bool| {
                    if done {
                        bellpush_core::cluster::Input::Tick
                    } else {
                        bellpush_core::cluster::Input::Fenced
                    }
                };
                let database = &mut self.database;
                let mut seen = None;
                let word = match what {
                    MemberRequest::Join => {
                        database.join(now, term, lease);
                        let Some(node) = self.node(process) else { return };
                        node.joined(asked_at)
                    }
                    MemberRequest::Renew => {
                        let view = database.renew(now, term, lease);
                        seen = Some(database.epochs_of(term.node_id));
                        let Some(node) = self.node(process) else { return };
                        node.renewed(asked_at, view)
                    }
                    MemberRequest::Take(most) => word(database.take(now, term, most)),
                    MemberRequest::Release(shards, epochs) => {
                        word(database.release(term, shards, &epochs))
                    }
                };
                Arrival::Member { op, word, seen }
            }
            Request::Record { generation, term, records } => {
                let done = self.database.record(term, &records);
                Arrival::Recorded { generation, records, done }
            }
            Request::Outage { generation, term, id, outage } => {
                let done = self.database.keep_outage(term, id, outage);
                Arrival::OutageKept { generation, id, outage, done }
            }
            Request::Page { generation, id, after, limit } => {
                let page = self.database.page(id, after, limit);
                let exhausted = page.len() < limit;
                let keys: Vec<_> = page.iter().map(|delivery| delivery.key).collect();
                let mut passed_by = self.database.with_earlier(&keys);
                passed_by.retain(|delivery| Some(delivery.key.seq) <= after);
                self.sometimes.strays_passed_by += usize::from(!passed_by.is_empty());
                Arrival::Loaded { generation, id, passed_by, page, exhausted }
            }
            Request::Endpoints { generation } => {
                Arrival::Endpoints { generation, outages: self.database.outages.clone() }
            }
            Request::WithEarlier { changes, keys } => {
                let found = self.database.with_earlier(&keys);
                if found.iter().any(|delivery| !keys.contains(&delivery.key)) {
                    self.sometimes.strays_put_in_order += 1;
                }
                Arrival::Told { changes, deliveries: found }
            }
        };
        // What was refused is tried again, not at once.
        let refused = matches!(
            arrival,
            Arrival::Recorded { done: false, .. } | Arrival::OutageKept { done: false, .. }
        );
        let mut back = Duration::from_micros(self.rng.random_range(100..4_000));
        if refused {
            back += Duration::from_millis(300);
        }
        self.plan(back, Event::AtNode { process, arrival });
    }

    fn check_sent(&mut self, process: u64, key: DeliveryKey, number: u32) {
        let Some(node) = self.node(process) else { return };
        let (id, term) = (node.id, node.term);
        let shard = Shard::of(key.integration_id);
        assert_eq!(self.database.owner(shard), Some(id), "an attempt of what another node owns");
        assert!(self.database.holds(term), "an attempt of a node that was taken for dead");
        let row = &self.database.rows[&key];
        assert_eq!(row.status, DeliveryStatus::Pending, "an attempt after the end");
        assert_eq!(number, row.pending.attempts + 1, "an attempt before the last is on disk");
        let call = row.pending.call_id;
        let overtaken = self.database.rows.values().any(|row| {
            row.pending.call_id == call
                && row.pending.key < key
                && row.status == DeliveryStatus::Pending
        });
        assert!(!overtaken, "{key:?} overtook an earlier event of its call");
        if !self.arrived.insert((key, number)) {
            self.sometimes.attempts_made_twice += 1;
        }
        self.received.insert(key);
    }

    fn answer(&mut self, process: u64, generation: u64, key: DeliveryKey) {
        let answer = if self.put_off == Some(key) {
            Answer::Later(AN_HOUR)
        } else if self.calm || !self.rng.random_ratio(1, 8) {
            Answer::Taken
        } else {
            Answer::Failed
        };
        self.sometimes.attempts_failed += usize::from(answer == Answer::Failed);
        let mut takes = Duration::from_millis(self.rng.random_range(1..200));
        if !self.calm && self.rng.random_ratio(1, 30) {
            takes += Duration::from_secs(5);
        }
        self.plan(
            takes,
            Event::AtNode { process, arrival: Arrival::Finished { generation, key, answer } },
        );
    }

    fn new_call(&mut self) -> CallId {
        CallId::from_uuid(Uuid::from_u128(self.rng.random()))
    }

    /// A node appends the next event of a call: as a rule the call's own, sometimes another one.
    fn publish(&mut self) {
        let now = self.now;
        let up = |slot: &Option<(u64, Node)>| {
            let node = slot.as_ref().map(|(_, node)| node);
            node.is_some_and(|node| node.paused_until <= now && node.cut_until <= now)
        };
        let able: Vec<usize> =
            (0..self.slots.len()).filter(|slot| up(&self.slots[*slot])).collect();
        if able.is_empty() {
            return;
        }
        if self.calls.len() < 6 || self.rng.random_ratio(1, 5) {
            let call = self.new_call();
            let integration = self.integrations[self.rng.random_range(0..self.integrations.len())];
            let home = able[self.rng.random_range(0..able.len())];
            if self.calls.len() >= 6 {
                self.calls.remove(0);
            }
            self.calls.push((call, integration, home));
        }
        let (call, integration, home) = self.calls[self.rng.random_range(0..self.calls.len())];
        let is_stray = self.rng.random_ratio(1, 4) || !able.contains(&home);
        let at = if is_stray { able[self.rng.random_range(0..able.len())] } else { home };
        let key = self.database.append(now, integration, call);
        self.tell(at, key);
    }

    /// Hints: late, twice, or never. The owner itself knows at once.
    fn tell(&mut self, at: usize, key: DeliveryKey) {
        let shard = Shard::of(key.integration_id);
        for slot in 0..self.slots.len() {
            let Some((process, node)) = &self.slots[slot] else { continue };
            let process = *process;
            let is_own = slot == at && node.owned.contains(shard);
            let times = if is_own || self.calm {
                1
            } else {
                match self.rng.random_range(0..10) {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                }
            };
            let is_lost = times == 0 && node.owned.contains(shard);
            self.sometimes.hints_lost += usize::from(is_lost);
            let is_busy = self.put_off.is_some_and(|it| it.integration_id == key.integration_id);
            self.sometimes.hints_lost_of_a_busy_lane += usize::from(is_lost && is_busy);
            for _ in 0..times {
                let late = if is_own { 1 } else { self.rng.random_range(5..1_500) };
                let arrival = Arrival::Hint(vec![key]);
                self.plan(Duration::from_millis(late), Event::AtNode { process, arrival });
            }
        }
    }

    fn misfortune(&mut self) {
        let slot = self.rng.random_range(0..self.slots.len());
        let until = self.now + Duration::from_millis(self.rng.random_range(200..25_000));
        let what = self.rng.random_range(0..10);
        let process = self.slots[slot].as_ref().map(|(process, _)| *process);
        match (what, &mut self.slots[slot]) {
            (0 | 1, _) => {
                if let Some((_, node)) = &self.slots[slot] {
                    self.sometimes.leases_lapsed_and_went_on += node.resumed_as_before;
                    self.sometimes.shards_given_back += node.given_back;
                }
                self.kill(slot);
                let wait = Duration::from_millis(self.rng.random_range(100..20_000));
                self.plan(wait, Event::Born { slot });
            }
            (2..=4, Some((_, node))) => node.paused_until = until,
            (5..=6, Some((_, node))) => node.cut_until = until,
            // The database is away for all.
            (7, _) => {
                for (_, node) in self.slots.iter_mut().flatten() {
                    node.cut_until = until;
                }
            }
            // What listens broke, and listens again.
            _ => {
                if let Some(process) = process {
                    self.plan(
                        Duration::from_millis(10),
                        Event::AtNode { process, arrival: Arrival::Missed },
                    );
                }
            }
        }
    }
}
