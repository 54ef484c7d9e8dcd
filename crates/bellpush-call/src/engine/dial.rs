//! How a call reaches the trunk that carries its far side, and how that answers.

use std::sync::Arc;

use bellpush_core::ids::CallId;
use mio::Waker;
use tokio::sync::mpsc;

use super::command::Command;
use crate::trunk::{TrunkCommand, TrunkEvent, Trunks};

/// The trunks, as the engine sees them.
pub(crate) trait Dialer: Send + Sync {
    /// Opens the path for one call. Called on an engine's thread, so that it must not block.
    ///
    /// When the sender is dropped without [`TrunkCommand::Cancel`] or [`TrunkCommand::Bye`], the call has
    /// died, and what there is of a dialog is ended.
    fn open(&self, events: TrunkEventSender) -> mpsc::Sender<TrunkCommand>;
}

/// Brings what the trunk reports to its call.
#[derive(Debug, Clone)]
pub(crate) struct TrunkEventSender {
    pub(super) call_id: CallId,
    /// Which of the call's far sides it is: a call may go to several, one after the other.
    pub(super) dialled: u32,
    /// Weak: a trunk must not keep an engine alive that nobody uses.
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) waker: Arc<Waker>,
}

impl TrunkEventSender {
    /// Tells the call. One that is over, or goes elsewhere by now, does not hear it.
    pub(crate) async fn send(&self, event: TrunkEvent) {
        let command = Command::TrunkEvent { id: self.call_id, dialled: self.dialled, event };
        let Some(commands) = self.commands.upgrade() else { return };
        if commands.send(command).await.is_ok() {
            wake(&self.waker);
        }
    }
}

impl Dialer for Trunks {
    fn open(&self, events: TrunkEventSender) -> mpsc::Sender<TrunkCommand> {
        self.recorded_call(
            events.call_id,
            Box::new(move |message| {
                let events = events.clone();
                Box::pin(async move { events.send(message).await })
            }),
        )
    }
}

/// The trunks of an engine that has none: no far side can be reached there.
#[derive(Debug)]
pub(super) struct NoTrunks;

impl Dialer for NoTrunks {
    fn open(&self, _events: TrunkEventSender) -> mpsc::Sender<TrunkCommand> {
        mpsc::channel(1).0
    }
}

/// Has a shard look at its commands.
pub(super) fn wake(waker: &Waker) {
    if let Err(error) = waker.wake() {
        tracing::error!(%error, "the media thread can't be woken");
    }
}
