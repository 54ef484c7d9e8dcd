//! Where it is told which dialogs are open, to be kept: when this process dies, whoever comes after it
//! can end them.

use std::time::Duration;

use bellpush_core::{
    ids::CallId,
    trunk::{DialogChange, OpenDialog},
};
use tokio::sync::{mpsc, oneshot};

/// A change of a dialog, to be kept.
#[derive(Debug)]
pub struct ToKeep {
    /// The change.
    pub change: DialogChange,
    /// Told once it is on disk; whoever waits for that gives up after a while.
    pub kept: Option<oneshot::Sender<()>>,
}

/// A dialog is to be ended, if it is still this process that has its call.
#[derive(Debug)]
pub struct MayEnd {
    /// The call.
    pub call_id: CallId,
    /// Told whether it is ours. Dropped without a word, nobody knows: then it is left to others.
    pub is_ours: oneshot::Sender<bool>,
}

/// Takes what becomes of dialogs. Clones put into the same queue.
#[derive(Debug, Clone, Default)]
pub struct OpenDialogs {
    changes: Option<mpsc::Sender<ToKeep>>,
    questions: Option<mpsc::Sender<MayEnd>>,
}

impl OpenDialogs {
    /// Where nothing is kept.
    #[must_use]
    pub const fn unkept() -> Self {
        Self { changes: None, questions: None }
    }

    /// A queue for so many changes, and what reads it.
    #[must_use]
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<ToKeep>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { changes: Some(sender), questions: None }, receiver)
    }

    /// The same where others may have taken a call over meanwhile: before a dialog is ended, it is asked
    /// whether that is so.
    #[must_use]
    pub fn asking(self, capacity: usize) -> (Self, mpsc::Receiver<MayEnd>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { questions: Some(sender), ..self }, receiver)
    }

    /// Whether a dialog may be ended here, however long the answer takes.
    pub(super) async fn may_end(&self, call_id: CallId) -> bool {
        let Some(questions) = &self.questions else { return true };
        let (is_ours, answer) = oneshot::channel();
        // Nobody answers any more when the server stops: whoever comes after it ends what is left.
        questions.send(MayEnd { call_id, is_ours }).await.is_ok() && answer.await.unwrap_or(false)
    }

    /// A dialog was opened. Returns when that is on disk, or after so long in any case.
    pub(super) async fn opened(&self, dialog: OpenDialog, patience: Duration) {
        let Some(queue) = &self.changes else { return };
        let (kept, is_kept) = oneshot::channel();
        let change = ToKeep { change: DialogChange::Open(dialog), kept: Some(kept) };
        let keeping = async {
            // Without a reader, the answer does not come either.
            if queue.send(change).await.is_ok() {
                let _ = is_kept.await;
            }
        };
        if tokio::time::timeout(patience, keeping).await.is_err() {
            tracing::warn!("a dialog can't be kept yet");
        }
    }

    /// A dialog leads elsewhere. Waits for nothing; `false` when there is no room for it.
    pub(super) fn changed(&self, dialog: OpenDialog) -> bool {
        let change = ToKeep { change: DialogChange::Open(dialog), kept: None };
        self.changes.as_ref().is_none_or(|queue| queue.try_send(change).is_ok())
    }

    /// A dialog is over. Waits for room, as nobody else would take it out.
    pub(super) async fn over(&self, sip_call_id: String) {
        let Some(queue) = &self.changes else { return };
        let change = ToKeep { change: DialogChange::Over { sip_call_id }, kept: None };
        // Nobody reads it any more when the server stops: the next one finds the row.
        let _ = queue.send(change).await;
    }
}
