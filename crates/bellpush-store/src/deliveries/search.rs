//! The delivery log: what became of an integration's deliveries, to be looked through.

use bellpush_core::{
    delivery::{DeliveryKey, DeliveryStatus, Seq},
    events::EventTime,
    ids::{AppId, CallId, EventId, IntegrationId},
};
use sea_orm::Value;
use serde::{Deserialize, Serialize};

use crate::{
    Page, PageRequest, Store, StoreError,
    db::page::{Conditions, Query},
    db::{self, Row},
    deliveries::{attempts::key, status::word},
    insight::context::{self, ByContext},
};

/// A clock may have been put back by so much, at most, for a range of times to be found exactly.
const CLOCK_STEP_MS: i64 = 3_600_000;

/// A delivery, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub key: DeliveryKey,
    /// The event's id.
    pub event_id: EventId,
    /// The event's name.
    pub event_name: String,
    /// The event's call, if it belongs to one.
    pub call_id: Option<CallId>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts made so far.
    pub attempts: u32,
    /// Those of them that were made before its last replay; 0 when it was never replayed.
    pub earlier_attempts: u32,
    /// When the next attempt is due, while pending.
    pub next_due: Option<EventTime>,
    /// When the event was recorded.
    pub recorded_at: EventTime,
}

/// Which deliveries of an integration. All given conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DeliveryFilter {
    /// Only those that stand here; all when it is empty.
    pub statuses: Vec<DeliveryStatus>,
    /// Only those of events of this name.
    pub name: Option<String>,
    /// Only that of this event.
    pub event_id: Option<EventId>,
    /// Only those of events of this call.
    pub call_id: Option<CallId>,
    /// Only those of events whose context has this key and value.
    pub context: Option<(String, String)>,
    /// Only those of events that were recorded then or later.
    pub from: Option<EventTime>,
    /// Only those of events that were recorded earlier.
    pub to: Option<EventTime>,
}

/// Between which places of the log to look: after the first, before the second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    pub(crate) after: Option<Seq>,
    pub(crate) before: Option<Seq>,
}

impl Bounds {
    /// The part of these bounds that lies within others.
    pub(crate) fn within(self, other: Self) -> Self {
        let before = match (self.before, other.before) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { after: self.after.max(other.after), before }
    }
}

impl Store {
    /// The deliveries of an integration of this app, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deliveries(
        &self,
        app_id: AppId,
        integration_id: IntegrationId,
        filter: &DeliveryFilter,
        page: PageRequest<Seq>,
    ) -> Result<Page<Delivery, Seq>, StoreError> {
        let bounds = self.bounds(filter.from, filter.to).await?;
        let bounds = bounds.within(Bounds { after: None, before: page.after });
        let by_context = self.by_context(app_id, filter).await?;
        let search = Search { app_id, integration_id, filter, bounds, by_context };
        let query = search.newest(page.limit);
        Page::read(&self.db().read, query, page.limit, delivery, |delivery| delivery.key.seq).await
    }

    /// One delivery of an integration of this app; `None` when it never got the event.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delivery(
        &self,
        app_id: AppId,
        integration_id: IntegrationId,
        event_id: EventId,
    ) -> Result<Option<Delivery>, StoreError> {
        let filter = DeliveryFilter { event_id: Some(event_id), ..DeliveryFilter::default() };
        let page = self.deliveries(app_id, integration_id, &filter, PageRequest::first(1)).await?;
        Ok(page.items.into_iter().next())
    }

    /// How a filter's context is looked for.
    pub(crate) async fn by_context(
        &self,
        app_id: AppId,
        filter: &DeliveryFilter,
    ) -> Result<ByContext, StoreError> {
        match &filter.context {
            Some(pair) => context::way(self.db(), app_id, pair).await,
            None => Ok(ByContext::Sessions),
        }
    }

    /// The places of the log between which all events lie that were recorded between two times.
    pub(crate) async fn bounds(
        &self,
        from: Option<EventTime>,
        to: Option<EventTime>,
    ) -> Result<Bounds, StoreError> {
        let shifted = |time: EventTime, by: i64| time.millis().saturating_add(by);
        let after = match from {
            Some(from) => {
                let first = self.first_recorded_at(shifted(from, -CLOCK_STEP_MS)).await?;
                Some(Seq(first.0.saturating_sub(1)))
            }
            None => None,
        };
        let before = match to {
            Some(to) => Some(self.first_recorded_at(shifted(to, CLOCK_STEP_MS)).await?),
            None => None,
        };
        Ok(Bounds { after, before })
    }

    /// The last place in the log that is taken; 0 when it is empty.
    pub(crate) async fn last_seq(&self) -> Result<Seq, StoreError> {
        let row = db::one(&self.db().read, "SELECT MAX(seq) AS seq FROM events", []).await?;
        Ok(Seq(row.map_or(Ok(None), |row| row.get("seq"))?.unwrap_or(0)))
    }

    /// The place in the log where events recorded at this time, or later, begin. Found by halving,
    /// since times ascend with places: no index on the time has to be written with each event.
    pub(crate) async fn first_recorded_at(&self, millis: i64) -> Result<Seq, StoreError> {
        let read = &self.db().read;
        let (mut low, mut high) = (0_i64, self.last_seq().await?.0 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match db::one(read, RECORDED_AT, [middle.into()]).await? {
                Some(row) if row.get::<i64>("recorded_at")? < millis => {
                    low = row.get::<i64>("seq")? + 1;
                }
                _ => high = middle,
            }
        }
        Ok(Seq(low))
    }
}

pub(crate) const RECORDED_AT: &str = "
    SELECT seq, recorded_at
    FROM events
    WHERE seq >= $1
    ORDER BY seq
    LIMIT 1";

/// A search in the log of one integration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) app_id: AppId,
    pub(crate) integration_id: IntegrationId,
    pub(crate) filter: &'a DeliveryFilter,
    pub(crate) bounds: Bounds,
    pub(crate) by_context: ByContext,
}

impl Search<'_> {
    /// The newest ones, and one more than the limit.
    pub(crate) fn newest(self, limit: u32) -> Query {
        let columns = concat!(
            "
            SELECT ",
            db::columns!(deliveries),
            ", events.id AS event_id, events.name, events.call_id,
                events.recorded_at"
        );
        let order = format!("ORDER BY {} DESC", self.seq());
        self.conditions().query(&self.select(columns), &order, &PageRequest::<Seq>::first(limit))
    }

    /// The places of the oldest ones, and of one more than the limit.
    pub(crate) fn oldest(self, limit: u32) -> Query {
        let order = format!("ORDER BY {}", self.seq());
        let select = self.select("SELECT deliveries.event_seq");
        self.conditions().query(&select, &order, &PageRequest::<Seq>::first(limit))
    }

    /// How many there are.
    pub(crate) fn count(self) -> Query {
        self.conditions().all(&self.select("SELECT COUNT(*) AS count"))
    }

    /// Whether the search goes through events, which are found by an index of theirs, rather than
    /// through deliveries.
    fn by_event(self) -> bool {
        let DeliveryFilter { event_id, call_id, .. } = self.filter;
        event_id.is_some() || call_id.is_some() || self.by_sessions() || self.by_name()
    }

    /// Whether it goes through the events of the sessions of a context.
    fn by_sessions(self) -> bool {
        self.filter.context.is_some() && self.by_context == ByContext::Sessions
    }

    /// Whether it goes through the events of a name. Those that wait or are dead are fewer, and so is
    /// what lies between two bounds.
    fn by_name(self) -> bool {
        let DeliveryFilter { statuses, name, event_id, call_id, .. } = self.filter;
        let few = !statuses.is_empty() && !statuses.contains(&DeliveryStatus::Delivered);
        let bounded = self.bounds.after.is_some() && self.bounds.before.is_some();
        let narrow = event_id.is_some() || call_id.is_some() || self.by_sessions();
        name.is_some() && !(few || bounded || narrow)
    }

    fn seq(self) -> &'static str {
        if self.by_event() { "events.seq" } else { "deliveries.event_seq" }
    }

    /// SQLite goes through the tables of a cross join in their order; PostgreSQL decides by itself.
    fn select(self, columns: &str) -> String {
        let tables = if self.by_event() {
            "FROM events CROSS JOIN deliveries"
        } else {
            "FROM deliveries CROSS JOIN events"
        };
        format!("{columns}\n        {tables}")
    }

    fn conditions(self) -> Conditions {
        let DeliveryFilter { statuses, name, event_id, call_id, context, from, to } = self.filter;
        let mut conditions = Conditions::default();
        conditions.and("deliveries.integration_id = $", self.integration_id.to_string());
        conditions.and_always("deliveries.event_seq = events.seq");
        // Written out, so that the partial indexes serve.
        match statuses.as_slice() {
            [] => {}
            [DeliveryStatus::Pending] => conditions.and_always("deliveries.status = 'pending'"),
            [DeliveryStatus::Delivered] => conditions.and_always("deliveries.status = 'delivered'"),
            [DeliveryStatus::Dead] => conditions.and_always("deliveries.status = 'dead'"),
            several => {
                let words: Vec<_> =
                    several.iter().map(|status| format!("'{}'", word(*status))).collect();
                let list = words.join(", ");
                conditions.and_always(&format!("deliveries.status IN ({list})"));
            }
        }
        // The integration is the app's, and so are the events that it gets: the app has to be named
        // where an index begins with it only.
        match context {
            Some(pair) if self.by_sessions() => conditions.and_context(self.app_id, pair),
            Some(pair) => conditions.and_context_of(self.app_id, pair, "events.session_id"),
            None => {}
        }
        if self.by_name() {
            conditions.and("events.app_id = $", self.app_id.to_string());
        }
        let mut and = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                conditions.and(condition, value);
            }
        };
        and("events.id = $", event_id.map(|id| id.to_string().into()));
        and("events.call_id = $", call_id.map(|id| id.to_string().into()));
        and("events.name = $", name.as_deref().map(Into::into));
        and("events.recorded_at >= $", from.map(|time| time.millis().into()));
        and("events.recorded_at < $", to.map(|time| time.millis().into()));
        let seq = self.seq();
        for (than, bound) in [(">", self.bounds.after), ("<", self.bounds.before)] {
            and(&format!("{seq} {than} $"), bound.map(|seq| seq.0.into()));
            // As in [`PENDING`](super::endpoints::PENDING).
            if let [status] = statuses.as_slice()
                && !self.by_event()
            {
                let with_status = format!(
                    "(deliveries.status, deliveries.event_seq) {than} ('{}', $)",
                    word(*status)
                );
                and(&with_status, bound.map(|seq| seq.0.into()));
            }
        }
        conditions
    }
}

pub(crate) fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        key: key(row)?,
        event_id: row.parse("event_id")?,
        event_name: row.get("name")?,
        call_id: row.parse_opt("call_id")?,
        status: row.word("status")?,
        attempts: row.count("attempts")?,
        earlier_attempts: row.count("earlier_attempts")?,
        next_due: row.time_opt("next_due")?,
        recorded_at: row.time("recorded_at")?,
    })
}
