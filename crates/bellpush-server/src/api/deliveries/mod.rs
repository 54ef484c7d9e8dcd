//! `…/integrations/{integrationId}/deliveries`: the delivery log, replays and statistics.

mod of_app;
mod replays;
mod resource;
mod statistics;
mod statuses;

pub(crate) use resource::AttemptView;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of deliveries.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(of_app::list))
        .routes(routes!(resource::list))
        .routes(routes!(resource::read))
        .routes(routes!(resource::replay))
        .routes(routes!(replays::list, replays::create))
        .routes(routes!(replays::read))
        .routes(routes!(replays::cancel))
        .routes(routes!(statistics::read))
}
