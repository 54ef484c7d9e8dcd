//! `…/integrations/{integrationId}/test`: one request to see whether an endpoint works.

use std::sync::Arc;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::{
        DeliveryKey, FailureClass, PendingDelivery, Seq,
        exchange::{Header, Timing},
    },
    events::{AnyEventName, EventName, is_custom_name, sample},
    ids::{AppId, CallId, IntegrationId},
};
use bellpush_delivery::Announcer;
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    api::{
        integrations::lookup::{find, unknown},
        path::PathIds,
    },
    clock::now,
    event_log::new_event_id,
    http::{body::JsonBody, limits::Limits, problem::Problem},
};

/// Which sample to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTest {
    /// The name of the event: one of the catalogue, or a custom one.
    #[schema(value_type = AnyEventName)]
    event: String,
}

/// A request with a sample event, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestReport {
    /// Whether an event would have been delivered.
    delivered: bool,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// How long its parts took.
    timing: Timing,
    /// What was sent.
    request: TestRequest,
    /// What the endpoint answered; `null` without an answer.
    response: Option<TestResponse>,
    /// Why an event would not have been delivered.
    failure: Option<FailureClass>,
    /// What went wrong, in words; `null` where the answer says it.
    problem: Option<String>,
}

/// What was sent. Secrets are not shown.
#[derive(Debug, Serialize, ToSchema)]
struct TestRequest {
    /// The URL as it is set, with its secrets named.
    url: String,
    /// The headers.
    headers: Vec<HeaderView>,
    /// The body.
    body: String,
}

/// What the endpoint answered. Secrets that it repeats show by their names.
#[derive(Debug, Serialize, ToSchema)]
struct TestResponse {
    /// The status.
    status: u16,
    /// The headers.
    headers: Vec<HeaderView>,
    /// The body, at most 4 KiB.
    body: String,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
struct HeaderView {
    /// Its name, in small letters.
    name: String,
    /// Its value.
    value: String,
}

impl From<Header> for HeaderView {
    fn from(Header { name, value }: Header) -> Self {
        Self { name, value }
    }
}

/// Send a test request
///
/// Sends a sample event at once, beside the queue: nothing is stored, and the breaker does not count
/// it. The integration may be inactive. At most 20 a minute for each integration.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/test", operation_id = "sendTestRequest", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    request_body = NewTest,
    responses((status = 200, description = "It was sent, or why not", body = TestReport))
)]
pub(crate) async fn send(
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    State(limits): State<Arc<Limits>>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    JsonBody(new): JsonBody<NewTest>,
) -> Result<Json<TestReport>, Problem> {
    let name: Result<EventName, _> = new.event.parse();
    if name.is_err() && !is_custom_name(&new.event) {
        let message = "write the name of a catalogue event, or of a custom one";
        return Err(Problem::invalid(message).at("/event"));
    }
    let integration = find(&store, app_id, id).await?;
    limits.test(id)?;
    let of_call = name.is_ok_and(|name| name != EventName::WidgetLoaded);
    let sample = PendingDelivery {
        preview: false,
        trace_parent: None,
        // It has no place in the log.
        key: DeliveryKey { integration_id: id, seq: Seq(0) },
        app_id,
        event_id: new_event_id(),
        call_id: of_call.then(|| CallId::from_uuid(Uuid::now_v7())),
        body: serde_json::to_string(&sample(&new.event, now()))
            .map_err(|_| Problem::internal("the sample can't be written"))?,
        attempts: 0,
        earlier_attempts: 0,
        due: now(),
    };
    let tested = announcer.test(sample).await?.ok_or_else(|| unknown(id))?;
    let outcome = tested.outcome;
    let problem = match outcome.failure {
        Some(failure) if failure != FailureClass::Status => Some(outcome.detail.clone()),
        _ => None,
    };
    let response = outcome.status.map(|status| TestResponse {
        status,
        headers: tested.response_headers.into_iter().map(Into::into).collect(),
        body: outcome.detail,
    });
    Ok(Json(TestReport {
        delivered: outcome.failure.is_none(),
        duration_ms: u64::try_from(tested.duration.as_millis()).unwrap_or(u64::MAX),
        timing: outcome.timing,
        request: TestRequest {
            url: integration.settings.url.to_string(),
            headers: tested.headers.into_iter().map(Into::into).collect(),
            body: String::from_utf8_lossy(&tested.body).into_owned(),
        },
        response,
        failure: outcome.failure,
        problem,
    }))
}
