//! The commands and events of one call.

use std::pin::Pin;

use tokio::sync::mpsc;

use crate::trunk::{FarFailure, TrunkCommand, TrunkEvent};

/// Takes the events of one call, in order. The future waits for room.
pub type EventSink = Box<dyn FnMut(TrunkEvent) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What connects a call and its task.
pub(crate) struct CallChannel {
    pub(super) commands: mpsc::Receiver<TrunkCommand>,
    events: EventSink,
}

impl CallChannel {
    pub(crate) fn new(commands: mpsc::Receiver<TrunkCommand>, events: EventSink) -> Self {
        Self { commands, events }
    }

    /// Waits until the call is given up, which has no dialog yet. What it may still say to an INVITE that is
    /// over is of no use.
    pub(super) async fn given_up(&mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                TrunkCommand::Cancel | TrunkCommand::Release | TrunkCommand::Bye { .. } => return,
                TrunkCommand::Invite { .. }
                | TrunkCommand::AnswerOffer { .. }
                | TrunkCommand::RejectOffer { .. }
                | TrunkCommand::Info { .. } => {}
            }
        }
    }

    pub(super) async fn send(&mut self, event: TrunkEvent) {
        (self.events)(event).await;
    }

    pub(crate) async fn fail(&mut self, failure: FarFailure) {
        self.send(TrunkEvent::Failed(failure)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::trunk::OfferId;

    #[tokio::test]
    async fn an_answer_that_comes_too_late_does_not_give_the_call_up() {
        let (sender, commands) = mpsc::channel(4);
        let mut channel = CallChannel::new(commands, Box::new(|_| Box::pin(async {})));
        let request = OfferId(1);
        sender.send(TrunkCommand::AnswerOffer { request, sdp: String::new() }).await.unwrap();
        sender.send(TrunkCommand::RejectOffer { request, status: 488 }).await.unwrap();
        let soon = std::time::Duration::from_millis(50);
        assert!(timeout(soon, channel.given_up()).await.is_err());
        sender.send(TrunkCommand::Cancel).await.unwrap();
        channel.given_up().await;
    }
}
