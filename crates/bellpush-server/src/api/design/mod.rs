//! `/v1/apps/{appId}/design`: the draft of an app's design, and what was published of it.

mod draft;
mod problem;
mod schedule;
mod versions;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bellpush_core::design::SCHEMA;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Server;

/// The routes of designs.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(draft::read, draft::save))
        .routes(routes!(versions::publish))
        .routes(routes!(schedule::read, schedule::schedule, schedule::cancel))
        .routes(routes!(versions::list))
        .routes(routes!(versions::read))
        .routes(routes!(versions::roll_back))
        .routes(routes!(schema))
}

/// Read the schema of design documents
///
/// A JSON Schema (2020-12). Anybody may read it.
#[utoipa::path(
    get, path = "/v1/schemas/design", tag = "design", operation_id = "readDesignSchema",
    responses((status = 200, description = "The schema", body = std::collections::HashMap<String, serde_json::Value>, content_type = "application/schema+json"))
)]
pub(crate) async fn schema() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/schema+json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, SCHEMA).into_response()
}
