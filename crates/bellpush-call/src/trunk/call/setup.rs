//! From the INVITE to its final response.

use std::{sync::Arc, time::Duration};

use bellpush_core::trunk::SipFailure;
use rsipstack::{
    sip::{Header, Request, Response},
    transaction::transaction::Transaction,
};
use tokio::time::Instant;

use super::{
    cancel::{PendingInvite, bye, cancel_pending, end_forks},
    channel::CallChannel,
    early::EarlyDialogs,
    invite::Invite,
    kept::Owner,
    offers::reject,
    session::Session,
};
use crate::trunk::{
    ByeCause, FarFailure, TrunkCommand, TrunkEvent,
    authentication::{Authentication, Unanswered, describe},
    body::response_sdp,
    datagram_size::{MAX_DATAGRAM, wire_size},
    dialog::to_tag,
    flow::Flow,
    incoming::IncomingRequests,
    message_parts::{reason_phrase, retry_after, value},
    notice::queued,
    pauses::Pause,
    trunk::Trunk,
};

/// Times that one target is asked again as it wants it, whatever that is: with credentials of several
/// realms, each of which has a limit of its own, or a longer interval.
const MAX_REPEATS: usize = 10;
/// Longer intervals that one target is offered, at most.
const MAX_LONGER: usize = 2;

/// A call that is being set up.
pub(super) struct Setup {
    trunk: Arc<Trunk>,
    invite: Invite,
    incoming: IncomingRequests,
    early: EarlyDialogs,
    /// What the far side said last.
    failure: SipFailure,
    /// Whose it is, if its dialog is to be kept.
    owner: Option<Owner>,
}

/// How the setting up ended.
pub(super) enum Outcome {
    /// The session, and the far side's requests that came before its answer.
    Answered(Box<Session>, Vec<Transaction>),
    Failed(FarFailure),
    /// The call was given up before.
    Cancelled,
}

/// How it ended at one target.
enum Attempt {
    Answered(Box<(Response, PendingInvite)>),
    Failed(FarFailure),
    Cancelled,
    /// The next target may do better.
    Next,
}

impl Setup {
    pub(super) fn new(trunk: Arc<Trunk>, invite: Invite, owner: Option<Owner>) -> Self {
        let ids = &invite.ids;
        let incoming = trunk.stack.incoming.requests(&ids.call_id, &ids.tag);
        let early = EarlyDialogs::new(&invite.sdp);
        let failure = SipFailure::unanswered(trunk.config.id, &ids.call_id);
        Self { trunk, invite, incoming, early, failure, owner }
    }

    /// Sets the call up. When that fails, tells what the far side said.
    pub(super) async fn run(mut self, channel: &mut CallChannel) -> Outcome {
        let call_id = self.invite.ids.call_id.clone();
        channel.send(TrunkEvent::Calling { call_id }).await;
        let outcome = self.try_targets(channel).await;
        match outcome {
            Attempt::Answered(answered) => {
                let (response, pending) = *answered;
                self.answered(channel, response, pending).await
            }
            Attempt::Cancelled => Outcome::Cancelled,
            Attempt::Failed(failure) => {
                channel.send(TrunkEvent::Rejected(Box::new(self.failure))).await;
                Outcome::Failed(failure)
            }
            Attempt::Next => Outcome::Failed(FarFailure::Transport),
        }
    }

    /// Tries the trunk's targets in their order.
    async fn try_targets(&mut self, channel: &mut CallChannel) -> Attempt {
        let Ok(hops) = self.trunk.hops_of_call().await else {
            return Attempt::Failed(FarFailure::Transport);
        };
        if hops.is_empty() {
            return Attempt::Failed(FarFailure::Unreachable);
        }
        for (n, hop) in hops.iter().enumerate() {
            let flow = tokio::select! {
                // Nothing was sent yet, so there is nothing to end; and nothing is to be sent.
                biased;
                () = channel.given_up() => return Attempt::Cancelled,
                flow = self.trunk.flow(hop) => flow,
            };
            let attempt = match flow {
                Ok(flow) => {
                    let address = flow.hop.address.ip();
                    channel.send(TrunkEvent::SignallingAddress(address)).await;
                    self.attempt(channel, &flow, n + 1 == hops.len()).await
                }
                Err(error) => {
                    self.trunk.change(|status| status.failed(hop.address, error.to_string()));
                    Attempt::Next
                }
            };
            if !matches!(attempt, Attempt::Answered(_)) {
                self.early.clear();
                for transaction in self.early.take_unmatched() {
                    reject(transaction, 481, Vec::new());
                }
            }
            if !matches!(attempt, Attempt::Next) {
                return attempt;
            }
        }
        Attempt::Failed(FarFailure::Transport)
    }

    /// Invites one target, as often as it wants that repeated.
    async fn attempt(
        &mut self,
        channel: &mut CallChannel,
        target: &Flow,
        is_last: bool,
    ) -> Attempt {
        let trunk = Arc::clone(&self.trunk);
        let mut authentication = trunk.authentication(target);
        let mut flow = target.clone();
        let (mut longer, mut asked, mut is_renewed) = (0, None, false);
        for _ in 0..MAX_REPEATS {
            let request = tokio::select! {
                biased;
                () = channel.given_up() => return Attempt::Cancelled,
                request = self.request(&mut flow, &authentication) => request,
            };
            self.invite.ids.cseq += 1;
            trunk.stack.tap.goes_by(&self.invite.ids.call_id, &flow);
            let bytes = wire_size(&request);
            let mut pending = PendingInvite::send(&trunk, request, &flow, &self.invite.user);
            let sent_at = Instant::now();
            // A port of TCP may lead to nobody who speaks SIP.
            let is_unproven = target.is_datagrams() && !flow.is_datagrams();
            let end = self.follow(channel, &mut pending, is_last && !is_unproven).await;
            let is_heard = pending.responses.heard.source().is_some();
            let response = match end {
                InviteEnd::Final(response) => response,
                InviteEnd::Cancelled => {
                    // Whoever gives up that soon says nothing about the target.
                    if !is_heard && sent_at.elapsed() >= trunk.stack.config.target_timeout {
                        self.unanswered(&flow, bytes);
                    }
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    return Attempt::Cancelled;
                }
                // RFC 3261 section 18.1.1: then it goes as a datagram after all.
                InviteEnd::TimedOut | InviteEnd::Lost if is_unproven && !is_heard => {
                    trunk.takes_no_stream(flow.hop.address);
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    flow = target.clone();
                    continue;
                }
                // It was dead already, and this request is how that shows.
                InviteEnd::Lost if flow.is_reused && !is_heard && !is_renewed => {
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    is_renewed = true;
                    let renewed = tokio::select! {
                        biased;
                        () = channel.given_up() => return Attempt::Cancelled,
                        renewed = trunk.flow(&flow.hop) => renewed,
                    };
                    match renewed {
                        Ok(renewed) => flow = renewed,
                        Err(error) => {
                            self.target_failed(&flow, error.to_string());
                            return Attempt::Next;
                        }
                    }
                    continue;
                }
                // What is wrong with it is wrong for every target.
                InviteEnd::Unsent => return Attempt::Failed(FarFailure::Unreachable),
                InviteEnd::TimedOut => {
                    self.unanswered(&flow, bytes);
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    return Attempt::Next;
                }
                InviteEnd::Lost => {
                    let transport = flow.hop.transport.name().to_ascii_uppercase();
                    let error = format!("INVITE: the connection was lost ({transport})");
                    self.target_failed(&flow, error);
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    return Attempt::Next;
                }
            };
            let status = response.status_code.code();
            tracing::debug!(trunk = %self.trunk.config.id, status, "an INVITE's final response");
            let is_challenged = authentication.is_challenged_by_trunk(&response).await;
            let is_ours = !is_heard;
            let is_answered = match status {
                401 | 407 => is_challenged,
                422 => longer < MAX_LONGER && self.longer_interval(&response).is_some(),
                _ => false,
            };
            // One that is asked again has refused nothing yet.
            if !is_ours && !is_answered {
                self.note_failure(&response);
            }
            if let Some(pause) =
                retry_after(&response.headers).filter(|_| matches!(status, 500 | 503))
            {
                let kind = if status == 503 { Pause::Refusing } else { Pause::Failing };
                trunk.pause(flow.hop.address, kind, pause);
            }
            match status {
                200..=299 => return Attempt::Answered(Box::new((response, pending))),
                // The stack says so of itself when nobody answers.
                408 if is_ours => {
                    self.unanswered(&flow, bytes);
                    return Attempt::Next;
                }
                // RFC 3263 section 4.3: as if it were not there.
                503 => {
                    self.target_failed(&flow, describe("INVITE", &response, None));
                    return if is_last {
                        Attempt::Failed(FarFailure::Unreachable)
                    } else {
                        Attempt::Next
                    };
                }
                401 | 407 if is_challenged => {}
                401 | 407 => {
                    self.note_rejection(&response, authentication.unanswered.as_ref());
                    return Attempt::Failed(FarFailure::Rejected);
                }
                422 => {
                    let least = self.longer_interval(&response).filter(|_| is_answered);
                    let Some(least) = least else {
                        self.note_error(describe("INVITE", &response, None));
                        return Attempt::Failed(FarFailure::Unreachable);
                    };
                    longer += 1;
                    self.invite.interval = Some(least);
                    self.invite.min_interval = least;
                }
                _ => {
                    self.note_rejection(&response, None);
                    return Attempt::Failed(FarFailure::from_status(status));
                }
            }
            self.early.clear();
            asked = Some(response);
        }
        if let Some(asked) = asked {
            self.note_failure(&asked);
        }
        self.note_error(format!("INVITE: asked for something else {MAX_REPEATS} times"));
        Attempt::Failed(FarFailure::Rejected)
    }

    /// Follows one INVITE until its final response.
    async fn follow(
        &mut self,
        channel: &mut CallChannel,
        pending: &mut PendingInvite,
        is_last: bool,
    ) -> InviteEnd {
        let timeout = if is_last {
            // The stack gives up first.
            self.trunk.stack.transaction_timeout() * 2
        } else {
            self.trunk.stack.config.target_timeout
        };
        let deadline = Instant::now() + timeout;
        loop {
            tokio::select! {
                // Whatever came with the final response is for the session.
                biased;
                response = pending.responses.recv() => match response {
                    None if pending.flow.closed.is_cancelled() => return InviteEnd::Lost,
                    None if pending.responses.is_unsent() => return InviteEnd::Unsent,
                    None => return InviteEnd::TimedOut,
                    Some(response) if response.status_code.code() < 200 => {
                        if !pending.is_proceeding {
                            pending.is_proceeding = true;
                            channel.send(TrunkEvent::Trying).await;
                            let target = pending.flow.hop.address;
                            self.trunk.change(|status| status.answered(target, None));
                        }
                        if let Some(notice) = queued(&response) {
                            channel.send(TrunkEvent::Notice(notice)).await;
                        }
                        self.early.provisional(&self.trunk, channel, pending, &response).await;
                    }
                    Some(response) => return InviteEnd::Final(*response),
                },
                command = channel.commands.recv() => match command {
                    Some(TrunkCommand::AnswerOffer { request, sdp }) => {
                        let contact = pending.flow.contact(&self.invite.user);
                        let t1 = self.trunk.stack.config.t1;
                        self.early.answer(request, sdp, contact, t1).await;
                    }
                    Some(TrunkCommand::RejectOffer { request, status }) => {
                        self.early.reject(request, status);
                    }
                    Some(TrunkCommand::Info { .. } | TrunkCommand::Invite { .. }) => {}
                    // Whoever has the call now has dialled for itself.
                    Some(TrunkCommand::Cancel | TrunkCommand::Release | TrunkCommand::Bye { .. })
                    | None => return InviteEnd::Cancelled,
                },
                Some(transaction) = self.incoming.requests.recv() => {
                    let contact = pending.flow.contact(&self.invite.user);
                    self.early.request(channel, contact, *transaction).await;
                }
                () = pending.flow.closed.cancelled() => return InviteEnd::Lost,
                () = tokio::time::sleep_until(deadline), if !pending.is_proceeding => {
                    return InviteEnd::TimedOut;
                }
            }
        }
    }

    /// The far side took the call. All other forks are ended.
    async fn answered(
        mut self,
        channel: &mut CallChannel,
        response: Response,
        mut pending: PendingInvite,
    ) -> Outcome {
        let tag = to_tag(&response).unwrap_or_default();
        let Some(mut dialog) = pending.dialog(&response) else {
            self.refused(channel, &response).await;
            return Outcome::Failed(FarFailure::Unreachable);
        };
        let target = pending.flow.hop.address;
        self.trunk.change(|status| status.answered(target, None));
        let flow = pending.flow.clone();
        let early = self.early.remove(&tag);
        if let Some(early) = &early {
            dialog.continue_from(&early.dialog);
        }
        // RFC 3262 section 5: with the answer in a reliable response, the 2xx has none.
        let (early_sdp, offers) = match early {
            Some(early) => (early.sdp, early.offers),
            None => (None, self.early.new_offers()),
        };
        self.early.clear();
        let sdp = response_sdp(&response).or(early_sdp);
        let Some(sdp) = sdp else {
            pending.acknowledge_in(&self.trunk, &dialog).await;
            let trunk = Arc::clone(&self.trunk);
            tracing::warn!(trunk = %trunk.config.id, "a call was answered without SDP");
            tokio::spawn(end_forks(Arc::clone(&trunk), pending, tag));
            // Whether the far side hears of it is nothing that the call waits for.
            tokio::spawn(async move {
                bye(&trunk, &dialog, &flow, ByeCause::INCOMPATIBLE).await;
            });
            self.refused(channel, &response).await;
            return Outcome::Failed(FarFailure::Rejected);
        };
        let call_id = self.invite.ids.call_id.clone();
        let unmatched = self.early.take_unmatched();
        let Self { trunk, invite, incoming, owner, .. } = self;
        let min_interval = invite.min_interval;
        let mut session =
            Session::new(trunk, dialog, flow, incoming, offers, min_interval, &response);
        // Sound need not wait for the disk.
        let answered = channel.send(TrunkEvent::Answered { sdp, call_id });
        let (kept, ()) = tokio::join!(session.open(owner), answered);
        session.kept = kept;
        pending.acknowledge_in(&session.trunk, &session.dialog).await;
        tokio::spawn(end_forks(Arc::clone(&session.trunk), pending, tag));
        Outcome::Answered(Box::new(session), unmatched)
    }

    /// Tells of an answer that is not taken.
    async fn refused(&mut self, channel: &mut CallChannel, response: &Response) {
        self.note_failure(response);
        channel.send(TrunkEvent::Rejected(Box::new(self.failure.clone()))).await;
    }

    /// The next INVITE. One that is too large for datagrams goes over a connection (RFC 3261 section
    /// 18.1.1); where the target takes none, its least important headers are left out.
    async fn request(&self, flow: &mut Flow, authentication: &Authentication<'_>) -> Request {
        let build = |flow: &Flow| {
            let mut request = self.invite.request(flow);
            authentication.authorize(&mut request);
            request
        };
        let mut request = build(flow);
        let bytes = wire_size(&request);
        if !flow.is_datagrams() || bytes <= MAX_DATAGRAM {
            return request;
        }
        if let Some(stream) = self.trunk.stream_instead(&flow.hop).await {
            *flow = stream;
            return build(flow);
        }
        let left_out = self.invite.shorten(&mut request, MAX_DATAGRAM).join(", ");
        let headers = &self.invite.ids.call_id;
        tracing::warn!(
            trunk = %self.trunk.config.id, sip_call_id = headers, bytes, left_out,
            "an INVITE is too large for a datagram, and the trunk takes no TCP: headers are left out",
        );
        request
    }

    /// The interval that a 422 asks for, if it is longer than that which was asked for.
    fn longer_interval(&self, response: &Response) -> Option<Duration> {
        let least = value(&response.headers, "Min-SE")?.split(';').next()?.trim().parse().ok();
        let least = least.map(Duration::from_secs)?;
        self.invite.interval.is_none_or(|asked| least > asked).then_some(least)
    }

    /// A target said nothing at all.
    fn unanswered(&self, flow: &Flow, bytes: usize) {
        let transport = flow.hop.transport.name().to_ascii_uppercase();
        self.target_failed(flow, format!("INVITE: no answer ({bytes} bytes, {transport})"));
    }

    fn target_failed(&self, flow: &Flow, error: String) {
        self.trunk.change(|status| status.failed(flow.hop.address, error));
    }

    /// Keeps what a final response says for the call's record.
    fn note_failure(&mut self, response: &Response) {
        let text = |name: &str| {
            let values = response.headers.iter().filter(|h| h.name().eq_ignore_ascii_case(name));
            let values: Vec<&str> = values.map(Header::value).collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        let (status, phrase) = (response.status_code.code(), reason_phrase(response));
        let (warning, reason) = (text("Warning"), text("Reason"));
        let SipFailure { trunk_id, call_id, .. } = &self.failure;
        self.failure = SipFailure::unanswered(*trunk_id, call_id).answered(
            status,
            phrase,
            warning.as_deref(),
            reason.as_deref(),
        );
    }

    /// A refusal that is about us rather than about the callee is the trunk's error.
    fn note_rejection(&self, response: &Response, unanswered: Option<&Unanswered>) {
        let status = response.status_code.code();
        if matches!(status, 401 | 403 | 407) {
            self.note_error(describe("INVITE", response, unanswered));
        }
    }

    /// What went wrong is the trunk's error, though its target answers.
    fn note_error(&self, error: String) {
        self.trunk.change(|status| status.last_error = Some(error));
    }
}

/// How one INVITE ended.
enum InviteEnd {
    Final(Response),
    Cancelled,
    /// It was never sent: that is not the target's fault.
    Unsent,
    /// Nothing came in its time.
    TimedOut,
    /// The connection broke.
    Lost,
}
