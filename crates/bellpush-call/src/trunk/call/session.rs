//! An answered call: requests of both sides until one of them ends it.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc, time::Duration};

use rsipstack::{
    sip::{Header, Method, Request, Response, StatusCode},
    transaction::transaction::Transaction,
};
use tokio::{sync::oneshot, time::Instant};

use super::{
    cancel::bye,
    channel::CallChannel,
    offers::{AckResult, Offers, reject, success_headers},
};
use crate::{
    Digit,
    trunk::{
        ByeCause, TrunkCommand, TrunkEvent,
        dialog::{Dialog, RequestMatch, response_sdp, sdp},
        message_parts::{ALLOW, bye_cause, has_token, header, info_digit, value},
        session_timer::{Due, Negotiated, SessionTimer},
        stack::{Flow, IncomingRequests, SendError},
        trunk::Trunk,
    },
};

/// How long to wait before a refresh is tried again that failed for no good reason.
const REFRESH_RETRY: Duration = Duration::from_secs(10);
/// Keys that may wait for the one before them.
const MAX_KEYS: usize = 64;

/// A session with a far side.
pub(super) struct Session {
    trunk: Arc<Trunk>,
    dialog: Dialog,
    flow: Flow,
    incoming: IncomingRequests,
    offers: Offers,
    /// Our last description, for refreshes by re-INVITE.
    local_sdp: String,
    timer: SessionTimer,
    /// Whether the far side takes UPDATE, which refreshes without an offer.
    takes_update: bool,
    refreshing: Option<Refreshing>,
    /// When a refresh that failed is tried again.
    retry_at: Option<Instant>,
    /// Whether the connection is closed: then a refresh over a new one tells the far side where
    /// we are.
    is_lost: bool,
    /// The key that is being pressed. They are sent one after the other: a PIN has an order.
    sending_key: Option<PendingResponse>,
    keys: VecDeque<Digit>,
}

struct Refreshing {
    method: Method,
    response: PendingResponse,
}

/// The final response to a request of ours, once it is there.
type PendingResponse = oneshot::Receiver<Result<(Response, Flow), SendError>>;

impl Session {
    pub(super) fn new(
        trunk: Arc<Trunk>,
        dialog: Dialog,
        flow: Flow,
        incoming: IncomingRequests,
        offers: Offers,
        local_sdp: String,
        answer: &Response,
    ) -> Self {
        let mut timer = SessionTimer::new(trunk.stack.config.min_session_interval);
        timer.on_response(Instant::now().into_std(), &answer.headers);
        let takes_update = has_token(&answer.headers, "Allow", "UPDATE");
        Self {
            trunk,
            dialog,
            flow,
            incoming,
            offers,
            local_sdp,
            timer,
            takes_update,
            refreshing: None,
            retry_at: None,
            is_lost: false,
            sending_key: None,
            keys: VecDeque::new(),
        }
    }

    /// Carries the session to its end. `unmatched` are the far side's requests that came before
    /// its answer.
    ///
    /// What seldom happens is in boxes of its own: a call's task has room for all that it may wait
    /// for, for the whole of the call.
    pub(super) async fn run(
        mut self: Box<Self>,
        mut channel: CallChannel,
        unmatched: Vec<Transaction>,
    ) {
        for transaction in unmatched {
            let handled = Box::pin(self.handle_request(&mut channel, transaction));
            if let ControlFlow::Break(cause) = handled.await {
                self.offers.close();
                return channel.send(TrunkEvent::HungUp { cause }).await;
            }
        }
        loop {
            let due = self.due();
            tokio::select! {
                command = channel.commands.recv() => match command {
                    Some(TrunkCommand::AnswerOffer { request, sdp }) => {
                        self.local_sdp.clone_from(&sdp);
                        let contact = self.dialog.contact(&self.flow);
                        let t1 = self.trunk.stack.config.t1;
                        Box::pin(self.offers.answer(request, sdp, contact, t1)).await;
                    }
                    Some(TrunkCommand::RejectOffer { request, status }) => {
                        self.offers.reject(request, status);
                    }
                    Some(TrunkCommand::Info { digit }) => {
                        if self.keys.len() < MAX_KEYS {
                            self.keys.push_back(digit);
                        }
                        self.send_next_key();
                    }
                    Some(TrunkCommand::Bye { cause }) => return Box::pin(self.hang_up(cause)).await,
                    // The call gave up before it learned that it was answered, or is gone.
                    Some(TrunkCommand::Cancel) | None => {
                        return Box::pin(self.hang_up(ByeCause::NORMAL)).await;
                    }
                    Some(TrunkCommand::Invite { .. }) => {}
                },
                Some(transaction) = self.incoming.requests.recv() => {
                    let handled = Box::pin(self.handle_request(&mut channel, *transaction));
                    if let ControlFlow::Break(cause) = handled.await {
                        self.offers.close();
                        return channel.send(TrunkEvent::HungUp { cause }).await;
                    }
                }
                ack = self.offers.acknowledged() => match ack {
                    AckResult::Received { sdp: Some(sdp) } => {
                        channel.send(TrunkEvent::OfferAnswered { sdp }).await;
                    }
                    AckResult::Received { sdp: None } => {}
                    AckResult::TimedOut => return Box::pin(self.expire(channel)).await,
                },
                answer = final_response(self.refreshing.as_mut().map(|ours| &mut ours.response)) => {
                    if !Box::pin(self.refreshed(&mut channel, answer)).await {
                        return Box::pin(self.expire(channel)).await;
                    }
                }
                _ = final_response(self.sending_key.as_mut()) => {
                    self.sending_key = None;
                    self.send_next_key();
                }
                () = self.flow.closed.cancelled(), if !self.is_lost => {
                    self.is_lost = true;
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

    /// What the session timer wants next; nothing while a refresh is under way.
    fn due(&self) -> Option<(Instant, Due)> {
        if self.refreshing.is_some() {
            return None;
        }
        let next = self.timer.next().map(|(at, due)| (Instant::from_std(at), due));
        match (self.retry_at, next) {
            (Some(retry), None | Some((_, Due::Refresh))) => Some((retry, Due::Refresh)),
            (Some(retry), Some((at, Due::Expire))) if retry < at => Some((retry, Due::Refresh)),
            _ => next,
        }
    }

    async fn hang_up(mut self: Box<Self>, cause: ByeCause) {
        self.offers.close();
        bye(&self.trunk, &self.dialog, &self.flow, cause).await;
    }

    /// The far side is gone without a BYE.
    async fn expire(mut self: Box<Self>, mut channel: CallChannel) {
        self.offers.close();
        channel.send(TrunkEvent::HungUp { cause: None }).await;
        bye(&self.trunk, &self.dialog, &self.flow, ByeCause::TIMER_EXPIRED).await;
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
        let method = request.method;
        if let Some(unknown) = unsupported(request) {
            reject(transaction, 420, vec![header("Unsupported", unknown)]);
            return ControlFlow::Continue(());
        }
        match method {
            Method::Bye => {
                let cause = bye_cause(&request.headers);
                let _ = transaction.reply(StatusCode::OK).await;
                return ControlFlow::Break(cause);
            }
            Method::Invite | Method::Update => self.handle_offer(channel, transaction).await,
            Method::Info => {
                let kind = value(&request.headers, "Content-Type").unwrap_or_default();
                let digit = info_digit(kind, &request.body);
                let is_known = digit.is_some() || request.body.is_empty();
                let status =
                    if is_known { StatusCode::OK } else { StatusCode::UnsupportedMediaType };
                let _ = transaction.reply(status).await;
                if let Some(digit) = digit {
                    channel.send(TrunkEvent::Digit(digit)).await;
                }
            }
            Method::Options => {
                let allow = vec![header("Allow", ALLOW)];
                let _ = transaction.reply_with(StatusCode::OK, allow, None).await;
            }
            // Nobody is transferred: only configured destinations can be called.
            Method::Refer => reject(transaction, 603, Vec::new()),
            _ => reject(transaction, 405, vec![header("Allow", ALLOW)]),
        }
        ControlFlow::Continue(())
    }

    /// Handles a re-INVITE or UPDATE: a change of the session, or a refresh.
    async fn handle_offer(&mut self, channel: &mut CallChannel, mut transaction: Transaction) {
        let request = &transaction.original;
        let is_invite = request.method == Method::Invite;
        let offer = sdp(&request.headers, &request.body);
        let has_offer = is_invite || offer.is_some();
        // RFC 3261 section 14.2, RFC 3311 section 5.2: one at a time, and who collides waits.
        let we_offer = self.refreshing.as_ref().is_some_and(|ours| ours.method == Method::Invite);
        if we_offer && has_offer {
            return reject(transaction, 491, Vec::new());
        }
        if self.offers.is_busy() && has_offer {
            let seconds = rand::random_range(0..=10_u8);
            return reject(transaction, 500, vec![header("Retry-After", seconds.to_string())]);
        }
        let expires = match self.timer.on_request(Instant::now().into_std(), &request.headers) {
            Negotiated::Accepted(expires) => expires,
            Negotiated::IntervalTooSmall => {
                let least = self.trunk.stack.config.min_session_interval.as_secs();
                return reject(transaction, 422, vec![header("Min-SE", least.to_string())]);
            }
        };
        if !self.is_lost {
            self.retry_at = None;
        }
        self.dialog.refresh_target(&request.headers);
        if has_offer {
            let request = self.offers.open(transaction, expires);
            return channel.send(TrunkEvent::Offered { request, sdp: offer }).await;
        }
        let headers = success_headers(self.dialog.contact(&self.flow), expires);
        let _ = transaction.reply_with(StatusCode::OK, headers, None).await;
    }

    /// Sends the far side the next key, once the one before is done.
    fn send_next_key(&mut self) {
        if self.sending_key.is_none()
            && let Some(digit) = self.keys.pop_front()
        {
            let body = format!("Signal={digit}\r\nDuration=160\r\n");
            let kind = header("Content-Type", "application/dtmf-relay");
            self.sending_key = Some(self.send_request(Method::Info, vec![kind], body));
        }
    }

    /// Refreshes the session (RFC 4028 section 7.4).
    fn refresh(&mut self) {
        let method = if self.takes_update { Method::Update } else { Method::Invite };
        // Two offers at once would collide.
        if method == Method::Invite && self.offers.is_busy() {
            self.retry_at = Some(Instant::now() + REFRESH_RETRY);
            return;
        }
        let mut more: Vec<Header> =
            self.timer.refresh().map(|expires| expires.header()).into_iter().collect();
        let mut body = String::new();
        if method == Method::Invite {
            more.push(header("Content-Type", "application/sdp"));
            body.clone_from(&self.local_sdp);
        }
        let response = self.send_request(method, more, body);
        self.refreshing = Some(Refreshing { method, response });
    }

    /// Sends a request in the dialog, beside whatever else happens.
    fn send_request(&self, method: Method, more: Vec<Header>, body: String) -> PendingResponse {
        let (done, response) = oneshot::channel();
        let (trunk, dialog, flow) =
            (Arc::clone(&self.trunk), self.dialog.clone(), self.flow.clone());
        tokio::spawn(async move {
            let _ = done.send(trunk.request_in_dialog(&dialog, &flow, method, more, body).await);
        });
        response
    }

    /// Handles the response to a refresh. Returns whether the session goes on.
    async fn refreshed(
        &mut self,
        channel: &mut CallChannel,
        answer: Result<(Response, Flow), SendError>,
    ) -> bool {
        self.refreshing = None;
        let now = Instant::now();
        let is_in_time = self.timer.expires_at().is_none_or(|at| now < Instant::from_std(at));
        let (response, flow) = match answer {
            Ok(answer) => answer,
            Err(SendError::Timeout) => return false,
            // A far side that restarts is there again in a while; its media may go on meanwhile.
            Err(SendError::Connect(_)) => {
                self.retry_at = Some(now + REFRESH_RETRY);
                return is_in_time;
            }
        };
        self.flow = flow;
        self.is_lost = false;
        match response.status_code.code() {
            200..=299 => {
                self.retry_at = None;
                self.timer.on_response(now.into_std(), &response.headers);
                self.dialog.refresh_target(&response.headers);
                // The answer to what we offered anew; the far side may have moved.
                if let Some(sdp) = response_sdp(&response) {
                    channel.send(TrunkEvent::OfferAnswered { sdp }).await;
                }
                return true;
            }
            // RFC 4028 section 7.4: the far side knows nothing of the session any more.
            408 | 481 => return false,
            422 => {
                let least = value(&response.headers, "Min-SE")
                    .and_then(|text| text.split(';').next()?.trim().parse().ok());
                let is_longer = self.timer.lengthen(Duration::from_secs(least.unwrap_or(0)));
                self.retry_at = Some(if is_longer { now } else { now + REFRESH_RETRY });
            }
            // RFC 3261 section 14.1: who made the Call-ID waits longer.
            491 => {
                let millis = rand::random_range(210..=400_u64) * 10;
                self.retry_at = Some(now + Duration::from_millis(millis));
            }
            405 | 501 if self.takes_update => {
                self.takes_update = false;
                self.retry_at = Some(now);
            }
            // Without a timer there is no need to.
            _ => self.retry_at = self.timer.expires_at().map(|_| now + REFRESH_RETRY),
        }
        // A session that could not be refreshed in its time is over.
        is_in_time
    }
}

/// The final response to a request that was sent; waits for ever when there is none.
async fn final_response(
    pending: Option<&mut PendingResponse>,
) -> Result<(Response, Flow), SendError> {
    match pending {
        Some(pending) => pending.await.unwrap_or(Err(SendError::Timeout)),
        None => std::future::pending().await,
    }
}

/// The extensions that a request needs and we don't have.
fn unsupported(request: &Request) -> Option<String> {
    let unknown: Vec<&str> = request
        .headers
        .iter()
        .filter(|header| matches!(header, Header::Require(_)))
        .flat_map(|header| header.value().split(','))
        .map(str::trim)
        .filter(|option| !option.is_empty() && !option.eq_ignore_ascii_case("timer"))
        .collect();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}
