//! `/v1/recovery`: an owner who has lost every way in, by a link that was made on the server's host.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use bellpush_core::access::Email;
use bellpush_store::{Accounts, MemberError, SignInWay};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::sign_in::SignInAnswer,
    clock::now,
    http::{
        client_ip::{ClientIp, limit_key},
        lookups::FailedLookups,
        no_store::NoStore,
        problem::Problem,
        small_body::LinkBody,
    },
    server::Server,
    sign_in::Entrance,
    tokens::RecoveryToken,
};

/// The routes of recovery.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(check)).routes(routes!(recover))
}

/// What the link shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryLink {
    /// What stands behind `#token=` in the link.
    #[schema(example = "re_…", max_length = 200)]
    token: String,
}

/// Whom the link is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoverySummary {
    /// Their e-mail address.
    #[schema(value_type = String)]
    email: Email,
}

/// An owner who comes back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recovery {
    /// What stands behind `#token=` in the link.
    #[schema(example = "re_…", max_length = 200)]
    token: String,
    /// The new password: 10 to 256 characters, and not easy to guess.
    #[schema(min_length = 10, max_length = 256)]
    password: String,
}

/// Check the link of an owner who comes back
#[utoipa::path(
    post, path = "/v1/recovery/check", operation_id = "checkRecoveryLink", tag = "sign-in",
    request_body = RecoveryLink,
    responses(
        (status = 200, body = RecoverySummary),
        (status = 403, description = "`recovery-link-invalid`"),
    )
)]
pub(crate) async fn check(
    State(accounts): State<Accounts>,
    State(lookups): State<Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    LinkBody(RecoveryLink { token }): LinkBody<RecoveryLink>,
) -> Result<NoStore<RecoverySummary>, Problem> {
    let token = RecoveryToken::parse(&token).ok_or_else(dead)?;
    let lookup = async { Ok(accounts.recovery_link(&token.hash(), now()).await?) };
    let email = lookups.count(limit_key(address), lookup).await?.ok_or_else(dead)?;
    Ok(NoStore(RecoverySummary { email }))
}

/// Come back as an owner
///
/// By the link that `bellpush admin recover` has printed, with a new password and no other way in. All
/// other browsers are signed out, and this one is signed in.
#[utoipa::path(
    post, path = "/v1/recovery", operation_id = "recover", tag = "sign-in",
    request_body = Recovery,
    responses(
        (status = 201, body = SignInAnswer),
        (status = 403, description = "`recovery-link-invalid`"),
    )
)]
pub(crate) async fn recover(
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    State(lookups): State<Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    LinkBody(Recovery { token, password }): LinkBody<Recovery>,
) -> Result<impl IntoResponse, Problem> {
    let token = RecoveryToken::parse(&token).ok_or_else(dead)?;
    let lookup = async { Ok(accounts.recovery_link(&token.hash(), now()).await?) };
    let email = lookups.count(limit_key(address), lookup).await?.ok_or_else(dead)?;
    let password = entrance.new_password("", &email, password.into()).await?;
    let arrival = entrance.arrival(&headers, address);
    let sign_in = arrival.new_sign_in(SignInWay::Link);
    let recovered = accounts.recover(&token.hash(), &password, &sign_in).await;
    recovered.map_err(|error| match error {
        MemberError::DeadLink => dead(),
        other => other.into(),
    })?;
    Ok((StatusCode::CREATED, entrance.cookie(&arrival), SignInAnswer::SIGNED_IN))
}

fn dead() -> Problem {
    Problem::recovery_link_invalid(
        "this link is not valid: it was used, or an hour is over; bellpush admin recover prints another",
    )
}
