//! `/v1/apps/{appId}/callbacks`: visitors who asked to be called back.

use axum::{Json, extract::State};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId, CallbackId, EventId, SessionId},
    submission::CallbackReason,
};
use bellpush_store::{CallbackRequest, Store};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        paging::PageQuery,
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes of call-back requests.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A request to be called back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackView {
    /// Its id.
    #[schema(value_type = String)]
    id: CallbackId,
    /// The visitor's session.
    #[schema(value_type = String)]
    session_id: SessionId,
    /// The event `callback_requested`.
    #[schema(value_type = String)]
    event_id: EventId,
    /// The call that it was asked for in place of.
    #[schema(value_type = Option<String>)]
    call_id: Option<CallId>,
    /// Why.
    reason: CallbackReason,
    /// What the visitor filled in.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    form_values: Map<String, Value>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    requested_at: EventTime,
}

impl From<CallbackRequest> for CallbackView {
    fn from(request: CallbackRequest) -> Self {
        let CallbackRequest {
            id,
            session_id,
            event_id,
            call_id,
            reason,
            form_values,
            requested_at,
            ..
        } = request;
        Self { id, session_id, event_id, call_id, reason, form_values, requested_at }
    }
}

/// A page of call-back requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallbackPage {
    /// The requests, newest first.
    items: Vec<CallbackView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List call-back requests
#[utoipa::path(
    get, path = "/v1/apps/{appId}/callbacks", tag = "calls", operation_id = "listCallbacks", params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = CallbackPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<CallbackPage>, Problem> {
    app(&store, app_id).await?;
    let request = page.request(|text| text.parse().ok())?;
    let page = store.callback_requests(app_id, request).await?;
    Ok(Json(CallbackPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}
