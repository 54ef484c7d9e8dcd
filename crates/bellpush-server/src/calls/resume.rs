//! A call that outlives its page's connection: ICE restarts, trickled candidates, and the return of
//! a visitor whose page was replaced.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bellpush_call::ResumeError;
use bellpush_core::events::EventTime;
use bellpush_store::Claim;
use serde::Deserialize;
use tracing::error;
use utoipa::ToSchema;

use super::{
    control::{parse_id, present},
    forms::{IceFragment, SdpOffer},
    fragment::{self, Fragment},
    place::{MAX_OFFER_BYTES, SDP, other_type},
    registry::LiveCall,
    resumed::{CallResumed, unknown},
    state::Calls,
    taking_over::Claiming,
};
use crate::{
    api::path::PathIds,
    http::{body, client_ip::LimitKey, limits::Limits, problem::Problem},
    tokens::{ResumeToken, ToldToken},
};

/// Bytes of an SDP fragment, at most.
const MAX_FRAGMENT_BYTES: usize = 16 * 1024;
const NO_FRAGMENT: &str =
    "the fragment needs one a=ice-ufrag and one a=ice-pwd, of letters, digits, + and /";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Restart ICE
///
/// As RFC 9725 section 4.3 says. A fragment with other credentials than the present ones restarts
/// ICE (`If-Match: *`); the answer is a fragment. One with the present credentials trickles
/// candidates (`If-Match` with the call's `ETag`), of which the server needs none. A whole offer
/// (`application/sdp`) is answered as a whole.
#[utoipa::path(
    patch, path = "/v1/calls/{callId}", operation_id = "restartIce", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call"), ("If-Match" = Option<String>, Header, description = "`*` for a restart, or else the call's ETag; a whole offer needs none")),
    request_body(content((IceFragment = "application/trickle-ice-sdpfrag"), (SdpOffer = "application/sdp"))),
    responses(
        (status = 200, description = "ICE was restarted; the new ETag is in the head", content((String = "application/trickle-ice-sdpfrag"), (String = "application/sdp"))),
        (status = 204, description = "Candidates were taken note of"),
        (status = 401, description = "No valid session"),
        (status = 404, description = "No such live call in this session"),
        (status = 421, description = "The call lives on another server"),
        (status = 412, description = "The ETag is that of an earlier connection"),
        (status = 422, description = "The fragment or the offer is of no use"),
        (status = 428, description = "There is no If-Match"),
        (status = 429, description = "Too many requests"),
    )
)]
pub(crate) async fn patch(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    request: Request,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    let id = parse_id(&id)?;
    let call = present(&calls, &session, id).await?;
    let kind = body::content_type(&headers);
    let is_whole = kind == SDP;
    if !is_whole && kind != FRAGMENT {
        return Err(other_type(&kind, &format!("{FRAGMENT} or {SDP}")));
    }
    let limit = if is_whole { MAX_OFFER_BYTES } else { MAX_FRAGMENT_BYTES };
    let bytes = body::read(request.into_body(), limit).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::offer_invalid("the description is not text in UTF-8"))?;
    let if_match = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());

    let offer = if is_whole {
        text.to_owned()
    } else {
        let fragment = Fragment::parse(text).ok_or_else(|| Problem::offer_invalid(NO_FRAGMENT))?;
        let present = call.connection();
        if fragment.is_of(&present.offer) {
            return match if_match {
                None => Err(Problem::precondition_required("send the call's ETag as If-Match")),
                Some(tag) if tag == "*" || tag == present.etag => {
                    Ok(StatusCode::NO_CONTENT.into_response())
                }
                Some(_) => Err(Problem::precondition_failed("ICE was restarted since")),
            };
        }
        match if_match {
            Some("*") => fragment.restart(&present.offer),
            Some(_) => return Err(Problem::precondition_failed("restart ICE with If-Match: *")),
            None => return Err(Problem::precondition_required("restart ICE with If-Match: *")),
        }
    };
    // The offer is the whole body.
    let restarted = calls.engine.restart(id, offer.clone()).await;
    let answer = restarted.map_err(|error| refusal(error).at(""))?;
    let etag = call.reconnected(offer, &answer);
    let (kind, body) =
        if is_whole { (SDP, answer) } else { (FRAGMENT, fragment::of_answer(&answer)) };
    let head = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::ETAG, etag)];
    Ok((StatusCode::OK, head, body).into_response())
}

/// What a page sends to take up the call of the page before it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResumeRequest {
    /// The token that was given with the call, or when it was taken up last. It works once.
    #[schema(value_type = String)]
    resume_token: ToldToken,
    /// Whether the call is to be taken over when it lives on another server, which may be gone, or about
    /// to stop. From then on it lives where this was asked.
    #[serde(default)]
    take_over: bool,
    /// With `takeOver`, when this very request is asked again: that the server which has answered it, and
    /// has the call, can't be reached. It is taken over from that one, too.
    #[serde(default)]
    unreachable: bool,
    /// The SDP offer of a new connection.
    #[schema(value_type = SdpOffer)]
    sdp: String,
}

/// Resume a call
///
/// The page that had the call went away (see leaving), and another page of the same site takes it
/// up, with a session of its own and the one-time token of the page before. The same request, asked again
/// because its answer was lost, is answered so again for half a minute. With `takeOver`, a call is
/// taken up that another server has: one that does not answer any more, or has said `move`. The token
/// decides who has it.
#[utoipa::path(
    post, path = "/v1/calls/{callId}/resume", operation_id = "resumeCall", tag = "calls", security(("session" = [])),
    params(("callId" = String, Path, description = "The call")),
    request_body = ResumeRequest,
    responses(
        (status = 200, description = "The call goes on", body = CallResumed),
        (status = 401, description = "No valid session, or the call is of a preview that has ended; it stays as it was"),
        (status = 404, description = "No live call that this token and this site may take up"),
        (status = 421, description = "The call lives on another server, and was not to be taken over, or that one has answered this very request"),
        (status = 422, description = "The offer can't be answered"),
        (status = 429, description = "Too many requests"),
        (status = 503, description = "Not possible here right now; the call stays as it was"),
    )
)]
pub(crate) async fn resume(
    State(calls): State<Arc<Calls>>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(id): PathIds<String>,
    request: Request,
) -> Result<Json<CallResumed>, Problem> {
    limits.request(address)?;
    let session = calls.sessions.authenticate(&headers, LimitKey(address)).await?;
    let id = parse_id(&id)?;
    body::check_json(&headers)?;
    let bytes = body::read(request.into_body(), MAX_OFFER_BYTES).await?;
    let asked: ResumeRequest = body::parse_json(&bytes)?;
    let ResumeRequest { resume_token, take_over, unreachable: is_unreachable, sdp } = asked;
    let token = ResumeToken::parse(resume_token.reveal()).ok_or_else(|| unknown(id))?;
    let claim = Claiming { session, id, token, offer: sdp, address, is_unreachable };
    let here = calls.live.find(id).filter(|call| claim.is_for(call));
    if let Some(answer) = claim.answer_again(&calls, here.as_ref()).await? {
        return Ok(Json(answer));
    }
    if take_over && calls.is_draining() && calls.has_other_nodes() {
        let detail = "the server is stopping; another one takes the call";
        return Err(Problem::shutting_down(detail).retry_after(1));
    }
    if take_over && calls.has_other_nodes() && !calls.cluster.is_sure() {
        let detail = "the server does not reach the database; another one takes the call";
        return Err(Problem::unavailable(detail).retry_after(1));
    }
    // First: the connection that there is stays, where the store can't take note of the next one.
    let at = calls.clock.read(&calls.store).await?;
    let Some(call) = here.filter(|call| call.may_resume(&claim.token)) else {
        return elsewhere(claim, &calls, take_over).await;
    };
    // In a task of its own: a page that goes away now must not keep the next one from taking the call up.
    let resuming = tokio::spawn({
        let calls = Arc::clone(&calls);
        async move { take_up(&calls, call, claim, at, take_over).await }
    });
    resuming.await.map_err(|error| {
        error!(call = %id, %error, "taking a call up failed");
        Problem::internal("the call could not be taken up")
    })?
}

/// Answers the offer for a call that is here, by a token that was good at this time.
async fn take_up(
    calls: &Arc<Calls>,
    call: LiveCall,
    claim: Claiming,
    at: EventTime,
    take_over: bool,
) -> Result<Json<CallResumed>, Problem> {
    let (id, request) = (claim.id, claim.request());
    let session_end = calls.sessions.end_with_call(&call.session).await?;
    let Some(taken) = call.take_resume(&claim.token, &request) else {
        return elsewhere(claim, calls, take_over).await;
    };
    let (token, sdp) = (&claim.token, &claim.offer);
    // A refusal: the offer was at fault, not the token.
    let answer = calls.engine.resume(id, sdp.clone()).await.map_err(refusal)?;
    call.reconnected(sdp.clone(), &answer);
    // A page that moves its own call goes on by the tokens that it has.
    if claim.session.id != call.session.id {
        call.turn_page(session_end);
    }
    let next = ResumeToken::random();
    let (shown, hash, own) = (token.hash(), next.hash(), calls.node_id);
    let exchanged = async {
        let request = Some(&request);
        let (call_id, shown, next) = (id, &shown, &hash);
        let claim =
            Claim { call_id, from: own, to: own, shown, next, request, at, orphaned_at: None };
        calls.store.exchange_resume_token(claim).await
    };
    let is_exchanged = exchanged.await?;
    taken.use_up();
    if !is_exchanged {
        // Another server has it by now: what is left here answers nothing more.
        call.lost();
        calls.engine.release(id).await;
        return elsewhere(claim, calls, take_over).await;
    }
    call.answered(&request, &answer, (token, &next));
    if !calls.is_draining() {
        call.stay();
    }
    let session = calls.sessions.renew_until(&call.session, session_end).await?;
    Ok(Json(CallResumed::new(calls, id, answer, &next, session)))
}

/// Takes a call over that another server has, or says where it is.
async fn elsewhere(
    claim: Claiming,
    calls: &Arc<Calls>,
    take_over: bool,
) -> Result<Json<CallResumed>, Problem> {
    if take_over { claim.run(calls).await.map(Json) } else { claim.refuse(calls).await }
}

fn refusal(error: ResumeError) -> Problem {
    match error {
        ResumeError::Offer(reason) => Problem::offer_invalid(reason.to_string()).at("/sdp"),
        ResumeError::NoSuchCall => Problem::not_found("the call is over"),
        ResumeError::PageIsAway => Problem::not_found(
            "the page has left the call, which waits to be taken up by its token",
        ),
    }
}
