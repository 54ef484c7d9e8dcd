//! `POST /v1/widget/events`: the events that the widget owns. A 2xx means that all are on disk.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::HeaderMap,
};
use bellpush_core::{
    app::Answers,
    design::Design,
    events::Event,
    ids::EventId,
    submission::{SessionFacts, Submission, SubmissionError, SubmittedEvent},
    trace_context::TraceParent,
};
use bellpush_store::{Append, AppendError, Session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::checks::Checks;
use crate::{
    clock::now,
    event_log::EventLog,
    http::{body, client_ip::LimitKey, headers::bearer, limits::Limits, problem::Problem},
    sessions::Sessions,
    tokens::{SessionToken, ToldToken},
};

/// Events in one request, at most.
const MAX_EVENTS: usize = 20;
/// Bytes of one request, at most: as many events with data and context at their limits.
const MAX_BYTES: usize = 512 * 1024;

/// Events of one session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Submissions {
    /// The session token, for requests that can't have headers of their own.
    #[schema(value_type = Option<String>)]
    token: Option<ToldToken>,
    /// The version of the design that the widget has loaded; the present one without it.
    design_version: Option<u32>,
    /// 1 to 20 events, in the order in which they happened.
    #[schema(min_items = 1, max_items = 20)]
    events: Vec<Submission>,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The ids of all events of the request, those that were known before included.
    #[schema(value_type = Vec<String>)]
    accepted: Vec<EventId>,
}

/// Submit events
///
/// All are stored, or none. An id that is known already is accepted and changes nothing, so that a
/// request may be repeated until it is answered.
#[utoipa::path(
    post, path = "/v1/widget/events", operation_id = "submitEvents", tag = "widget", security(("session" = [])),
    request_body = Submissions,
    responses(
        (status = 200, description = "All are on disk", body = Accepted),
        (status = 401, description = "No valid session"),
        (status = 409, description = "It contradicts what is there, such as a second survey"),
        (status = 422, description = "An event is not as the catalogue says"),
        (status = 429, description = "Too many events"),
        (status = 503, description = "Not possible right now"),
    )
)]
pub(crate) async fn submit(
    State(checks): State<Checks>,
    State(log): State<EventLog>,
    State(sessions): State<Sessions>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<Accepted>, Problem> {
    limits.event_request(address)?;
    // Whoever shows a token in the head is known before the body is read.
    if bearer(&headers).is_some() {
        sessions.authenticate(&headers, LimitKey(address)).await?;
    }
    let bytes = body::read(request.into_body(), MAX_BYTES).await?;
    let request: Submissions = body::parse_json(&bytes)?;
    let token = bearer(&headers)
        .or(request.token.as_ref().map(ToldToken::reveal))
        .and_then(SessionToken::parse);
    let token = token.ok_or_else(|| {
        Problem::session_expired("send the session token as Authorization: Bearer st_…")
    })?;
    let session = sessions.of_token(&token, LimitKey(address)).await?;
    let count = u32::try_from(request.events.len())
        .ok()
        .and_then(NonZeroU32::new)
        .filter(|count| count.get() as usize <= MAX_EVENTS)
        .ok_or_else(|| Problem::invalid(format!("send 1 to {MAX_EVENTS} events")).at("/events"))?;
    limits.events(address, session.id, count)?;

    let version = request.design_version;
    let now_ms = now().millis();
    let trace_parent = log.trace_parent(&headers);
    let mut appends = Vec::with_capacity(request.events.len());
    for (index, submission) in request.events.into_iter().enumerate() {
        let of_call = match (trace_parent, submission.call_id) {
            (None, Some(call_id)) => log.place_of_call(call_id).await?,
            (given, _) => given,
        };
        let append = check(&checks, &session, (submission, version), now_ms, of_call).await;
        appends.push(append.map_err(|problem| {
            let inner = problem.pointer.clone().unwrap_or_default();
            problem.at(format!("/events/{index}{inner}"))
        })?);
    }
    let stored = log.append(appends).await.map_err(|error| match error {
        AppendError::Refused { index, .. } => Problem::from(error).at(format!("/events/{index}")),
        _ => Problem::from(error),
    })?;
    let accepted = stored.iter().map(|appended| appended.event().id).collect();
    Ok(Json(Accepted { accepted }))
}

async fn check(
    checks: &Checks,
    session: &Session,
    (submission, version): (Submission, Option<u32>),
    now_ms: i64,
    trace_parent: Option<TraceParent>,
) -> Result<Append, Problem> {
    let facts = SessionFacts { context: &session.context, preview: session.preview, now_ms };
    let kind = submission.accept(facts).map_err(|error| {
        let at = if error == SubmissionError::Id { "/id" } else { "/event" };
        Problem::invalid(error.to_string()).at(at)
    })?;
    if let Some(call_id) = submission.call_id {
        checks.is_call_of(session, call_id).await?;
    }
    if let SubmittedEvent::Survey { answers, .. } = &kind {
        check_survey(checks, session, answers, version).await?;
    }
    let event = Event {
        id: submission.id,
        app_id: session.app_id,
        session_id: session.id,
        call_id: submission.call_id,
        preview: session.preview,
        trace_parent,
        envelope: submission.event,
    };
    Ok(match kind {
        SubmittedEvent::Survey { answers, .. } => Append::Survey { event, answers },
        SubmittedEvent::WidgetLoaded
        | SubmittedEvent::CallNotStarted(_)
        | SubmittedEvent::ButtonClicked
        | SubmittedEvent::Custom => Append::Event(event),
    })
}

/// Answers belong to the questions that the visitor was asked: those of the design, or of the settings
/// of an app that has no document.
async fn check_survey(
    checks: &Checks,
    session: &Session,
    answers: &Answers,
    version: Option<u32>,
) -> Result<(), Problem> {
    let app = checks.store.app(session.app_id).await?;
    let app = app.ok_or_else(|| Problem::session_expired("the app was deleted"))?;
    let checked = match checks.designs.answered(&app, session.preview, version).await? {
        Some(design) => design.check_answers(answers),
        // Widgets of settings have always sent comments that nobody asked for.
        None => Design::of_settings(&app.settings)
            .check_answers(&Answers { comment: None, ..answers.clone() }),
    };
    checked.map_err(|error| Problem::invalid(error.message).at(format!("/survey{}", error.pointer)))
}
