//! Where several servers share the deliveries: what happens when this one may not go on, and what is
//! looked at for the others' sake.

use std::{collections::HashSet, mem};

use bellpush_core::ids::IntegrationId;
use tokio::task::JoinSet;

use super::{Worker, new_scheduler, now};
use crate::engine::{queue::DeliveryQueue, suspension::Suspension};

impl<Q: DeliveryQueue> Worker<Q> {
    /// Forgets everything but what ended and is not on disk, and waits until nothing is under way.
    pub(super) async fn suspend(&mut self) {
        self.suspension = Suspension::On;
        mem::replace(&mut self.tasks, JoinSet::new()).shutdown().await;
        self.running = 0;
        self.scheduler = new_scheduler(&self.settings);
        self.endpoints.clear();
        self.disabling.clear();
        (self.reading_endpoints, self.endpoints_stale) = (false, false);
        self.has_endpoints = false;
        let mut ended = mem::take(&mut self.writing).to_vec();
        ended.append(&mut self.ended);
        self.ended = ended;
        let keeping = mem::take(&mut self.keeping);
        for (id, outage) in &keeping.outages {
            self.outages.entry(*id).or_insert(*outage);
        }
        for (id, outage) in &keeping.rehearsals {
            self.rehearsals.entry(*id).or_insert(*outage);
        }
    }

    /// Goes on: with what was left to be written, unless others have gone on with it.
    pub(super) fn resume(&mut self, anew: bool) {
        if anew {
            self.ended.clear();
            self.outages.clear();
            self.rehearsals.clear();
        }
        self.suspension = Suspension::CatchingUp;
        self.catch_up();
    }

    /// Begins to read from disk when nothing is left to be written.
    pub(super) fn catch_up(&mut self) {
        let is_written = self.ended.is_empty()
            && self.outages.is_empty()
            && self.rehearsals.is_empty()
            && self.writing.is_empty()
            && self.keeping.is_empty();
        if self.suspension == Suspension::CatchingUp && is_written {
            self.suspension = Suspension::Off;
            self.read_endpoints();
        }
    }

    /// The integrations of which something is in memory that has to be written down, or may have to.
    pub(super) fn in_use(&self) -> HashSet<IntegrationId> {
        let lanes = self.scheduler.lanes(now()).map(|lane| lane.integration_id);
        let kept = self.keeping.outages.iter().map(|(id, _)| *id);
        let keeping = self.outages.keys().copied().chain(kept);
        lanes.chain(keeping).chain(self.disabling.iter().copied()).collect()
    }
}
