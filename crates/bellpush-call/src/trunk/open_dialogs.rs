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

/// When a dialog is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndWhen {
    /// Unless another process has taken it over.
    Always,
    /// Only if another process has the call, and not this dialog: that one goes on by a dialog of its own.
    Stray,
}

/// A question for whether a dialog is to be ended here.
#[derive(Debug)]
pub struct MayEnd {
    /// The call that it was opened for.
    pub call_id: CallId,
    /// Its Call-ID.
    pub sip_call_id: String,
    /// When it is to be.
    pub when: EndWhen,
    /// Told whether it is; then nobody takes it over any more. Dropped without a word, nobody knows: then
    /// it is left to others.
    pub answer: oneshot::Sender<bool>,
}

/// A new dialog that is not on disk yet: told when it is.
pub(super) struct Unkept(oneshot::Receiver<()>);

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

    /// The same where others may have taken a dialog over meanwhile: before it is ended, it is asked
    /// whether that is so.
    #[must_use]
    pub fn asking(self, capacity: usize) -> (Self, mpsc::Receiver<MayEnd>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { questions: Some(sender), ..self }, receiver)
    }

    /// Whether a dialog is to be ended here, however long the answer takes. What was kept of it says so:
    /// one that is not on disk yet is waited for.
    pub(super) async fn may_end(
        &self,
        (call_id, sip_call_id): (CallId, &str),
        when: EndWhen,
        unkept: Option<Unkept>,
    ) -> bool {
        let Some(questions) = &self.questions else { return when == EndWhen::Always };
        if let Some(Unkept(is_kept)) = unkept {
            // Dropped without a word when the server stops; then nobody answers below, either.
            let _ = is_kept.await;
        }
        let (answer, may_end) = oneshot::channel();
        let question = MayEnd { call_id, sip_call_id: sip_call_id.to_owned(), when, answer };
        // Nobody answers any more when the server stops: whoever comes after it ends what is left.
        match questions.send(question).await {
            Ok(()) => may_end.await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// A dialog was opened. Returns when that is on disk, or after so long in any case; then with what
    /// tells when it is.
    pub(super) async fn opened(&self, dialog: OpenDialog, patience: Duration) -> Option<Unkept> {
        let queue = self.changes.as_ref()?;
        let (kept, mut is_kept) = oneshot::channel();
        let change = ToKeep { change: DialogChange::Open(dialog), kept: Some(kept) };
        let keeping = async {
            // Without a reader, the answer does not come either.
            if queue.send(change).await.is_ok() {
                let _ = (&mut is_kept).await;
            }
        };
        if tokio::time::timeout(patience, keeping).await.is_ok() {
            return None;
        }
        tracing::warn!("a dialog can't be kept yet");
        Some(Unkept(is_kept))
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
