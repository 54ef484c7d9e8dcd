//! From the INVITE to its final response.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rsipstack::{
    sip::{Method, Request, Response, StatusCode, prelude::HeadersExt as _},
    transaction::transaction::Transaction,
};
use tokio::time::Instant;

use super::{
    cancel::{PendingInvite, bye, cancel_pending, end_forks},
    channel::CallChannel,
    invite::Invite,
    offers::{Offers, reject, success_headers},
    session::Session,
};
use crate::trunk::{
    ByeCause, FarFailure, TrunkCommand, TrunkEvent,
    dialog::{Dialog, RequestMatch, response_sdp, sdp, to_tag},
    digest,
    message_parts::{has_token, header, value},
    stack::{Flow, IncomingRequests},
    trunk::Trunk,
};

/// Early dialogs of one INVITE, at most; further forks are heard once they answer.
const MAX_EARLY: usize = 16;
/// Requests that may come before the answer of their dialog.
const MAX_UNMATCHED: usize = 4;
/// This branch of a fork is over (RFC 6228).
const TERMINATED: u16 = 199;
/// Times that one target is asked again as it wants it: with credentials, or a longer interval.
const MAX_REPEATS: usize = 4;

/// A call that is being set up.
pub(super) struct Setup {
    trunk: Arc<Trunk>,
    invite: Invite,
    incoming: IncomingRequests,
    early: HashMap<String, EarlyDialog>,
    offers: Offers,
    /// Our last answer, when that is not the offer of the INVITE any more.
    answered: Option<String>,
    is_ringing: bool,
    /// Requests of a dialog that we have not heard of yet: the acknowledgement of an answer goes
    /// out before the answer gets here, and what the far side asks next may come sooner.
    unmatched: Vec<Transaction>,
}

/// An early dialog (RFC 3261 section 12.1); with forks there are several.
struct EarlyDialog {
    dialog: Dialog,
    /// Its answer to our offer.
    sdp: Option<String>,
    /// The number of its last reliable response (RFC 3262 section 3).
    rseq: Option<u32>,
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
    pub(super) fn new(trunk: Arc<Trunk>, invite: Invite) -> Self {
        let incoming = trunk.stack.incoming_requests(&invite.ids.call_id);
        let (early, offers) = (HashMap::new(), Offers::default());
        let (answered, is_ringing, unmatched) = (None, false, Vec::new());
        Self { trunk, invite, incoming, early, offers, answered, is_ringing, unmatched }
    }

    /// Tries the trunk's targets in their order.
    pub(super) async fn run(mut self, channel: &mut CallChannel) -> Outcome {
        let Ok(hops) = self.trunk.hops().await else {
            return Outcome::Failed(FarFailure::Transport);
        };
        for (n, hop) in hops.iter().enumerate() {
            let flow = tokio::select! {
                flow = self.trunk.flow(hop) => flow,
                // Nothing was sent yet, so there is nothing to end.
                _ = channel.commands.recv() => return Outcome::Cancelled,
            };
            let attempt = match flow {
                Ok(flow) => self.attempt(channel, &flow, n + 1 == hops.len()).await,
                Err(error) => {
                    self.trunk.change(|status| status.failed(hop.address, error.to_string()));
                    Attempt::Next
                }
            };
            if !matches!(attempt, Attempt::Answered(_)) {
                for transaction in self.unmatched.drain(..) {
                    reject(transaction, 481, Vec::new());
                }
            }
            match attempt {
                Attempt::Next => {}
                Attempt::Failed(failure) => return Outcome::Failed(failure),
                Attempt::Cancelled => return Outcome::Cancelled,
                Attempt::Answered(answered) => {
                    let (response, pending) = *answered;
                    return self.answered(channel, response, pending).await;
                }
            }
        }
        Outcome::Failed(FarFailure::Transport)
    }

    /// Invites one target, as often as it wants that repeated.
    async fn attempt(&mut self, channel: &mut CallChannel, flow: &Flow, is_last: bool) -> Attempt {
        let mut authorization = None;
        for _ in 0..MAX_REPEATS {
            let mut request = self.invite.request(flow);
            request.headers.0.extend(authorization.clone());
            let mut pending = PendingInvite {
                responses: self.trunk.stack.send(request.clone(), flow),
                request,
                flow: flow.clone(),
                is_proceeding: false,
                user: self.invite.user.clone(),
            };
            let end = self.follow(channel, &mut pending, is_last).await;
            let response = match end {
                InviteEnd::Final(response) => response,
                InviteEnd::Cancelled => {
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    return Attempt::Cancelled;
                }
                InviteEnd::TimedOut => {
                    self.target_failed(flow, "no answer to INVITE");
                    tokio::spawn(cancel_pending(Arc::clone(&self.trunk), pending));
                    return Attempt::Next;
                }
            };
            let status = response.status_code.code();
            tracing::debug!(trunk = %self.trunk.config.id, status, "an INVITE's final response");
            match status {
                200..=299 => return Attempt::Answered(Box::new((response, pending))),
                // The stack says so of itself when nobody answers.
                408 if !pending.is_proceeding => {
                    self.target_failed(flow, "no answer to INVITE");
                    return Attempt::Next;
                }
                // RFC 3263 section 4.3: as if it were not there.
                503 => {
                    self.target_failed(flow, "INVITE: 503 Service Unavailable");
                    return if is_last {
                        Attempt::Failed(FarFailure::Unreachable)
                    } else {
                        Attempt::Next
                    };
                }
                401 | 407 => {
                    let credentials = self.trunk.config.credentials.as_ref();
                    authorization = credentials.and_then(|credentials| {
                        digest::answer(&response, &pending.request, credentials)
                    });
                    if authorization.is_none() {
                        self.note_rejection(&response);
                        return Attempt::Failed(FarFailure::Rejected);
                    }
                }
                422 => {
                    let least = value(&response.headers, "Min-SE")
                        .and_then(|text| text.split(';').next()?.trim().parse().ok())
                        .map(Duration::from_secs)
                        .filter(|least| self.invite.interval.is_none_or(|asked| *least > asked));
                    let Some(least) = least else {
                        return Attempt::Failed(FarFailure::Unreachable);
                    };
                    self.invite.interval = Some(least);
                    self.invite.min_interval = least;
                }
                _ => {
                    self.note_rejection(&response);
                    return Attempt::Failed(FarFailure::from_status(status));
                }
            }
            self.early.clear();
            self.answered = None;
        }
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
                    None => return InviteEnd::TimedOut,
                    Some(response) if response.status_code.code() < 200 => {
                        if !pending.is_proceeding {
                            pending.is_proceeding = true;
                            let target = pending.flow.hop.address;
                            self.trunk.change(|status| status.answered(target, None));
                        }
                        self.provisional(channel, pending, &response).await;
                    }
                    Some(response) => return InviteEnd::Final(*response),
                },
                command = channel.commands.recv() => match command {
                    Some(TrunkCommand::AnswerOffer { request, sdp }) => {
                        let contact = pending.flow.contact(&self.invite.user);
                        let t1 = self.trunk.stack.config.t1;
                        self.answered = Some(sdp.clone());
                        self.offers.answer(request, sdp, contact, t1).await;
                    }
                    Some(TrunkCommand::RejectOffer { request, status }) => {
                        self.offers.reject(request, status);
                    }
                    Some(TrunkCommand::Info { .. } | TrunkCommand::Invite { .. }) => {}
                    Some(TrunkCommand::Cancel | TrunkCommand::Bye { .. }) | None => {
                        self.offers.close();
                        return InviteEnd::Cancelled;
                    }
                },
                Some(transaction) = self.incoming.requests.recv() => {
                    self.early_request(channel, &pending.flow, *transaction).await;
                }
                () = pending.flow.closed.cancelled() => return InviteEnd::TimedOut,
                () = tokio::time::sleep_until(deadline), if !pending.is_proceeding => {
                    return InviteEnd::TimedOut;
                }
            }
        }
    }

    /// A far side works on the call: it rings, or plays something.
    async fn provisional(
        &mut self,
        channel: &mut CallChannel,
        pending: &PendingInvite,
        response: &Response,
    ) {
        let status = response.status_code.code();
        if status == 100 {
            return;
        }
        let Some(tag) = to_tag(response) else {
            return self.ringing(channel).await;
        };
        if !self.early.contains_key(&tag) {
            // Of a branch that we have not heard of, or that is over.
            if status == TERMINATED && !is_reliable(response) {
                return;
            }
            let dialog = Dialog::from_response(&pending.request, response, &self.invite.user);
            let Some(dialog) = dialog.filter(|_| self.early.len() < MAX_EARLY) else {
                return self.ringing(channel).await;
            };
            self.early.insert(tag.clone(), EarlyDialog { dialog, sdp: None, rseq: None });
        }
        let Some(early) = self.early.get_mut(&tag) else { return };
        if is_reliable(response)
            && let Some(rseq) = response.rseq_value()
        {
            // RFC 3262 section 4: in order, and each only once.
            if early.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
                return;
            }
            early.rseq = Some(rseq);
            prack(&self.trunk, pending, &early.dialog, rseq);
        }
        if status == TERMINATED {
            self.early.remove(&tag);
            return;
        }
        match response_sdp(response) {
            Some(sdp) if early.sdp.as_ref() != Some(&sdp) => {
                early.sdp = Some(sdp.clone());
                self.is_ringing = true;
                channel.send(TrunkEvent::EarlyMedia { sdp }).await;
            }
            _ => self.ringing(channel).await,
        }
    }

    async fn ringing(&mut self, channel: &mut CallChannel) {
        if !self.is_ringing {
            self.is_ringing = true;
            channel.send(TrunkEvent::Ringing).await;
        }
    }

    /// A far side that rings asks for something: it may change its early media (RFC 3311).
    async fn early_request(
        &mut self,
        channel: &mut CallChannel,
        flow: &Flow,
        mut transaction: Transaction,
    ) {
        let request = &transaction.original;
        let is_early = matches!(request.method, Method::Update | Method::Options | Method::Info);
        let early = self.early.values_mut().filter(|_| is_early);
        let early = early.into_iter().find_map(|early| match early.dialog.match_request(request) {
            RequestMatch::OtherDialog => None,
            matched => Some((matched, early)),
        });
        let Some((matched, early)) = early else {
            if self.unmatched.len() < MAX_UNMATCHED {
                self.unmatched.push(transaction);
            }
            return;
        };
        if matched == RequestMatch::OutOfOrder {
            return reject(transaction, 500, Vec::new());
        }
        match request.method {
            Method::Update => {
                early.dialog.refresh_target(&request.headers);
                let Some(sdp) = sdp(&request.headers, &request.body) else {
                    let headers = success_headers(flow.contact(&self.invite.user), None);
                    let _ = transaction.reply_with(StatusCode::OK, headers, None).await;
                    return;
                };
                if self.offers.is_busy() {
                    return reject(transaction, 500, vec![header("Retry-After", "1")]);
                }
                // From here on its answer to our first offer is history.
                early.sdp = Some(sdp.clone());
                let request = self.offers.open(transaction, None);
                channel.send(TrunkEvent::Offered { request, sdp: Some(sdp) }).await;
            }
            _ => {
                let _ = transaction.reply(StatusCode::OK).await;
            }
        }
    }

    /// The far side took the call. All other forks are ended.
    async fn answered(
        mut self,
        channel: &mut CallChannel,
        response: Response,
        pending: PendingInvite,
    ) -> Outcome {
        let dialog = Dialog::from_response(&pending.request, &response, &self.invite.user);
        let (Some(tag), Some(mut dialog)) = (to_tag(&response), dialog) else {
            return Outcome::Failed(FarFailure::Unreachable);
        };
        let target = pending.flow.hop.address;
        self.trunk.change(|status| status.answered(target, None));
        let flow = pending.flow.clone();
        let early = self.early.remove(&tag);
        if let Some(early) = &early {
            dialog.continue_from(&early.dialog);
        }
        tokio::spawn(end_forks(Arc::clone(&self.trunk), pending, tag));
        // RFC 3262 section 5: with the answer in a reliable response, the 2xx has none.
        let sdp = response_sdp(&response).or_else(|| early.and_then(|early| early.sdp));
        let Some(sdp) = sdp else {
            tracing::warn!(trunk = %self.trunk.config.id, "a call was answered without SDP");
            bye(&self.trunk, &dialog, &flow, ByeCause::INCOMPATIBLE).await;
            return Outcome::Failed(FarFailure::Rejected);
        };
        let call_id = self.invite.ids.call_id.clone();
        channel.send(TrunkEvent::Answered { sdp, call_id }).await;
        let unmatched = std::mem::take(&mut self.unmatched);
        let Self { trunk, invite, incoming, offers, answered, .. } = self;
        let sdp = answered.unwrap_or(invite.sdp);
        let session = Session::new(trunk, dialog, flow, incoming, offers, sdp, &response);
        Outcome::Answered(Box::new(session), unmatched)
    }

    fn target_failed(&self, flow: &Flow, error: &str) {
        self.trunk.change(|status| status.failed(flow.hop.address, error.to_owned()));
    }

    /// A refusal that is about us rather than about the callee is the trunk's error.
    fn note_rejection(&self, response: &Response) {
        let status = response.status_code.code();
        if matches!(status, 401 | 403 | 407) {
            let text = format!("INVITE: {status} {}", response.status_code.text());
            self.trunk.change(|status| status.last_error = Some(text));
        }
    }
}

/// How one INVITE ended.
enum InviteEnd {
    Final(Response),
    Cancelled,
    TimedOut,
}

/// Acknowledges a reliable provisional response (RFC 3262 section 4).
fn prack(trunk: &Arc<Trunk>, pending: &PendingInvite, dialog: &Dialog, rseq: u32) {
    let Some(cseq) = invite_cseq(&pending.request) else { return };
    let (trunk, dialog, flow) = (Arc::clone(trunk), dialog.clone(), pending.flow.clone());
    tokio::spawn(async move {
        let rack = vec![header("RAck", format!("{rseq} {cseq} INVITE"))];
        let answer =
            trunk.request_in_dialog(&dialog, &flow, Method::PRack, rack, String::new()).await;
        if let Err(error) = answer {
            tracing::debug!(trunk = %trunk.config.id, %error, "a PRACK was not answered");
        }
    });
}

/// Whether the far side wants to know that we have it (RFC 3262).
fn is_reliable(response: &Response) -> bool {
    has_token(&response.headers, "Require", "100rel")
}

fn invite_cseq(invite: &Request) -> Option<u32> {
    invite.cseq_header().ok()?.seq().ok()
}
