//! `/v1/system`: what runs here.

use std::sync::Arc;

use axum::{Json, extract::State};
use bellpush_store::{Store, StoreKind};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{config::ServerConfig, server::Server};

/// The route.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(read))
}

/// What runs here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemView {
    /// The version of the server that answers.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Where everything is kept.
    store: StoreName,
    /// Whether mail can be sent: without it, links of invitations are to be copied.
    mail: bool,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StoreName {
    /// SQLite, in the data directory.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Read what runs here
///
/// The version, the kind of database, and whether mail is configured.
#[utoipa::path(
    get, path = "/v1/system", operation_id = "readSystem", tag = "system",
    responses((status = 200, body = SystemView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(config): State<Arc<ServerConfig>>,
) -> Json<SystemView> {
    let store = match store.kind() {
        StoreKind::Sqlite => StoreName::Sqlite,
        StoreKind::Postgres => StoreName::Postgres,
    };
    Json(SystemView { version: env!("CARGO_PKG_VERSION"), store, mail: config.mail.is_some() })
}
