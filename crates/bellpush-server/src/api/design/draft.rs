//! The draft: the document that is worked on, and that previews show.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bellpush_core::{design::Design, ids::AppId};
use bellpush_store::{App, Store};
use serde_json::Value;

use super::problem::{DesignProblem, Refused};
use crate::{
    access::ActingAs,
    api::path::{PathIds, app},
    designs::{Designs, kept},
    http::{body::JsonBody, headers::value, problem::Problem},
};

/// The present document of an app with its revision: the draft; without one what is published, or
/// follows from the app's settings, of revision 0.
///
/// # Errors
/// When the store fails.
pub(super) async fn present(
    store: &Store,
    designs: &Designs,
    app: &App,
) -> Result<(Value, u64), Problem> {
    match store.design_draft(app.id).await? {
        Some(draft) => Ok((kept(&draft.document)?.to_json(), draft.revision)),
        None => Ok((designs.shown(app, false).await?.design.to_json(), 0)),
    }
}

/// The revision that a request names by `If-Match`; `None` for any (`*`).
///
/// # Errors
/// 428 without the header, 412 when it names no revision.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let given = headers.get(header::IF_MATCH).ok_or_else(|| {
        Problem::precondition_required("send the draft's ETag as If-Match, or If-Match: *")
    })?;
    match given.to_str().unwrap_or_default().trim() {
        "*" => Ok(None),
        tag => revision(tag).map(Some).ok_or_else(|| {
            Problem::precondition_failed("If-Match names no revision of the draft; read it again")
        }),
    }
}

fn revision(tag: &str) -> Option<u64> {
    tag.strip_prefix("\"r")?.strip_suffix('"')?.parse().ok()
}

/// The `ETag` of a revision.
pub(super) fn etag(revision: u64) -> (header::HeaderName, HeaderValue) {
    (header::ETAG, value(&format!("\"r{revision}\"")))
}

/// Read the draft of a design
///
/// Without a draft: the published document, or the one that follows from the app's settings.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/draft", tag = "design", operation_id = "readDesignDraft", params(("appId" = String, Path)),
    responses(
        (status = 200, description = "The document; its `ETag` names the revision", body = std::collections::HashMap<String, serde_json::Value>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(designs): State<Designs>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Response, Problem> {
    let app = app(&store, app_id).await?;
    let (document, revision) = present(&store, &designs, &app).await?;
    Ok(([etag(revision)], Json(document)).into_response())
}

/// Save the draft of a design
///
/// The whole document, checked. `If-Match` has to name the revision that it was made from, so that
/// nobody's work is lost.
#[utoipa::path(
    put, path = "/v1/apps/{appId}/design/draft", tag = "design", operation_id = "saveDesignDraft",
    params(("appId" = String, Path), ("If-Match" = String, Header, description = "The `ETag` of the draft, or `*`", pattern = "^(\\*|\"r[0-9]+\")$")),
    request_body(content = std::collections::HashMap<String, serde_json::Value>, description = "A design document, as `/v1/schemas/design` describes it", extensions(("x-beyond-schema" = json!("the schema of design documents, and its rules")))),
    responses(
        (status = 200, description = "The document as it is kept; its `ETag` names the new revision", body = std::collections::HashMap<String, serde_json::Value>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The draft has changed meanwhile", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The document can't be used", body = DesignProblem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn save(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    headers: HeaderMap,
    JsonBody(document): JsonBody<Value>,
) -> Result<Response, Refused> {
    app(&store, app_id).await?;
    let expected = expected(&headers)?;
    let document = Design::read(document)?.to_json();
    let draft = store.save_design_draft(app_id, &document.to_string(), expected, &actor).await?;
    Ok(([etag(draft.revision)], Json(document)).into_response())
}
