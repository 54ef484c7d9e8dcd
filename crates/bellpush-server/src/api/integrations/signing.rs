//! `/v1/apps/{appId}/integrations/{integrationId}/signing-secret`: what an integration's requests are
//! signed with.

use std::time::Duration;

use axum::{Json, extract::State};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::SignatureScheme,
};
use bellpush_delivery::{Announcer, SigningKey, SigningKeyError, SigningSecret};
use bellpush_store::{RetiredSecret, Reveal, Store};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::{
        integrations::{
            lookup::{find, unknown},
            secrets::Revealed,
        },
        path::PathIds,
    },
    http::{body::JsonBody, no_store::NoStore, problem::Problem},
};

/// A day.
const DEFAULT_OVERLAP_SECONDS: u32 = 86_400;
/// Thirty days.
const MAX_OVERLAP_SECONDS: u32 = 30 * 86_400;

/// What signs an integration's requests, without secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningView {
    /// The public key of `v1a`; `null` while requests are not signed so.
    #[schema(example = "whpk_…")]
    public_key: Option<String>,
    /// What was rotated out and still signs.
    retired: Vec<RetiredView>,
}

/// A secret or key that was rotated out and still signs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetiredView {
    /// What it signs by.
    scheme: SignatureScheme,
    /// Its public key, for `v1a`.
    public_key: Option<String>,
    /// Until when it signs.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
}

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long requests carry the old signatures too, in seconds: up to 30 days. 0: not at all, and
    /// what was rotated out before ends as well.
    #[serde(default = "a_day")]
    #[schema(default = 86400, maximum = 2_592_000)]
    overlap_seconds: u32,
}

const fn a_day() -> u32 {
    DEFAULT_OVERLAP_SECONDS
}

/// The new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotated {
    /// The new signing secret. Shown this once.
    #[schema(example = "whsec_…")]
    signing_secret: String,
    /// The new public key of `v1a`; `null` while requests are not signed so.
    #[schema(example = "whpk_…")]
    public_key: Option<String>,
    /// Until when requests carry the old signatures too.
    #[schema(value_type = String, format = DateTime)]
    overlap_until: EventTime,
}

/// Read how an integration signs
///
/// The public key of `v1a`, and what was rotated out and still signs.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/signing-secret", operation_id = "readSigningSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses((status = 200, body = SigningView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<Json<SigningView>, Problem> {
    let integration = find(&store, app_id, id).await?;
    let signing = store.signing(app_id, id).await?.ok_or_else(|| unknown(id))?;
    let by_key = integration.settings.signatures.contains(&SignatureScheme::V1a);
    let key = signing.key.as_ref().filter(|_| by_key);
    let retired = signing.retired.iter().map(retired).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(SigningView {
        public_key: key.map(public_key).transpose()?,
        retired: retired
            .into_iter()
            .filter(|one| by_key || one.scheme == SignatureScheme::V1)
            .collect(),
    }))
}

/// Rotate the signing secret
///
/// The answer holds the new one, this once. During the overlap, a day unless asked otherwise,
/// requests carry the signatures of both; then only that of the new one.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/signing-secret/rotate", operation_id = "rotateSigningSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    request_body = Rotation,
    responses(
        (status = 200, body = Rotated),
        (status = 409, description = "Too many overlaps"),
    )
)]
pub(crate) async fn rotate(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    JsonBody(Rotation { overlap_seconds }): JsonBody<Rotation>,
) -> Result<NoStore<Rotated>, Problem> {
    if overlap_seconds > MAX_OVERLAP_SECONDS {
        let detail = format!("the overlap is between 0 and {MAX_OVERLAP_SECONDS} seconds");
        return Err(Problem::invalid(detail).at("/overlapSeconds"));
    }
    let integration = find(&store, app_id, id).await?;
    let secret = SigningSecret::generate(rand::random()).reveal();
    let key = new_key()?;
    let overlap = Duration::from_secs(overlap_seconds.into());
    let new = (&secret, &key.reveal());
    let until = store.rotate_signing(app_id, id, new, overlap, &actor).await?;
    let overlap_until = until.ok_or_else(|| unknown(id))?;
    announcer.endpoints_changed();
    let by_key = integration.settings.signatures.contains(&SignatureScheme::V1a);
    let rotated = Rotated {
        signing_secret: secret.expose_secret().to_owned(),
        public_key: by_key.then(|| key.public_key()),
        overlap_until,
    };
    Ok(NoStore(rotated))
}

/// Reveal the signing secret
///
/// It is in this answer only. Each reveal is in the audit trail before it is answered; an
/// integration's secrets can be revealed 10 times an hour in all.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/signing-secret/reveal", operation_id = "revealSigningSecret",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses(
        (status = 200, body = Revealed),
        (status = 429, description = "Too many reveals"),
    )
)]
pub(crate) async fn reveal(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<NoStore<Revealed>, Problem> {
    let value = store.reveal(app_id, id, Reveal::Signing, &actor).await?;
    let value = value.ok_or_else(|| unknown(id))?;
    info!(integration = %id, by = ?actor.who, "a signing secret was revealed");
    Ok(Revealed::answer(&value))
}

/// A new Ed25519 key.
pub(super) fn new_key() -> Result<SigningKey, Problem> {
    SigningKey::generate(rand::random()).map_err(unusable)
}

fn public_key(key: &SecretString) -> Result<String, Problem> {
    let key = SigningKey::parse(key.expose_secret()).map_err(unusable)?;
    Ok(key.public_key())
}

fn retired(retired: &RetiredSecret) -> Result<RetiredView, Problem> {
    let RetiredSecret { secret, expires_at } = retired;
    let (scheme, public_key) = if SigningSecret::parse(secret.expose_secret()).is_ok() {
        (SignatureScheme::V1, None)
    } else {
        (SignatureScheme::V1a, Some(public_key(secret)?))
    };
    Ok(RetiredView { scheme, public_key, expires_at: *expires_at })
}

fn unusable(error: SigningKeyError) -> Problem {
    error!(%error, "a signing key can't be used");
    Problem::internal("a signing key can't be used; the server's log says why")
}
