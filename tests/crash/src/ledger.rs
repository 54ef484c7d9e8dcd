//! What the pages know: what they sent, and what the server has promised them.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// Shared by all pages.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Every submission ever sent, by the event's id.
    pub(crate) sent: HashMap<String, Value>,
    /// Ids of the events that were answered with 2xx.
    pub(crate) acknowledged: HashSet<String>,
    /// Calls whose 201 arrived.
    pub(crate) accepted_calls: HashSet<String>,
    /// Calls whose end was answered with 204.
    pub(crate) ended_calls: HashSet<String>,
    /// Whether pages begin no other visit.
    pub(crate) closing: bool,
    /// Whether servers may end a call that another one holds, as they took that one for dead: who rated
    /// it then is refused.
    pub(crate) calls_may_be_lost: bool,
    /// Answers that nobody expects, whatever is killed when.
    pub(crate) strange: Vec<String>,
}

impl Ledger {
    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> usize {
        self.entries().accepted_calls.len()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries();
        write!(
            f,
            "pages: {} events sent, {} acknowledged; {} calls accepted, {} ended",
            entries.sent.len(),
            entries.acknowledged.len(),
            entries.accepted_calls.len(),
            entries.ended_calls.len()
        )
    }
}

/// The id of a submission.
pub(crate) fn id(submission: &Value) -> String {
    submission["id"].as_str().unwrap_or_default().to_owned()
}
