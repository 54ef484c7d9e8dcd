//! The browsers that one is signed in with.

use std::net::IpAddr;

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{events::EventTime, ids::SignInId};
use bellpush_store::{Accounts, AuditAction, SignIn};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::Person, api::path::PathIds, clock::now, http::problem::Problem, sign_in::idle_since,
};

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInView {
    /// Its id.
    #[schema(value_type = String)]
    id: SignInId,
    /// Browser and system, in words.
    #[schema(example = "Firefox on Linux")]
    device: String,
    /// The address that it was last used from.
    #[schema(value_type = String)]
    address: IpAddr,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was last used, within a minute.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: EventTime,
    /// Until when, at most.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
    /// How you came in: `password`, `passkey`, `sso` or `link`.
    way: &'static str,
    /// Whether it is the one that asks.
    current: bool,
}

/// The browsers that one is signed in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInList {
    /// Newest first.
    items: Vec<SignInView>,
}

/// List the browsers that you are signed in with
#[utoipa::path(
    get, path = "/v1/me/sign-ins", operation_id = "listSignIns", tag = "me",
    responses((status = 200, body = SignInList))
)]
pub(crate) async fn list(
    person: Person,
    State(accounts): State<Accounts>,
) -> Result<Json<SignInList>, Problem> {
    let (current, at) = (person.sign_in()?, now());
    let all = accounts.sign_ins(current.member_id, at, idle_since(at)).await?;
    let view = |sign_in: SignIn| {
        let current = sign_in.id == current.id;
        let SignIn { id, device, address, created_at, last_used_at, expires_at, way, .. } = sign_in;
        let way = way.as_str();
        SignInView { id, device, address, created_at, last_used_at, expires_at, way, current }
    };
    Ok(Json(SignInList { items: all.into_iter().map(view).collect() }))
}

/// Sign one browser out
#[utoipa::path(
    delete, path = "/v1/me/sign-ins/{signInId}", operation_id = "endSignIn", tag = "me",
    params(("signInId" = String, Path)),
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn end(
    person: Person,
    State(accounts): State<Accounts>,
    PathIds(id): PathIds<SignInId>,
) -> Result<StatusCode, Problem> {
    let (member, action) = (person.member()?.id, AuditAction::SignInsEnded);
    if !accounts.end_sign_in(member, id, action, &person.actor()).await? {
        return Err(Problem::not_found(format!("you are not signed in by {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Sign all other browsers out
#[utoipa::path(
    delete, path = "/v1/me/sign-ins", operation_id = "endOtherSignIns", tag = "me",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn end_others(
    person: Person,
    State(accounts): State<Accounts>,
) -> Result<StatusCode, Problem> {
    let current = person.sign_in()?;
    accounts.end_other_sign_ins(current.member_id, current.id, &person.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
