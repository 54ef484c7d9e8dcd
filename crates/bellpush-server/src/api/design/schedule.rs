//! A design that is published by itself at its time.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{design::Design, events::EventTime, ids::AppId};
use bellpush_store::{DesignSchedule, Expected, NewDesignSchedule, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    draft::present,
    problem::{DesignProblem, Refused},
    versions::{expected_draft, note_of},
};
use crate::{
    access::ActingAs,
    api::path::{PathIds, app},
    clock::now,
    designs::{DesignPublisher, Designs},
    http::{actor::ActorView, body::JsonBody, problem::Problem, revisions::IfMatch},
};

/// Milliseconds that a design may lie in the future, at most: a year and a day.
const MAX_AHEAD_MS: i64 = 367 * 24 * 3_600 * 1_000;

/// When the draft is to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScheduleRequest {
    /// When: in the future, and within a year.
    #[schema(value_type = String, format = DateTime)]
    publish_at: EventTime,
    /// What is new in it: up to 500 characters.
    #[schema(max_length = 500)]
    #[serde(default)]
    note: Option<String>,
}

/// A design that is published by itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DesignScheduleView {
    /// When it is published.
    #[schema(value_type = String, format = DateTime)]
    publish_at: EventTime,
    /// What is new in it.
    note: Option<String>,
    /// Who decided it, and is its publisher.
    scheduled_by: ActorView,
    /// When that was decided.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: EventTime,
}

impl From<DesignSchedule> for DesignScheduleView {
    fn from(schedule: DesignSchedule) -> Self {
        let DesignSchedule { note, scheduled_by, scheduled_at, publish_at } = schedule;
        let scheduled_by = ActorView::new(scheduled_by.who, scheduled_by.name);
        Self { publish_at, note, scheduled_by, scheduled_at }
    }
}

/// What is to be published by itself, if anything.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DesignScheduleAnswer {
    /// `null` when nothing is.
    schedule: Option<DesignScheduleView>,
}

/// Read which design is published by itself
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/schedule", tag = "design",
    operation_id = "readDesignSchedule", params(("appId" = String, Path)),
    responses((status = 200, body = DesignScheduleAnswer))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<DesignScheduleAnswer>, Problem> {
    app(&store, app_id).await?;
    let schedule = store.design_schedule(app_id).await?.map(Into::into);
    Ok(Json(DesignScheduleAnswer { schedule }))
}

/// Publish the draft of a design later
///
/// What the draft is now is published at that time, whatever becomes of the draft. It takes the place of
/// what was to be published before. With `If-Match`, only the revision that it names is taken.
#[utoipa::path(
    put, path = "/v1/apps/{appId}/design/schedule", tag = "design",
    operation_id = "scheduleDesign", params(("appId" = String, Path), IfMatch),
    request_body(content = ScheduleRequest, extensions(("x-beyond-schema" = json!("the document has every field that a profile names")))),
    responses(
        (status = 200, body = DesignScheduleView),
        (status = 422, description = "The document can't be used, or the time", body = DesignProblem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn schedule(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(designs): State<Designs>,
    State(publisher): State<DesignPublisher>,
    PathIds(app_id): PathIds<AppId>,
    if_match: IfMatch,
    JsonBody(request): JsonBody<ScheduleRequest>,
) -> Result<Json<DesignScheduleView>, Refused> {
    let app = app(&store, app_id).await?;
    let note = note_of(request.note.as_deref())?;
    let ahead = request.publish_at.millis().saturating_sub(now().millis());
    if !(1..=MAX_AHEAD_MS).contains(&ahead) {
        let detail = "choose a time in the future, and within a year";
        return Err(Problem::invalid(detail).at("/publishAt").into());
    }
    let (document, revision) = present(&store, &designs, &app).await?;
    let draft = expected_draft(if_match, revision)?;
    let document = Design::read(document)?.to_json().to_string();
    let new = NewDesignSchedule {
        document: &document,
        note,
        publish_at: request.publish_at,
        draft: Expected::Revision(draft),
    };
    let scheduled = store.schedule_design(app_id, new, &actor).await?;
    publisher.wake();
    Ok(Json(scheduled.into()))
}

/// Don't publish a design later
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/design/schedule", tag = "design",
    operation_id = "unscheduleDesign", params(("appId" = String, Path)),
    responses((status = 204, description = "Nothing is published by itself"))
)]
pub(crate) async fn cancel(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<StatusCode, Problem> {
    app(&store, app_id).await?;
    store.unschedule_design(app_id, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
