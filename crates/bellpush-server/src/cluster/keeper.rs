//! The edge of the membership: asks the database, and the delivery engine, for what it says.

use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bellpush_core::cluster::{Action, Input, Membership, Policy, Shard, ShardSet, Term};
use bellpush_delivery::NotRunning;
use bellpush_store::{Epochs, StoreError};
use metrics::{counter, gauge};
use tokio::time::{sleep_until, timeout};
use tracing::{error, info, warn};

use super::{Cluster, Shared};

/// How long the database may take for a word about leases.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the delivery engine may take for a command: it takes none any more while it stops.
const ENGINE_PATIENCE: Duration = Duration::from_secs(1);

impl Cluster {
    /// Keeps this node, which has joined so many times, among the others until it leaves.
    pub(super) async fn keep(self, policy: Policy, joined: i64) {
        Keeper::new(self, policy, joined).run().await;
    }
}

struct Keeper {
    cluster: Cluster,
    membership: Membership,
    policy: Policy,
    term: Term,
    /// Of its shards, as it saw them last.
    seen: Epochs,
    /// Whether the server's log knows that the database is away.
    was_told: bool,
}

impl Keeper {
    /// Of a node that has joined so many times.
    fn new(cluster: Cluster, policy: Policy, joined: i64) -> Self {
        let term = cluster.term(joined);
        let membership = Membership::new(cluster.node_id(), policy);
        Self { cluster, membership, policy, term, seen: Epochs::new(), was_told: false }
    }

    /// Runs until the node leaves.
    async fn run(mut self) {
        let cluster = self.cluster.clone();
        let Some(shared) = &cluster.0.shared else { return };
        let now = Instant::now();
        let mut actions: VecDeque<Action> =
            self.membership.handle(now, Input::Joined { asked_at: now }).into();
        let mut is_draining = false;
        loop {
            while let Some(action) = actions.pop_front() {
                if shared.left.is_cancelled() {
                    return;
                }
                if let Some(input) = self.perform(shared, action).await {
                    actions.extend(self.membership.handle(Instant::now(), input));
                }
            }
            if self.membership.is_drained() {
                shared.drained.cancel();
            }
            let deadline = self.membership.next_deadline().unwrap_or_else(Instant::now);
            let input = tokio::select! {
                () = shared.left.cancelled() => return,
                () = shared.drain.cancelled(), if !is_draining => {
                    is_draining = true;
                    Input::Drain
                }
                () = sleep_until(deadline.into()) => Input::Tick,
            };
            actions.extend(self.membership.handle(Instant::now(), input));
        }
    }

    /// Does what the membership says, and returns what came of it.
    async fn perform(&mut self, shared: &Shared, action: Action) -> Option<Input> {
        let cluster = self.cluster.clone();
        let (store, tenure, announcer) =
            (&cluster.0.store, &cluster.0.tenure, &cluster.0.announcer);
        let (asked_at, lease) = (Instant::now(), self.policy.lease);
        match action {
            Action::Join => {
                self.term.incarnation += 1;
                let url = shared.node_url.as_deref();
                let joining =
                    store.join_cluster(self.term, lease, url, !self.membership.is_draining());
                let joined = self.in_time(joining).await;
                Some(self.or_failed(joined, |()| Input::Joined { asked_at }))
            }
            Action::Renew => {
                let takes_shards = !self.membership.is_draining();
                let renewing = store.renew_membership(self.term, lease, takes_shards);
                let renewed = self.in_time(renewing).await;
                let renewed = renewed.map(|answer| {
                    answer.map(|seen| {
                        seen.map(|(view, epochs)| {
                            self.seen = epochs;
                            view
                        })
                    })
                });
                Some(self.or_failed(renewed, |view| match view {
                    Some(view) => {
                        // One that is deaf would not notice who comes.
                        let alone = !view.has_others && shared.hears.load(Ordering::Acquire);
                        cluster.0.alone.store(alone, Ordering::Release);
                        Input::Renewed { asked_at, view }
                    }
                    None => Input::Fenced,
                }))
            }
            Action::Take { most } => {
                let taken = self.in_time(store.take_shards(self.term, most)).await;
                Some(self.or_failed(taken, |()| Input::Tick))
            }
            Action::Release(shards) => {
                let released =
                    self.in_time(store.release_shards(self.term, shards, &self.seen)).await;
                Some(self.or_failed(released, |()| Input::Tick))
            }
            Action::Suspend => {
                tenure.end();
                tenure.own(ShardSet::NONE);
                store.lead(false);
                if !matches!(timeout(ENGINE_PATIENCE, announcer.suspend()).await, Ok(Ok(()))) {
                    warn!("the delivery engine does not stop what it has in flight");
                }
                store.write_as(None);
                None
            }
            Action::Resume { until, anew } => {
                store.write_as(Some(self.term));
                if timeout(ENGINE_PATIENCE, announcer.resume(anew)).await == Ok(Err(NotRunning)) {
                    error!("the delivery engine does not run");
                }
                tenure.begin(until);
                None
            }
            Action::Extend(until) => (!tenure.extend(until)).then(|| {
                counter!("bellpush_lease_lapses_total").increment(1);
                Input::Lapsed
            }),
            Action::Own(shards) => {
                info!(shards = shards.len(), "delivers its share");
                gauge!("bellpush_shards_owned").set(shards.len() as f64);
                tenure.own(shards);
                store.lead(shards.contains(Shard::FIRST));
                announcer.read_endpoints();
                None
            }
            Action::Settle(shards) => {
                let in_use = timeout(ENGINE_PATIENCE, announcer.in_use()).await;
                let Ok(Ok(in_use)) = in_use else { return Some(Input::Settled(ShardSet::NONE)) };
                let in_use = in_use.into_iter().map(Shard::of).collect();
                Some(Input::Settled(shards.without(in_use)))
            }
        }
    }

    /// Waits for the database, but not beyond what its answer is worth.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Option<Result<T, StoreError>> {
        let left = self.membership.until().map(|at| at.saturating_duration_since(Instant::now()));
        timeout(left.unwrap_or(PATIENCE).min(PATIENCE), asked).await.ok()
    }

    fn or_failed<T>(
        &mut self,
        answer: Option<Result<T, StoreError>>,
        input: impl FnOnce(T) -> Input,
    ) -> Input {
        let error = match answer {
            Some(Ok(answer)) => {
                self.was_told = false;
                return input(answer);
            }
            Some(Err(StoreError::Fenced)) => {
                warn!("other servers took this one for dead; it joins anew");
                return Input::Fenced;
            }
            Some(Err(error)) => error.to_string(),
            None => "it did not answer in time".to_owned(),
        };
        if !std::mem::replace(&mut self.was_told, true) {
            error!(error, "this server's lease can't be renewed");
        }
        Input::Failed
    }
}
