//! The management API: everything that can be set up or read back, by people who are signed in and
//! by API key. One folder for each noun.

mod alerts;
mod analytics;
mod api_keys;
mod apps;
mod audit;
mod callbacks;
mod calls;
mod configuration;
mod deliveries;
mod design;
mod events;
mod exports;
mod grants;
mod holidays;
mod integrations;
mod invitations;
mod live;
mod lookup;
mod me;
mod members;
mod notifications;
mod paging;
mod patch;
pub(crate) mod path;
mod privacy;
mod profiles;
mod recovery;
mod rehearsals;
mod routing;
mod sessions;
mod setup;
mod sign_in;
mod system;
mod trunks;

pub(crate) use calls::CallDetails;
pub(crate) use events::EventView;
pub(crate) use path::unknown_app;
use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

/// The routes of the management API.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(recovery::routes())
        .merge(sign_in::routes())
        .merge(me::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(api_keys::routes())
        .merge(apps::routes())
        .merge(profiles::routes())
        .merge(routing::routes())
        .merge(holidays::routes())
        .merge(trunks::routes())
        .merge(integrations::routes())
        .merge(audit::routes())
        .merge(deliveries::routes())
        .merge(notifications::routes())
        .merge(alerts::routes())
        .merge(rehearsals::routes())
        .merge(calls::routes())
        .merge(analytics::routes())
        .merge(lookup::routes())
        .merge(live::routes())
        .merge(exports::routes())
        .merge(callbacks::routes())
        .merge(design::routes())
        .merge(configuration::routes())
        .merge(privacy::routes())
        .merge(events::routes())
        .merge(sessions::routes())
        .merge(system::routes())
}
