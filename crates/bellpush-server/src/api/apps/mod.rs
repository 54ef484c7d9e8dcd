//! `/v1/apps`: apps with their settings, and their widget keys.

mod embed_checks;
mod embed_reports;
mod preview_tokens;
mod resource;
mod widget_keys;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of apps.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(resource::list, resource::create))
        .routes(routes!(resource::read, resource::update, resource::delete))
        .routes(routes!(widget_keys::list, widget_keys::create))
        .routes(routes!(widget_keys::delete))
        .routes(routes!(preview_tokens::create))
        .routes(routes!(embed_checks::create))
        .routes(routes!(embed_reports::list))
}
