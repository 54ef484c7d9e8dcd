//! `/v1/apps/{appId}/events`: the event log, read back.

mod view;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{AppId, CallId, EventId},
};
use bellpush_store::{EventFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        paging::{PageQuery, context_filter, parsed},
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

pub(crate) use view::EventView;

/// The routes of events.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The events, newest first. Fewer than asked for, or none, also where more follow: a page looks
    /// through 10,000 events at most.
    items: Vec<EventView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventQuery {
    /// Only events of this call.
    #[param(value_type = Option<CallId>, inline)]
    call_id: Option<String>,
    /// Only events with this value in their context, as `key:value`.
    #[param(example = "orderId:A-12345", pattern = ":")]
    context: Option<String>,
    /// Only events of this name.
    #[param(example = "call_ended")]
    name: Option<String>,
    /// Only events that were stored then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<EventTime>,
    /// Only events that were stored earlier.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<EventTime>,
}

/// List events
#[utoipa::path(
    get, path = "/v1/apps/{appId}/events", operation_id = "listEvents", tag = "events",
    params(("appId" = String, Path), EventQuery, PageQuery),
    responses((status = 200, body = EventPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<EventQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<EventPage>, Problem> {
    let filter = EventFilter {
        call_id: parsed("callId", query.call_id.as_deref())?,
        context: context_filter(query.context.as_deref())?,
        name: query.name,
        from: query.from,
        to: query.to,
    };
    let request = page.request(|text| text.parse().ok().map(Seq))?;
    app(&store, app_id).await?;
    let page = store.events(app_id, &filter, request).await?;
    Ok(Json(EventPage {
        items: page.items.into_iter().map(EventView::try_from).collect::<Result<_, _>>()?,
        next: page.next.map(|seq| seq.to_string()),
    }))
}

/// Read an event
#[utoipa::path(
    get, path = "/v1/apps/{appId}/events/{eventId}", operation_id = "readEvent", tag = "events",
    params(("appId" = String, Path), ("eventId" = String, Path)),
    responses((status = 200, body = EventView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, EventId)>,
) -> Result<Json<EventView>, Problem> {
    app(&store, app_id).await?;
    let event = store.event(app_id, id).await?;
    let unknown = || Problem::not_found(format!("the app has no event {id}"));
    Ok(Json(event.ok_or_else(unknown)?.try_into()?))
}
