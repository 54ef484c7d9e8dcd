//! `/v1/apps/{appId}/destinations`: profiles, and business hours.

mod hours;
pub(crate) mod resource;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of profiles.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(resource::list, resource::create))
        .routes(routes!(resource::read, resource::update, resource::delete))
        .routes(routes!(hours::check_app, hours::check_unsaved))
        .routes(routes!(hours::check_destination))
}
