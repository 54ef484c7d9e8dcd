//! Whether the audit trail is whole.

use axum::{Json, extract::State};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// Whether the audit trail is as it was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditCheck {
    /// How many lines it has; `null` where something is wrong.
    lines: Option<i64>,
    /// The first thing that is wrong, in words; `null` where nothing is.
    fault: Option<String>,
}

/// Check the audit trail
///
/// Each line vouches for all before it: whether none is missing and none was changed since.
#[utoipa::path(
    get, path = "/v1/audit/check", operation_id = "checkAudit", tag = "audit",
    responses((status = 200, body = AuditCheck))
)]
pub(crate) async fn check(State(store): State<Store>) -> Result<Json<AuditCheck>, Problem> {
    Ok(Json(match store.verify_audit().await? {
        Ok(lines) => AuditCheck { lines: Some(lines), fault: None },
        Err(fault) => AuditCheck { lines: None, fault: Some(fault.to_string()) },
    }))
}
