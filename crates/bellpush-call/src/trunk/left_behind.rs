//! Ending dialogs that another process left behind.

use std::{sync::Arc, time::Duration};

use bellpush_core::trunk::DialogSnapshot;
use rsipstack::sip::Method;
use tokio::time::{Instant, sleep};

use super::{
    ByeCause, dialog::Dialog, flow::Flow, message_parts::reason, resolver::Hop, stack::SendError,
    trunk::Trunk,
};

/// How long to wait before a far side is tried again that takes no connection.
const CONNECT_RETRY: Duration = Duration::from_secs(2);

/// What the far side of a dialog that was left behind said to its BYE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByeAnswer {
    /// This status. Whichever it is, the dialog is over.
    Status(u16),
    /// Nothing, for as long as a request is sent again.
    None,
    /// It takes no connection.
    Unreachable,
    /// What was kept of the dialog can't be read.
    Unreadable,
}

/// Ends a dialog, as the one that was kept so (RFC 3261 section 15.1.1).
pub(super) async fn end(trunk: &Arc<Trunk>, kept: &DialogSnapshot) -> ByeAnswer {
    let Some(dialog) = Dialog::restore(kept) else { return ByeAnswer::Unreadable };
    let hop = Hop::from(&kept.hop);
    let deadline = Instant::now() + trunk.stack.transaction_timeout();
    loop {
        if let Some(flow) = trunk.reach(&dialog, &hop).await {
            match bye(trunk, &dialog, &flow).await {
                Ok(status) => return ByeAnswer::Status(status),
                Err(SendError::Timeout | SendError::Unsent) => return ByeAnswer::None,
                Err(SendError::Connect(_)) => {}
            }
        }
        if Instant::now() + CONNECT_RETRY > deadline {
            return ByeAnswer::Unreachable;
        }
        sleep(CONNECT_RETRY).await;
    }
}

async fn bye(trunk: &Arc<Trunk>, dialog: &Dialog, flow: &Flow) -> Result<u16, SendError> {
    let why = vec![reason(ByeCause::SHUTDOWN)];
    let sent = trunk.request_in_dialog(dialog, flow, Method::Bye, why, String::new());
    let (exchange, _) = sent.await?;
    if exchange.is_unanswered() {
        return Err(SendError::Timeout);
    }
    Ok(exchange.response.status_code.code())
}
