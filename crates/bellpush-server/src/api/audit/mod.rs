//! `/v1/audit`, and the same of one app, one integration, one design: who did what.

mod check;
mod export;
mod last_change;
mod view;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::Seq,
    ids::{AppId, IntegrationId},
};
use bellpush_store::{AuditAction, AuditFilter, Store};
use serde::Deserialize;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::AuditPage;
use crate::{
    access::Caller,
    api::{
        integrations::lookup::find,
        paging::{PageQuery, parsed},
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes of audit.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(export::export))
        .routes(routes!(of_integration))
        .routes(routes!(of_app))
        .routes(routes!(of_design))
        .routes(routes!(check::check))
        .routes(routes!(last_change::read))
}

/// Which lines. All that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditQuery {
    /// Only what was done in this app.
    app_id: Option<String>,
    /// Only what was done with this: any id.
    #[param(max_length = 100)]
    subject_id: Option<String>,
    /// Only what this member or this API key did.
    #[param(max_length = 100)]
    actor_id: Option<String>,
    /// Only this: several with commas between them.
    #[param(value_type = Option<ActionList>, inline)]
    action: Option<String>,
    /// Only from then on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only before then.
    #[param(format = DateTime)]
    to: Option<String>,
}

impl TryFrom<AuditQuery> for AuditFilter {
    type Error = Problem;

    fn try_from(query: AuditQuery) -> Result<Self, Problem> {
        let actions = query.action.as_deref().into_iter().flat_map(|list| list.split(','));
        Ok(Self {
            app_id: parsed("appId", query.app_id.as_deref())?,
            subject_id: query.subject_id,
            actor_id: query.actor_id,
            actions: actions.map(action).collect::<Result<_, _>>()?,
            from: parsed("from", query.from.as_deref())?,
            to: parsed("to", query.to.as_deref())?,
            apps: None,
        })
    }
}

/// Actions with commas between them.
enum ActionList {}

impl PartialSchema for ActionList {
    fn schema() -> RefOr<Schema> {
        let actions: Vec<_> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        let one = format!("({})", actions.join("|"));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{one}(,{one})*$")))
            .examples(["secret_revealed,member_updated"])
            .into()
    }
}

impl ToSchema for ActionList {}

fn action(word: &str) -> Result<AuditAction, Problem> {
    let found = AuditAction::ALL.iter().find(|action| action.as_str() == word);
    found
        .copied()
        .ok_or_else(|| Problem::invalid(format!("action: there is no {word:?}")).of("action"))
}

/// Read the audit trail
///
/// Newest first. Who has a role for some apps reads what was done in these.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "listAudit", tag = "audit",
    params(AuditQuery, PageQuery),
    responses((status = 200, body = AuditPage))
)]
pub(crate) async fn all(
    caller: Caller,
    State(store): State<Store>,
    QueryParameters(query): QueryParameters<AuditQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let filter = AuditFilter { apps: Some(caller.apps().clone()), ..query.try_into()? };
    read(&store, &filter, &page).await
}

/// Read an app's audit trail
///
/// Also of what was deleted in it.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/audit", operation_id = "listAppAudit", tag = "audit",
    params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = AuditPage))
)]
pub(crate) async fn of_app(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    app(&store, app_id).await?;
    let filter = AuditFilter { app_id: Some(app_id), ..AuditFilter::default() };
    read(&store, &filter, &page).await
}

/// Read an integration's audit trail
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/audit", operation_id = "listIntegrationAudit", tag = "audit",
    params(("appId" = String, Path), ("integrationId" = String, Path), PageQuery),
    responses((status = 200, body = AuditPage))
)]
pub(crate) async fn of_integration(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    find(&store, app_id, id).await?;
    let filter = AuditFilter { subject_id: Some(id.to_string()), ..AuditFilter::default() };
    read(&store, &filter, &page).await
}

/// Read the audit trail of a design
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/audit", operation_id = "listDesignAudit", tag = "audit",
    params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = AuditPage))
)]
pub(crate) async fn of_design(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AuditPage>, Problem> {
    app(&store, app_id).await?;
    let actions = vec![
        AuditAction::DesignDraftSaved,
        AuditAction::DesignPublished,
        AuditAction::DesignScheduled,
        AuditAction::DesignUnscheduled,
        AuditAction::DesignRolledBack,
    ];
    let filter = AuditFilter { app_id: Some(app_id), actions, ..AuditFilter::default() };
    read(&store, &filter, &page).await
}

async fn read(
    store: &Store,
    filter: &AuditFilter,
    page: &PageQuery,
) -> Result<Json<AuditPage>, Problem> {
    let request = page.request(|text| text.parse().ok().map(Seq))?;
    Ok(Json(store.audit(filter, request).await?.into()))
}
