//! Errors of the other crates as problem documents: one mapping for all handlers.

use bellpush_delivery::NotRunning;
use bellpush_store::{
    AppendError, ApplyError, KeyError, MemberError, Refusal, RevealError, SaveError, StoreError,
};
use tracing::error;

use super::problem::Problem;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        error!(%error, "the store failed");
        match error {
            StoreError::Database(_) | StoreError::Fenced => {
                Self::unavailable("the database can't be used right now; try again in a moment")
                    .retry_after(2)
            }
            StoreError::Corrupt { .. } | StoreError::Secret(_) => {
                Self::internal("the server can't read its own data; its log says what is wrong")
            }
        }
    }
}

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::UnknownApp => Self::not_found("there is no such app"),
            SaveError::TooManyActive { .. } => Self::conflict(error.to_string()).at("/active"),
            SaveError::UnknownSecret { ref pointer, .. } => {
                let pointer = pointer.clone();
                Self::invalid(error.to_string()).at(pointer)
            }
            SaveError::SecretsRequired { pointer, .. } => {
                Self::secrets_required(error.to_string()).at(pointer)
            }
            SaveError::TooManyAlertRules => Self::conflict(error.to_string()),
            SaveError::TooManySecrets => Self::conflict(error.to_string()).at("/secrets"),
            SaveError::SecretInUse { .. } => Self::conflict(error.to_string()),
            SaveError::TooManyOverlaps => Self::conflict(error.to_string()).at("/overlapSeconds"),
            SaveError::UnknownTrunk(_) => Self::invalid(error.to_string()).at("/trunkId"),
            SaveError::InUse { .. } => Self::conflict(error.to_string()),
            SaveError::Field(error) => error.into(),
            SaveError::Outdated(outdated) => Self::outdated(outdated),
            SaveError::Store(error) => error.into(),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Moved { .. } => Self::precondition_failed(error.to_string()),
            ApplyError::At { pointer, error } => {
                let problem = Self::from(error);
                let inner = problem.pointer.clone().unwrap_or_default();
                problem.at(format!("/configuration{pointer}{inner}"))
            }
            ApplyError::Store(error) => error.into(),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Unknown => Self::not_found(error.to_string()),
            MemberError::EmailTaken => Self::conflict(error.to_string()).at("/email"),
            MemberError::AboveOwnRank => Self::above_own_rank(error.to_string()),
            MemberError::LastOwner => Self::last_owner(error.to_string()),
            MemberError::DeadLink => Self::invitation_invalid(error.to_string()),
            MemberError::Outdated(outdated) => Self::outdated(outdated),
            MemberError::Store(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::AboveOwnRank => Self::above_own_rank(error.to_string()),
            KeyError::Configured => Self::conflict(error.to_string()),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<RevealError> for Problem {
    fn from(error: RevealError) -> Self {
        match error {
            RevealError::TooMany { wait } => {
                metrics::counter!("bellpush_rate_limited_total", "what" => "reveals").increment(1);
                let seconds = wait.as_secs() + 1;
                Self::rate_limited(format!("{error}; try again in {seconds} s"))
                    .retry_after(seconds)
            }
            RevealError::Store(error) => error.into(),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Overloaded => Self::unavailable(error.to_string()).retry_after(1),
            AppendError::Closed => {
                Self::shutting_down("the server is stopping; try again in a moment").retry_after(5)
            }
            AppendError::Refused { reason, .. } => match reason {
                Refusal::UnknownApp | Refusal::UnknownCall => Self::not_found(reason.to_string()),
                Refusal::IdTaken
                | Refusal::AlreadyStarted
                | Refusal::AlreadyEnded
                | Refusal::LivesElsewhere
                | Refusal::NotEnded
                | Refusal::SurveyTwice => Self::conflict(reason.to_string()),
                Refusal::TooManyCalls => Self::rate_limited(reason.to_string()),
                Refusal::Mismatch => Self::internal(reason.to_string()),
            },
            // The event log has told the server's log of it.
            AppendError::Store(_) => {
                Self::unavailable("the event could not be stored; try again in a moment")
                    .retry_after(1)
            }
        }
    }
}

impl From<NotRunning> for Problem {
    fn from(error: NotRunning) -> Self {
        Self::unavailable(error.to_string()).retry_after(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_log_names_no_place_in_a_body_that_it_does_not_know() {
        for (reason, status) in [(Refusal::UnknownApp, 404), (Refusal::IdTaken, 409)] {
            let problem = Problem::from(AppendError::Refused { index: 0, reason });
            assert_eq!((problem.status, problem.pointer), (status, None));
        }
    }
}
