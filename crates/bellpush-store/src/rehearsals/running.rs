//! What runs right now: asked for by those who simulate it, and by alert rules.

use std::collections::HashMap;

use bellpush_core::{
    delivery::Outage,
    events::EventTime,
    ids::{AppId, DestinationId, IntegrationId, RehearsalId},
    rehearsal::{CallFault, EndpointFault, RECOVERY_MS, Running, Target},
};

use super::rehearsal;
use crate::{
    Store, StoreError,
    db::{self, to_json},
};

pub(crate) const RUNNING: &str = concat!(
    "
    SELECT ",
    db::columns!(rehearsals),
    "
    FROM rehearsals
    WHERE ended_at IS NULL
      AND ends_at > $1"
);

pub(crate) const OF_TARGET: &str = concat!(
    "
    SELECT ",
    db::columns!(rehearsals),
    "
    FROM rehearsals
    WHERE target = $1
      AND ended_at IS NULL"
);

/// A breaker that was not seen to close, as of a server that was stopped, counts no longer than it could
/// have been open.
pub(crate) const BREAKERS_OPEN: &str = "
    SELECT COUNT(DISTINCT rehearsals.target) AS open
    FROM rehearsals
    JOIN integrations ON integrations.id = rehearsals.target
    WHERE rehearsals.app_id = $1
      AND rehearsals.failing_since IS NOT NULL
      AND rehearsals.ends_at > $2
      AND integrations.active
      AND ($3 IS NULL OR integrations.id = $3)
      AND NOT EXISTS (SELECT 1 FROM outages WHERE outages.integration_id = integrations.id)";

pub(crate) const LAST_OF_TARGET: &str = "
    SELECT MIN(started_at) AS started_at
    FROM rehearsals
    WHERE target = $1
      AND ends_at > $2";

/// The place with the status, too, as in [`PENDING`](crate::deliveries::endpoints::PENDING).
pub(crate) const HELD_BACK: &str = "
    SELECT COUNT(*) AS waiting
    FROM deliveries
    JOIN events ON events.seq = deliveries.event_seq
    WHERE deliveries.integration_id = $1
      AND deliveries.status = 'pending'
      AND (deliveries.status, deliveries.event_seq) > ('pending', $2)
      AND deliveries.event_seq > $2
      AND events.preview";

impl Store {
    /// The rehearsals of integrations that run.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_rehearsals(
        &self,
        now: EventTime,
    ) -> Result<HashMap<IntegrationId, Running<EndpointFault>>, StoreError> {
        let rows = db::all(&self.db().read, RUNNING, [now.millis().into()]).await?;
        let of_endpoint = |it: super::Rehearsal| match (it.target, it.fault.of_endpoint()) {
            (Target::Integration(id), Some(fault)) => {
                Some((id, Running { id: it.id, fault, ends_at: it.ends_at }))
            }
            _ => None,
        };
        Ok(db::readable(rows, rehearsal)?.into_iter().filter_map(of_endpoint).collect())
    }

    /// What calls of previews by a profile meet, if anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_call_rehearsal(
        &self,
        profile_id: DestinationId,
    ) -> Result<Option<Running<CallFault>>, StoreError> {
        let row = db::one(&self.db().read, OF_TARGET, [profile_id.to_string().into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(found) = db::if_readable(rehearsal(&row))? else { return Ok(None) };
        let (id, ends_at) = (found.id, found.ends_at);
        Ok(found.fault.of_call().map(|fault| Running { id, fault, ends_at }))
    }

    /// Keeps how the breakers of these rehearsals do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_rehearsals(
        &self,
        outages: &[(RehearsalId, Option<Outage>)],
    ) -> Result<(), StoreError> {
        let row = |(id, outage): &(RehearsalId, Option<Outage>)| {
            let since = outage.map(|it| it.failing_since.millis());
            (*id, since, outage.map(|it| it.trips), outage.map(|it| it.open_until.millis()))
        };
        let rows: Vec<_> = outages.iter().map(row).collect();
        let transaction = self.db().begin().await?;
        self.ownership().fence(&transaction).await?;
        let sql = "
            UPDATE rehearsals
            SET failing_since = CAST(given.value ->> 1 AS BIGINT),
                trips = CAST(given.value ->> 2 AS BIGINT),
                open_until = CAST(given.value ->> 3 AS BIGINT)
            FROM jsonb_each($1) AS given
            WHERE rehearsals.id = given.value ->> 0";
        db::execute(&transaction, sql, [to_json(&rows).into()]).await?;
        Ok(db::commit(transaction).await?)
    }

    /// How many deliveries of previews wait at an integration because of a rehearsal, or since one began:
    /// they say nothing about how its endpoint does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_back(
        &self,
        integration_id: IntegrationId,
        now: EventTime,
    ) -> Result<u64, StoreError> {
        let (read, id) = (&self.db().read, integration_id.to_string());
        let since = now.millis().saturating_sub(RECOVERY_MS);
        let row = db::one(read, LAST_OF_TARGET, [id.clone().into(), since.into()]).await?;
        let began = row.map(|row| row.time_opt("started_at")).transpose()?.flatten();
        let Some(began) = began else { return Ok(0) };
        let after = self.bounds(Some(began), None).await?.after.map_or(0, |seq| seq.0);
        let row = db::one(read, HELD_BACK, [id.into(), after.into()]).await?;
        row.map_or(Ok(0), |row| row.count("waiting"))
    }

    /// How many breakers of rehearsals are open at an app's integrations whose own breaker is not, or
    /// whether that of one is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_rehearsed_breakers(
        &self,
        app_id: AppId,
        of: Option<IntegrationId>,
        now: EventTime,
    ) -> Result<u64, StoreError> {
        let values = [
            app_id.to_string().into(),
            now.millis().saturating_sub(RECOVERY_MS).into(),
            of.map(|id| id.to_string()).into(),
        ];
        let row = db::one(&self.db().read, BREAKERS_OPEN, values).await?;
        row.map_or(Ok(0), |row| row.count("open"))
    }
}
