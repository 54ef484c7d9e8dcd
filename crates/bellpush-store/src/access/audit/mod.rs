//! The audit trail: who did what, when, and from where. What it tells of is done in the same
//! transaction as it is written down, and each line vouches for all before it.

mod action;
mod actor;
mod chain;
mod notes;
pub(crate) mod search;

use serde::Serialize;
use serde_json::Value;

use bellpush_core::{access::Change, delivery::Seq, events::EventTime, ids::AppId};

pub use action::{AuditAction, Deed};
pub use actor::{Actor, LastChange, Who};
pub use chain::{AuditFault, AuditTrail};
pub use search::AuditFilter;

pub(crate) use chain::{hash_earlier, write, write_update};

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its place in the trail, from 1.
    pub seq: Seq,
    /// When.
    pub at: EventTime,
    /// What was done.
    pub action: Deed,
    /// By whom.
    pub actor: Actor,
    /// In which app, if in one; it may be gone.
    pub app_id: Option<AppId>,
    /// With what, by its id; it may be gone.
    pub subject_id: Option<String>,
    /// Its name then, or the name of the part of it.
    pub subject_name: Option<String>,
    /// Field by field.
    pub changes: Vec<Change>,
}

/// What is to be written down.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    action: AuditAction,
    app_id: Option<AppId>,
    subject_id: Option<String>,
    subject_name: Option<String>,
    changes: Vec<Change>,
}

impl Line {
    pub(crate) const fn new(action: AuditAction) -> Self {
        Self { action, app_id: None, subject_id: None, subject_name: None, changes: Vec::new() }
    }

    /// Whether something has changed.
    pub(crate) const fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(crate) fn in_app(mut self, id: AppId) -> Self {
        self.app_id = Some(id);
        self
    }

    pub(crate) fn on(mut self, id: impl ToString) -> Self {
        self.subject_id = Some(id.to_string());
        self
    }

    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.subject_name = Some(name.into());
        self
    }

    /// With what has changed between two values; `Null` stands for nothing there.
    pub(crate) fn between(self, before: &impl Serialize, after: &impl Serialize) -> Self {
        // Our own types can always be written.
        let value = |it: &dyn Fn() -> Result<Value, serde_json::Error>| it().unwrap_or_default();
        let before = value(&|| serde_json::to_value(before));
        let after = value(&|| serde_json::to_value(after));
        self.with(Change::between(&before, &after))
    }

    /// And with a secret that has changed.
    pub(crate) fn and_secret(mut self, field: &str) -> Self {
        self.changes.push(Change::of_secret(field));
        self
    }

    pub(crate) fn with(mut self, changes: Vec<Change>) -> Self {
        self.changes = changes;
        self
    }
}
