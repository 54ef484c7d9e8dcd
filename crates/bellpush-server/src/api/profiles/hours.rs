//! `…/hours/check`: is it open at…?

use axum::{Json, extract::State};
use bellpush_core::{
    events::EventTime,
    hours::BusinessHours,
    ids::{AppId, DestinationId},
};
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        path::{PathIds, app},
        profiles::resource::find,
    },
    clock::now,
    http::{
        body::{JsonBody, QueryParameters},
        problem::Problem,
    },
};

/// Which instant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursQuery {
    /// The instant, like `2026-12-24T10:00:00Z`; now without it.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<EventTime>,
}

/// What business hours say of an instant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoursCheck {
    /// The instant.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// Whether calls are taken then.
    open: bool,
    /// When that changes; `null` when it does not within a year.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_change: Option<EventTime>,
    /// When it opens next, after it has closed where it is open; `null` when it does not within a
    /// year.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_opening: Option<EventTime>,
    /// The label of the exception of that date.
    exception: Option<String>,
}

/// Check an app's hours
///
/// Is it open at…?
#[utoipa::path(
    get, path = "/v1/apps/{appId}/hours/check", operation_id = "checkAppHours", tag = "hours",
    params(("appId" = String, Path), HoursQuery),
    responses((status = 200, body = HoursCheck))
)]
pub(crate) async fn check_app(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(HoursQuery { at }): QueryParameters<HoursQuery>,
) -> Result<Json<HoursCheck>, Problem> {
    let app = app(&store, app_id).await?;
    Ok(Json(check(app.settings.hours.as_ref(), at.unwrap_or_else(now))))
}

/// Hours that are thought of, and an instant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursQuestion {
    /// The hours.
    hours: BusinessHours,
    /// The instant; now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<EventTime>,
}

/// Check hours that are not saved
///
/// Is it open at…? By the same rules that calls are taken by.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/hours/check", operation_id = "checkUnsavedHours", tag = "hours",
    params(("appId" = String, Path)),
    request_body = HoursQuestion,
    responses(
        (status = 200, body = HoursCheck),
        (status = 422, description = "The hours can't be used"),
    )
)]
pub(crate) async fn check_unsaved(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(HoursQuestion { hours, at }): JsonBody<HoursQuestion>,
) -> Result<Json<HoursCheck>, Problem> {
    app(&store, app_id).await?;
    hours.check("/hours")?;
    Ok(Json(check(Some(&hours), at.unwrap_or_else(now))))
}

/// Check a destination's hours
///
/// Its own, or else the app's: is it open at…?
#[utoipa::path(
    get, path = "/v1/apps/{appId}/destinations/{destinationId}/hours/check", operation_id = "checkDestinationHours", tag = "hours",
    params(("appId" = String, Path), ("destinationId" = String, Path), HoursQuery),
    responses((status = 200, body = HoursCheck))
)]
pub(crate) async fn check_destination(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, DestinationId)>,
    QueryParameters(HoursQuery { at }): QueryParameters<HoursQuery>,
) -> Result<Json<HoursCheck>, Problem> {
    let app = app(&store, app_id).await?;
    let profile = find(&store, app_id, id).await?;
    let hours = profile.settings.hours.as_ref().or(app.settings.hours.as_ref());
    Ok(Json(check(hours, at.unwrap_or_else(now))))
}

fn check(hours: Option<&BusinessHours>, at: EventTime) -> HoursCheck {
    let Some(hours) = hours else {
        return HoursCheck {
            at,
            open: true,
            next_change: None,
            next_opening: None,
            exception: None,
        };
    };
    let instant = at.timestamp();
    let span = hours.span(instant);
    let next_opening = match span.until {
        Some(closing) if span.open => hours.span(closing).until,
        opening => opening,
    };
    HoursCheck {
        at,
        open: span.open,
        next_change: span.until.map(EventTime::new),
        next_opening: next_opening.map(EventTime::new),
        exception: hours.exception_at(instant).map(|exception| exception.label.clone()),
    }
}
