//! JSON bodies of those who have yet to show who they are. What their address may still ask for is looked at
//! before any of the body is read, and there is little to be read.

use std::{net::IpAddr, sync::Arc};

use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
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
        let limits = Arc::<Limits>::from_ref(state);
        read(request, state, |address| limits.sign_in_from(address)).await.map(Self)
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
        let limits = Arc::<Limits>::from_ref(state);
        read(request, state, |address| limits.request(address)).await.map(Self)
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
        let limits = Arc::<Limits>::from_ref(state);
        let lookups = Arc::<FailedLookups>::from_ref(state);
        let may = |address| limits.request(address).and_then(|()| lookups.check(address));
        read(request, state, may).await.map(Self)
    }
}

/// Reads it, if its address may still ask for that.
async fn read<T, S>(
    request: Request,
    state: &S,
    may: impl FnOnce(IpAddr) -> Result<(), Problem>,
) -> Result<T, Problem>
where
    T: DeserializeOwned,
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    let (mut parts, body) = request.into_parts();
    let LimitKey(address) = LimitKey::from_request_parts(&mut parts, state).await?;
    may(address)?;
    body::check_json(&parts.headers)?;
    body::parse_json(&body::read(body, MAX_BYTES).await?)
}
