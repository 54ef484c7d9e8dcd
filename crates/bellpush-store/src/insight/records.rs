//! What was recorded of calls besides their events, for a time and up to a size.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId},
    kept,
    record::Recorded,
};

use super::sealed::{fold, unfold};
use crate::{
    Store, StoreError,
    db::{self, Row, to_json},
};

/// Parts that are removed in one transaction.
const STEP: i64 = 500;

/// A part of a call's record.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecordPart {
    /// The call.
    pub call_id: CallId,
    /// Its app.
    pub app_id: AppId,
    /// What was seen, in its order; not empty, unless only something was dropped.
    pub entries: Vec<Recorded>,
    /// What found no room, since the part before.
    pub dropped: u32,
}

/// The record of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallRecord {
    /// What was seen, in its order.
    pub entries: Vec<Recorded>,
    /// How much found no room.
    pub dropped: u64,
    /// When its first part was recorded: with it, it begins to go. `None` where nothing is kept.
    pub since: Option<EventTime>,
}

pub(crate) const OF_CALL: &str = concat!(
    "
    SELECT ",
    db::columns!(call_records),
    "
    FROM call_records
    WHERE call_id = $1
    ORDER BY part"
);

pub(crate) const SIZE: &str = "
    SELECT COALESCE(CAST(SUM(bytes) AS BIGINT), 0) AS size
    FROM call_records
    WHERE recorded_at >= 0";

/// The oldest parts before $1 go, at most $2 of them, until $3 bytes are gone.
pub(crate) const REMOVE: &str = "
    DELETE FROM call_records
    WHERE (call_id, part) IN (
        SELECT call_id, part
        FROM (
            SELECT call_id, part, bytes,
                SUM(bytes) OVER (ORDER BY recorded_at, call_id, part) AS gone
            FROM (
                SELECT call_id, part, bytes, recorded_at
                FROM call_records
                WHERE recorded_at < $1
                ORDER BY recorded_at
                LIMIT $2
            ) AS oldest
        ) AS summed
        WHERE gone - bytes < $3
    )
    RETURNING bytes";

impl Store {
    /// Keeps parts of the records of calls that are there. Returns the bytes that they take.
    ///
    /// # Errors
    /// When the database fails: then none is kept.
    pub async fn put_call_records(&self, parts: &[CallRecordPart]) -> Result<u64, StoreError> {
        let now = db::now();
        let mut folded = Vec::new();
        for part in parts {
            let first = part.entries.first().map_or(now.millis(), place);
            let identity = identity(part.call_id, first);
            let body = fold(self.data_key(), &identity, to_json(&part.entries).as_bytes())?;
            folded.push((part, first, body));
        }
        let transaction = self.db().begin_beside_configuration().await?;
        let mut bytes = 0;
        for (part, first, body) in folded {
            // Of a call that was erased in the meantime, nothing comes back.
            let sql = "
                INSERT INTO call_records
                    (call_id, part, app_id, recorded_at, bytes, dropped, body)
                SELECT $1, $2, $3, $4, $5, $6, $7
                WHERE EXISTS (SELECT 1 FROM calls WHERE id = $1)
                ON CONFLICT DO NOTHING";
            let size = body.len() as u64;
            let values = [
                part.call_id.to_string().into(),
                first.into(),
                part.app_id.to_string().into(),
                now.millis().into(),
                i64::try_from(body.len()).unwrap_or(i64::MAX).into(),
                i64::from(part.dropped).into(),
                body.into(),
            ];
            if db::execute(&transaction, sql, values).await? > 0 {
                bytes += size;
            }
        }
        db::commit(transaction).await?;
        Ok(bytes)
    }

    /// The record of a call, as far as it is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call_record(&self, call_id: CallId) -> Result<CallRecord, StoreError> {
        let mut record = CallRecord::default();
        for row in db::all(&self.db().read, OF_CALL, [call_id.to_string().into()]).await? {
            record.entries.extend(self.entries(call_id, &row)?);
            record.dropped += row.count::<u64>("dropped")?;
            let recorded_at = row.time("recorded_at")?;
            record.since = Some(record.since.map_or(recorded_at, |since| since.min(recorded_at)));
        }
        // Parts of one process follow each other; entries within them may have crossed.
        record.entries.sort_by_key(|entry| entry.seq);
        Ok(record)
    }

    fn entries(&self, call_id: CallId, row: &Row) -> Result<Vec<Recorded>, StoreError> {
        let identity = identity(call_id, row.get("part")?);
        let plain = unfold(self.data_key(), &identity, &row.get::<Vec<u8>>("body")?)?;
        readable(&plain).map_err(|_| StoreError::Corrupt { column: "body" })
    }

    /// The bytes that all records take.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call_records_size(&self) -> Result<u64, StoreError> {
        let row = db::one(&self.db().read, SIZE, []).await?;
        row.map_or(Ok(0), |row| row.count("size"))
    }

    /// Removes the parts that were recorded before a time, and then the oldest ones until all take
    /// no more than so many bytes. Little by little: events wait for the same connection. Returns how
    /// many went.
    ///
    /// # Errors
    /// When the database fails; what went until then is gone.
    pub async fn remove_call_records(
        &self,
        before: EventTime,
        max_bytes: u64,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let (parts, _) = self.remove_oldest(before.millis(), i64::MAX).await?;
            removed += parts;
            if parts < STEP as u64 {
                break;
            }
        }
        let mut size = self.call_records_size().await?;
        while size > max_bytes {
            let excess = i64::try_from(size - max_bytes).unwrap_or(i64::MAX);
            let (parts, bytes) = self.remove_oldest(i64::MAX, excess).await?;
            removed += parts;
            size = size.saturating_sub(bytes);
            if parts == 0 {
                break;
            }
        }
        Ok(removed)
    }

    async fn remove_oldest(&self, before: i64, excess: i64) -> Result<(u64, u64), StoreError> {
        let values = [before.into(), STEP.into(), excess.into()];
        let rows = db::all(&self.db().write, REMOVE, values).await?;
        let sizes = db::read(rows, |row| row.count::<u64>("bytes"))?;
        Ok((sizes.len() as u64, sizes.iter().sum()))
    }
}

/// The entries of a part, but for those of kinds that only a newer version records.
fn readable(part: &[u8]) -> Result<Vec<Recorded>, serde_json::Error> {
    // Nearly always there is nothing to pass over.
    serde_json::from_slice(part).or_else(|_| {
        let entries: Vec<serde_json::Value> = serde_json::from_slice(part)?;
        Ok(entries.into_iter().filter_map(|entry| kept::read_value(entry).ok()).collect())
    })
}

fn place(entry: &Recorded) -> i64 {
    i64::try_from(entry.seq).unwrap_or(i64::MAX)
}

fn identity(call_id: CallId, part: i64) -> String {
    format!("call_record:{call_id}:{part}")
}

#[cfg(test)]
mod tests {
    use bellpush_core::record::RecordEntry;

    use super::*;

    #[test]
    fn what_only_a_newer_version_records_hides_nothing_else() {
        let part = br#"[
            { "seq": 1, "at": 10, "kind": "hold", "held": true },
            { "seq": 2, "at": 20, "kind": "agent_joined", "agent": "agent_1" },
            { "seq": 3, "at": 30, "kind": "phase", "phase": "parked" },
            { "seq": 4, "at": 40, "kind": "hold", "held": false }
        ]"#;
        let held = |seq: u64, held| Recorded {
            seq,
            at: i64::try_from(seq).unwrap() * 10,
            entry: RecordEntry::Hold { held },
        };
        assert_eq!(readable(part).unwrap(), [held(1, true), held(4, false)]);
        assert!(readable(b"[{]").is_err());
        assert!(readable(b"{}").is_err());
    }
}
