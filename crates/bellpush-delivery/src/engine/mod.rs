//! The edge: waits for what happens, tells the scheduler, and does what it says.

mod announcements;
mod attempt;
mod metrics;
mod queue;
mod settings;
mod suspension;
mod tenure;
mod test;
mod worker;

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, task::JoinSet};

pub use announcements::{Announcements, Announcer, Elsewhere, NotRunning, announcements};
pub use queue::{ActiveEndpoint, DeliveryQueue, QueueError};
pub use settings::{DeliverySettings, ShutDown};
pub use tenure::Tenure;
pub use test::EndpointTest;

use crate::client::{ClientError, WebhookClient};
use worker::Worker;

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
