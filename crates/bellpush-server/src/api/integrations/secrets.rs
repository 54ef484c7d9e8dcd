//! `/v1/apps/{appId}/integrations/{integrationId}/secrets`: values that an integration's URL and
//! headers name. They go in, and come out by an audited reveal only.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::{SecretName, SecretText, check_secret_value},
};
use bellpush_delivery::Announcer;
use bellpush_store::{Reveal, Secret, Store};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::{
        integrations::lookup::{find, unknown},
        path::PathIds,
    },
    http::{body::JsonBody, no_store::NoStore, problem::Problem},
};

/// A named secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretView {
    /// Its name, as in `{secret.name}`.
    #[schema(value_type = String)]
    name: SecretName,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When its value was last replaced.
    #[schema(value_type = String, format = DateTime)]
    updated_at: EventTime,
}

impl From<Secret> for SecretView {
    fn from(secret: Secret) -> Self {
        let Secret { name, created_at, updated_at } = secret;
        Self { name, created_at, updated_at }
    }
}

/// The secrets of an integration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretList {
    /// All secrets, by name.
    items: Vec<SecretView>,
}

/// A secret's value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretValue {
    /// 1 to 4096 bytes without control characters, as it is: not percent-encoded.
    #[schema(value_type = SecretText)]
    value: String,
}

/// A secret that was read back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revealed {
    /// The value.
    value: String,
}

impl Revealed {
    /// For an answer that no cache keeps.
    pub(super) fn answer(value: &SecretString) -> NoStore<Self> {
        NoStore(Self { value: value.expose_secret().to_owned() })
    }
}

/// List secrets
///
/// Names and times; never a value.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/secrets", operation_id = "listSecrets", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses((status = 200, body = SecretList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<Json<SecretList>, Problem> {
    find(&store, app_id, id).await?;
    let items = store.secrets(id).await?;
    Ok(Json(SecretList { items: items.into_iter().map(Into::into).collect() }))
}

/// Set a secret
///
/// Makes it, or replaces its value; requests carry the new value from then on.
#[utoipa::path(
    put, path = "/v1/apps/{appId}/integrations/{integrationId}/secrets/{secretName}", operation_id = "setSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), ("secretName" = String, Path)),
    request_body = SecretValue,
    responses(
        (status = 200, body = SecretView),
        (status = 409, description = "Too many secrets"),
        (status = 422, description = "The value is not acceptable"),
    )
)]
pub(crate) async fn put(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id, name)): PathIds<(AppId, IntegrationId, String)>,
    JsonBody(SecretValue { value }): JsonBody<SecretValue>,
) -> Result<Json<SecretView>, Problem> {
    // Not "not found": it is to be made.
    let name: SecretName = name.parse().map_err(|error| Problem::invalid(format!("{error}")))?;
    check_secret_value(&value).map_err(|error| Problem::invalid(error.to_string()).at("/value"))?;
    let stored = store.put_secret(app_id, id, &name, &value.into(), &actor).await?;
    announcer.endpoints_changed();
    Ok(Json(stored.ok_or_else(|| unknown(id))?.into()))
}

/// Delete a secret
///
/// Refused while URL or headers of the integration name it.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/integrations/{integrationId}/secrets/{secretName}", operation_id = "deleteSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), ("secretName" = String, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "The settings name it"),
    )
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id, name)): PathIds<(AppId, IntegrationId, SecretName)>,
) -> Result<StatusCode, Problem> {
    find(&store, app_id, id).await?;
    if !store.delete_secret(app_id, id, &name, &actor).await? {
        return Err(no_secret(&name));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Reveal a secret
///
/// Its value is in this answer only. Each reveal is in the audit trail before it is answered; an
/// integration's secrets can be revealed 10 times an hour in all.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/secrets/{secretName}/reveal", operation_id = "revealSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path), ("secretName" = String, Path)),
    responses(
        (status = 200, body = Revealed),
        (status = 429, description = "Too many reveals"),
    )
)]
pub(crate) async fn reveal(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id, name)): PathIds<(AppId, IntegrationId, SecretName)>,
) -> Result<NoStore<Revealed>, Problem> {
    find(&store, app_id, id).await?;
    let value = store.reveal(app_id, id, Reveal::Named(&name), &actor).await?;
    let value = value.ok_or_else(|| no_secret(&name))?;
    info!(integration = %id, secret = %name, by = ?actor.who, "a secret was revealed");
    Ok(Revealed::answer(&value))
}

fn no_secret(name: &SecretName) -> Problem {
    Problem::not_found(format!("the integration has no secret {name}"))
}
