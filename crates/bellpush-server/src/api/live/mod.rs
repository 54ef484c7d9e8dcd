//! `/v1/apps/{appId}/live`: calls under way, and events as they come.

mod stream;
mod view;

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRef as _, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response, Sse},
};
use bellpush_core::{
    access::Resource,
    ids::{AppId, CallId},
};
use bellpush_store::Store;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    stream::{Filter, Stream},
    view::{LiveMessage, LiveSnapshot},
};
use crate::{
    access::{Access, Caller, Identity, Reader},
    api::{
        paging::context_filter,
        path::{PathIds, app},
    },
    http::{body::QueryParameters, client_ip::ClientIp, problem::Problem},
    live::{Cursor, Follower, LiveFeed},
    server::Server,
};

/// How long the log may take to be read.
const READY_WITHIN: Duration = Duration::from_secs(5);
/// Tells nginx not to hold the stream back.
const X_ACCEL_BUFFERING: header::HeaderName = header::HeaderName::from_static("x-accel-buffering");

/// The route.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(follow))
}

/// What to follow, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LiveQuery {
    /// The `id` of the last message received; `Last-Event-ID` says the same.
    after: Option<String>,
    /// Only events of this name.
    #[param(example = "call_ended")]
    name: Option<String>,
    /// Only events and calls with this value in their context, as `key:value`.
    #[param(example = "orderId:A-12345", pattern = ":")]
    context: Option<String>,
    /// Only events and progress of this call.
    #[param(value_type = Option<String>, pattern = "^call_[0-9a-f]{32}$")]
    call_id: Option<CallId>,
}

/// Follow an app
///
/// Server-sent events. The first is `snapshot`: the calls under way. Then `event` for each event as it
/// is stored, and `call` when a call of this server goes on to another phase. The `id` of each is where
/// to go on after a break, by `Last-Event-ID`: nothing is missed then, and nothing comes twice. Where
/// that is too long ago, or was another server's, `resync` comes, and a new `snapshot` after it.
/// `heartbeat` comes every 10 s; `end` says why the stream is closed: `unauthorized` when the right to
/// read has ended, `replaced` where the sign-in or the key follows the app by 4 newer streams, `shutdown`. Events come to those who may read events. With `Accept: application/json` the snapshot alone comes.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/live", operation_id = "followApp", tag = "calls",
    params(("appId" = String, Path), LiveQuery),
    responses(
        (status = 200, description = "The stream, or the snapshot", content((LiveMessage = "text/event-stream"), (LiveSnapshot = "application/json"))),
    )
)]
pub(crate) async fn follow(
    State(server): State<Server>,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    caller: Caller,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    QueryParameters(query): QueryParameters<LiveQuery>,
) -> Result<Response, Problem> {
    let filter = Filter {
        name: query.name,
        context: context_filter(query.context.as_deref())?,
        call_id: query.call_id,
    };
    let given = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = query.after.as_deref().or(given);
    // One that can't be read is as good as one that is too old.
    let after = after.map(|text| text.parse::<Cursor>().ok());
    app(&store, app_id).await?;
    let follower = match caller.identity() {
        Identity::Person(signed_in) => Follower::Browser(signed_in.sign_in.id, app_id),
        Identity::Key(key) => Follower::Key(key.id, app_id),
    };
    let (access, feed) = (Access::from_ref(&server), LiveFeed::from_ref(&server));
    let request = (headers.clone(), address, caller);
    let reader = Reader::new(access, request, Resource::Calls, Some(app_id));
    let stream = Stream::begin(server, app_id, filter, reader);
    if tokio::time::timeout(READY_WITHIN, stream.ready()).await.is_err() {
        return Err(Problem::unavailable("the event log can't be read right now").retry_after(5));
    }
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let no_store = [(header::CACHE_CONTROL, "no-store, no-transform"), (X_ACCEL_BUFFERING, "no")];
    if wants_json {
        let (snapshot, _) = stream.snapshot().await?;
        return Ok((no_store, Json(snapshot)).into_response());
    }
    Ok((no_store, Sse::new(stream.messages(after, feed.open(follower)))).into_response())
}
