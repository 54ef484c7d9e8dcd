//! `/v1/apps/{appId}/integrations`: where events are sent, and with which secrets.

mod health;
pub(crate) mod lookup;
mod presets;
mod resource;
mod secrets;
mod signing;
mod test_requests;

pub(crate) use health::BreakerView;
pub(crate) use resource::{check, new_key_if_needed};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of integrations.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(resource::list, resource::create))
        .routes(routes!(resource::read, resource::update, resource::delete))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::put, secrets::delete))
        .routes(routes!(secrets::reveal))
        .routes(routes!(signing::read))
        .routes(routes!(signing::rotate))
        .routes(routes!(signing::reveal))
        .routes(routes!(presets::list))
        .routes(routes!(presets::preview))
        .routes(routes!(health::read))
        .routes(routes!(health::reset_breaker))
        .routes(routes!(test_requests::send))
}
