//! The integration that a path names.

use bellpush_core::ids::{AppId, IntegrationId};
use bellpush_store::{Integration, Store};

use crate::http::problem::Problem;

/// An integration of an app.
pub(crate) async fn find(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
) -> Result<Integration, Problem> {
    store.integration(app_id, id).await?.ok_or_else(|| unknown(id))
}

/// The answer for an integration that the app has not.
pub(crate) fn unknown(id: IntegrationId) -> Problem {
    Problem::not_found(format!("the app has no integration {id}"))
}
