//! Deliveries and their attempts: what the delivery engine reads and writes.

use std::collections::{BTreeMap, HashMap};

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, Outage, PendingDelivery, Seq},
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::{IntegrationSettings, SecretName},
};
use sea_orm::DbBackend;
use secrecy::SecretString;

use crate::{
    RetiredSecret, SigningSecrets, Store, StoreError,
    db::{self, Row, to_json},
    deliveries::{
        attempts::{attempt, key, record_alone},
        exchanges::{EndedAttempt, exchange},
    },
    integrations::sealed::{key_identity, secret_identity, signing_identity},
};

/// An integration as the delivery engine needs it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The integration.
    pub id: IntegrationId,
    /// Its app.
    pub app_id: AppId,
    /// Its settings.
    pub settings: IntegrationSettings,
    /// When it was made.
    pub created_at: EventTime,
    /// What its deliveries are signed with.
    pub signing: SigningSecrets,
    /// Its named secrets.
    pub secrets: BTreeMap<SecretName, SecretString>,
    /// Its outage, while its breaker is not closed.
    pub outage: Option<Outage>,
}

/// The place with the status as well as alone: PostgreSQL leaves out of a look-up what a partial index says of all its
/// rows, and would begin at an integration's first one for lack of the column in between.
pub(crate) const PENDING: &str = "
    SELECT integration_id, deliveries.event_seq, attempts, earlier_attempts, next_due, events.app_id,
        events.id AS event_id, events.call_id, events.preview, events.envelope,
        event_traces.trace_parent
    FROM deliveries
    JOIN events ON events.seq = deliveries.event_seq
    LEFT JOIN event_traces ON event_traces.event_seq = events.seq
    WHERE integration_id = $1
      AND status = 'pending'
      AND (status, deliveries.event_seq) > ('pending', $2)
      AND deliveries.event_seq > $2
    ORDER BY deliveries.event_seq
    LIMIT $3";

/// By their keys, whatever PostgreSQL takes for little: the calls by the places of their events, not by their own
/// index, and the deliveries not by that of those that are pending, of which it would read all of an integration.
pub(crate) const WITH_EARLIER: &str = "
    WITH wanted (integration_id, seq) AS (
        SELECT value ->> 0, CAST(value ->> 1 AS BIGINT)
        FROM jsonb_each($1)
        UNION
        SELECT given.value ->> 0, earlier.seq
        FROM jsonb_each($1) AS given
        JOIN events AS earlier ON earlier.call_id = (
            SELECT call_id FROM events WHERE seq = CAST(given.value ->> 1 AS BIGINT))
        WHERE earlier.seq < CAST(given.value ->> 1 AS BIGINT)
    )
    SELECT deliveries.integration_id, deliveries.event_seq, attempts, earlier_attempts, next_due,
        events.app_id, events.id AS event_id, events.call_id, events.preview, events.envelope,
        event_traces.trace_parent
    FROM wanted
    JOIN deliveries ON deliveries.integration_id = wanted.integration_id
    JOIN events ON events.seq = deliveries.event_seq
    LEFT JOIN event_traces ON event_traces.event_seq = events.seq
    WHERE deliveries.event_seq = wanted.seq
      AND status NOT IN ('delivered', 'dead')
    ORDER BY deliveries.event_seq, deliveries.integration_id";

impl Store {
    /// All integrations, active or not, with their secrets. One whose secrets can't be opened is left
    /// out, and named in the log: the others must not wait for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        let mut retired = self.retired(None).await?;
        // Settings and secrets by one statement: no secret goes where it was not meant to go.
        let sql = "
            SELECT id, app_id, settings, signing_secret, signing_key, integrations.created_at,
                failing_since, trips, open_until, name, sealed
            FROM integrations
            LEFT JOIN outages ON outages.integration_id = integrations.id
            LEFT JOIN integration_secrets ON integration_secrets.integration_id = integrations.id
            ORDER BY id";
        let rows = db::all(&self.db().read, sql, []).await?;
        let mut named: HashMap<IntegrationId, Vec<(String, String)>> = HashMap::new();
        let mut integrations: Vec<(IntegrationId, &Row)> = Vec::new();
        for row in &rows {
            let id = row.parse("id")?;
            if integrations.last().is_none_or(|(last, _)| *last != id) {
                integrations.push((id, row));
            }
            if let Some(name) = row.get::<Option<String>>("name")? {
                named.entry(id).or_default().push((name, row.get("sealed")?));
            }
        }
        let mut endpoints = Vec::new();
        for (id, row) in integrations {
            let named = named.remove(&id).unwrap_or_default();
            match self.endpoint(row, id, named, retired.remove(&id).unwrap_or_default()) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(StoreError::Secret(error)) => {
                    tracing::error!(integration = %id, %error, "an integration's secrets are lost");
                }
                // What a newer version keeps in one must not stop the deliveries of all others.
                Err(StoreError::Corrupt { column }) => {
                    tracing::error!(
                        integration = %id,
                        column,
                        "this version can't read an integration, and delivers nothing for it"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(endpoints)
    }

    fn endpoint(
        &self,
        row: &Row,
        id: IntegrationId,
        named: Vec<(String, String)>,
        retired: Vec<RetiredSecret>,
    ) -> Result<Endpoint, StoreError> {
        let keys = self.keys();
        let (secret, key): (String, Option<String>) =
            (row.get("signing_secret")?, row.get("signing_key")?);
        let open = |(name, sealed): (String, String)| {
            let value = keys.open(&secret_identity(&id.to_string(), &name), &sealed)?;
            let name = name.parse().map_err(|_| StoreError::Corrupt { column: "name" })?;
            Ok((name, value))
        };
        Ok(Endpoint {
            id,
            app_id: row.parse("app_id")?,
            settings: row.json("settings")?,
            created_at: row.time("created_at")?,
            signing: SigningSecrets {
                secret: keys.open(&signing_identity(id), &secret)?,
                key: key.map(|key| keys.open(&key_identity(id), &key)).transpose()?,
                retired,
            },
            secrets: named.into_iter().map(open).collect::<Result<_, StoreError>>()?,
            outage: outage(row)?,
        })
    }

    /// Pending deliveries of one integration, oldest first, starting after a place in the log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<PendingDelivery>, StoreError> {
        let after = after.map_or(0, |seq| seq.0);
        let limit = i64::from(limit);
        let values = [integration_id.to_string().into(), after.into(), limit.into()];
        db::read(db::all(&self.db().read, PENDING, values).await?, pending)
    }

    /// Those of these deliveries that are pending, with the pending ones of the same calls that come
    /// before them; in the order of the log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_with_earlier(
        &self,
        keys: &[DeliveryKey],
    ) -> Result<Vec<PendingDelivery>, StoreError> {
        let rows: Vec<_> = keys.iter().map(|key| (key.integration_id, key.seq)).collect();
        let values = [to_json(&rows).into()];
        db::read(db::all(&self.db().read, WITH_EARLIER, values).await?, pending)
    }

    /// Keeps finished attempts and where they leave their deliveries, all in one transaction.
    /// Attempts of unknown deliveries are passed over; a delivery that is delivered or dead stays so.
    ///
    /// # Errors
    /// When the database fails; nothing is kept then.
    pub async fn record_attempts(&self, records: Vec<AttemptRecord>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let attempts = records
            .into_iter()
            .map(|record| EndedAttempt::new(self.data_key(), record))
            .collect::<Result<Vec<_>, _>>()?;
        match self.db().log.get_database_backend() {
            // SQLite has one writer: both would wait for each other, and each for the disk.
            DbBackend::Sqlite => self.log().record(attempts).await,
            _ => record_alone(self.db(), Some(self.ownership()), &attempts).await,
        }
    }

    /// The attempts of one delivery, in order, with what they sent where that is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn attempts(&self, key: DeliveryKey) -> Result<Vec<AttemptRecord>, StoreError> {
        let sql = concat!(
            "
            SELECT ",
            db::columns!(attempts),
            ", attempts.exchange
            FROM attempts
            WHERE integration_id = $1
              AND event_seq = $2
            ORDER BY number"
        );
        let values = [key.integration_id.to_string().into(), key.seq.0.into()];
        db::readable(db::all(&self.db().read, sql, values).await?, |row| {
            let record = attempt(row)?;
            let exchange = exchange(self.data_key(), row, &record)?;
            Ok(AttemptRecord { exchange, ..record })
        })
    }
}

fn pending(row: &Row) -> Result<PendingDelivery, StoreError> {
    Ok(PendingDelivery {
        key: key(row)?,
        app_id: row.parse("app_id")?,
        event_id: row.parse("event_id")?,
        call_id: row.parse_opt("call_id")?,
        preview: row.get("preview")?,
        trace_parent: row.parse_opt("trace_parent")?,
        body: row.get("envelope")?,
        attempts: row.count("attempts")?,
        earlier_attempts: row.count("earlier_attempts")?,
        due: row.time("next_due")?,
    })
}

pub(crate) fn outage(row: &Row) -> Result<Option<Outage>, StoreError> {
    let Some(failing_since) = row.time_opt("failing_since")? else { return Ok(None) };
    let (trips, open_until) = (row.count("trips")?, row.time("open_until")?);
    Ok(Some(Outage { failing_since, trips, open_until }))
}
