//! Attempts, counted hour by hour.

use crate::{
    db::{Batch, to_json},
    deliveries::{exchanges::EndedAttempt, latency::Bucket, status::word},
};

/// An hour, in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Those of integrations that are gone, and those that were kept before, are passed over: a group
/// that is told twice, as after a lost answer, counts once.
pub(crate) const COUNT: &str = "
    INSERT INTO attempt_hours (integration_id, hour, outcome, bucket, attempts)
    SELECT integrations.id, CAST(given.value ->> 3 AS BIGINT), given.value ->> 4,
        CAST(given.value ->> 5 AS BIGINT), COUNT(*)
    FROM jsonb_each($1) AS given
    JOIN integrations ON integrations.id = given.value ->> 0
    WHERE NOT EXISTS (
        SELECT 1
        FROM attempts
        WHERE attempts.integration_id = given.value ->> 0
          AND attempts.event_seq = CAST(given.value ->> 1 AS BIGINT)
          AND attempts.number = CAST(given.value ->> 2 AS BIGINT)
    )
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (integration_id, hour, outcome, bucket) DO UPDATE
    SET attempts = attempt_hours.attempts + excluded.attempts";

/// Adds the statement that counts these attempts, which are not kept yet. Those of rehearsals say
/// nothing about an endpoint.
pub(crate) fn count(batch: &mut Batch, attempts: &[EndedAttempt]) {
    let rows: Vec<_> = attempts
        .iter()
        .map(|EndedAttempt { record, .. }| record)
        .filter(|record| record.rehearsal_id.is_none())
        .map(|record| {
            let hour = record.started_at.millis().div_euclid(HOUR_MS);
            let bucket = Bucket::of(record.duration_ms).number();
            let key = record.key;
            (key.integration_id, key.seq, record.number, hour, word(record.outcome), bucket)
        })
        .collect();
    batch.add(COUNT, [to_json(&rows).into()]);
}
