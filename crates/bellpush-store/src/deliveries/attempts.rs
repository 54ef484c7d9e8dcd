//! Attempts as they are kept, and where they leave their deliveries.

use std::collections::BTreeMap;

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, DeliveryStatus, FailureClass, Seq},
    events::EventTime,
};

use crate::{
    cluster::Ownership,
    db::{self, Batch, Db, Lock, Row, to_json},
    deliveries::{exchanges::EndedAttempt, hours, status::word},
    error::StoreError,
};

const INSERT_ATTEMPTS: &str = "
    INSERT INTO attempts
        (integration_id, event_seq, number, started_at, duration_ms, status, failure,
         detail, next_due, rehearsal_id, exchange)
    SELECT
        deliveries.integration_id, deliveries.event_seq,
        CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT),
        CAST(value ->> 4 AS BIGINT), CAST(value ->> 5 AS BIGINT), value ->> 6,
        value ->> 7, CAST(value ->> 8 AS BIGINT), value ->> 9, value ->> 10
    FROM jsonb_each($1)
    JOIN deliveries ON deliveries.integration_id = value ->> 0
    WHERE deliveries.event_seq = CAST(value ->> 1 AS BIGINT)
    ON CONFLICT DO NOTHING";

/// Not `status = 'pending'`: by that PostgreSQL may come to read all that is pending. What is told
/// twice, as after a lost answer, changes nothing, even if it was replayed in between.
pub(crate) const UPDATE_DELIVERIES: &str = "
    UPDATE deliveries
    SET status = given.value ->> 2,
        attempts = CAST(given.value ->> 3 AS BIGINT),
        next_due = CAST(given.value ->> 4 AS BIGINT)
    FROM jsonb_each($1) AS given
    WHERE deliveries.integration_id = given.value ->> 0
      AND deliveries.event_seq = CAST(given.value ->> 1 AS BIGINT)
      AND deliveries.attempts < CAST(given.value ->> 3 AS BIGINT)
      AND deliveries.status NOT IN ('delivered', 'dead')";

/// Keeps attempts as [`crate::Store::record_attempts`] does, in a transaction of their own, as the owner
/// of their deliveries where there may be several.
pub(crate) async fn record_alone(
    db: &Db,
    ownership: Option<&Ownership>,
    attempts: &[EndedAttempt],
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    if let Some(ownership) = ownership {
        ownership.fence(&transaction).await?;
    }
    // An integration that is deleted meanwhile would leave what is written here, or wait for this in
    // a circle.
    db::lock(&transaction, Lock::ReadConfiguration).await?;
    let mut batch = Batch::default();
    record(&mut batch, attempts);
    batch.run(&transaction).await?;
    Ok(db::commit(transaction).await?)
}

/// Adds the statements that keep attempts as [`crate::Store::record_attempts`] does.
pub(crate) fn record(batch: &mut Batch, attempts: &[EndedAttempt]) {
    hours::count(batch, attempts);
    let rows: Vec<_> = attempts
        .iter()
        .map(|EndedAttempt { record, folded }| {
            let AttemptRecord { key, number, started_at, duration_ms, .. } = record;
            let failure = record.failure.map(FailureClass::as_str);
            let detail = db::without_nul(&record.detail);
            let due = record.next_due.map(EventTime::millis);
            let (id, seq, at) = (key.integration_id, key.seq, started_at.millis());
            let rehearsal = record.rehearsal_id;
            let status = record.status;
            (id, seq, number, at, duration_ms, status, failure, detail, due, rehearsal, folded)
        })
        .collect();
    // Of several attempts of one delivery the last one says where it stands.
    let mut last = BTreeMap::new();
    for EndedAttempt { record, .. } in attempts {
        last.entry(record.key)
            .and_modify(|known: &mut &AttemptRecord| {
                if record.number >= known.number {
                    *known = record;
                }
            })
            .or_insert(record);
    }
    let outcomes: Vec<_> = last
        .values()
        .map(|record| {
            let due = record
                .next_due
                .filter(|_| record.outcome == DeliveryStatus::Pending)
                .map(EventTime::millis);
            let key = record.key;
            (key.integration_id, key.seq, word(record.outcome), record.number, due)
        })
        .collect();
    batch.add(INSERT_ATTEMPTS, [to_json(&rows).into()]);
    batch.add(UPDATE_DELIVERIES, [to_json(&outcomes).into()]);
}

pub(crate) fn key(row: &Row) -> Result<DeliveryKey, StoreError> {
    Ok(DeliveryKey {
        integration_id: row.parse("integration_id")?,
        seq: Seq(row.get("event_seq")?),
    })
}

/// An attempt, without what it sent.
pub(crate) fn attempt(row: &Row) -> Result<AttemptRecord, StoreError> {
    let failure: Option<FailureClass> = row.word_opt("failure")?;
    let next_due = row.time_opt("next_due")?;
    let status = row.get::<Option<i64>>("status")?.map(u16::try_from).transpose();
    Ok(AttemptRecord {
        key: key(row)?,
        number: row.count("number")?,
        started_at: row.time("started_at")?,
        duration_ms: row.count("duration_ms")?,
        status: status.map_err(|_| StoreError::Corrupt { column: "status" })?,
        failure,
        detail: row.get("detail")?,
        exchange: None,
        outcome: match (failure, next_due) {
            (None, _) => DeliveryStatus::Delivered,
            (Some(_), Some(_)) => DeliveryStatus::Pending,
            (Some(_), None) => DeliveryStatus::Dead,
        },
        next_due,
        rehearsal_id: row.parse_opt("rehearsal_id")?,
    })
}
