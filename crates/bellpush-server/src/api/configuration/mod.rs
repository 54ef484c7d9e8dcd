//! `/v1/configuration`: what is set up, as one document that can be kept in a file.

mod need;
mod view;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use bellpush_core::{
    access::Apps,
    configuration::{Configuration, MAX_BYTES, PlannedChange},
    ids::AppId,
};
use bellpush_delivery::{Announcer, SigningSecret};
use bellpush_store::{Application, NewSigning, Store};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::{AppliedView, ConfigurationView, PlanBody, PlanView};
use crate::{
    access::Caller,
    api::{
        integrations,
        path::{PathIds, app},
    },
    config::ServerConfig,
    http::{
        body::{QueryParameters, check_json, parse_json, read as read_body},
        problem::Problem,
    },
    server::Server,
    sessions::Sessions,
    tokens::WidgetKey,
    trunks::RunningTrunks,
};

/// The routes of the configuration as a whole.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(plan))
        .routes(routes!(apply))
        .routes(routes!(read_applied))
}

/// Which part of the configuration.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// The app; without one all that the caller may read.
    #[param(value_type = Option<String>, pattern = "^app_[0-9a-f]{32}$")]
    app_id: Option<AppId>,
}

/// Read the configuration
///
/// Of all apps that the caller may look into, or of one, with the trunks that they call by: settings, widget keys,
/// profiles, integrations, alert rules, and the published and the drafted design; of these, what the caller may read. Secrets
/// are shown as `kept`.
#[utoipa::path(
    get, path = "/v1/configuration", operation_id = "readConfiguration", tag = "configuration",
    params(Part),
    responses((status = 200, body = ConfigurationView))
)]
pub(crate) async fn read(
    caller: Caller,
    State(store): State<Store>,
    QueryParameters(part): QueryParameters<Part>,
) -> Result<Json<ConfigurationView>, Problem> {
    let mut configuration = match part.app_id {
        Some(id) => {
            caller.reaches(id)?;
            app(&store, id).await?;
            store.configuration(&Apps::Only([id].into())).await?
        }
        None => store.configuration(caller.apps()).await?,
    };
    if part.app_id.is_some() || !need::is_whole_installation(&caller) {
        let used: Vec<_> = configuration
            .apps
            .iter()
            .flat_map(|it| it.profiles.iter().flatten())
            .filter_map(|it| it.settings.trunk_id)
            .collect();
        configuration.trunks.retain(|trunk| used.contains(&trunk.id));
    }
    Ok(Json(ConfigurationView { configuration: need::readable(&caller, configuration) }))
}

/// Plan a change of the configuration
///
/// What applying a document would change, by screen, and the state that this was found on. Apps, trunks
/// and parts of apps that the document does not name stay as they are; a list that it has is complete.
/// Nothing is changed.
#[utoipa::path(
    post, path = "/v1/configuration/plan", operation_id = "planConfiguration", tag = "configuration",
    request_body(content = PlanBody, extensions(("x-beyond-schema" = json!("the rules of all that can be set up")))),
    responses(
        (status = 200, body = PlanView),
        (status = 409, description = "It contradicts what is there"),
        (status = 422, description = "Something in it is not acceptable"),
    )
)]
pub(crate) async fn plan(
    caller: Caller,
    State(store): State<Store>,
    State(config): State<Arc<ServerConfig>>,
    request: Request,
) -> Result<Json<PlanView>, Problem> {
    let body: PlanBody = body(request).await?;
    body.file_name()?;
    let wanted = checked(body.configuration, &config)?;
    need::to_plan(&caller, &wanted)?;
    let (changes, state) = store.plan_configuration(&wanted).await?;
    Ok(Json(PlanView { state, changes }))
}

/// Apply a configuration
///
/// All of it, or nothing. `state` is the one of the plan: when what the document names has changed since,
/// it is refused (412). Applied again, it changes nothing.
#[utoipa::path(
    post, path = "/v1/configuration/apply", operation_id = "applyConfiguration", tag = "configuration",
    request_body(content = PlanBody, extensions(("x-beyond-schema" = json!("the rules of all that can be set up")))),
    responses(
        (status = 200, body = PlanView),
        (status = 409, description = "It contradicts what is there"),
        (status = 412, description = "What is set up has changed since the plan was made"),
        (status = 422, description = "Something in it is not acceptable"),
    )
)]
#[allow(clippy::too_many_arguments, reason = "what is told of changes is told of all of them")]
pub(crate) async fn apply(
    caller: Caller,
    State(store): State<Store>,
    State(config): State<Arc<ServerConfig>>,
    State(announcer): State<Announcer>,
    State(sessions): State<Sessions>,
    State(trunks): State<RunningTrunks>,
    request: Request,
) -> Result<Json<PlanView>, Problem> {
    let body: PlanBody = body(request).await?;
    let file_name = body.file_name()?.map(str::to_owned);
    let state = body.state.clone().ok_or_else(|| {
        Problem::invalid("name the state of the plan that is to be carried out").at("/state")
    })?;
    let wanted = checked(body.configuration, &config)?;
    need::to_plan(&caller, &wanted)?;
    let application = Application {
        wanted: &wanted,
        state: &state,
        file_name: file_name.as_deref(),
        signing: &new_signing(&wanted)?,
        max_active: config.max_active_integrations,
    };
    let permit = |planned: &[PlannedChange]| need::to_apply(&caller, planned);
    let changes = store.apply_configuration(application, permit, &caller.actor()).await?;
    // An origin may have been taken away from sessions that are cached as allowed.
    sessions.forget_all();
    announcer.endpoints_changed();
    trunks.reload().await?;
    let (_, state) = store.plan_configuration(&wanted).await?;
    Ok(Json(PlanView { state, changes }))
}

/// Read what was applied from a file
///
/// When and by whom a document was last applied to the app, and what differs from it now: what applying it again
/// would change.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/configuration", operation_id = "readAppliedConfiguration",
    tag = "configuration", params(("appId" = String, Path)),
    responses((status = 200, body = AppliedView))
)]
pub(crate) async fn read_applied(
    caller: Caller,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<AppliedView>, Problem> {
    app(&store, app_id).await?;
    let Some(applied) = store.applied_configuration(app_id).await? else {
        return Ok(Json(AppliedView { applied: None }));
    };
    let mut changes = store.drift(&applied).await?;
    changes.retain(|change| need::may_read(&caller, app_id, change.screen));
    Ok(Json(AppliedView::of(applied, changes)))
}

async fn body(request: Request) -> Result<PlanBody, Problem> {
    check_json(request.headers())?;
    parse_json(&read_body(request.into_body(), MAX_BYTES).await?)
}

/// A document that keeps every rule.
fn checked(configuration: Configuration, config: &ServerConfig) -> Result<Configuration, Problem> {
    let wanted = configuration.checked().map_err(|faults| {
        let first = faults.into_iter().next();
        let problem = first.map_or_else(|| Problem::invalid("it can't be used"), Problem::from);
        let pointer = problem.pointer.clone().unwrap_or_default();
        problem.at(format!("/configuration{pointer}"))
    })?;
    for (number, app) in wanted.apps.iter().enumerate() {
        for (index, it) in app.integrations.iter().flatten().enumerate() {
            integrations::check(config, &it.settings).map_err(|problem| {
                let inner = problem.pointer.clone().unwrap_or_default();
                let place = format!("/configuration/apps/{number}/integrations/{index}/settings");
                problem.at(format!("{place}{inner}"))
            })?;
        }
        for (index, key) in app.widget_keys.iter().flatten().enumerate() {
            if WidgetKey::parse(&key.key).is_none() {
                let place = format!("/configuration/apps/{number}/widgetKeys/{index}/key");
                return Err(Problem::invalid("this is no widget key").at(place));
            }
        }
    }
    Ok(wanted)
}

/// What integrations would sign with that are not there yet.
fn new_signing(wanted: &Configuration) -> Result<NewSigning, Problem> {
    let all = wanted.apps.iter().flat_map(|app| app.integrations.iter().flatten());
    let pair = |it: &bellpush_core::configuration::IntegrationConfiguration| {
        let secret = SigningSecret::generate(rand::random()).reveal();
        Ok((it.id, (secret, integrations::new_key_if_needed(&it.settings)?)))
    };
    all.map(pair).collect()
}
