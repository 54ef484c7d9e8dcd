//! What servers on one PostgreSQL tell each other: hints, by NOTIFY. Nothing depends on their
//! coming: what they speak of is in the database.

use std::{io, time::Duration};

use sea_orm::sqlx::{
    self,
    postgres::{PgListener, PgPoolOptions},
};
use secrecy::ExposeSecret;

use crate::{
    Store, StoreError,
    db::{self, connections::postgres_options, target::Target, to_json},
    error::DatabaseError,
};

const CHANNEL: &str = "bellpush";
/// NOTIFY takes less than 8,000 bytes.
pub const MOST_BYTES: usize = 7_900;

/// How long connecting may take, and to be heard.
const PATIENCE: Duration = Duration::from_secs(3);

/// Hints as they come in, on a connection of their own.
pub struct Hints(PgListener);

impl std::fmt::Debug for Hints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hints")
    }
}

/// What came of waiting for a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A hint.
    Hint(String),
    /// The connection broke: whatever was said meanwhile was not heard.
    Broken,
}

impl Hints {
    /// Listens at this database, past whatever pools connections in front of it.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn listen(target: &Target) -> Result<Self, StoreError> {
        let Target::Postgres { url } = target else {
            return Err(DatabaseError::Other("only PostgreSQL tells other servers").into());
        };
        let options = postgres_options(url.expose_secret())?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            // Who gives up waiting while it connects again would never hear that the connection broke.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Self(listener))
        };
        let listening = tokio::time::timeout(PATIENCE, listening).await;
        let silent = |_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()));
        Ok(listening.unwrap_or_else(silent).map_err(|error| DatabaseError::from(&error))?)
    }

    /// Waits for the next hint. Safe to cancel.
    ///
    /// # Errors
    /// When the connection broke in a way that is not known, or can't be made again.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        match self.0.try_recv().await {
            Ok(Some(heard)) => Ok(Heard::Hint(heard.payload().to_owned())),
            Ok(None) => Ok(Heard::Broken),
            Err(error) => Err(DatabaseError::from(&error).into()),
        }
    }
}

impl Store {
    /// Tells all servers, this one too. Outside of any other transaction: until its commit a NOTIFY
    /// holds a lock of the whole instance.
    ///
    /// # Errors
    /// When the database fails; then nobody was told.
    pub async fn tell(&self, hints: &[String]) -> Result<(), StoreError> {
        let sql = "SELECT pg_notify('bellpush', value ->> 0) FROM jsonb_each($1)";
        let rows: Vec<_> = hints.iter().map(|hint| (hint,)).collect();
        db::all(&self.db().aside, sql, [to_json(&rows).into()]).await?;
        Ok(())
    }
}
