//! The figures of a time, beside those of the time before.

use axum::{Json, extract::State};
use bellpush_core::{
    analytics::{
        Figures,
        report::{Series, hours_between},
    },
    events::EventTime,
    ids::AppId,
};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    query::{AnalyticsQuery, Asked, PeriodView},
    read::sum,
    view::{DetailsView, FiguresView},
};
use crate::{
    api::path::{PathIds, app},
    http::{body::QueryParameters, problem::Problem},
};

/// The figures of some days.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsSummary {
    /// Of which days.
    period: PeriodView,
    /// As many days right before.
    before: PeriodView,
    /// Everything is counted that was recorded before then.
    #[schema(value_type = String, format = DateTime)]
    counted_to: EventTime,
    /// What was counted.
    total: FiguresView,
    /// What was counted in the days before.
    total_before: FiguresView,
    /// What is behind the figures.
    details: DetailsView,
}

/// See the figures of some days
///
/// Previews are not counted. Each call counts when it started, so that the sums are those of the list
/// of calls from `start` to `end` with `preview=false`; loads and taps that no call came of count when
/// their events were recorded.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics", operation_id = "readAnalytics", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery),
    responses((status = 200, body = AnalyticsSummary))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
) -> Result<Json<AnalyticsSummary>, Problem> {
    let Asked { period, filter } = query.of(&app(&store, app_id).await?)?;
    let before = period.before();
    let counted_to = store.counted_to().await?.time;
    let boundaries = [before.start(), period.start(), period.end()];
    let hours = hours_between(before.start(), period.end());
    let sums = Series::new(&boundaries, filter);
    let mut figures = sum(&store, app_id, hours, sums, Series::add).await?.finish().into_iter();
    let earlier: Figures = figures.next().unwrap_or_default();
    let total: Figures = figures.next().unwrap_or_default();
    Ok(Json(AnalyticsSummary {
        period: (&period).into(),
        before: (&before).into(),
        counted_to,
        total: (&total).into(),
        total_before: (&earlier).into(),
        details: (&total).into(),
    }))
}
