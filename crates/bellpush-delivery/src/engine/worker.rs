//! The loop: waits for the next thing that happens, tells the scheduler, does what it says.

mod commands;
mod persistence;
mod suspend;

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, DisableReason, Outage, PendingDelivery, Seq},
    events::EventTime,
    ids::{IntegrationId, RehearsalId},
};
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinSet,
    time::{MissedTickBehavior, interval, interval_at, sleep_until, timeout_at},
};

use super::{
    announcements::{Announcement, Announcements},
    attempt::{attempt, simulated_attempt},
    metrics,
    queue::{ActiveEndpoint, DeliveryQueue, QueueError},
    settings::{DeliverySettings, ShutDown},
    suspension::Suspension,
    tenure::Tenure,
};
use crate::{
    client::WebhookClient,
    endpoint::Endpoint,
    scheduler::{Action, AttemptReport, EndpointRules, Input, LaneStatus, Now, Scheduler},
};
use persistence::until_done;

/// Attempts that one write to the queue records, at most.
const GROUP: usize = 1_024;
/// After a write to the queue has begun, the next one waits for as long, so that many attempts share
/// one: each is a commit with its wait for the disk. The next event of a call waits for it, too.
const BETWEEN_WRITES: Duration = Duration::from_millis(10);
/// With as many, it waits no longer.
const LARGE_GROUP: usize = 256;
/// Pages read from the queue at once, at most: after a start, all integrations ask for theirs.
const READERS: usize = 4;
/// How often the gauges are set.
const GAUGES: Duration = Duration::from_secs(1);

/// How often it is kept how the queues look, and looked whether the wall clock was set.
const SAMPLES: Duration = Duration::from_secs(60);

/// What a task of the worker came back with.
enum TaskOutput {
    Attempt(DeliveryKey, AttemptReport),
    Recorded(Vec<DeliveryKey>),
    Page {
        id: IntegrationId,
        passed_by: Vec<PendingDelivery>,
        page: Vec<PendingDelivery>,
        exhausted: bool,
    },
    Endpoints(Vec<ActiveEndpoint>),
    OutagesKept,
    Disabled(IntegrationId),
    /// Something that nothing follows from.
    Aside,
}

/// What is being written of breakers.
#[derive(Default)]
struct Keeping {
    outages: Vec<(IntegrationId, Option<Outage>)>,
    rehearsals: Vec<(RehearsalId, Option<Outage>)>,
}

impl Keeping {
    fn is_empty(&self) -> bool {
        self.outages.is_empty() && self.rehearsals.is_empty()
    }
}

pub(super) struct Worker<Q> {
    scheduler: Scheduler,
    /// What the scheduler is made of.
    settings: DeliverySettings,
    tenure: Tenure,
    queue: Arc<Q>,
    client: Arc<WebhookClient>,
    endpoints: HashMap<IntegrationId, Arc<Endpoint>>,
    /// All that is under way. Dropped with the worker, which aborts it.
    tasks: JoinSet<TaskOutput>,
    readers: Arc<Semaphore>,
    running: usize,
    /// Ended attempts for the next group, in the order in which they ended.
    ended: Vec<AttemptRecord>,
    /// Ended attempts in the group that is being written.
    writing: Arc<Vec<AttemptRecord>>,
    /// When the next group may be written.
    next_write: Instant,
    /// Outages to be kept or forgotten; those of rehearsals beside them.
    outages: HashMap<IntegrationId, Option<Outage>>,
    rehearsals: HashMap<RehearsalId, Option<Outage>>,
    /// Those that are being written.
    keeping: Arc<Keeping>,
    /// Integrations that are being switched off.
    disabling: HashSet<IntegrationId>,
    suspension: Suspension,
    reading_endpoints: bool,
    /// They have been read, so that every integration has its lane.
    has_endpoints: bool,
    /// Breakers that are to be reset then, whatever state they are read in.
    resets: Vec<(IntegrationId, oneshot::Sender<()>)>,
    /// They changed again since the reading began.
    endpoints_stale: bool,
    stopping: bool,
}

impl<Q: DeliveryQueue> Worker<Q> {
    pub(super) fn new(queue: Arc<Q>, client: WebhookClient, settings: DeliverySettings) -> Self {
        Self {
            scheduler: new_scheduler(&settings),
            tenure: settings.tenure.clone(),
            settings,
            queue,
            client: Arc::new(client),
            endpoints: HashMap::new(),
            tasks: JoinSet::new(),
            readers: Arc::new(Semaphore::new(READERS)),
            running: 0,
            ended: Vec::new(),
            writing: Arc::default(),
            next_write: Instant::now(),
            outages: HashMap::new(),
            rehearsals: HashMap::new(),
            keeping: Arc::default(),
            disabling: HashSet::new(),
            suspension: Suspension::default(),
            reading_endpoints: false,
            has_endpoints: false,
            resets: Vec::new(),
            endpoints_stale: false,
            stopping: false,
        }
    }

    /// Runs until it is told to stop, and for how long to wait then.
    pub(super) async fn run(
        mut self,
        mut announcements: Announcements,
        mut stop: oneshot::Receiver<Duration>,
    ) -> ShutDown {
        metrics::describe();
        let mut shown = HashSet::new();
        let mut gauges = interval(GAUGES);
        gauges.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut samples = interval_at(tokio::time::Instant::now() + SAMPLES, SAMPLES);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.read_endpoints();
        let patience = loop {
            let deadline = self.scheduler.next_deadline();
            let write = self.next_write();
            tokio::select! {
                Some(done) = self.tasks.join_next() => {
                    self.take(done);
                    while let Some(done) = self.tasks.try_join_next() {
                        self.take(done);
                    }
                }
                announced = announcements.next() => match announced {
                    Announcement::Deliveries((changes, batch)) => {
                        // Others may have delivered them, if they were the owners in between.
                        let is_fresh = changes == self.tenure.changes();
                        self.input(if is_fresh { Input::New(batch) } else { Input::Missed });
                    }
                    Announcement::Missed => self.input(Input::Missed),
                    Announcement::Replayed(ids) => {
                        ids.into_iter().for_each(|id| self.input(Input::Replayed(id)));
                    }
                    Announcement::Command(command) => self.obey(command).await,
                    Announcement::EndpointsChanged => self.read_endpoints(),
                    Announcement::Look => self.input(Input::Look),
                },
                () = until(deadline) => self.input(Input::Tick),
                () = until(write) => {}
                _ = gauges.tick() => {
                    let unrecorded = self.ended.len() + self.writing.len();
                    metrics::show_lanes(self.scheduler.lanes(now()), unrecorded, &mut shown);
                }
                _ = samples.tick() => {
                    self.keep_backlog();
                    // The wall clock may have been set.
                    self.input(Input::Tick);
                }
                patience = &mut stop => break patience.unwrap_or_default(),
            }
            self.write_group();
            self.keep_outages();
        };
        self.finish(patience).await
    }

    /// Waits for what is in flight, and records it.
    async fn finish(mut self, patience: Duration) -> ShutDown {
        self.stopping = true;
        let end = tokio::time::Instant::now() + patience;
        loop {
            self.write_group();
            self.keep_outages();
            if self.running == 0 && self.writing.is_empty() && self.keeping.is_empty() {
                break;
            }
            match timeout_at(end, self.tasks.join_next()).await {
                Ok(Some(done)) => self.take(done),
                Ok(None) | Err(_) => break,
            }
        }
        ShutDown { unfinished: self.running, unrecorded: self.ended.len() + self.writing.len() }
    }

    fn take(&mut self, done: Result<TaskOutput, tokio::task::JoinError>) {
        match done {
            Ok(TaskOutput::Attempt(key, report)) => {
                self.running -= 1;
                self.input(Input::Finished { key, report });
            }
            Ok(TaskOutput::Recorded(keys)) => {
                self.writing = Arc::default();
                self.input(Input::Recorded(keys));
                self.catch_up();
            }
            Ok(TaskOutput::Page { id: integration_id, passed_by, page: deliveries, exhausted }) => {
                if !passed_by.is_empty() {
                    // The page is of no use then: it is read again from there.
                    self.input(Input::New(passed_by));
                }
                self.input(Input::Loaded { integration_id, deliveries, exhausted });
            }
            Ok(TaskOutput::Endpoints(endpoints)) => self.set_endpoints(endpoints),
            Ok(TaskOutput::OutagesKept) => {
                self.keeping = Arc::default();
                self.catch_up();
            }
            Ok(TaskOutput::Aside) => {}
            // A list of endpoints that was read before may still have it.
            Ok(TaskOutput::Disabled(id)) => {
                self.disabling.remove(&id);
                self.read_endpoints();
            }
            // Cannot be: panics are caught where they happen.
            Err(error) => tracing::error!(%error, "a task of the delivery engine failed"),
        }
    }

    fn input(&mut self, input: Input) {
        for action in self.scheduler.handle(now(), &mut rand::rng(), input) {
            self.perform(action);
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Record(record) => self.ended.push(record),
            Action::KeepOutage { integration_id, outage } => {
                self.outages.insert(integration_id, outage);
            }
            Action::KeepRehearsal { rehearsal_id, outage, .. } => {
                self.rehearsals.insert(rehearsal_id, outage);
            }
            Action::Disable { integration_id, reason } => self.disable(integration_id, reason),
            // What does not begin any more is on disk and begins after the next start.
            Action::Attempt { .. } | Action::Load { .. } if self.stopping => {}
            // Whoever keeps the lease sees that it is over, and has all of this forgotten.
            Action::Attempt { .. } if !self.tenure.is_held() => {}
            Action::Attempt { delivery, number, simulated } => {
                let Some(endpoint) = self.endpoints.get(&delivery.key.integration_id) else {
                    // The scheduler sends only to the endpoints that it was given with these.
                    tracing::error!(key = ?delivery.key, "an attempt without an endpoint");
                    return;
                };
                let (client, tracer) = (Arc::clone(&self.client), self.settings.tracer.clone());
                let endpoint = Arc::clone(endpoint);
                self.running += 1;
                let tenure = self.tenure.clone();
                self.tasks.spawn(async move {
                    let sending = async move {
                        match simulated {
                            Some(fault) => {
                                simulated_attempt(fault, endpoint, delivery, number).await
                            }
                            None => attempt(client, tracer, endpoint, delivery, number).await,
                        }
                    };
                    let (key, report) = tenure.while_held(sending).await;
                    TaskOutput::Attempt(key, report)
                });
            }
            Action::Load { integration_id, after, limit } => {
                self.load(integration_id, after, limit)
            }
        }
    }

    /// When the attempts that ended are to be written, unless something happens before.
    fn next_write(&self) -> Option<Instant> {
        let may_write = self.writing.is_empty() && !self.suspension.is_on();
        (may_write && !self.ended.is_empty()).then_some(self.next_write)
    }

    /// Writes the attempts that ended since the last group, as one group, when it is time to.
    fn write_group(&mut self) {
        let now = Instant::now();
        let is_time = now >= self.next_write || self.ended.len() >= LARGE_GROUP || self.stopping;
        let is_busy = !self.writing.is_empty() || self.suspension.is_on();
        if is_busy || self.ended.is_empty() || !is_time {
            return;
        }
        self.next_write = now + BETWEEN_WRITES;
        let group: Vec<AttemptRecord> = self.ended.drain(..self.ended.len().min(GROUP)).collect();
        let group = Arc::new(group);
        self.writing = Arc::clone(&group);
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let keys = group.iter().map(|record| record.key).collect();
            until_done("record attempts", || queue.record(group.to_vec())).await;
            TaskOutput::Recorded(keys)
        });
    }

    /// Keeps the outages that changed while the last ones were being kept.
    fn keep_outages(&mut self) {
        let is_busy = !self.keeping.is_empty() || self.suspension.is_on();
        if is_busy || (self.outages.is_empty() && self.rehearsals.is_empty()) {
            return;
        }
        let keeping = Arc::new(Keeping {
            outages: self.outages.drain().collect(),
            rehearsals: self.rehearsals.drain().collect(),
        });
        self.keeping = Arc::clone(&keeping);
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let Keeping { outages, rehearsals } = &*keeping;
            if !outages.is_empty() {
                until_done("keep outages", || queue.keep_outages(outages.clone())).await;
            }
            if !rehearsals.is_empty() {
                let keep = || queue.keep_rehearsals(rehearsals.clone());
                until_done("keep how rehearsals do", keep).await;
            }
            TaskOutput::OutagesKept
        });
    }

    /// Keeps how the queues look that are not empty or whose endpoints fail.
    fn keep_backlog(&mut self) {
        let lanes = self.scheduler.lanes(now());
        let lanes: Vec<LaneStatus> =
            lanes.filter(|lane| lane.waiting > 0 || lane.outage.is_some()).collect();
        if lanes.is_empty() {
            return;
        }
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let keeping = AssertUnwindSafe(queue.keep_backlog(lanes, SAMPLES)).catch_unwind();
            let kept = keeping.await.unwrap_or_else(|_| Err(QueueError::new("it panicked")));
            if let Err(error) = kept {
                tracing::debug!(%error, "how the queues look could not be kept");
            }
            TaskOutput::Aside
        });
    }

    fn load(&mut self, integration_id: IntegrationId, after: Option<Seq>, limit: usize) {
        let (queue, readers) = (Arc::clone(&self.queue), Arc::clone(&self.readers));
        self.tasks.spawn(async move {
            // The semaphore is never closed; without a permit, reading would just be less polite.
            let _permit = readers.acquire().await;
            let load = || queue.load(integration_id, after, limit);
            let page = until_done("read deliveries", load).await;
            let exhausted = page.len() < limit;
            let passed_by = || queue.passed_by(after, &page);
            let passed_by = until_done("read deliveries", passed_by).await;
            TaskOutput::Page { id: integration_id, passed_by, page, exhausted }
        });
    }

    fn read_endpoints(&mut self) {
        if self.suspension.keeps_from_reading() {
            return;
        }
        self.endpoints_stale = self.reading_endpoints;
        if self.reading_endpoints {
            return;
        }
        self.reading_endpoints = true;
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            TaskOutput::Endpoints(until_done("read the endpoints", || queue.endpoints()).await)
        });
    }

    fn set_endpoints(&mut self, mut active: Vec<ActiveEndpoint>) {
        self.reading_endpoints = false;
        // Those of others are not seen here at all.
        active.retain(|active| self.tenure.owns(active.endpoint.integration_id));
        let rules = |active: &ActiveEndpoint| EndpointRules {
            integration_id: active.endpoint.integration_id,
            app_id: active.app_id,
            ordered: active.endpoint.ordered,
            outage: active.outage,
            rehearsal: active.rehearsal,
        };
        let all = active.iter().map(rules).collect();
        let mut moved = Vec::new();
        let mut now = HashMap::new();
        for ActiveEndpoint { endpoint, .. } in active {
            let id = endpoint.integration_id;
            if self.endpoints.get(&id).is_some_and(|before| !before.same_url(&endpoint)) {
                moved.push(id);
            }
            now.insert(id, Arc::new(endpoint));
        }
        self.endpoints = now;
        // The failures were another URL's. Before anything is sent to the new one.
        moved.into_iter().for_each(|id| self.input(Input::ResetBreaker(id)));
        self.input(Input::EndpointsChanged(all));
        self.has_endpoints = true;
        for (id, reply) in std::mem::take(&mut self.resets) {
            self.reset_breaker(id, reply);
        }
        if self.endpoints_stale {
            self.read_endpoints();
        }
    }

    fn disable(&mut self, integration_id: IntegrationId, reason: DisableReason) {
        let Some(endpoint) = self.endpoints.get(&integration_id) else {
            // The scheduler gives up only what it was given with these.
            tracing::error!(%integration_id, "switched off without an endpoint");
            return;
        };
        let url = endpoint.shown_url().to_owned();
        metrics::disabled(reason);
        self.outages.remove(&integration_id);
        let queue = Arc::clone(&self.queue);
        self.disabling.insert(integration_id);
        self.tasks.spawn(async move {
            let disable = || queue.disable(integration_id, url.clone(), reason);
            until_done("disable an integration", disable).await;
            TaskOutput::Disabled(integration_id)
        });
    }
}

fn new_scheduler(settings: &DeliverySettings) -> Scheduler {
    let DeliverySettings { limits, schedule, breaker, .. } = settings;
    Scheduler::new(limits.clone(), schedule.clone(), breaker.clone())
}

fn now() -> Now {
    Now { at: Instant::now(), wall: EventTime::new(Timestamp::now()) }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
