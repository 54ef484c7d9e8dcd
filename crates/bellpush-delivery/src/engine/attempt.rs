//! One attempt: one signed request, and what came of it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use bellpush_core::{
    delivery::{DeliveryKey, FailureClass, PendingDelivery},
    events::EventTime,
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};
use jiff::Timestamp;
use tracing::Instrument;

use super::{metrics, queue::Endpoint};
use crate::{
    client::{Answer, WebhookClient},
    scheduler::AttemptReport,
};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const APP_ID: HeaderName = HeaderName::from_static("bellpush-app-id");
const CALL_ID: HeaderName = HeaderName::from_static("bellpush-call-id");
const ATTEMPT: HeaderName = HeaderName::from_static("bellpush-attempt");
const AGENT: &str = concat!("bellpush/", env!("CARGO_PKG_VERSION"));

/// Makes attempt `number` of a delivery. Always ends with a report, even when its own code panics:
/// otherwise the delivery would stay in flight for ever.
pub(super) async fn attempt(
    client: Arc<WebhookClient>,
    endpoint: Arc<Endpoint>,
    delivery: Arc<PendingDelivery>,
    number: u32,
) -> (DeliveryKey, AttemptReport) {
    let host = endpoint.url.url().host_str().unwrap_or_default();
    let span = tracing::info_span!(
        "attempt",
        event_id = %delivery.event_id,
        integration_id = %delivery.key.integration_id,
        number,
        // Never the whole URL: its path and query may hold secrets.
        host,
    );
    let (started_at, begun) = (EventTime::new(Timestamp::now()), Instant::now());
    let sending = async {
        let headers = headers(&endpoint, &delivery, number, Timestamp::now())?;
        let body = Bytes::copy_from_slice(delivery.body.as_bytes());
        Ok(client.post(&endpoint.url, headers, body).await)
    };
    let answer = AssertUnwindSafe(sending.instrument(span.clone()))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Ok(not_sent("the attempt failed inside the server")))
        .unwrap_or_else(|_: http::header::InvalidHeaderValue| not_sent("a header is not valid"));
    let duration = begun.elapsed();
    metrics::attempt_ended(answer.failure, duration);
    span.in_scope(|| match answer.failure {
        None => tracing::debug!(status = answer.status, ?duration, "delivered"),
        Some(failure) => {
            let (failure, detail) = (failure.as_str(), shown(&answer));
            tracing::info!(status = answer.status, ?duration, failure, detail, "attempt failed");
        }
    });
    let report = AttemptReport {
        started_at,
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        status: answer.status,
        failure: answer.failure,
        detail: answer.detail,
        retry_after: answer.retry_after,
    };
    (delivery.key, report)
}

fn headers(
    endpoint: &Endpoint,
    delivery: &PendingDelivery,
    number: u32,
    now: Timestamp,
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let timestamp = now.as_second();
    let signature = endpoint.secret.sign(delivery.event_id, timestamp, delivery.body.as_bytes());
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(WEBHOOK_ID, delivery.event_id.to_string().try_into()?);
    headers.insert(WEBHOOK_TIMESTAMP, timestamp.into());
    headers.insert(WEBHOOK_SIGNATURE, signature.try_into()?);
    headers.insert(APP_ID, delivery.app_id.to_string().try_into()?);
    if let Some(call_id) = delivery.call_id {
        headers.insert(CALL_ID, call_id.to_string().try_into()?);
    }
    headers.insert(ATTEMPT, number.into());
    Ok(headers)
}

fn not_sent(why: &str) -> Answer {
    Answer {
        status: None,
        failure: Some(FailureClass::Protocol),
        retry_after: None,
        detail: why.to_owned(),
    }
}

/// What the server's own log shows: our words, but not what an endpoint wrote, which belongs into
/// the delivery log of its owner only.
fn shown(answer: &Answer) -> &str {
    if answer.status.is_some() { "" } else { &answer.detail }
}
