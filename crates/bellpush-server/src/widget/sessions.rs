//! Sessions as widgets ask for them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header},
};
use bellpush_core::{
    analytics::{browser_of, language_of},
    context::Context,
    ids::{AppId, DestinationId},
    origin::AllowedOrigin,
};
use bellpush_store::{App, NewSession, Store};
use serde::Deserialize;
use utoipa::ToSchema;

use super::keys::check_widget_key;
use crate::{
    clock,
    config::ServerConfig,
    http::{
        body::JsonBody,
        challenge::{Challenges, Proof},
        client_ip::LimitKey,
        limits::Limits,
        problem::Problem,
    },
    sessions::{Maker, SessionCreated, Sessions},
    tokens::ToldToken,
};

/// What a widget says of itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// The app.
    app_id: AppId,
    /// A widget key of the app.
    key: String,
    /// The origin of the page that embeds the widget.
    origin: AllowedOrigin,
    /// The URL context.
    #[serde(default)]
    context: Context,
    /// Whether this is a preview; for the server's own pages alone.
    #[serde(default)]
    preview: bool,
    /// What a preview is begun with: made by the API, short-lived.
    #[schema(value_type = Option<String>)]
    preview_token: Option<ToldToken>,
    /// The profile to call; the app's default without it.
    destination: Option<DestinationId>,
    /// The answer to a `challenge`.
    proof: Option<Proof>,
}

/// Begin a widget session
///
/// For the widget itself. An integrator's backend uses `POST /v1/sessions`.
#[utoipa::path(
    post, path = "/v1/widget/sessions", operation_id = "beginWidgetSession", tag = "widget",
    request_body = SessionRequest,
    responses(
        (status = 201, description = "The session", body = SessionCreated),
        (status = 401, description = "The widget key is not valid"),
        (status = 403, description = "The origin is not allowed, or a preview has no valid token"),
        (status = 422, description = "A value, such as a key of the context, is not acceptable"),
        (status = 428, description = "Some work has to be proved first: the problem's `challenge`, by ALTCHA's scheme"),
        (status = 429, description = "Too many sessions"),
    )
)]
pub(crate) async fn create(
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    State(config): State<Arc<ServerConfig>>,
    State(challenges): State<Arc<Challenges>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    request: Request,
) -> Result<(StatusCode, Json<SessionCreated>), Problem> {
    limits.session(address)?;
    let (browser, language) = said_by(request.headers());
    let JsonBody(request) = JsonBody::<SessionRequest>::from_request(request, &()).await?;
    let widget_key_id = check_widget_key(&store, request.app_id, &request.key).await?;
    let app = store.app(request.app_id).await?;
    let app = app.ok_or_else(|| Problem::not_found("there is no such app"))?;
    let allowed = if request.preview {
        request.origin == config.own_origin
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
    let (sign_in_id, api_key_id) = if request.preview {
        match sessions
            .maker_of_preview(app.id, request.preview_token.as_ref().map(ToldToken::reveal))
            .await?
        {
            Maker::Person(id) => (Some(id), None),
            Maker::Key(id) => (None, Some(id)),
        }
    } else {
        (None, None)
    };
    check_proof(&store, &challenges, &app, request.proof.as_ref()).await?;
    let new = NewSession {
        app_id: request.app_id,
        origin: Some(request.origin),
        context: request.context,
        preview: request.preview,
        sign_in_id,
        api_key_id,
        widget_key_id: Some(widget_key_id),
        routing_key: None,
        destination_id: request.destination,
        browser,
        language,
    };
    Ok((StatusCode::CREATED, Json(sessions.begin(&app, new).await?)))
}

/// The family of the browser, and the language that it would like best.
fn said_by(headers: &HeaderMap) -> (Option<&'static str>, Option<String>) {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    (
        said(header::USER_AGENT).and_then(browser_of),
        said(header::ACCEPT_LANGUAGE).and_then(language_of),
    )
}

/// Refuses a browser that has to prove some work and has not. A proof is used up at all servers.
async fn check_proof(
    store: &Store,
    challenges: &Challenges,
    app: &App,
    proof: Option<&Proof>,
) -> Result<(), Problem> {
    let now = clock::now();
    let Some(difficulty) = challenges.required(app.id, app.settings.challenge, now) else {
        return Ok(());
    };
    // The store is asked only of work that was done.
    if let Some(proof) = proof
        && let Some(remembered_until) = challenges.check(app.id, proof, now)
        && store.use_challenge(proof.challenge(), remembered_until).await?
    {
        return Ok(());
    }
    metrics::counter!("bellpush_challenges_total").increment(1);
    let detail = "find the number behind the salt that has this hash, and send it as proof";
    Err(Problem::challenge_required(detail)
        .with_challenge(challenges.issue(app.id, difficulty, now)))
}

/// Refresh a session token
///
/// A new token for the same session. The old one stays valid until its own end.
#[utoipa::path(
    post, path = "/v1/widget/sessions/refresh", operation_id = "refreshWidgetSession", tag = "widget", security(("session" = [])),
    responses(
        (status = 200, description = "The session with a new token", body = SessionCreated),
        (status = 401, description = "No valid session"),
        (status = 429, description = "Too many requests"),
    )
)]
pub(crate) async fn refresh(
    State(sessions): State<Sessions>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
) -> Result<Json<SessionCreated>, Problem> {
    limits.request(address)?;
    let session = sessions.authenticate(&headers, LimitKey(address)).await?;
    sessions.renew(&session).await.map(Json)
}
