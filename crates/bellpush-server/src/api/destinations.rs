//! `/v1/apps/{appId}/destinations`: the profiles that calls can go to.

use std::sync::Arc;

use axum::{Json, extract::State};
use bellpush_core::ids::{AppId, DestinationId};
use bellpush_store::{Destination, DestinationKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{ApiClient, PathIds, app};
use crate::{Server, http::problem::Problem};

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestinationView {
    /// Its id.
    #[schema(value_type = String)]
    id: DestinationId,
    /// Its name, for people.
    name: String,
    /// `demo`: built in; greets, then echoes the visitor's voice; `*` makes it hang up.
    kind: &'static str,
    /// Whether calls without a destination go here.
    is_default: bool,
}

impl From<Destination> for DestinationView {
    fn from(destination: Destination) -> Self {
        let kind = match destination.kind {
            DestinationKind::Demo => "demo",
        };
        Self {
            id: destination.id,
            name: destination.name,
            kind,
            is_default: destination.is_default,
        }
    }
}

/// The profiles of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DestinationList {
    /// All profiles.
    items: Vec<DestinationView>,
}

/// List destinations
#[utoipa::path(
    get, path = "/v1/apps/{appId}/destinations", tag = "destinations",
    security(("api_key" = [])), params(("appId" = String, Path)),
    responses(
        (status = 200, body = DestinationList),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    _: ApiClient,
    State(server): State<Arc<Server>>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<DestinationList>, Problem> {
    app(&server, app_id).await?;
    let destinations = server.store.destinations(app_id).await?;
    Ok(Json(DestinationList { items: destinations.into_iter().map(Into::into).collect() }))
}
