//! Moves SQLite's write-ahead log into the database file, beside the commits instead of in them.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, sqlx::sqlite::SqlitePoolOptions};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{db::sqlite_options, error::DatabaseError};

const PERIOD: Duration = Duration::from_secs(1);
/// Below this size a checkpoint is not worth its fsync.
const SMALL_BYTES: u64 = 4 << 20;
/// Above this size the writer is held up for the moment that it takes to begin the log anew: under
/// steady load it would else grow for ever.
const LARGE_BYTES: u64 = 64 << 20;

/// The task that makes checkpoints, until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer(Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>);

impl Checkpointer {
    pub(crate) fn start(file: &Path) -> Self {
        let connection = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_lazy_with(sqlite_options(file))
            .into();
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(connection, wal.into(), stopped));
        Self(Mutex::new(Some((stop, task))))
    }

    /// Stops the task and waits for its end.
    pub(crate) async fn stop(&self) {
        let taken = self.0.lock().ok().and_then(|mut running| running.take());
        if let Some((stop, task)) = taken {
            drop(stop);
            if let Err(error) = task.await {
                tracing::warn!(%error, "the checkpoints' task failed");
            }
        }
    }
}

async fn run(connection: DatabaseConnection, wal: PathBuf, mut stopped: oneshot::Receiver<()>) {
    while tokio::time::timeout(PERIOD, &mut stopped).await.is_err() {
        let bytes = std::fs::metadata(&wal).map_or(0, |file| file.len());
        let mut result = Ok(());
        if bytes >= SMALL_BYTES {
            result = checkpoint(&connection, "PASSIVE").await;
        }
        if result.is_ok() && bytes >= LARGE_BYTES {
            // The passive one has done most of the work, so this one is short.
            result = checkpoint(&connection, "RESTART").await;
        }
        if let Err(error) = result {
            tracing::warn!(error = %DatabaseError::from(error), "a checkpoint failed");
        }
    }
    let _ = connection.close().await;
}

async fn checkpoint(connection: &DatabaseConnection, mode: &str) -> Result<(), sea_orm::DbErr> {
    connection.execute_unprepared(&format!("PRAGMA wal_checkpoint({mode})")).await.map(drop)
}
