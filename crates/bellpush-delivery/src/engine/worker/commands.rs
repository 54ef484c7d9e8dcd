//! What the rest of the server commands the engine.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bellpush_core::{delivery::PendingDelivery, ids::IntegrationId};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{TaskOutput, Worker, now};
use crate::{
    client::WebhookClient,
    engine::{
        announcements::Command,
        queue::{DeliveryQueue, QueueError},
        test::{EndpointTest, test},
    },
    scheduler::Input,
};

impl<Q: DeliveryQueue> Worker<Q> {
    /// Whoever sent it and went away does not need the reply.
    pub(super) async fn obey(&mut self, command: Command) {
        match command {
            Command::Lane(id, reply) => _ = reply.send(self.scheduler.lane(now(), id)),
            Command::ResetBreaker(id, reply) => {
                if self.has_endpoints {
                    self.reset_breaker(id, reply);
                } else {
                    self.resets.retain(|(_, reply)| !reply.is_closed());
                    self.resets.push((id, reply));
                }
            }
            Command::Suspend(reply) => {
                self.suspend().await;
                _ = reply.send(());
            }
            Command::Resume { anew, reply } => {
                self.resume(anew);
                _ = reply.send(());
            }
            Command::InUse(reply) => _ = reply.send(self.in_use()),
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

    pub(super) fn reset_breaker(&mut self, id: IntegrationId, reply: oneshot::Sender<()>) {
        self.input(Input::ResetBreaker(id));
        _ = reply.send(());
    }
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
