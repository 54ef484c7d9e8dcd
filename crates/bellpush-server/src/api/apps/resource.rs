//! `/v1/apps`: apps and their settings.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{access::Resource, app::AppSettings, events::EventTime, ids::AppId};
use bellpush_delivery::Announcer;
use bellpush_store::{App, Store};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    access::{ActingAs, Caller},
    api::{
        patch::patched,
        path::{PathIds, app, unknown_app},
    },
    calls::Calls,
    http::{
        body::JsonBody,
        problem::Problem,
        revisions::{IfMatch, Patching, Revised},
    },
    sessions::Sessions,
};

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppView {
    /// Its id.
    #[schema(value_type = String)]
    id: AppId,
    /// Its settings.
    #[serde(flatten)]
    settings: AppSettings,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When its settings were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: EventTime,
}

impl From<App> for AppView {
    fn from(app: App) -> Self {
        let App { id, settings, created_at, updated_at, .. } = app;
        Self { id, settings, created_at, updated_at }
    }
}

/// A list of apps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppList {
    /// All apps, oldest first.
    items: Vec<AppView>,
}

/// List apps
#[utoipa::path(
    get, path = "/v1/apps", operation_id = "listApps", tag = "apps",
    responses((status = 200, body = AppList))
)]
pub(crate) async fn list(
    caller: Caller,
    State(store): State<Store>,
) -> Result<Json<AppList>, Problem> {
    let apps = store.apps().await?.into_iter();
    let items = apps.filter(|app| caller.apps().contains(app.id)).map(AppView::from).collect();
    Ok(Json(AppList { items }))
}

/// Create an app
///
/// The app gets the built-in demo destination, so that it can be called at once.
#[utoipa::path(
    post, path = "/v1/apps", operation_id = "createApp", tag = "apps",
    request_body = AppSettings,
    responses(
        (status = 201, body = AppView),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    JsonBody(settings): JsonBody<AppSettings>,
) -> Result<Revised<AppView>, Problem> {
    settings.check()?;
    let app = store.create_app(&settings, &actor).await?;
    Ok(Revised::created(app.revision, app.into()))
}

/// Read an app
#[utoipa::path(
    get, path = "/v1/apps/{appId}", operation_id = "readApp", tag = "apps",
    params(("appId" = String, Path)),
    responses((status = 200, body = AppView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(id): PathIds<AppId>,
) -> Result<Revised<AppView>, Problem> {
    let app = app(&store, id).await?;
    Ok(Revised::new(app.revision, app.into()))
}

/// Change an app
///
/// A merge patch (RFC 7396): fields that are given replace those that are there, `null` resets one
/// to its default. Changing `retention`, by which data is deleted, needs `privacy:write` as well.
#[utoipa::path(
    patch, path = "/v1/apps/{appId}", operation_id = "updateApp", tag = "apps",
    params(("appId" = String, Path), IfMatch),
    request_body(content = Object, description = "Any of the fields of the app's settings"),
    responses(
        (status = 200, body = AppView),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn update(
    caller: Caller,
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    PathIds(id): PathIds<AppId>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<Value>,
) -> Result<Revised<AppView>, Problem> {
    let actor = caller.actor();
    let mut patching = Patching::new(if_match);
    let updated = loop {
        let present = app(&store, id).await?;
        let settings = patched(&present.settings, &patch)?;
        settings.check()?;
        if settings.retention != present.settings.retention {
            // It deletes what no editor may delete.
            caller.must_write(Resource::Privacy, id)?;
        }
        let edit = patching.edit(&actor, present.revision);
        match store.update_app(id, &settings, edit).await {
            Err(error) if patching.again(&error) => {}
            updated => break updated?,
        }
    };
    let app = updated.ok_or_else(|| unknown_app(id))?;
    // An origin may have been taken away from sessions that are cached as allowed.
    sessions.forget_all();
    Ok(Revised::new(app.revision, app.into()))
}

/// Delete an app
///
/// With its keys, integrations, calls and events: they are gone at once, and taken away from the disk bit by bit.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}", operation_id = "deleteApp", tag = "apps",
    params(("appId" = String, Path), IfMatch),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    State(sessions): State<Sessions>,
    State(calls): State<Arc<Calls>>,
    PathIds(id): PathIds<AppId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let present = app(&store, id).await?;
    // Where it is refused, calls go on.
    if if_match.expected().allows(present.revision) {
        // While there is a log that their ends can be in.
        calls.end_calls_of(id).await;
    }
    if !store.delete_app(id, if_match.edit(&actor)).await? {
        return Err(unknown_app(id));
    }
    sessions.forget_all();
    // A call that was accepted meanwhile.
    calls.end_calls_of(id).await;
    announcer.endpoints_changed();
    Ok(StatusCode::NO_CONTENT)
}
