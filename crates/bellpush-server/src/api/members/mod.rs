//! `/v1/members`: people with a role.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    access::{Email, Grant, Permission, Resource, Role},
    events::EventTime,
    ids::{AppId, MemberId},
};
use bellpush_store::{Accounts, Member, Store};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Caller, Identity},
    api::{
        grants::{grant, refused},
        path::PathIds,
    },
    clock::now,
    http::{
        body::JsonBody,
        problem::Problem,
        revisions::{IfMatch, Patching, Revised},
    },
    server::Server,
    sessions::Sessions,
    sign_in::is_proved,
};

/// The routes of members.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, update, remove))
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberView {
    /// Their id.
    #[schema(value_type = String)]
    id: MemberId,
    /// Their name.
    name: String,
    /// Their e-mail address.
    #[schema(value_type = String)]
    email: Email,
    /// Their role.
    role: Role,
    /// The apps that it is for; `null`: all, and the installation.
    #[schema(value_type = Option<Vec<String>>)]
    apps: Option<Vec<AppId>>,
    /// Since when they are a member.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When they were last here, within a minute; `null`: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<EventTime>,
    /// Whether they have a password.
    has_password: bool,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let Member { id, name, email, grant, has_password, created_at, last_seen_at, .. } = member;
        let (role, apps) = (grant.role(), grant.apps().list());
        Self { id, name, email, role, apps, created_at, last_seen_at, has_password }
    }
}

/// The members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberList {
    /// Oldest first.
    items: Vec<MemberView>,
}

/// What can be changed of a member. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberPatch {
    /// The role.
    role: Option<Role>,
    /// The apps that it is for; `null`: all, and the installation.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<AppId>>, max_items = 1000, min_items = 1)]
    apps: Option<Option<Vec<AppId>>>,
}

/// `null` is something else than nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// List members
///
/// Who has a role for some apps sees those who have one for any of these.
#[utoipa::path(
    get, path = "/v1/members", operation_id = "listMembers", tag = "members",
    responses((status = 200, body = MemberList))
)]
pub(crate) async fn list(
    caller: Caller,
    State(accounts): State<Accounts>,
) -> Result<Json<MemberList>, Problem> {
    let members = accounts.members().await?.into_iter();
    let seen = members.filter(|member| caller.apps().overlaps(member.grant.apps()));
    Ok(Json(MemberList { items: seen.map(Into::into).collect() }))
}

/// Read a member
#[utoipa::path(
    get, path = "/v1/members/{memberId}", operation_id = "readMember", tag = "members",
    params(("memberId" = String, Path)),
    responses((status = 200, body = MemberView))
)]
pub(crate) async fn read(
    caller: Caller,
    State(accounts): State<Accounts>,
    PathIds(id): PathIds<MemberId>,
) -> Result<Revised<MemberView>, Problem> {
    let member = find(&accounts, &caller, id).await?;
    Ok(Revised::new(member.revision, member.into()))
}

/// Change a member's role
///
/// Nobody grants a role above their own, or changes somebody above them. To make an owner, a person
/// has to prove again who they are.
#[utoipa::path(
    patch, path = "/v1/members/{memberId}", operation_id = "updateMember", tag = "members",
    params(("memberId" = String, Path), IfMatch),
    request_body = MemberPatch,
    responses(
        (status = 200, body = MemberView),
        (status = 403, description = "`above-own-rank`, or `step-up-required`"),
        (status = 409, description = "`last-owner`"),
    )
)]
pub(crate) async fn update(
    caller: Caller,
    State(store): State<Store>,
    State(accounts): State<Accounts>,
    State(sessions): State<Sessions>,
    PathIds(id): PathIds<MemberId>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<MemberPatch>,
) -> Result<Revised<MemberView>, Problem> {
    let (mut patching, actor) = (Patching::new(if_match), caller.actor());
    let member = loop {
        let present = find(&accounts, &caller, id).await?;
        let role = patch.role.unwrap_or_else(|| present.grant.role());
        let grant = match patch.apps.clone() {
            Some(apps) => grant(&store, &caller, role, apps).await?,
            // Apps that were chosen earlier are not judged again: one may be gone since.
            None => Grant::new(role, present.grant.apps().clone()).map_err(refused)?,
        };
        check_proof(&caller, &grant)?;
        let by = (caller.authority(), patching.edit(&actor, present.revision));
        match accounts.grant_member(id, grant, by).await {
            Err(error) if patching.again(&error) => {}
            granted => break granted?,
        }
    };
    // Those that keys of theirs began are cached as what these may begin.
    sessions.forget_all();
    Ok(Revised::new(member.revision, member.into()))
}

/// Remove a member
///
/// Their browsers are signed out, and the API keys that they made are revoked. Everybody may remove
/// themselves, but for the last owner.
#[utoipa::path(
    delete, path = "/v1/members/{memberId}", operation_id = "removeMember", tag = "members",
    params(("memberId" = String, Path), IfMatch),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "`forbidden`, or `above-own-rank`"),
        (status = 409, description = "`last-owner`"),
    )
)]
pub(crate) async fn remove(
    caller: Caller,
    State(accounts): State<Accounts>,
    State(sessions): State<Sessions>,
    PathIds(id): PathIds<MemberId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let is_oneself = matches!(caller.identity(), Identity::Person(it) if it.member.id == id);
    if !is_oneself {
        caller.must_have(Permission::write(Resource::Members))?;
        find(&accounts, &caller, id).await?;
    }
    let actor = caller.actor();
    accounts.remove_member(id, (caller.authority(), if_match.edit(&actor))).await?;
    // Those that keys of theirs began are cached as begun by valid ones.
    sessions.forget_all();
    Ok(StatusCode::NO_CONTENT)
}

/// Adding an owner wants a proof of who sits there.
///
/// # Errors
/// 403.
pub(super) fn check_proof(caller: &Caller, grant: &Grant) -> Result<(), Problem> {
    match caller.identity() {
        Identity::Person(it) if grant.is_owner() && !is_proved(&it.sign_in, now()) => {
            Err(Problem::proof_needed())
        }
        _ => Ok(()),
    }
}

async fn find(accounts: &Accounts, caller: &Caller, id: MemberId) -> Result<Member, Problem> {
    let member = accounts.member(id).await?;
    member
        .filter(|member| caller.apps().overlaps(member.grant.apps()))
        .ok_or_else(|| Problem::not_found(format!("there is no member {id}")))
}
