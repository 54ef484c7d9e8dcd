//! What the widget needs: its document, the sandbox of custom code, its sessions and its events.

pub(crate) mod challenge;
pub(crate) mod code;
pub(crate) mod document;
mod events;
pub(crate) mod html;
pub(crate) mod sessions;
mod usual_rate;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Server;

/// The widget's part of the API.
pub(crate) fn routes() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::create))
        .routes(routes!(sessions::refresh))
        .routes(routes!(events::submit))
}
