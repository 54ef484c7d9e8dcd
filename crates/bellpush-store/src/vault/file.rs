//! The file of the master keys. It is only ever replaced whole: no reader, and no crash, finds half
//! of it.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use super::{error::VaultError, ring::KeyRing};

impl KeyRing {
    /// Reads the keys from a file, or makes one there, with one key, that only this user can read.
    ///
    /// # Errors
    /// [`VaultError::File`], or the file is not one of master keys.
    pub fn load_or_create(path: &Path) -> Result<Self, VaultError> {
        match Self::load(path) {
            Err(VaultError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
                let made = Self::generate()?;
                let linked = with_draft(path, &made, None, |draft| fs::hard_link(draft, path));
                match linked {
                    // Another process was faster: its key is the one.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    other => other.map_err(|source| failed(path, source))?,
                }
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the keys from a file.
    ///
    /// # Errors
    /// [`VaultError::File`], or the file is not one of master keys.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        let text = fs::read_to_string(path).map_err(|source| failed(path, source))?;
        Self::from_text(&text.into())
    }

    /// Replaces a file by these keys, on disk when it returns. Whoever could read it still can, and a link to
    /// it is one.
    ///
    /// # Errors
    /// [`VaultError::File`]; the file is as it was then.
    pub fn save(&self, path: &Path) -> Result<(), VaultError> {
        let replaced = || {
            let file = fs::canonicalize(path)?;
            let before = fs::metadata(&file)?;
            with_draft(&file, self, Some(&before), |draft| fs::rename(draft, &file))
        };
        replaced().map_err(|source| failed(path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> VaultError {
    VaultError::File { path: path.to_owned(), source }
}

/// Writes beside the path first, lets it be put in place, and leaves no draft behind. It is for the user of
/// this process alone, or for those that the file before it was for.
fn with_draft(
    path: &Path,
    ring: &KeyRing,
    before: Option<&Metadata>,
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", Uuid::now_v7().simple()));
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let text: Zeroizing<String> = ring.to_text();
    let done = before
        .map_or(Ok(()), |before| hand_over(&file, before))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .and_then(|()| put(&draft));
    // After a renaming it is not there any more.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => done?,
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Gives a file the owner, the group and the mode of another, but nothing to everybody.
fn hand_over(file: &File, before: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(before.mode() & 0o770))
}
