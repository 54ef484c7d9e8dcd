//! Who asks, and their password.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    access::{Email, Permission, Place, Role},
    events::EventTime,
    ids::{AppId, SignInId},
};
use bellpush_store::{Accounts, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Caller, Identity, Person},
    clock::now,
    http::{body::JsonBody, no_store::NoStore, problem::Problem},
    sign_in::{Entrance, is_proved, person_name, proved_until},
};

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    kind: CallerKind,
    /// The id of the member (`mem_…`) or of the API key (`key_…`).
    id: String,
    /// Their name.
    name: String,
    /// The member's e-mail address; `null` for a key.
    #[schema(value_type = Option<String>)]
    email: Option<Email>,
    /// The member's role; `null` for a key.
    role: Option<Role>,
    /// The apps that they may look into; `null`: all.
    #[schema(value_type = Option<Vec<String>>)]
    apps: Option<Vec<AppId>>,
    /// What they may do in the installation as a whole.
    #[schema(value_type = Vec<String>)]
    permissions: Vec<Permission>,
    /// What they may do in each of `apps`.
    #[schema(value_type = Vec<String>)]
    app_permissions: Vec<Permission>,
    /// Until when no other proof is asked for of who sits there; `null`: it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    stepped_up_until: Option<EventTime>,
    /// This browser; `null` for a key.
    #[schema(value_type = Option<String>)]
    sign_in_id: Option<SignInId>,
    /// Whether the member has a password.
    has_password: bool,
    /// Whether a second factor has to be added before anything else.
    lacks_second_factor: bool,
}

/// By what somebody is known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CallerKind {
    /// A member, in a browser.
    Member,
    /// A program, by an API key.
    ApiKey,
}

impl Me {
    fn of(caller: &Caller) -> Self {
        let permitted = |place| {
            let authority = caller.authority();
            Permission::all().filter(|it| authority.allows(*it, place)).collect()
        };
        let (permissions, app_permissions) =
            (permitted(Place::Installation), permitted(Place::AnyApp));
        let apps = caller.apps().list();
        match caller.identity() {
            Identity::Person(SignedIn { member, sign_in, lacks_second_factor }) => Self {
                kind: CallerKind::Member,
                id: member.id.to_string(),
                name: member.name.clone(),
                email: Some(member.email.clone()),
                role: Some(member.grant.role()),
                apps,
                permissions,
                app_permissions,
                stepped_up_until: is_proved(sign_in, now()).then(|| proved_until(sign_in)),
                sign_in_id: Some(sign_in.id),
                has_password: member.has_password,
                lacks_second_factor: *lacks_second_factor,
            },
            Identity::Key(key) => Self {
                kind: CallerKind::ApiKey,
                id: key.id.to_string(),
                name: key.name.clone(),
                email: None,
                role: None,
                apps,
                permissions,
                app_permissions,
                stepped_up_until: None,
                sign_in_id: None,
                has_password: false,
                lacks_second_factor: false,
            },
        }
    }
}

/// What can be changed of oneself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MePatch {
    /// The name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// 10 to 256 characters, and not easy to guess.
    #[schema(min_length = 10, max_length = 256)]
    password: String,
}

/// Read who asks
///
/// And what they may do.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "readMe", tag = "me",
    responses((status = 200, body = Me))
)]
pub(crate) async fn read(caller: Caller) -> NoStore<Me> {
    NoStore(Me::of(&caller))
}

/// Change one's name
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "updateMe", tag = "me",
    request_body = MePatch,
    responses((status = 200, body = Me))
)]
pub(crate) async fn update(
    caller: Caller,
    person: Person,
    State(accounts): State<Accounts>,
    JsonBody(MePatch { name }): JsonBody<MePatch>,
) -> Result<Json<Me>, Problem> {
    let name = person_name(&name)?;
    let member = accounts.rename_member(person.member()?.id, &name, &person.actor()).await?;
    Ok(Json(Me { name: member.name, ..Me::of(&caller) }))
}

/// Set one's password
///
/// All other browsers are signed out.
#[utoipa::path(
    put, path = "/v1/me/password", operation_id = "setPassword", tag = "me",
    request_body = NewPassword,
    responses((status = 204, description = "Set"))
)]
pub(crate) async fn set_password(
    person: Person,
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    JsonBody(NewPassword { password }): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    let (member, sign_in) = (person.member()?, person.sign_in()?);
    let password = entrance.new_password(&member.name, &member.email, password.into()).await?;
    accounts.set_password(member.id, &password, sign_in.id, &person.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
