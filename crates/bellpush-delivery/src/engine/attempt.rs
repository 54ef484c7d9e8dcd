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
    rehearsal::EndpointFault,
    trace::{AttemptFacts, Tracer},
};
use futures_util::FutureExt;
use http::HeaderName;
use jiff::Timestamp;

use super::metrics;
use crate::{
    client::{Outcome, WebhookClient},
    endpoint::{Endpoint, RequestError},
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
    let (start_time, begun) = (Timestamp::now(), Instant::now());
    let traced = tracer.map(|tracer| {
        let span_id = rand::random::<NonZeroU64>();
        let place = tracer.attempt(&delivery, span_id);
        (tracer, place)
    });
    let sending = async {
        let mut request = endpoint.request(&delivery, number, start_time)?;
        if let Some((_, place)) = &traced {
            request.headers.insert(TRACE_PARENT, place.to_string().try_into()?);
        }
        let outcome = client.post(&request, endpoint.timeout).await;
        let exchange = endpoint
            .keeps_in_full(outcome.failure.is_none(), start_time)
            .then(|| Box::new(endpoint.exchange(&request, &delivery.body, &outcome)));
        Ok((outcome, exchange))
    };
    let without = |outcome| (outcome, None);
    let (mut outcome, exchange) = AssertUnwindSafe(sending)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            let said = "the attempt failed inside the server";
            Ok(without(Outcome::none(FailureClass::Protocol, said)))
        })
        .unwrap_or_else(|error: RequestError| {
            without(Outcome::none(error.class(), error.to_string()))
        });
    let duration = begun.elapsed();
    metrics::attempt_ended(outcome.failure, duration);
    outcome.detail = endpoint.redact(outcome.detail, outcome.is_cut);
    log(&endpoint, &delivery, number, &outcome, duration);
    if let Some((tracer, place)) = traced {
        let (host, end_time) =
            (&endpoint.host, start_time.saturating_add(duration).unwrap_or(start_time));
        let Outcome { status, failure, .. } = outcome;
        let facts = AttemptFacts { number, host, start_time, end_time, status, failure };
        tracer.attempted(&delivery, place, facts);
    }
    let report = AttemptReport {
        started_at: EventTime::new(start_time),
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        status: outcome.status,
        failure: outcome.failure,
        detail: outcome.detail,
        retry_after: outcome.retry_after,
        exchange,
    };
    (delivery.key, report)
}

/// Ends attempt `number` of a preview as a rehearsal says, without sending anything. It is in the
/// delivery log, and in no figure or trace of what was sent.
pub(super) async fn simulated_attempt(
    fault: EndpointFault,
    endpoint: Arc<Endpoint>,
    delivery: Arc<PendingDelivery>,
    number: u32,
) -> (DeliveryKey, AttemptReport) {
    let (start_time, begun) = (Timestamp::now(), Instant::now());
    let answer = fault.answer(endpoint.timeout);
    tokio::time::sleep(answer.after).await;
    let duration = begun.elapsed();
    let (event_id, integration_id) = (delivery.event_id, delivery.key.integration_id);
    tracing::info!(
        %event_id, %integration_id, number, failure = answer.failure.as_str(), "attempt rehearsed"
    );
    let report = AttemptReport {
        started_at: EventTime::new(start_time),
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        status: answer.status,
        failure: Some(answer.failure),
        detail: answer.detail.to_owned(),
        retry_after: answer.retry_after,
        exchange: None,
    };
    (delivery.key, report)
}

/// One line, and no span around the attempt: of those that succeed nothing is logged as a rule, and a
/// span would still cost as much as the signature.
fn log(
    endpoint: &Endpoint,
    delivery: &PendingDelivery,
    number: u32,
    outcome: &Outcome,
    duration: Duration,
) {
    let (event_id, integration_id) = (delivery.event_id, delivery.key.integration_id);
    let (host, status) = (&endpoint.host, outcome.status);
    match outcome.failure {
        None => tracing::debug!(
            %event_id, %integration_id, number, host, status, ?duration, "delivered"
        ),
        Some(failure) => tracing::info!(
            %event_id, %integration_id, number, host, status, ?duration,
            failure = failure.as_str(), detail = shown(outcome), "attempt failed"
        ),
    }
}

/// What the server's own log shows: our words, but not what an endpoint wrote, which belongs into
/// the delivery log of its owner only.
fn shown(outcome: &Outcome) -> &str {
    if outcome.status.is_some() { "" } else { &outcome.detail }
}
