//! Going on with a dialog whose process is gone, or gives it away: the far side is offered the session
//! anew (RFC 3261 section 14), from where we are.
//!
//! Until it takes that, the session is not ours to use: a far side that knows nothing of the dialog any
//! more, or says nothing, or does not want it, ends the call.

use std::{sync::Arc, time::Duration};

use bellpush_core::{ids::CallId, trunk::DialogSnapshot};
use tokio::time::{Instant, sleep};

use super::{
    CallChannel,
    kept::{KeptDialog, Owner},
    offers::Offers,
    session::Session,
};
use crate::{
    Digit,
    trunk::{
        EndWhen, FarFailure, MAX_KEYS, SipTarget, SipTransport, SrtpPolicy, TrunkCommand,
        TrunkEvent, config::NEEDS_TLS, dialog::Dialog, flow::Flow, left_behind, message_parts::tag,
        resolver::Hop, trunk::Trunk,
    },
};

/// How long to wait before a far side is tried again that takes no connection, or not yet our offer.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// How a dialog was reached.
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and not for long")]
enum Reached {
    By(Flow),
    Nowhere,
    /// By what is not encrypted, as it was when the dialog began; but by now the keys have to be.
    InClear,
    /// Another server has the call.
    Released,
    /// The call ended before.
    GivenUp,
}

/// Carries a call that goes on by a dialog to its end.
pub(super) async fn run(
    trunk: Arc<Trunk>,
    (target, kept): (SipTarget, DialogSnapshot),
    sdp: String,
    mut channel: CallChannel,
    call_id: Option<CallId>,
) {
    let sip_call_id = kept.sip_call_id.clone();
    let dialogs = trunk.stack.config.dialogs.clone();
    let (Some(dialog), Some(our_tag)) = (Dialog::restore(&kept), tag(&kept.local)) else {
        tracing::error!(trunk = %trunk.config.id, sip_call_id, "a kept dialog can't be read");
        channel.fail(FarFailure::Transport).await;
        return dialogs.over(sip_call_id).await;
    };
    let _listening = call_id.and_then(|id| trunk.stack.tap.listen(&sip_call_id, id));
    // What the far side asks meanwhile waits for the session.
    let incoming = trunk.stack.incoming.requests(&sip_call_id, our_tag);
    let hop = Hop::from(&kept.hop);
    let mut keys = Vec::new();
    let outcome = tokio::select! {
        // Whoever has given up already is not to be reached any more.
        biased;
        outcome = unless_given_up(&mut channel, &mut keys) => outcome,
        reached = reach(&trunk, &dialog, &hop) => match reached {
            Reached::By(flow)
                if target.srtp == SrtpPolicy::Required
                    && flow.hop.transport != SipTransport::Tls =>
            {
                Reached::InClear
            }
            reached => reached,
        },
    };
    let flow = match outcome {
        Reached::By(flow) => flow,
        Reached::Released => {
            return trunk.stack.incoming.release(&sip_call_id, trunk.stack.transaction_timeout());
        }
        Reached::Nowhere | Reached::InClear | Reached::GivenUp => {
            match outcome {
                Reached::Nowhere => channel.fail(FarFailure::Transport).await,
                Reached::InClear => {
                    trunk.change(|status| status.last_error = Some(NEEDS_TLS.to_owned()));
                    channel.fail(FarFailure::Rejected).await;
                }
                _ => {}
            }
            let is_ours = match call_id {
                Some(id) => dialogs.may_end((id, &sip_call_id), EndWhen::Always, None).await,
                None => true,
            };
            if is_ours {
                left_behind::end(&trunk, &kept).await;
                dialogs.over(sip_call_id).await;
            }
            return;
        }
    };
    trunk.stack.tap.goes_by(&sip_call_id, &flow);
    channel.send(TrunkEvent::SignallingAddress(flow.hop.address.ip())).await;
    let owner = call_id.map(|call_id| Owner { call_id, profile_id: target.profile_id });
    let deadline = Instant::now() + trunk.stack.transaction_timeout();
    let mut session =
        Session::taken_over(trunk, dialog, flow, incoming, Offers::new(sdp), deadline);
    if let Some(seconds) = kept.session_seconds {
        session.timer.resume(Instant::now().into_std(), Duration::from_secs(seconds.into()));
    }
    session.kept = owner.map(|owner| KeptDialog::of_another(owner, kept));
    session.refresh();
    for key in keys {
        session.press(key);
    }
    if Box::new(session).run(channel, Vec::new()).await {
        dialogs.over(sip_call_id).await;
    }
}

/// What becomes of the call when it ends before the far side is reached. Keys that are pressed meanwhile
/// wait for the session.
async fn unless_given_up(channel: &mut CallChannel, keys: &mut Vec<Digit>) -> Reached {
    loop {
        match channel.commands.recv().await {
            Some(TrunkCommand::Info { digit }) => {
                if keys.len() < MAX_KEYS {
                    keys.push(digit);
                }
            }
            Some(TrunkCommand::Release) => return Reached::Released,
            Some(TrunkCommand::Cancel | TrunkCommand::Bye { .. }) | None => {
                return Reached::GivenUp;
            }
            // Nothing is offered before there is a session.
            Some(
                TrunkCommand::AnswerOffer { .. }
                | TrunkCommand::RejectOffer { .. }
                | TrunkCommand::Invite { .. },
            ) => {}
        }
    }
}

/// The way to the far side, tried for as long as a transaction would be.
async fn reach(trunk: &Arc<Trunk>, dialog: &Dialog, hop: &Hop) -> Reached {
    let deadline = Instant::now() + trunk.stack.transaction_timeout();
    loop {
        if let Some(flow) = trunk.reach(dialog, hop).await {
            return Reached::By(flow);
        }
        if Instant::now() + RETRY > deadline {
            return Reached::Nowhere;
        }
        sleep(RETRY).await;
    }
}
