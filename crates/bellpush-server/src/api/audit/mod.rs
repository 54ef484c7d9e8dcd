//! `/v1/apps/{appId}/audit`: who did what with which secret.

use std::net::IpAddr;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{ApiKeyId, AppId, IntegrationId},
    integration::SecretName,
};
use bellpush_store::{AuditAction, AuditEntry, Store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        auth::{ApiClient, PathIds, app},
        integrations::lookup::find,
        paging::PageQuery,
    },
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes of audit.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(of_integration)).routes(routes!(of_app))
}

/// One line of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// `secret_set`, `secret_deleted`, `secret_revealed`, `signing_secret_revealed` or
    /// `signing_secret_rotated`.
    #[schema(value_type = String)]
    action: AuditAction,
    /// The integration; it may be gone.
    #[schema(value_type = String)]
    integration_id: IntegrationId,
    /// The named secret.
    #[schema(value_type = Option<String>)]
    secret: Option<SecretName>,
    /// The API key by which it was done.
    #[schema(value_type = String)]
    api_key_id: ApiKeyId,
    /// The address from which it was done.
    #[schema(value_type = String)]
    address: IpAddr,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { integration_id, action, secret, api_key_id, address, at, .. } = entry;
        Self { at, action, integration_id, secret, api_key_id, address }
    }
}

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The lines, newest first.
    items: Vec<AuditView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Read an app's audit trail
///
/// Also of integrations that were deleted.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/audit", operation_id = "listAppAudit", tag = "apps", security(("api_key" = [])),
    params(("appId" = String, Path), PageQuery),
    responses(
        (status = 200, body = AuditPage),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_app(
    _: ApiClient,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    app(&store, app_id).await?;
    read(&store, app_id, None, &page).await
}

/// Read an integration's audit trail
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/audit", operation_id = "listIntegrationAudit", tag = "integrations",
    security(("api_key" = [])),
    params(("appId" = String, Path), ("integrationId" = String, Path), PageQuery),
    responses(
        (status = 200, body = AuditPage),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_integration(
    _: ApiClient,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    find(&store, app_id, id).await?;
    read(&store, app_id, Some(id), &page).await
}

async fn read(
    store: &Store,
    app_id: AppId,
    integration_id: Option<IntegrationId>,
    page: &PageQuery,
) -> Result<Json<AuditPage>, Problem> {
    let request = page.request(|text| text.parse().ok().map(Seq))?;
    let page = store.audit(app_id, integration_id, request).await?;
    Ok(Json(AuditPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|seq| seq.to_string()),
    }))
}
