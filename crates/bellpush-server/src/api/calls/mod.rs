//! `/v1/apps/{appId}/calls`: what became of calls.

use axum::{Json, extract::State};
use bellpush_core::{
    app::Answers,
    design::ConsentRecord,
    events::{EndReason, ErrorCode, EventTime},
    ids::{AppId, CallId, DestinationId, SessionId, TrunkId},
    trunk::SipFailure,
};
use bellpush_store::{Call, CallFilter, CallState, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        paging::{PageQuery, context_filter},
        path::{PathIds, app},
    },
    calls::quality::CallQuality,
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes of calls.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView {
    /// Its id.
    #[schema(value_type = String)]
    id: CallId,
    /// Its widget session.
    #[schema(value_type = String)]
    session_id: SessionId,
    /// The profile asked for; `null` for the default one.
    #[schema(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// The profile that was called first.
    #[schema(value_type = String)]
    profile_id: DestinationId,
    /// The session's routing key.
    routing_key: Option<String>,
    /// What the form before the call held.
    #[schema(value_type = Option<Object>)]
    form_values: Option<Map<String, Value>>,
    /// What the visitor consented to before it.
    consent: Option<ConsentRecord>,
    /// `live`, `ended` or `error`.
    state: &'static str,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    started_at: EventTime,
    /// When both sides heard each other first; known once the call is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    connected_at: Option<EventTime>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// Seconds between, for a call that ended cleanly.
    duration: Option<u64>,
    /// Who hung up: `user_hangup` or `remote_hangup`.
    #[schema(value_type = Option<String>)]
    reason: Option<EndReason>,
    /// Why it failed.
    #[schema(value_type = Option<String>)]
    error_code: Option<ErrorCode>,
    /// The profile that took the call, maybe after an overflow; known once the call is over.
    #[schema(value_type = Option<String>)]
    answered_by: Option<DestinationId>,
    /// The trunk that it was reached by; `null` for the demo.
    #[schema(value_type = Option<String>)]
    trunk_id: Option<TrunkId>,
    /// The Call-ID of the call on that trunk.
    sip_call_id: Option<String>,
    /// What the phone system said to it, of a call by a trunk that nobody took; known once the call is
    /// over.
    sip_failure: Option<SipFailure>,
    /// How it sounded, of calls that went by a trunk, and what did not go well at the visitor's side;
    /// known once the call is over.
    #[schema(value_type = Option<CallQuality>)]
    quality: Option<Value>,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        let (state, ended_at, duration, reason, error_code) = match call.state {
            CallState::Live => ("live", None, None, None, None),
            CallState::Ended { at, reason, duration } => {
                ("ended", Some(at), Some(duration), Some(reason), None)
            }
            CallState::Failed { at, code } => ("error", Some(at), None, None, Some(code)),
        };
        let (answered_by, dialog) = call.answered_by.map(|by| (by.profile_id, by.dialog)).unzip();
        let (trunk_id, sip_call_id) =
            dialog.flatten().map(|dialog| (dialog.trunk_id, dialog.call_id)).unzip();
        Self {
            id: call.id,
            session_id: call.session_id,
            destination_id: call.destination_id,
            profile_id: call.profile_id,
            routing_key: call.routing_key,
            form_values: call.form_values,
            consent: call.consent,
            state,
            started_at: call.started_at,
            connected_at: call.connected_at,
            ended_at,
            duration,
            reason,
            error_code,
            answered_by,
            trunk_id,
            sip_call_id,
            sip_failure: call.sip_failure,
            quality: call.quality,
        }
    }
}

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallPage {
    /// The calls, newest first.
    items: Vec<CallView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallQuery {
    /// Only calls with this value in their context, as `key:value`.
    #[param(example = "orderId:A-12345", pattern = ":")]
    context: Option<String>,
}

/// List calls
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls", operation_id = "listCalls", tag = "calls",
    params(("appId" = String, Path), CallQuery, PageQuery),
    responses(
        (status = 200, body = CallPage),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<CallQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<CallPage>, Problem> {
    let filter = CallFilter { context: context_filter(query.context.as_deref())? };
    let request = page.request(|text| text.parse().ok())?;
    app(&store, app_id).await?;
    let page = store.calls(app_id, &filter, request).await?;
    Ok(Json(CallPage {
        items: page.items.into_iter().map(CallView::from).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// A call with what the visitor said of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallDetails {
    #[serde(flatten)]
    call: CallView,
    /// The answers to the survey, if it was submitted.
    survey: Option<Answers>,
}

/// Read a call
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/{callId}", operation_id = "readCall", tag = "calls",
    params(("appId" = String, Path), ("callId" = String, Path)),
    responses(
        (status = 200, body = CallDetails),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, CallId)>,
) -> Result<Json<CallDetails>, Problem> {
    let call = store.call(id).await?.filter(|call| call.app_id == app_id);
    let call = call.ok_or_else(|| Problem::not_found(format!("the app has no call {id}")))?;
    let survey = store.survey_answers(id).await?;
    Ok(Json(CallDetails { call: call.into(), survey }))
}
