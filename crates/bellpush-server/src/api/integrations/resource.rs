//! `/v1/apps/{appId}/integrations`: where an app's events are sent, and how that went.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bellpush_core::{
    access::Resource,
    delivery::DisableReason,
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::{
        IntegrationSettings, SecretName, SecretText, SignatureScheme, check_secret_value,
    },
};
use bellpush_delivery::{Announcer, SigningSecret};
use bellpush_store::{GivenSecrets, Integration, NewSecrets, Store};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    access::{ActingAs, Caller},
    api::{
        integrations::{
            lookup::{find, unknown},
            presets::{refused, renderer},
            signing::new_key,
        },
        patch::patched,
        path::{PathIds, app},
    },
    clock::now,
    config::ServerConfig,
    http::{
        body::{JsonBody, parse_value},
        no_store::NoStore,
        problem::Problem,
        revisions::{IfMatch, Patching, Revised, etag},
    },
};

/// An integration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationView {
    /// Its id.
    #[schema(value_type = String)]
    id: IntegrationId,
    /// Its settings.
    #[serde(flatten)]
    settings: IntegrationSettings,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When its settings were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: EventTime,
    /// Why the server switched it off, unless it is active again.
    disabled_reason: Option<DisableReason>,
    /// When the server switched it off.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<EventTime>,
}

impl From<Integration> for IntegrationView {
    fn from(integration: Integration) -> Self {
        let Integration { id, settings, created_at, updated_at, disabled, .. } = integration;
        let (disabled_reason, disabled_at) = disabled.unzip();
        Self { id, settings, created_at, updated_at, disabled_reason, disabled_at }
    }
}

/// The integrations of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationList {
    /// All integrations, oldest first.
    items: Vec<IntegrationView>,
}

/// A new integration: its settings, and the secrets that they name.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes the request, which is read in two steps")]
pub(crate) struct NewIntegration {
    #[serde(flatten)]
    settings: IntegrationSettings,
    /// The values of the secrets, by name.
    #[schema(value_type = Option<BTreeMap<SecretName, SecretText>>)]
    secrets: BTreeMap<String, String>,
}

/// The part of a [`NewIntegration`] that is no setting.
#[derive(Deserialize)]
struct Secrets {
    #[serde(default)]
    secrets: BTreeMap<SecretName, String>,
}

/// A new integration with its signing secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationCreated {
    #[serde(flatten)]
    integration: IntegrationView,
    /// What deliveries are signed with (Standard Webhooks). Shown this once.
    #[schema(example = "whsec_…")]
    signing_secret: String,
}

/// List integrations
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations", operation_id = "listIntegrations", tag = "integrations", params(("appId" = String, Path)),
    responses((status = 200, body = IntegrationList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<IntegrationList>, Problem> {
    app(&store, app_id).await?;
    let items = store.integrations(app_id).await?;
    Ok(Json(IntegrationList { items: items.into_iter().map(Into::into).collect() }))
}

/// Create an integration
///
/// No event is selected by default. The answer holds the signing secret, this once. Values in `secrets`
/// are taken from whoever may set secrets.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations", operation_id = "createIntegration", tag = "integrations", params(("appId" = String, Path)),
    request_body = NewIntegration,
    responses(
        (status = 201, body = IntegrationCreated),
        (status = 409, description = "Too many active integrations"),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    State(config): State<Arc<ServerConfig>>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(mut request): JsonBody<Value>,
) -> Result<Response, Problem> {
    let named = take_secrets(&mut request, &caller, app_id)?;
    let settings: IntegrationSettings = parse_value(request)?;
    check(&config, &settings)?;
    let new = NewSecrets {
        signing_secret: SigningSecret::generate(rand::random()).reveal(),
        signing_key: new_key_if_needed(&settings)?,
        named,
    };
    let limit = config.max_active_integrations;
    let created = store.create_integration(app_id, &settings, &new, limit, &caller.actor()).await?;
    announcer.endpoints_changed();
    let etag = etag(created.revision);
    let body = IntegrationCreated {
        integration: created.into(),
        signing_secret: new.signing_secret.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, [etag], NoStore(body)).into_response())
}

/// Takes the values of secrets out of a request, and checks them, and that whoever asks may set some.
fn take_secrets(
    request: &mut Value,
    caller: &Caller,
    app_id: AppId,
) -> Result<BTreeMap<SecretName, SecretString>, Problem> {
    let secrets = request.as_object_mut().and_then(|fields| fields.remove("secrets"));
    let Some(secrets) = secrets.filter(|secrets| !secrets.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let Secrets { secrets } = parse_value(json!({ "secrets": secrets }))?;
    if !secrets.is_empty() {
        caller.must_write(Resource::Secrets, app_id)?;
    }
    for (name, value) in &secrets {
        check_secret_value(value)
            .map_err(|error| Problem::invalid(error.to_string()).at(format!("/secrets/{name}")))?;
    }
    Ok(secrets.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// A key for an integration that signs by one.
pub(crate) fn new_key_if_needed(
    settings: &IntegrationSettings,
) -> Result<Option<SecretString>, Problem> {
    let by_key = settings.signatures.contains(&SignatureScheme::V1a);
    by_key.then(|| new_key().map(|key| key.reveal())).transpose()
}

/// Read an integration
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}", operation_id = "readIntegration", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses((status = 200, body = IntegrationView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<Revised<IntegrationView>, Problem> {
    let integration = find(&store, app_id, id).await?;
    Ok(Revised::new(integration.revision, integration.into()))
}

/// Change an integration
///
/// A merge patch (RFC 7396): fields that are given replace those that are there, `null` resets one
/// to its default. `secrets` takes new values of secrets by name, from whoever may set secrets. A URL with another scheme, host or
/// port wants all secrets of the integration anew.
#[utoipa::path(
    patch, path = "/v1/apps/{appId}/integrations/{integrationId}", operation_id = "updateIntegration", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), IfMatch),
    request_body(content = Object, description = "Any of the fields of the integration's settings"),
    responses(
        (status = 200, body = IntegrationView),
        (status = 409, description = "Too many active integrations, or `secrets-required`: the URL leads elsewhere, and secrets are missing"),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn update(
    caller: Caller,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    State(config): State<Arc<ServerConfig>>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    if_match: IfMatch,
    JsonBody(mut patch): JsonBody<Value>,
) -> Result<Revised<IntegrationView>, Problem> {
    let (mut patching, actor) = (Patching::new(if_match), caller.actor());
    let mut present = find(&store, app_id, id).await?;
    let named = take_secrets(&mut patch, &caller, app_id)?;
    let mut secrets = GivenSecrets { named, signing_key: None };
    let limit = config.max_active_integrations;
    let updated = loop {
        let settings = patched(&present.settings, &patch)?;
        check(&config, &settings)?;
        secrets.signing_key = new_key_if_needed(&settings)?;
        let edit = patching.edit(&actor, present.revision);
        let updated = store
            .update_integration_with_secrets(app_id, id, &settings, limit, (&secrets, edit))
            .await;
        match updated {
            Err(error) if patching.again(&error) => present = find(&store, app_id, id).await?,
            updated => break updated?,
        }
    };
    announcer.endpoints_changed();
    let updated = updated.ok_or_else(|| unknown(id))?;
    Ok(Revised::new(updated.revision, updated.into()))
}

/// Delete an integration
///
/// With its deliveries, those that wait included.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/integrations/{integrationId}", operation_id = "deleteIntegration", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), IfMatch),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "An alert rule watches it"),
    )
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    if !store.delete_integration(app_id, id, if_match.edit(&actor)).await? {
        return Err(unknown(id));
    }
    announcer.endpoints_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Whether an integration may be set up so.
///
/// # Errors
/// 422 with the setting that may not.
pub(crate) fn check(config: &ServerConfig, settings: &IntegrationSettings) -> Result<(), Problem> {
    settings.check()?;
    if settings.url.is_loopback() && !config.allow_loopback_endpoints {
        return Err(Problem::invalid(
            "endpoints on this machine are not allowed; for development the server's operator can \
             allow them with --allow-loopback-endpoints",
        )
        .at("/url"));
    }
    let renderer = renderer(&settings.payload)?;
    for event in settings.events.iter().filter(|_| renderer.has_template()) {
        renderer.render_sample(event, now()).map_err(|error| refused(&error))?;
    }
    Ok(())
}
