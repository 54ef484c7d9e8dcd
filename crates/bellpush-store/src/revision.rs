//! Revisions: who changes settings may say which ones they have seen, so that what others have
//! changed meanwhile is not overwritten.

use sea_orm::DatabaseTransaction;

use crate::{
    StoreError,
    access::audit::{self, Actor, AuditAction, LastChange},
};

/// Which revision something has to be of for a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expected {
    /// Any.
    #[default]
    Any,
    /// This one. Revisions count changes, from 1; 0 stands for nothing there.
    Revision(u64),
}

/// A change: by whom, and of which revision.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// By whom.
    pub actor: &'a Actor,
    /// Of which revision.
    pub expected: Expected,
}

/// Of any revision.
impl<'a> From<&'a Actor> for Edit<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { actor, expected: Expected::Any }
    }
}

/// Somebody else has changed it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it has been changed meanwhile; read it again")]
pub struct Outdated {
    /// The present revision.
    pub present: u64,
    /// By whom and when it was changed last, as far as that is known.
    pub last_change: Option<LastChange>,
}

/// What changes of something are called in the audit trail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The id of what is changed; `None`: there is one such.
    pub(crate) id: Option<&'a str>,
    pub(crate) actions: &'a [AuditAction],
}

impl Expected {
    /// Whether something of this revision may be changed.
    #[must_use]
    pub const fn allows(self, present: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Revision(expected) => expected == present,
        }
    }

    /// Refuses a change of another revision, in the transaction of the change.
    pub(crate) async fn check<E: From<Outdated> + From<StoreError>>(
        self,
        transaction: &DatabaseTransaction,
        present: u64,
        subject: Subject<'_>,
    ) -> Result<(), E> {
        if self.allows(present) {
            return Ok(());
        }
        let last_change = audit::search::last(transaction, subject.id, subject.actions).await?;
        Err(Outdated { present, last_change }.into())
    }
}
