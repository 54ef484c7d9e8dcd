//! The end of the log, as it grows.

use bellpush_core::{context::Context, delivery::Seq, ids::AppId};

use crate::{
    Call, RecordedEvent, Store, StoreError,
    calls::{call::call, nodes::context},
    db::{self, to_json},
    events::search::event,
};

/// Calls under way that are read, at most.
const MAX_LIVE: i64 = 1_000;

pub(crate) const AFTER: &str = concat!(
    "
    SELECT ",
    db::columns!(events),
    "
    FROM events
    WHERE seq > $1
    ORDER BY seq
    LIMIT $2"
);

pub(crate) const PLACES: &str = "
    SELECT seq
    FROM events
    WHERE seq > $1
    ORDER BY seq";

pub(crate) const AT: &str = concat!(
    "
    SELECT ",
    db::columns!(events),
    "
    FROM events
    WHERE seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
    ORDER BY seq"
);

pub(crate) const LIVE: &str = concat!(
    "
    SELECT ",
    db::columns!(calls),
    ", sessions.context, sessions.preview
    FROM calls
    LEFT JOIN sessions ON sessions.id = calls.session_id
    WHERE calls.app_id = $1
      AND calls.state = 'live'
    ORDER BY calls.id DESC
    LIMIT $2"
);

/// A call under way.
#[derive(Debug, Clone, PartialEq)]
pub struct CallUnderWay {
    /// The call.
    pub call: Call,
    /// Its session's context.
    pub context: Context,
    /// Whether its session is a preview.
    pub preview: bool,
}

impl Store {
    /// The last place in the log that is taken; 0 when it is empty.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_of_log(&self) -> Result<Seq, StoreError> {
        self.last_seq().await
    }

    /// The events of all apps after a place, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_after(
        &self,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let values = [after.0.into(), i64::from(limit).into()];
        db::read(db::all(&self.db().read, AFTER, values).await?, event)
    }

    /// The places after one that are taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn places_after(&self, after: Seq) -> Result<Vec<Seq>, StoreError> {
        let rows = db::all(&self.db().read, PLACES, [after.0.into()]).await?;
        db::read(rows, |row| row.get("seq").map(Seq))
    }

    /// The events at these places, of those that are taken, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_at(&self, places: &[Seq]) -> Result<Vec<RecordedEvent>, StoreError> {
        let places: Vec<_> = places.iter().map(|seq| (seq.0,)).collect();
        db::read(db::all(&self.db().read, AT, [to_json(&places).into()]).await?, event)
    }

    /// An app's calls under way, newest first, up to 1,000; on all nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls_under_way(&self, app_id: AppId) -> Result<Vec<CallUnderWay>, StoreError> {
        let values = [app_id.to_string().into(), MAX_LIVE.into()];
        db::read(db::all(&self.db().read, LIVE, values).await?, |row| {
            let (context, preview) = context(row)?;
            Ok(CallUnderWay { call: call(row)?, context, preview })
        })
    }

    /// Whether nodes write to the log besides this process.
    #[must_use]
    pub fn has_other_writers(&self) -> bool {
        self.db().has_other_writers()
    }
}
