//! `/v1/apps/{appId}/rehearsals`: faults, tried on previews.

mod preview_events;
mod resource;
mod view;

use bellpush_core::ids::{AppId, RehearsalId};
use bellpush_store::{Rehearsal, Store};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{http::problem::Problem, server::Server};

/// The routes of rehearsals.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(resource::list, resource::begin))
        .routes(routes!(resource::read, resource::end))
        .routes(routes!(preview_events::send))
}

async fn find(store: &Store, app_id: AppId, id: RehearsalId) -> Result<Rehearsal, Problem> {
    store.rehearsal(app_id, id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: RehearsalId) -> Problem {
    Problem::not_found(format!("the app has no rehearsal {id}"))
}
