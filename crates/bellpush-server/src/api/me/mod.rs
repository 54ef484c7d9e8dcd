//! `/v1/me`: who asks, what they may do, their password and the browsers that they are signed in with.

mod profile;
mod sign_ins;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of oneself.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(profile::read, profile::update))
        .routes(routes!(profile::set_password))
        .routes(routes!(sign_ins::list, sign_ins::end_others))
        .routes(routes!(sign_ins::end))
}
