//! What ran in this data directory before. A server that is started again after a crash knows that its
//! former self is dead, and need not wait for the lease of that one to run out (docs: scaling).

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use anyhow::Context as _;
use bellpush_core::ids::NodeId;
use bellpush_store::Store;
use tracing::{info, warn};

/// Holds the id of the node that runs, and is locked for as long as it does.
const FILE: &str = "node";

/// Takes the node out of the database that ran in this directory last, if it is certain that it is dead, and
/// leaves this one's id in its place. What is returned is to be kept until the process ends.
///
/// # Errors
/// When the database fails. A directory that can't be written costs the certainty alone.
pub(crate) async fn succeed(
    store: &Store,
    directory: &Path,
    own: NodeId,
) -> anyhow::Result<Option<File>> {
    if !store.is_shared() {
        return Ok(None);
    }
    let Some(mut file) = locked(directory) else { return Ok(None) };
    if let Some(former) = read(&mut file) {
        let left = store.leave(former).await;
        left.context("the server that ran here before can't be taken out of the database")?;
        info!(%former, "its calls and deliveries need not wait: it ran here, and is dead");
    }
    if let Err(error) = write(&mut file, own) {
        warn!(%error, "the data directory can't be written: after a crash, deliveries wait for the lease");
    }
    Ok(Some(file))
}

/// The file, where no living process has it.
fn locked(directory: &Path) -> Option<File> {
    let path = directory.join(FILE);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let file = opened.inspect_err(|error| {
        warn!(path = %path.display(), %error, "can't be opened: after a crash, deliveries wait for the lease");
    });
    let file = file.ok()?;
    match file.try_lock() {
        Ok(()) => Some(file),
        Err(error) => {
            warn!(path = %path.display(), %error, "another server has this data directory");
            None
        }
    }
}

/// The id in it; none in a new file, and in one whose writing was cut short.
fn read(file: &mut File) -> Option<NodeId> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write(file: &mut File, own: NodeId) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{own}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn who_runs_has_the_file_alone_and_who_comes_after_reads_whose_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let own = NodeId::from_uuid(Uuid::now_v7());
        let mut file = locked(folder.path()).unwrap();
        assert_eq!(read(&mut file), None);
        write(&mut file, own).unwrap();
        assert!(locked(folder.path()).is_none(), "it runs");
        drop(file);

        let mut file = locked(folder.path()).unwrap();
        assert_eq!(read(&mut file), Some(own));
        let next = NodeId::from_uuid(Uuid::now_v7());
        write(&mut file, next).unwrap();
        file.rewind().unwrap();
        assert_eq!(read(&mut file), Some(next));
    }

    #[test]
    fn what_is_no_id_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "node_01a2").unwrap();
        assert_eq!(read(&mut locked(folder.path()).unwrap()), None);
        assert!(locked(&folder.path().join("nowhere")).is_none());
    }
}
