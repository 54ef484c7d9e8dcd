//! Moves SQLite's write-ahead log into the database file, beside the commits instead of in them.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, sqlx::sqlite::SqlitePoolOptions};
use tokio::sync::oneshot;

use super::{
    connections::{BUSY_TIMEOUT, Db, sqlite_options},
    statements,
};
use crate::{
    background::Background,
    error::{DatabaseError, StoreError},
};

const PERIOD: Duration = Duration::from_secs(1);
/// Below this size a checkpoint is not worth its fsync.
const SMALL_BYTES: u64 = 4 << 20;
/// From this number of pages on (64 MB) the log is begun anew, for which the writer is held up:
/// under steady load it would else grow for ever.
const LARGE_PAGES: i64 = 16_384;
/// Checkpoints that come before, beside the writer, each with less to do than the one before: what
/// is left is moved, and waits for the disk, in a few milliseconds.
const ROUNDS: usize = 3;
/// How long the writer is held up for readers of what the log had before: they are brief as a rule,
/// and the log can be begun anew a second later.
const FOR_READERS: Duration = Duration::from_millis(20);

/// The task that makes checkpoints, until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    task: Background,
    /// Not to be closed before SQLite's own are: with any of a file's descriptors the system takes
    /// away all locks that the process has on it.
    _database: Arc<File>,
}

impl Checkpointer {
    /// `database` is the same file, open.
    pub(crate) fn start(file: &Path, database: File, db: &Db) -> Self {
        let database = Arc::new(database);
        let aside = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_lazy_with(sqlite_options(file))
            .into();
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        let connections =
            Connections { aside, writer: db.write.clone(), database: Arc::clone(&database) };
        let task = Background::start(|stopped| run(connections, wal.into(), stopped));
        Self { task, _database: database }
    }

    /// Stops the task and waits for its end.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

struct Connections {
    /// One that only moves pages, while others read and write.
    aside: DatabaseConnection,
    /// The one that all writes go through.
    writer: DatabaseConnection,
    database: Arc<File>,
}

async fn run(connections: Connections, wal: PathBuf, mut stopped: oneshot::Receiver<()>) {
    while tokio::time::timeout(PERIOD, &mut stopped).await.is_err() {
        if std::fs::metadata(&wal).map_or(0, |file| file.len()) < SMALL_BYTES {
            continue;
        }
        if let Err(error) = connections.checkpoint().await {
            tracing::warn!(%error, "a checkpoint failed");
        }
    }
    let _ = connections.aside.close().await;
}

impl Connections {
    /// Moves what the log has, beside the writer; and when the log is long, begins it anew.
    async fn checkpoint(&self) -> Result<(), StoreError> {
        if self.move_pages().await? < LARGE_PAGES {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            self.sync().await?;
            self.move_pages().await?;
        }
        self.begin_anew().await
    }

    /// Moves pages into the database file, and tells how many the log has.
    async fn move_pages(&self) -> Result<i64, StoreError> {
        let row = statements::one(&self.aside, "PRAGMA wal_checkpoint(PASSIVE)", []).await?;
        row.ok_or(StoreError::Corrupt { column: "log" })?.get("log")
    }

    /// Waits until what was moved is on disk.
    async fn sync(&self) -> Result<(), StoreError> {
        let database = Arc::clone(&self.database);
        let synced = tokio::task::spawn_blocking(move || database.sync_data()).await;
        let synced = synced.unwrap_or_else(|error| Err(io::Error::other(error)));
        synced.map_err(|error| DatabaseError::Unavailable(error.to_string()).into())
    }

    /// In the writer's own turn: from another connection the writer would find the file locked, and
    /// look again at intervals that are longer than the whole takes.
    async fn begin_anew(&self) -> Result<(), StoreError> {
        let sql = format!(
            "PRAGMA busy_timeout = {};
            PRAGMA wal_checkpoint(RESTART);
            PRAGMA busy_timeout = {}",
            FOR_READERS.as_millis(),
            BUSY_TIMEOUT.as_millis(),
        );
        self.writer.execute_unprepared(&sql).await?;
        Ok(())
    }
}
