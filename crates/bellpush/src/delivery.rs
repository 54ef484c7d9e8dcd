//! Joins the delivery engine to the store: the port it reads and records by, and what it is told.

use std::{sync::Arc, time::Duration};

use bellpush_core::{
    delivery::{AttemptRecord, PendingDelivery, Seq},
    ids::IntegrationId,
    integration::SignatureScheme,
};
use bellpush_delivery::{
    Announcer, DeliveryQueue, DisableReason, Endpoint, QueueError, Signer, SigningKey,
    SigningSecret,
};
use bellpush_store::{SigningSecrets, Store};
use secrecy::ExposeSecret;
use tokio::sync::{Notify, mpsc};
use tracing::{error, warn};

/// How often the store is asked whether deliveries were written but not announced.
const LOOK_FOR_MISSED: Duration = Duration::from_millis(500);

/// The store, seen as the queue of deliveries.
#[derive(Debug)]
pub(crate) struct StoreQueue(pub(crate) Store);

impl DeliveryQueue for StoreQueue {
    async fn load(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, QueueError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.0.pending(integration_id, after, limit).await.map_err(QueueError::new)
    }

    async fn record(&self, records: Vec<AttemptRecord>) -> Result<(), QueueError> {
        self.0.record_attempts(records).await.map_err(QueueError::new)
    }

    async fn endpoints(&self) -> Result<Vec<Endpoint>, QueueError> {
        let stored = self.0.endpoints().await.map_err(QueueError::new)?;
        let mut endpoints = Vec::with_capacity(stored.len());
        for endpoint in stored.into_iter().filter(|endpoint| endpoint.settings.active) {
            match ready(&endpoint) {
                Ok(ready) => endpoints.push(ready),
                // The others must not wait for one that is broken.
                Err(error) => error!(integration = %endpoint.id, %error, "can't be sent to"),
            }
        }
        Ok(endpoints)
    }

    async fn disable(
        &self,
        integration_id: IntegrationId,
        reason: DisableReason,
    ) -> Result<(), QueueError> {
        let stored = self.0.endpoints().await.map_err(QueueError::new)?;
        let Some(endpoint) = stored.into_iter().find(|endpoint| endpoint.id == integration_id)
        else {
            return Ok(());
        };
        warn!(integration = %integration_id, ?reason, "disabled");
        let settings =
            bellpush_core::integration::IntegrationSettings { active: false, ..endpoint.settings };
        self.0
            .update_integration(endpoint.app_id, integration_id, &settings, u8::MAX)
            .await
            .map(drop)
            .map_err(QueueError::new)
    }
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

/// Tells the engine of what the log has written, and of changed integrations, until the log closes.
pub(crate) async fn announce(
    store: Store,
    mut written: mpsc::Receiver<Vec<PendingDelivery>>,
    integrations_changed: Arc<Notify>,
    announcer: Announcer,
) {
    let mut look = tokio::time::interval(LOOK_FOR_MISSED);
    loop {
        tokio::select! {
            batch = written.recv() => match batch {
                Some(batch) => announcer.deliveries(batch),
                None => return,
            },
            () = integrations_changed.notified() => announcer.endpoints_changed(),
            _ = look.tick() => if store.take_missed() {
                announcer.missed();
            },
        }
    }
}
