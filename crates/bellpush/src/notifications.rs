//! Tells the admins by their webhook what they should know.
//!
//! What was not sent yet is on disk, so nothing is lost by a restart, and one that the webhook does
//! not take is sent again.

use std::{sync::Arc, time::Duration};

use bellpush_core::delivery::DisableReason;
use bellpush_delivery::{
    Request,
    client::{ClientError, ClientSettings, WebhookClient},
};
use bellpush_store::{Notification, Store, StoreError};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header::CONTENT_TYPE};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often what could not be sent is sent again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often it is looked for what another server has found out.
const LOOK_FOR_OTHERS: Duration = Duration::from_secs(10);
/// How long the webhook may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Notifications sent in one go.
const AT_ONCE: u32 = 20;

/// Sends notifications to the admins' webhook, for as long as the store is open.
pub(crate) struct AdminWebhook {
    client: WebhookClient,
    url: Uri,
    store: Store,
    /// Told when there is a new one.
    new: Arc<Notify>,
}

impl AdminWebhook {
    /// # Errors
    /// When the HTTP client can't be made.
    pub(crate) fn new(
        url: Uri,
        settings: &ClientSettings,
        store: Store,
        new: Arc<Notify>,
    ) -> Result<Self, ClientError> {
        Ok(Self { client: WebhookClient::new(settings)?, url, store, new })
    }

    /// Sends them until the server stops. One that is on its way then is waited for: whether it was taken
    /// has to be known, or the next server would send it again.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        let mut leading = self.store.leading();
        let again = if self.store.is_shared() { LOOK_FOR_OTHERS } else { AGAIN };
        loop {
            // One server tells them, of all that share a database.
            if self.store.leads()
                && let Err(error) = self.send_all(&stopped).await
            {
                warn!(%error, "notifications can't be read");
            }
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.new.notified() => {}
                _ = leading.changed() => {}
                () = tokio::time::sleep(again) => {}
            }
        }
    }

    async fn send_all(&self, stopped: &CancellationToken) -> Result<(), StoreError> {
        loop {
            let unsent = self.store.unsent_notifications(AT_ONCE).await?;
            if unsent.is_empty() {
                return Ok(());
            }
            for notification in unsent {
                if stopped.is_cancelled() || !self.send(&notification).await {
                    return Ok(());
                }
                self.store.notification_sent(notification.id).await?;
            }
        }
    }

    /// Whether it was taken.
    async fn send(&self, notification: &Notification) -> bool {
        let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = Request {
            method: Method::POST,
            uri: self.url.clone(),
            headers: HeaderMap::from_iter([content_type]),
            body: Bytes::from(body(notification)),
        };
        let answer = self.client.post(&request, TIMEOUT).await;
        if let Some(failure) = answer.failure {
            let (failure, status) = (failure.as_str(), answer.status);
            warn!(failure, status, "the admins' webhook did not take a notification");
        }
        answer.failure.is_none()
    }
}

/// Why an integration was switched off, in words.
pub(crate) const fn why(reason: DisableReason) -> &'static str {
    match reason {
        DisableReason::Gone => "its endpoint answered 410",
        DisableReason::Failing => "its endpoint has failed for 5 days",
    }
}

/// `text` is what chat programs show of it.
fn body(notification: &Notification) -> String {
    let Notification { id, app_id, integration_id, integration_name, reason, created_at } =
        notification;
    let text = format!(
        "Bellpush has switched off the integration {integration_name:?} ({integration_id}) of the \
         app {app_id}: {}.",
        why(*reason)
    );
    let notification = json!({
        "id": id,
        "kind": "integration_disabled",
        "appId": app_id,
        "integrationId": integration_id,
        "integrationName": integration_name,
        "reason": reason,
        "createdAt": created_at,
    });
    json!({ "text": text, "notification": notification }).to_string()
}
