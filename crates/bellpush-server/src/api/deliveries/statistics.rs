//! `…/integrations/{integrationId}/statistics`: how deliveries went over time.

use axum::{Json, extract::State};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    schema::text_in_form,
};
use bellpush_store::{Statistics, StepSize, Store};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    api::{integrations::lookup::find, paging::parsed, path::PathIds},
    clock::now,
    http::{body::QueryParameters, problem::Problem},
};

const HOUR_MS: i64 = 3_600_000;
/// Steps in one answer, at most: six weeks of hours.
const MAX_STEPS: i64 = 1_008;

/// How long a step is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

/// A beginning or an end.
enum Boundary {}

impl PartialSchema for Boundary {
    fn schema() -> RefOr<Schema> {
        let rule = format!("`from` is before `to`, and at most {MAX_STEPS} steps before it");
        text_in_form("date-time", &rule).examples(["2026-03-01T00:00:00Z"]).into()
    }
}

impl ToSchema for Boundary {}

/// Of which time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatisticsQuery {
    /// From then on; 24 steps, or 30 for days, before `to` by default.
    #[param(value_type = Option<Boundary>, inline)]
    from: Option<String>,
    /// Until then; now by default.
    #[param(value_type = Option<Boundary>, inline)]
    to: Option<String>,
    /// `hour` (the default) or `day`.
    #[param(inline)]
    step: Option<Step>,
}

/// How deliveries went over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsReport {
    /// How long a step is.
    step: Step,
    /// All steps together.
    total: StatisticsView,
    /// Step by step, oldest first; steps in which nothing happened are left out.
    steps: Vec<StatisticsStep>,
}

/// How deliveries went in one step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsStep {
    /// When the step begins.
    #[schema(value_type = String, format = DateTime)]
    start: EventTime,
    #[serde(flatten)]
    statistics: StatisticsView,
}

/// How deliveries went in some time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatisticsView {
    /// Attempts.
    attempts: u64,
    /// Attempts that delivered.
    delivered: u64,
    /// Attempts that failed and were followed by another.
    retried: u64,
    /// Attempts that failed and were the last.
    dead: u64,
    /// The share of attempts that delivered, from 0 to 1; `null` without attempts.
    success_rate: Option<f64>,
    /// How long attempts took; `null` without attempts.
    latency_ms: Option<LatencyView>,
    /// The most deliveries that were seen waiting; looked at once a minute.
    most_waiting: u64,
    /// For how many seconds the breaker was not closed; looked at once a minute.
    breaker_open_seconds: u64,
}

/// How long attempts took, in milliseconds, wrong by less than a fifth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatencyView {
    /// Half of them took no longer.
    p50: u32,
    /// 90 % of them took no longer.
    p90: u32,
    /// 99 % of them took no longer.
    p99: u32,
}

impl From<&Statistics> for StatisticsView {
    fn from(statistics: &Statistics) -> Self {
        let attempts = statistics.attempts();
        let latency = |share| statistics.latency.percentile(share);
        Self {
            attempts,
            delivered: statistics.delivered,
            retried: statistics.retried,
            dead: statistics.dead,
            success_rate: (attempts > 0).then(|| statistics.delivered as f64 / attempts as f64),
            latency_ms: latency(0.5)
                .zip(latency(0.9))
                .zip(latency(0.99))
                .map(|((p50, p90), p99)| LatencyView { p50, p90, p99 }),
            most_waiting: statistics.most_waiting,
            breaker_open_seconds: statistics.breaker_open_seconds,
        }
    }
}

/// See how deliveries went over time
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/statistics", operation_id = "readStatistics", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), StatisticsQuery),
    responses((status = 200, body = StatisticsReport))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    QueryParameters(query): QueryParameters<StatisticsQuery>,
) -> Result<Json<StatisticsReport>, Problem> {
    let step = query.step.unwrap_or(Step::Hour);
    let (size, steps) = match step {
        Step::Hour => (StepSize::Hour, 24),
        Step::Day => (StepSize::Day, 30),
    };
    let step_ms = size.hours() * HOUR_MS;
    let to = parsed("to", query.to.as_deref())?.unwrap_or_else(now);
    let from = match parsed("from", query.from.as_deref())? {
        Some(from) => from,
        None => EventTime::from_millis(to.millis().saturating_sub(steps * step_ms))
            .ok_or_else(|| Problem::invalid("to is too early").of("to"))?,
    };
    let covered = to.millis().saturating_sub(from.millis());
    if covered <= 0 {
        return Err(Problem::invalid("from must be before to").of("from"));
    }
    if covered > MAX_STEPS * step_ms {
        return Err(Problem::invalid(format!(
            "at most {MAX_STEPS} steps can be asked for at once; ask for days or a shorter time"
        ))
        .of("from"));
    }
    find(&store, app_id, id).await?;
    let steps = store.statistics(id, from, to, size).await?;
    let mut total = Statistics::default();
    steps.values().for_each(|step| total.merge(step));
    let step_view = |(start, statistics): (&EventTime, &Statistics)| StatisticsStep {
        start: *start,
        statistics: statistics.into(),
    };
    let steps = steps.iter().map(step_view).collect();
    Ok(Json(StatisticsReport { step, total: (&total).into(), steps }))
}
