//! `/v1/lookup`: where a pasted id, number or value leads.

use axum::{Json, extract::State};
use bellpush_core::{
    access::Resource,
    ids::{AppId, CallId, CallbackId, EventId, IntegrationId},
};
use bellpush_store::{Place, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::Caller,
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The route.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(look_up))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupQuery {
    /// An id (`call_…`, `cb_…`, `int_…`, `app_…`, an event's UUID, or a delivery as `int_…:UUID`), a
    /// telephone number, or a value of the context, such as an order's number.
    #[param(min_length = 1, max_length = 512, example = "A-12345")]
    q: String,
}

/// Where it leads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LookupResult {
    /// The places, up to 20; none when it is known nowhere.
    items: Vec<LookupHit>,
}

/// One place.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LookupHit {
    /// What it is.
    kind: LookupKind,
    /// The app that it is in.
    #[schema(value_type = String)]
    app_id: AppId,
    /// The call, or the call of the event if it has one.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<CallId>,
    /// The event, or the delivery's event.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<EventId>,
    /// The integration, or the delivery's.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_id: Option<IntegrationId>,
    /// The call-back request.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_id: Option<CallbackId>,
    /// For `context`: the filter of calls and events that finds what was looked for, as `key:value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LookupKind {
    /// An app.
    App,
    /// A call.
    Call,
    /// A call-back request.
    Callback,
    /// An integration.
    Integration,
    /// An event.
    Event,
    /// A delivery of an event to an integration.
    Delivery,
    /// Calls and events with a value in their context.
    Context,
}

impl From<Place> for LookupHit {
    fn from(place: Place) -> Self {
        let hit = |kind, app_id| Self {
            kind,
            app_id,
            call_id: None,
            event_id: None,
            integration_id: None,
            callback_id: None,
            context: None,
        };
        match place {
            Place::App(app) => hit(LookupKind::App, app),
            Place::Call(app, call) => Self { call_id: Some(call), ..hit(LookupKind::Call, app) },
            Place::Callback(app, id) => {
                Self { callback_id: Some(id), ..hit(LookupKind::Callback, app) }
            }
            Place::Integration(app, id) => {
                Self { integration_id: Some(id), ..hit(LookupKind::Integration, app) }
            }
            Place::Event(app, id, call_id) => {
                Self { event_id: Some(id), call_id, ..hit(LookupKind::Event, app) }
            }
            Place::Delivery(app, integration, event) => Self {
                integration_id: Some(integration),
                event_id: Some(event),
                ..hit(LookupKind::Delivery, app)
            },
            Place::Context(app, key, value) => {
                Self { context: Some(format!("{key}:{value}")), ..hit(LookupKind::Context, app) }
            }
        }
    }
}

/// What one must be allowed to read to be led there.
const fn resource(place: &Place) -> Resource {
    match place {
        Place::App(_) => Resource::Apps,
        Place::Call(..) | Place::Context(..) => Resource::Calls,
        Place::Callback(..) => Resource::Callbacks,
        Place::Integration(..) => Resource::Integrations,
        Place::Event(..) => Resource::Events,
        Place::Delivery(..) => Resource::Deliveries,
    }
}

/// Look something up
///
/// Where a pasted text leads, in all of one's apps.
#[utoipa::path(
    get, path = "/v1/lookup", operation_id = "lookUp", tag = "calls",
    params(LookupQuery),
    responses((status = 200, body = LookupResult))
)]
pub(crate) async fn look_up(
    caller: Caller,
    State(store): State<Store>,
    QueryParameters(LookupQuery { q }): QueryParameters<LookupQuery>,
) -> Result<Json<LookupResult>, Problem> {
    if q.is_empty() || q.chars().count() > 512 {
        return Err(Problem::invalid("q has 1 to 512 characters").of("q"));
    }
    let apps = store.apps().await?;
    let apps: Vec<_> =
        apps.iter().map(|app| app.id).filter(|id| caller.apps().contains(*id)).collect();
    let places = store.look_up(&apps, &q).await?.into_iter();
    let items = places.filter(|place| caller.may_read(resource(place), place.app_id()));
    Ok(Json(LookupResult { items: items.map(LookupHit::from).collect() }))
}
