//! Lines of the audit trail, as they are shown.

use std::net::IpAddr;

use bellpush_core::{access::Change, delivery::Seq, events::EventTime, ids::AppId};
use bellpush_store::{Actor, AuditEntry, Deed, Page};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::actor::ActorView;

/// One line of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    /// Its place in the trail, from 1.
    seq: i64,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// What was done, such as `secret_revealed`. While servers of several versions run, a newer one may
    /// have written a word that this one has in no list.
    #[schema(value_type = String)]
    action: Deed,
    /// By whom.
    actor: ActorView,
    /// The address from which it was done; `null` on the server's own host.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// The app, if it was done in one; it may be gone.
    #[schema(value_type = Option<String>)]
    app_id: Option<AppId>,
    /// What it was done with; it may be gone.
    subject_id: Option<String>,
    /// Its name then, or that of a part of it, such as a secret's.
    subject_name: Option<String>,
    /// What has changed, field by field. Of secrets no values.
    changes: Vec<Change>,
}

impl AuditView {
    /// As cells of a table, in the order of the export's columns.
    pub(super) fn cells(&self) -> [String; 11] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            self.seq.to_string(),
            self.at.to_string(),
            self.action.as_str().to_owned(),
            self.actor.kind.to_owned(),
            text(&self.actor.id),
            text(&self.actor.name),
            self.address.map(|address| address.to_string()).unwrap_or_default(),
            self.app_id.map(|id| id.to_string()).unwrap_or_default(),
            text(&self.subject_id),
            text(&self.subject_name),
            serde_json::to_string(&self.changes).unwrap_or_default(),
        ]
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        let Actor { who, name, address } = entry.actor;
        let Seq(seq) = entry.seq;
        Self {
            seq,
            at: entry.at,
            action: entry.action,
            actor: ActorView::new(who, name),
            address,
            app_id: entry.app_id,
            subject_id: entry.subject_id,
            subject_name: entry.subject_name,
            changes: entry.changes,
        }
    }
}

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The lines, newest first.
    items: Vec<AuditView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

impl From<Page<AuditEntry, Seq>> for AuditPage {
    fn from(page: Page<AuditEntry, Seq>) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next.map(|seq| seq.to_string()),
        }
    }
}
