//! `/v1/me`: who asks, what they may do, their password, the browsers that they are signed in with and
//! the views that they keep.

mod profile;
mod second_factors;
mod sign_ins;
mod views;

pub(super) use second_factors::PasskeyChallenge;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of oneself.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(profile::read, profile::update))
        .routes(routes!(profile::set_password))
        .routes(routes!(sign_ins::list, sign_ins::end_others))
        .routes(routes!(sign_ins::end))
        .routes(routes!(views::list, views::keep))
        .routes(routes!(views::forget))
        .routes(routes!(second_factors::read))
        .routes(routes!(
            second_factors::begin_totp,
            second_factors::confirm_totp,
            second_factors::remove_totp
        ))
        .routes(routes!(second_factors::renew_backup_codes))
        .routes(routes!(second_factors::begin_passkey))
        .routes(routes!(second_factors::add_passkey))
        .routes(routes!(second_factors::remove_passkey))
}
