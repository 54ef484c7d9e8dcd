//! The draft: the document that is worked on, and that previews show.

use axum::extract::State;
use bellpush_core::{design::Design, ids::AppId};
use bellpush_store::{App, Edit, Store};
use serde_json::Value;

use super::problem::{DesignProblem, Refused};
use crate::{
    access::ActingAs,
    api::path::{PathIds, app},
    designs::{Designs, kept},
    http::{
        body::JsonBody,
        problem::Problem,
        revisions::{IfMatch, Revised},
    },
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

/// Read the draft of a design
///
/// Without a draft: the published document, or the one that follows from the app's settings.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/draft", tag = "design", operation_id = "readDesignDraft", params(("appId" = String, Path)),
    responses(
        (status = 200, description = "The document", body = std::collections::HashMap<String, serde_json::Value>),
    )
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(designs): State<Designs>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Revised<Value>, Problem> {
    let app = app(&store, app_id).await?;
    let (document, revision) = present(&store, &designs, &app).await?;
    Ok(Revised::new(revision, document))
}

/// Save the draft of a design
///
/// The whole document. It may be unfinished: words may be missing, addresses half written, and colours
/// too near; publishing asks for those. `If-Match` has to name the revision that it was made from, so
/// that nobody's work is lost.
#[utoipa::path(
    put, path = "/v1/apps/{appId}/design/draft", tag = "design", operation_id = "saveDesignDraft",
    params(("appId" = String, Path), ("If-Match" = String, Header, description = "The `ETag` of the draft, or `*`", pattern = "^(\\*|(W/)?\"r[0-9]{1,18}(-[a-z]{1,10})?\")$")),
    request_body(content = std::collections::HashMap<String, serde_json::Value>, description = "A design document, as `/v1/schemas/design` describes it", extensions(("x-beyond-schema" = json!("the schema of design documents, and its rules")))),
    responses(
        (status = 200, description = "The document as it is kept", body = std::collections::HashMap<String, serde_json::Value>),
        (status = 422, description = "The document can't be used", body = DesignProblem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing"),
    )
)]
pub(crate) async fn save(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    if_match: IfMatch,
    JsonBody(document): JsonBody<Value>,
) -> Result<Revised<Value>, Refused> {
    app(&store, app_id).await?;
    let edit = Edit { actor: &actor, expected: if_match.needed()? };
    let document = Design::read_draft(document)?.to_json();
    let draft = store.save_design_draft(app_id, &document.to_string(), edit).await?;
    Ok(Revised::new(draft.revision, document))
}
