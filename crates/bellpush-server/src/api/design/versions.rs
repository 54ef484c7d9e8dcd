//! What was published of a design: widgets show the newest version from their next load on.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{design::Design, events::EventTime, ids::AppId};
use bellpush_store::{DesignVersion, Expected, NewDesignVersion, PublishedDesign, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    draft::present,
    problem::{DesignProblem, Refused},
};
use crate::{
    access::ActingAs,
    api::{
        paging::PageQuery,
        path::{PathIds, app},
    },
    designs::{Designs, kept},
    http::{
        actor::ActorView,
        body::{JsonBody, QueryParameters},
        problem::Problem,
        revisions::IfMatch,
    },
};

/// Characters of a note, at most.
const MAX_NOTE_CHARS: usize = 500;

/// What is said of a version when it is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Publication {
    /// What is new in it: up to 500 characters.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// A note as it is kept; an empty one is none.
pub(super) fn note_of(given: Option<&str>) -> Result<Option<&str>, Problem> {
    let note = given.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE_CHARS) {
        let detail = format!("a note has at most {MAX_NOTE_CHARS} characters");
        return Err(Problem::invalid(detail).at("/note"));
    }
    Ok(note)
}

/// The revision that a request wants published, of a draft that has this one. An earlier one is refused
/// by the store, which knows who has changed it since.
pub(super) fn expected_draft(if_match: IfMatch, revision: u64) -> Result<u64, Problem> {
    match if_match.expected() {
        Expected::Revision(later) if later > revision => {
            Err(Problem::precondition_failed("the draft has no such revision; read it again"))
        }
        Expected::Revision(expected) => Ok(expected),
        Expected::Any => Ok(revision),
    }
}

/// A published version.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DesignVersionView {
    /// Its number, from 1.
    version: u32,
    /// What is new in it.
    note: Option<String>,
    /// The version that it brought back.
    restored: Option<u32>,
    /// By whom it was published.
    publisher: ActorView,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    published_at: EventTime,
}

impl From<DesignVersion> for DesignVersionView {
    fn from(version: DesignVersion) -> Self {
        let DesignVersion { version, note, restored, publisher, published_at } = version;
        let publisher = ActorView::new(publisher.who, publisher.name);
        Self { version, note, restored, publisher, published_at }
    }
}

/// A published version with its document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedDesignView {
    #[serde(flatten)]
    version: DesignVersionView,
    /// The document.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    document: Value,
}

/// A page of versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DesignVersionPage {
    /// The versions, newest first.
    items: Vec<DesignVersionView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// Publish the draft of a design
///
/// It becomes a new version, which widgets show from their next load on. With `If-Match`, only the
/// revision that it names is published.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/design/publish", tag = "design", operation_id = "publishDesign",
    params(("appId" = String, Path), IfMatch),
    request_body(content = Publication, extensions(("x-beyond-schema" = json!("the document has every field that a profile names")))),
    responses(
        (status = 201, body = DesignVersionView),
        (status = 422, description = "The document can't be used", body = DesignProblem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn publish(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(designs): State<Designs>,
    PathIds(app_id): PathIds<AppId>,
    if_match: IfMatch,
    JsonBody(publication): JsonBody<Publication>,
) -> Result<(StatusCode, Json<DesignVersionView>), Refused> {
    let app = app(&store, app_id).await?;
    let note = note_of(publication.note.as_deref())?;
    let (document, revision) = present(&store, &designs, &app).await?;
    let draft = expected_draft(if_match, revision)?;
    // Rules may have become stricter since it was saved.
    let document = Design::read(document)?.to_json().to_string();
    let new = NewDesignVersion {
        document: &document,
        note,
        restored: None,
        draft: Expected::Revision(draft),
    };
    let published = store.publish_design(app_id, new, &actor).await?;
    Ok((StatusCode::CREATED, Json(published.into())))
}

/// List the published versions of a design
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/versions", tag = "design",
    operation_id = "listDesignVersions", params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = DesignVersionPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<DesignVersionPage>, Problem> {
    app(&store, app_id).await?;
    let request = page.request(|text| text.parse().ok())?;
    let page = store.design_versions(app_id, request).await?;
    Ok(Json(DesignVersionPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|version| version.to_string()),
    }))
}

/// Read a published version of a design
#[utoipa::path(
    get, path = "/v1/apps/{appId}/design/versions/{version}", tag = "design",
    operation_id = "readDesignVersion", params(("appId" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = PublishedDesignView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, version)): PathIds<(AppId, u32)>,
) -> Result<Json<PublishedDesignView>, Problem> {
    app(&store, app_id).await?;
    let found = find(&store, app_id, version).await?;
    let document = kept(&found.document)?.to_json();
    Ok(Json(PublishedDesignView { version: found.version.into(), document }))
}

/// Bring back a published version of a design
///
/// Its document becomes a new version; the draft stays as it is.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/design/versions/{version}/rollback", tag = "design",
    operation_id = "rollBackDesign", params(("appId" = String, Path), ("version" = u32, Path)),
    request_body(content = Publication, extensions(("x-beyond-schema" = json!("the document has every field that a profile names")))),
    responses(
        (status = 201, body = DesignVersionView),
        (status = 422, description = "The document can't be used any more", body = DesignProblem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn roll_back(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, version)): PathIds<(AppId, u32)>,
    JsonBody(publication): JsonBody<Publication>,
) -> Result<(StatusCode, Json<DesignVersionView>), Refused> {
    app(&store, app_id).await?;
    let note = note_of(publication.note.as_deref())?;
    let found = find(&store, app_id, version).await?;
    let document = Design::read(kept(&found.document)?.to_json())?.to_json().to_string();
    let new = NewDesignVersion {
        document: &document,
        note,
        restored: Some(version),
        draft: Expected::Any,
    };
    let published = store.publish_design(app_id, new, &actor).await?;
    Ok((StatusCode::CREATED, Json(published.into())))
}

async fn find(store: &Store, app_id: AppId, version: u32) -> Result<PublishedDesign, Problem> {
    store
        .published_design(app_id, Some(version))
        .await?
        .ok_or_else(|| Problem::not_found(format!("the design has no version {version}")))
}
