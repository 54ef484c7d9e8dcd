//! An answered call: requests of both sides until one of them ends it.

use std::{collections::VecDeque, net::SocketAddr, ops::ControlFlow, sync::Arc, time::Duration};

use rsipstack::{
    sip::{Header, Method, Response, StatusCode},
    transaction::transaction::Transaction,
};
use tokio::{sync::oneshot, time::Instant};

use super::{
    channel::CallChannel,
    kept::KeptDialog,
    offers::{AckResult, Answered, Offers, reject, success_headers},
    refusals::{digit, refusal},
};
use crate::{
    Digit,
    trunk::{
        ByeCause, MAX_KEYS, TrunkCommand, TrunkEvent,
        acks::Acks,
        body::{self, Body},
        dialog::{Dialog, RequestMatch},
        flow::Flow,
        incoming::{IncomingRequests, source_of},
        message_parts::{ALLOW, bye_cause, has_token, header},
        notice::ConnectedParty,
        session_timer::{Due, Negotiated, SessionExpires, SessionTimer},
        stack::{Exchange, SendError},
        trunk::Trunk,
    },
};

/// A session with a far side.
pub(super) struct Session {
    pub(super) trunk: Arc<Trunk>,
    pub(super) dialog: Dialog,
    pub(super) flow: Flow,
    pub(super) incoming: IncomingRequests,
    pub(super) offers: Offers,
    /// An offer of the far side that came together with what ends the one before: the ACK of our
    /// answer, or the response to our own offer. It is handled after that.
    pub(super) deferred: Option<Box<Transaction>>,
    pub(super) timer: SessionTimer,
    /// Whether the far side takes UPDATE, which refreshes without an offer.
    pub(super) takes_update: bool,
    pub(super) refreshing: Option<Refreshing>,
    /// When a refresh that failed is tried again.
    pub(super) retry_at: Option<Instant>,
    /// Until when the far side has to take the session anew, of one that was another process's.
    pub(super) renew_by: Option<Instant>,
    /// Whether the connection was seen to be closed.
    pub(super) is_lost: bool,
    /// Whether the far side does not know where we are since: a refresh over a new connection tells it.
    pub(super) is_astray: bool,
    /// What is kept of the dialog, if it is.
    pub(super) kept: Option<Box<KeptDialog>>,
    party: ConnectedParty,
    /// The key that is being pressed. They are sent one after the other: a PIN has an order.
    sending_key: Option<PendingResponse>,
    keys: VecDeque<Digit>,
}

/// A refresh without a final response.
pub(super) struct Refreshing {
    pub(super) method: Method,
    pub(super) response: PendingResponse,
    /// The final responses that had come before it was sent.
    pub(super) finals: u32,
}

/// The final response to a request of ours.
pub(super) struct Answer {
    pub(super) response: Response,
    /// The flow that the request took.
    pub(super) flow: Flow,
    /// Where the response came from, when that was a datagram.
    pub(super) source: Option<SocketAddr>,
}

/// The final response to a request of ours, once it is there.
pub(super) type PendingResponse = oneshot::Receiver<Result<Answer, SendError>>;

impl Session {
    pub(super) fn new(
        trunk: Arc<Trunk>,
        dialog: Dialog,
        flow: Flow,
        incoming: IncomingRequests,
        offers: Offers,
        min_interval: Duration,
        answer: &Response,
    ) -> Self {
        let mut session = Self::idle(trunk, dialog, flow, incoming, offers);
        session.timer.require(min_interval);
        session.timer.on_response(Instant::now().into_std(), &answer.headers);
        session.takes_update = has_token(&answer.headers, "Allow", "UPDATE");
        session.party = ConnectedParty::of(&answer.headers);
        session
    }

    /// One that was another process's until now. What its far side has said is not known any more.
    pub(super) fn taken_over(
        trunk: Arc<Trunk>,
        dialog: Dialog,
        flow: Flow,
        incoming: IncomingRequests,
        offers: Offers,
        renew_by: Instant,
    ) -> Self {
        Self { renew_by: Some(renew_by), ..Self::idle(trunk, dialog, flow, incoming, offers) }
    }

    fn idle(
        trunk: Arc<Trunk>,
        dialog: Dialog,
        flow: Flow,
        incoming: IncomingRequests,
        offers: Offers,
    ) -> Self {
        let timer = SessionTimer::new(trunk.stack.config.min_session_interval);
        Self {
            trunk,
            dialog,
            flow,
            incoming,
            offers,
            deferred: None,
            timer,
            takes_update: false,
            refreshing: None,
            retry_at: None,
            renew_by: None,
            is_lost: false,
            is_astray: false,
            kept: None,
            party: ConnectedParty::default(),
            sending_key: None,
            keys: VecDeque::new(),
        }
    }

    /// Carries the session to its end. `unmatched` are the far side's requests that came before
    /// its answer. Returns whether the dialog is over: it goes on when another process has its call.
    ///
    /// What seldom happens is in boxes of its own: a call's task has room for all that it may wait
    /// for, for the whole of the call.
    pub(super) async fn run(
        mut self: Box<Self>,
        mut channel: CallChannel,
        unmatched: Vec<Transaction>,
    ) -> bool {
        for transaction in unmatched {
            let handled = Box::pin(self.handle_request(&mut channel, transaction));
            if let ControlFlow::Break(cause) = handled.await {
                return self.hung_up(channel, cause).await;
            }
        }
        loop {
            self.keep();
            let due = self.due();
            tokio::select! {
                command = channel.commands.recv() => match command {
                    Some(TrunkCommand::AnswerOffer { request, sdp }) => {
                        let contact = self.dialog.contact(&self.flow);
                        let t1 = self.trunk.stack.config.t1;
                        let answered = Box::pin(self.offers.answer(request, sdp, contact, t1)).await;
                        if let Some(answered) = answered {
                            self.agreed(answered);
                        }
                    }
                    Some(TrunkCommand::RejectOffer { request, status }) => {
                        self.offers.reject(request, status);
                    }
                    Some(TrunkCommand::Info { digit }) => self.press(digit),
                    Some(TrunkCommand::Bye { cause }) => return Box::pin(self.hang_up(cause)).await,
                    // The call gave up before it learned that it was answered, or is gone.
                    Some(TrunkCommand::Cancel) | None => {
                        return Box::pin(self.hang_up(ByeCause::NORMAL)).await;
                    }
                    Some(TrunkCommand::Release) => return Box::pin(self.let_go()).await,
                    Some(TrunkCommand::Invite { .. }) => {}
                },
                Some(transaction) = self.incoming.requests.recv() => {
                    let handled = Box::pin(self.handle_request(&mut channel, *transaction));
                    if let ControlFlow::Break(cause) = handled.await {
                        return self.hung_up(channel, cause).await;
                    }
                }
                ack = self.offers.acknowledged() => {
                    let AckResult::Received { sdp } = ack else {
                        return Box::pin(self.expire(channel)).await;
                    };
                    if let Some(sdp) = sdp {
                        channel.send(TrunkEvent::OfferAnswered { sdp }).await;
                    }
                    Box::pin(self.resume(&mut channel)).await;
                }
                answer = final_response(self.refreshing.as_mut().map(|ours| &mut ours.response)) => {
                    if !Box::pin(self.refreshed(&mut channel, answer)).await {
                        return Box::pin(self.expire(channel)).await;
                    }
                    self.send_next_key();
                    Box::pin(self.resume(&mut channel)).await;
                }
                answer = final_response(self.sending_key.as_mut()) => {
                    self.sending_key = None;
                    // RFC 5057 section 5.1: the far side knows nothing of the session any more. Another
                    // refusal, or none, is about the key alone.
                    if answer.is_ok_and(|answer| answer.response.status_code.code() == 481) {
                        return Box::pin(self.expire(channel)).await;
                    }
                    self.send_next_key();
                }
                () = self.flow.closed.cancelled(), if !self.is_lost => {
                    self.is_lost = true;
                    self.is_astray = true;
                    self.retry_at = Some(Instant::now());
                }
                () = tokio::time::sleep_until(due.map_or_else(Instant::now, |(at, _)| at)),
                    if due.is_some() =>
                {
                    match due {
                        Some((_, Due::Refresh)) => self.refresh(),
                        _ => return Box::pin(self.expire(channel)).await,
                    }
                }
            }
        }
    }

    /// Handles the offer that waited.
    async fn resume(&mut self, channel: &mut CallChannel) {
        if let Some(deferred) = self.deferred.take() {
            self.handle_offer(channel, *deferred).await;
        }
    }

    /// Handles a request of the far side. Breaks when it ends the call.
    async fn handle_request(
        &mut self,
        channel: &mut CallChannel,
        mut transaction: Transaction,
    ) -> ControlFlow<Option<ByeCause>> {
        match self.dialog.match_request(&transaction.original) {
            RequestMatch::InOrder => {}
            RequestMatch::OutOfOrder => {
                reject(transaction, 500, Vec::new());
                return ControlFlow::Continue(());
            }
            RequestMatch::OtherDialog => {
                reject(transaction, 481, Vec::new());
                return ControlFlow::Continue(());
            }
        }
        let request = &transaction.original;
        if let Some((status, headers)) = refusal(request) {
            reject(transaction, status, headers);
            return ControlFlow::Continue(());
        }
        match request.method {
            Method::Bye => {
                let cause = bye_cause(&request.headers);
                let _ = transaction.reply(StatusCode::OK).await;
                return ControlFlow::Break(cause);
            }
            Method::Invite | Method::Update => self.handle_offer(channel, transaction).await,
            Method::Info => {
                let digit = digit(request);
                let _ = transaction.reply(StatusCode::OK).await;
                if let Some(digit) = digit {
                    channel.send(TrunkEvent::Digit(digit)).await;
                }
            }
            _ => {
                let allow = vec![header("Allow", ALLOW)];
                let _ = transaction.reply_with(StatusCode::OK, allow, None).await;
            }
        }
        ControlFlow::Continue(())
    }

    /// Handles a re-INVITE or UPDATE: a change of the session, or a refresh.
    async fn handle_offer(&mut self, channel: &mut CallChannel, mut transaction: Transaction) {
        let request = &transaction.original;
        let is_invite = request.method == Method::Invite;
        let offer = match Body::of(&request.headers, &request.body) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None => None,
            Body::Unsupported => {
                return reject(transaction, 415, body::accepted(body::DESCRIPTIONS));
            }
        };
        let has_offer = is_invite || offer.is_some();
        if has_offer && self.must_wait() && self.deferred.is_none() {
            if is_invite {
                let _ = transaction.send_trying().await;
            }
            self.deferred = Some(Box::new(transaction));
            return;
        }
        // RFC 3261 section 14.2, RFC 3311 section 5.2: one at a time, and who collides waits.
        let we_offer = self.refreshing.as_ref().is_some_and(|ours| ours.method == Method::Invite);
        if we_offer && has_offer {
            return reject(transaction, 491, Vec::new());
        }
        if self.offers.is_busy() && has_offer {
            let seconds = rand::random_range(0..=10_u8);
            return reject(transaction, 500, vec![header("Retry-After", seconds.to_string())]);
        }
        let expires = match self.timer.negotiate(&request.headers) {
            Negotiated::Accepted(expires) => expires,
            Negotiated::IntervalTooSmall => {
                let least = self.trunk.stack.config.min_session_interval.as_secs();
                return reject(transaction, 422, vec![header("Min-SE", least.to_string())]);
            }
        };
        self.dialog.refresh_target(&request.headers, source_of(request));
        if let Some(notice) = self.party.changed(&request.headers) {
            channel.send(TrunkEvent::Notice(notice)).await;
        }
        if has_offer {
            let request = self.offers.open(transaction, expires);
            return channel.send(TrunkEvent::Offered { request, sdp: offer }).await;
        }
        self.refreshed_there(expires);
        let headers = success_headers(self.dialog.contact(&self.flow), expires);
        let _ = transaction.reply_with(StatusCode::OK, headers, None).await;
    }

    /// The far side has offered the session anew, and has our answer: then it is ours, too.
    fn agreed(&mut self, Answered { expires, takes_update }: Answered) {
        if self.renew_by.take().is_some() {
            self.takes_update = takes_update;
        }
        self.refreshed_there(expires);
        self.send_next_key();
    }

    /// The far side has refreshed the session. We need not, unless there is something to tell.
    fn refreshed_there(&mut self, expires: Option<SessionExpires>) {
        self.timer.agree(Instant::now().into_std(), expires);
        if !self.is_astray && self.renew_by.is_none() {
            self.retry_at = None;
        }
    }

    /// Whether what ends the exchange of offers before has come, or is about to, but has not been
    /// handled: a far side that offers again has the response to its own offer, and has sent the
    /// ACK of that before.
    fn must_wait(&self) -> bool {
        let is_answered = |ours: &Refreshing| {
            ours.method == Method::Invite && self.incoming.finals() != ours.finals
        };
        self.offers.is_awaiting_ack() || self.refreshing.as_ref().is_some_and(is_answered)
    }

    /// Presses a key, after those that wait.
    pub(super) fn press(&mut self, digit: Digit) {
        if self.keys.len() < MAX_KEYS {
            self.keys.push_back(digit);
        }
        self.send_next_key();
    }

    /// Sends the far side the next key, once the one before is done, and the session is ours.
    fn send_next_key(&mut self) {
        if self.sending_key.is_none()
            && self.renew_by.is_none()
            && let Some(digit) = self.keys.pop_front()
        {
            let body = format!("Signal={digit}\r\nDuration=160\r\n");
            let kind = header("Content-Type", "application/dtmf-relay");
            self.sending_key = Some(self.send_request(Method::Info, vec![kind], body));
        }
    }

    /// Sends a request in the dialog, beside whatever else happens.
    pub(super) fn send_request(
        &self,
        method: Method,
        more: Vec<Header>,
        body: String,
    ) -> PendingResponse {
        let (done, response) = oneshot::channel();
        let (trunk, dialog, flow) =
            (Arc::clone(&self.trunk), self.dialog.clone(), self.flow.clone());
        tokio::spawn(async move {
            let mut dialog = dialog;
            let answer = trunk.request_in_dialog(&dialog, &flow, method, more, body).await;
            let (Exchange { request, response, mut responses }, flow) = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    let _ = done.send(Err(error));
                    return;
                }
            };
            let source = responses.heard.source().filter(|_| flow.is_datagrams());
            if method != Method::Invite || !(200..300).contains(&response.status_code.code()) {
                let _ = done.send(Ok(Answer { response, flow, source }));
                return;
            }
            dialog.refresh_target(&response.headers, source);
            let mut acks = Acks::default();
            acks.acknowledge(&trunk, &dialog, &request, &flow).await;
            let _ = done.send(Ok(Answer { response, flow: flow.clone(), source }));
            while responses.recv().await.is_some() {
                acks.acknowledge(&trunk, &dialog, &request, &flow).await;
            }
        });
        response
    }
}

/// The final response to a request that was sent; waits for ever when there is none.
async fn final_response(pending: Option<&mut PendingResponse>) -> Result<Answer, SendError> {
    match pending {
        Some(pending) => pending.await.unwrap_or(Err(SendError::Timeout)),
        None => std::future::pending().await,
    }
}
