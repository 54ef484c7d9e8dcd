//! Which app a path names.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use bellpush_core::ids::AppId;
use bellpush_store::{App, Store};

use crate::http::problem::Problem;

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
