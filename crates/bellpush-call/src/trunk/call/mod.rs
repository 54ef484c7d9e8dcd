//! One call on a trunk: a task that turns what the call wants into requests, and what the far side
//! says into messages.
//!
//! | file | holds |
//! |---|---|
//! | `invite` | the INVITE: what it says |
//! | `setup` | from the INVITE to its final response: targets, challenges |
//! | `early` | early dialogs: forks that ring, and what they ask for |
//! | `cancel` | cancelling an INVITE, whatever comes back |
//! | `channel` | the commands and events of one call |
//! | `kept`, `keeping` | what is kept of its dialog |
//! | `session`, `ending` | the answered call, and its end |
//! | `refresh` | refreshing it |
//! | `taking_over` | going on with the dialog of another process |
//! | `refusals` | requests of the far side that are never taken |
//! | `offers` | changes of the session by the far side |

mod cancel;
mod channel;
mod early;
mod ending;
mod invite;
mod keeping;
mod kept;
mod offers;
mod refresh;
mod refusals;
mod session;
mod setup;
mod taking_over;

pub(super) use channel::CallChannel;
pub use channel::EventSink;

use std::sync::Arc;

use bellpush_core::{ids::CallId, trunk::SipFailure};

use self::{
    invite::Invite,
    kept::Owner,
    setup::{Outcome, Setup},
};
use super::{
    FarFailure, SipTarget, SipTransport, SrtpPolicy, TrunkEvent, config::NEEDS_TLS,
    meters::CallOutcome, trunk::Trunk,
};

/// Carries one call from its INVITE to its end.
pub(super) async fn run(
    trunk: Arc<Trunk>,
    target: SipTarget,
    sdp: String,
    mut channel: CallChannel,
    call_id: Option<CallId>,
) {
    let mut target = target;
    if let Some(open) = target.open.take() {
        return Box::pin(taking_over::run(trunk, (target, *open), sdp, channel, call_id)).await;
    }
    if target.srtp == SrtpPolicy::Required && trunk.config.transport != SipTransport::Tls {
        trunk.change(|status| status.last_error = Some(NEEDS_TLS.to_owned()));
        // There is no INVITE that it could name.
        let failure = SipFailure::unanswered(trunk.config.id, "");
        channel.send(TrunkEvent::Rejected(Box::new(failure))).await;
        return channel.fail(FarFailure::Rejected).await;
    }
    let profile_id = target.profile_id;
    let owner = call_id.map(|call_id| Owner { call_id, profile_id });
    let Some(invite) = Invite::new(&trunk, target, sdp) else {
        return channel.fail(FarFailure::Unreachable).await;
    };
    let listening = call_id.and_then(|id| trunk.stack.tap.listen(&invite.ids.call_id, id));
    let still_answered_within = trunk.stack.transaction_timeout();
    // In a box of its own, which does not stay for the whole of the call.
    let setup = Setup::new(Arc::clone(&trunk), invite, owner);
    let outcome = Box::pin(setup.run(&mut channel)).await;
    trunk.meters.ended(match &outcome {
        Outcome::Answered(..) => CallOutcome::Answered,
        Outcome::Failed(failure) => CallOutcome::Failed(*failure),
        Outcome::Cancelled => CallOutcome::Cancelled,
    });
    match outcome {
        Outcome::Answered(session, unmatched) => {
            let kept = session.kept.as_ref().map(|kept| kept.sip_call_id().to_owned());
            let is_over = session.run(channel, unmatched).await;
            // Not before both sides know: until then somebody may have to end it in our place.
            if let Some(sip_call_id) = kept.filter(|_| is_over) {
                trunk.stack.config.dialogs.over(sip_call_id).await;
            }
        }
        Outcome::Failed(failure) => channel.fail(failure).await,
        Outcome::Cancelled => {}
    }
    if let Some(listening) = listening {
        // What was cancelled or ended just now is still answered.
        tokio::spawn(async move {
            tokio::time::sleep(still_answered_within).await;
            drop(listening);
        });
    }
}
