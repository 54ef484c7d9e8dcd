//! One call.

use axum::{Json, extract::State};
use bellpush_core::ids::{AppId, CallId};
use bellpush_store::{FoundCall, Store};

use super::CallDetails;
use crate::{api::path::PathIds, http::problem::Problem};

/// Read a call
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/{callId}", operation_id = "readCall", tag = "calls",
    params(("appId" = String, Path), ("callId" = String, Path)),
    responses((status = 200, body = CallDetails))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, CallId)>,
) -> Result<Json<CallDetails>, Problem> {
    Ok(Json(find(&store, app_id, id).await?.into()))
}

/// A call of an app.
///
/// # Errors
/// 404 when the app has none of this id.
pub(super) async fn find(store: &Store, app_id: AppId, id: CallId) -> Result<FoundCall, Problem> {
    let call = store.found_call(app_id, id).await?;
    call.ok_or_else(|| Problem::not_found(format!("the app has no call {id}")))
}
