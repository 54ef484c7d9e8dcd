//! The management API: everything that can be set up or read back, by API key.

mod apps;
mod audit;
mod auth;
mod calls;
mod deliveries;
mod destinations;
mod events;
mod health;
mod hours;
mod integrations;
mod notifications;
mod paging;
mod patch;
mod presets;
mod replays;
mod secrets;
mod sessions;
mod signing;
mod statistics;
mod test_requests;
mod trunks;
mod widget_keys;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Server;

/// The routes of the management API.
pub(crate) fn routes() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(apps::list, apps::create))
        .routes(routes!(apps::read, apps::update, apps::delete))
        .routes(routes!(widget_keys::list, widget_keys::create))
        .routes(routes!(widget_keys::delete))
        .routes(routes!(destinations::list, destinations::create))
        .routes(routes!(destinations::read, destinations::update, destinations::delete))
        .routes(routes!(hours::check_app))
        .routes(routes!(hours::check_destination))
        .routes(routes!(trunks::list, trunks::create))
        .routes(routes!(trunks::read, trunks::update, trunks::delete))
        .routes(routes!(integrations::list, integrations::create))
        .routes(routes!(integrations::read, integrations::update, integrations::delete))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::put, secrets::delete))
        .routes(routes!(secrets::reveal))
        .routes(routes!(signing::read))
        .routes(routes!(signing::rotate))
        .routes(routes!(signing::reveal))
        .routes(routes!(audit::of_integration))
        .routes(routes!(audit::of_app))
        .routes(routes!(presets::list))
        .routes(routes!(presets::preview))
        .routes(routes!(health::read))
        .routes(routes!(health::reset_breaker))
        .routes(routes!(statistics::read))
        .routes(routes!(test_requests::send))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::read))
        .routes(routes!(deliveries::replay))
        .routes(routes!(replays::list, replays::create))
        .routes(routes!(replays::read))
        .routes(routes!(replays::cancel))
        .routes(routes!(notifications::list))
        .routes(routes!(calls::list))
        .routes(routes!(calls::read))
        .routes(routes!(events::list))
        .routes(routes!(sessions::create))
}
