//! What can go wrong. No error shows SQL or a stored value.

use std::{io, path::PathBuf};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgDatabaseError},
};

use crate::vault::VaultError;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error(
        "{} is in use by another bellpush process; stop it, or give this one another directory",
        .0.display()
    )]
    InUse(PathBuf),
    /// A file or a directory could not be made or opened.
    #[error("{} can't be used: {source}", path.display())]
    File {
        /** Which. */
        path: PathBuf,
        /** Why. */
        source: io::Error,
    },
    /// A newer version wrote the database.
    #[error(
        "the database has schema version {found}, but this bellpush knows versions up to {known}; \
         start the newer version again, or restore a backup"
    )]
    NewerSchema {
        /** The version found. */
        found: i64,
        /** The newest one known. */
        known: i64,
    },
    /// A server of an older version runs on the database.
    #[error(
        "the server of this database made schema version {found}, and this bellpush needs version \
         {known}; start a server of this version first"
    )]
    OlderSchema {
        /** The version found. */
        found: i64,
        /** The one needed. */
        known: i64,
    },
    /// Another program kept tables in use that a newer version of the schema changes.
    #[error(
        "the schema could not be brought to version {version} ({name}): a transaction of another program \
         uses tables that are to be changed; let it end (a backup, a long query: pg_stat_activity shows \
         them), or end it by pg_terminate_backend, and start again"
    )]
    TablesInUse {
        /** The version that could not be made. */
        version: i64,
        /** What it is called. */
        name: &'static str,
    },
    /// There is no database where it was looked for.
    #[error("there is no database {}; name its directory by --data-dir", .0.display())]
    NoDatabase(PathBuf),
    /// No server has ever run on the database.
    #[error(
        "no bellpush has run on this database yet; name the right one by --database-url, or start the \
         server on it first"
    )]
    Empty,
    /// The secrets in the database were sealed with another key.
    #[error(
        "this is not the master key that the database's secrets were sealed with; give bellpush \
         the right key"
    )]
    WrongMasterKey,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A row that this version can't read.
    #[error("the column {column} holds something that this version can't read")]
    Corrupt {
        /** Which column. */
        column: &'static str,
    },
    /// Only the owner of a delivery may write this, and this process is not, or not any more.
    #[error("this server was taken for dead, and others go on with what it delivered")]
    Fenced,
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Secret(#[from] VaultError),
}

/// A failure of the database, stripped of SQL and values: the kind, and the database's own code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The database can't be reached, or all its connections are taken.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// There is no room for what is to be written.
    #[error("the database's disk is full; make room on it")]
    DiskFull,
    /// Another transaction was in the way; trying again helps.
    #[error("the database gave way to another transaction (code {0})")]
    Conflict(String),
    /// The database refused a statement.
    #[error("the database refused a statement (code {code}, constraint {constraint:?})")]
    Refused {
        /** SQLSTATE, or SQLite's extended result code. */
        code: String,
        /** The constraint, if one was violated. */
        constraint: Option<String>,
    },
    /// Something else in the database layer.
    #[error("the database layer failed: {0}")]
    Other(&'static str),
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        let runtime = match error {
            DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
            DbErr::ConnectionAcquire(_) => {
                return Self::Unavailable("no connection came free in time".into());
            }
            _ => return Self::Other("a value had another type than expected"),
        };
        match runtime {
            RuntimeErr::SqlxError(error) => Self::from(&*error),
            RuntimeErr::Internal(_) => Self::Other("internal"),
        }
    }
}

impl DatabaseError {
    /// By SQLSTATE, which has five characters, or SQLite's extended result code, which has fewer.
    fn from_code(code: String, constraint: Option<&str>) -> Self {
        match code.as_str() {
            // Serialization failure and deadlock; SQLITE_BUSY and its relatives.
            "40001" | "40P01" | "5" | "261" | "517" => Self::Conflict(code),
            "53100" | "13" => Self::DiskFull,
            _ if is_out_of_order(&code) => Self::Unavailable(code),
            _ => Self::Refused { constraint: constraint.map(str::to_owned), code },
        }
    }
}

/// Whether a code speaks of the database's own state, and not of the statement.
fn is_out_of_order(code: &str) -> bool {
    if code.len() == 5 {
        // Connection, resources, operator, system; and a server that only reads, as a standby does.
        let class = code.get(..2).unwrap_or_default();
        return matches!(class, "08" | "53" | "57" | "58") || code == "25006";
    }
    // SQLITE_NOMEM, _READONLY, _IOERR and _CANTOPEN: the low byte is the kind.
    code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 7 | 8 | 10 | 14))
}

/// Whether PostgreSQL refused a statement only because it was prepared before a table was changed, as by a newer
/// version that starts beside this one ("cached plan must not change result type", which other settings of
/// the database say in other languages).
pub(crate) fn is_outdated_plan(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| {
        error.code() == "0A000" && error.routine() == Some("RevalidateCachedQuery")
    })
}

impl From<&sqlx::Error> for DatabaseError {
    fn from(error: &sqlx::Error) -> Self {
        match error {
            _ if is_outdated_plan(error) => Self::Conflict("0A000".into()),
            sqlx::Error::Database(error) => {
                let code = error.code().map_or_else(|| "unknown".into(), |code| code.into_owned());
                Self::from_code(code, error.constraint())
            }
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => Self::DiskFull,
            sqlx::Error::Io(error) => Self::Unavailable(error.kind().to_string()),
            sqlx::Error::PoolTimedOut => {
                Self::Unavailable("no connection came free in time".into())
            }
            sqlx::Error::PoolClosed => Self::Unavailable("the store is closed".into()),
            sqlx::Error::WorkerCrashed => Self::Unavailable("the database's thread ended".into()),
            sqlx::Error::Tls(_) => Self::Unavailable("TLS failed".into()),
            sqlx::Error::Configuration(_) => {
                Self::Unavailable("the database's address can't be understood".into())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
                Self::Other("a column had another type than expected")
            }
            _ => Self::Other("unexpected"),
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<DbErr> for OpenError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_the_statement_or_the_database_is_at_fault() {
        let kind = |code: &str| DatabaseError::from_code(code.to_owned(), None);
        for full in ["53100", "13"] {
            assert_eq!(kind(full), DatabaseError::DiskFull);
        }
        for away in ["08006", "53300", "57P01", "57014", "58030", "25006", "10", "778", "14"] {
            assert_eq!(kind(away), DatabaseError::Unavailable(away.to_owned()));
        }
        for busy in ["40001", "5"] {
            assert_eq!(kind(busy), DatabaseError::Conflict(busy.to_owned()));
        }
        for refused in ["23505", "2067", "22021", "1", "11"] {
            let code = refused.to_owned();
            assert_eq!(kind(refused), DatabaseError::Refused { code, constraint: None });
        }
    }
}
