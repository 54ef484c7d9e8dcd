//! Why settings are not saved.

use bellpush_core::{
    FieldError,
    alerts::MAX_ALERT_RULES,
    ids::TrunkId,
    integration::{MAX_OVERLAPS, MAX_SECRETS, SecretName},
};
use sea_orm::DbErr;

use crate::{error::StoreError, revision::Outdated};

/// Why settings could not be saved, or what has them not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// There is no such app.
    #[error("there is no such app")]
    UnknownApp,
    /// The app has as many active integrations as it may have.
    #[error("an app has at most {max} active integrations; deactivate one first")]
    TooManyActive {
        /** The limit. */
        max: u8,
    },
    /// The settings name a secret that the integration has not.
    #[error("{{secret.{name}}} is not defined on this integration")]
    UnknownSecret {
        /** The secret. */
        name: SecretName,
        /** What names it, as a JSON pointer. */
        pointer: String,
    },
    /// The settings lead elsewhere than before, and the secrets have not come anew.
    #[error("it leads to another place now; for that, send these anew: {}", names.join(", "))]
    SecretsRequired {
        /** What is missing. */
        names: Vec<String>,
        /** Where it belongs in the request, as a JSON pointer. */
        pointer: &'static str,
    },
    /// The settings name the secret that is to be deleted.
    #[error("the integration uses {{secret.{name}}} in {pointer}; change that first")]
    SecretInUse {
        /** The secret. */
        name: SecretName,
        /** What names it, as a JSON pointer. */
        pointer: String,
    },
    /// The integration has as many secrets as it may have.
    #[error("an integration has at most {MAX_SECRETS} secrets")]
    TooManySecrets,
    /// Too many signing secrets are in their overlap.
    #[error(
        "at most {MAX_OVERLAPS} rotated signing secrets can be in their overlap; wait for one to \
         expire, or rotate without an overlap, which ends them all"
    )]
    TooManyOverlaps,
    /// The app has as many alert rules as it may have.
    #[error("an app has at most {MAX_ALERT_RULES} alert rules; delete one first")]
    TooManyAlertRules,
    /// A profile refers to a trunk that is not there.
    #[error("there is no trunk {0}")]
    UnknownTrunk(TrunkId),
    /// A setting can't be saved beside those that are there.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Others refer to what was to be deleted.
    #[error("it can't be deleted: {why}")]
    InUse {
        /** Who does, in a sentence. */
        why: String,
    },
    /// It is of another revision than expected.
    #[error(transparent)]
    Outdated(#[from] Outdated),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for SaveError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}
