//! `GET /v1/calls/{callId}/events`: progress and events of a call, pushed or polled.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use bellpush_core::events::EventName;
use bellpush_store::{EventFilter, PageRequest, Session};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    control::{live_call, over_call, parse_id},
    state::Calls,
    stream::{Content, Follower, Message, NUMBER_FROM_STORE},
};
use crate::{
    api::path::PathIds,
    followers::{OpenStream, OpenStreams},
    http::{body::QueryParameters, client_ip::LimitKey, limits::Limits, problem::Problem},
    sessions::Sessions,
};

/// Silent connections are cut by proxies after 30 s and more, and a widget that hears nothing for 12 s
/// takes the stream as held back.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowQuery {
    /// The number of the last message received; `Last-Event-ID` says the same.
    after: Option<u64>,
}

/// The answer to a poll.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Messages {
    /// New messages, in their order.
    #[schema(value_type = Vec<Object>)]
    messages: Vec<Message>,
    /// Whether no message will follow.
    done: bool,
}

/// One event of the stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct StreamEvent {
    /// The message's number.
    id: String,
    /// What `data` is.
    event: StreamEventKind,
    /// JSON: `{"phase": …}`, `{"held": …}`, `{"notice": …}`, `{}` or `{"id": …, "event": {…}}`.
    data: String,
}

/// What an event of the stream tells.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "it only describes")]
pub(crate) enum StreamEventKind {
    /// How far the call has come.
    Progress,
    /// Whether it is held.
    Hold,
    /// What the far side lets the visitor know: that the call waits in a queue, or was transferred.
    Notice,
    /// The server is about to stop: take the call up at the public address, by its token.
    Move,
    /// An event of the catalogue.
    Event,
}

/// Follow a call
///
/// Server-sent events: `progress` with `{"phase": …}`, `hold` with `{"held": …}`, `notice` with `{"notice": …}`, `move` with `{}` and `event` with `{"id": …, "event": {…}}`.
/// `call_started` comes first; the stream closes after the terminal event. `Last-Event-ID` resumes.
/// With `Accept: application/json` the messages so far come at once, for polling. A call has at most 4
/// streams: a further one ends the oldest. A stream ends when the session's origin is taken off the
/// app's list.
#[utoipa::path(
    get, path = "/v1/calls/{callId}/events", operation_id = "followCall", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call"), FollowQuery),
    responses(
        (status = 200, description = "The stream, or the messages so far", content((StreamEvent = "text/event-stream"), (Messages = "application/json"))),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such call in this session"),
        (status = 421, description = "The call lives on another server"),
        (status = 429, description = "Too many requests"),
    )
)]
pub(crate) async fn follow(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    QueryParameters(FollowQuery { after }): QueryParameters<FollowQuery>,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    let (mut follower, open) = follower(&calls, &session, &id).await?;
    let last_seen =
        headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let after = after.or(last_seen).unwrap_or(0);
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let no_store = [(header::CACHE_CONTROL, "no-store, no-transform"), (X_ACCEL_BUFFERING, "no")];
    if wants_json {
        let (messages, done) = follower.after(after);
        return Ok((no_store, Json(Messages { messages, done })).into_response());
    }
    let stream = open.map(|streams| streams.open());
    let end = async move {
        let sessions = calls.sessions.clone();
        tokio::select! {
            () = replaced(stream.as_ref()) => {}
            () = withdrawn(&sessions, session) => {}
        }
    };
    let messages = events(follower, after).take_until(Box::pin(end));
    let stream = Sse::new(messages).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok((no_store, stream).into_response())
}

/// For the call of a preview to end, and for that to be told, when who has begun it is signed out.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Waits until a session may not follow its call any more.
async fn withdrawn(sessions: &Sessions, session: Arc<Session>) {
    let ends_its_call = session.sign_in_id.is_some();
    sessions.withdrawn(session).await;
    if ends_its_call {
        tokio::time::sleep(LAST_WORDS).await;
    }
}

/// Tells nginx not to hold the stream back.
const X_ACCEL_BUFFERING: header::HeaderName = header::HeaderName::from_static("x-accel-buffering");

/// Waits until a newer stream of a live call takes this one's place.
async fn replaced(stream: Option<&OpenStream>) {
    match stream {
        Some(stream) => stream.replaced().await,
        None => std::future::pending().await,
    }
}

/// What is to be followed, and the open streams beside it while the call lives.
async fn follower(
    calls: &Calls,
    session: &Session,
    id: &str,
) -> Result<(Follower, Option<OpenStreams>), Problem> {
    let id = parse_id(id)?;
    if let Some(call) = live_call(calls, session, id)?.filter(|call| !call.is_elsewhere()) {
        return Ok((call.follow(), Some(call.streams)));
    }
    over_call(calls, session, id).await?;
    let mut messages = Vec::new();
    // By name: among them may be any number of others that have its id.
    for (name, number) in [
        (EventName::CallStarted, 1),
        (EventName::CallEnded, NUMBER_FROM_STORE),
        (EventName::CallError, NUMBER_FROM_STORE),
    ] {
        let name = Some(name.as_str().to_owned());
        let filter = EventFilter { call_id: Some(id), name, ..EventFilter::default() };
        let found = calls.store.events(session.app_id, &filter, PageRequest::first(1)).await?;
        for recorded in found.items {
            let event = serde_json::from_str(&recorded.envelope)
                .map_err(|_| Problem::internal("an event in the store can't be read"))?;
            let content = Content::Event { id: recorded.id, event };
            messages.push(Message { id: number, content });
        }
    }
    Ok((Follower::of_the_past(messages), None))
}

fn events(follower: Follower, after: u64) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let state = Some((follower, after));
    stream::unfold(state, |state| async move {
        let (mut follower, mut after) = state?;
        loop {
            let (messages, done) = follower.after(after);
            if let Some(last) = messages.last() {
                after = last.id;
            }
            // Once done, there is nothing to come back for.
            let next = if done { None } else { Some((follower.clone(), after)) };
            if done || !messages.is_empty() {
                return Some((stream::iter(messages), next));
            }
            if !follower.changed().await {
                return None;
            }
        }
    })
    .flatten()
    .map(|message| {
        let event = sse::Event::default()
            .id(message.id.to_string())
            .event(message.content.name())
            .data(message.content.data().to_string());
        Ok(event)
    })
}
