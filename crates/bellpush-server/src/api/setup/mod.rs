//! `/v1/setup`: the first owner, by the link that was printed on the server's host.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use bellpush_core::access::Email;
use bellpush_store::{Accounts, Actor, MemberError, NewMember, SignInWay};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::sign_in::SignInAnswer,
    http::{
        client_ip::{ClientIp, limit_key},
        lookups::FailedLookups,
        problem::Problem,
        small_body::LinkBody,
    },
    server::Server,
    sign_in::Entrance,
    tokens::SetupToken,
};

/// The routes of the set-up.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(check)).routes(routes!(set_up))
}

/// What the link shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupLink {
    /// What stands behind `#token=` in the link.
    #[schema(example = "su_…")]
    token: String,
}

/// The first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstOwner {
    /// What stands behind `#token=` in the link.
    #[schema(example = "su_…")]
    token: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Their e-mail address.
    #[schema(value_type = String, max_length = 254, example = "ada@example.com")]
    email: Email,
    /// Their password: 10 to 256 characters, and not easy to guess.
    #[schema(min_length = 10, max_length = 256)]
    password: String,
}

/// Check the link for the first owner
#[utoipa::path(
    post, path = "/v1/setup/check", operation_id = "checkSetupLink", tag = "sign-in",
    request_body = SetupLink,
    responses(
        (status = 204, description = "The link is valid"),
        (status = 403, description = "`setup-link-invalid`"),
    )
)]
pub(crate) async fn check(
    State(accounts): State<Accounts>,
    State(lookups): State<std::sync::Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    LinkBody(SetupLink { token }): LinkBody<SetupLink>,
) -> Result<StatusCode, Problem> {
    let token = SetupToken::parse(&token).ok_or_else(dead)?;
    let lookup = async { Ok(accounts.is_setup_link(&token.hash()).await?.then_some(())) };
    lookups.count(limit_key(address), lookup).await?.ok_or_else(dead)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Become the first owner
///
/// By the link that is printed where the server was started. It is dead then; the browser is signed in.
#[utoipa::path(
    post, path = "/v1/setup", operation_id = "setUp", tag = "sign-in",
    request_body = FirstOwner,
    responses(
        (status = 201, body = SignInAnswer),
        (status = 403, description = "`setup-link-invalid`: also when another browser was first"),
        (status = 422, description = "A value is not acceptable; the link stays valid"),
    )
)]
pub(crate) async fn set_up(
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    State(lookups): State<std::sync::Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    LinkBody(body): LinkBody<FirstOwner>,
) -> Result<impl IntoResponse, Problem> {
    let token = SetupToken::parse(&body.token).ok_or_else(dead)?;
    // Before a password is hashed for nothing.
    let lookup = async { Ok(accounts.is_setup_link(&token.hash()).await?.then_some(())) };
    lookups.count(limit_key(address), lookup).await?.ok_or_else(dead)?;
    let person = entrance.person(&body.name, body.email, body.password.into()).await?;
    let new =
        NewMember { name: &person.name, email: &person.email, password: Some(&person.password) };
    let arrival = entrance.arrival(&headers, address);
    let actor = Actor::stranger(address);
    let made =
        accounts.set_up(&token.hash(), &new, &arrival.new_sign_in(SignInWay::Link), &actor).await;
    made.map_err(|error| match error {
        MemberError::DeadLink => dead(),
        other => other.into(),
    })?;
    Ok((StatusCode::CREATED, entrance.cookie(&arrival), SignInAnswer::SIGNED_IN))
}

fn dead() -> Problem {
    Problem::setup_link_invalid(
        "this link is not valid: there is an owner already, or it never was one; without an owner, \
         bellpush setup-link prints a new one",
    )
}
