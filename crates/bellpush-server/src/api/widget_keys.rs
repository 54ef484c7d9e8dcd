//! `/v1/apps/{appId}/widget-keys`: the public keys by which pages name an app. Several may be valid
//! at once, so that a key can be replaced without an interruption.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, WidgetKeyId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{ApiClient, PathIds, app, unknown_app};
use crate::{Server, http::problem::Problem, tokens::WidgetKey};

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
    get, path = "/v1/apps/{appId}/widget-keys", tag = "widget keys", security(("api_key" = [])),
    params(("appId" = String, Path)),
    responses(
        (status = 200, body = WidgetKeyList),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    _: ApiClient,
    State(server): State<Arc<Server>>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<WidgetKeyList>, Problem> {
    app(&server, app_id).await?;
    let keys = server.store.widget_keys(app_id).await?;
    Ok(Json(WidgetKeyList { items: keys.into_iter().map(WidgetKeyView::from).collect() }))
}

/// Create a widget key
#[utoipa::path(
    post, path = "/v1/apps/{appId}/widget-keys", tag = "widget keys", security(("api_key" = [])),
    params(("appId" = String, Path)),
    responses(
        (status = 201, body = WidgetKeyView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    _: ApiClient,
    State(server): State<Arc<Server>>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<(StatusCode, Json<WidgetKeyView>), Problem> {
    let key = WidgetKey::random();
    let stored = server.store.create_widget_key(app_id, key.reveal()).await?;
    let stored = stored.ok_or_else(|| unknown_app(app_id))?;
    Ok((StatusCode::CREATED, Json(stored.into())))
}

/// Delete a widget key
///
/// Pages that still use it can't show the widget any more.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/widget-keys/{keyId}", tag = "widget keys",
    security(("api_key" = [])),
    params(("appId" = String, Path), ("keyId" = String, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    _: ApiClient,
    State(server): State<Arc<Server>>,
    PathIds((app_id, id)): PathIds<(AppId, WidgetKeyId)>,
) -> Result<StatusCode, Problem> {
    if server.store.delete_widget_key(app_id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found(format!("the app has no widget key {id}")))
    }
}
