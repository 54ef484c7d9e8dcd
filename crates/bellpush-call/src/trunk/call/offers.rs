//! Offers of the far side that wait for the call's answer, and answers that wait for the far
//! side's acknowledgement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rsipstack::{
    sip::{Header, Method, SipMessage, StatusCode},
    transaction::transaction::Transaction,
};
use tokio::{sync::oneshot, time::Instant};

use crate::trunk::{
    OfferId,
    body::sdp,
    message_parts::{ALLOW, SUPPORTED, has_token, header},
    session_timer::{Refresher, SessionExpires},
};

/// The longest pause between two repetitions of an answer (RFC 3261's T2).
const T2: Duration = Duration::from_secs(4);

/// The one offer that may be open at a time.
pub(super) struct Offers {
    /// Our last description of the session: an offer or an answer.
    pub(super) local_sdp: String,
    /// The number of the next one, of all dialogs of the call.
    next: Arc<AtomicU32>,
    /// In a box: calls have one seldom, and its transaction takes almost a kilobyte.
    pending: Option<Box<Pending>>,
    awaiting_ack: Option<oneshot::Receiver<AckResult>>,
}

struct Pending {
    id: OfferId,
    transaction: Transaction,
    expires: Option<SessionExpires>,
}

/// What is agreed by the 2xx to an offer, beside media.
pub(super) struct Answered {
    /// The session's interval.
    pub(super) expires: Option<SessionExpires>,
    /// Whether the far side says that it takes UPDATE.
    pub(super) takes_update: bool,
}

/// Whether our 2xx to a re-INVITE was acknowledged.
pub(super) enum AckResult {
    /// The ACK came. `sdp` is its answer, when it had asked for our offer.
    Received { sdp: Option<String> },
    /// It never came: the session is broken (RFC 3261 section 14.2).
    TimedOut,
}

impl Offers {
    /// With the offer of our INVITE.
    pub(super) fn new(local_sdp: String) -> Self {
        Self { local_sdp, next: Arc::default(), pending: None, awaiting_ack: None }
    }

    /// Those of another dialog of the same call, which begins with the same offer.
    pub(super) fn of_another_dialog(&self) -> Self {
        Self { next: Arc::clone(&self.next), ..Self::new(self.local_sdp.clone()) }
    }

    /// Whether this one waits for its answer.
    pub(super) fn is_open(&self, id: OfferId) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.id == id)
    }

    /// Whether another offer has to wait.
    pub(super) fn is_busy(&self) -> bool {
        self.pending.is_some() || self.awaiting_ack.is_some()
    }

    /// Whether our answer is not acknowledged yet.
    pub(super) fn is_awaiting_ack(&self) -> bool {
        self.awaiting_ack.is_some()
    }

    /// Keeps a request until the call answers it.
    pub(super) fn open(
        &mut self,
        transaction: Transaction,
        expires: Option<SessionExpires>,
    ) -> OfferId {
        let id = OfferId(self.next.fetch_add(1, Ordering::Relaxed));
        self.pending = Some(Box::new(Pending { id, transaction, expires }));
        id
    }

    /// Answers an open offer; an answer to one that is gone is of no use.
    pub(super) async fn answer(
        &mut self,
        id: OfferId,
        sdp: String,
        contact: String,
        t1: Duration,
    ) -> Option<Answered> {
        let pending = self.pending.take_if(|pending| pending.id == id)?;
        let Pending { mut transaction, expires, .. } = *pending;
        self.local_sdp.clone_from(&sdp);
        let headers = success_headers(contact, expires);
        let takes_update = has_token(&transaction.original.headers, "Allow", "UPDATE");
        if transaction.original.method == Method::Invite {
            let (done, awaiting_ack) = oneshot::channel();
            self.awaiting_ack = Some(awaiting_ack);
            tokio::spawn(async move {
                let _ = done.send(respond_until_ack(transaction, headers, sdp, t1).await);
            });
        } else {
            let mut headers = headers;
            headers.push(header("Content-Type", "application/sdp"));
            let sdp = Some(sdp.into_bytes());
            let _ = transaction.reply_with(StatusCode::OK, headers, sdp).await;
        }
        Some(Answered { expires, takes_update })
    }

    /// Rejects an open offer.
    pub(super) fn reject(&mut self, id: OfferId, status: u16) {
        if let Some(pending) = self.pending.take_if(|pending| pending.id == id) {
            reject(pending.transaction, status, Vec::new());
        }
    }

    /// Rejects what is open: the call ends (RFC 3261 section 15.1.2).
    pub(super) fn close(&mut self) {
        if let Some(pending) = self.pending.take() {
            reject(pending.transaction, 487, Vec::new());
        }
    }

    /// What became of the last answer; waits for ever when none is under way.
    pub(super) async fn acknowledged(&mut self) -> AckResult {
        let Some(awaiting_ack) = &mut self.awaiting_ack else {
            return std::future::pending().await;
        };
        let result = awaiting_ack.await.unwrap_or(AckResult::TimedOut);
        self.awaiting_ack = None;
        result
    }
}

/// What a 2xx to an offer says beside the SDP.
pub(super) fn success_headers(contact: String, expires: Option<SessionExpires>) -> Vec<Header> {
    let mut headers = vec![
        Header::Contact(contact.into()),
        header("Allow", ALLOW),
        header("Supported", SUPPORTED),
    ];
    if let Some(expires) = expires {
        headers.push(expires.header());
        // RFC 4028 section 9: of who is to refresh it.
        if expires.refresher == Some(Refresher::Uac) {
            headers.push(header("Require", "timer"));
        }
    }
    headers
}

/// Answers a request for good; a re-INVITE's rejection is repeated until it is acknowledged.
pub(super) fn reject(mut transaction: Transaction, status: u16, headers: Vec<Header>) {
    let Ok(status) = StatusCode::try_from((status, "")) else { return };
    tokio::spawn(async move {
        if transaction.reply_with(status, headers, None).await.is_ok()
            && transaction.original.method == Method::Invite
        {
            while transaction.receive().await.is_some() {}
        }
    });
}

/// Answers a re-INVITE, and repeats that until the far side acknowledges it (RFC 3261 section
/// 13.3.1.4).
async fn respond_until_ack(
    mut transaction: Transaction,
    mut headers: Vec<Header>,
    answer: String,
    t1: Duration,
) -> AckResult {
    headers.push(header("Content-Type", "application/sdp"));
    let body = Some(answer.into_bytes());
    if transaction.reply_with(StatusCode::OK, headers, body).await.is_err() {
        return AckResult::TimedOut;
    }
    let Some(response) = transaction.last_response.clone() else {
        return AckResult::TimedOut;
    };
    let deadline = Instant::now() + t1 * 64;
    let mut pause = t1;
    let mut again = Instant::now() + pause;
    loop {
        tokio::select! {
            message = transaction.receive() => match message {
                Some(SipMessage::Request(request)) if request.method == Method::Ack => {
                    let sdp = sdp(&request.headers, &request.body);
                    return AckResult::Received { sdp };
                }
                Some(_) => {}
                None => return AckResult::TimedOut,
            },
            () = tokio::time::sleep_until(again.min(deadline)) => {
                if Instant::now() >= deadline {
                    return AckResult::TimedOut;
                }
                let _ = transaction.respond(response.clone()).await;
                pause = (pause * 2).min(T2);
                again = Instant::now() + pause;
            }
        }
    }
}
