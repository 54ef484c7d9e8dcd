//! `/v1/api-keys`: what programs show instead of signing in.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    access::{Authority, Scopes},
    events::EventTime,
    ids::{ApiKeyId, AppId, MemberId},
};
use bellpush_store::{ApiKey, NewApiKey, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{grants::apps, path::PathIds};
use crate::{
    access::{Caller, Identity},
    clock::now,
    http::{body::JsonBody, no_store::NoStore, problem::Problem},
    server::Server,
    sessions::Sessions,
    tokens::ApiKey as ShownKey,
};

/// Characters of a key's name, at most.
const MAX_NAME_CHARS: usize = 100;

/// The routes of API keys.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, delete))
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    /// Its id.
    #[schema(value_type = String)]
    id: ApiKeyId,
    /// Its name.
    name: String,
    /// What it may do, like `calls:read`; `*` for everything. Never more than its maker may.
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    /// In which apps; `null`: in all, and in the installation.
    #[schema(value_type = Option<Vec<String>>)]
    apps: Option<Vec<AppId>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// Until when it is valid; `null`: until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<EventTime>,
    /// When it was last used, within a minute; `null`: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<EventTime>,
    /// The member who made it; `null`: it is the installation's own.
    #[schema(value_type = Option<String>)]
    made_by: Option<MemberId>,
    /// Whether the configuration gives it.
    configured: bool,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            apps: key.apps.list(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            made_by: key.maker.map(|(id, _)| id),
            configured: key.configured,
        }
    }
}

/// The API keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyList {
    /// Oldest first; those that have expired, too.
    items: Vec<ApiKeyView>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApiKeyDraft {
    /// What it is for, in a few words.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do, like `calls:read`; `*` for everything that its maker may do.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    scopes: Scopes,
    /// In which apps; `null`: in all, and in the installation.
    #[serde(default)]
    #[schema(max_items = 1000, min_items = 1)]
    apps: Option<Vec<AppId>>,
    /// Until when it is valid; `null`: until it is revoked.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<EventTime>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyMade {
    #[serde(flatten)]
    about: ApiKeyView,
    /// The key itself; it is shown this once.
    #[schema(example = "bp_…")]
    key: String,
}

/// List API keys
///
/// Who has a role for some apps sees the keys for any of these.
#[utoipa::path(
    get, path = "/v1/api-keys", operation_id = "listApiKeys", tag = "api keys",
    responses((status = 200, body = ApiKeyList))
)]
pub(crate) async fn list(
    caller: Caller,
    State(store): State<Store>,
) -> Result<Json<ApiKeyList>, Problem> {
    let all = store.api_keys().list().await?.into_iter();
    let seen = all.filter(|key| caller.apps().overlaps(&key.apps));
    Ok(Json(ApiKeyList { items: seen.map(Into::into).collect() }))
}

/// Create an API key
///
/// It may never do more than who makes it may at that time. A key makes none that outlives it: they are revoked
/// with it. A person has to prove again who they are.
#[utoipa::path(
    post, path = "/v1/api-keys", operation_id = "createApiKey", tag = "api keys",
    request_body = ApiKeyDraft,
    responses(
        (status = 201, body = ApiKeyMade),
        (status = 403, description = "`above-own-rank`: a scope, an app or the time is not yours; `step-up-required`"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    State(store): State<Store>,
    JsonBody(draft): JsonBody<ApiKeyDraft>,
) -> Result<(StatusCode, NoStore<ApiKeyMade>), Problem> {
    let name = draft.name.trim();
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.contains(char::is_control) {
        let detail = format!("a name has 1 to {MAX_NAME_CHARS} characters, and none of control");
        return Err(Problem::invalid(detail).at("/name"));
    }
    if draft.scopes.is_empty() {
        return Err(Problem::invalid("name one scope at least").at("/scopes"));
    }
    if draft.expires_at.is_some_and(|at| at <= now()) {
        return Err(Problem::invalid("this time is over").at("/expiresAt"));
    }
    let apps = apps(&store, &caller, draft.apps).await?;
    let maker = match caller.identity() {
        Identity::Person(signed_in) => Some(&signed_in.member.grant),
        Identity::Key(key) => key.maker.as_ref().map(|(_, grant)| grant),
    };
    // Of what its maker has not, nothing would come; to be told so is better.
    let asked = Authority::of_key(draft.scopes.clone(), &apps, None);
    let given = Authority::of_key(draft.scopes.clone(), &apps, maker);
    let is_whole = draft.scopes == Scopes::All || given.covers(&asked);
    if !is_whole || !given.apps().covers(&apps) || !caller.authority().covers(&given) {
        return Err(Problem::above_own_rank("a key can't do what you may not do yourself"));
    }
    if let Identity::Key(ApiKey { expires_at: Some(end), .. }) = caller.identity()
        && draft.expires_at.is_none_or(|at| at > *end)
    {
        let detail = format!("a key makes none that outlives it; this one ends at {end}");
        return Err(Problem::above_own_rank(detail).at("/expiresAt"));
    }
    let key = ShownKey::random();
    let new = NewApiKey {
        name,
        hash: &key.hash(),
        scopes: draft.scopes,
        apps,
        expires_at: draft.expires_at,
        made_by: caller.account(),
        made_by_key: caller.key(),
    };
    let id = store.api_keys().create(new, &caller.actor()).await?;
    let made = find(&store, &caller, id).await?;
    let answer = ApiKeyMade { about: made.into(), key: key.reveal().to_owned() };
    Ok((StatusCode::CREATED, NoStore(answer)))
}

/// Read an API key
#[utoipa::path(
    get, path = "/v1/api-keys/{apiKeyId}", operation_id = "readApiKey", tag = "api keys",
    params(("apiKeyId" = String, Path)),
    responses((status = 200, body = ApiKeyView))
)]
pub(crate) async fn read(
    caller: Caller,
    State(store): State<Store>,
    PathIds(id): PathIds<ApiKeyId>,
) -> Result<Json<ApiKeyView>, Problem> {
    Ok(Json(find(&store, &caller, id).await?.into()))
}

/// Revoke an API key
///
/// From then on no request is taken by it, nor by the keys that were made with it, and the sessions that they
/// began end. Invitations that were made with them are taken back.
#[utoipa::path(
    delete, path = "/v1/api-keys/{apiKeyId}", operation_id = "deleteApiKey", tag = "api keys",
    params(("apiKeyId" = String, Path)),
    responses(
        (status = 204, description = "Revoked"),
        (status = 403, description = "`above-own-rank`"),
        (status = 409, description = "The configuration gives it"),
    )
)]
pub(crate) async fn delete(
    caller: Caller,
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    PathIds(id): PathIds<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    find(&store, &caller, id).await?;
    let keys = store.api_keys();
    let revoked = keys.revoke(id, Some(caller.authority()), &caller.actor()).await?;
    sessions.forget_all();
    revoked.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| unknown(id))
}

async fn find(store: &Store, caller: &Caller, id: ApiKeyId) -> Result<ApiKey, Problem> {
    let key = store.api_keys().by_id(id).await?;
    key.filter(|key| caller.apps().overlaps(&key.apps)).ok_or_else(|| unknown(id))
}

fn unknown(id: ApiKeyId) -> Problem {
    Problem::not_found(format!("there is no API key {id}"))
}
