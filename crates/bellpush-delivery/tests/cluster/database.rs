//! The database: what the store's statements do, each at one moment.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use bellpush_core::{
    cluster::{SHARDS, Shard, ShardSet, Term, View},
    delivery::{AttemptRecord, DeliveryKey, DeliveryStatus, Outage, PendingDelivery, Seq},
    events::EventTime,
    ids::{CallId, IntegrationId, NodeId},
};

const EPOCH: i64 = 1_700_000_000_000;

pub(crate) fn wall(now: Duration) -> EventTime {
    EventTime::from_millis(EPOCH + i64::try_from(now.as_millis()).unwrap()).unwrap()
}

pub(crate) struct NodeRow {
    incarnation: i64,
    lease_until: Duration,
}

pub(crate) struct DeliveryRow {
    pub(crate) pending: PendingDelivery,
    pub(crate) status: DeliveryStatus,
}

/// How often the owner of each of a node's shards had changed.
pub(crate) type Epochs = BTreeMap<Shard, u64>;

#[derive(Default)]
pub(crate) struct Database {
    pub(crate) nodes: BTreeMap<NodeId, NodeRow>,
    shards: BTreeMap<Shard, NodeId>,
    /// How often the owner of each shard has changed.
    epochs: Epochs,
    pub(crate) rows: BTreeMap<DeliveryKey, DeliveryRow>,
    pub(crate) outages: HashMap<IntegrationId, Outage>,
    pub(crate) next_seq: i64,
    pub(crate) taken_over: usize,
    pub(crate) refused: usize,
}

impl Database {
    pub(crate) fn owner(&self, shard: Shard) -> Option<NodeId> {
        self.shards.get(&shard).copied()
    }

    pub(crate) fn holds(&self, term: Term) -> bool {
        self.nodes.get(&term.node_id).is_some_and(|row| row.incarnation == term.incarnation)
    }

    pub(crate) fn shards_of(&self, node_id: NodeId) -> ShardSet {
        self.shards
            .iter()
            .filter(|(_, owner)| **owner == node_id)
            .map(|(shard, _)| *shard)
            .collect()
    }

    pub(crate) fn join(&mut self, now: Duration, term: Term, lease: Duration) {
        let known = self.nodes.get(&term.node_id);
        if known.is_some_and(|row| row.incarnation >= term.incarnation) {
            return;
        }
        let row = NodeRow { incarnation: term.incarnation, lease_until: now + lease };
        self.nodes.insert(term.node_id, row);
    }

    pub(crate) fn renew(&mut self, now: Duration, term: Term, lease: Duration) -> Option<View> {
        if !self.holds(term) {
            return None;
        }
        self.nodes.get_mut(&term.node_id)?.lease_until = now + lease;
        let is_dead = |row: &NodeRow| row.lease_until <= now;
        let taken: ShardSet = self.shards.keys().copied().collect();
        let abandoned = self.shards.values().any(|owner| !self.nodes.contains_key(owner));
        Some(View {
            nodes: self.nodes.iter().filter(|(_, row)| !is_dead(row)).map(|(id, _)| *id).collect(),
            own: self.shards_of(term.node_id),
            free: ShardSet::ALL.without(taken),
            has_others: self.nodes.len() > 1,
            someone_is_dead: abandoned || self.nodes.values().any(is_dead),
        })
    }

    pub(crate) fn take(&mut self, now: Duration, term: Term, most: usize) -> bool {
        if !self.holds(term) {
            return false;
        }
        let dead: BTreeSet<NodeId> = self
            .nodes
            .iter()
            .filter(|(id, row)| **id != term.node_id && row.lease_until <= now)
            .map(|(id, _)| *id)
            .collect();
        self.taken_over += dead.len();
        self.nodes.retain(|id, _| !dead.contains(id));
        let abandoned = self.shards.iter().filter(|(_, owner)| !self.nodes.contains_key(owner));
        let abandoned: Vec<Shard> = abandoned.map(|(shard, _)| *shard).collect();
        for shard in abandoned {
            self.owned_by(shard, None);
        }
        let all = (0..i64::from(SHARDS)).filter_map(Shard::new);
        let free: Vec<Shard> = all.filter(|it| !self.shards.contains_key(it)).take(most).collect();
        for shard in free {
            self.owned_by(shard, Some(term.node_id));
        }
        true
    }

    pub(crate) fn release(&mut self, term: Term, shards: ShardSet, seen: &Epochs) -> bool {
        let holds = self.holds(term);
        if holds {
            for shard in shards.both(self.shards_of(term.node_id)).iter() {
                if seen.get(&shard) == self.epochs.get(&shard) {
                    self.owned_by(shard, None);
                }
            }
        }
        holds
    }

    /// Of a node's shards, as it sees them when it looks.
    pub(crate) fn epochs_of(&self, node_id: NodeId) -> Epochs {
        let own = self.shards_of(node_id);
        self.epochs.iter().filter(|(it, _)| own.contains(**it)).map(|(it, n)| (*it, *n)).collect()
    }

    fn owned_by(&mut self, shard: Shard, owner: Option<NodeId>) {
        *self.epochs.entry(shard).or_default() += 1;
        match owner {
            Some(owner) => self.shards.insert(shard, owner),
            None => self.shards.remove(&shard),
        };
    }

    /// Appends an event for one integration.
    pub(crate) fn append(
        &mut self,
        now: Duration,
        integration_id: IntegrationId,
        call_id: CallId,
    ) -> DeliveryKey {
        self.next_seq += 1;
        let key = DeliveryKey { integration_id, seq: Seq(self.next_seq) };
        let uuid = 0x0192_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(key.seq.0).unwrap();
        let pending = PendingDelivery {
            key,
            app_id: bellpush_core::ids::AppId::from_uuid(uuid::Uuid::nil()),
            event_id: bellpush_core::ids::EventId::from_uuid(uuid::Uuid::from_u128(uuid)).unwrap(),
            call_id: Some(call_id),
            preview: false,
            trace_parent: None,
            body: String::new(),
            attempts: 0,
            earlier_attempts: 0,
            due: wall(now),
        };
        self.rows.insert(key, DeliveryRow { pending, status: DeliveryStatus::Pending });
        key
    }

    pub(crate) fn page(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: usize,
    ) -> Vec<PendingDelivery> {
        let pending = self.rows.values().filter(|row| {
            row.pending.key.integration_id == integration_id
                && row.status == DeliveryStatus::Pending
                && Some(row.pending.key.seq) > after
        });
        pending.take(limit).map(|row| row.pending.clone()).collect()
    }

    /// What the store's `pending_with_earlier` reads.
    pub(crate) fn with_earlier(&self, keys: &[DeliveryKey]) -> Vec<PendingDelivery> {
        let mut found: BTreeMap<Seq, PendingDelivery> = BTreeMap::new();
        for key in keys {
            let call = self.rows[key].pending.call_id;
            let up_to = self.rows.values().filter(|row| {
                let of_call = row.pending.call_id == call || row.pending.key == *key;
                row.pending.key.integration_id == key.integration_id
                    && row.pending.key.seq <= key.seq
                    && of_call
                    && row.status == DeliveryStatus::Pending
            });
            found.extend(up_to.map(|row| (row.pending.key.seq, row.pending.clone())));
        }
        found.into_values().collect()
    }

    /// An owner's write.
    pub(crate) fn record(&mut self, term: Option<Term>, records: &[AttemptRecord]) -> bool {
        if !term.is_some_and(|term| self.holds(term)) {
            self.refused += 1;
            return false;
        }
        for record in records {
            let row = self.rows.get_mut(&record.key).unwrap();
            if row.status != DeliveryStatus::Pending || row.pending.attempts >= record.number {
                continue;
            }
            assert_eq!(record.number, row.pending.attempts + 1, "attempts are counted one by one");
            row.pending.attempts = record.number;
            row.status = record.outcome;
            if let Some(due) = record.next_due {
                row.pending.due = due;
            }
        }
        true
    }

    pub(crate) fn keep_outage(
        &mut self,
        term: Option<Term>,
        id: IntegrationId,
        outage: Option<Outage>,
    ) -> bool {
        if !term.is_some_and(|term| self.holds(term)) {
            self.refused += 1;
            return false;
        }
        match outage {
            Some(outage) => _ = self.outages.insert(id, outage),
            None => _ = self.outages.remove(&id),
        }
        true
    }
}
