//! What ran in this data directory before. A server that is started again after a crash knows that its
//! former self is dead, and need not wait for the lease of that one to run out (docs: scaling).

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use anyhow::Context as _;
use bellpush_core::ids::NodeId;
use bellpush_store::Store;
use tracing::{info, warn};

/// Holds the id of the node that runs and where it runs, and is locked for as long as it does.
const FILE: &str = "node";
/// Another one each time that a machine starts.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

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
    let here = place(&file, Path::new(BOOT_ID));
    if let Some(former) = read(&mut file, here.as_deref()) {
        let left = store.leave(former).await;
        left.context("the server that ran here before can't be taken out of the database")?;
        info!(%former, "its calls and deliveries need not wait: it ran here, and is dead");
    }
    if let Err(error) = write(&mut file, own, here.as_deref()) {
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
            let (path, why) = (path.display(), why_not(&error));
            warn!(%path, %error, "{why}; until then, after a crash, deliveries wait for the lease");
            None
        }
    }
}

/// Why a file can't be locked, and what to do.
fn why_not(error: &TryLockError) -> &'static str {
    let TryLockError::Error(error) = error else {
        return "another server has this data directory: stop it, or give each server one of its own";
    };
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "this server may not lock the file: let its user read and write the data directory"
        }
        ErrorKind::Unsupported => UNSUPPORTED,
        // Not supported by this file system, or by this kind of file; no locks, as of NFS without its daemon.
        _ if matches!(error.raw_os_error(), Some(22 | 37)) => UNSUPPORTED,
        _ => "the file can't be locked: see what is wrong with the data directory's disk",
    }
}

const UNSUPPORTED: &str =
    "the file system can't lock files: put the data directory on a disk of this machine";

/// Which file of which running system it is. A lock on it says nothing of a node that has locked a copy of it,
/// on another machine or beside it. `None` where that can't be told.
fn place(file: &File, boot_id: &Path) -> Option<String> {
    let (boot_id, file) = (fs::read_to_string(boot_id).ok()?, file.metadata().ok()?);
    Some(format!("{} {}:{}", boot_id.trim(), file.dev(), file.ino()))
}

/// The id of the node that has locked this very file; none in a new one, in a copy, and in one whose
/// writing was cut short.
fn read(file: &mut File, here: Option<&str>) -> Option<NodeId> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let (id, place) = text.trim_end().split_once(' ')?;
    id.parse().ok().filter(|_| here == Some(place))
}

fn write(file: &mut File, own: NodeId, here: Option<&str>) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{own} {}", here.unwrap_or("?"))
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
        let here = place_of(&file);
        assert_eq!(read(&mut file, Some(&here)), None);
        write(&mut file, own, Some(&here)).unwrap();
        assert!(locked(folder.path()).is_none(), "it runs");
        drop(file);

        let mut file = locked(folder.path()).unwrap();
        assert_eq!(place_of(&file), here);
        assert_eq!(read(&mut file, Some(&here)), Some(own));
        let next = NodeId::from_uuid(Uuid::now_v7());
        write(&mut file, next, Some(&here)).unwrap();
        file.rewind().unwrap();
        assert_eq!(read(&mut file, Some(&here)), Some(next));
    }

    /// Of a machine that has started once.
    fn place_of(file: &File) -> String {
        let folder = tempfile::tempdir().unwrap();
        let boot_id = folder.path().join("boot_id");
        fs::write(&boot_id, "0e7f92a3-26f9-4b67-9aa3-689a15e7bc8e\n").unwrap();
        place(file, &boot_id).unwrap()
    }

    #[test]
    fn a_copied_directory_says_nothing_of_the_node_whose_it_was() {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut file = locked(folder.path()).unwrap();
        let here = place_of(&file);
        write(&mut file, NodeId::from_uuid(Uuid::now_v7()), Some(&here)).unwrap();
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        let mut copied = locked(copy.path()).unwrap();
        let beside = place_of(&copied);
        assert_eq!(read(&mut copied, Some(&beside)), None);

        // The same disk in another machine, or in this one after it has started anew.
        file.rewind().unwrap();
        let other = here.replace("0e7f92a3", "5d1c44e0");
        assert_eq!(read(&mut file, Some(&other)), None);
    }

    #[test]
    fn where_machines_can_not_be_told_apart_nothing_is_certain() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = locked(folder.path()).unwrap();
        assert_eq!(place(&file, &folder.path().join("nowhere")), None);
        write(&mut file, NodeId::from_uuid(Uuid::now_v7()), None).unwrap();
        for here in [None, Some(place_of(&file))] {
            file.rewind().unwrap();
            assert_eq!(read(&mut file, here.as_deref()), None);
        }
    }

    #[test]
    fn the_file_of_a_version_that_did_not_say_where_it_ran_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let own = NodeId::from_uuid(Uuid::now_v7());
        fs::write(folder.path().join(FILE), format!("{own}\n")).unwrap();
        let mut file = locked(folder.path()).unwrap();
        let here = place_of(&file);
        assert_eq!(read(&mut file, Some(&here)), None);
    }

    #[test]
    fn why_a_file_can_not_be_locked_is_told_apart_with_what_to_do() {
        let of = |error: std::io::Error| why_not(&TryLockError::Error(error));
        assert!(why_not(&TryLockError::WouldBlock).starts_with("another server has"));
        let denied = of(ErrorKind::PermissionDenied.into());
        assert!(denied.contains("let its user read and write"), "{denied}");
        assert!(of(ErrorKind::Unsupported.into()).contains("can't lock files"));
        // EIO says nothing of other servers.
        assert!(of(std::io::Error::from_raw_os_error(5)).contains("disk"));
    }

    /// As they come from the system: EACCES, EPERM, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP.
    #[cfg(target_os = "linux")]
    #[test]
    fn errors_of_the_system_are_told_apart() {
        let of = |code| why_not(&TryLockError::Error(std::io::Error::from_raw_os_error(code)));
        for denied in [13, 1] {
            assert!(of(denied).contains("may not lock"), "{denied}");
        }
        for unsupported in [22, 37, 38, 95] {
            assert_eq!(of(unsupported), UNSUPPORTED, "{unsupported}");
        }
    }

    #[test]
    fn what_is_no_id_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = locked(folder.path()).unwrap();
        let here = place_of(&file);
        for text in [format!("node_01a2 {here}"), format!(" {here}"), String::new()] {
            fs::write(folder.path().join(FILE), text).unwrap();
            file.rewind().unwrap();
            assert_eq!(read(&mut file, Some(&here)), None);
        }
        assert!(locked(&folder.path().join("nowhere")).is_none());
    }
}
