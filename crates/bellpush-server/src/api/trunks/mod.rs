//! `/v1/trunks`: the ways to phone systems, for all apps of the server.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_call::{RegistrationStatus, TrunkStatus};
use bellpush_core::{
    FieldError,
    events::EventTime,
    ids::TrunkId,
    trunk::{Credential, MAX_CREDENTIAL_CHARS, TrunkSettings, is_credential},
};
use bellpush_store::{PasswordChange, Store, Trunk};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::ActingAs,
    api::{patch::patched, path::PathIds},
    http::{
        body::{JsonBody, parse_value},
        problem::Problem,
        revisions::{IfMatch, Patching, Revised},
    },
    server::Server,
    trunks::RunningTrunks,
};

/// The routes of trunks.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

/// A trunk.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkView {
    /// Its id.
    #[schema(value_type = String)]
    id: TrunkId,
    /// Its settings.
    #[serde(flatten)]
    settings: TrunkSettings,
    /// Whether a password is kept for it. It is never shown.
    has_password: bool,
    /// How it is on the server that answers; `null` while it is not active.
    status: Option<TrunkStatusView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: EventTime,
}

/// How a trunk is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkStatusView {
    /// `off`, `pending`, `registered` or `failed`.
    registration: &'static str,
    /// Whether it answers; `null` while that is not known.
    healthy: Option<bool>,
    /// How long it took to answer last, in milliseconds.
    round_trip_ms: Option<u64>,
    /// What went wrong last, until something went right.
    last_error: Option<String>,
}

impl From<TrunkStatus> for TrunkStatusView {
    fn from(status: TrunkStatus) -> Self {
        Self {
            registration: match status.registration {
                RegistrationStatus::Off => "off",
                RegistrationStatus::Pending => "pending",
                RegistrationStatus::Registered => "registered",
                RegistrationStatus::Failed => "failed",
            },
            healthy: status.is_healthy,
            round_trip_ms: status.round_trip.map(|time| time.as_millis() as u64),
            last_error: status.last_error,
        }
    }
}

/// A trunk as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkBody {
    /// The settings.
    #[serde(flatten)]
    settings: TrunkSettings,
    /// The password to sign in with. It is kept encrypted, and never shown again.
    #[schema(value_type = Option<Credential>)]
    password: Option<String>,
}

impl TrunkView {
    fn new(trunks: &RunningTrunks, trunk: Trunk) -> Self {
        let Trunk { id, settings, has_password, created_at, updated_at, .. } = trunk;
        let status = trunks.status(id).map(Into::into);
        Self { id, settings, has_password, status, created_at, updated_at }
    }
}

/// All trunks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrunkList {
    /// All trunks, oldest first.
    items: Vec<TrunkView>,
}

/// List trunks
#[utoipa::path(
    get, path = "/v1/trunks", operation_id = "listTrunks", tag = "trunks",
    responses((status = 200, body = TrunkList))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    State(trunks): State<RunningTrunks>,
) -> Result<Json<TrunkList>, Problem> {
    let items = store.trunks().await?;
    let items = items.into_iter().map(|trunk| TrunkView::new(&trunks, trunk)).collect();
    Ok(Json(TrunkList { items }))
}

/// Create a trunk
///
/// It is in use at once, without a restart.
#[utoipa::path(
    post, path = "/v1/trunks", operation_id = "createTrunk", tag = "trunks",
    request_body = TrunkBody,
    responses(
        (status = 201, body = TrunkView),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(trunks): State<RunningTrunks>,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Revised<TrunkView>, Problem> {
    let password = match take_password(&mut body)? {
        PasswordChange::Set(password) => Some(password),
        PasswordChange::Keep | PasswordChange::Remove => None,
    };
    let settings: TrunkSettings = parse_value(body)?;
    settings.check(password.is_some())?;
    let trunk = store.create_trunk(&settings, password.as_ref(), &actor).await?;
    trunks.reload().await?;
    Ok(Revised::created(trunk.revision, TrunkView::new(&trunks, trunk)))
}

/// Read a trunk
#[utoipa::path(
    get, path = "/v1/trunks/{trunkId}", operation_id = "readTrunk", tag = "trunks",
    params(("trunkId" = String, Path)),
    responses((status = 200, body = TrunkView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(trunks): State<RunningTrunks>,
    PathIds(id): PathIds<TrunkId>,
) -> Result<Revised<TrunkView>, Problem> {
    let trunk = find(&store, id).await?;
    Ok(Revised::new(trunk.revision, TrunkView::new(&trunks, trunk)))
}

/// Change a trunk
///
/// A merge patch (RFC 7396): fields that are given replace those that are there, `null` resets one
/// to its default, or removes the password. Another domain, port, transport
/// or outbound proxy wants the password anew. Calls that go by the trunk now are not ended.
#[utoipa::path(
    patch, path = "/v1/trunks/{trunkId}", operation_id = "updateTrunk", tag = "trunks",
    params(("trunkId" = String, Path), IfMatch),
    request_body(content = Object, description = "Any of the fields of the trunk"),
    responses(
        (status = 200, body = TrunkView),
        (status = 409, description = "`secrets-required`: the trunk leads elsewhere, and the password is missing"),
        (status = 422, description = "A setting is not acceptable"),
    )
)]
pub(crate) async fn update(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(trunks): State<RunningTrunks>,
    PathIds(id): PathIds<TrunkId>,
    if_match: IfMatch,
    JsonBody(mut patch): JsonBody<Value>,
) -> Result<Revised<TrunkView>, Problem> {
    let mut patching = Patching::new(if_match);
    let mut present = find(&store, id).await?;
    let password = take_password(&mut patch)?;
    let updated = loop {
        let settings = patched(&present.settings, &patch)?;
        let has_password = match &password {
            PasswordChange::Keep => present.has_password,
            PasswordChange::Set(_) => true,
            PasswordChange::Remove => false,
        };
        settings.check(has_password)?;
        let edit = patching.edit(&actor, present.revision);
        match store.update_trunk(id, &settings, &password, edit).await {
            Err(error) if patching.again(&error) => present = find(&store, id).await?,
            updated => break updated?,
        }
    };
    trunks.reload().await?;
    let trunk = updated.ok_or_else(|| unknown(id))?;
    Ok(Revised::new(trunk.revision, TrunkView::new(&trunks, trunk)))
}

/// Delete a trunk
///
/// Not as long as a profile calls by it.
#[utoipa::path(
    delete, path = "/v1/trunks/{trunkId}", operation_id = "deleteTrunk", tag = "trunks",
    params(("trunkId" = String, Path), IfMatch),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It is in use"),
    )
)]
pub(crate) async fn delete(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(trunks): State<RunningTrunks>,
    PathIds(id): PathIds<TrunkId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    if !store.delete_trunk(id, if_match.edit(&actor)).await? {
        return Err(unknown(id));
    }
    trunks.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(store: &Store, id: TrunkId) -> Result<Trunk, Problem> {
    store.trunk(id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: TrunkId) -> Problem {
    Problem::not_found(format!("there is no trunk {id}"))
}

/// Takes the password out of a body: it is no setting, and is kept apart from them.
fn take_password(body: &mut Value) -> Result<PasswordChange, Problem> {
    let refused = || {
        let message =
            format!("a password has 1 to {MAX_CREDENTIAL_CHARS} characters, and none of control");
        Problem::from(FieldError { pointer: "/password".into(), message })
    };
    match body.as_object_mut().and_then(|fields| fields.remove("password")) {
        None => Ok(PasswordChange::Keep),
        Some(Value::Null) => Ok(PasswordChange::Remove),
        Some(Value::String(password)) => {
            let password = SecretString::from(password);
            let plausible = is_credential(password.expose_secret());
            plausible.then_some(PasswordChange::Set(password)).ok_or_else(refused)
        }
        Some(_) => Err(refused()),
    }
}
