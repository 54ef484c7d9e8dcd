//! From the INVITE to its final response.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rsipstack::{
    sip::{Method, Request, Response, StatusCode, prelude::HeadersExt as _},
    transaction::transaction::Transaction,
};
use tokio::time::Instant;

use super::{
    Ways,
    giving_up::{Underway, bye, end_forks, give_up},
    invite::Invite,
    offers::{Offers, refuse, success_headers},
    session::Session,
};
use crate::trunk::{
    ByeCause, FarFailure, FromTrunk, ToTrunk,
    dialog::{Dialog, Taken, response_sdp, sdp, to_tag},
    digest,
    message_parts::{has_token, header, value},
    stack::{CallEntry, Flow},
    trunk::Trunk,
};

/// Early dialogs of one INVITE, at most; further forks are heard once they answer.
const MAX_EARLY: usize = 16;
/// Requests that may be ahead of the answer.
const MAX_AHEAD: usize = 4;
/// This branch of a fork is over (RFC 6228).
const TERMINATED: u16 = 199;
/// Times that one target is asked again as it wants it: with credentials, or a longer interval.
const MAX_REPEATS: usize = 4;

/// A call that is being set up.
pub(super) struct Setup {
    trunk: Arc<Trunk>,
    invite: Invite,
    entry: CallEntry,
    early: HashMap<String, Early>,
    offers: Offers,
    /// What we said last, when that is not the offer of the INVITE any more.
    answered: Option<String>,
    rings: bool,
    /// Requests of a dialog that we have not heard of yet: the acknowledgement of an answer goes
    /// out before the answer gets here, and what the far side asks next may come sooner.
    ahead: Vec<Transaction>,
}

/// A far side that works on the call; with forks there are several.
struct Early {
    dialog: Dialog,
    /// Its answer to our offer.
    sdp: Option<String>,
    /// The number of its last reliable response (RFC 3262 section 3).
    rseq: Option<u32>,
}

/// How the setting up ended.
pub(super) enum Outcome {
    /// The session, and what the far side has asked of it already.
    Answered(Box<Session>, Vec<Transaction>),
    Failed(FarFailure),
    /// The call does not want it any more.
    GivenUp,
}

/// How it ended at one target.
enum Attempt {
    Answered(Box<(Response, Underway)>),
    Failed(FarFailure),
    GivenUp,
    /// The next target may do better.
    Next,
}

impl Setup {
    pub(super) fn new(trunk: Arc<Trunk>, invite: Invite) -> Self {
        let entry = trunk.stack.enter(&invite.ids.call_id);
        let (early, offers) = (HashMap::new(), Offers::default());
        let (answered, rings, ahead) = (None, false, Vec::new());
        Self { trunk, invite, entry, early, offers, answered, rings, ahead }
    }

    /// Tries the trunk's targets in their order.
    pub(super) async fn run(mut self, ways: &mut Ways) -> Outcome {
        let Ok(hops) = self.trunk.hops().await else {
            return Outcome::Failed(FarFailure::Transport);
        };
        for (n, hop) in hops.iter().enumerate() {
            let flow = tokio::select! {
                flow = self.trunk.flow(hop) => flow,
                // Nothing was sent yet, so there is nothing to end.
                _ = ways.commands.recv() => return Outcome::GivenUp,
            };
            let attempt = match flow {
                Ok(flow) => self.attempt(ways, &flow, n + 1 == hops.len()).await,
                Err(error) => {
                    self.trunk.change(|status| status.failed(hop.address, error.to_string()));
                    Attempt::Next
                }
            };
            if !matches!(attempt, Attempt::Answered(_)) {
                for transaction in self.ahead.drain(..) {
                    refuse(transaction, 481, Vec::new());
                }
            }
            match attempt {
                Attempt::Next => {}
                Attempt::Failed(failure) => return Outcome::Failed(failure),
                Attempt::GivenUp => return Outcome::GivenUp,
                Attempt::Answered(answered) => {
                    let (response, underway) = *answered;
                    return self.answered(ways, response, underway).await;
                }
            }
        }
        Outcome::Failed(FarFailure::Transport)
    }

    /// Invites one target, as often as it wants that repeated.
    async fn attempt(&mut self, ways: &mut Ways, flow: &Flow, is_last: bool) -> Attempt {
        let mut authorization = None;
        for _ in 0..MAX_REPEATS {
            let mut request = self.invite.request(flow);
            request.headers.0.extend(authorization.clone());
            let mut underway = Underway {
                responses: self.trunk.stack.send(request.clone(), flow),
                request,
                flow: flow.clone(),
                is_proceeding: false,
                user: self.invite.user.clone(),
            };
            let end = self.follow(ways, &mut underway, is_last).await;
            let response = match end {
                End::Final(response) => response,
                End::GivenUp => {
                    tokio::spawn(give_up(Arc::clone(&self.trunk), underway));
                    return Attempt::GivenUp;
                }
                End::Silent => {
                    self.silent(flow, "no answer to INVITE");
                    tokio::spawn(give_up(Arc::clone(&self.trunk), underway));
                    return Attempt::Next;
                }
            };
            let status = response.status_code.code();
            tracing::debug!(trunk = %self.trunk.config.id, status, "an INVITE's final response");
            match status {
                200..=299 => return Attempt::Answered(Box::new((response, underway))),
                // The stack says so of itself when nobody answers.
                408 if !underway.is_proceeding => {
                    self.silent(flow, "no answer to INVITE");
                    return Attempt::Next;
                }
                // RFC 3263 section 4.3: as if it were not there.
                503 => {
                    self.silent(flow, "INVITE: 503 Service Unavailable");
                    return if is_last {
                        Attempt::Failed(FarFailure::Unreachable)
                    } else {
                        Attempt::Next
                    };
                }
                401 | 407 => {
                    let credentials = self.trunk.config.credentials.as_ref();
                    authorization = credentials.and_then(|credentials| {
                        digest::answer(&response, &underway.request, credentials)
                    });
                    if authorization.is_none() {
                        self.refused(&response);
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
                    self.refused(&response);
                    return Attempt::Failed(FarFailure::from_status(status));
                }
            }
            self.early.clear();
            self.answered = None;
        }
        Attempt::Failed(FarFailure::Rejected)
    }

    /// Follows one INVITE until its final response.
    async fn follow(&mut self, ways: &mut Ways, underway: &mut Underway, is_last: bool) -> End {
        let patience = if is_last {
            // The stack gives up first.
            self.trunk.stack.transaction_timeout() * 2
        } else {
            self.trunk.stack.config.target_timeout
        };
        let silence = Instant::now() + patience;
        loop {
            tokio::select! {
                // Whatever came with the final response is for the session.
                biased;
                response = underway.responses.recv() => match response {
                    None => return End::Silent,
                    Some(response) if response.status_code.code() < 200 => {
                        if !underway.is_proceeding {
                            underway.is_proceeding = true;
                            let target = underway.flow.hop.address;
                            self.trunk.change(|status| status.answered(target, None));
                        }
                        self.provisional(ways, underway, &response).await;
                    }
                    Some(response) => return End::Final(*response),
                },
                command = ways.commands.recv() => match command {
                    Some(ToTrunk::AnswerOffer { request, sdp }) => {
                        let contact = underway.flow.contact(&self.invite.user);
                        let t1 = self.trunk.stack.config.t1;
                        self.answered = Some(sdp.clone());
                        self.offers.answer(request, sdp, contact, t1).await;
                    }
                    Some(ToTrunk::RefuseOffer { request, status }) => {
                        self.offers.refuse(request, status);
                    }
                    Some(ToTrunk::Info { .. } | ToTrunk::Invite { .. }) => {}
                    Some(ToTrunk::Cancel | ToTrunk::Bye { .. }) | None => {
                        self.offers.close();
                        return End::GivenUp;
                    }
                },
                Some(transaction) = self.entry.requests.recv() => {
                    self.early_request(ways, &underway.flow, *transaction).await;
                }
                () = underway.flow.closed.cancelled() => return End::Silent,
                () = tokio::time::sleep_until(silence), if !underway.is_proceeding => {
                    return End::Silent;
                }
            }
        }
    }

    /// A far side works on the call: it rings, or plays something.
    async fn provisional(&mut self, ways: &mut Ways, underway: &Underway, response: &Response) {
        let status = response.status_code.code();
        if status == 100 {
            return;
        }
        let Some(tag) = to_tag(response) else {
            return self.ring(ways).await;
        };
        if !self.early.contains_key(&tag) {
            // Of a branch that we have not heard of, or that is over.
            if status == TERMINATED && !is_reliable(response) {
                return;
            }
            let dialog = Dialog::from_response(&underway.request, response, &self.invite.user);
            let Some(dialog) = dialog.filter(|_| self.early.len() < MAX_EARLY) else {
                return self.ring(ways).await;
            };
            self.early.insert(tag.clone(), Early { dialog, sdp: None, rseq: None });
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
            prack(&self.trunk, underway, &early.dialog, rseq);
        }
        if status == TERMINATED {
            self.early.remove(&tag);
            return;
        }
        match response_sdp(response) {
            Some(sdp) if early.sdp.as_ref() != Some(&sdp) => {
                early.sdp = Some(sdp.clone());
                self.rings = true;
                ways.tell(FromTrunk::EarlyMedia { sdp }).await;
            }
            _ => self.ring(ways).await,
        }
    }

    async fn ring(&mut self, ways: &mut Ways) {
        if !self.rings {
            self.rings = true;
            ways.tell(FromTrunk::Ringing).await;
        }
    }

    /// A far side that rings asks for something: it may change its early media (RFC 3311).
    async fn early_request(&mut self, ways: &mut Ways, flow: &Flow, mut transaction: Transaction) {
        let request = &transaction.original;
        let is_early = matches!(request.method, Method::Update | Method::Options | Method::Info);
        let early = self.early.values_mut().filter(|_| is_early);
        let early = early.into_iter().find_map(|early| match early.dialog.take(request) {
            Taken::Foreign => None,
            taken => Some((taken, early)),
        });
        let Some((taken, early)) = early else {
            if self.ahead.len() < MAX_AHEAD {
                self.ahead.push(transaction);
            }
            return;
        };
        if taken == Taken::OutOfOrder {
            return refuse(transaction, 500, Vec::new());
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
                    return refuse(transaction, 500, vec![header("Retry-After", "1")]);
                }
                // From here on its answer to our first offer is history.
                early.sdp = Some(sdp.clone());
                let request = self.offers.open(transaction, None);
                ways.tell(FromTrunk::Offered { request, sdp: Some(sdp) }).await;
            }
            _ => {
                let _ = transaction.reply(StatusCode::OK).await;
            }
        }
    }

    /// The far side took the call. All other forks are ended.
    async fn answered(
        mut self,
        ways: &mut Ways,
        response: Response,
        underway: Underway,
    ) -> Outcome {
        let dialog = Dialog::from_response(&underway.request, &response, &self.invite.user);
        let (Some(tag), Some(mut dialog)) = (to_tag(&response), dialog) else {
            return Outcome::Failed(FarFailure::Unreachable);
        };
        let target = underway.flow.hop.address;
        self.trunk.change(|status| status.answered(target, None));
        let flow = underway.flow.clone();
        let early = self.early.remove(&tag);
        if let Some(early) = &early {
            dialog.go_on_from(&early.dialog);
        }
        tokio::spawn(end_forks(Arc::clone(&self.trunk), underway, tag));
        // RFC 3262 section 5: with the answer in a reliable response, the 2xx has none.
        let sdp = response_sdp(&response).or_else(|| early.and_then(|early| early.sdp));
        let Some(sdp) = sdp else {
            tracing::warn!(trunk = %self.trunk.config.id, "a call was answered without SDP");
            bye(&self.trunk, &dialog, &flow, ByeCause::INCOMPATIBLE).await;
            return Outcome::Failed(FarFailure::Rejected);
        };
        let call_id = self.invite.ids.call_id.clone();
        ways.tell(FromTrunk::Answered { sdp, call_id }).await;
        let ahead = std::mem::take(&mut self.ahead);
        let Self { trunk, invite, entry, offers, answered, .. } = self;
        let sdp = answered.unwrap_or(invite.sdp);
        let session = Session::new(trunk, dialog, flow, entry, offers, sdp, &response);
        Outcome::Answered(Box::new(session), ahead)
    }

    fn silent(&self, flow: &Flow, error: &str) {
        self.trunk.change(|status| status.failed(flow.hop.address, error.to_owned()));
    }

    /// A refusal that is about us rather than about the callee is the trunk's error.
    fn refused(&self, response: &Response) {
        let status = response.status_code.code();
        if matches!(status, 401 | 403 | 407) {
            let text = format!("INVITE: {status} {}", response.status_code.text());
            self.trunk.change(|status| status.last_error = Some(text));
        }
    }
}

/// How one INVITE ended.
enum End {
    Final(Response),
    GivenUp,
    Silent,
}

/// Acknowledges a reliable provisional response (RFC 3262 section 4).
fn prack(trunk: &Arc<Trunk>, underway: &Underway, dialog: &Dialog, rseq: u32) {
    let Some(cseq) = invite_cseq(&underway.request) else { return };
    let (trunk, dialog, flow) = (Arc::clone(trunk), dialog.clone(), underway.flow.clone());
    tokio::spawn(async move {
        let rack = vec![header("RAck", format!("{rseq} {cseq} INVITE"))];
        let answer = trunk.ask(&dialog, &flow, Method::PRack, rack, String::new()).await;
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
