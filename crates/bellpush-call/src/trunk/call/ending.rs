//! Ending an answered call, from either side.

use std::pin::pin;

use rsipstack::{sip::Method, transaction::transaction::Transaction};

use super::{cancel::bye, channel::CallChannel, offers::reject, session::Session};
use crate::trunk::{
    ByeCause, EndWhen, TrunkEvent,
    dialog::{Dialog, RequestMatch},
};

impl Session {
    /// The far side has ended the call.
    pub(super) async fn hung_up(
        mut self: Box<Self>,
        mut channel: CallChannel,
        cause: Option<ByeCause>,
    ) -> bool {
        self.close();
        channel.send(TrunkEvent::HungUp { cause }).await;
        true
    }

    /// The call is over here.
    pub(super) async fn hang_up(mut self: Box<Self>, cause: ByeCause) -> bool {
        self.close();
        self.end(cause).await
    }

    /// Another process has the call. It goes on by this dialog, or by one that it has opened itself before
    /// this one was answered: then nobody else ends this one.
    pub(super) async fn let_go(mut self: Box<Self>) -> bool {
        let is_stray = match &mut self.kept {
            Some(kept) => kept.may_end(&self.trunk, EndWhen::Stray).await,
            None => false,
        };
        if is_stray {
            self.close();
            self.say_goodbye(ByeCause::NORMAL).await;
        } else {
            let stack = &self.trunk.stack;
            stack.incoming.release(&self.dialog.call_id, stack.transaction_timeout());
        }
        is_stray
    }

    /// Ends the dialog, unless another process has it by now.
    async fn end(&mut self, cause: ByeCause) -> bool {
        if let Some(kept) = &mut self.kept
            && !kept.may_end(&self.trunk, EndWhen::Always).await
        {
            return false;
        }
        self.say_goodbye(cause).await;
        true
    }

    /// Ends the dialog. A far side that hangs up at the same time is answered meanwhile: it may not answer
    /// us before (RFC 3261 section 15.1.2).
    async fn say_goodbye(&mut self, cause: ByeCause) {
        let Self { trunk, dialog, flow, incoming, .. } = self;
        let last = dialog.clone();
        let mut goodbye = pin!(bye(trunk, &last, flow, cause));
        loop {
            tokio::select! {
                // What came with the answer is not left without one.
                biased;
                Some(transaction) = incoming.requests.recv() => {
                    answer_after_end(dialog, *transaction);
                }
                () = &mut goodbye => return,
            }
        }
    }

    /// Rejects what is open: the call ends (RFC 3261 section 15.1.2).
    fn close(&mut self) {
        self.offers.close();
        if let Some(deferred) = self.deferred.take() {
            reject(*deferred, 487, Vec::new());
        }
    }

    /// The far side is gone without a BYE.
    pub(super) async fn expire(mut self: Box<Self>, mut channel: CallChannel) -> bool {
        self.close();
        channel.send(TrunkEvent::HungUp { cause: None }).await;
        self.end(ByeCause::TIMER_EXPIRED).await
    }
}

/// Answers a request in a dialog that we are ending.
fn answer_after_end(dialog: &mut Dialog, transaction: Transaction) {
    let request = &transaction.original;
    let is_bye = request.method == Method::Bye;
    let is_ours = dialog.match_request(request) != RequestMatch::OtherDialog;
    reject(transaction, if is_bye && is_ours { 200 } else { 481 }, Vec::new());
}
