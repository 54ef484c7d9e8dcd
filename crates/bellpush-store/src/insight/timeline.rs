//! What became of a call's events at the integrations, for its timeline.

use bellpush_core::{
    delivery::AttemptRecord,
    ids::{AppId, CallId, EventId, IntegrationId},
};

use crate::{
    Store, StoreError,
    calls::CallbackRequest,
    calls::callbacks::request,
    db::{self, Row},
    deliveries::Delivery,
    deliveries::{attempts::attempt, search::delivery},
};

/// Deliveries, attempts and call-back requests of one call that are read, at most, of each.
const MAX_ROWS: i64 = 2_000;

/// A delivery of a call's event, with the name of who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The integration's name.
    pub integration_name: String,
}

/// An attempt of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallAttempt {
    /// The integration.
    pub integration_id: IntegrationId,
    /// The event.
    pub event_id: EventId,
    /// The attempt.
    pub attempt: AttemptRecord,
}

// Both go from the call's few events to the app's few integrations. SQLite goes through the tables of
// a cross join in their order.
pub(crate) const DELIVERIES: &str = concat!(
    "
    SELECT ",
    db::columns!(deliveries),
    ", events.id AS event_id, events.name, events.call_id, events.recorded_at,
        integrations.settings
    FROM events
    CROSS JOIN integrations
    CROSS JOIN deliveries
    WHERE events.call_id = $1
      AND integrations.app_id = $2
      AND deliveries.integration_id = integrations.id
      AND deliveries.event_seq = events.seq
    ORDER BY events.seq
    LIMIT $3"
);

pub(crate) const ATTEMPTS: &str = concat!(
    "
    SELECT ",
    db::columns!(attempts),
    ", events.id AS event_id
    FROM events
    CROSS JOIN integrations
    CROSS JOIN attempts
    WHERE events.call_id = $1
      AND integrations.app_id = $2
      AND attempts.integration_id = integrations.id
      AND attempts.event_seq = events.seq
    ORDER BY attempts.started_at, attempts.number
    LIMIT $3"
);

pub(crate) const CALLBACKS: &str = concat!(
    "
    SELECT ",
    db::columns!(callback_requests),
    "
    FROM callback_requests
    WHERE call_id = $1
    ORDER BY id
    LIMIT $2"
);

impl Store {
    /// The deliveries of a call's events, in the order of the events, and their attempts, oldest
    /// first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call_deliveries(
        &self,
        app_id: AppId,
        call_id: CallId,
    ) -> Result<(Vec<CallDelivery>, Vec<CallAttempt>), StoreError> {
        let values = || [call_id.to_string().into(), app_id.to_string().into(), MAX_ROWS.into()];
        let read = &self.db().read;
        let deliveries = db::readable(db::all(read, DELIVERIES, values()).await?, |row| {
            Ok(CallDelivery { delivery: delivery(row)?, integration_name: name(row)? })
        })?;
        let attempts = db::readable(db::all(read, ATTEMPTS, values()).await?, |row| {
            let attempt = attempt(row)?;
            let integration_id = attempt.key.integration_id;
            Ok(CallAttempt { integration_id, event_id: row.parse("event_id")?, attempt })
        })?;
        Ok((deliveries, attempts))
    }

    /// The call-back requests that were made in place of a call, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn callbacks_of_call(
        &self,
        call_id: CallId,
    ) -> Result<Vec<CallbackRequest>, StoreError> {
        let values = [call_id.to_string().into(), MAX_ROWS.into()];
        db::readable(db::all(&self.db().read, CALLBACKS, values).await?, request)
    }
}

fn name(row: &Row) -> Result<String, StoreError> {
    let settings: serde_json::Value = row.json("settings")?;
    Ok(settings["name"].as_str().unwrap_or_default().to_owned())
}
