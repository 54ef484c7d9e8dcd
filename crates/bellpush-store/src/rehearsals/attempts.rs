//! What became of the deliveries that a rehearsal met: its attempts, and those after it.

use bellpush_core::{
    delivery::AttemptRecord,
    ids::{EventId, RehearsalId},
};

use crate::{
    Store, StoreError,
    db::{self, Row},
    deliveries::attempts::attempt,
};

/// An attempt of a delivery that a rehearsal met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsedAttempt {
    /// The delivery's event.
    pub event_id: EventId,
    /// That event's name.
    pub event_name: String,
    /// The attempt: simulated if it names the rehearsal, and sent otherwise.
    pub record: AttemptRecord,
}

pub(crate) const ATTEMPTS: &str = concat!(
    "
    SELECT ",
    db::columns!(attempts),
    ", events.id AS event_id, events.name AS event_name
    FROM attempts
    JOIN events ON events.seq = attempts.event_seq
    WHERE (attempts.integration_id, attempts.event_seq) IN (
        SELECT met.integration_id, met.event_seq
        FROM attempts AS met
        WHERE met.rehearsal_id = $1
    )
    ORDER BY attempts.started_at DESC, attempts.event_seq DESC, attempts.number DESC
    LIMIT $2"
);

impl Store {
    /// The last attempts of the deliveries that a rehearsal met, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rehearsed_attempts(
        &self,
        id: RehearsalId,
        limit: u32,
    ) -> Result<Vec<RehearsedAttempt>, StoreError> {
        let values = [id.to_string().into(), i64::from(limit).into()];
        db::readable(db::all(&self.db().read, ATTEMPTS, values).await?, rehearsed)
    }
}

fn rehearsed(row: &Row) -> Result<RehearsedAttempt, StoreError> {
    Ok(RehearsedAttempt {
        event_id: row.parse("event_id")?,
        event_name: row.get("event_name")?,
        record: attempt(row)?,
    })
}
