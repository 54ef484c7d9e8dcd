//! Reading the trail.

use bellpush_core::{access::Apps, delivery::Seq, events::EventTime, ids::AppId};
use sea_orm::ConnectionTrait;

use super::{Actor, AuditAction, AuditEntry, AuditFault, LastChange, chain};
use crate::{
    Page, PageRequest, Store, StoreError,
    db::{
        self, Row,
        page::{Conditions, Query},
    },
};

/// Which lines. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this app.
    pub app_id: Option<AppId>,
    /// On this subject.
    pub subject_id: Option<String>,
    /// By the member or the key with this id.
    pub actor_id: Option<String>,
    /// Of these kinds; all when there is none.
    pub actions: Vec<AuditAction>,
    /// From then on.
    pub from: Option<EventTime>,
    /// Before then.
    pub to: Option<EventTime>,
    /// Of these apps alone; `None`: also what is of no app.
    pub apps: Option<Apps>,
}

impl Store {
    /// Lines of the audit trail, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        page: PageRequest<Seq>,
    ) -> Result<Page<AuditEntry, Seq>, StoreError> {
        let query = query(filter, page);
        Page::read(&self.db().read, query, page.limit, entry, |entry| entry.seq).await
    }
}

impl Store {
    /// Who did one of these last with a subject in an app, and when.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_change(
        &self,
        app_id: AppId,
        subject_id: &str,
        actions: &[AuditAction],
    ) -> Result<Option<LastChange>, StoreError> {
        let filter = AuditFilter {
            app_id: Some(app_id),
            subject_id: Some(subject_id.to_owned()),
            actions: actions.to_vec(),
            ..AuditFilter::default()
        };
        newest(&self.db().read, &filter).await
    }
}

impl Store {
    /// Reads the whole audit trail: how many lines it has, or the first thing that is wrong.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_audit(&self) -> Result<Result<i64, AuditFault>, StoreError> {
        chain::verify(&self.db().read).await
    }
}

/// Who did one of these last with a subject, and when.
pub(crate) async fn last(
    connection: &impl ConnectionTrait,
    subject_id: Option<&str>,
    actions: &[AuditAction],
) -> Result<Option<LastChange>, StoreError> {
    let filter = AuditFilter {
        subject_id: subject_id.map(ToOwned::to_owned),
        actions: actions.to_vec(),
        ..AuditFilter::default()
    };
    newest(connection, &filter).await
}

async fn newest(
    connection: &impl ConnectionTrait,
    filter: &AuditFilter,
) -> Result<Option<LastChange>, StoreError> {
    let query = query(filter, PageRequest { after: None, limit: 1 });
    let page = Page::read(connection, query, 1, entry, |entry| entry.seq).await?;
    Ok(page.items.into_iter().next().map(|AuditEntry { actor, at, .. }| LastChange { actor, at }))
}

pub(crate) fn query(filter: &AuditFilter, page: PageRequest<Seq>) -> Query {
    let mut conditions = Conditions::default();
    if let Some(id) = &filter.subject_id {
        conditions.and("subject_id = $", id.as_str());
    }
    if let Some(id) = &filter.actor_id {
        conditions.and("actor_id = $", id.as_str());
    }
    if let Some(id) = filter.app_id {
        conditions.and("app_id = $", id.to_string());
    }
    if let Some(Apps::Only(apps)) = &filter.apps {
        let apps: Vec<_> = apps.iter().map(ToString::to_string).collect();
        conditions.and_among("app_id", apps);
    }
    if !filter.actions.is_empty() {
        let actions = filter.actions.iter().map(|action| action.as_str().to_owned()).collect();
        conditions.and_among("action", actions);
    }
    if let Some(from) = filter.from {
        conditions.and("at >= $", from.millis());
    }
    if let Some(to) = filter.to {
        conditions.and("at < $", to.millis());
    }
    if let Some(after) = page.after {
        conditions.and("seq < $", after.0);
    }
    conditions.query(
        concat!("SELECT ", db::columns!(audit_trail), " FROM audit_trail"),
        "ORDER BY seq DESC",
        &page,
    )
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: Seq(row.get("seq")?),
        at: row.time("at")?,
        action: row.get::<String>("action")?.into(),
        actor: Actor::read(row)?,
        app_id: row.parse_opt("app_id")?,
        subject_id: row.get("subject_id")?,
        subject_name: row.get("subject_name")?,
        changes: row.json("changes")?,
    })
}
