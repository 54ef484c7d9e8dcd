//! Cancelling an INVITE (RFC 3261 section 9). Whatever comes back, nothing is left behind: a
//! ringing far side is told by CANCEL, one that answered all the same by BYE.

use std::{collections::HashSet, sync::Arc};

use rsipstack::sip::{Method, Request, Response};
use tokio::time::Instant;

use super::invite::cancel;
use crate::trunk::{
    ByeCause,
    acks::Acks,
    dialog::{Dialog, to_tag},
    flow::Flow,
    message_parts::reason,
    stack::Responses,
    trunk::Trunk,
};

/// An INVITE that was sent, and what may still come back.
pub(super) struct PendingInvite {
    pub(super) request: Request,
    pub(super) responses: Responses,
    pub(super) flow: Flow,
    /// Whether there was a provisional response: without one there must be no CANCEL (RFC 3261
    /// section 9.1).
    pub(super) is_proceeding: bool,
    /// The user part of our Contact.
    pub(super) user: String,
    pub(super) acks: Acks,
}

impl PendingInvite {
    /// Sends an INVITE.
    pub(super) fn send(trunk: &Trunk, request: Request, flow: &Flow, user: &str) -> Self {
        Self {
            responses: trunk.stack.send(request.clone(), flow),
            request,
            flow: flow.clone(),
            is_proceeding: false,
            user: user.to_owned(),
            acks: Acks::default(),
        }
    }

    /// The flow that it went by; when its connection is broken, another one to the same hop: the far side
    /// rings on otherwise.
    async fn open_flow(&self, trunk: &Trunk) -> Flow {
        if !self.flow.closed.is_cancelled() {
            return self.flow.clone();
        }
        trunk.flow(&self.flow.hop).await.unwrap_or_else(|_| self.flow.clone())
    }

    /// The dialog of a response.
    pub(super) fn dialog(&self, response: &Response) -> Option<Dialog> {
        let source = self.responses.heard.source().filter(|_| self.flow.is_datagrams());
        Dialog::from_response(&self.request, response, source, &self.user)
    }

    /// Acknowledges a 2xx. Returns its dialog.
    pub(super) async fn acknowledge(
        &mut self,
        trunk: &Trunk,
        response: &Response,
    ) -> Option<Dialog> {
        let dialog = self.dialog(response)?;
        self.acknowledge_in(trunk, &dialog).await;
        Some(dialog)
    }

    /// Acknowledges the 2xx that made this dialog.
    pub(super) async fn acknowledge_in(&mut self, trunk: &Trunk, dialog: &Dialog) {
        self.acks.acknowledge(trunk, dialog, &self.request, &self.flow).await;
    }
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
            pending.flow = pending.open_flow(&trunk).await;
            // Its own response says nothing: the INVITE's tells.
            drop(trunk.stack.send(cancel(&pending.request), &pending.flow));
        }
        let response = tokio::time::timeout_at(deadline, pending.responses.recv()).await;
        let Ok(Some(response)) = response else { return };
        match response.status_code.code() {
            ..200 => pending.is_proceeding = true,
            200..300 => end_fork(&trunk, &mut pending, &response, &mut ended).await,
            _ => return,
        }
    }
}

/// Ends every dialog that forks of an answered INVITE create beside the first one (RFC 3261
/// section 13.2.2.4), until no more can come. Acknowledges that one as often as its 2xx comes.
pub(super) async fn end_forks(trunk: Arc<Trunk>, mut pending: PendingInvite, answered_tag: String) {
    let mut ended = HashSet::from([answered_tag]);
    let deadline = Instant::now() + trunk.stack.transaction_timeout() * 2;
    while let Ok(Some(response)) = tokio::time::timeout_at(deadline, pending.responses.recv()).await
    {
        if (200..300).contains(&response.status_code.code()) {
            end_fork(&trunk, &mut pending, &response, &mut ended).await;
        }
    }
}

/// Acknowledges a 2xx, and ends its dialog unless that has been done.
async fn end_fork(
    trunk: &Arc<Trunk>,
    pending: &mut PendingInvite,
    response: &Response,
    ended: &mut HashSet<String>,
) {
    let Some(dialog) = pending.acknowledge(trunk, response).await else { return };
    if ended.insert(to_tag(response).unwrap_or_default()) {
        let (trunk, flow) = (Arc::clone(trunk), pending.flow.clone());
        tokio::spawn(async move { bye(&trunk, &dialog, &flow, ByeCause::NORMAL).await });
    }
}

/// Ends a dialog; the answer does not matter.
pub(super) async fn bye(trunk: &Arc<Trunk>, dialog: &Dialog, flow: &Flow, cause: ByeCause) {
    let why = vec![reason(cause)];
    if let Err(error) = trunk.request_in_dialog(dialog, flow, Method::Bye, why, String::new()).await
    {
        tracing::debug!(trunk = %trunk.config.id, %error, "a BYE was not answered");
    }
}
