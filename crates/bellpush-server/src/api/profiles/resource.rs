//! `/v1/apps/{appId}/destinations`: the profiles that calls can go to.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    ids::{AppId, DestinationId},
    profile::ProfileSettings,
};
use bellpush_store::{Profile, Store};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::{
        patch::patched,
        path::{PathIds, app},
    },
    http::{
        body::{JsonBody, parse_value, take},
        problem::Problem,
        revisions::{IfMatch, Patching, Revised},
    },
};

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileView {
    /// Its id.
    #[schema(value_type = String)]
    id: DestinationId,
    /// Whether calls without a destination go here.
    is_default: bool,
    /// Its settings.
    #[serde(flatten)]
    settings: ProfileSettings,
}

/// A profile as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileBody {
    /// Whether calls without a destination go here from now on.
    #[schema(value_type = Option<bool>, default = false)]
    is_default: bool,
    /// The settings.
    #[serde(flatten)]
    settings: ProfileSettings,
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        Self { id: profile.id, is_default: profile.is_default, settings: profile.settings }
    }
}

/// The profiles of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileList {
    /// All profiles, the default one first.
    items: Vec<ProfileView>,
}

/// List destinations
#[utoipa::path(
    get, path = "/v1/apps/{appId}/destinations", operation_id = "listDestinations", tag = "destinations", params(("appId" = String, Path)),
    responses((status = 200, body = ProfileList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<ProfileList>, Problem> {
    app(&store, app_id).await?;
    let profiles = store.profiles(app_id).await?;
    Ok(Json(ProfileList { items: profiles.into_iter().map(Into::into).collect() }))
}

/// Create a destination
///
/// A profile: where calls go, and by which rules.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/destinations", operation_id = "createDestination", tag = "destinations", params(("appId" = String, Path)),
    request_body = ProfileBody,
    responses(
        (status = 201, body = ProfileView),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Revised<ProfileView>, Problem> {
    let is_default = take(&mut body, "isDefault")?.unwrap_or(false);
    let settings: ProfileSettings = parse_value(body)?;
    settings.check()?;
    let profile = store.create_profile(app_id, &settings, is_default, &actor).await?;
    Ok(Revised::created(profile.revision, profile.into()))
}

/// Read a destination
#[utoipa::path(
    get, path = "/v1/apps/{appId}/destinations/{destinationId}", operation_id = "readDestination", tag = "destinations",
    params(("appId" = String, Path), ("destinationId" = String, Path)),
    responses((status = 200, body = ProfileView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, DestinationId)>,
) -> Result<Revised<ProfileView>, Problem> {
    let profile = find(&store, app_id, id).await?;
    Ok(Revised::new(profile.revision, profile.into()))
}

/// Change a destination
///
/// A merge patch (RFC 7396): fields that are given replace those that are there, `null` resets one
/// to its default. `"isDefault": true` makes it the default one in place of another.
#[utoipa::path(
    patch, path = "/v1/apps/{appId}/destinations/{destinationId}", operation_id = "updateDestination", tag = "destinations",
    params(("appId" = String, Path), ("destinationId" = String, Path), IfMatch),
    request_body(content = Object, description = "Any of the fields of the profile"),
    responses(
        (status = 200, body = ProfileView),
        (status = 409, description = "The default profile can't be made another one by itself"),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn update(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, DestinationId)>,
    if_match: IfMatch,
    JsonBody(mut patch): JsonBody<Value>,
) -> Result<Revised<ProfileView>, Problem> {
    let mut patching = Patching::new(if_match);
    let mut present = find(&store, app_id, id).await?;
    let is_default: Option<bool> = take(&mut patch, "isDefault")?;
    let updated = loop {
        if is_default == Some(false) && present.is_default {
            let detail = "an app has one default profile; make another one the default instead";
            return Err(Problem::conflict(detail).at("/isDefault"));
        }
        let settings = patched(&present.settings, &patch)?;
        settings.check()?;
        let make_default = is_default == Some(true);
        let edit = patching.edit(&actor, present.revision);
        match store.update_profile(app_id, id, &settings, make_default, edit).await {
            Err(error) if patching.again(&error) => present = find(&store, app_id, id).await?,
            updated => break updated?,
        }
    };
    let updated = updated.ok_or_else(|| unknown(id))?;
    Ok(Revised::new(updated.revision, updated.into()))
}

/// Delete a destination
///
/// Not the default one, and none that another refers to. Calls that go there now are not ended.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/destinations/{destinationId}", operation_id = "deleteDestination", tag = "destinations",
    params(("appId" = String, Path), ("destinationId" = String, Path), IfMatch),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It is in use"),
    )
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, DestinationId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    if !store.delete_profile(app_id, id, if_match.edit(&actor)).await? {
        return Err(unknown(id));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A profile of an app.
pub(crate) async fn find(
    store: &Store,
    app_id: AppId,
    id: DestinationId,
) -> Result<Profile, Problem> {
    store.profile(app_id, id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: DestinationId) -> Problem {
    Problem::not_found(format!("the app has no destination {id}"))
}
