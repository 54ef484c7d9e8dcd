//! The figures step by step.

use axum::{Json, extract::State};
use bellpush_core::{
    analytics::{
        Figures, Period,
        report::{Series, SeriesStep, boundaries, hours_between},
    },
    ids::AppId,
};
use bellpush_store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    query::{AnalyticsQuery, Asked, MAX_HOURLY_DAYS, PeriodView},
    read::sum,
    view::FiguresView,
};
use crate::{
    api::path::{PathIds, app},
    http::{body::QueryParameters, problem::Problem},
};

/// How long the steps are.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StepQuery {
    /// `hour`, `day` (the default), `week` or `month`.
    #[param(inline)]
    step: Option<SeriesStep>,
}

/// The figures of some days, step by step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsSeries {
    /// Of which days.
    period: PeriodView,
    /// How long the steps are.
    step: SeriesStep,
    /// Every step, oldest first, also those in which nothing happened.
    points: Vec<SeriesPoint>,
}

/// The figures of one step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesPoint {
    /// When the step begins.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    end: String,
    #[serde(flatten)]
    figures: FiguresView,
}

/// The figures step by step, as they are counted.
pub(super) struct Counted {
    pub(super) period: Period,
    pub(super) step: SeriesStep,
    /// Beginning, end and figures of each step.
    pub(super) points: Vec<(Timestamp, Timestamp, Figures)>,
}

/// Counts what is asked for.
///
/// # Errors
/// 422 for days that are none, or too many for hours; 404 where there is no such app.
pub(super) async fn count(
    store: &Store,
    app_id: AppId,
    query: AnalyticsQuery,
    StepQuery { step }: StepQuery,
) -> Result<Counted, Problem> {
    let Asked { period, filter } = query.of(&app(store, app_id).await?)?;
    let step = step.unwrap_or(SeriesStep::Day);
    if step == SeriesStep::Hour && period.days() > MAX_HOURLY_DAYS {
        let detail = format!("by hours, {MAX_HOURLY_DAYS} days can be asked about at most");
        return Err(Problem::invalid(detail).of("from"));
    }
    let moments = boundaries(&period, step);
    let hours = hours_between(period.start(), period.end());
    let sums = Series::new(&moments, filter);
    let figures = sum(store, app_id, hours, sums, Series::add).await?.finish();
    let spans = moments.iter().zip(moments.iter().skip(1));
    let points =
        spans.zip(figures).map(|((start, end), figures)| (*start, *end, figures)).collect();
    Ok(Counted { period, step, points })
}

/// See the figures over time
///
/// By hours, days, weeks or months of the app's time zone. A day on which the clocks are changed has
/// 23 or 25 hours.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/series", operation_id = "readAnalyticsSeries", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery, StepQuery),
    responses((status = 200, body = AnalyticsSeries))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
    QueryParameters(step): QueryParameters<StepQuery>,
) -> Result<Json<AnalyticsSeries>, Problem> {
    let Counted { period, step, points } = count(&store, app_id, query, step).await?;
    let point = |(start, end, figures): &(Timestamp, Timestamp, Figures)| SeriesPoint {
        start: start.to_string(),
        end: end.to_string(),
        figures: figures.into(),
    };
    let points = points.iter().map(point).collect();
    Ok(Json(AnalyticsSeries { period: (&period).into(), step, points }))
}
