//! `POST /v1/sessions`: a session made by an integrator's own backend, which can vouch for what it
//! says: context, routing key and destination.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    context::Context,
    ids::{AppId, DestinationId},
    origin::AllowedOrigin,
    profile::{MAX_ROUTING_KEY_CHARS, RoutingKey, is_routing_key},
};
use bellpush_store::{NewSession, Store};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Caller, Identity},
    api::{path::app, profiles::resource::find},
    http::{body::JsonBody, problem::Problem},
    server::Server,
    sessions::{SessionCreated, Sessions},
};

/// The routes of sessions.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(create))
}

/// What the backend vouches for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrustedSessionRequest {
    /// The app.
    app_id: AppId,
    /// The origin of the page that will embed the widget; one of the app's allowed origins.
    origin: AllowedOrigin,
    /// The context that every event of the session carries.
    #[serde(default)]
    context: Context,
    /// The routing key: up to 128 characters.
    #[schema(value_type = Option<RoutingKey>)]
    routing_key: Option<String>,
    /// The profile to call; the app's default without it.
    destination_id: Option<DestinationId>,
}

/// Create a trusted session
///
/// Hand the token to the page: the widget takes it as its `session` parameter. The session ends with
/// the API key.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "createSession", tag = "sessions",
    request_body = TrustedSessionRequest,
    responses(
        (status = 201, body = SessionCreated),
        (status = 403, description = "The origin is not allowed"),
        (status = 404, description = "No such app"),
        (status = 422, description = "A value is not acceptable"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    JsonBody(request): JsonBody<TrustedSessionRequest>,
) -> Result<(StatusCode, Json<SessionCreated>), Problem> {
    caller.reaches(request.app_id)?;
    let app = app(&store, request.app_id).await?;
    if !app.settings.allows(&request.origin) {
        let detail = format!("{} is not an allowed origin of this app", request.origin);
        return Err(Problem::origin_not_allowed(detail).at("/origin"));
    }
    if let Some(key) = &request.routing_key
        && !is_routing_key(key)
    {
        let detail = format!(
            "a routing key has 1 to {MAX_ROUTING_KEY_CHARS} characters, and none of control"
        );
        return Err(Problem::invalid(detail).at("/routingKey"));
    }
    if let Some(id) = request.destination_id {
        find(&store, request.app_id, id)
            .await
            .map_err(|problem| Problem::invalid(problem.detail).at("/destinationId"))?;
    }
    let (sign_in_id, api_key_id) = match caller.identity() {
        Identity::Person(signed_in) => (Some(signed_in.sign_in.id), None),
        Identity::Key(key) => (None, Some(key.id)),
    };
    let new = NewSession {
        app_id: request.app_id,
        origin: Some(request.origin),
        context: request.context,
        preview: false,
        sign_in_id,
        api_key_id,
        widget_key_id: None,
        routing_key: request.routing_key,
        destination_id: request.destination_id,
        // A backend asks, whose browser would be none of a visitor's.
        browser: None,
        language: None,
    };
    Ok((StatusCode::CREATED, Json(sessions.begin(&app, new).await?)))
}
