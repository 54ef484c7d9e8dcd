//! Connections to the two databases, their locks and transactions.

use std::{borrow::Cow, fs::File, io, path::Path, str::FromStr, sync::Arc, time::Duration};

use bellpush_core::ids::AppId;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        self, ConnectOptions, Connection,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};

use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::{
    session,
    target::{Target, database_file, lock_directory},
    timeout::in_time,
};
use crate::error::{DatabaseError, OpenError, StoreError};

/// How long a statement on SQLite waits for another writer, or a caller for a connection.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection to PostgreSQL: one that comes free, or a new one.
const POSTGRES_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections for reading a SQLite file.
const SQLITE_READERS: u32 = 4;
/// Rows that may wait between SQLite's thread and who asked.
const ROW_BUFFER: usize = 1_024;
/// How long a connection to PostgreSQL that is given back may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(4);
/// Connections to PostgreSQL, besides those of the log.
const POSTGRES_CONNECTIONS: u32 = 10;
/// Connections to PostgreSQL for the log, which writes by one at a time: the next group does not wait until
/// the last one's is given back, nor until one that does not answer any more is closed.
const POSTGRES_LOG: u32 = 2;
/// Connections to PostgreSQL for leases and words to other nodes.
const POSTGRES_ASIDE: u32 = 2;

/// The connections of an open store. On SQLite `write` and `log` are one and the same connection,
/// since there can be one writer only.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    pub(crate) read: DatabaseConnection,
    pub(crate) write: DatabaseConnection,
    pub(crate) log: DatabaseConnection,
    /// On PostgreSQL for what must not wait for requests: leases, and words to other nodes.
    pub(crate) aside: DatabaseConnection,
    /// Held as long as anything of this process may write to a SQLite file; `None` also beside the
    /// server that holds it.
    lock: Option<Arc<File>>,
    /// Tells of changes to who may do what, as far as this process makes them.
    access: watch::Sender<()>,
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
    /// One change to members, invitations and what they may do at a time.
    ChangeAccess,
    /// One node at a time starts calls of an app whose calls are counted. To be taken in the order of the
    /// numbers, after [`Lock::ReadConfiguration`].
    CallsOfApp(AppNumber),
    /// One node at a time makes exports of an app: they are counted.
    ExportsOfApp(AppNumber),
}

/// The number of an app's locks. Two apps may have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AppNumber(i32);

impl AppNumber {
    pub(crate) fn of(app_id: &AppId) -> Self {
        // The last bytes of an id are random.
        let [.., a, b, c, d] = app_id.uuid().into_bytes();
        Self(i32::from_be_bytes([a, b, c, d]))
    }
}

/// PostgreSQL goes on with a statement that nobody waits for any longer, and keeps the lock that all others wait for.
const GIVEN_UP: &str = "SET LOCAL statement_timeout = '10s'";

pub(crate) async fn lock(connection: &DatabaseTransaction, lock: Lock) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // The numbers are any that no other program uses in the same database.
    let sql: Cow<'_, str> = match lock {
        Lock::Migration => "SELECT pg_advisory_xact_lock(4207291, 1)".into(),
        Lock::ReadConfiguration => "SELECT pg_advisory_xact_lock_shared(4207291, 2)".into(),
        Lock::ChangeConfiguration => {
            format!("{GIVEN_UP}; SELECT pg_advisory_xact_lock(4207291, 2)").into()
        }
        Lock::ChangeAccess => {
            format!("{GIVEN_UP}; SELECT pg_advisory_xact_lock(4207291, 3)").into()
        }
        Lock::CallsOfApp(AppNumber(app)) => {
            format!("SELECT pg_advisory_xact_lock(4207292, {app})").into()
        }
        Lock::ExportsOfApp(AppNumber(app)) => {
            format!("SELECT pg_advisory_xact_lock(4207293, {app})").into()
        }
    };
    let locked = async { connection.execute_unprepared(&sql).await.map(drop) };
    match lock {
        // Others may have much to bring up to date.
        Lock::Migration => locked.await,
        _ => in_time(DbBackend::Postgres, locked).await,
    }
}

impl Db {
    pub(crate) async fn sqlite(file: &Path, lock: Option<File>) -> Result<Self, OpenError> {
        let options = sqlite_options(file);
        let write: DatabaseConnection = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // SQLite ends a transaction by itself when there is no room for it. The driver does not
            // see that, and would count it as open for ever.
            .after_release(|connection, _| {
                Box::pin(async move {
                    if connection.is_in_transaction() {
                        // Commands are done in turn: what was dropped is rolled back by then.
                        connection.ping().await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await
            .map_err(failed)?
            .into();
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(options.pragma("query_only", "ON"))
            .into();
        let lock = lock.map(Arc::new);
        let (log, aside) = (write.clone(), write.clone());
        Ok(Self { read, log, aside, write, lock, access: watch::Sender::default() })
    }

    pub(crate) async fn postgres(url: &str) -> Result<Self, OpenError> {
        let options = postgres_options(url)?;
        let pool = PgPoolOptions::new()
            .acquire_timeout(POSTGRES_ACQUIRE_TIMEOUT)
            // One that was given up in the middle of a statement counts as taken until it has answered: of
            // a machine that died without a word, for as long as the system sends again.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let answered = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
                    let silent = |_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()));
                    answered.unwrap_or_else(silent).map(|()| true)
                })
            });
        let write: DatabaseConnection = pool
            .clone()
            .max_connections(POSTGRES_CONNECTIONS)
            .connect_with(options.clone())
            .await
            .map_err(failed)?
            .into();
        // The log never waits for a connection that a repository holds.
        let log =
            pool.clone().max_connections(POSTGRES_LOG).connect_lazy_with(options.clone()).into();
        let aside = pool.max_connections(POSTGRES_ASIDE).connect_lazy_with(options).into();
        let (read, access) = (write.clone(), watch::Sender::default());
        Ok(Self { read, write, log, aside, lock: None, access })
    }

    /// Connects beside a server that may be running on the database, which must be there.
    pub(crate) async fn beside(target: &Target) -> Result<Self, OpenError> {
        let dir = match target {
            Target::Sqlite { dir } => dir,
            Target::Postgres { url } => return Self::postgres(url.expose_secret()).await,
        };
        let file = database_file(dir);
        if !file.is_file() {
            return Err(OpenError::NoDatabase(file));
        }
        let lock = match lock_directory(dir) {
            Ok(lock) => Some(lock),
            Err(OpenError::InUse(_)) => None,
            Err(error) => return Err(error),
        };
        Self::sqlite(&file, lock).await
    }

    /// Whether no other process can be writing to the database. Of a PostgreSQL that is never certain.
    pub(crate) fn is_alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Whether a statement costs two changes of thread, and no wait for a network.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Sqlite
    }

    /// Whether other processes may write to the same log.
    pub(crate) fn has_other_writers(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Begins a transaction that sees all as it is at one moment, and waits for nobody that writes, nor the
    /// other way round.
    pub(crate) async fn begin_reading(&self) -> Result<DatabaseTransaction, DbErr> {
        let backend = self.read.get_database_backend();
        let options = match backend {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..Default::default()
            },
            // Each of SQLite's is such a one.
            _ => TransactionOptions::default(),
        };
        in_time(backend, self.read.begin_with_options(options)).await
    }

    /// Begins a transaction that changes apps or integrations: one at a time, and never beside a
    /// group of events.
    pub(crate) async fn begin_configuration(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_locked(Lock::ChangeConfiguration).await
    }

    /// Begins a transaction that goes by what is set up, or not erased: nobody changes it meanwhile.
    pub(crate) async fn begin_beside_configuration(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_locked(Lock::ReadConfiguration).await
    }

    /// Begins a transaction that changes who may do what: one at a time.
    pub(crate) async fn begin_access(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_locked(Lock::ChangeAccess).await
    }

    /// Commits such a transaction, and tells those who go by what it has changed.
    pub(crate) async fn commit_access(
        &self,
        transaction: DatabaseTransaction,
    ) -> Result<(), DbErr> {
        let committed = commit(transaction).await;
        // Also where it is not known whether it was done: who is told looks.
        self.access.send_replace(());
        committed
    }

    /// Changes to who may do what, from now on.
    pub(crate) fn access_changes(&self) -> watch::Receiver<()> {
        self.access.subscribe()
    }

    async fn begin_locked(&self, which: Lock) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin().await?;
        lock(&transaction, which).await?;
        Ok(transaction)
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.log, &self.aside, &self.write, &self.read] {
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
    in_time(connection.get_database_backend(), connection.begin_with_options(options)).await
}

/// Commits. Whether it was done is not known when the answer does not come.
pub(crate) async fn commit(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    in_time(transaction.get_database_backend(), transaction.commit()).await
}

/// Takes all of a transaction back.
pub(crate) async fn rollback(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    in_time(transaction.get_database_backend(), transaction.rollback()).await
}

/// Options for every connection to a SQLite file.
pub(crate) fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // Checkpoints are made by a connection of their own (checkpoint.rs).
        .pragma("wal_autocheckpoint", "0")
        // More than the log has when it is begun anew (checkpoint.rs): a file that is cut and grows
        // again makes each commit wait for the file system's journal, too.
        .pragma("journal_size_limit", "268435456")
        .pragma("temp_store", "MEMORY")
        // What is deleted is overwritten: it shall be nowhere in the file.
        .pragma("secure_delete", "ON")
        // A group's answers pass from SQLite's thread at once; with few at a time, the two threads
        // would wake each other in turns.
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging()
}

/// Options for every connection to PostgreSQL.
pub(crate) fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let mut options = PgConnectOptions::from_str(url).map_err(failed)?;
    // Within one machine TLS protects nothing, and costs a wait of 40 ms in many a commit: the
    // driver leaves Nagle's algorithm on. `sslmode=require` in the URL still turns it on.
    let is_local = matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    if is_local && matches!(options.get_ssl_mode(), PgSslMode::Prefer) {
        options = options.ssl_mode(PgSslMode::Disable);
    }
    Ok(options.application_name("bellpush").options(session::SETTINGS).disable_statement_logging())
}

fn failed(error: sqlx::Error) -> StoreError {
    StoreError::Database(DatabaseError::from(&error))
}
