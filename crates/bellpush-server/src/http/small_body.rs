//! JSON bodies of those who have yet to show who they are. What their address may still ask for is looked at
//! before any of the body is read, and there is little to be read.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::HeaderMap,
};
use serde::de::DeserializeOwned;

use super::{
    body,
    client_ip::{LimitKey, TrustedProxies},
    limits::Limits,
    lookups::FailedLookups,
    problem::Problem,
};

/// Bytes of such a body, at most: it holds a password, a code, a token or what a passkey says.
const MAX_BYTES: usize = 16 * 1024;

/// The body of an attempt to sign in, which is counted as one of its address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttemptBody<T>(pub(crate) T);

impl<T, S> FromRequest<S> for AttemptBody<T>
where
    T: DeserializeOwned,
    Arc<Limits>: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let LimitKey(address) = LimitKey::from_request_parts(&mut parts, state).await?;
        Arc::<Limits>::from_ref(state).sign_in_from(address)?;
        read(&parts.headers, body).await.map(Self)
    }
}

/// The body of a code after the password, which is counted as a request: as an attempt it is counted when it is
/// known whose it is, that strangers at the same address, who know no password, keep nobody from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeBody<T>(pub(crate) T);

impl<T, S> FromRequest<S> for CodeBody<T>
where
    T: DeserializeOwned,
    Arc<Limits>: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let LimitKey(address) = LimitKey::from_request_parts(&mut parts, state).await?;
        Arc::<Limits>::from_ref(state).request(address)?;
        read(&parts.headers, body).await.map(Self)
    }
}

/// The body of who comes by a link, which is counted as a request. Whoever has shown too many links in vain
/// is not read at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkBody<T>(pub(crate) T);

impl<T, S> FromRequest<S> for LinkBody<T>
where
    T: DeserializeOwned,
    Arc<Limits>: FromRef<S>,
    Arc<FailedLookups>: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let LimitKey(address) = LimitKey::from_request_parts(&mut parts, state).await?;
        Arc::<Limits>::from_ref(state).request(address)?;
        Arc::<FailedLookups>::from_ref(state).check(address)?;
        read(&parts.headers, body).await.map(Self)
    }
}

async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    body::check_json(headers)?;
    body::parse_json(&body::read(body, MAX_BYTES).await?)
}
