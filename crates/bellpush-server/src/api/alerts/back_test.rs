//! `…/alerts/back-test`: what a rule would have done.

use axum::{Json, extract::State};
use bellpush_core::{
    alerts::{AlertRuleSettings, PastAlert},
    events::EventTime,
    ids::AppId,
};
use bellpush_store::Store;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    alerts::{Past, past},
    api::path::{PathIds, app},
    clock::now,
    http::{
        body::{JsonBody, parse_value, take},
        problem::Problem,
    },
};

/// Days that can be looked back.
const MAX_DAYS: u32 = 31;

/// Days that are looked back unless asked otherwise.
const DEFAULT_DAYS: u32 = 30;

/// A rule, saved or not, and how far to look back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackTest {
    /// The last so many days: 1 to 31.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 31, default = 30)]
    days: u32,
    /// The rule.
    #[serde(flatten)]
    rule: AlertRuleSettings,
}

/// What a rule would have done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackTestResult {
    /// From when on it was looked.
    #[schema(value_type = String, format = DateTime)]
    from: EventTime,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    to: EventTime,
    /// How exactly the past is known, in minutes; `null`: not at all, as of trunks.
    resolution_minutes: Option<u32>,
    /// Minutes in which there was enough to say something.
    readings: u32,
    /// How often it would have fired.
    fired: u32,
    /// How many notices there would have been, of alerts and of their ends.
    notices: u32,
    /// The first 500 alerts, oldest first.
    alerts: Vec<PastAlertView>,
}

/// An alert that there would have been.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PastAlertView {
    /// When it would have fired.
    #[schema(value_type = String, format = DateTime)]
    fired_at: EventTime,
    /// When it would have been over; `null`: it would still go on.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// The value at which it would have fired.
    value: f64,
    /// The worst value until it was over.
    worst: f64,
    /// Whether somebody would have been told.
    told: bool,
}

impl From<PastAlert> for PastAlertView {
    fn from(PastAlert { fired_at, recovered_at, value, worst, told }: PastAlert) -> Self {
        Self { fired_at, ended_at: recovered_at, value, worst, told }
    }
}

/// Test an alert rule on the past
///
/// Runs a rule, saved or not, over the last days by the very code that alerts are made by. Of calls the
/// past is known by the minute, of breakers and queues by the hour, and of trunks not at all.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/alerts/back-test", operation_id = "backTestAlertRule", tag = "alerts",
    params(("appId" = String, Path)),
    request_body = BackTest,
    responses(
        (status = 200, body = BackTestResult),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn run(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Json<BackTestResult>, Problem> {
    let days = take(&mut body, "days")?.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::invalid(format!("look back 1 to {MAX_DAYS} days")).at("/days"));
    }
    let rule: AlertRuleSettings = parse_value(body)?;
    rule.check()?;
    let app = app(&store, app_id).await?;
    let Past { from, to, resolution_minutes, rehearsal } =
        past(&store, &app, &rule, days, now()).await?;
    Ok(Json(BackTestResult {
        from,
        to,
        resolution_minutes,
        readings: rehearsal.readings,
        fired: rehearsal.fired,
        notices: rehearsal.notices,
        alerts: rehearsal.alerts.into_iter().map(Into::into).collect(),
    }))
}
