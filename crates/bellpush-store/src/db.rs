//! Connections to the two databases, and the few words that repositories need of them.
//!
//! SQL is written once. Both databases take `$1` for a parameter; lists go in as one JSON array of
//! arrays, read by `jsonb_each($1)`, which is rewritten for PostgreSQL.

pub(crate) mod at_length;

use std::{borrow::Cow, fs::File, io, path::Path, str::FromStr, sync::Arc, time::Duration};

use bellpush_core::events::EventTime;
use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait, TryGetable, Value,
    sqlx::{
        self, ConnectOptions, Connection,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};
use serde::de::DeserializeOwned;

use crate::{OpenError, StoreError, error::DatabaseError};

/// How long a statement on SQLite waits for another writer, or a caller for a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection to PostgreSQL: one that comes free, or a new one.
const POSTGRES_PATIENCE: Duration = Duration::from_secs(3);
/// How long PostgreSQL may take for a statement: when it falls silent, nobody waits for ever.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// Connections for reading a SQLite file.
const SQLITE_READERS: u32 = 4;
/// Rows that may wait between SQLite's thread and who asked.
const ROW_BUFFER: usize = 1_024;
/// Connections to PostgreSQL, besides that of the log.
const POSTGRES_CONNECTIONS: u32 = 10;

/// The connections of an open store. On SQLite `write` and `log` are one and the same connection,
/// since there can be one writer only.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    pub(crate) read: DatabaseConnection,
    pub(crate) write: DatabaseConnection,
    pub(crate) log: DatabaseConnection,
    /// Held as long as anything may write to a SQLite file.
    lock: Option<Arc<File>>,
}

/// What transactions on PostgreSQL wait for each other on. SQLite needs none: it has one writer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    /// One node at a time changes the schema.
    Migration,
    /// The configuration stays as it is while a group of events chooses its integrations, and while
    /// results are recorded.
    ReadConfiguration,
    /// One change to apps and integrations at a time, and none while a group or results are written.
    ChangeConfiguration,
}

pub(crate) async fn lock(connection: &DatabaseTransaction, lock: Lock) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // The numbers are any that no other program uses in the same database.
    let sql = match lock {
        Lock::Migration => "SELECT pg_advisory_xact_lock(4207291, 1)",
        Lock::ReadConfiguration => "SELECT pg_advisory_xact_lock_shared(4207291, 2)",
        Lock::ChangeConfiguration => "SELECT pg_advisory_xact_lock(4207291, 2)",
    };
    connection.execute_unprepared(sql).await.map(drop)
}

impl Db {
    pub(crate) async fn sqlite(file: &Path, lock: File) -> Result<Self, OpenError> {
        let options = sqlite_options(file);
        let write: DatabaseConnection = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // SQLite ends a transaction by itself when there is no room for it. The driver does not
            // see that, and would count it as open for ever.
            .after_release(|connection, _| {
                Box::pin(async move {
                    // Commands are done in turn: what was dropped is rolled back by then.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await
            .map_err(failed)?
            .into();
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_lazy_with(options.pragma("query_only", "ON"))
            .into();
        Ok(Self { read, log: write.clone(), write, lock: Some(Arc::new(lock)) })
    }

    pub(crate) async fn postgres(url: &str) -> Result<Self, OpenError> {
        let mut options = PgConnectOptions::from_str(url).map_err(failed)?;
        // Within one machine TLS protects nothing, and costs a wait of 40 ms in many a commit: the
        // driver leaves Nagle's algorithm on. `sslmode=require` in the URL still turns it on.
        let is_local = matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
        if is_local && matches!(options.get_ssl_mode(), PgSslMode::Prefer) {
            options = options.ssl_mode(PgSslMode::Disable);
        }
        let options = options
            .application_name("bellpush")
            // Every query of ours looks up keys (query_plans.rs). Statistics that lag behind a
            // fast-growing log must not make the planner read whole tables instead.
            .options([
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                // Pages that a connection writes go to the disk as they come. Otherwise the system
                // keeps them for half a minute, then writes them all at once, and commits wait.
                ("backend_flush_after", "1MB"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new().acquire_timeout(POSTGRES_PATIENCE);
        let write: DatabaseConnection = pool
            .clone()
            .max_connections(POSTGRES_CONNECTIONS)
            .connect_with(options.clone())
            .await
            .map_err(failed)?
            .into();
        // The log never waits for a connection that a repository holds.
        let log = pool.max_connections(1).connect_lazy_with(options).into();
        Ok(Self { read: write.clone(), write, log, lock: None })
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Begins a transaction that changes apps or integrations: one at a time, and never beside a
    /// group of events.
    pub(crate) async fn begin_configuration(&self) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin().await?;
        in_time(&transaction, lock(&transaction, Lock::ChangeConfiguration)).await?;
        Ok(transaction)
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.log, &self.write, &self.read] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(error = %DatabaseError::from(error), "closing the database failed");
            }
        }
        // The lock goes explicitly: other handles may live on.
        if let Some(Err(error)) = self.lock.as_ref().map(|file| file.unlock()) {
            tracing::warn!(%error, "releasing the lock of the data directory failed");
        }
    }
}

pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = match connection.get_database_backend() {
        DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
        _ => None,
    };
    let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
    in_time(connection, connection.begin_with_options(options)).await
}

/// Commits. Whether it was done is not known when the answer does not come.
pub(crate) async fn commit(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    match transaction.get_database_backend() {
        DbBackend::Postgres => within(ANSWERED_WITHIN, transaction.commit()).await,
        _ => transaction.commit().await,
    }
}

/// Gives PostgreSQL its time for an answer. SQLite is never away, and has its own patience with
/// other writers.
async fn in_time<T>(
    connection: &impl ConnectionTrait,
    answer: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    match connection.get_database_backend() {
        DbBackend::Postgres => within(ANSWERED_WITHIN, answer).await,
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

/// Options for every connection to a SQLite file.
pub(crate) fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // Checkpoints are made by a connection of their own (checkpoint.rs).
        .pragma("wal_autocheckpoint", "0")
        // More than the log has when it is begun anew (checkpoint.rs): a file that is cut and grows
        // again makes each commit wait for the file system's journal, too.
        .pragma("journal_size_limit", "268435456")
        .pragma("temp_store", "MEMORY")
        // A group's answers pass from SQLite's thread at once; with few at a time, the two threads
        // would wake each other in turns.
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging()
}

fn failed(error: sea_orm::sqlx::Error) -> StoreError {
    StoreError::Database(DatabaseError::from(&error))
}

/// Now, by the system's clock.
pub(crate) fn now() -> EventTime {
    EventTime::new(Timestamp::now())
}

/// PostgreSQL keeps no NUL in a text. It becomes U+FFFD, on both databases, when a text is written
/// and when it is looked for.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text.into() }
}

pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    in_time(connection, at_length::execute(connection, sql, values)).await
}

pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, DbErr> {
    in_time(connection, at_length::all(connection, sql, values)).await
}

pub(crate) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, DbErr> {
    in_time(connection, at_length::one(connection, sql, values)).await
}

/// Reads every row by the same function.
pub(crate) fn read<T>(
    rows: Vec<Row>,
    row: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(row).collect()
}

/// A row of an answer. What can't be read is [`StoreError::Corrupt`], named by its column.
pub(crate) struct Row(QueryResult);

impl Row {
    pub(crate) fn get<T: TryGetable>(&self, column: &'static str) -> Result<T, StoreError> {
        self.0.try_get("", column).map_err(|_| StoreError::Corrupt { column })
    }

    /// An id, or another type that is kept in its written form.
    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| StoreError::Corrupt { column })
    }

    pub(crate) fn parse_opt<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse()).transpose().map_err(|_| StoreError::Corrupt { column })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { column })
    }

    pub(crate) fn json_opt<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| StoreError::Corrupt { column })
    }

    /// One of the words that serde writes an enum's values as.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        word(column, self.get(column)?)
    }

    pub(crate) fn word_opt<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?.map(|text| word(column, text)).transpose()
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<EventTime, StoreError> {
        EventTime::from_millis(self.get(column)?).ok_or(StoreError::Corrupt { column })
    }

    pub(crate) fn time_opt(&self, column: &'static str) -> Result<Option<EventTime>, StoreError> {
        self.get::<Option<i64>>(column)?
            .map(|millis| EventTime::from_millis(millis).ok_or(StoreError::Corrupt { column }))
            .transpose()
    }

    /// A count that is never negative.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.get(column)?).map_err(|_| StoreError::Corrupt { column })
    }
}

fn word<T: DeserializeOwned>(column: &'static str, text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_| StoreError::Corrupt { column })
}

/// JSON of something that serde can always write: our own types, and maps with text for keys.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, Store, Target};

    #[tokio::test]
    async fn a_commit_to_sqlite_waits_for_the_disk_and_not_for_a_checkpoint() {
        let dir = tempfile::TempDir::new().unwrap();
        let target = Target::Sqlite { dir: dir.path().to_owned() };
        let store = Store::open(target, MasterKey::from_bytes([7; 32])).await.unwrap();
        let pragma = async |connection: &DatabaseConnection, column: &'static str| {
            let row = one(connection, &format!("PRAGMA {column}"), []).await.unwrap();
            row.unwrap().get::<i64>(column).unwrap()
        };
        let db = store.db();
        assert_eq!(pragma(&db.log, "synchronous").await, 2, "2 is FULL");
        assert_eq!(pragma(&db.log, "wal_autocheckpoint").await, 0);
        assert_eq!(pragma(&db.write, "foreign_keys").await, 1);
        assert_eq!(pragma(&db.read, "query_only").await, 1);
        let mode = one(&db.log, "PRAGMA journal_mode", []).await.unwrap().unwrap();
        assert_eq!(mode.get::<String>("journal_mode").unwrap(), "wal");
        store.close().await;
    }
}
