//! `/v1/sign-in`, `/v1/sign-out` and `/v1/step-up`: how people get in, and out.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use bellpush_core::events::EventTime;
use bellpush_store::{Accounts, AuditAction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::Person,
    http::{body::JsonBody, client_ip::ClientIp, no_store::NoStore, problem::Problem},
    server::Server,
    sign_in::Entrance,
};

/// The routes of signing in.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(options, sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(step_up))
}

/// The ways in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInOptions {
    /// Nobody can sign in yet: the link for the first owner was printed where the server was started.
    needs_owner: bool,
    /// By e-mail address and password.
    password: bool,
}

/// Where a browser stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInAnswer {
    state: SignInState,
}

/// Where a browser stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SignInState {
    /// It is signed in.
    SignedIn,
}

impl SignInAnswer {
    pub(super) const SIGNED_IN: NoStore<Self> = NoStore(Self { state: SignInState::SignedIn });
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The e-mail address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// The password.
    #[schema(max_length = 256)]
    password: String,
}

/// A proof of who sits there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// The password.
    #[schema(max_length = 256)]
    password: String,
}

/// Until when the proof is good.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proved {
    /// Until when no other is asked for.
    #[schema(value_type = String, format = DateTime)]
    stepped_up_until: EventTime,
}

/// Read the ways to sign in
#[utoipa::path(
    get, path = "/v1/sign-in", operation_id = "readSignInOptions", tag = "sign-in",
    responses((status = 200, body = SignInOptions))
)]
pub(crate) async fn options(
    State(accounts): State<Accounts>,
) -> Result<NoStore<SignInOptions>, Problem> {
    Ok(NoStore(SignInOptions { needs_owner: !accounts.has_owner().await?, password: true }))
}

/// Sign in by password
///
/// The browser gets a cookie.
#[utoipa::path(
    post, path = "/v1/sign-in", operation_id = "signIn", tag = "sign-in",
    request_body = Credentials,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 401, description = "They don't fit", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_in(
    State(entrance): State<Entrance>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    JsonBody(Credentials { email, password }): JsonBody<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let arrival = entrance.arrival(&headers, address);
    entrance.by_password(&email, password.into(), &arrival).await?;
    Ok((entrance.cookie(&arrival), SignInAnswer::SIGNED_IN))
}

/// Sign out
#[utoipa::path(
    post, path = "/v1/sign-out", operation_id = "signOut", tag = "sign-in",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn sign_out(
    person: Person,
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
) -> Result<impl IntoResponse, Problem> {
    let sign_in = person.sign_in()?;
    let action = AuditAction::SignedOut;
    accounts.end_sign_in(sign_in.member_id, sign_in.id, action, &person.actor()).await?;
    Ok((StatusCode::NO_CONTENT, entrance.no_cookie()))
}

/// Prove again who you are
///
/// Some operations want to know it within the last ten minutes. The browser gets another cookie.
#[utoipa::path(
    post, path = "/v1/step-up", operation_id = "stepUp", tag = "sign-in",
    request_body = Proof,
    responses(
        (status = 200, body = Proved),
        (status = 401, description = "It is not the password, or you are not signed in", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn step_up(
    person: Person,
    State(entrance): State<Entrance>,
    JsonBody(Proof { password }): JsonBody<Proof>,
) -> Result<impl IntoResponse, Problem> {
    let (member, sign_in) = (person.member()?, person.sign_in()?);
    let proved = entrance.step_up(member, sign_in, password.into(), &person.actor()).await?;
    let (stepped_up_until, cookie) = proved;
    Ok((cookie, Json(Proved { stepped_up_until })))
}
