//! `/v1/apps/{appId}/calls`: what became of calls.

mod filter;
mod list;
mod read;
pub(crate) mod sip;
mod timeline;
mod view;

pub(crate) use filter::CallQuery;
use utoipa_axum::{router::OpenApiRouter, routes};
pub(crate) use view::CallDetails;

use crate::server::Server;

/// The routes of calls.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::count))
        .routes(routes!(list::context_keys))
        .routes(routes!(read::read))
        .routes(routes!(timeline::read))
        .routes(routes!(sip::pcap))
        .routes(routes!(sip::text))
}
