//! `/v1/me/views`: what somebody keeps of a list's filters and columns, under a name.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    access::{Resource, ViewedList},
    ids::{AppId, ViewId},
};
use bellpush_store::{Accounts, Kept, SavedView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Caller, Person},
    api::path::PathIds,
    http::{body::JsonBody, problem::Problem},
};

/// Characters of a view's name, at most.
const MAX_NAME_CHARS: usize = 60;
/// Characters of its query, at most.
const MAX_QUERY_CHARS: usize = 4_000;

/// A view to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewView {
    /// The app whose list it is.
    #[schema(value_type = String, pattern = "^app_[0-9a-f]{32}$")]
    app_id: AppId,
    /// Which list.
    list: ViewedList,
    /// What you call it: one of the same list and name is replaced.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]
    name: String,
    /// What stands behind the `?` of the list's address in Call Studio.
    #[schema(max_length = 4000, pattern = r"^[^\x00-\x1f]*$", example = "state=failed")]
    query: String,
}

/// A view that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ViewView {
    /// Its id.
    #[schema(value_type = String)]
    id: ViewId,
    /// The app whose list it is.
    #[schema(value_type = String)]
    app_id: AppId,
    /// Which list.
    list: ViewedList,
    /// What you call it.
    name: String,
    /// What stands behind the `?` of the list's address.
    query: String,
}

impl ViewView {
    fn of(id: ViewId, view: SavedView) -> Self {
        let SavedView { app_id, list, name, query } = view;
        Self { id, app_id, list, name, query }
    }
}

/// The views that one keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewList {
    /// By app, list and name.
    items: Vec<ViewView>,
}

/// List your saved views
///
/// Those of apps that you may look into.
#[utoipa::path(
    get, path = "/v1/me/views", operation_id = "listViews", tag = "me",
    responses((status = 200, body = ViewList))
)]
pub(crate) async fn list(
    caller: Caller,
    person: Person,
    State(accounts): State<Accounts>,
) -> Result<Json<ViewList>, Problem> {
    let views = accounts.views(person.member()?.id).await?;
    let items = views
        .into_iter()
        .filter(|(_, view)| may_look(&caller, view.app_id))
        .map(|(id, view)| ViewView::of(id, view));
    Ok(Json(ViewList { items: items.collect() }))
}

/// Keep a view
///
/// One of the same list and name is replaced. Everybody has up to 100.
#[utoipa::path(
    post, path = "/v1/me/views", operation_id = "keepView", tag = "me",
    request_body = NewView,
    responses(
        (status = 201, description = "Kept", body = ViewView),
        (status = 409, description = "You have 100 already"),
    )
)]
pub(crate) async fn keep(
    caller: Caller,
    person: Person,
    State(accounts): State<Accounts>,
    JsonBody(new): JsonBody<NewView>,
) -> Result<(StatusCode, Json<ViewView>), Problem> {
    let NewView { app_id, list, name, query } = new;
    let name = name.trim().to_owned();
    if name.is_empty() || !fits(&name, MAX_NAME_CHARS) {
        let detail = format!("a name has 1 to {MAX_NAME_CHARS} characters, and none of control");
        return Err(Problem::invalid(detail).at("/name"));
    }
    if !fits(&query, MAX_QUERY_CHARS) {
        let detail = format!("a query has up to {MAX_QUERY_CHARS} characters, and none of control");
        return Err(Problem::invalid(detail).at("/query"));
    }
    let unknown = || Problem::invalid(format!("there is no app {app_id}")).at("/appId");
    if !may_look(&caller, app_id) {
        return Err(unknown());
    }
    let view = SavedView { app_id, list, name, query };
    match accounts.keep_view(person.member()?.id, &view).await? {
        Kept::As(id) => Ok((StatusCode::CREATED, Json(ViewView::of(id, view)))),
        Kept::NoApp => Err(unknown()),
        Kept::TooMany => Err(Problem::conflict(
            "you have as many views as there may be; remove one that you do not need any more",
        )),
    }
}

/// Forget a view
#[utoipa::path(
    delete, path = "/v1/me/views/{viewId}", operation_id = "forgetView", tag = "me",
    params(("viewId" = String, Path)),
    responses((status = 204, description = "Forgotten"))
)]
pub(crate) async fn forget(
    person: Person,
    State(accounts): State<Accounts>,
    PathIds(id): PathIds<ViewId>,
) -> Result<StatusCode, Problem> {
    if !accounts.forget_view(person.member()?.id, id).await? {
        return Err(Problem::not_found(format!("you have no view {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn may_look(caller: &Caller, app_id: AppId) -> bool {
    caller.may_read(Resource::Calls, app_id)
}

fn fits(text: &str, max_chars: usize) -> bool {
    text.chars().count() <= max_chars && !text.chars().any(|char| char < ' ')
}
