//! The handle to everything about people.

use tokio::sync::watch;

use crate::{
    db::{Db, migrations, target::Target},
    error::OpenError,
};

/// Members, the browsers that they are signed in with, invitations, and links for the first owner.
/// Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct Accounts(Db);

impl Accounts {
    pub(crate) fn of(db: &Db) -> Self {
        Self(db.clone())
    }

    /// Opens the accounts of a database that a server may be running on. The database itself must be
    /// there. Where no server can be running, its schema is brought up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open(target: &Target) -> Result<Self, OpenError> {
        Ok(Self(migrations::open_beside(target).await?))
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Tells of changes to who may do what, as far as this process makes them: what another one
    /// changes has to be looked for.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.access_changes()
    }

    pub(super) const fn db(&self) -> &Db {
        &self.0
    }
}
