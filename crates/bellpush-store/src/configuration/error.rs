//! Why a document is not applied, with its place in it.

use bellpush_core::FieldError;

use crate::{DesignError, SaveError, StoreError};

/// Why a document was not applied; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// What is set up is not any more what the plan was made on.
    #[error("what is set up has changed since the plan was made; make it again")]
    Moved {
        /** The hash of what is set up now. */
        state: String,
    },
    /// Something in it can't be saved.
    #[error("{error}")]
    At {
        /** Where in the document, as a JSON pointer. */
        pointer: String,
        /** Why. */
        error: SaveError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for ApplyError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What breaks a rule at a place of the document.
pub(super) fn refused(pointer: &str, message: &str) -> ApplyError {
    let error = FieldError { pointer: String::new(), message: message.into() };
    at(pointer, error.into())
}

/// What can't be saved at a place of the document.
pub(super) fn at(pointer: &str, error: SaveError) -> ApplyError {
    match error {
        SaveError::Store(error) => ApplyError::Store(error),
        error => ApplyError::At { pointer: pointer.to_owned(), error },
    }
}

/// The app is there, and any revision will do.
pub(super) fn failed(error: DesignError) -> ApplyError {
    match error {
        DesignError::Store(error) => ApplyError::Store(error),
        DesignError::UnknownApp => refused("/apps", "there is no such app"),
        DesignError::Outdated(outdated) => at("/apps", outdated.into()),
        DesignError::MissingFields(mut faults) => match faults.pop() {
            Some(fault) => at("/apps", fault.into()),
            None => refused("/apps", "the design can't be published"),
        },
    }
}
