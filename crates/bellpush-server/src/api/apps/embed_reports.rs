//! `/v1/apps/{appId}/embed-reports`: what real visits report of the pages that embed the widget.

use axum::{Json, extract::State};
use bellpush_core::{embed::VisitProblem, events::EventTime, ids::AppId};
use bellpush_store::{EmbedReport, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::path::{PathIds, app},
    http::problem::Problem,
};

/// What was last reported of a page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbedReportView {
    /// The page: its origin and, where that is known, its path, without what may name a visitor.
    page: String,
    /// Why browsers showed no widget there; `null` where they did.
    problem: Option<VisitProblem>,
    /// Whether the page lets the widget have the microphone; `null` where the browser did not tell.
    microphone: Option<bool>,
    /// How many pages are around the widget; `null` where the browser did not tell.
    frames: Option<u8>,
    /// Whether the loader has brought it in, and not an iframe of the page's own; `null` where no widget
    /// was shown.
    loader: Option<bool>,
    /// When the page was first seen.
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: EventTime,
    /// When it was last seen, to a minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: EventTime,
}

impl From<EmbedReport> for EmbedReportView {
    fn from(report: EmbedReport) -> Self {
        let EmbedReport { visit, first_seen_at, seen_at } = report;
        Self {
            page: visit.page,
            problem: visit.problem,
            microphone: visit.microphone,
            frames: visit.frames,
            loader: visit.loader,
            first_seen_at,
            seen_at,
        }
    }
}

/// What real visits report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmbedReportList {
    /// The last report of each page, the page seen last first: of 200 pages that show the widget, and of
    /// 20 others that asked for it in vain.
    items: Vec<EmbedReportView>,
}

/// List reports of visits
#[utoipa::path(
    get, path = "/v1/apps/{appId}/embed-reports", operation_id = "listEmbedReports", tag = "apps",
    params(("appId" = String, Path)),
    responses((status = 200, body = EmbedReportList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<EmbedReportList>, Problem> {
    app(&store, app_id).await?;
    let reports = store.embed_reports(app_id).await?;
    Ok(Json(EmbedReportList { items: reports.into_iter().map(Into::into).collect() }))
}
