//! Refusals go into the audit trail: of one caller and operation one in a minute, however often it is
//! tried, and waited for by no request.

use std::time::Duration;

use axum::http::Method;
use bellpush_core::access::Permission;
use bellpush_store::{Store, Who};
use moka::sync::Cache;

use super::Caller;

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

    /// Writes down that somebody was refused, for want of a permission or of something else.
    pub(super) fn note(
        &self,
        caller: &Caller,
        (method, path): &(Method, String),
        needed: Option<Permission>,
    ) {
        let actor = caller.actor();
        let key = (Who::id(actor.who), method.clone(), path.clone());
        if !self.kept.entry(key).or_insert(()).is_fresh() {
            return;
        }
        let store = self.store.clone();
        let operation = format!("{method} {path}");
        tokio::spawn(async move {
            if let Err(error) = store.record_refusal(&actor, &operation, needed).await {
                tracing::warn!(%error, "a refusal can't be written down");
            }
        });
    }
}
