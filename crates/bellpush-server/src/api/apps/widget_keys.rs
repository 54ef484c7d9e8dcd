//! `/v1/apps/{appId}/widget-keys`: the public keys by which pages name an app. Several may be valid
//! at once, so that a key can be replaced without an interruption.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, WidgetKeyId},
};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::path::{PathIds, app, unknown_app},
    http::problem::Problem,
    sessions::Sessions,
    tokens::WidgetKey,
};

/// A widget key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetKeyView {
    /// Its id.
    #[schema(value_type = String)]
    id: WidgetKeyId,
    /// The key, as it stands in pages.
    key: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
}

impl From<bellpush_store::WidgetKey> for WidgetKeyView {
    fn from(key: bellpush_store::WidgetKey) -> Self {
        Self { id: key.id, key: key.key, created_at: key.created_at }
    }
}

/// The widget keys of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WidgetKeyList {
    /// All keys, oldest first.
    items: Vec<WidgetKeyView>,
}

/// List widget keys
#[utoipa::path(
    get, path = "/v1/apps/{appId}/widget-keys", operation_id = "listWidgetKeys", tag = "widget keys",
    params(("appId" = String, Path)),
    responses((status = 200, body = WidgetKeyList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<WidgetKeyList>, Problem> {
    app(&store, app_id).await?;
    let keys = store.widget_keys(app_id).await?;
    Ok(Json(WidgetKeyList { items: keys.into_iter().map(WidgetKeyView::from).collect() }))
}

/// Create a widget key
#[utoipa::path(
    post, path = "/v1/apps/{appId}/widget-keys", operation_id = "createWidgetKey", tag = "widget keys",
    params(("appId" = String, Path)),
    responses((status = 201, body = WidgetKeyView))
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<(StatusCode, Json<WidgetKeyView>), Problem> {
    let key = WidgetKey::random();
    let stored = store.create_widget_key(app_id, key.reveal(), &actor).await?;
    let stored = stored.ok_or_else(|| unknown_app(app_id))?;
    Ok((StatusCode::CREATED, Json(stored.into())))
}

/// Delete a widget key
///
/// Pages that still use it can't show the widget any more, and the sessions that it began end.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/widget-keys/{keyId}", operation_id = "deleteWidgetKey", tag = "widget keys",
    params(("appId" = String, Path), ("keyId" = String, Path)),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    PathIds((app_id, id)): PathIds<(AppId, WidgetKeyId)>,
) -> Result<StatusCode, Problem> {
    if store.delete_widget_key(app_id, id, &actor).await? {
        sessions.forget_all();
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found(format!("the app has no widget key {id}")))
    }
}
