//! `/v1/apps/{appId}/preview-tokens`: what a preview is begun with.

use axum::{extract::State, http::StatusCode};
use bellpush_core::ids::AppId;
use bellpush_store::Store;

use crate::{
    access::{Caller, Identity},
    api::path::{PathIds, app},
    http::{no_store::NoStore, problem::Problem},
    sessions::{Maker, PreviewToken},
};

/// Create a preview token
///
/// For the `preview` parameter of the widget's address, in a page of the server itself. A preview
/// skips the app's allowed origins, and its events go to no integration that does not ask for them. One
/// that somebody begins in Studio ends when they sign out there, with its call; one of an API key ends
/// with the key.
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
    let maker = match caller.identity() {
        Identity::Person(signed_in) => Maker::Person(signed_in.sign_in.id),
        Identity::Key(key) => Maker::Key(key.id),
    };
    Ok((StatusCode::CREATED, NoStore(PreviewToken::new(&store, app_id, maker)?)))
}
