//! The figures by the values of one dimension.

use axum::{Json, extract::State};
use bellpush_core::{
    analytics::{
        Dimension, Figures, Period,
        report::{Breakdown, hours_between},
    },
    ids::AppId,
};
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    query::{AnalyticsQuery, Asked, PeriodView},
    read::sum,
    view::FiguresView,
};
use crate::{
    api::path::{PathIds, app},
    http::{body::QueryParameters, problem::Problem},
};

/// Rows of one answer, at most; those with the most calls come first.
const MAX_ROWS: usize = 200;

/// By what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ByQuery {
    /// `profile`, `page`, `browser`, `language` or `network`.
    #[param(inline)]
    pub(super) by: Dimension,
}

/// The figures of some days, by the values of a dimension.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsBreakdown {
    /// Of which days.
    period: PeriodView,
    /// By what.
    by: Dimension,
    /// Those with the most calls first; the first 200.
    rows: Vec<BreakdownRow>,
    /// Whether there are more.
    more: bool,
}

/// The figures of one value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BreakdownRow {
    /// The value; `unknown` where it is not known.
    value: String,
    #[serde(flatten)]
    figures: FiguresView,
}

/// Counts what is asked for.
///
/// # Errors
/// 422 for days that are none; 404 where there is no such app.
pub(super) async fn count(
    store: &Store,
    app_id: AppId,
    query: AnalyticsQuery,
    by: Dimension,
) -> Result<(Period, Vec<(String, Figures)>), Problem> {
    let Asked { period, filter } = query.of(&app(store, app_id).await?)?;
    let hours = hours_between(period.start(), period.end());
    let sums = Breakdown::new(by, &period, filter);
    let rows = sum(store, app_id, hours, sums, Breakdown::add).await?.finish();
    Ok((period, rows))
}

/// Break the figures down
///
/// By profile, site, browser, language or the way of a call's media.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/breakdown", operation_id = "readAnalyticsBreakdown", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery, ByQuery),
    responses((status = 200, body = AnalyticsBreakdown))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
    QueryParameters(ByQuery { by }): QueryParameters<ByQuery>,
) -> Result<Json<AnalyticsBreakdown>, Problem> {
    let (period, rows) = count(&store, app_id, query, by).await?;
    let more = rows.len() > MAX_ROWS;
    let row = |(value, figures): &(String, Figures)| BreakdownRow {
        value: value.clone(),
        figures: figures.into(),
    };
    let rows = rows.iter().take(MAX_ROWS).map(row).collect();
    Ok(Json(AnalyticsBreakdown { period: (&period).into(), by, rows, more }))
}
