//! Figures as tables for spreadsheets.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bellpush_core::{analytics::Figures, ids::AppId};
use bellpush_store::Store;
use serde_json::Value;

use super::{
    breakdown::{self, ByQuery},
    query::AnalyticsQuery,
    series::{self, Counted, StepQuery},
    view::FiguresView,
};
use crate::{
    api::{calls::sip::download, path::PathIds},
    exports::csv,
    http::{body::QueryParameters, problem::Problem},
};

const CSV: &str = "text/csv; charset=utf-8";

/// Export the figures over time as CSV
///
/// The rows of the series with the same parameters; no cell can be a formula.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/series.csv", operation_id = "exportAnalyticsSeries", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery, StepQuery),
    responses((status = 200, description = "The rows", content_type = "text/csv", body = String))
)]
pub(crate) async fn series(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
    QueryParameters(step): QueryParameters<StepQuery>,
) -> Result<Response, Problem> {
    let Counted { points, .. } = series::count(&store, app_id, query, step).await?;
    let rows = points
        .iter()
        .map(|(start, end, figures)| (vec![start.to_string(), end.to_string()], figures));
    table(&["start", "end"], rows)
}

/// Export a breakdown as CSV
///
/// All rows of the breakdown with the same parameters; no cell can be a formula.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/breakdown.csv", operation_id = "exportAnalyticsBreakdown", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery, ByQuery),
    responses((status = 200, description = "The rows", content_type = "text/csv", body = String))
)]
pub(crate) async fn breakdown(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
    QueryParameters(by): QueryParameters<ByQuery>,
) -> Result<Response, Problem> {
    let by = by.by;
    let (_, rows) = breakdown::count(&store, app_id, query, by).await?;
    let rows = rows.iter().map(|(value, figures)| (vec![value.clone()], figures));
    table(&[by.as_str()], rows)
}

/// A table with the names of figures above it.
fn table<'a>(
    names: &[&str],
    rows: impl Iterator<Item = (Vec<String>, &'a Figures)>,
) -> Result<Response, Problem> {
    let (figure_names, _) = cells(&Figures::default())?;
    let header = names.iter().map(ToString::to_string).chain(figure_names).collect();
    let rows = rows.map(|(mut row, figures)| {
        row.extend(cells(figures)?.1);
        Ok(row)
    });
    let rows: Vec<Vec<String>> =
        std::iter::once(Ok(header)).chain(rows).collect::<Result<_, Problem>>()?;
    let text = csv::rows(rows).map_err(unwritable)?;
    Ok(download(text.into_response(), CSV, "analytics.csv"))
}

/// The names of figures, and these ones; a figure of nothing is empty.
fn cells(figures: &Figures) -> Result<(Vec<String>, Vec<String>), Problem> {
    let view = serde_json::to_value(FiguresView::from(figures)).map_err(unwritable)?;
    let Value::Object(fields) = view else { return Ok((Vec::new(), Vec::new())) };
    let cell = |value: Value| if value.is_null() { String::new() } else { value.to_string() };
    Ok(fields.into_iter().map(|(name, value)| (name, cell(value))).unzip())
}

fn unwritable(error: impl std::fmt::Display) -> Problem {
    Problem::internal(format!("the table can't be written: {error}"))
}
