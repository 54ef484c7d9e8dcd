//! Who may use the management API, and which app a path names.

use axum::{
    extract::{FromRef, FromRequestParts, Path},
    http::request::Parts,
};
use bellpush_core::ids::AppId;
use bellpush_store::{Actor, App, Store};

use crate::{
    access::ApiAccess,
    http::{
        client_ip::{ClientIp, LimitKey, TrustedProxies},
        problem::Problem,
    },
};

/// Proof that a request came with a valid API key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiClient;

/// The same for what goes into the audit trail: who asks, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditedClient(pub(crate) Actor);

impl<S> FromRequestParts<S> for AuditedClient
where
    ApiAccess: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ClientIp(address) = ClientIp::from_request_parts(parts, state).await?;
        let limit_key = LimitKey::from_request_parts(parts, state).await?;
        let access = ApiAccess::from_ref(state);
        let api_key_id = access.authenticate(&parts.headers, limit_key).await?;
        Ok(Self(Actor { api_key_id, address }))
    }
}

impl<S> FromRequestParts<S> for ApiClient
where
    ApiAccess: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        AuditedClient::from_request_parts(parts, state).await.map(|_| Self)
    }
}

/// A part of the path that is an id, refused as not found where it has not the form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathIds<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for PathIds<T>
where
    T: serde::de::DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(ids)| Self(ids))
            .map_err(|error| Problem::not_found(error.body_text()))
    }
}

/// The app of an id.
pub(crate) async fn app(store: &Store, id: AppId) -> Result<App, Problem> {
    store.app(id).await?.ok_or_else(|| unknown_app(id))
}

/// The answer for an app that does not exist.
pub(crate) fn unknown_app(id: AppId) -> Problem {
    Problem::not_found(format!("there is no app {id}"))
}
