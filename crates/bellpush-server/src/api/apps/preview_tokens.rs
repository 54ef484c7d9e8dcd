//! `/v1/apps/{appId}/preview-tokens`: what a preview is begun with.

use axum::{extract::State, http::StatusCode};
use bellpush_core::ids::AppId;
use bellpush_store::Store;

use crate::{
    access::{Caller, Identity},
    api::path::{PathIds, app},
    http::{no_store::NoStore, problem::Problem},
    sessions::PreviewToken,
};

/// Create a preview token
///
/// For the `preview` parameter of the widget's address, in a page of the server itself. A preview
/// skips the app's allowed origins, and its events go to no integration that does not ask for them. One
/// that somebody begins in Studio ends when they sign out there, with its call.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/preview-tokens", operation_id = "createPreviewToken", tag = "apps",
    params(("appId" = String, Path)),
    responses((status = 201, description = "The token, valid for 5 minutes", body = PreviewToken))
)]
pub(crate) async fn create(
    caller: Caller,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<(StatusCode, NoStore<PreviewToken>), Problem> {
    app(&store, app_id).await?;
    let sign_in = match caller.identity() {
        Identity::Person(signed_in) => Some(signed_in.sign_in.id),
        Identity::Key(_) => None,
    };
    Ok((StatusCode::CREATED, NoStore(PreviewToken::new(&store, app_id, sign_in)?)))
}
