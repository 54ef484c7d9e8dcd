//! `/v1/notifications`: what the admins should know.

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::DisableReason,
    events::EventTime,
    ids::{AppId, IntegrationId, NotificationId},
};
use bellpush_store::{Notification, Store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::paging::PageQuery,
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes of notifications.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The server has switched an integration off.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationView {
    /// Its id.
    #[schema(value_type = String)]
    id: NotificationId,
    /// What happened: `integration_disabled`.
    kind: &'static str,
    /// The app.
    #[schema(value_type = String)]
    app_id: AppId,
    /// The integration.
    #[schema(value_type = String)]
    integration_id: IntegrationId,
    /// The integration's name, as it was then.
    integration_name: String,
    /// Why.
    reason: DisableReason,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
}

impl From<Notification> for NotificationView {
    fn from(notification: Notification) -> Self {
        Self {
            id: notification.id,
            kind: "integration_disabled",
            app_id: notification.app_id,
            integration_id: notification.integration_id,
            integration_name: notification.integration_name,
            reason: notification.reason,
            created_at: notification.created_at,
        }
    }
}

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationPage {
    /// The notifications, newest first.
    items: Vec<NotificationView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List notifications
///
/// What the server did by itself and someone should look after, of all apps.
#[utoipa::path(
    get, path = "/v1/notifications", operation_id = "listNotifications", tag = "notifications",
    params(PageQuery),
    responses((status = 200, body = NotificationPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<NotificationPage>, Problem> {
    let request = page.request(|text| text.parse().ok())?;
    let page = store.notifications(request).await?;
    Ok(Json(NotificationPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}
