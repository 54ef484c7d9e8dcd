//! Trunks, and their passwords under seal.

use bellpush_core::{events::EventTime, ids::TrunkId, trunk::TrunkSettings};
use sea_orm::{DatabaseTransaction, Value};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    Edit, Expected, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    alerts::watched::check_unwatched,
    db::{self, Row, to_json},
    revision::Subject,
    vault::KeyRing,
};

/// A trunk, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its id.
    pub id: TrunkId,
    /// Its settings.
    pub settings: TrunkSettings,
    /// Whether a password is kept for it.
    pub has_password: bool,
    /// When it was made.
    pub created_at: EventTime,
    /// When it was last changed.
    pub updated_at: EventTime,
    /// Counts its changes, from 1.
    pub revision: u64,
}

/// What becomes of a trunk's password.
#[derive(Debug, Clone, Default)]
pub enum PasswordChange {
    /// It stays.
    #[default]
    Keep,
    /// This one takes its place.
    Set(SecretString),
    /// It goes.
    Remove,
}

pub(crate) const COLUMNS: &str = "id, settings, password, created_at, updated_at, revision";

impl Store {
    /// Makes a trunk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_trunk(
        &self,
        settings: &TrunkSettings,
        password: Option<&SecretString>,
        actor: &Actor,
    ) -> Result<Trunk, StoreError> {
        let id = TrunkId::from_uuid(Uuid::now_v7());
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        insert(&transaction, self.keys(), (id, at), settings, password, actor).await?;
        db::commit(transaction).await?;
        let (settings, has_password) = (settings.clone(), password.is_some());
        Ok(Trunk { id, settings, has_password, created_at: at, updated_at: at, revision: 1 })
    }

    /// All trunks, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trunks(&self) -> Result<Vec<Trunk>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM trunks ORDER BY id");
        db::readable(db::all(&self.db().read, &sql, []).await?, trunk)
    }

    /// All trunks with their passwords, for signing in with them.
    ///
    /// # Errors
    /// When the database fails, or a password can't be opened.
    pub async fn trunks_with_passwords(
        &self,
    ) -> Result<Vec<(Trunk, Option<SecretString>)>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM trunks ORDER BY id");
        db::readable(db::all(&self.db().read, &sql, []).await?, |row| {
            let trunk = trunk(row)?;
            let sealed: Option<String> = row.get("password")?;
            let open = |sealed: String| self.keys().open(&password_identity(trunk.id), &sealed);
            let password = sealed.map(open).transpose()?;
            Ok((trunk, password))
        })
    }

    /// One trunk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trunk(&self, id: TrunkId) -> Result<Option<Trunk>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM trunks WHERE id = $1");
        let row = db::one(&self.db().read, &sql, [id.to_string().into()]).await?;
        row.as_ref().map(trunk).transpose()
    }

    /// Replaces a trunk's settings; `None` when there is no such trunk.
    ///
    /// # Errors
    /// [`SaveError::SecretsRequired`] when it keeps its password and leads elsewhere,
    /// [`SaveError::Outdated`], or when the database fails.
    pub async fn update_trunk<'a>(
        &self,
        id: TrunkId,
        settings: &TrunkSettings,
        password: &PasswordChange,
        edit: impl Into<Edit<'a>>,
    ) -> Result<Option<Trunk>, SaveError> {
        let transaction = self.db().begin_configuration().await?;
        let keys = self.keys();
        let updated = update(&transaction, keys, id, settings, (password, edit.into())).await?;
        db::commit(transaction).await?;
        Ok(updated)
    }

    /// Deletes a trunk; `false` when there is none.
    ///
    /// # Errors
    /// [`SaveError::InUse`] as long as a profile calls by it or an alert rule watches it, [`SaveError::Outdated`], or when the
    /// database fails.
    pub async fn delete_trunk<'a>(
        &self,
        id: TrunkId,
        edit: impl Into<Edit<'a>>,
    ) -> Result<bool, SaveError> {
        let Edit { actor, expected } = edit.into();
        let transaction = self.db().begin_configuration().await?;
        let Some(present) = find(&transaction, id).await? else { return Ok(false) };
        check_revision(&transaction, &present, expected).await?;
        let sql = "
            SELECT name
            FROM destinations
            WHERE trunk_id = $1
            LIMIT 1";
        if let Some(row) = db::one(&transaction, sql, [id.to_string().into()]).await? {
            let name: String = row.get("name")?;
            return Err(SaveError::InUse { why: format!("the profile {name:?} calls by it") });
        }
        check_unwatched(&transaction, id).await?;
        let sql = "DELETE FROM trunks WHERE id = $1";
        db::execute(&transaction, sql, [id.to_string().into()]).await?;
        let line = line(AuditAction::TrunkDeleted, id, &present.settings);
        let line = line.between(&present.settings, &());
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }
}

/// Enters a trunk, in a transaction that changes the configuration.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    (id, at): (TrunkId, EventTime),
    settings: &TrunkSettings,
    password: Option<&SecretString>,
    actor: &Actor,
) -> Result<(), StoreError> {
    let sealed = password.map(|password| keys.seal(&password_identity(id), password));
    let sql = "
        INSERT INTO trunks (id, settings, password, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $4)";
    let values = [
        id.to_string().into(),
        to_json(settings).into(),
        sealed.transpose()?.into(),
        at.millis().into(),
    ];
    db::execute(transaction, sql, values).await?;
    let line = line(AuditAction::TrunkMade, id, settings).between(&(), settings);
    let line = if password.is_some() { line.and_secret("/password") } else { line };
    audit::write(transaction, actor, at, line).await?;
    Ok(())
}

/// Replaces a trunk's settings, in such a transaction.
pub(crate) async fn update(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    id: TrunkId,
    settings: &TrunkSettings,
    (password, Edit { actor, expected }): (&PasswordChange, Edit<'_>),
) -> Result<Option<Trunk>, SaveError> {
    let Some(present) = find(transaction, id).await? else { return Ok(None) };
    check_revision(transaction, &present, expected).await?;
    let is_kept = present.has_password && matches!(password, PasswordChange::Keep);
    if is_kept && !settings.has_peer_of(&present.settings) {
        let names = vec!["password".to_owned()];
        return Err(SaveError::SecretsRequired { names, pointer: "/password" });
    }
    let (column, sealed): (&str, Option<String>) = match password {
        PasswordChange::Keep => ("password", None),
        PasswordChange::Set(password) => {
            ("$5", Some(keys.seal(&password_identity(id), password).map_err(StoreError::from)?))
        }
        PasswordChange::Remove => ("NULL", None),
    };
    let line = line(AuditAction::TrunkUpdated, id, settings).between(&present.settings, settings);
    let line = match password {
        PasswordChange::Keep => line,
        PasswordChange::Set(_) | PasswordChange::Remove => line.and_secret("/password"),
    };
    let sql = format!(
        "UPDATE trunks
        SET settings = $2, updated_at = $3, password = {column}, revision = revision + $4
        WHERE id = $1
        RETURNING {COLUMNS}"
    );
    let kept = "SELECT settings AS kept FROM trunks WHERE id = $1";
    let mut values: Vec<Value> = vec![
        id.to_string().into(),
        db::rewritten(transaction, kept, id, settings).await?.into(),
        db::now().millis().into(),
        i64::from(line.has_changes()).into(),
    ];
    values.extend(sealed.map(Value::from));
    let row = db::one(transaction, &sql, values).await?;
    audit::write_update(transaction, actor, db::now(), line).await?;
    Ok(row.as_ref().map(trunk).transpose()?)
}

async fn find(transaction: &DatabaseTransaction, id: TrunkId) -> Result<Option<Trunk>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM trunks WHERE id = $1");
    let row = db::one(transaction, &sql, [id.to_string().into()]).await?;
    row.as_ref().map(trunk).transpose()
}

async fn check_revision(
    transaction: &DatabaseTransaction,
    present: &Trunk,
    expected: Expected,
) -> Result<(), SaveError> {
    let id = present.id.to_string();
    let subject = Subject { id: Some(&id), actions: &[AuditAction::TrunkUpdated] };
    expected.check(transaction, present.revision, subject).await
}

fn line(action: AuditAction, id: TrunkId, settings: &TrunkSettings) -> Line {
    Line::new(action).on(id).named(&settings.name)
}

/// The identity that a trunk's password is sealed for.
pub(crate) fn password_identity(id: impl std::fmt::Display) -> String {
    format!("trunk:{id}:password")
}

pub(crate) fn trunk(row: &Row) -> Result<Trunk, StoreError> {
    Ok(Trunk {
        id: row.parse("id")?,
        settings: row.json("settings")?,
        has_password: row.get::<Option<String>>("password")?.is_some(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        revision: row.count("revision")?,
    })
}
