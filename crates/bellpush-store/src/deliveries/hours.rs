//! Attempts, counted hour by hour.

use std::collections::BTreeMap;

use bellpush_core::delivery::AttemptRecord;
use sea_orm::DatabaseTransaction;

use crate::{
    db::{self, to_json},
    deliveries::{latency::Bucket, status::word},
    error::StoreError,
};

/// An hour, in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) const COUNT: &str = "
    INSERT INTO attempt_hours (integration_id, hour, outcome, bucket, attempts)
    SELECT integrations.id, CAST(given.value ->> 1 AS BIGINT), given.value ->> 2,
        CAST(given.value ->> 3 AS BIGINT), CAST(given.value ->> 4 AS BIGINT)
    FROM jsonb_each($1) AS given
    JOIN integrations ON integrations.id = given.value ->> 0
    WHERE TRUE
    ON CONFLICT (integration_id, hour, outcome, bucket) DO UPDATE
    SET attempts = attempt_hours.attempts + excluded.attempts";

/// Counts these attempts; those of integrations that are gone are passed over.
pub(crate) async fn count(
    transaction: &DatabaseTransaction,
    records: &[AttemptRecord],
) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<_, u64>::new();
    for record in records {
        let hour = record.started_at.millis().div_euclid(HOUR_MS);
        let bucket = Bucket::of(record.duration_ms);
        let id = record.key.integration_id;
        *counts.entry((id, hour, word(record.outcome), bucket.number())).or_default() += 1;
    }
    let rows: Vec<_> = counts
        .into_iter()
        .map(|((id, hour, outcome, bucket), attempts)| (id, hour, outcome, bucket, attempts))
        .collect();
    db::execute(transaction, COUNT, [to_json(&rows).into()]).await?;
    Ok(())
}
