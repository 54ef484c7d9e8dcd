//! What is kept in the commits of events beside them.

use tokio::sync::oneshot;

use crate::{
    calls::dialogs::rows::DialogChanges,
    db::{Batch, Db},
    deliveries::{attempts, exchanges::EndedAttempt},
    error::StoreError,
};

/// What is kept beside events.
#[derive(Debug)]
pub(super) enum Kept {
    /// Attempts that ended.
    Attempts(Vec<EndedAttempt>),
    /// What became of dialogs.
    Dialogs(DialogChanges),
}

impl Kept {
    /// Adds the statements that keep it.
    pub(super) fn record(&self, batch: &mut Batch) {
        match self {
            Self::Attempts(ended) => attempts::record(batch, ended),
            Self::Dialogs(changes) => changes.record(batch),
        }
    }

    /// Keeps it in a transaction of its own.
    async fn record_alone(&self, db: &Db) -> Result<(), StoreError> {
        match self {
            Self::Attempts(ended) => attempts::record_alone(db, None, ended).await,
            Self::Dialogs(changes) => changes.record_alone(db).await,
        }
    }
}

/// Somebody waits until it is kept.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) kept: Kept,
    pub(super) answer: oneshot::Sender<Result<(), StoreError>>,
}

impl Beside {
    /// It is on disk.
    pub(super) fn done(self) {
        // Who asked may be gone; it is kept all the same.
        let _ = self.answer.send(Ok(()));
    }

    /// Keeps it by itself, and says what came of that.
    pub(super) async fn keep_alone(self, db: &Db) {
        let _ = self.answer.send(self.kept.record_alone(db).await);
    }
}
