//! One call on a trunk: a task that turns what the call wants into requests, and what the far side
//! says into messages.
//!
//! | file | holds |
//! |---|---|
//! | `invite` | the INVITE: what it says |
//! | `setup` | from the INVITE to its final response: targets, challenges, forks, early dialogs |
//! | `giving_up` | ending an INVITE that nobody wants any more, whatever comes back |
//! | `session` | the answered call |
//! | `offers` | changes of the session by the far side |

mod giving_up;
mod invite;
mod offers;
mod session;
mod setup;

use std::{pin::Pin, sync::Arc};

use tokio::sync::mpsc;

use self::{
    invite::Invite,
    setup::{Outcome, Setup},
};
use super::{FarFailure, FromTrunk, SipTarget, ToTrunk, meters::CallOutcome, trunk::Trunk};

/// Takes what a trunk tells of one call, in order. The future waits for room.
pub type Tell = Box<dyn FnMut(FromTrunk) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The two ways between a call and its task.
pub(super) struct Ways {
    pub(super) commands: mpsc::Receiver<ToTrunk>,
    tell: Tell,
}

impl Ways {
    pub(super) fn new(commands: mpsc::Receiver<ToTrunk>, tell: Tell) -> Self {
        Self { commands, tell }
    }

    pub(super) async fn tell(&mut self, message: FromTrunk) {
        (self.tell)(message).await;
    }

    pub(super) async fn fail(&mut self, failure: FarFailure) {
        self.tell(FromTrunk::Failed(failure)).await;
    }
}

/// Carries one call from its INVITE to its end.
pub(super) async fn run(trunk: Arc<Trunk>, target: SipTarget, sdp: String, mut ways: Ways) {
    let Some(invite) = Invite::new(&trunk, target, sdp) else {
        return ways.fail(FarFailure::Unreachable).await;
    };
    // In a box of its own, which does not stay for the whole of the call.
    let outcome = Box::pin(Setup::new(Arc::clone(&trunk), invite).run(&mut ways)).await;
    trunk.meters.ended(match &outcome {
        Outcome::Answered(..) => CallOutcome::Answered,
        Outcome::Failed(failure) => CallOutcome::Failed(*failure),
        Outcome::GivenUp => CallOutcome::Cancelled,
    });
    match outcome {
        Outcome::Answered(session, ahead) => session.run(ways, ahead).await,
        Outcome::Failed(failure) => ways.fail(failure).await,
        Outcome::GivenUp => {}
    }
}
