//! A call that another server has is claimed by this one, and goes on here: whoever shows its one-time
//! token decides that. The other server may be gone, about to stop, or out of the visitor's reach.
//!
//! What is claimed is answered anew on both legs: the browser's at once, the far side's by a re-INVITE in
//! the dialog that was kept. One that nobody has answered yet is dialled again.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_call::{Engine, Former, PlaceCall, Room};
use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    record::{RecordEntry, TakeOverReason, TakenOver},
};
use bellpush_store::{
    Call, CallState, Claim, ClaimedCall, LivingNode, SecretHash, Session, StoreError,
};
use metrics::{counter, describe_counter};
use tracing::{error, info};

use super::{
    prepared::{Prepared, before},
    under_way::UnderWay,
};
use crate::{
    calls::{
        call_clock::CallClock,
        control::{elsewhere, is_gone},
        live::{self, AcceptedCall},
        place::refusal,
        registry::{Asked, LiveCall},
        resumed::{CallResumed, unknown},
        routes,
        state::Calls,
    },
    event_log::CallTrace,
    http::problem::Problem,
    tokens::ResumeToken,
};

const TAKEN_OVER: &str = "bellpush_calls_taken_over_total";
/// How long this server may take to let go of a call that comes back to it.
const LET_GO_WITHIN: Duration = Duration::from_secs(5);
/// How often, and at most how many times, a call is given back that a failing store may have moved.
const GIVE_BACK: (Duration, u32) = (Duration::from_secs(1), 60);

/// What is shown for a call.
#[derive(Debug)]
pub(in crate::calls) struct Claiming {
    /// Of whoever asks.
    pub(in crate::calls) session: Arc<Session>,
    pub(in crate::calls) id: CallId,
    pub(in crate::calls) token: ResumeToken,
    pub(in crate::calls) offer: String,
    pub(in crate::calls) address: IpAddr,
    /// Whether the server that has answered this very request can't be reached.
    pub(in crate::calls) is_unreachable: bool,
}

/// Says what the counter counts.
pub(in crate::calls) fn describe() {
    describe_counter!(
        TAKEN_OVER,
        "Calls of other servers that this one goes on with, by reason: whether the other one was stopping (stopping), gone (lost), or lived (unreachable)."
    );
}

impl Claiming {
    /// Names this very request: by its token and its offer.
    pub(in crate::calls) fn request(&self) -> SecretHash {
        SecretHash::of(&format!("{}\n{}", self.token.reveal(), self.offer))
    }

    /// Whether it may be this call that is asked for, and that it is here.
    pub(in crate::calls) fn is_for(&self, call: &LiveCall) -> bool {
        !call.is_over() && !call.is_elsewhere() && self.is_same_site(&call.session)
    }

    fn is_same_site(&self, owner: &Session) -> bool {
        owner.app_id == self.session.app_id && owner.origin == self.session.origin
    }

    /// The answer once more, to who asks the same again since it did not come; `None` when this is
    /// another request, or what the answer brought was used.
    pub(in crate::calls) async fn answer_again(
        &self,
        calls: &Calls,
        here: Option<&LiveCall>,
    ) -> Result<Option<CallResumed>, Problem> {
        let Some(call) = here else { return Ok(None) };
        let request = self.request();
        let (answer, next) = match call.asked(&request, &self.token) {
            Asked::Again(answer, next) => (answer, next),
            Asked::Busy => return Err(is_busy()),
            Asked::Anew => return Ok(None),
        };
        let present = calls.store.clock().await?;
        // Another server may have it by now.
        if calls.store.claimed_by(self.id, &request, present).await? != Some(calls.node_id) {
            return Ok(None);
        }
        let end = calls.sessions.end_with_call(&call.session).await?;
        let session = calls.sessions.renew_until(&call.session, end).await?;
        Ok(Some(CallResumed::new(calls, self.id, answer, &next, session)))
    }

    /// The answer to who does not want to take it over.
    pub(in crate::calls) async fn refuse<T>(self, calls: &Calls) -> Result<T, Problem> {
        let (call, _) = self.find(calls).await?;
        if call.node_id != calls.node_id {
            let node = calls.store.living_node(call.node_id, calls.store.clock().await?).await?;
            return Err(node.map_or_else(is_gone, |node| elsewhere(self.id, &node)));
        }
        Err(unknown(self.id))
    }

    /// Claims the call, and goes on with it. In a task of its own: a visitor who goes away now must not
    /// leave it half claimed.
    pub(in crate::calls) async fn run(self, calls: &Arc<Calls>) -> Result<CallResumed, Problem> {
        let calls = Arc::clone(calls);
        let claiming = tokio::spawn(async move { self.claim(&calls).await });
        claiming.await.map_err(|error| {
            error!(%error, "taking a call over failed");
            Problem::internal("the call could not be taken over")
        })?
    }

    /// The live call with its session, if whoever asks is of the same site.
    async fn find(&self, calls: &Calls) -> Result<(Call, Session), Problem> {
        let call = calls.store.call(self.id).await?;
        let call = call.filter(|call| call.state == CallState::Live);
        let call = call.ok_or_else(|| unknown(self.id))?;
        let owner = calls.store.session(call.session_id).await?;
        let owner = owner.filter(|owner| self.is_same_site(owner));
        let owner = owner.ok_or_else(|| unknown(self.id))?;
        Ok((call, owner))
    }

    async fn claim(self, calls: &Arc<Calls>) -> Result<CallResumed, Problem> {
        let began = Instant::now();
        if calls.is_draining() {
            let detail = "the server is stopping; try again in a moment";
            return Err(Problem::shutting_down(detail).retry_after(1));
        }
        let (call, owner) = self.find(calls).await?;
        let under_way = calls.claims.begin(self.id).ok_or_else(is_busy)?;
        let at = calls.clock.read(&calls.store).await?;
        let request = self.request();
        // One that it does not have was given back to it after it had let go, or a claim broke off.
        let is_own = call.node_id == calls.node_id;
        if is_own && calls.live.find(self.id).is_some_and(|call| !call.is_over()) {
            return Err(self.taken(calls, call.node_id, &request, at).await?);
        }
        Engine::check_offer(&self.offer)
            .map_err(|reason| Problem::offer_invalid(reason.to_string()).at("/sdp"))?;
        let from = calls.store.living_node(call.node_id, at).await?.filter(|_| !is_own);
        if let Some(node) = from.as_ref().filter(|_| !self.is_unreachable)
            && calls.store.claimed_by(self.id, &request, at).await? == Some(call.node_id)
        {
            return Err(elsewhere(self.id, node));
        }
        // Whatever may be refused is found out before anything is changed.
        let room = calls.engine.reserve().map_err(refusal)?;
        let session_end = calls.sessions.end_with_call(&owner).await?;
        let owner = Arc::new(owner);
        let prepared = Prepared::of(calls, &owner, &call).await?;
        self.let_go_of_former(calls).await?;
        let (token, next) = (self.token.clone(), ResumeToken::random());
        let (shown, hash) = (token.hash(), next.hash());
        let (from_id, to) = (call.node_id, calls.node_id);
        let (call_id, shown, next_hash) = (self.id, &shown, &hash);
        let claim = Claim {
            call_id,
            from: from_id,
            to,
            shown,
            next: next_hash,
            request: Some(&request),
            at,
            orphaned_at: call.orphaned_at,
        };
        let claimed = match calls.store.claim_call(claim).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return Err(self.taken(calls, from_id, &request, at).await?),
            Err(error) => {
                give_back(calls, claim, under_way);
                return Err(error.into());
            }
        };
        let reason = match &from {
            None => TakeOverReason::Lost,
            Some(LivingNode { takes_shards: false, .. }) => TakeOverReason::Stopping,
            Some(_) => TakeOverReason::Unreachable,
        };
        let id = self.id;
        let former = match reason {
            TakeOverReason::Stopping => Former::Relays,
            TakeOverReason::Lost | TakeOverReason::Unreachable => Former::Gone,
        };
        let going_on = GoingOn { claimed, prepared, room, former, resume: hash.clone() };
        let answer = match self.go_on(calls, Arc::clone(&owner), going_on).await {
            Ok((call, answer)) => {
                call.answered(&request, &answer, (&token, &next));
                answer
            }
            Err(problem) => {
                give_back(calls, claim, under_way);
                return Err(problem);
            }
        };
        drop(under_way);
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        counter!(TAKEN_OVER, "reason" => reason.as_str()).increment(1);
        info!(call = %id, from = %from_id, %to, reason = reason.as_str(), took_ms, "took a call over");
        let (from_url, to_url) = (from.and_then(|node| node.url), calls.config.node_url.clone());
        let taken = TakenOver { from: from_id, from_url, to, to_url, reason, took_ms };
        calls.log.recorder().record(id, RecordEntry::TakenOver(taken));
        let session = calls.sessions.renew_until(&owner, session_end).await?;
        Ok(CallResumed::new(calls, id, answer, &next, session))
    }

    /// Why a call is not had by this request: unless the same request has it, another one does.
    async fn taken(
        &self,
        calls: &Calls,
        from: NodeId,
        request: &SecretHash,
        at: EventTime,
    ) -> Result<Problem, StoreError> {
        let Some(node_id) = calls.store.claimed_by(self.id, request, at).await? else {
            // It is over in a moment, or can be taken up then.
            let is_ending = calls.store.ends_dialog_of(self.id, from).await?;
            return Ok(if is_ending { is_busy() } else { unknown(self.id) });
        };
        let other = match node_id == calls.node_id {
            true => None,
            false => calls.store.living_node(node_id, at).await?,
        };
        Ok(other.map_or_else(is_busy, |node| elsewhere(self.id, &node)))
    }

    /// Lets go of what is left here of a call that was here before, before the call is this one's again.
    async fn let_go_of_former(&self, calls: &Calls) -> Result<(), Problem> {
        let former = calls.live.find(self.id).filter(|call| !call.is_over());
        let Some(former) = former else { return Ok(()) };
        former.lost();
        calls.engine.release(self.id).await;
        tokio::time::timeout(LET_GO_WITHIN, former.finished()).await.map_err(|_| {
            let detail = "what was here of the call is not let go of yet; try again in a moment";
            Problem::unavailable(detail).retry_after(1)
        })
    }

    /// Goes on with the call, which is ours by now. Returns it with the answer for the browser.
    async fn go_on(
        self,
        calls: &Arc<Calls>,
        owner: Arc<Session>,
        going_on: GoingOn,
    ) -> Result<(LiveCall, String), Problem> {
        let Self { id, offer, address, .. } = self;
        let GoingOn { claimed, prepared, room, former, resume } = going_on;
        let ClaimedCall { call, dialog } = claimed;
        let before = before(&call, dialog.as_ref());
        let (started, place) = (prepared.started.clone(), prepared.place);
        let routes = prepared.routes_by(calls, &owner, &call, dialog).await?;
        let now = calls.clock.now();
        let routes = match before.connected_at {
            Some(at) => routes::answered_before(routes, CallClock::since(at, now).elapsed()),
            None => routes,
        };
        let clock = CallClock::since(call.started_at, now);
        let max_duration = calls.config.max_call_duration.saturating_sub(clock.elapsed());
        let permit = calls.permits.admit(call.app_id, address);
        calls.log.recorder().begin(id, call.app_id);
        let placing = PlaceCall {
            call_id: id,
            offer: offer.clone(),
            routes,
            max_duration,
            former: Some(former),
        };
        let placed = calls.engine.place_in(Some(room), placing).await;
        let placed = placed.map_err(refusal).inspect_err(|_| {
            calls.log.recorder().end(id);
        })?;
        let accepted = AcceptedCall {
            id,
            session: owner,
            clock,
            trace: CallTrace { place, parent: None },
            started,
            before,
            signals: placed.signals,
            permit,
            offer,
            answer: placed.answer.clone(),
            resume,
        };
        Ok((live::follow(calls, accepted), placed.answer))
    }
}

/// A call that is ours, and what is there to go on with it.
struct GoingOn {
    claimed: ClaimedCall,
    prepared: Prepared,
    room: Room,
    former: Former,
    /// The hash of the token that takes it up next.
    resume: SecretHash,
}

/// Gives a call back that can't go on here, however long the store needs for it.
fn give_back(calls: &Arc<Calls>, claim: Claim<'_>, under_way: UnderWay) {
    let calls = Arc::clone(calls);
    let Claim { call_id, from, to, at, orphaned_at, .. } = claim;
    let (shown, next) = (claim.shown.clone(), claim.next.clone());
    tokio::spawn(async move {
        let _under_way = under_way;
        let (pause, times) = GIVE_BACK;
        for _ in 0..times {
            let (shown, next, request) = (&shown, &next, None);
            let claim = Claim { call_id, from, to, shown, next, request, at, orphaned_at };
            match calls.store.unclaim_call(claim).await {
                Ok(()) => return,
                Err(error) => error!(call = %call_id, %error, "it can't be given back yet"),
            }
            tokio::time::sleep(pause).await;
        }
    });
}

fn is_busy() -> Problem {
    Problem::unavailable("this server is just taking the call up; ask again in a moment")
        .retry_after(1)
}
