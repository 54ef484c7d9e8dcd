//! `POST /v1/calls`: an offer in, an answer out, and `call_started` on disk before it.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bellpush_call::{PlaceCall, PlaceError};
use bellpush_core::{
    design::{ConsentRecord, GivenConsent, View},
    events::Event,
    ids::{CallId, DestinationId},
    lifecycle::{Input, Lifecycle},
    routing::{CallFacts, RouteRequest},
    trace_context::TraceParent,
};
use bellpush_store::{App, Append, AppendError, NewCall, Refusal, Session};
use serde::{Deserialize, Serialize};
use tracing::warn;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    call_clock::CallClock,
    forms::{FormValue, FormValueName, MAX_FORM_NAME_CHARS, MAX_FORM_VALUE_CHARS, SdpOffer},
    live::{self, AcceptedCall, Before},
    permits, routes,
    state::Calls,
    stream::Content,
};
use crate::{
    clock::now,
    hours::opening_status,
    http::{body, client_ip::LimitKey, headers::value, limits::Limits, problem::Problem},
    tokens::{ResumeToken, ToldToken},
};

/// Carries the token for the next page beside an SDP answer.
const RESUME_TOKEN: header::HeaderName = header::HeaderName::from_static("bellpush-resume-token");
/// Bytes of an offer with its form values, at most.
pub(super) const MAX_OFFER_BYTES: usize = 128 * 1024;
/// Fields of the form before the call, at most.
const MAX_FORM_VALUES: usize = 32;
pub(super) const SDP: &str = "application/sdp";

/// An offer with what goes beside it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallRequest {
    /// The SDP offer.
    #[schema(value_type = SdpOffer)]
    sdp: String,
    /// What the visitor filled in before the call. It goes into the call's record, not into events.
    #[serde(default)]
    #[schema(value_type = BTreeMap<FormValueName, FormValue>)]
    form_values: BTreeMap<String, String>,
    /// What the visitor consented to before the call, where the app's design asks for it.
    consent: Option<GivenConsent>,
    /// The version of the design that the widget has loaded; the present one without it.
    design_version: Option<u32>,
    /// The visitor's language, a BCP 47 tag: some fields are shown in some languages only.
    language: Option<String>,
    /// The profile to call; the session's, or else the app's default, without it.
    destination: Option<DestinationId>,
}

/// An accepted call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallAccepted {
    /// The call's id.
    #[schema(value_type = String)]
    call_id: CallId,
    /// The SDP answer.
    sdp: String,
    /// Takes the call up from the next page, once; also in the head, as `Bellpush-Resume-Token`.
    #[schema(value_type = String)]
    resume_token: ToldToken,
    #[serde(skip)]
    etag: HeaderValue,
}

/// Place a call
///
/// In WHIP's form (RFC 9725): the body is an SDP offer, the answer comes back with `201` and the
/// call's address in `Location`. As JSON, form values and a destination can go with the offer. A
/// `201` means that `call_started` is on disk.
#[utoipa::path(
    post, path = "/v1/calls", operation_id = "placeCall", tag = "calls", security(("session" = [])),
    request_body(content((SdpOffer = "application/sdp"), (CallRequest = "application/json"))),
    responses(
        (status = 201, description = "Accepted; the body is the answer, as SDP or as JSON like the request", content((String = "application/sdp"), (CallAccepted = "application/json"))),
        (status = 401, description = "No valid session"),
        (status = 403, description = "Outside business hours"),
        (status = 422, description = "The offer can't be answered"),
        (status = 429, description = "Too many calls"),
        (status = 503, description = "Not possible right now"),
    )
)]
pub(crate) async fn place(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    limits.call(address, session.id)?;
    let as_json = is_json(&headers)?;
    let bytes = body::read(request.into_body(), MAX_OFFER_BYTES).await?;
    let call = if as_json {
        body::parse_json::<CallRequest>(&bytes)?
    } else {
        let sdp = String::from_utf8(bytes.to_vec())
            .map_err(|_| Problem::offer_invalid("the offer is not text in UTF-8"))?;
        CallRequest {
            sdp,
            form_values: BTreeMap::new(),
            consent: None,
            design_version: None,
            language: None,
            destination: None,
        }
    };
    check_form(&call.form_values)?;
    // In a task of its own: a visitor who goes away now must not leave a call half accepted.
    let accepting = tokio::spawn({
        let (calls, parent) = (Arc::clone(&calls), calls.log.trace_parent(&headers));
        async move { accept(&calls, session, address, call, parent).await }
    });
    let accepted = accepting.await.map_err(|error| {
        warn!(%error, "accepting a call failed");
        Problem::internal("the call could not be accepted")
    })?;
    // An offer by itself is the whole body.
    let accepted = accepted.map_err(|problem| match problem.pointer {
        Some(_) if !as_json => problem.at(""),
        _ => problem,
    })?;
    let location = calls.address_of(accepted.call_id);
    let (etag, resume_token) = (accepted.etag.clone(), accepted.resume_token.clone());
    let mut response = if as_json {
        (StatusCode::CREATED, Json(accepted)).into_response()
    } else {
        let sdp = [(header::CONTENT_TYPE, HeaderValue::from_static(SDP))];
        (StatusCode::CREATED, sdp, accepted.sdp).into_response()
    };
    let head = response.headers_mut();
    head.insert(header::LOCATION, value(&location));
    head.insert(header::ETAG, etag);
    head.insert(RESUME_TOKEN, value(resume_token.reveal()));
    Ok(response)
}

async fn accept(
    calls: &Arc<Calls>,
    session: Arc<Session>,
    address: IpAddr,
    request: CallRequest,
    trace_parent: Option<TraceParent>,
) -> Result<CallAccepted, Problem> {
    let asked_for = request.destination.or(session.destination_id);
    let app = calls.sessions.app(session.app_id).await?;
    let profiles = opening_status::profiles(&calls.store, &app).await?;
    let asked =
        RouteRequest { destination_id: asked_for, ..opening_status::route_request(&session) };
    let hops = profiles.route(asked, now().timestamp())?;
    let profile_id = hops.first().map_or(profiles.default, |hop| hop.profile_id);
    let consent = check_design(calls, &app, &session, &request).await?;
    let id = CallId::from_uuid(Uuid::now_v7());
    let facts = CallFacts {
        call_id: id,
        app_id: app.id,
        context: &session.context,
        routing_key: session.routing_key.as_deref(),
        form: &request.form_values,
        consent: consent.as_ref().map(|consent| consent.hash.as_str()),
    };
    let mut routes = routes::of_hops(calls, &facts, &hops).await?;
    routes::rehearse(calls, &session, &mut routes).await?;
    if calls.is_draining() {
        return Err(
            Problem::shutting_down("the server is stopping; try again in a moment").retry_after(5)
        );
    }
    let permit = calls
        .permits
        .acquire((app.id, app.settings.max_calls), (address, calls.config.max_calls_per_address))?;
    check_room(calls, &app).await?;
    let max_duration = calls.config.max_call_duration;
    let placing =
        PlaceCall { call_id: id, offer: request.sdp.clone(), routes, max_duration, former: None };
    // Before the first message goes out.
    calls.log.recorder().begin(id, app.id);
    let placed = calls.engine.place(placing).await.map_err(refusal).inspect_err(|_| {
        calls.log.recorder().end(id);
    })?;

    let clock = CallClock::start(calls.clock.now());
    let accepted_at = clock.accepted_at();
    let mut lifecycle = Lifecycle::default();
    let accept = Input::Accept {
        destination_id: asked_for,
        routing_key: session.routing_key.clone(),
        has_form_values: !request.form_values.is_empty(),
    };
    let started = lifecycle
        .handle(accepted_at, Input::Tap)
        .and_then(|_| lifecycle.handle(accepted_at, accept))
        .ok()
        .flatten()
        .ok_or_else(|| Problem::internal("the life cycle refused a new call"))?;
    let trace = calls.log.new_call(id, trace_parent);
    let event = live::event_of(&session, id, &started, accepted_at);
    let event = Event { trace_parent: trace.place, ..event };
    let resume_token = ResumeToken::random();
    let call = NewCall {
        destination_id: asked_for,
        profile_id,
        routing_key: session.routing_key.clone(),
        node_id: calls.node_id,
        // One server knows by itself.
        app_limit: app.settings.max_calls.filter(|_| calls.store.is_shared()),
        resume: resume_token.hash(),
        form_values: Some(request.form_values)
            .filter(|values| !values.is_empty())
            .map(|values| values.into_iter().map(|(name, value)| (name, value.into())).collect()),
        consent,
    };
    let stored = calls.log.append(vec![Append::CallStarted { event, call }]).await;
    let started = match stored.map(|appended| appended.into_iter().next()) {
        Ok(Some(started)) => started,
        failed => {
            calls.engine.drop_call(id).await;
            calls.log.recorder().end(id);
            if let Err(AppendError::Store(_)) = failed {
                let calls = Arc::clone(calls);
                tokio::spawn(async move {
                    live::end_if_started(&calls, &session, id, (clock, trace)).await;
                });
            }
            return Err(match failed {
                Err(AppendError::Refused { reason: Refusal::TooManyCalls, .. }) => {
                    permits::full_app()
                }
                Err(error) => error.into(),
                Ok(_) => Problem::internal("the call could not be accepted"),
            });
        }
    };
    let accepted = AcceptedCall {
        id,
        session,
        clock,
        trace,
        started: Content::event(&started),
        before: Before::default(),
        signals: placed.signals,
        permit,
        offer: request.sdp,
        answer: placed.answer.clone(),
        resume: resume_token.hash(),
    };
    let call = live::follow(calls, accepted);
    let resume_token = resume_token.reveal().into();
    let etag = value(&call.connection().etag);
    Ok(CallAccepted { call_id: id, sdp: placed.answer, resume_token, etag })
}

/// Refuses a call of an app that has as many as it may have at all servers, before its telephone rings. Two
/// that come at once are told apart by the event log.
async fn check_room(calls: &Calls, app: &App) -> Result<(), Problem> {
    match app.settings.max_calls {
        Some(most) if calls.store.is_shared() && !calls.store.has_room(app.id, most).await? => {
            Err(permits::full_app())
        }
        _ => Ok(()),
    }
}

/// Form values and consent against the design that the visitor has seen; the consent for the record.
/// An app without a document has no form, and takes what its page gives.
async fn check_design(
    calls: &Calls,
    app: &App,
    session: &Session,
    request: &CallRequest,
) -> Result<Option<ConsentRecord>, Problem> {
    let design = calls.designs.answered(app, session.preview, request.design_version).await?;
    let Some(design) = design else {
        return match request.consent {
            Some(_) => Err(Problem::invalid("the app asks for no consent").at("/consent")),
            None => Ok(None),
        };
    };
    let language = request.language.as_deref();
    // Calls are taken, or it would not have come this far.
    let view = View { open: Some(true), language, context: &session.context };
    design.check_form(&request.form_values, view).map_err(|error| {
        Problem::invalid(error.message).at(format!("/formValues{}", error.pointer))
    })?;
    design
        .record_consent(request.consent.as_ref(), view, now())
        .map_err(|message| Problem::invalid(message).at("/consent"))
}

pub(super) fn refusal(error: PlaceError) -> Problem {
    match error {
        PlaceError::Offer(reason) => Problem::offer_invalid(reason.to_string()).at("/sdp"),
        PlaceError::NoRoute => Problem::internal("a call has no route"),
        PlaceError::DuplicateId => Problem::internal("two calls got the same id"),
        PlaceError::Overloaded => {
            Problem::unavailable("the server has as many calls as it can take").retry_after(5)
        }
        PlaceError::ShuttingDown => {
            Problem::shutting_down("the server is stopping; try again in a moment").retry_after(5)
        }
    }
}

fn is_json(headers: &HeaderMap) -> Result<bool, Problem> {
    match &*body::content_type(headers) {
        SDP => Ok(false),
        "application/json" => Ok(true),
        other => Err(other_type(other, &format!("the offer as {SDP} or as application/json"))),
    }
}

/// The answer to a body of another content type, or of none.
pub(super) fn other_type(given: &str, wanted: &str) -> Problem {
    if given.is_empty() {
        Problem::malformed(format!("send {wanted}, and say so in Content-Type"))
    } else {
        Problem::unsupported_media_type(format!("{given} is not taken here; send {wanted}"))
    }
}

fn check_form(values: &BTreeMap<String, String>) -> Result<(), Problem> {
    if values.len() > MAX_FORM_VALUES {
        let detail = format!("a form has at most {MAX_FORM_VALUES} values");
        return Err(Problem::invalid(detail).at("/formValues"));
    }
    for (name, value) in values {
        if name.is_empty() || name.chars().count() > MAX_FORM_NAME_CHARS {
            let detail =
                format!("the name of a form value has 1 to {MAX_FORM_NAME_CHARS} characters");
            return Err(Problem::invalid(detail).at("/formValues"));
        }
        if value.chars().count() > MAX_FORM_VALUE_CHARS {
            let detail =
                format!("the form value {name:?} has more than {MAX_FORM_VALUE_CHARS} characters");
            return Err(Problem::invalid(detail).at("/formValues"));
        }
    }
    Ok(())
}
