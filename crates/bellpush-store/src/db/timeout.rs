//! A database that falls silent lets nobody wait for ever.

use std::{io, sync::Arc, time::Duration};

use sea_orm::{DbBackend, DbErr, RuntimeErr, sqlx};

/// How long PostgreSQL may take for a statement: when it falls silent, nobody waits for ever.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Gives PostgreSQL its time for an answer. SQLite is never away, and has its own patience with
/// other writers.
pub(crate) async fn in_time<T>(
    backend: DbBackend,
    answer: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    match backend {
        DbBackend::Postgres => within(STATEMENT_TIMEOUT, answer).await,
        _ => answer.await,
    }
}

async fn within<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    tokio::time::timeout(time, answer).await.unwrap_or_else(|_| {
        let silent = sqlx::Error::Io(io::ErrorKind::TimedOut.into());
        Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(silent))))
    })
}
