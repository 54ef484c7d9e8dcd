//! Reading the log back.

use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{AppId, CallId, EventId, SessionId},
};

use crate::{
    Page, PageRequest, Store, StoreError,
    db::Row,
    db::page::{Conditions, Query},
};

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its place in the log.
    pub seq: Seq,
    /// Its id.
    pub id: EventId,
    /// Its app.
    pub app_id: AppId,
    /// Its session.
    pub session_id: SessionId,
    /// Its call, if it belongs to one.
    pub call_id: Option<CallId>,
    /// Its name.
    pub name: String,
    /// Whether it comes from a preview.
    pub preview: bool,
    /// The envelope as JSON, byte for byte what receivers get.
    pub envelope: String,
    /// When it happened: the envelope's timestamp.
    pub occurred_at: EventTime,
    /// When it was recorded.
    pub recorded_at: EventTime,
}

/// Which events of an app. All given conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events of this call.
    pub call_id: Option<CallId>,
    /// Only events whose context has this key and value.
    pub context: Option<(String, String)>,
    /// Only events of this name.
    pub name: Option<String>,
}

impl Store {
    /// An app's events, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(
        &self,
        app_id: AppId,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        let query = query(app_id, filter, page);
        Page::read(&self.db().read, query, page.limit, event, |event| event.seq).await
    }
}

pub(crate) fn query(app_id: AppId, filter: &EventFilter, page: PageRequest<Seq>) -> Query {
    let mut conditions = Conditions::default();
    match &filter.context {
        Some(pair) => conditions.and_context(app_id, pair),
        None => conditions.and("app_id = $", app_id.to_string()),
    }
    if let Some(call_id) = filter.call_id {
        conditions.and("call_id = $", call_id.to_string());
    }
    if let Some(name) = &filter.name {
        conditions.and("name = $", name.as_str());
    }
    if let Some(after) = page.after {
        conditions.and("seq < $", after.0);
    }
    conditions.query("SELECT * FROM events", "ORDER BY seq DESC", &page)
}

fn event(row: &Row) -> Result<RecordedEvent, StoreError> {
    Ok(RecordedEvent {
        seq: Seq(row.get("seq")?),
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        session_id: row.parse("session_id")?,
        call_id: row.parse_opt("call_id")?,
        name: row.get("name")?,
        preview: row.get("preview")?,
        envelope: row.get("envelope")?,
        occurred_at: row.time("occurred_at")?,
        recorded_at: row.time("recorded_at")?,
    })
}
