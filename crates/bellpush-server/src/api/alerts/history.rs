//! `…/alerts`: what has fired.

use axum::{Json, extract::State};
use bellpush_core::ids::{AlertRuleId, AppId};
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::AlertView;
use crate::{
    api::{
        paging::{PageQuery, parsed},
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
};

/// Of which rule.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertQuery {
    /// Only alerts of this rule.
    #[param(value_type = Option<AlertRuleId>, inline)]
    rule_id: Option<String>,
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertPage {
    /// The alerts, newest first.
    items: Vec<AlertView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List alerts
///
/// What has fired, and who was told.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/alerts", operation_id = "listAlerts", tag = "alerts",
    params(("appId" = String, Path), AlertQuery, PageQuery),
    responses((status = 200, body = AlertPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AlertQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AlertPage>, Problem> {
    let rule_id = parsed::<AlertRuleId>("ruleId", query.rule_id.as_deref())?;
    let request = page.request(|text| text.parse().ok())?;
    app(&store, app_id).await?;
    let page = store.alerts(app_id, rule_id, request).await?;
    Ok(Json(AlertPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}
