//! The management API: everything that can be set up or read back, by API key. One folder for each
//! noun.

mod apps;
mod audit;
mod auth;
mod callbacks;
mod calls;
mod deliveries;
mod design;
mod events;
mod integrations;
mod notifications;
mod paging;
mod patch;
mod profiles;
mod sessions;
mod trunks;

pub(crate) use auth::ApiClient;
use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

/// The routes of the management API.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(apps::routes())
        .merge(profiles::routes())
        .merge(trunks::routes())
        .merge(integrations::routes())
        .merge(audit::routes())
        .merge(deliveries::routes())
        .merge(notifications::routes())
        .merge(calls::routes())
        .merge(callbacks::routes())
        .merge(design::routes())
        .merge(events::routes())
        .merge(sessions::routes())
}
