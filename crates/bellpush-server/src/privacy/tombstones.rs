//! The file beside the database that says what was erased: one JSON object a line, of ids alone.

use std::{collections::BTreeSet, io, path::PathBuf};

use bellpush_core::ids::{AppId, ErasureId, SessionId};
use bellpush_store::{DatabaseError, StoreError};
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt,
    sync::Mutex,
};
use tracing::warn;

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tombstone {
    pub(super) id: ErasureId,
    pub(super) app_id: AppId,
    pub(super) sessions: BTreeSet<SessionId>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Tombstones {
    path: PathBuf,
    /// One writes at a time.
    writing: Mutex<()>,
}

impl Tombstones {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, writing: Mutex::default() }
    }

    /// All that there are.
    ///
    /// # Errors
    /// When the file is there and can't be read.
    pub(super) async fn read(&self) -> Result<Vec<Tombstone>, StoreError> {
        let text = match fs::read_to_string(&self.path).await {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
        };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Ok(lines
            .filter_map(|line| {
                // One that was being written at a crash is written again: its erasure is not done.
                serde_json::from_str(line)
                    .inspect_err(|error| warn!(%error, "a line of the erasures can't be read"))
                    .ok()
            })
            .collect())
    }

    /// Keeps one, unless it is there. On disk when this returns.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) async fn keep(&self, tombstone: &Tombstone) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        if self.read().await?.iter().any(|it| it.id == tombstone.id) {
            return Ok(());
        }
        self.append(tombstone).await.map_err(|error| self.failed(&error))
    }

    async fn append(&self, tombstone: &Tombstone) -> io::Result<()> {
        let line = serde_json::to_string(tombstone)?;
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let mut file = options.open(&self.path).await?;
        // A line that broke off ends here.
        file.write_all(format!("\n{line}\n").as_bytes()).await?;
        file.sync_all().await
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        let why = format!("the file {} of erasures: {error}", self.path.display());
        DatabaseError::Unavailable(why).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_there_once_also_after_a_line_that_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures.jsonl");
        let tombstones = Tombstones::at(path.clone());
        assert_eq!(tombstones.read().await.unwrap(), []);
        let one = |number: u128| Tombstone {
            id: ErasureId::from_uuid(uuid::Uuid::from_u128(number)),
            app_id: AppId::from_uuid(uuid::Uuid::from_u128(1)),
            sessions: BTreeSet::from([SessionId::from_uuid(uuid::Uuid::from_u128(number))]),
        };
        tombstones.keep(&one(1)).await.unwrap();
        tombstones.keep(&one(1)).await.unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"id\":\"era_")).unwrap();
        tombstones.keep(&one(2)).await.unwrap();
        assert_eq!(tombstones.read().await.unwrap(), [one(1), one(2)]);
    }
}
