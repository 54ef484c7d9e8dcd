//! Sessions: short-lived tokens, bound to an app and to the origin that embeds the widget.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use bellpush_core::{
    context::Context,
    events::EventTime,
    ids::{AppId, DestinationId},
    origin::AllowedOrigin,
    routing::RouteRequest,
};
use bellpush_store::{App, NewSession, Session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::challenge::Proof;
use crate::{
    Server,
    calls::routes::{self, OpennessView},
    http::{body::JsonBody, problem::Problem},
    tokens::SessionToken,
    turn::IceServer,
};

/// What a widget says of itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// The app.
    #[schema(value_type = String)]
    app_id: AppId,
    /// A widget key of the app.
    key: String,
    /// The origin of the page that embeds the widget.
    #[schema(value_type = String)]
    origin: AllowedOrigin,
    /// The URL context.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    context: Context,
    /// Whether this is a preview; for the server's own pages alone.
    #[serde(default)]
    preview: bool,
    /// The profile to call; the app's default without it.
    #[schema(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// The answer to a `challenge`.
    proof: Option<Proof>,
}

/// A session with its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionCreated {
    /// Sent as `Authorization: Bearer …`.
    token: String,
    /// Until when; refresh it before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
    /// The server's clock, to correct the browser's by.
    #[schema(value_type = String, format = DateTime)]
    server_time: EventTime,
    /// The session's context, which every event of the session carries.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    context: Context,
    /// Whether it is a preview.
    preview: bool,
    /// Whether its calls are taken now, and when that changes.
    hours: OpennessView,
    /// Servers that help media around a firewall, with credentials for this session's calls.
    ice_servers: Vec<IceServer>,
}

/// Begin a widget session
///
/// For the widget itself. An integrator's backend uses `POST /v1/sessions`.
#[utoipa::path(
    post, path = "/v1/widget/sessions", tag = "widget",
    request_body = SessionRequest,
    responses(
        (status = 201, description = "The session", body = SessionCreated),
        (status = 401, description = "The widget key is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The origin is not allowed", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value, such as a key of the context, is not acceptable", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "Some work has to be proved first: the problem's `challenge`, by ALTCHA's scheme", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many sessions", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<SessionRequest>,
) -> Result<(StatusCode, Json<SessionCreated>), Problem> {
    server.limits.session(server.limit_key(peer, &headers))?;
    server.check_widget_key(request.app_id, &request.key).await?;
    let app = server.store.app(request.app_id).await?;
    let app = app.ok_or_else(|| Problem::not_found("there is no such app"))?;
    let allowed = if request.preview {
        request.origin == server.config.own_origin
    } else {
        app.settings.allows(&request.origin)
    };
    if !allowed {
        let origin = &request.origin;
        return Err(Problem::origin_not_allowed(format!(
            "{origin} is not an allowed origin of this app; add it in the app's settings"
        ))
        .at("/origin"));
    }
    check_proof(&server, &app, request.proof.as_ref())?;
    let new = NewSession {
        app_id: request.app_id,
        origin: Some(request.origin),
        context: request.context,
        preview: request.preview,
        routing_key: None,
        destination_id: request.destination,
    };
    Ok((StatusCode::CREATED, Json(begin(&server, &app, new).await?)))
}

/// Refuses a browser that has to prove some work and has not.
fn check_proof(server: &Server, app: &App, proof: Option<&Proof>) -> Result<(), Problem> {
    let now = server.now();
    if !server.challenges.is_due(app.id, app.settings.challenge, now)
        || proof.is_some_and(|proof| server.challenges.accept(proof, now))
    {
        return Ok(());
    }
    metrics::counter!("bellpush_challenges_total").increment(1);
    let detail = "find the number behind the salt that has this hash, and send it as proof";
    Err(Problem::challenge_required(detail).with_challenge(server.challenges.ask(now)))
}

/// Stores a session with its first token.
pub(crate) async fn begin(
    server: &Server,
    app: &App,
    new: NewSession,
) -> Result<SessionCreated, Problem> {
    let asked = RouteRequest {
        destination_id: new.destination_id,
        routing_key: new.routing_key.as_deref(),
    };
    let hours = server.openness(app, asked).await?;
    let token = SessionToken::random();
    let expires_at = token_end(server);
    let session = server.store.create_session(new, &token.hash(), expires_at).await?;
    let session = session.ok_or_else(|| Problem::not_found("there is no such app"))?;
    Ok(created(server, &session, &token, expires_at, hours))
}

/// Refresh a session token
///
/// A new token for the same session. The old one stays valid until its own end.
#[utoipa::path(
    post, path = "/v1/widget/sessions/refresh", tag = "widget", security(("session" = [])),
    responses(
        (status = 200, description = "The session with a new token", body = SessionCreated),
        (status = 401, description = "No valid session", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<SessionCreated>, Problem> {
    server.limits.request(server.limit_key(peer, &headers))?;
    let session = server.authenticate_session(&headers).await?;
    renew(&server, &session).await.map(Json)
}

/// Gives a session one more token.
pub(crate) async fn renew(server: &Server, session: &Session) -> Result<SessionCreated, Problem> {
    let app = server.app_of(session.app_id).await?;
    let hours = server.openness(&app, routes::asked(session)).await?;
    let token = SessionToken::random();
    let expires_at = token_end(server);
    if !server.store.add_session_token(session.id, &token.hash(), expires_at).await? {
        return Err(Problem::session_expired("the session is gone"));
    }
    Ok(created(server, session, &token, expires_at, hours))
}

fn token_end(server: &Server) -> EventTime {
    later(server.now(), server.config.session_lifetime)
}

fn later(time: EventTime, by: Duration) -> EventTime {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(time.millis().saturating_add(millis)).unwrap_or(time)
}

fn created(
    server: &Server,
    session: &Session,
    token: &SessionToken,
    expires_at: EventTime,
    hours: OpennessView,
) -> SessionCreated {
    // A call may be placed until the token's end, and a TURN server asks for them again and again.
    let until = later(expires_at, server.config.max_call_duration);
    let ice_servers =
        server.config.turn.iter().map(|turn| turn.for_session(session.id, until)).collect();
    SessionCreated {
        token: token.reveal().to_owned(),
        expires_at,
        server_time: server.now(),
        context: session.context.clone(),
        preview: session.preview,
        hours,
        ice_servers,
    }
}
