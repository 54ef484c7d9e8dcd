//! Who did what with a design.

use std::net::IpAddr;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{ApiKeyId, AppId},
};
use bellpush_store::{DesignAction, DesignAuditEntry, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        auth::{ApiClient, PathIds, app},
        paging::PageQuery,
    },
    http::{body::QueryParameters, problem::Problem},
};

/// One line of the audit trail of a design.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DesignAuditView {
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// `draft_saved`, `published` or `rolled_back`.
    #[schema(value_type = String)]
    action: DesignAction,
    /// The version that came of it.
    version: Option<u32>,
    /// The API key by which it was done.
    #[schema(value_type = String)]
    api_key_id: ApiKeyId,
    /// The address from which it was done.
    #[schema(value_type = String)]
    address: IpAddr,
}

impl From<DesignAuditEntry> for DesignAuditView {
    fn from(entry: DesignAuditEntry) -> Self {
        let DesignAuditEntry { action, version, api_key_id, address, at, .. } = entry;
        Self { at, action, version, api_key_id, address }
    }
}

/// A page of the audit trail of a design.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DesignAuditPage {
    /// The lines, newest first.
    items: Vec<DesignAuditView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Read the audit trail of a design
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/audit", tag = "design", operation_id = "listDesignAudit",
    security(("api_key" = [])), params(("appId" = String, Path), PageQuery),
    responses(
        (status = 200, body = DesignAuditPage),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    _: ApiClient,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<DesignAuditPage>, Problem> {
    app(&store, app_id).await?;
    let request = page.request(|text| text.parse().ok().map(Seq))?;
    let page = store.design_audit(app_id, request).await?;
    Ok(Json(DesignAuditPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|seq| seq.to_string()),
    }))
}
