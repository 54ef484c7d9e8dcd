//! `POST /v1/widget/callbacks`: a visitor asks to be called back.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use bellpush_core::{
    design::View,
    events::{Envelope, Event},
    ids::{CallId, CallbackId, EventId},
    submission::{CallbackReason, callback_envelope},
};
use bellpush_store::{Append, NewCallback};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::checks::Checks;
use crate::{
    calls::forms::{FormValue, FormValueName},
    clock::now,
    event_log::{EventLog, new_event_id},
    http::{body, client_ip::LimitKey, limits::Limits, problem::Problem},
    sessions::Sessions,
};

/// Bytes of one request, at most.
const MAX_BYTES: usize = 128 * 1024;

/// A request to be called back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallbackRequest {
    /// Why: `closed` in the state of that name, `busy`, `unanswered` or `unreachable` in `error`,
    /// `other` in `ended` and `error`.
    reason: CallbackReason,
    /// What the visitor filled in: `phone`, `email` and `time` as the design asks for them, and its
    /// own fields. It is kept in the server's records, and not put into events.
    #[serde(default)]
    #[schema(value_type = BTreeMap<FormValueName, FormValue>)]
    form_values: BTreeMap<String, String>,
    /// The call that it is asked for in place of.
    call_id: Option<CallId>,
    /// The version of the design that the widget has loaded.
    design_version: Option<u32>,
    /// The visitor's language: a BCP 47 tag.
    language: Option<String>,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackAccepted {
    /// Names the request, also in the event `callback_requested`.
    #[schema(value_type = String)]
    request_id: CallbackId,
    /// The event, for page and custom code.
    event: RequestedEvent,
}

/// An event with its id, the same as at the integrations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedEvent {
    /// A UUIDv7.
    #[schema(value_type = String)]
    id: EventId,
    /// The envelope of `callback_requested`.
    #[schema(value_type = Object)]
    event: Envelope,
}

/// Ask to be called back
///
/// Where the app's design offers it. A `201` means that the request and its event,
/// `callback_requested`, are on disk. It counts as a call does against the rate limits.
#[utoipa::path(
    post, path = "/v1/widget/callbacks", tag = "widget", operation_id = "requestCallback",
    security(("session" = [])), request_body = CallbackRequest,
    responses(
        (status = 201, description = "On disk", body = CallbackAccepted),
        (status = 401, description = "No valid session"),
        (status = 409, description = "The design was replaced more than a day ago"),
        (status = 422, description = "The design offers no call-back there, or a value is not as it asks for"),
        (status = 429, description = "Too many calls"),
        (status = 503, description = "Not possible right now"),
    )
)]
pub(crate) async fn create(
    State(checks): State<Checks>,
    State(log): State<EventLog>,
    State(sessions): State<Sessions>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, Json<CallbackAccepted>), Problem> {
    let session = sessions.authenticate(&headers, LimitKey(address)).await?;
    limits.call(address, session.id)?;
    let bytes = body::read(request.into_body(), MAX_BYTES).await?;
    let asked: CallbackRequest = body::parse_json(&bytes)?;
    let app = sessions.app(session.app_id).await?;
    let design = checks.designs.answered(&app, session.preview, asked.design_version).await?;
    let design = design
        .ok_or_else(|| Problem::invalid("the app's design offers no call-back").at("/reason"))?;
    let language = asked.language.as_deref();
    let view = View { open: None, language, context: &session.context };
    let mut refusal = None;
    let taken = asked.reason.states().iter().any(|state| {
        let checked = design.check_callback(*state, &asked.form_values, view);
        checked.map_err(|error| refusal = Some(error)).is_ok()
    });
    if let Some(error) = refusal.filter(|_| !taken) {
        let at = if error.pointer.is_empty() { "/reason" } else { "/formValues" };
        return Err(Problem::invalid(error.message).at(format!("{at}{}", error.pointer)));
    }
    if let Some(call_id) = asked.call_id {
        checks.is_call_of(&session, call_id).await?;
    }
    let trace_parent = match (log.trace_parent(&headers), asked.call_id) {
        (None, Some(call_id)) => log.place_of_call(call_id).await?,
        (given, _) => given,
    };
    let id = CallbackId::from_uuid(Uuid::now_v7());
    let event = Event {
        id: new_event_id(),
        app_id: session.app_id,
        session_id: session.id,
        call_id: None,
        preview: session.preview,
        trace_parent,
        envelope: callback_envelope(id, asked.reason, &session.context, session.preview, now()),
    };
    let form_values =
        asked.form_values.into_iter().map(|(name, value)| (name, value.into())).collect();
    let request = NewCallback { id, call_id: asked.call_id, reason: asked.reason, form_values };
    let told = RequestedEvent { id: event.id, event: event.envelope.clone() };
    log.append(vec![Append::CallbackRequested { event, request }]).await?;
    Ok((StatusCode::CREATED, Json(CallbackAccepted { request_id: id, event: told })))
}
