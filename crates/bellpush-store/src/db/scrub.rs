//! Takes what was deleted off the disk, too.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::{connections::Db, statements};
use crate::error::StoreError;

/// A file of SQLite that is larger is not written anew: events would wait for it.
const MAX_BYTES: i64 = 128 * 1024 * 1024;
/// Tries to empty the write-ahead log: readers of what it had before are brief as a rule.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// The tables that have something of visitors.
const VACUUM: &str = "VACUUM attempts, deliveries, event_traces, events, survey_responses, \
     call_records, callback_requests, calls, session_context, session_tokens, sessions, exports, \
     export_parts, replays, embed_reports";

impl Db {
    /// See `Store::scrub`.
    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        if !self.is_sqlite() {
            self.write.execute_unprepared(VACUUM).await?;
            return Ok(());
        }
        let size = "
            SELECT page_count * page_size AS bytes
            FROM pragma_page_count(), pragma_page_size()";
        let row = statements::one(&self.write, size, []).await?;
        let bytes: i64 = row.map_or(Ok(0), |row| row.get("bytes"))?;
        if bytes <= MAX_BYTES {
            self.write.execute_unprepared("VACUUM").await?;
        }
        for _ in 0..TRIES {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let row = statements::one(&self.write, sql, []).await?;
            let busy: i64 = row.map_or(Ok(0), |row| row.get("busy"))?;
            if busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        tracing::warn!("the write-ahead log is in use, and is emptied later");
        Ok(())
    }
}
