//! Joins the delivery engine to the store: the port it reads and records by.

use std::{sync::Arc, time::Duration};

use bellpush_core::{
    delivery::{AttemptRecord, DisableReason, Outage, PendingDelivery, Seq},
    events::EventTime,
    ids::{IntegrationId, RehearsalId},
    integration::SignatureScheme,
};
use bellpush_delivery::{
    ActiveEndpoint, DeliveryQueue, Endpoint, LaneStatus, QueueError, Signer, SigningKey,
    SigningSecret,
};
use bellpush_store::{BacklogSample, SigningSecrets, Store};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use tracing::error;

use crate::notifications::why;

/// The store, seen as the queue of deliveries.
#[derive(Debug)]
pub(crate) struct StoreQueue {
    pub(crate) store: Store,
    /// Told when the admins have something to know.
    pub(crate) notified: Arc<Notify>,
}

impl DeliveryQueue for StoreQueue {
    async fn load(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, QueueError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.store.pending(integration_id, after, limit).await.map_err(QueueError::new)
    }

    async fn passed_by(
        &self,
        after: Option<Seq>,
        page: &[PendingDelivery],
    ) -> Result<Vec<PendingDelivery>, QueueError> {
        if !self.store.is_shared() || after.is_none() || page.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = page.iter().map(|delivery| delivery.key).collect();
        let mut found = self.store.pending_with_earlier(&keys).await.map_err(QueueError::new)?;
        found.retain(|delivery| Some(delivery.key.seq) <= after);
        Ok(found)
    }

    async fn record(&self, records: Vec<AttemptRecord>) -> Result<(), QueueError> {
        self.store.record_attempts(records).await.map_err(QueueError::new)
    }

    async fn endpoints(&self) -> Result<Vec<ActiveEndpoint>, QueueError> {
        let stored = self.store.endpoints().await.map_err(QueueError::new)?;
        let rehearsals = self.store.running_rehearsals(now()).await.map_err(QueueError::new)?;
        let mut endpoints = Vec::with_capacity(stored.len());
        for stored in stored.into_iter().filter(|stored| stored.settings.active) {
            let (app_id, outage) = (stored.app_id, stored.outage);
            match ready(&stored) {
                Ok(endpoint) => {
                    let rehearsal = rehearsals.get(&stored.id).copied();
                    endpoints.push(ActiveEndpoint { endpoint, app_id, outage, rehearsal });
                }
                // The others must not wait for one that is broken.
                Err(error) => error!(integration = %stored.id, %error, "can't be sent to"),
            }
        }
        Ok(endpoints)
    }

    async fn endpoint(&self, id: IntegrationId) -> Result<Option<Endpoint>, QueueError> {
        let stored = self.store.endpoints().await.map_err(QueueError::new)?;
        let stored = stored.into_iter().find(|stored| stored.id == id);
        stored.as_ref().map(ready).transpose().map_err(QueueError::new)
    }

    async fn keep_outages(
        &self,
        outages: Vec<(IntegrationId, Option<Outage>)>,
    ) -> Result<(), QueueError> {
        self.store.keep_outages(&outages).await.map_err(QueueError::new)
    }

    async fn keep_rehearsals(
        &self,
        outages: Vec<(RehearsalId, Option<Outage>)>,
    ) -> Result<(), QueueError> {
        self.store.keep_rehearsals(&outages).await.map_err(QueueError::new)
    }

    async fn keep_backlog(
        &self,
        lanes: Vec<LaneStatus>,
        since_last: Duration,
    ) -> Result<(), QueueError> {
        let seconds = u32::try_from(since_last.as_secs()).unwrap_or(u32::MAX);
        let mut samples = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let waiting = if lane.more_on_disk {
                let id = lane.integration_id;
                let waiting = self.store.backlog(id).await.map_err(QueueError::new)?.0;
                let held = self.store.held_back(id, now()).await.map_err(QueueError::new)?;
                waiting.saturating_sub(held)
            } else {
                lane.waiting as u64
            };
            samples.push(BacklogSample {
                integration_id: lane.integration_id,
                waiting,
                breaker_open_seconds: if lane.outage.is_some() { seconds } else { 0 },
            });
        }
        self.store.keep_backlog(&samples).await.map_err(QueueError::new)
    }

    async fn disable(
        &self,
        id: IntegrationId,
        url: String,
        reason: DisableReason,
    ) -> Result<(), QueueError> {
        let disabled = self.store.disable_integration(id, reason, Some(&url)).await;
        let disabled = disabled.map_err(QueueError::new)?;
        if let Some(notification) = disabled {
            error!(
                integration = %id,
                app = %notification.app_id,
                name = notification.integration_name,
                "integration disabled: {}",
                why(reason)
            );
            self.notified.notify_one();
        }
        Ok(())
    }
}

fn now() -> EventTime {
    EventTime::new(Timestamp::now())
}

/// An integration with its secrets in their places.
fn ready(endpoint: &bellpush_store::Endpoint) -> anyhow::Result<Endpoint> {
    let signatures = &endpoint.settings.signatures;
    let signer = signer(&endpoint.signing, signatures.contains(&SignatureScheme::V1a))?;
    Ok(Endpoint::new(endpoint.id, &endpoint.settings, signer, &endpoint.secrets)?)
}

fn signer(signing: &SigningSecrets, by_key: bool) -> anyhow::Result<Signer> {
    let mut signer = Signer::new(SigningSecret::parse(signing.secret.expose_secret())?);
    if let Some(key) = signing.key.as_ref().filter(|_| by_key) {
        signer = signer.and_key(SigningKey::parse(key.expose_secret())?, None);
    }
    for retired in &signing.retired {
        let (text, until) = (retired.secret.expose_secret(), Some(retired.expires_at));
        if let Ok(secret) = SigningSecret::parse(text) {
            signer = signer.and_secret(secret, until);
        } else if by_key {
            signer = signer.and_key(SigningKey::parse(text)?, until);
        }
    }
    Ok(signer)
}
