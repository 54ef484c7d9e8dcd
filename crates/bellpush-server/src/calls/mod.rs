//! Calls: placing them (in WHIP's form, RFC 9725), following them by server-sent events, hanging up,
//! and ending what another process left behind.

mod control;
mod follow;
mod fragment;
mod live;
mod place;
pub(crate) mod places;
pub(crate) mod quality;
pub mod recovery;
mod resume;
pub(crate) mod routes;
pub(crate) mod stream;

pub(crate) use live::LiveCalls;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Server;

/// The routes of a call, for widgets.
pub(crate) fn routes() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(place::place))
        .routes(routes!(control::hang_up, resume::patch))
        .routes(routes!(resume::resume))
        .routes(routes!(control::leave))
        .routes(routes!(control::dtmf))
        .routes(routes!(follow::follow))
}
