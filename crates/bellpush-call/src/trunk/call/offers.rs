//! Offers of the far side that wait for the call's answer, and answers that wait for the far
//! side's acknowledgement.

use std::time::Duration;

use rsipstack::{
    sip::{Header, Method, SipMessage, StatusCode},
    transaction::transaction::Transaction,
};
use tokio::{sync::oneshot, time::Instant};

use crate::trunk::{
    ALLOW, OfferId, SUPPORTED, dialog::sdp, message_parts::header, session_timer::SessionExpires,
};

/// The longest pause between two repetitions of an answer (RFC 3261's T2).
const T2: Duration = Duration::from_secs(4);

/// The one offer that may be open at a time.
#[derive(Default)]
pub(super) struct Offers {
    last: u32,
    /// In a box: calls have one seldom, and its transaction takes almost a kilobyte.
    pending: Option<Box<Pending>>,
    confirming: Option<oneshot::Receiver<Confirmation>>,
}

struct Pending {
    id: OfferId,
    transaction: Transaction,
    expires: Option<SessionExpires>,
}

/// What became of our answer to a re-INVITE.
pub(super) enum Confirmation {
    /// The far side has it. `sdp` is its answer, when it had asked for our offer.
    Acknowledged { sdp: Option<String> },
    /// It never said so: the session is broken (RFC 3261 section 14.2).
    Never,
}

impl Offers {
    /// Whether another offer has to wait.
    pub(super) fn is_busy(&self) -> bool {
        self.pending.is_some() || self.confirming.is_some()
    }

    /// Keeps a request until the call answers it.
    pub(super) fn open(
        &mut self,
        transaction: Transaction,
        expires: Option<SessionExpires>,
    ) -> OfferId {
        self.last = self.last.wrapping_add(1);
        let id = OfferId(self.last);
        self.pending = Some(Box::new(Pending { id, transaction, expires }));
        id
    }

    /// Answers an open offer; an answer to one that is gone is of no use.
    pub(super) async fn answer(&mut self, id: OfferId, sdp: String, contact: String, t1: Duration) {
        let Some(pending) = self.pending.take_if(|pending| pending.id == id) else { return };
        let Pending { mut transaction, expires, .. } = *pending;
        let headers = success_headers(contact, expires);
        if transaction.original.method == Method::Invite {
            let (done, confirming) = oneshot::channel();
            self.confirming = Some(confirming);
            tokio::spawn(async move {
                let _ = done.send(confirm(transaction, headers, sdp, t1).await);
            });
        } else {
            let mut headers = headers;
            headers.push(header("Content-Type", "application/sdp"));
            let sdp = Some(sdp.into_bytes());
            let _ = transaction.reply_with(StatusCode::OK, headers, sdp).await;
        }
    }

    /// Refuses an open offer.
    pub(super) fn refuse(&mut self, id: OfferId, status: u16) {
        if let Some(pending) = self.pending.take_if(|pending| pending.id == id) {
            refuse(pending.transaction, status, Vec::new());
        }
    }

    /// Refuses what is open: the call ends (RFC 3261 section 15.1.2).
    pub(super) fn close(&mut self) {
        if let Some(pending) = self.pending.take() {
            refuse(pending.transaction, 487, Vec::new());
        }
    }

    /// What became of the last answer; waits for ever when none is under way.
    pub(super) async fn confirmed(&mut self) -> Confirmation {
        let Some(confirming) = &mut self.confirming else {
            return std::future::pending().await;
        };
        let confirmation = confirming.await.unwrap_or(Confirmation::Never);
        self.confirming = None;
        confirmation
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
        headers.push(header("Require", "timer"));
    }
    headers
}

/// Refuses a request; a re-INVITE's refusal is repeated until it is acknowledged.
pub(super) fn refuse(mut transaction: Transaction, status: u16, headers: Vec<Header>) {
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
async fn confirm(
    mut transaction: Transaction,
    mut headers: Vec<Header>,
    answer: String,
    t1: Duration,
) -> Confirmation {
    headers.push(header("Content-Type", "application/sdp"));
    let body = Some(answer.into_bytes());
    if transaction.reply_with(StatusCode::OK, headers, body).await.is_err() {
        return Confirmation::Never;
    }
    let Some(response) = transaction.last_response.clone() else {
        return Confirmation::Never;
    };
    let deadline = Instant::now() + t1 * 64;
    let mut pause = t1;
    let mut again = Instant::now() + pause;
    loop {
        tokio::select! {
            message = transaction.receive() => match message {
                Some(SipMessage::Request(request)) if request.method == Method::Ack => {
                    let sdp = sdp(&request.headers, &request.body);
                    return Confirmation::Acknowledged { sdp };
                }
                Some(_) => {}
                None => return Confirmation::Never,
            },
            () = tokio::time::sleep_until(again.min(deadline)) => {
                if Instant::now() >= deadline {
                    return Confirmation::Never;
                }
                let _ = transaction.respond(response.clone()).await;
                pause = (pause * 2).min(T2);
                again = Instant::now() + pause;
            }
        }
    }
}
