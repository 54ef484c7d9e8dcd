//! Who has changed something last: for all who may see the app, beside what they are about to change.

use axum::{Json, extract::State};
use bellpush_core::ids::AppId;
use bellpush_store::{AuditAction, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::path::{PathIds, app},
    http::{
        body::QueryParameters,
        problem::{LastChangeView, Problem},
    },
};

/// What was changed.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    Settings,
    Design,
    Profile,
    Integration,
    AlertRule,
}

impl Changed {
    const fn actions(self) -> &'static [AuditAction] {
        use AuditAction as Is;
        match self {
            Self::Settings => &[Is::AppUpdated],
            Self::Design => &[Is::DesignDraftSaved],
            Self::Profile => &[Is::ProfileUpdated],
            Self::Integration => &[Is::IntegrationUpdated, Is::IntegrationDisabled],
            Self::AlertRule => &[Is::AlertRuleUpdated, Is::AlertRuleSilenced],
        }
    }
}

/// What was changed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangedQuery {
    /// `settings` and `design` are those of the app.
    #[param(inline)]
    of: Changed,
    /// The id of the profile, the integration or the rule.
    #[param(max_length = 100)]
    id: Option<String>,
}

/// Who has changed something last.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastChanged {
    /// `null`: nobody, since it was made.
    #[schema(nullable)]
    last_change: Option<LastChangeView>,
}

/// Read who has changed something last
///
/// By whom and when an app's settings, its draft, or a part of it was changed, as a refused change (412) says it.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/last-change", operation_id = "readLastChange", tag = "apps",
    params(("appId" = String, Path), ChangedQuery),
    responses((status = 200, body = LastChanged))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(ChangedQuery { of, id }): QueryParameters<ChangedQuery>,
) -> Result<Json<LastChanged>, Problem> {
    let app = app(&store, app_id).await?;
    let id = id.unwrap_or_else(|| app.id.to_string());
    let last = store.last_change(app_id, &id, of.actions()).await?;
    Ok(Json(LastChanged { last_change: last.map(LastChangeView::from) }))
}
