//! `…/alert-rules`: what is watched, and who is told.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    alerts::AlertRuleSettings,
    ids::{AlertRuleId, AppId},
};
use bellpush_store::{AlertRule, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::view::AlertRuleView;
use crate::{
    access::ActingAs,
    api::{
        patch::patched,
        path::{PathIds, app},
    },
    clock::{later, now},
    http::{
        body::{JsonBody, parse_value},
        problem::Problem,
        revisions::{IfMatch, Patching, Revised},
    },
};

/// Minutes of the longest silence: 30 days.
const MAX_SILENCE_MINUTES: u32 = 30 * 24 * 60;

/// The alert rules of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRuleList {
    /// All rules, oldest first.
    items: Vec<AlertRuleView>,
}

/// For how long nobody is to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertSilence {
    /// Minutes from now on: 1 to 43,200.
    #[schema(minimum = 1, maximum = 43_200)]
    minutes: u32,
}

/// List alert rules
///
/// With how each stands.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/alert-rules", operation_id = "listAlertRules", tag = "alerts",
    params(("appId" = String, Path)),
    responses((status = 200, body = AlertRuleList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<AlertRuleList>, Problem> {
    app(&store, app_id).await?;
    let (rules, now) = (store.alert_rules(app_id).await?, now());
    let items = rules.into_iter().map(|rule| AlertRuleView::new(rule, now)).collect();
    Ok(Json(AlertRuleList { items }))
}

/// Create an alert rule
///
/// It is looked at once a minute. An app has at most 50 of them.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/alert-rules", operation_id = "createAlertRule", tag = "alerts",
    params(("appId" = String, Path)),
    request_body = AlertRuleSettings,
    responses(
        (status = 201, body = AlertRuleView),
        (status = 409, description = "The app has as many as it may have"),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Revised<AlertRuleView>, Problem> {
    let settings: AlertRuleSettings = parse_value(body)?;
    settings.check()?;
    let rule = store.create_alert_rule(app_id, &settings, &actor).await?;
    Ok(Revised::created(rule.revision, AlertRuleView::new(rule, now())))
}

/// Read an alert rule
#[utoipa::path(
    get, path = "/v1/apps/{appId}/alert-rules/{ruleId}", operation_id = "readAlertRule", tag = "alerts",
    params(("appId" = String, Path), ("ruleId" = String, Path)),
    responses((status = 200, body = AlertRuleView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, AlertRuleId)>,
) -> Result<Revised<AlertRuleView>, Problem> {
    let rule = find(&store, app_id, id).await?;
    Ok(Revised::new(rule.revision, AlertRuleView::new(rule, now())))
}

/// Change an alert rule
///
/// A merge patch (RFC 7396): fields that are given replace those that are there, `null` resets one
/// to its default. A rule that watches something else from now on, or is not active any more, begins
/// anew, and its alert is over.
#[utoipa::path(
    patch, path = "/v1/apps/{appId}/alert-rules/{ruleId}", operation_id = "updateAlertRule", tag = "alerts",
    params(("appId" = String, Path), ("ruleId" = String, Path), IfMatch),
    request_body(content = Object, description = "Any of the fields of the alert rule"),
    responses(
        (status = 200, body = AlertRuleView),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn update(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, AlertRuleId)>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<Value>,
) -> Result<Revised<AlertRuleView>, Problem> {
    let mut patching = Patching::new(if_match);
    let updated = loop {
        let present = find(&store, app_id, id).await?;
        let settings = patched(&present.settings, &patch)?;
        settings.check()?;
        let edit = patching.edit(&actor, present.revision);
        match store.update_alert_rule(app_id, id, &settings, edit).await {
            Err(error) if patching.again(&error) => {}
            updated => break updated?,
        }
    };
    let rule = updated.ok_or_else(|| unknown(id))?;
    Ok(Revised::new(rule.revision, AlertRuleView::new(rule, now())))
}

/// Delete an alert rule
///
/// What it has found stays in the list of alerts.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/alert-rules/{ruleId}", operation_id = "deleteAlertRule", tag = "alerts",
    params(("appId" = String, Path), ("ruleId" = String, Path), IfMatch),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, AlertRuleId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    if store.delete_alert_rule(app_id, id, if_match.edit(&actor)).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown(id))
}

/// Silence an alert rule
///
/// It is looked at as before, but nobody is told. What still goes on afterwards is told then.
#[utoipa::path(
    put, path = "/v1/apps/{appId}/alert-rules/{ruleId}/silence", operation_id = "silenceAlertRule", tag = "alerts",
    params(("appId" = String, Path), ("ruleId" = String, Path)),
    request_body = AlertSilence,
    responses((status = 200, body = AlertRuleView))
)]
pub(crate) async fn silence(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, AlertRuleId)>,
    JsonBody(AlertSilence { minutes }): JsonBody<AlertSilence>,
) -> Result<Json<AlertRuleView>, Problem> {
    if !(1..=MAX_SILENCE_MINUTES).contains(&minutes) {
        let detail = format!("a silence lasts 1 to {MAX_SILENCE_MINUTES} minutes");
        return Err(Problem::invalid(detail).at("/minutes"));
    }
    // By the clock that rules are looked at by.
    let now = store.clock().await?;
    let until = later(now, Duration::from_secs(u64::from(minutes) * 60));
    let silenced = store.silence_alert_rule(app_id, id, Some(until), &actor).await?;
    let rule = silenced.ok_or_else(|| unknown(id))?;
    Ok(Json(AlertRuleView::new(rule, now)))
}

/// End the silence of an alert rule
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/alert-rules/{ruleId}/silence", operation_id = "endAlertSilence", tag = "alerts",
    params(("appId" = String, Path), ("ruleId" = String, Path)),
    responses((status = 200, body = AlertRuleView))
)]
pub(crate) async fn end_silence(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, AlertRuleId)>,
) -> Result<Json<AlertRuleView>, Problem> {
    let heard = store.silence_alert_rule(app_id, id, None, &actor).await?;
    let rule = heard.ok_or_else(|| unknown(id))?;
    Ok(Json(AlertRuleView::new(rule, now())))
}

async fn find(store: &Store, app_id: AppId, id: AlertRuleId) -> Result<AlertRule, Problem> {
    store.alert_rule(app_id, id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: AlertRuleId) -> Problem {
    Problem::not_found(format!("the app has no alert rule {id}"))
}
