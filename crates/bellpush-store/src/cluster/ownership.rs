//! What this process may write as an owner: the fence.
//!
//! A node that others took for dead has no row any more. Every write of an owner begins by locking
//! its row against that: either the row is there, and nobody takes over before the write is done, or
//! nothing is written.

use std::sync::{PoisonError, RwLock};

use bellpush_core::cluster::Term;
use sea_orm::DatabaseTransaction;
use tokio::sync::watch;

use crate::{db, error::StoreError};

pub(crate) const FENCE: &str = "
    SELECT 1 AS held
    FROM nodes
    WHERE id = $1
      AND incarnation = $2
    FOR KEY SHARE";

/// Under which membership this process writes.
#[derive(Debug)]
pub(crate) struct Ownership {
    term: RwLock<Writes>,
    leads: watch::Sender<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Writes {
    /// It is the only one.
    Alone,
    /// It is one of several, and may write as an owner while it has a term.
    As(Option<Term>),
}

impl Default for Ownership {
    fn default() -> Self {
        Self { term: RwLock::new(Writes::Alone), leads: watch::Sender::new(true) }
    }
}

impl Ownership {
    pub(crate) fn set_term(&self, term: Option<Term>) {
        *self.term.write().unwrap_or_else(PoisonError::into_inner) = Writes::As(term);
    }

    pub(crate) const fn leads(&self) -> &watch::Sender<bool> {
        &self.leads
    }

    /// Begins an owner's write.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when this process is no owner any more.
    pub(crate) async fn fence(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let term = *self.term.read().unwrap_or_else(PoisonError::into_inner);
        match term {
            Writes::Alone => Ok(()),
            Writes::As(None) => Err(StoreError::Fenced),
            Writes::As(Some(Term { node_id, incarnation })) => {
                let values = [node_id.to_string().into(), incarnation.into()];
                let row = db::one(transaction, FENCE, values).await?;
                row.map(drop).ok_or(StoreError::Fenced)
            }
        }
    }
}
