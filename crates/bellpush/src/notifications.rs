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

    /// Sends what was not sent yet, oldest first. One that is refused is passed over until the next time.
    async fn send_all(&self, stopped: &CancellationToken) -> Result<(), StoreError> {
        let mut refused = 0;
        loop {
            let unsent = self.store.unsent_notifications(AT_ONCE + refused).await?;
            let mut rest = unsent.into_iter().skip(refused as usize).peekable();
            if rest.peek().is_none() {
                return Ok(());
            }
            for notification in rest {
                if stopped.is_cancelled() {
                    return Ok(());
                }
                match self.send(&notification).await {
                    Sent::Taken => self.store.notification_sent(notification.id).await?,
                    Sent::Refused => refused += 1,
                    Sent::Away => return Ok(()),
                }
            }
        }
    }

    async fn send(&self, notification: &Notification) -> Sent {
        let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = Request {
            method: Method::POST,
            uri: self.url.clone(),
            headers: HeaderMap::from_iter([content_type]),
            body: Bytes::from(body(notification)),
        };
        let answer = self.client.post(&request, TIMEOUT).await;
        let Some(failure) = answer.failure else { return Sent::Taken };
        let (failure, status) = (failure.as_str(), answer.status);
        warn!(failure, status, "the admins' webhook did not take a notification");
        match status {
            Some(400..=499) if status != Some(429) => Sent::Refused,
            _ => Sent::Away,
        }
    }
}

/// What became of a notification.
enum Sent {
    Taken,
    /// This one is not wanted as it is.
    Refused,
    /// The webhook takes none at the moment.
    Away,
}

/// Why an integration was switched off, in words.
pub(crate) const fn why(reason: DisableReason) -> &'static str {
    match reason {
        DisableReason::Gone => "its endpoint answered 410",
        DisableReason::Failing => "its endpoint has failed for 5 days",
    }
}

/// `text` is what chat programs show of it. They would take what is written in angle brackets for links, and for
/// words to everybody.
fn body(notification: &Notification) -> String {
    let Notification { id, app_id, integration_id, integration_name, reason, created_at } =
        notification;
    let text = format!(
        "Bellpush has switched off the integration {integration_name:?} ({integration_id}) of the \
         app {app_id}: {}.",
        why(*reason)
    );
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
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

#[cfg(test)]
mod tests {
    use bellpush_core::{events::EventTime, ids};
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_name_that_somebody_typed_is_no_markup_of_a_chat_program() {
        let name = "<!channel> <https://evil.example|Sign in> & more";
        let notification = Notification {
            id: ids::NotificationId::from_uuid(Uuid::nil()),
            app_id: ids::AppId::from_uuid(Uuid::nil()),
            integration_id: ids::IntegrationId::from_uuid(Uuid::nil()),
            integration_name: name.into(),
            reason: DisableReason::Gone,
            created_at: EventTime::from_millis(0).unwrap(),
        };
        let body: Value = serde_json::from_str(&body(&notification)).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("&lt;!channel&gt;") && text.contains("&amp; more"), "{text}");
        assert!(!text.contains(['<', '>']), "{text}");
        assert_eq!(body["notification"]["integrationName"], name);
    }
}
