//! The figures by hour of the week.

use axum::{Json, extract::State};
use bellpush_core::{
    analytics::{
        Figures,
        report::{HeatMap, hours_between},
    },
    ids::AppId,
};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    query::{AnalyticsQuery, Asked, PeriodView},
    read::sum,
    view::FiguresView,
};
use crate::{
    api::path::{PathIds, app},
    http::{body::QueryParameters, problem::Problem},
};

const DAY_HOURS: usize = 24;

/// The figures of some days, by hour of the week.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsHeatMap {
    /// Of which days.
    period: PeriodView,
    /// Each hour of the week, from Monday's first on.
    cells: Vec<HeatMapCell>,
}

/// The figures of one hour of the week.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeatMapCell {
    /// The day of the week, from 1 for Monday to 7.
    weekday: usize,
    /// The hour of the day as its clocks show it, from 0 to 23.
    hour: usize,
    #[serde(flatten)]
    figures: FiguresView,
}

/// See the figures by hour of the week
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/heat-map", operation_id = "readAnalyticsHeatMap", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery),
    responses((status = 200, body = AnalyticsHeatMap))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
) -> Result<Json<AnalyticsHeatMap>, Problem> {
    let Asked { period, filter } = query.of(&app(&store, app_id).await?)?;
    let hours = hours_between(period.start(), period.end());
    let sums = HeatMap::new(&period, filter);
    let figures = sum(&store, app_id, hours, sums, HeatMap::add).await?.finish();
    let cell = |(at, figures): (usize, &Figures)| HeatMapCell {
        weekday: at / DAY_HOURS + 1,
        hour: at % DAY_HOURS,
        figures: figures.into(),
    };
    let cells = figures.iter().enumerate().map(cell).collect();
    Ok(Json(AnalyticsHeatMap { period: (&period).into(), cells }))
}
