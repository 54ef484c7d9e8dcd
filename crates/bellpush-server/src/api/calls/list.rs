//! Finding calls.

use axum::{Json, extract::State};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId},
};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use super::{CallDetails, CallQuery};
use crate::{
    api::{
        paging::PageQuery,
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
};

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallPage {
    /// The calls, newest first. Fewer than asked for, or none, also where more follow: a page looks
    /// through 10,000 calls at most.
    items: Vec<CallDetails>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
    /// Back to when was looked, on a page that is not full and not the last one.
    #[schema(value_type = Option<String>, format = DateTime)]
    searched_to: Option<EventTime>,
}

/// List calls
///
/// Newest first. A page is never changed by calls that come later: going on after `next` skips none
/// and repeats none.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls", operation_id = "listCalls", tag = "calls",
    params(("appId" = String, Path), CallQuery, PageQuery),
    responses((status = 200, body = CallPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<CallQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<CallPage>, Problem> {
    let filter = query.try_into()?;
    let request = page.request(|text| text.parse().ok())?;
    app(&store, app_id).await?;
    let page = store.calls(app_id, &filter, request).await?;
    let is_full = page.items.len() >= request.limit as usize;
    let searched_to = page.next.filter(|_| !is_full).and_then(time_of);
    Ok(Json(CallPage {
        items: page.items.into_iter().map(CallDetails::from).collect(),
        next: page.next.map(|id| id.to_string()),
        searched_to,
    }))
}

/// When a call's id was made, which is when it was asked for.
fn time_of(id: CallId) -> Option<EventTime> {
    let (seconds, nanos) = id.uuid().get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)? + i64::from(nanos) / 1_000_000;
    EventTime::from_millis(millis)
}

/// How many calls there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallCount {
    /// So many were found, up to 10,000.
    #[schema(maximum = 10_000)]
    count: u32,
    /// Whether these are all; otherwise there are so many at least.
    exact: bool,
}

/// Count calls
///
/// Up to 10,000, and through 50,000 calls at most where no index answers the question.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/count", operation_id = "countCalls", tag = "calls",
    params(("appId" = String, Path), CallQuery),
    responses((status = 200, body = CallCount))
)]
pub(crate) async fn count(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<CallQuery>,
) -> Result<Json<CallCount>, Problem> {
    let filter = query.try_into()?;
    app(&store, app_id).await?;
    let found = store.count_calls(app_id, &filter).await?;
    Ok(Json(CallCount { count: found.count, exact: found.is_exact }))
}

/// The keys that contexts have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContextKeys {
    /// The keys, in their order; the first 200.
    items: Vec<String>,
}

/// List context keys
///
/// The keys that contexts of this app's sessions have, for filters and columns.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/context-keys", operation_id = "listContextKeys", tag = "calls",
    params(("appId" = String, Path)),
    responses((status = 200, body = ContextKeys))
)]
pub(crate) async fn context_keys(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<ContextKeys>, Problem> {
    app(&store, app_id).await?;
    Ok(Json(ContextKeys { items: store.context_keys(app_id).await? }))
}
