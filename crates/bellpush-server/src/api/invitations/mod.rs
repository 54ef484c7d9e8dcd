//! `/v1/invitations`: links by which people become members.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use bellpush_core::{
    access::{Email, Role},
    events::EventTime,
    ids::{AppId, InvitationId, MemberId},
};
use bellpush_store::{Accounts, Actor, Invitation, InvitationDraft, SignInWay, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{grants::grant, members::check_proof, path::PathIds, sign_in::SignInAnswer};
use crate::{
    access::Caller,
    clock::{later, now},
    config::ServerConfig,
    http::{
        body::JsonBody,
        client_ip::{ClientIp, limit_key},
        lookups::FailedLookups,
        no_store::NoStore,
        problem::Problem,
        small_body::LinkBody,
    },
    mail::Mail,
    server::Server,
    sign_in::{Entrance, person_name},
    tokens::InvitationToken,
};

/// How long an invitation is valid.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The routes of invitations.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
        .routes(routes!(check))
        .routes(routes!(accept))
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView {
    /// Its id.
    #[schema(value_type = String)]
    id: InvitationId,
    /// Who is invited.
    #[schema(value_type = String)]
    email: Email,
    /// The role that they will have.
    role: Role,
    /// The apps that it is for; `null`: all, and the installation.
    #[schema(value_type = Option<Vec<String>>)]
    apps: Option<Vec<AppId>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// Until when it is valid.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
    /// The member who invited them, or who made the API key that did; `null`: a key of the
    /// installation's own.
    #[schema(value_type = Option<String>)]
    invited_by: Option<MemberId>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, grant, invited_by, created_at, expires_at, .. } = invitation;
        let (role, apps) = (grant.role(), grant.apps().list());
        Self { id, email, role, apps, created_at, expires_at, invited_by }
    }
}

/// The invitations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// Those that are valid, oldest first.
    items: Vec<InvitationView>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Their e-mail address.
    #[schema(value_type = String, max_length = 254, example = "ben@example.com")]
    email: Email,
    /// The role that they will have.
    role: Role,
    /// The apps that it is for; `null`: all, and the installation.
    #[serde(default)]
    #[schema(max_items = 1000, min_items = 1)]
    apps: Option<Vec<AppId>>,
}

/// An invitation that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationMade {
    #[serde(flatten)]
    invitation: InvitationView,
    /// The link for who is invited; it is shown this once.
    link: String,
    /// Whether it was sent by mail.
    mailed: bool,
}

/// What the link of an invitation shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationLink {
    /// What stands behind `#token=` in the link.
    #[schema(example = "in_…")]
    token: String,
}

/// What an invitation is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationSummary {
    /// Who is invited.
    #[schema(value_type = String)]
    email: Email,
    /// The role that they will have.
    role: Role,
    /// The name of who invited them; `null` when that was no person.
    invited_by: Option<String>,
    /// Whether they choose a password; otherwise single sign-on is the only way in.
    password: bool,
}

/// Somebody who takes an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// What stands behind `#token=` in the link.
    #[schema(example = "in_…")]
    token: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Their password: 10 to 256 characters, and not easy to guess. None is needed, or kept, where single sign-on
    /// is the only way in.
    #[schema(min_length = 10, max_length = 256)]
    password: Option<String>,
}

/// List invitations
#[utoipa::path(
    get, path = "/v1/invitations", operation_id = "listInvitations", tag = "members",
    responses((status = 200, body = InvitationList))
)]
pub(crate) async fn list(
    caller: Caller,
    State(accounts): State<Accounts>,
) -> Result<Json<InvitationList>, Problem> {
    let all = accounts.invitations(now()).await?.into_iter();
    let seen = all.filter(|invitation| caller.apps().overlaps(invitation.grant.apps()));
    Ok(Json(InvitationList { items: seen.map(Into::into).collect() }))
}

/// Invite somebody
///
/// The invitation works once, within seven days. Earlier ones for the same address are dead then.
#[utoipa::path(
    post, path = "/v1/invitations", operation_id = "createInvitation", tag = "members",
    request_body = NewInvitation,
    responses(
        (status = 201, body = InvitationMade),
        (status = 403, description = "`above-own-rank`, or `step-up-required` for an owner"),
        (status = 409, description = "There is such a member"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    State(store): State<Store>,
    State(accounts): State<Accounts>,
    State(config): State<Arc<ServerConfig>>,
    State(mail): State<Mail>,
    JsonBody(new): JsonBody<NewInvitation>,
) -> Result<(StatusCode, NoStore<InvitationMade>), Problem> {
    let settings = accounts.sign_in_settings().await?;
    if !settings.allows_domain(new.email.domain()) {
        let detail = format!("addresses of {} are not allowed here", new.email.domain());
        return Err(Problem::invalid(detail).at("/email"));
    }
    let grant = grant(&store, &caller, new.role, new.apps).await?;
    check_proof(&caller, &grant)?;
    let token = InvitationToken::random();
    let draft = InvitationDraft {
        token: &token.hash(),
        email: &new.email,
        grant,
        invited_by: caller.account(),
        made_by_key: caller.key(),
        expires_at: later(now(), LIFETIME),
    };
    let made = accounts.invite(draft, (caller.authority(), &caller.actor())).await?;
    let link = format!("{}/studio/invitation#token={}", config.own_origin, token.reveal());
    let mailed = mail.invite(&made.email, caller.actor().name.as_deref(), &link).await;
    let answer = InvitationMade { invitation: made.into(), link, mailed };
    Ok((StatusCode::CREATED, NoStore(answer)))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/v1/invitations/{invitationId}", operation_id = "deleteInvitation", tag = "members",
    params(("invitationId" = String, Path)),
    responses((status = 204, description = "Taken back"))
)]
pub(crate) async fn delete(
    caller: Caller,
    State(accounts): State<Accounts>,
    PathIds(id): PathIds<InvitationId>,
) -> Result<StatusCode, Problem> {
    let by = (caller.authority(), &caller.actor());
    if !accounts.delete_invitation(id, by).await? {
        return Err(Problem::not_found(format!("there is no invitation {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Check the link of an invitation
#[utoipa::path(
    post, path = "/v1/invitations/check", operation_id = "checkInvitation", tag = "sign-in",
    request_body = InvitationLink,
    responses(
        (status = 200, body = InvitationSummary),
        (status = 403, description = "`invitation-invalid`"),
    )
)]
pub(crate) async fn check(
    State(accounts): State<Accounts>,
    State(lookups): State<Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    LinkBody(InvitationLink { token }): LinkBody<InvitationLink>,
) -> Result<NoStore<InvitationSummary>, Problem> {
    let invitation = find(&accounts, &lookups, address, &token).await?;
    let inviter = match invitation.invited_by {
        Some(id) => accounts.member(id).await?,
        None => None,
    };
    let Invitation { email, grant, .. } = invitation;
    let invited_by = inviter.map(|inviter| inviter.name);
    let password = !accounts.sign_in_settings().await?.require_sso;
    Ok(NoStore(InvitationSummary { email, role: grant.role(), invited_by, password }))
}

/// Become a member
///
/// By the link of an invitation, which is dead then. The browser is signed in, but where single sign-on is the
/// only way in: there it has to go on by that.
#[utoipa::path(
    post, path = "/v1/invitations/accept", operation_id = "acceptInvitation", tag = "sign-in",
    request_body = Acceptance,
    responses(
        (status = 201, body = SignInAnswer),
        (status = 403, description = "`invitation-invalid`"),
        (status = 409, description = "There is a member with this e-mail address already"),
    )
)]
pub(crate) async fn accept(
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    State(lookups): State<Arc<FailedLookups>>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    LinkBody(Acceptance { token, name, password }): LinkBody<Acceptance>,
) -> Result<impl IntoResponse, Problem> {
    let invitation = find(&accounts, &lookups, address, &token).await?;
    let (name, password) = if accounts.sign_in_settings().await?.require_sso {
        (person_name(&name)?, None)
    } else {
        let password =
            password.ok_or_else(|| Problem::invalid("choose a password").at("/password"))?;
        let person = entrance.person(&name, invitation.email, password.into()).await?;
        (person.name, Some(person.password))
    };
    let token = InvitationToken::parse(&token).ok_or_else(dead)?;
    let arrival = entrance.arrival(&headers, address);
    let new = (name.as_str(), password.as_ref());
    let (sign_in, actor) = (arrival.new_sign_in(SignInWay::Link), Actor::stranger(address));
    let (_, signed_in) = accounts.accept_invitation(&token.hash(), new, &sign_in, &actor).await?;
    Ok(match signed_in {
        Some(_) => (StatusCode::CREATED, entrance.cookie(&arrival), SignInAnswer::SIGNED_IN)
            .into_response(),
        None => (StatusCode::CREATED, SignInAnswer::SINGLE_SIGN_ON).into_response(),
    })
}

async fn find(
    accounts: &Accounts,
    lookups: &FailedLookups,
    address: std::net::IpAddr,
    token: &str,
) -> Result<Invitation, Problem> {
    let token = InvitationToken::parse(token).ok_or_else(dead)?;
    let lookup = async { Ok(accounts.invitation_by_token(&token.hash(), now()).await?) };
    lookups.count(limit_key(address), lookup).await?.ok_or_else(dead)
}

fn dead() -> Problem {
    Problem::invitation_invalid(
        "this invitation is not valid: it was used, has expired or was taken back; ask for a new one",
    )
}
