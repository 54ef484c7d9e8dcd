//! `…/integrations/{integrationId}/deliveries`: the delivery log.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    delivery::{AttemptRecord, DeliveryStatus, FailureClass, Seq, exchange::Exchange},
    events::EventTime,
    ids::{AppId, CallId, EventId, IntegrationId, RehearsalId},
};
use bellpush_delivery::Announcer;
use bellpush_store::{Delivery, DeliveryFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::statuses::Statuses;
use crate::{
    access::ActingAs,
    api::{
        integrations::lookup::find,
        paging::{PageQuery, context_filter, parsed},
        path::PathIds,
    },
    http::{body::QueryParameters, problem::Problem},
};

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// The event's id, sent as `webhook-id`.
    #[schema(value_type = String)]
    event_id: EventId,
    /// The event's name.
    event_name: String,
    /// The event's call.
    #[schema(value_type = Option<String>)]
    call_id: Option<CallId>,
    /// Where it stands.
    status: DeliveryStatus,
    /// Whether it was replayed.
    replayed: bool,
    /// Attempts so far, those before a replay included.
    attempt_count: u32,
    /// When the event was stored.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: EventTime,
    /// When the next attempt is due, while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due: Option<EventTime>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            event_id: delivery.event_id,
            event_name: delivery.event_name,
            call_id: delivery.call_id,
            status: delivery.status,
            replayed: delivery.earlier_attempts > 0,
            attempt_count: delivery.attempts,
            recorded_at: delivery.recorded_at,
            next_due: delivery.next_due,
        }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryDetails {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// The attempts so far, oldest first.
    attempts: Vec<AttemptView>,
}

/// One HTTP request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// Which attempt, from 1.
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: EventTime,
    /// How long it took, in milliseconds.
    duration_ms: u32,
    /// The answer's status, if there was an answer.
    status: Option<u16>,
    /// Why it failed; `null` for a success.
    failure: Option<FailureClass>,
    /// What the endpoint or the transport said, at most 4 KiB.
    detail: String,
    /// When the next attempt was due after it; `null` when it was the last.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due: Option<EventTime>,
    /// The rehearsal that it was simulated for, without sending anything; `null` for what was sent.
    #[schema(value_type = Option<String>)]
    rehearsal_id: Option<RehearsalId>,
    /// What was sent, and how long its parts took: of each attempt that failed, and of one a second
    /// of those that delivered; `null` of others, and where no request could be made.
    exchange: Option<Box<Exchange>>,
}

impl From<AttemptRecord> for AttemptView {
    fn from(record: AttemptRecord) -> Self {
        let AttemptRecord { number, started_at, duration_ms, status, failure, detail, .. } = record;
        let AttemptRecord { next_due, rehearsal_id, exchange, .. } = record;
        Self {
            number,
            started_at,
            duration_ms,
            status,
            failure,
            detail,
            next_due,
            rehearsal_id,
            exchange,
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    /// The deliveries, newest first.
    items: Vec<DeliveryView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Which deliveries. All that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryQuery {
    /// Only those of events of this name.
    #[param(example = "call_ended")]
    name: Option<String>,
    /// Only that of this event.
    #[param(value_type = Option<EventId>, inline)]
    event_id: Option<String>,
    /// Only those of events of this call.
    #[param(value_type = Option<CallId>, inline)]
    call_id: Option<String>,
    /// Only those of events with this value in their context, as `key:value`.
    #[param(example = "orderId:A-12345", pattern = ":")]
    context: Option<String>,
    /// Only those of events that were stored then or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only those of events that were stored earlier.
    #[param(format = DateTime)]
    to: Option<String>,
}

impl DeliveryQuery {
    /// The filter that it is, of deliveries that stand there.
    pub(super) fn filter(self, Statuses { status }: Statuses) -> Result<DeliveryFilter, Problem> {
        Ok(DeliveryFilter {
            statuses: status,
            name: self.name,
            event_id: parsed("eventId", self.event_id.as_deref())?,
            call_id: parsed("callId", self.call_id.as_deref())?,
            context: context_filter(self.context.as_deref())?,
            from: parsed("from", self.from.as_deref())?,
            to: parsed("to", self.to.as_deref())?,
        })
    }
}

/// List deliveries
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/deliveries", operation_id = "listDeliveries", tag = "deliveries",
    params(("appId" = String, Path), ("integrationId" = String, Path), Statuses, DeliveryQuery, PageQuery),
    responses((status = 200, body = DeliveryPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    statuses: Statuses,
    QueryParameters(query): QueryParameters<DeliveryQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<DeliveryPage>, Problem> {
    let filter = query.filter(statuses)?;
    let request = page.request(|text| text.parse().ok().map(Seq))?;
    find(&store, app_id, id).await?;
    let page = store.deliveries(app_id, id, &filter, request).await?;
    Ok(Json(DeliveryPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|seq| seq.to_string()),
    }))
}

/// Read a delivery with its attempts
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/deliveries/{eventId}", operation_id = "readDelivery",
    tag = "deliveries",
    params(
        ("appId" = String, Path), ("integrationId" = String, Path), ("eventId" = String, Path)
    ),
    responses((status = 200, body = DeliveryDetails))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id, event_id)): PathIds<(AppId, IntegrationId, EventId)>,
) -> Result<Json<DeliveryDetails>, Problem> {
    let delivery = find_delivery(&store, app_id, id, event_id).await?;
    let attempts = store.attempts(delivery.key).await?;
    let attempts = attempts.into_iter().map(Into::into).collect();
    Ok(Json(DeliveryDetails { delivery: delivery.into(), attempts }))
}

/// Replay a delivery
///
/// Delivers an event again that was delivered or given up, with the same id and the whole schedule of
/// retries before it. An inactive integration gets it when it is active again.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/deliveries/{eventId}/replay", operation_id = "replayDelivery",
    tag = "deliveries",
    params(
        ("appId" = String, Path), ("integrationId" = String, Path), ("eventId" = String, Path)
    ),
    responses(
        (status = 202, description = "It waits for its next attempt", body = DeliveryView),
        (status = 409, description = "It waits already"),
    )
)]
pub(crate) async fn replay(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id, event_id)): PathIds<(AppId, IntegrationId, EventId)>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let delivery = find_delivery(&store, app_id, id, event_id).await?;
    if !store.replay_delivery((app_id, event_id), delivery.key, &actor).await? {
        return Err(Problem::conflict("the delivery waits for an attempt already"));
    }
    announcer.replayed(id);
    let delivery = find_delivery(&store, app_id, id, event_id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

async fn find_delivery(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
    event_id: EventId,
) -> Result<Delivery, Problem> {
    find(store, app_id, id).await?;
    let delivery = store.delivery(app_id, id, event_id).await?;
    delivery.ok_or_else(|| {
        Problem::not_found(format!("the integration has no delivery of the event {event_id}"))
    })
}
