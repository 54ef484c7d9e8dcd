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

    pub(super) async fn send(&mut self, event: TrunkEvent) {
        (self.events)(event).await;
    }

    pub(crate) async fn fail(&mut self, failure: FarFailure) {
        self.send(TrunkEvent::Failed(failure)).await;
    }
}
