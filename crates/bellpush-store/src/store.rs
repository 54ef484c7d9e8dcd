//! The handle to the store, and how it is opened and closed.

use std::sync::Arc;

use bellpush_core::{delivery::PendingDelivery, ids::MemberId};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use crate::{
    Append, AppendError, Appended, DatabaseError, KeyRing, OpenError, StoreError,
    access::{Accounts, ApiKeys, audit},
    cluster::Ownership,
    db::{
        self, Db,
        checkpoint::Checkpointer,
        migrations, session,
        target::{Target, database_file, lock_directory, make_file},
    },
    events::log::Log,
    insight::sealed,
    removals::Remover,
    vault::{DataKey, VaultError},
};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// A file of SQLite.
    Sqlite,
    /// A server of PostgreSQL.
    Postgres,
}

/// What becomes of the schema when a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schema {
    BroughtUpToDate,
    AsItIs,
}

/// The store. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    keys: KeyRing,
    data_key: DataKey,
    log: Log,
    remover: Remover,
    ownership: Ownership,
    checkpointer: Option<Checkpointer>,
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the event log's writer. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open(target: Target, keys: impl Into<KeyRing>) -> Result<Self, OpenError> {
        Self::open_with(target, keys.into(), Schema::BroughtUpToDate).await
    }

    /// The same, of a database that is there, and whose schema stays as it is: servers of an older version
    /// may be running on it.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open_as_it_is(
        target: Target,
        keys: impl Into<KeyRing>,
    ) -> Result<Self, OpenError> {
        Self::open_with(target, keys.into(), Schema::AsItIs).await
    }

    async fn open_with(target: Target, keys: KeyRing, schema: Schema) -> Result<Self, OpenError> {
        let (db, checkpointer) = match target {
            Target::Sqlite { dir } => {
                let file = database_file(&dir);
                if schema == Schema::AsItIs && !file.is_file() {
                    return Err(OpenError::NoDatabase(file));
                }
                let lock = lock_directory(&dir)?;
                let database = make_file(&file)?;
                let db = Db::sqlite(&file, Some(lock)).await?;
                let checkpointer = Checkpointer::start(&file, database, &db);
                (db, Some(checkpointer))
            }
            Target::Postgres { url } => (Db::postgres(url.expose_secret()).await?, None),
        };
        if !db.is_sqlite() {
            session::check(&db.write).await?;
        }
        match schema {
            Schema::BroughtUpToDate => migrations::migrate(&db.write).await?,
            Schema::AsItIs => migrations::check_current(&db.write).await?,
        }
        check_key(&db, &keys).await?;
        audit::hash_earlier(&db).await?;
        let data_key = sealed::data_key(&db, &keys).await?;
        if checkpointer.is_some() {
            // The lock proves that no other process is alive, so every lease is a dead one's.
            db::execute(&db.write, "DELETE FROM nodes", []).await?;
        }
        let log = Log::start(db.clone());
        let remover = Remover::start(db.clone());
        let ownership = Ownership::default();
        let inner = Inner { db, keys, data_key, log, remover, ownership, checkpointer };
        Ok(Self(Arc::new(inner)))
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        if self.db().is_sqlite() { StoreKind::Sqlite } else { StoreKind::Postgres }
    }

    /// Whether the database answers and takes writes. Writes only when the last events could not be
    /// written: then it tries whether they could be now.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), StoreError> {
        if self.0.log.is_closed() {
            return Err(
                DatabaseError::Unavailable("the event log's writer has stopped".into()).into()
            );
        }
        if self.0.log.is_failing() {
            return self.probe().await;
        }
        let transaction = self.db().begin().await?;
        db::execute(&transaction, "DELETE FROM nodes WHERE FALSE", []).await?;
        Ok(db::rollback(transaction).await?)
    }

    /// Writes as much as some events need, and takes it away again.
    async fn probe(&self) -> Result<(), StoreError> {
        const KEY: &str = "write_probe";
        const BYTES: usize = 64 * 1024;
        self.put_setting(KEY, &"x".repeat(BYTES)).await?;
        db::execute(&self.db().write, "DELETE FROM settings WHERE key = $1", [KEY.into()]).await?;
        Ok(())
    }

    /// Stops accepting events, waits until those accepted are on disk, and closes the database.
    pub async fn close(&self) {
        self.0.log.close().await;
        self.0.remover.stop().await;
        if let Some(checkpointer) = &self.0.checkpointer {
            checkpointer.stop().await;
        }
        self.0.db.close().await;
    }

    /// Appends events to the log: all of them or none. Returns once they are on disk, one answer
    /// for each, in order. Many callers share one commit.
    ///
    /// A caller that goes away while it waits does not take its events back.
    ///
    /// # Errors
    /// [`AppendError::Refused`] names the append that broke a rule; [`AppendError::Overloaded`] at
    /// once when the log can't keep up.
    pub async fn append(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        self.0.log.append(appends).await
    }

    /// The new deliveries of every commit from now on, for the delivery engine; `None` when they
    /// were taken before. Those of earlier commits are read by [`Store::pending`]. What the
    /// receiver can't take in time is dropped (see [`Store::take_missed`]): the disk is the truth.
    #[must_use]
    pub fn take_new_deliveries(&self) -> Option<mpsc::Receiver<Vec<PendingDelivery>>> {
        self.0.log.subscribe()
    }

    /// Whether new deliveries were dropped since the last call, so that they have to be read by
    /// [`Store::pending`]. It is enough to ask after every batch received: deliveries are dropped
    /// only while batches wait.
    #[must_use]
    pub fn take_missed(&self) -> bool {
        self.0.log.take_missed()
    }

    /// A setting of the whole installation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM settings WHERE key = $1";
        let row = db::one(&self.db().read, sql, [key.into()]).await?;
        row.map(|row| row.get("value")).transpose()
    }

    /// Sets a setting of the whole installation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let sql = "
            INSERT INTO settings (key, value)
            VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        db::execute(&self.db().write, sql, [key.into(), value.into()]).await?;
        Ok(())
    }

    /// The keys of the management API.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::of(&self.0.db)
    }

    /// Members, the browsers that they are signed in with, and invitations.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts::of(&self.0.db)
    }

    /// Seals a text that goes out and comes back, for a purpose like `preview:app_…`: nobody else can
    /// make one, and all nodes can open it.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal_token(&self, purpose: &str, text: &str) -> Result<String, StoreError> {
        Ok(self.keys().seal(purpose, &text.into())?)
    }

    /// Opens what [`Store::seal_token`] sealed for the same purpose; `None` for anything else.
    #[must_use]
    pub fn open_token(&self, purpose: &str, sealed: &str) -> Option<SecretString> {
        self.keys().open(purpose, sealed).ok()
    }

    /// Seals a member's key for codes.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal_totp_key(&self, id: MemberId, key: &SecretString) -> Result<String, StoreError> {
        Ok(self.keys().seal(&totp_identity(id), key)?)
    }

    /// Opens what [`Store::seal_totp_key`] sealed.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open_totp_key(&self, id: MemberId, sealed: &str) -> Result<SecretString, StoreError> {
        Ok(self.keys().open(&totp_identity(id), sealed)?)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    pub(crate) fn ownership(&self) -> &Ownership {
        &self.0.ownership
    }

    pub(crate) fn remover(&self) -> &Remover {
        &self.0.remover
    }

    /// The key of what is encrypted in bulk.
    pub(crate) fn data_key(&self) -> &DataKey {
        &self.0.data_key
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.keys
    }
}

/// The identity that a member's key for codes is sealed for.
pub(crate) fn totp_identity(id: impl std::fmt::Display) -> String {
    format!("member:{id}:totp")
}

/// The identity of the record that shows whether a master key is the right one.
pub(crate) const MASTER_KEY_CHECK: &str = "settings:master_key_check";

/// Compares the master keys with the one that the database was first opened with, or rotated to.
async fn check_key(db: &Db, keys: &KeyRing) -> Result<(), OpenError> {
    let sealed = keys.seal(MASTER_KEY_CHECK, &"bellpush".into()).map_err(StoreError::from)?;
    let sql = "
        INSERT INTO settings (key, value)
        VALUES ('master_key_check', $1)
        ON CONFLICT (key) DO NOTHING";
    db::execute(&db.write, sql, [sealed.into()]).await?;
    let sql = "SELECT value FROM settings WHERE key = 'master_key_check'";
    let sealed: String = match db::one(&db.write, sql, []).await? {
        Some(row) => row.get("value")?,
        None => return Err(StoreError::Corrupt { column: "settings.value" }.into()),
    };
    match keys.open(MASTER_KEY_CHECK, &sealed) {
        Ok(_) => Ok(()),
        Err(VaultError::Unreadable) => Err(OpenError::WrongMasterKey),
        Err(error) => Err(StoreError::from(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseConnection;

    use super::*;
    use crate::MasterKey;

    #[tokio::test]
    async fn a_commit_to_sqlite_waits_for_the_disk_and_not_for_a_checkpoint() {
        let dir = tempfile::TempDir::new().unwrap();
        let target = Target::Sqlite { dir: dir.path().to_owned() };
        let store = Store::open(target, MasterKey::from_bytes([7; 32])).await.unwrap();
        let pragma = async |connection: &DatabaseConnection, column: &'static str| {
            let row = db::one(connection, &format!("PRAGMA {column}"), []).await.unwrap();
            row.unwrap().get::<i64>(column).unwrap()
        };
        let db = store.db();
        assert_eq!(pragma(&db.log, "synchronous").await, 2, "2 is FULL");
        assert_eq!(pragma(&db.log, "wal_autocheckpoint").await, 0);
        assert_eq!(pragma(&db.write, "foreign_keys").await, 1);
        assert_eq!(pragma(&db.read, "query_only").await, 1);
        let mode = db::one(&db.log, "PRAGMA journal_mode", []).await.unwrap().unwrap();
        assert_eq!(mode.get::<String>("journal_mode").unwrap(), "wal");
        store.close().await;
    }
}
