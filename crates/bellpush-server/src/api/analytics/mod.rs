//! `/v1/apps/{appId}/analytics`: what visitors and calls come to, from roll-ups.

mod breakdown;
mod heat_map;
mod marks;
mod query;
mod read;
mod series;
mod summary;
mod tables;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of analytics.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(summary::read))
        .routes(routes!(series::read))
        .routes(routes!(breakdown::read))
        .routes(routes!(heat_map::read))
        .routes(routes!(marks::read))
        .routes(routes!(tables::series))
        .routes(routes!(tables::breakdown))
}
