//! Reading the log back.

use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{AppId, CallId, EventId, SessionId},
};

use serde::{Deserialize, Serialize};

use crate::{
    Page, PageRequest, Store, StoreError,
    db::page::{Conditions, Query},
    db::{self, Row},
    deliveries::search::Bounds,
    insight::context::{self, ByContext},
};

/// Rows that one page looks through, at most.
const PAGE_SCAN: i64 = 10_000;

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EventFilter {
    /// Only events of this call.
    pub call_id: Option<CallId>,
    /// Only events whose context has this key and value.
    pub context: Option<(String, String)>,
    /// Only events of this name.
    pub name: Option<String>,
    /// Only events that were recorded then or later.
    pub from: Option<EventTime>,
    /// Only events that were recorded earlier.
    pub to: Option<EventTime>,
}

impl Store {
    /// One event of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event(
        &self,
        app_id: AppId,
        id: EventId,
    ) -> Result<Option<RecordedEvent>, StoreError> {
        let row = db::one(&self.db().read, EVENT, [id.to_string().into()]).await?;
        let found = row.as_ref().map(event).transpose()?;
        Ok(found.filter(|event| event.app_id == app_id))
    }

    /// An app's events, newest first. A page may hold fewer than were asked for, or none, and still
    /// name where to go on: there it has looked through as many as one page may.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(
        &self,
        app_id: AppId,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        let times = self.bounds(filter.from, filter.to).await?;
        let bounds = times.within(Bounds { after: None, before: page.after });
        let by_context = match &filter.context {
            Some(pair) => context::way(self.db(), app_id, pair).await?,
            None => ByContext::Sessions,
        };
        let search = Search { app_id, filter, bounds, by_context };
        let floor = match search.floor(PAGE_SCAN) {
            Some(Query { sql, values }) => {
                let row = db::one(&self.db().read, &sql, values).await?;
                row.map(|row| row.get("seq").map(Seq)).transpose()?
            }
            None => None,
        };
        let query = search.newest(page.limit, floor);
        let found =
            Page::read(&self.db().read, query, page.limit, event, |event| event.seq).await?;
        Ok(Page { next: found.next.or(floor), items: found.items })
    }
}

/// A search of an app's events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) app_id: AppId,
    pub(crate) filter: &'a EventFilter,
    pub(crate) bounds: Bounds,
    pub(crate) by_context: ByContext,
}

impl Search<'_> {
    /// The newest ones, and one more than the limit; none before the floor.
    pub(crate) fn newest(self, limit: u32, floor: Option<Seq>) -> Query {
        let mut conditions = self.driven();
        if let Some(floor) = floor {
            conditions.and("seq >= $", floor.0);
        }
        let EventFilter { context, from, to, .. } = self.filter;
        if let Some(pair) = context.as_ref().filter(|_| !self.is_by_sessions()) {
            conditions.and_context_of(self.app_id, pair, "events.session_id");
        }
        if let Some(from) = from {
            conditions.and("recorded_at >= $", from.millis());
        }
        if let Some(to) = to {
            conditions.and("recorded_at < $", to.millis());
        }
        let page = PageRequest::<Seq>::first(limit);
        conditions.query(
            concat!("SELECT ", db::columns!(events), " FROM events"),
            "ORDER BY seq DESC",
            &page,
        )
    }

    /// The place so many rows further on, where rows have to be looked at one by one.
    pub(crate) fn floor(self, scan: i64) -> Option<Query> {
        if self.filter.context.is_none() || self.is_by_sessions() {
            return None;
        }
        let mut conditions = self.driven();
        let offset = conditions.placeholder(scan - 1);
        let Query { sql, values } = conditions.all("SELECT seq FROM events");
        Some(Query { sql: format!("{sql}\nORDER BY seq DESC\nLIMIT 1 OFFSET {offset}"), values })
    }

    fn is_by_sessions(self) -> bool {
        self.filter.context.is_some() && self.by_context == ByContext::Sessions
    }

    /// What an index answers.
    fn driven(self) -> Conditions {
        let mut conditions = Conditions::default();
        match &self.filter.context {
            Some(pair) if self.is_by_sessions() => conditions.and_context(self.app_id, pair),
            _ => conditions.and("app_id = $", self.app_id.to_string()),
        }
        if let Some(call_id) = self.filter.call_id {
            conditions.and("call_id = $", call_id.to_string());
        }
        if let Some(name) = &self.filter.name {
            conditions.and("name = $", name.as_str());
        }
        if let Some(after) = self.bounds.after {
            conditions.and("seq > $", after.0);
        }
        if let Some(before) = self.bounds.before {
            conditions.and("seq < $", before.0);
        }
        conditions
    }
}

pub(crate) const EVENT: &str =
    concat!("SELECT ", db::columns!(events), " FROM events WHERE id = $1");

pub(crate) fn event(row: &Row) -> Result<RecordedEvent, StoreError> {
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
