//! What a visitor does during a call: hang up, leave the page, press digits; and what the widget
//! notices that does not go well.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use bellpush_call::Digit;
use bellpush_core::{events::EventTime, ids::CallId, record::RecordEntry};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{quality::Warning, registry::LiveCall, state::Calls};
use crate::{
    api::path::PathIds,
    clock::now,
    http::{body, body::QueryParameters, client_ip::LimitKey, limits::Limits, problem::Problem},
    sessions::bearer_token,
    tokens::{SessionToken, ToldToken},
};
use bellpush_store::{Call, CallState, LivingNode, Session};

/// How long an answer waits for the terminal event to be on disk.
const END_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a key press, at most.
const MAX_KEY_PRESS_BYTES: usize = 256;
/// Bytes of a leave beacon, at most.
const MAX_BEACON_BYTES: usize = 1024;

/// Why a widget ends a call.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HangUp {
    /// `media_failed`: the sound did not come, or did not come back, and the call ends as `call_error`.
    #[param(inline)]
    reason: Option<HangUpReason>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HangUpReason {
    MediaFailed,
}

/// Hang up
///
/// Never limited in rate: nobody is to be kept in a call. Answers when the terminal event is on disk; a call that is over already is no error.
#[utoipa::path(
    delete, path = "/v1/calls/{callId}", operation_id = "hangUp", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call"), HangUp),
    responses(
        (status = 204, description = "The call is over"),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such call in this session"),
        (status = 421, description = "The call lives on another server"),
    )
)]
pub(crate) async fn hang_up(
    State(calls): State<Arc<Calls>>,
    limit_key: LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    QueryParameters(HangUp { reason }): QueryParameters<HangUp>,
) -> Result<StatusCode, Problem> {
    let token = bearer_token(&headers)?;
    let session = leaving_session(&calls, &token, &id, limit_key).await?;
    let id = parse_id(&id)?;
    // What the visitor wants holds whichever page says it, what a connection does only of the present one.
    if reason.is_some()
        && let Some(call) = live_call(&calls, &session, id)?
        && is_of_former_page(&calls, &call, &token).await
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    end(&calls, &session, id, reason).await
}

/// What a page sends when it goes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leave {
    /// The session token: a beacon can't have headers of its own.
    #[schema(value_type = String)]
    token: ToldToken,
}

/// Leave the page
///
/// The beacon of a page that goes away. The call waits for the app's resume window to be taken up
/// by the next page, and then ends as `user_hangup`; without a window it ends at once. From a page whose call
/// another one has taken up since, it changes nothing. Never limited in rate, like hanging up.
#[utoipa::path(
    post, path = "/v1/calls/{callId}/leave", operation_id = "leavePage", tag = "calls",
    params(("callId" = String, Path, description = "The call")),
    request_body(content = Leave, description = "Any content type"),
    responses(
        (status = 204, description = "The call waits, is over, or is another page's by now"),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such call in this session"),
        (status = 421, description = "The call lives on another server"),
    )
)]
pub(crate) async fn leave(
    State(calls): State<Arc<Calls>>,
    limit_key: LimitKey,
    PathIds(id): PathIds<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let bytes = body::read(request.into_body(), MAX_BEACON_BYTES).await?;
    let Leave { token } = body::parse_json(&bytes)?;
    let token = SessionToken::parse(token.reveal())
        .ok_or_else(|| Problem::session_expired("the token is not a session token"))?;
    let session = leaving_session(&calls, &token, &id, limit_key).await?;
    let id = parse_id(&id)?;
    let call = live_call(&calls, &session, id)?.filter(|call| !call.is_over());
    if let Some(call) = &call
        && is_of_former_page(&calls, call, &token).await
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    let window = calls.sessions.app(session.app_id).await?.settings.resume_window();
    if window.is_zero() {
        return end(&calls, &session, id, None).await;
    }
    match call {
        Some(_) => calls.engine.suspend(id, window).await,
        // One whose server is gone waits for the next page as it is.
        None => drop(orphan(&calls, &session, id).await?),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The session of who leaves a call. Who knows one that is live here is no guesser, and may always leave it.
async fn leaving_session(
    calls: &Calls,
    token: &SessionToken,
    id: &str,
    limit_key: LimitKey,
) -> Result<Arc<Session>, Problem> {
    if id.parse().is_ok_and(|id| calls.live.find(id).is_some()) {
        calls.sessions.of_token_leaving(token, limit_key).await
    } else {
        calls.sessions.of_token(token, limit_key).await
    }
}

/// Whether a session token is that of a page from which another one has taken the call up. Where the store does not
/// tell, whoever leaves is believed.
async fn is_of_former_page(calls: &Calls, call: &LiveCall, token: &SessionToken) -> bool {
    let Some(end) = call.page_token_end() else { return false };
    let before = EventTime::from_millis(end.millis().saturating_sub(1)).unwrap_or(end);
    let present = calls.store.session_by_token(&token.hash(), before).await;
    present.is_ok_and(|session| session.is_none())
}

async fn end(
    calls: &Calls,
    session: &Session,
    id: CallId,
    reason: Option<HangUpReason>,
) -> Result<StatusCode, Problem> {
    if let Some(call) = live_call(calls, session, id)? {
        match reason {
            None => calls.engine.hang_up(id).await,
            Some(HangUpReason::MediaFailed) => calls.engine.give_up(id).await,
        }
        tokio::time::timeout(END_WITHIN, call.finished()).await.map_err(|_| {
            Problem::unavailable("the call was hung up, but its end is not stored yet")
                .retry_after(1)
        })?;
        // Another server has it by now: there it goes on, and has to be ended.
        if !call.is_elsewhere() {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    if let Some(Call { node_id, .. }) = orphan(calls, session, id).await? {
        // It need not wait for somebody to take it up.
        calls.store.abandon_orphan(id, node_id).await?;
        return Err(is_gone());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A key press.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyPress {
    /// `0` to `9`, `*`, `#` or `A` to `D`.
    #[schema(value_type = String, pattern = "^[0-9*#A-D]$", example = "*")]
    digit: char,
}

/// Press a key
///
/// For browsers that can't send telephone-events on the media path.
#[utoipa::path(
    post, path = "/v1/calls/{callId}/dtmf", operation_id = "pressKey", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call")),
    request_body = KeyPress,
    responses(
        (status = 204, description = "Passed on"),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such live call in this session"),
        (status = 421, description = "The call lives on another server"),
        (status = 429, description = "Too many requests"),
        (status = 422, description = "Not a key"),
    )
)]
pub(crate) async fn dtmf(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    limits.request(address)?;
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    let id = parse_id(&id)?;
    body::check_json(&headers)?;
    let bytes = body::read(request.into_body(), MAX_KEY_PRESS_BYTES).await?;
    let press: KeyPress = body::parse_json(&bytes)?;
    let digit = Digit::try_from(press.digit)
        .map_err(|error| Problem::invalid(error.to_string()).at("/digit"))?;
    present(&calls, &session, id).await?;
    calls.engine.digit(id, digit).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Something in a call that does not go well, or goes well again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WarningNotice {
    warning: Warning,
    /// Whether it begins or ends.
    raised: bool,
}

/// Note a warning
///
/// What the widget notices of a call, for the call's record. Past the most that a record holds, it
/// is taken and not kept.
#[utoipa::path(
    post, path = "/v1/calls/{callId}/warnings", operation_id = "warnOfCall", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call")),
    request_body = WarningNotice,
    responses(
        (status = 204, description = "Noted"),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such live call in this session"),
        (status = 421, description = "The call lives on another server"),
        (status = 422, description = "Not a warning"),
        (status = 429, description = "Too many requests"),
    )
)]
pub(crate) async fn warn(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    limits.request(address)?;
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    let id = parse_id(&id)?;
    body::check_json(&headers)?;
    let bytes = body::read(request.into_body(), MAX_KEY_PRESS_BYTES).await?;
    let WarningNotice { warning, raised } = body::parse_json(&bytes)?;
    present(&calls, &session, id).await?.warn(warning, raised, now());
    let entry = RecordEntry::Warning { warning: warning.as_str().into(), raised };
    calls.log.recorder().record(id, entry);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn parse_id(text: &str) -> Result<CallId, Problem> {
    text.parse().map_err(|error| Problem::not_found(format!("{error}")))
}

fn not_found(id: CallId) -> Problem {
    Problem::not_found(format!("there is no call {id} in this session"))
}

/// The session's live call, or what this server has left of one that it has lost; an error when it is
/// another session's.
pub(super) fn live_call(
    calls: &Calls,
    session: &Session,
    id: CallId,
) -> Result<Option<LiveCall>, Problem> {
    match calls.live.find(id) {
        Some(call) if call.session.id == session.id => Ok(Some(call)),
        Some(_) => Err(not_found(id)),
        None => Ok(None),
    }
}

/// The session's call, which must be live, and here.
pub(super) async fn present(
    calls: &Calls,
    session: &Session,
    id: CallId,
) -> Result<LiveCall, Problem> {
    match live_call(calls, session, id)? {
        Some(call) if !call.is_over() => return Ok(call),
        Some(call) if !call.is_elsewhere() => {}
        _ => over_call(calls, session, id).await?,
    }
    Err(Problem::not_found(format!("there is no live call {id} in this session")))
}

/// The answer to what only the server that has a call can do.
pub(super) fn elsewhere(id: CallId, LivingNode { url, .. }: &LivingNode) -> Problem {
    let address = url.as_ref().map(|url| format!("{url}/v1/calls/{id}"));
    let at = address.as_ref().map_or_else(String::new, |address| format!(" at {address}"));
    Problem::misdirected(format!("the call lives on another server{at}")).lives_at(address)
}

/// The session's call as the store has it, which must be over: a call that is neither live here nor
/// over is another node's, or about to be ended by recovery.
pub(super) async fn over_call(calls: &Calls, session: &Session, id: CallId) -> Result<(), Problem> {
    match orphan(calls, session, id).await? {
        Some(_) => Err(is_gone()),
        None => Ok(()),
    }
}

/// The session's call whose server is gone; `None` when it is over.
async fn orphan(calls: &Calls, session: &Session, id: CallId) -> Result<Option<Call>, Problem> {
    let call = calls.store.call(id).await?.filter(|call| call.session_id == session.id);
    let call = call.ok_or_else(|| not_found(id))?;
    if call.state != CallState::Live {
        return Ok(None);
    }
    let node = calls.store.living_node(call.node_id, calls.store.clock().await?).await?;
    match node.filter(|_| call.node_id != calls.node_id) {
        Some(node) => Err(elsewhere(id, &node)),
        None => Ok(Some(call)),
    }
}

pub(super) fn is_gone() -> Problem {
    let detail = "the server that held the call is gone; take it up anew, or its end is recorded";
    Problem::unavailable(detail).retry_after(1)
}
