//! One attempt: one signed request, and what came of it.

use std::{
    num::NonZeroU64,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    delivery::{DeliveryKey, FailureClass, PendingDelivery},
    events::EventTime,
    trace::{AttemptFacts, Tracer},
};
use futures_util::FutureExt;
use http::HeaderName;
use jiff::Timestamp;

use super::metrics;
use crate::{
    client::{Answer, WebhookClient},
    endpoint::{Endpoint, NotMade},
    scheduler::AttemptReport,
};

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Makes attempt `number` of a delivery. Always ends with a report, even when its own code panics:
/// otherwise the delivery would stay in flight for ever.
pub(super) async fn attempt(
    client: Arc<WebhookClient>,
    tracer: Option<Tracer>,
    endpoint: Arc<Endpoint>,
    delivery: Arc<PendingDelivery>,
    number: u32,
) -> (DeliveryKey, AttemptReport) {
    let (began, begun) = (Timestamp::now(), Instant::now());
    let traced = tracer.map(|tracer| {
        let span_id = rand::random::<NonZeroU64>();
        let place = tracer.attempt(&delivery, span_id);
        (tracer, place)
    });
    let sending = async {
        let mut request = endpoint.request(&delivery, number, began)?;
        if let Some((_, place)) = &traced {
            request.headers.insert(TRACE_PARENT, place.to_string().try_into()?);
        }
        Ok(client.post(request, endpoint.timeout).await)
    };
    let answer = AssertUnwindSafe(sending)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            Ok(Answer::none(FailureClass::Protocol, "the attempt failed inside the server"))
        })
        .unwrap_or_else(|error: NotMade| Answer::none(error.class(), error.to_string()));
    let duration = begun.elapsed();
    metrics::attempt_ended(answer.failure, duration);
    log(&endpoint, &delivery, number, &answer, duration);
    if let Some((tracer, place)) = traced {
        let (host, ended) = (&endpoint.host, began.saturating_add(duration).unwrap_or(began));
        let Answer { status, failure, .. } = answer;
        let facts = AttemptFacts { number, host, began, ended, status, failure };
        tracer.attempted(&delivery, place, facts);
    }
    let report = AttemptReport {
        started_at: EventTime::new(began),
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        status: answer.status,
        failure: answer.failure,
        detail: endpoint.without_secrets(answer.detail),
        retry_after: answer.retry_after,
    };
    (delivery.key, report)
}

/// One line, and no span around the attempt: of those that succeed nothing is logged as a rule, and a
/// span would still cost as much as the signature.
fn log(
    endpoint: &Endpoint,
    delivery: &PendingDelivery,
    number: u32,
    answer: &Answer,
    duration: Duration,
) {
    let (event_id, integration_id) = (delivery.event_id, delivery.key.integration_id);
    let (host, status) = (&endpoint.host, answer.status);
    match answer.failure {
        None => tracing::debug!(
            %event_id, %integration_id, number, host, status, ?duration, "delivered"
        ),
        Some(failure) => tracing::info!(
            %event_id, %integration_id, number, host, status, ?duration,
            failure = failure.as_str(), detail = shown(answer), "attempt failed"
        ),
    }
}

/// What the server's own log shows: our words, but not what an endpoint wrote, which belongs into
/// the delivery log of its owner only.
fn shown(answer: &Answer) -> &str {
    if answer.status.is_some() { "" } else { &answer.detail }
}
