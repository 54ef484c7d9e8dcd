//! Which database, and whose its directory is.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use crate::error::OpenError;

/// Which database.
#[derive(Debug, Clone)]
pub enum Target {
    /// The file `bellpush.db` in a directory that this process has for itself.
    Sqlite {
        /// The directory; made, readable for this user alone, when it is not there.
        dir: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// Like `postgres://user:password@host/database`.
        url: SecretString,
    },
}

/// The database's file in its directory.
pub(crate) fn database_file(dir: &Path) -> PathBuf {
    dir.join("bellpush.db")
}

/// Makes the directory and takes it for this process, until the returned file is dropped.
pub(crate) fn lock_directory(dir: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::File { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join("bellpush.lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes the database's file, so that it and the files beside it are for this user alone.
pub(crate) fn make_file(file: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .map_err(|source| OpenError::File { path: file.to_owned(), source })
}
