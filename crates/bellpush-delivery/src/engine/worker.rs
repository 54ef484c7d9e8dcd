//! The loop: waits for the next thing that happens, tells the scheduler, does what it says.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, DisableReason, Outage, PendingDelivery, Seq},
    events::EventTime,
    ids::IntegrationId,
    trace::Tracer,
};
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinSet,
    time::{MissedTickBehavior, interval, interval_at, sleep_until, timeout_at},
};

use super::{
    announcements::{Announcement, Announcements, Command},
    attempt::attempt,
    metrics,
    queue::{ActiveEndpoint, DeliveryQueue, QueueError},
    settings::{DeliverySettings, ShutDown},
    test::{EndpointTest, test},
};
use crate::{
    client::WebhookClient,
    endpoint::Endpoint,
    scheduler::{Action, AttemptReport, EndpointRules, Input, LaneStatus, Now, Scheduler},
};

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
    Page(IntegrationId, Vec<PendingDelivery>, bool),
    Endpoints(Vec<ActiveEndpoint>),
    OutagesKept,
    Disabled,
    /// Something that nothing follows from.
    Aside,
}

pub(super) struct Worker<Q> {
    scheduler: Scheduler,
    queue: Arc<Q>,
    client: Arc<WebhookClient>,
    tracer: Option<Tracer>,
    endpoints: HashMap<IntegrationId, Arc<Endpoint>>,
    /// All that is under way. Dropped with the worker, which aborts it.
    tasks: JoinSet<TaskOutput>,
    readers: Arc<Semaphore>,
    running: usize,
    /// Ended attempts for the next group, in the order in which they ended.
    ended: Vec<AttemptRecord>,
    /// Ended attempts in the group that is being written.
    writing: usize,
    /// When the next group may be written.
    next_write: Instant,
    /// Outages to be kept or forgotten.
    outages: HashMap<IntegrationId, Option<Outage>>,
    keeping_outages: bool,
    reading_endpoints: bool,
    /// They changed again since the reading began.
    endpoints_stale: bool,
    stopping: bool,
}

impl<Q: DeliveryQueue> Worker<Q> {
    pub(super) fn new(queue: Arc<Q>, client: WebhookClient, settings: DeliverySettings) -> Self {
        let DeliverySettings { limits, schedule, breaker, client: _, tracer } = settings;
        Self {
            scheduler: Scheduler::new(limits, schedule, breaker),
            queue,
            client: Arc::new(client),
            tracer,
            endpoints: HashMap::new(),
            tasks: JoinSet::new(),
            readers: Arc::new(Semaphore::new(READERS)),
            running: 0,
            ended: Vec::new(),
            writing: 0,
            next_write: Instant::now(),
            outages: HashMap::new(),
            keeping_outages: false,
            reading_endpoints: false,
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
                    Announcement::Deliveries(batch) => self.input(Input::New(batch)),
                    Announcement::Missed => self.input(Input::Missed),
                    Announcement::Replayed(ids) => {
                        ids.into_iter().for_each(|id| self.input(Input::Replayed(id)));
                    }
                    Announcement::Command(command) => self.obey(command),
                    Announcement::EndpointsChanged => self.read_endpoints(),
                },
                () = until(deadline) => self.input(Input::Tick),
                () = until(write) => {}
                _ = gauges.tick() => {
                    let unrecorded = self.ended.len() + self.writing;
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
            if self.running == 0 && self.writing == 0 && !self.keeping_outages {
                break;
            }
            match timeout_at(end, self.tasks.join_next()).await {
                Ok(Some(done)) => self.take(done),
                Ok(None) | Err(_) => break,
            }
        }
        ShutDown { unfinished: self.running, unrecorded: self.ended.len() + self.writing }
    }

    fn take(&mut self, done: Result<TaskOutput, tokio::task::JoinError>) {
        match done {
            Ok(TaskOutput::Attempt(key, report)) => {
                self.running -= 1;
                self.input(Input::Finished { key, report });
            }
            Ok(TaskOutput::Recorded(keys)) => {
                self.writing = 0;
                self.input(Input::Recorded(keys));
            }
            Ok(TaskOutput::Page(integration_id, deliveries, exhausted)) => {
                self.input(Input::Loaded { integration_id, deliveries, exhausted });
            }
            Ok(TaskOutput::Endpoints(endpoints)) => self.set_endpoints(endpoints),
            Ok(TaskOutput::OutagesKept) => self.keeping_outages = false,
            Ok(TaskOutput::Aside) => {}
            // A list of endpoints that was read before may still have it.
            Ok(TaskOutput::Disabled) => self.read_endpoints(),
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
            Action::Disable { integration_id, reason } => self.disable(integration_id, reason),
            // What does not begin any more is on disk and begins after the next start.
            Action::Attempt { .. } | Action::Load { .. } if self.stopping => {}
            Action::Attempt { delivery, number } => {
                let Some(endpoint) = self.endpoints.get(&delivery.key.integration_id) else {
                    // The scheduler sends only to the endpoints that it was given with these.
                    tracing::error!(key = ?delivery.key, "an attempt without an endpoint");
                    return;
                };
                let (client, tracer) = (Arc::clone(&self.client), self.tracer.clone());
                let sending = attempt(client, tracer, Arc::clone(endpoint), delivery, number);
                self.running += 1;
                self.tasks.spawn(async move {
                    let (key, report) = sending.await;
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
        (self.writing == 0 && !self.ended.is_empty()).then_some(self.next_write)
    }

    /// Writes the attempts that ended since the last group, as one group, when it is time to.
    fn write_group(&mut self) {
        let now = Instant::now();
        let is_time = now >= self.next_write || self.ended.len() >= LARGE_GROUP || self.stopping;
        if self.writing > 0 || self.ended.is_empty() || !is_time {
            return;
        }
        self.next_write = now + BETWEEN_WRITES;
        let group: Vec<AttemptRecord> = self.ended.drain(..self.ended.len().min(GROUP)).collect();
        self.writing = group.len();
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let keys = group.iter().map(|record| record.key).collect();
            until_done("record attempts", || queue.record(group.clone())).await;
            TaskOutput::Recorded(keys)
        });
    }

    /// Keeps the outages that changed while the last ones were being kept.
    fn keep_outages(&mut self) {
        if self.keeping_outages || self.outages.is_empty() {
            return;
        }
        self.keeping_outages = true;
        let outages: Vec<_> = self.outages.drain().collect();
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            until_done("keep outages", || queue.keep_outages(outages.clone())).await;
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

    /// Whoever sent it and went away does not need the reply.
    fn obey(&mut self, command: Command) {
        match command {
            Command::Lane(id, reply) => _ = reply.send(self.scheduler.lane(now(), id)),
            Command::ResetBreaker(id, reply) => {
                self.input(Input::ResetBreaker(id));
                _ = reply.send(());
            }
            Command::Test(sample, reply) => {
                let (queue, client) = (Arc::clone(&self.queue), Arc::clone(&self.client));
                self.tasks.spawn(async move {
                    // Without a reply whoever sent it learns that it failed.
                    if let Some(tested) = test_endpoint(&*queue, &client, &sample).await {
                        _ = reply.send(tested);
                    }
                    TaskOutput::Aside
                });
            }
        }
    }

    fn load(&mut self, integration_id: IntegrationId, after: Option<Seq>, limit: usize) {
        let (queue, readers) = (Arc::clone(&self.queue), Arc::clone(&self.readers));
        self.tasks.spawn(async move {
            // The semaphore is never closed; without a permit, reading would just be less polite.
            let _permit = readers.acquire().await;
            let load = || queue.load(integration_id, after, limit);
            let page = until_done("read deliveries", load).await;
            let exhausted = page.len() < limit;
            TaskOutput::Page(integration_id, page, exhausted)
        });
    }

    fn read_endpoints(&mut self) {
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

    fn set_endpoints(&mut self, active: Vec<ActiveEndpoint>) {
        self.reading_endpoints = false;
        let rules = |active: &ActiveEndpoint| EndpointRules {
            integration_id: active.endpoint.integration_id,
            app_id: active.app_id,
            ordered: active.endpoint.ordered,
            outage: active.outage,
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
        self.input(Input::EndpointsChanged(all));
        // The failures were another URL's.
        moved.into_iter().for_each(|id| self.input(Input::ResetBreaker(id)));
        if self.endpoints_stale {
            self.read_endpoints();
        }
    }

    fn disable(&mut self, integration_id: IntegrationId, reason: DisableReason) {
        metrics::disabled(reason);
        self.outages.remove(&integration_id);
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let disable = || queue.disable(integration_id, reason);
            until_done("disable an integration", disable).await;
            TaskOutput::Disabled
        });
    }
}

fn now() -> Now {
    Now { at: Instant::now(), wall: EventTime::new(Timestamp::now()) }
}

/// Tests the sample's integration; `None` when the test could not be made.
async fn test_endpoint<Q: DeliveryQueue>(
    queue: &Q,
    client: &WebhookClient,
    sample: &PendingDelivery,
) -> Option<Option<EndpointTest>> {
    let testing = async {
        let Some(endpoint) = queue.endpoint(sample.key.integration_id).await? else {
            return Ok(None);
        };
        Ok(Some(test(client, &endpoint, sample).await))
    };
    let tested = AssertUnwindSafe(testing).catch_unwind().await;
    tested
        .unwrap_or_else(|_| Err(QueueError::new("it panicked")))
        .inspect_err(|error| tracing::warn!(%error, "a test could not be made"))
        .ok()
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Asks the queue again and again until it does it: what ended must be recorded, and what is
/// pending must be found, however long the disk or the database is away. A panic of the queue is
/// an error like another.
async fn until_done<T, F>(what: &'static str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut wait = Duration::from_millis(50);
    loop {
        let asked = AssertUnwindSafe(ask()).catch_unwind().await;
        match asked.unwrap_or_else(|_| Err(QueueError::new("it panicked"))) {
            Ok(done) => return done,
            Err(error) => {
                metrics::queue_failed();
                tracing::warn!(%error, ?wait, "could not {what}, will try again");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}
