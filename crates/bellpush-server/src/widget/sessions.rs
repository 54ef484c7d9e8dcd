//! Sessions: short-lived tokens, bound to an app and to the origin that embeds the widget.

use std::{net::SocketAddr, sync::Arc};

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
};
use bellpush_store::{NewSession, Session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Server,
    http::{body::JsonBody, problem::Problem},
    tokens::SessionToken,
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
    if request.destination.is_some() {
        server.profile(request.app_id, request.destination).await?;
    }
    let new = NewSession {
        app_id: request.app_id,
        origin: Some(request.origin),
        context: request.context,
        preview: request.preview,
        routing_key: None,
        destination_id: request.destination,
    };
    Ok((StatusCode::CREATED, Json(begin(&server, new).await?)))
}

/// Stores a session with its first token.
pub(crate) async fn begin(server: &Server, new: NewSession) -> Result<SessionCreated, Problem> {
    let token = SessionToken::random();
    let expires_at = token_end(server);
    let session = server.store.create_session(new, &token.hash(), expires_at).await?;
    let session = session.ok_or_else(|| Problem::not_found("there is no such app"))?;
    Ok(created(server, &session, &token, expires_at))
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
    let token = SessionToken::random();
    let expires_at = token_end(&server);
    if !server.store.add_session_token(session.id, &token.hash(), expires_at).await? {
        return Err(Problem::session_expired("the session is gone"));
    }
    Ok(Json(created(&server, &session, &token, expires_at)))
}

fn token_end(server: &Server) -> EventTime {
    let now = server.now();
    let lifetime = i64::try_from(server.config.session_lifetime.as_millis()).unwrap_or(i64::MAX);
    EventTime::from_millis(now.millis().saturating_add(lifetime)).unwrap_or(now)
}

fn created(
    server: &Server,
    session: &Session,
    token: &SessionToken,
    expires_at: EventTime,
) -> SessionCreated {
    SessionCreated {
        token: token.reveal().to_owned(),
        expires_at,
        server_time: server.now(),
        context: session.context.clone(),
        preview: session.preview,
    }
}
