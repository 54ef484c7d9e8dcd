//! Cancelling an INVITE (RFC 3261 section 9). Whatever comes back, nothing is left behind: a
//! ringing far side is told by CANCEL, one that answered all the same by BYE.

use std::{collections::HashSet, sync::Arc};

use rsipstack::sip::{Method, Request, Response};
use tokio::{sync::mpsc, time::Instant};

use super::invite::cancel;
use crate::trunk::{
    ByeCause,
    dialog::{Dialog, to_tag},
    message_parts::reason,
    stack::Flow,
    trunk::Trunk,
};

/// An INVITE without a final response.
pub(super) struct PendingInvite {
    pub(super) request: Request,
    pub(super) responses: mpsc::Receiver<Box<Response>>,
    pub(super) flow: Flow,
    /// Whether there was a provisional response: without one there must be no CANCEL (RFC 3261
    /// section 9.1).
    pub(super) is_proceeding: bool,
    /// The user part of our Contact.
    pub(super) user: String,
}

/// Cancels an INVITE, however long that takes.
pub(super) async fn cancel_pending(trunk: Arc<Trunk>, mut pending: PendingInvite) {
    let limit = trunk.stack.transaction_timeout();
    let mut deadline = Instant::now() + limit;
    let mut is_cancelled = false;
    let mut ended = HashSet::new();
    loop {
        if pending.is_proceeding && !is_cancelled {
            is_cancelled = true;
            deadline = Instant::now() + limit;
            // Its own response says nothing: the INVITE's tells.
            drop(trunk.stack.send(cancel(&pending.request), &pending.flow));
        }
        let response = tokio::time::timeout_at(deadline, pending.responses.recv()).await;
        let Ok(Some(response)) = response else { return };
        match response.status_code.code() {
            ..200 => pending.is_proceeding = true,
            200..300 => end_fork(&trunk, &pending, &response, &mut ended),
            _ => return,
        }
    }
}

/// Ends every dialog that forks of an answered INVITE create beside the first one (RFC 3261
/// section 13.2.2.4), until no more can come.
pub(super) async fn end_forks(trunk: Arc<Trunk>, mut pending: PendingInvite, answered_tag: String) {
    let mut ended = HashSet::from([answered_tag]);
    let deadline = Instant::now() + trunk.stack.transaction_timeout() * 2;
    while let Ok(Some(response)) = tokio::time::timeout_at(deadline, pending.responses.recv()).await
    {
        if (200..300).contains(&response.status_code.code()) {
            end_fork(&trunk, &pending, &response, &mut ended);
        }
    }
}

/// Ends the dialog of a 2xx, unless that has been done. The stack has acknowledged it.
fn end_fork(
    trunk: &Arc<Trunk>,
    pending: &PendingInvite,
    response: &Response,
    ended: &mut HashSet<String>,
) {
    let Some(tag) = to_tag(response) else { return };
    let dialog = Dialog::from_response(&pending.request, response, &pending.user);
    if let Some(dialog) = dialog
        && ended.insert(tag)
    {
        let (trunk, flow) = (Arc::clone(trunk), pending.flow.clone());
        tokio::spawn(async move { bye(&trunk, &dialog, &flow, ByeCause::NORMAL).await });
    }
}

/// Ends a dialog; the answer does not matter.
pub(super) async fn bye(trunk: &Trunk, dialog: &Dialog, flow: &Flow, cause: ByeCause) {
    let why = vec![reason(cause)];
    if let Err(error) = trunk.request_in_dialog(dialog, flow, Method::Bye, why, String::new()).await
    {
        tracing::debug!(trunk = %trunk.config.id, %error, "a BYE was not answered");
    }
}
