//! The edge: waits for what happens, tells the scheduler, and does what it says.

mod announcements;
mod attempt;
mod metrics;
mod queue;
mod test;
mod worker;

use std::{sync::Arc, time::Duration};

use bellpush_core::trace::Tracer;
use tokio::{sync::oneshot, task::JoinSet};

pub use announcements::{Announcements, Announcer, NotRunning, announcements};
pub use queue::{ActiveEndpoint, DeliveryQueue, QueueError};
pub use test::Tested;

use crate::{
    breaker::BreakerPolicy,
    client::{ClientError, ClientSettings, WebhookClient},
    scheduler::{Limits, RetrySchedule},
};
use worker::Worker;

/// How the engine works. The default is what operators get who set nothing.
#[derive(Debug, Clone, Default)]
pub struct DeliverySettings {
    /// How much at once, in memory and in flight.
    pub limits: Limits,
    /// When a failed delivery is tried again.
    pub schedule: RetrySchedule,
    /// When an integration is left alone for a while.
    pub breaker: BreakerPolicy,
    /// How requests are sent.
    pub client: ClientSettings,
    /// What makes the spans of attempts, where events are traced.
    pub tracer: Option<Tracer>,
}

/// What [`DeliveryEngine::shut_down`] left behind. All of it is on disk as pending and is sent
/// again, with the same ids, by the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShutDown {
    /// Attempts that had no end in time.
    pub unfinished: usize,
    /// Attempts that ended but could not be recorded in time.
    pub unrecorded: usize,
}

/// The running delivery engine. Dropping it stops it at once, as a crash would.
#[derive(Debug)]
pub struct DeliveryEngine {
    stop: oneshot::Sender<Duration>,
    /// Holds one task, which is aborted when this is dropped.
    worker: JoinSet<ShutDown>,
}

impl DeliveryEngine {
    /// Starts the engine on the current tokio runtime: it reads the endpoints and everything
    /// pending from the queue by itself.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn start<Q: DeliveryQueue>(
        queue: Arc<Q>,
        announcements: Announcements,
        settings: DeliverySettings,
    ) -> Result<Self, ClientError> {
        let client = WebhookClient::new(&settings.client)?;
        Ok(Self::start_with(client, queue, announcements, settings))
    }

    /// Starts the engine with a client that is already made.
    pub fn start_with<Q: DeliveryQueue>(
        client: WebhookClient,
        queue: Arc<Q>,
        announcements: Announcements,
        settings: DeliverySettings,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let mut worker = JoinSet::new();
        worker.spawn(Worker::new(queue, client, settings).run(announcements, stopped));
        Self { stop, worker }
    }

    /// Begins no new attempt and waits for those in flight to end and to be recorded, at most
    /// `patience`.
    pub async fn shut_down(self, patience: Duration) -> ShutDown {
        let Self { stop, mut worker } = self;
        // Fails only when the worker is gone, which the next line shows.
        let _ = stop.send(patience);
        match worker.join_next().await {
            Some(Ok(left)) => left,
            Some(Err(error)) => {
                tracing::error!(%error, "the delivery engine had failed");
                ShutDown::default()
            }
            None => ShutDown::default(),
        }
    }
}
