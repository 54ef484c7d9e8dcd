//! `/v1/apps/{appId}/alert-rules` and `/v1/apps/{appId}/alerts`: who is told of what, and what there
//! was to tell.

mod back_test;
mod history;
mod rules;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of alerts.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(rules::list, rules::create))
        .routes(routes!(rules::read, rules::update, rules::delete))
        .routes(routes!(rules::silence, rules::end_silence))
        .routes(routes!(history::list))
        .routes(routes!(back_test::run))
}
