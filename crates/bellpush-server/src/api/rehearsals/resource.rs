//! `…/rehearsals`: begun, watched and ended.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    ids::{AppId, DestinationId, IntegrationId, RehearsalId},
    rehearsal::{RehearsalSettings, Target},
};
use bellpush_delivery::Announcer;
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    find, unknown,
    view::{RehearsalDetails, RehearsalView},
};
use crate::{
    access::ActingAs,
    api::{
        paging::{PageQuery, parsed},
        path::{PathIds, app},
    },
    clock::now,
    http::{
        body::{JsonBody, QueryParameters, parse_value},
        problem::Problem,
    },
    rehearsals::RehearsalWatch,
};

/// Attempts that are shown.
const ATTEMPTS: u32 = 50;

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalQuery {
    /// Only those of this integration.
    #[param(value_type = Option<IntegrationId>, inline)]
    integration_id: Option<String>,
    /// Only those of this profile; not beside `integrationId`.
    #[param(value_type = Option<DestinationId>, inline)]
    destination_id: Option<String>,
}

/// A page of rehearsals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalPage {
    /// The rehearsals, newest first.
    items: Vec<RehearsalView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List rehearsals
///
/// Those that run, and those that were.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/rehearsals", operation_id = "listRehearsals", tag = "rehearsals",
    params(("appId" = String, Path), RehearsalQuery, PageQuery),
    responses((status = 200, body = RehearsalPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<RehearsalQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<RehearsalPage>, Problem> {
    let integration = parsed("integrationId", query.integration_id.as_deref())?;
    let profile = parsed("destinationId", query.destination_id.as_deref())?;
    let request = page.request(|text| text.parse().ok())?;
    app(&store, app_id).await?;
    // Nothing is of both.
    if integration.is_some() && profile.is_some() {
        return Ok(Json(RehearsalPage { items: Vec::new(), next: None }));
    }
    let of = integration.map(Target::Integration).or(profile.map(Target::Profile));
    let (page, now) = (store.rehearsals(app_id, of, request).await?, now());
    let view = |rehearsal| RehearsalView::new(rehearsal, false, now);
    Ok(Json(RehearsalPage {
        items: page.items.iter().map(view).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// Begin a rehearsal
///
/// For some minutes, deliveries of previews to an integration fail, or calls of previews by a profile do.
/// What is real never meets it. It ends by itself; one of an integration or a profile runs at a time.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/rehearsals", operation_id = "beginRehearsal", tag = "rehearsals",
    params(("appId" = String, Path)),
    request_body = RehearsalSettings,
    responses(
        (status = 201, body = RehearsalView),
        (status = 409, description = "One runs already"),
        (status = 422, description = "It does not fit, or no preview would come to it"),
    )
)]
pub(crate) async fn begin(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    State(watch): State<RehearsalWatch>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<RehearsalView>), Problem> {
    let settings: RehearsalSettings = parse_value(body)?;
    let begun = store.begin_rehearsal(app_id, &settings, &actor).await?.ok_or_else(|| {
        Problem::conflict("a rehearsal of it runs already; end it first, or wait for its end")
    })?;
    announcer.endpoints_changed();
    watch.wake();
    Ok((StatusCode::CREATED, Json(RehearsalView::new(&begun, false, now()))))
}

/// Watch a rehearsal
///
/// How it does right now, and what became of the deliveries that it met.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/rehearsals/{rehearsalId}", operation_id = "readRehearsal", tag = "rehearsals",
    params(("appId" = String, Path), ("rehearsalId" = String, Path)),
    responses((status = 200, body = RehearsalDetails))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, RehearsalId)>,
) -> Result<Json<RehearsalDetails>, Problem> {
    let rehearsal = find(&store, app_id, id).await?;
    let lane = match rehearsal.target {
        Target::Integration(id) => announcer.lane(id).await?.and_then(|lane| lane.rehearsal),
        Target::Profile(_) => None,
    };
    let attempts = store.rehearsed_attempts(id, ATTEMPTS).await?;
    Ok(Json(RehearsalDetails::new(&rehearsal, lane, attempts, now())))
}

/// End a rehearsal
///
/// Before its time. One that is over stays as it is.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/rehearsals/{rehearsalId}", operation_id = "endRehearsal", tag = "rehearsals",
    params(("appId" = String, Path), ("rehearsalId" = String, Path)),
    responses((status = 200, body = RehearsalView))
)]
pub(crate) async fn end(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, RehearsalId)>,
) -> Result<Json<RehearsalView>, Problem> {
    let ended = store.end_rehearsal(app_id, id, &actor).await?.ok_or_else(|| unknown(id))?;
    announcer.endpoints_changed();
    Ok(Json(RehearsalView::new(&ended, false, now())))
}
