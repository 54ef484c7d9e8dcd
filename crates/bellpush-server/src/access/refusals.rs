//! Refusals go into the audit trail: of one caller and operation one in a minute, however often it is
//! tried, and waited for by no request.

use std::time::Duration;

use axum::http::Method;
use bellpush_store::{Store, Who};
use moka::sync::Cache;

use super::Caller;
use crate::http::problem::Problem;

/// How long a refusal stands for those that follow it.
const KEPT_EVERY: Duration = Duration::from_secs(60);
/// Refusals that are remembered at once.
const REMEMBERED: u64 = 10_000;

/// Writes refusals down. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(super) struct Refusals {
    store: Store,
    kept: Cache<(Option<String>, Method, String), ()>,
}

impl Refusals {
    pub(super) fn new(store: Store) -> Self {
        let kept = Cache::builder().max_capacity(REMEMBERED).time_to_live(KEPT_EVERY).build();
        Self { store, kept }
    }

    /// Passes on what came of asking, and writes it down if it was refused.
    pub(super) fn note(
        &self,
        caller: &Caller,
        (method, path): &(Method, String),
        outcome: Result<(), Problem>,
    ) -> Result<(), Problem> {
        let Err(problem) = &outcome else { return outcome };
        let actor = caller.actor();
        let key = (Who::id(actor.who), method.clone(), path.clone());
        if !self.kept.entry(key).or_insert(()).is_fresh() {
            return outcome;
        }
        let (store, needed) = (self.store.clone(), problem.needed());
        let operation = format!("{method} {path}");
        tokio::spawn(async move {
            if let Err(error) = store.record_refusal(&actor, &operation, needed).await {
                tracing::warn!(%error, "a refusal can't be written down");
            }
        });
        outcome
    }
}
