//! `…/integrations/{integrationId}/deliveries`: the delivery log, replays and statistics.

mod replays;
mod resource;
mod statistics;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of deliveries.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(resource::list))
        .routes(routes!(resource::read))
        .routes(routes!(resource::replay))
        .routes(routes!(replays::list, replays::create))
        .routes(routes!(replays::read))
        .routes(routes!(replays::cancel))
        .routes(routes!(statistics::read))
}
