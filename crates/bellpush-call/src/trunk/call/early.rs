//! Early dialogs: what far sides that ring say, and ask for.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rsipstack::{
    sip::{Method, Request, Response, StatusCode, prelude::HeadersExt as _},
    transaction::transaction::Transaction,
};

use super::{
    cancel::PendingInvite,
    channel::CallChannel,
    offers::{Offers, reject, success_headers},
    refusals::refusal,
};
use crate::trunk::{
    OfferId, TrunkEvent,
    body::{self, Body, response_sdp},
    dialog::{Dialog, RequestMatch, to_tag},
    incoming::source_of,
    message_parts::header,
    notice::reliable_number,
    trunk::Trunk,
};

/// Early dialogs of one INVITE, at most; further forks are heard once they answer.
const MAX_EARLY: usize = 16;
/// Requests that may come before the answer of their dialog.
const MAX_UNMATCHED: usize = 4;
/// This branch of a fork is over (RFC 6228).
const TERMINATED: u16 = 199;

/// The early dialogs (RFC 3261 section 12.1) of one call; with forks there are several.
pub(super) struct EarlyDialogs {
    dialogs: HashMap<String, EarlyDialog>,
    /// What the INVITE offers, and the numbers of what is offered in return.
    offers: Offers,
    is_ringing: bool,
    /// Requests of a dialog that we have not heard of yet: the acknowledgement of an answer goes
    /// out before the answer gets here, and what the far side asks next may come sooner.
    unmatched: Vec<Transaction>,
}

/// One of them.
pub(super) struct EarlyDialog {
    pub(super) dialog: Dialog,
    /// Its answer to our offer.
    pub(super) sdp: Option<String>,
    /// What is offered and answered in it (RFC 3261 section 13.2.2.4): the others know nothing of that.
    pub(super) offers: Offers,
    /// The number of its last reliable response (RFC 3262 section 3).
    rseq: Option<u32>,
}

impl EarlyDialogs {
    /// None yet, of an INVITE with this offer.
    pub(super) fn new(offer: &str) -> Self {
        Self {
            dialogs: HashMap::new(),
            offers: Offers::new(offer.to_owned()),
            is_ringing: false,
            unmatched: Vec::new(),
        }
    }

    /// The early dialog that a final response confirms.
    pub(super) fn remove(&mut self, tag: &str) -> Option<EarlyDialog> {
        self.dialogs.remove(tag)
    }

    /// The offers of a dialog that begins now.
    pub(super) fn new_offers(&self) -> Offers {
        self.offers.of_another_dialog()
    }

    /// Forgets all: the INVITE is over, or sent again. What is still to be answered is refused.
    pub(super) fn clear(&mut self) {
        for (_, mut early) in self.dialogs.drain() {
            early.offers.close();
        }
    }

    /// Answers an open offer.
    pub(super) async fn answer(&mut self, id: OfferId, sdp: String, contact: String, t1: Duration) {
        if let Some(early) = self.dialogs.values_mut().find(|early| early.offers.is_open(id)) {
            early.offers.answer(id, sdp, contact, t1).await;
        }
    }

    /// Rejects an open offer.
    pub(super) fn reject(&mut self, id: OfferId, status: u16) {
        for early in self.dialogs.values_mut() {
            early.offers.reject(id, status);
        }
    }

    /// The requests that came before the answer of their dialog.
    pub(super) fn take_unmatched(&mut self) -> Vec<Transaction> {
        std::mem::take(&mut self.unmatched)
    }

    /// A far side works on the call: it rings, or plays something.
    pub(super) async fn provisional(
        &mut self,
        trunk: &Arc<Trunk>,
        channel: &mut CallChannel,
        pending: &PendingInvite,
        response: &Response,
    ) {
        let status = response.status_code.code();
        if status == 100 {
            return;
        }
        // As of an answer: a far side that gives itself no tag has the null one.
        let tag = to_tag(response).unwrap_or_default();
        if !self.dialogs.contains_key(&tag) {
            // Of a branch that we have not heard of, or that is over.
            if status == TERMINATED && reliable_number(response).is_none() {
                return;
            }
            let dialog = pending.dialog(response);
            let Some(dialog) = dialog.filter(|_| self.dialogs.len() < MAX_EARLY) else {
                return self.ringing(channel).await;
            };
            let offers = self.new_offers();
            self.dialogs.insert(tag.clone(), EarlyDialog { dialog, sdp: None, offers, rseq: None });
        }
        let Some(early) = self.dialogs.get_mut(&tag) else { return };
        if let Some(rseq) = reliable_number(response) {
            // RFC 3262 section 4: in order, and each only once.
            if early.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
                return;
            }
            early.rseq = Some(rseq);
            prack(trunk, pending, &early.dialog, rseq);
        }
        if status == TERMINATED {
            if let Some(mut early) = self.dialogs.remove(&tag) {
                early.offers.close();
            }
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
    pub(super) async fn request(
        &mut self,
        channel: &mut CallChannel,
        contact: String,
        mut transaction: Transaction,
    ) {
        let request = &transaction.original;
        // The far side may not send one before its answer (RFC 3261 section 15): it has overtaken that.
        let is_late = request.method == Method::Bye;
        let early = self.dialogs.values_mut().filter(|_| !is_late);
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
        if let Some((status, headers)) = refusal(request) {
            return reject(transaction, status, headers);
        }
        match request.method {
            // Ours is under way (RFC 3261 section 14.2).
            Method::Invite => reject(transaction, 491, Vec::new()),
            Method::Update => {
                early.dialog.refresh_target(&request.headers, source_of(request));
                let sdp = match Body::of(&request.headers, &request.body) {
                    Body::Sdp(sdp) => sdp,
                    Body::Unsupported => {
                        return reject(transaction, 415, body::accepted(body::DESCRIPTIONS));
                    }
                    Body::None => {
                        let headers = success_headers(contact, None);
                        let _ = transaction.reply_with(StatusCode::OK, headers, None).await;
                        return;
                    }
                };
                // RFC 3311 section 5.2: ours, of the INVITE, comes first.
                if early.sdp.is_none() {
                    return reject(transaction, 491, Vec::new());
                }
                if early.offers.is_busy() {
                    return reject(transaction, 500, vec![header("Retry-After", "1")]);
                }
                // From here on its answer to our first offer is history.
                early.sdp = Some(sdp.clone());
                let request = early.offers.open(transaction, None);
                channel.send(TrunkEvent::Offered { request, sdp: Some(sdp) }).await;
            }
            // A key that is pressed while it rings is for nobody.
            _ => {
                let _ = transaction.reply(StatusCode::OK).await;
            }
        }
    }
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

fn invite_cseq(invite: &Request) -> Option<u32> {
    invite.cseq_header().ok()?.seq().ok()
}
