//! Keys of the management API.

use bellpush_core::{
    access::{Apps, Authority, Change, Grant, Scopes},
    events::EventTime,
    ids::{ApiKeyId, InvitationId, MemberId},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    audit::{self, Actor, AuditAction, Line},
    grant_columns::{apps_text, grant},
    secret_hash::SecretHash,
};
use crate::{
    db::{self, Db, Row, migrations, target::Target, to_json},
    error::{OpenError, StoreError},
};

/// A key of the management API; the key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name, for people.
    pub name: String,
    /// What it is for.
    pub scopes: Scopes,
    /// In which apps.
    pub apps: Apps,
    /// When it was made.
    pub created_at: EventTime,
    /// Until when it is valid; `None`: until it is revoked.
    pub expires_at: Option<EventTime>,
    /// Who made it, with their present role; `None`: it is the installation's own.
    pub maker: Option<(MemberId, Grant)>,
    /// Whether it came by the configuration, and goes with it.
    pub configured: bool,
    /// When it was last used, within a minute; `None`: not yet.
    pub last_used_at: Option<EventTime>,
}

impl ApiKey {
    /// What it may do now.
    #[must_use]
    pub fn authority(&self) -> Authority {
        let maker = self.maker.as_ref().map(|(_, grant)| grant);
        Authority::of_key(self.scopes.clone(), &self.apps, maker)
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// What is kept of it.
    pub hash: &'a SecretHash,
    /// What it is for.
    pub scopes: Scopes,
    /// In which apps.
    pub apps: Apps,
    /// Until when it is valid.
    pub expires_at: Option<EventTime>,
    /// Beyond whose role it never goes.
    pub made_by: Option<MemberId>,
    /// The key by which it is made, which it never outlives.
    pub made_by_key: Option<ApiKeyId>,
}

impl<'a> NewApiKey<'a> {
    /// One of the installation itself, for everything.
    #[must_use]
    pub const fn of_installation(name: &'a str, hash: &'a SecretHash) -> Self {
        let (scopes, apps) = (Scopes::All, Apps::All);
        Self { name, hash, scopes, apps, expires_at: None, made_by: None, made_by_key: None }
    }
}

/// Why a key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key may do more than who wants to revoke it.
    #[error("nobody revokes a key that may do more than they may themselves")]
    AboveOwnRank,
    /// The configuration gives the key.
    #[error("the configuration gives this key; change or remove it there (--admin-api-key)")]
    Configured,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for KeyError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What a start with another configuration has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Configured {
    /// Keys of an earlier configuration that were revoked.
    pub revoked: u64,
    /// Whether the given key is a new one.
    pub added: bool,
}

/// The API keys of a database. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct ApiKeys(Db);

/// The name of a key that the configuration gave.
const CONFIGURED_NAME: &str = "admin (from the configuration)";

/// Keys with their makers, but for those whose maker is gone.
const KEYS: &str = "
    SELECT api_keys.id, api_keys.name, api_keys.scopes, api_keys.apps AS key_apps,
        api_keys.created_at, api_keys.expires_at, api_keys.configured, api_keys.last_used_at,
        api_keys.made_by, members.role, members.apps
    FROM api_keys
    LEFT JOIN members ON members.id = api_keys.made_by
    WHERE (api_keys.made_by IS NULL OR members.id IS NOT NULL)";

impl ApiKeys {
    pub(crate) fn of(db: &Db) -> Self {
        Self(db.clone())
    }

    /// Opens the keys of a database that a server may be running on. The database itself must be
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

    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database fails, or the key is there already.
    pub async fn create(&self, new: NewApiKey<'_>, actor: &Actor) -> Result<ApiKeyId, StoreError> {
        let transaction = self.0.begin_access().await?;
        let (id, at) = (ApiKeyId::from_uuid(Uuid::now_v7()), db::now());
        let sql = "
            INSERT INTO api_keys
                (id, name, hash, created_at, scopes, apps, expires_at, made_by, made_by_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = [
            id.to_string().into(),
            new.name.into(),
            new.hash.as_str().into(),
            at.millis().into(),
            scopes_text(&new.scopes).into(),
            apps_text(&new.apps).into(),
            new.expires_at.map(EventTime::millis).into(),
            new.made_by.map(|id| id.to_string()).into(),
            new.made_by_key.map(|id| id.to_string()).into(),
        ];
        db::execute(&transaction, sql, values).await?;
        let told = told(&new.scopes, &new.apps, new.expires_at);
        let line = made(id, new.name).with(Change::between(&Value::Null, &told));
        audit::write(&transaction, actor, at, line).await?;
        self.0.commit_access(transaction).await?;
        Ok(id)
    }

    /// All keys, oldest first; those that have expired, too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = format!("{KEYS} ORDER BY api_keys.id");
        db::readable(db::all(&self.0.read, &sql, []).await?, api_key)
    }

    /// A key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let sql = format!("{KEYS} AND api_keys.id = $1");
        let row = db::one(&self.0.read, &sql, [id.to_string().into()]).await?;
        row.as_ref().map(api_key).transpose()
    }

    /// The key with this hash, unless it has expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_hash(
        &self,
        hash: &SecretHash,
        now: EventTime,
    ) -> Result<Option<ApiKey>, StoreError> {
        let sql = format!("{KEYS} AND api_keys.hash = $1");
        let row = db::one(&self.0.read, &sql, [hash.as_str().into()]).await?;
        let key = row.as_ref().map(api_key).transpose()?;
        Ok(key.filter(|key| key.expires_at.is_none_or(|end| end > now)))
    }

    /// The key with this id, unless it has expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn valid(&self, id: ApiKeyId, now: EventTime) -> Result<Option<ApiKey>, StoreError> {
        valid(&self.0.read, id, now).await
    }

    /// Revokes a key: no request is taken by it from now on, nor by the keys that it has made, and nobody
    /// becomes a member by an invitation of theirs. Returns it as it was; `None` when there is none. Who has
    /// authority over everything may revoke the configured one, too.
    ///
    /// # Errors
    /// [`KeyError`] says why not.
    pub async fn revoke(
        &self,
        id: ApiKeyId,
        by: Option<&Authority>,
        actor: &Actor,
    ) -> Result<Option<ApiKey>, KeyError> {
        let transaction = self.0.begin_access().await?;
        let sql = format!("{KEYS} AND api_keys.id = $1");
        let row = db::one(&transaction, &sql, [id.to_string().into()]).await?;
        let Some(key) = row.as_ref().map(api_key).transpose()? else { return Ok(None) };
        if by.is_some_and(|authority| !authority.covers(&key.authority())) {
            return Err(KeyError::AboveOwnRank);
        }
        if by.is_some() && key.configured {
            return Err(KeyError::Configured);
        }
        remove(&transaction, &key, actor, db::now()).await?;
        self.0.commit_access(transaction).await?;
        Ok(Some(key))
    }

    /// Makes the given key the configured one, and revokes those that the configuration gave before.
    /// One that is there already, however it was made, is the configuration's from now on.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn configure(&self, given: Option<&SecretHash>) -> Result<Configured, StoreError> {
        let transaction = self.0.begin_access().await?;
        let at = db::now();
        // First, since the given key may have been made by the one that goes.
        let added = match given {
            Some(hash) => add_configured(&transaction, hash, at).await?,
            None => false,
        };
        let sql = format!("{KEYS} AND api_keys.configured AND ($1 IS NULL OR api_keys.hash <> $1)");
        let hash = given.map(|hash| hash.as_str().to_owned());
        let gone = db::read(db::all(&transaction, &sql, [hash.into()]).await?, api_key)?;
        for key in &gone {
            remove(&transaction, key, &Actor::HOST, at).await?;
        }
        self.0.commit_access(transaction).await?;
        Ok(Configured { revoked: gone.len() as u64, added })
    }

    /// Keeps when a key was used; an earlier use than the one that is kept changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_use(&self, id: ApiKeyId, at: EventTime) -> Result<(), StoreError> {
        let sql = "
            UPDATE api_keys
            SET last_used_at = $2
            WHERE id = $1
              AND (last_used_at IS NULL OR last_used_at < $2)";
        db::execute(&self.0.write, sql, [id.to_string().into(), at.millis().into()]).await?;
        Ok(())
    }
}

/// The key with this id, unless it has expired.
pub(super) async fn valid(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
    now: EventTime,
) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("{KEYS} AND api_keys.id = $1");
    let row = db::one(connection, &sql, [id.to_string().into()]).await?;
    let key = row.as_ref().map(api_key).transpose()?;
    Ok(key.filter(|key| key.expires_at.is_none_or(|end| end > now)))
}

/// Deletes a key with all that was made by it, and by what it made.
async fn remove(
    transaction: &DatabaseTransaction,
    key: &ApiKey,
    actor: &Actor,
    at: EventTime,
) -> Result<(), StoreError> {
    let sql = "
        WITH RECURSIVE made (id, name) AS (
            SELECT id, name
            FROM api_keys
            WHERE made_by_key = $1
            UNION ALL
            SELECT api_keys.id, api_keys.name
            FROM made
            JOIN api_keys ON api_keys.made_by_key = made.id
        )
        SELECT id, name
        FROM made";
    let made = db::all(transaction, sql, [key.id.to_string().into()]).await?;
    let mut gone = vec![(key.id, key.name.clone())];
    for row in &made {
        gone.push((row.parse("id")?, row.get("name")?));
    }
    for (id, _) in &gone {
        let sql = "DELETE FROM invitations WHERE made_by_key = $1 RETURNING id, email";
        for row in db::all(transaction, sql, [id.to_string().into()]).await? {
            let (id, email): (InvitationId, String) = (row.parse("id")?, row.get("email")?);
            let line = Line::new(AuditAction::InvitationDeleted).on(id).named(&email);
            audit::write(transaction, actor, at, line).await?;
        }
    }
    // The others go with it.
    let sql = "DELETE FROM api_keys WHERE id = $1";
    db::execute(transaction, sql, [key.id.to_string().into()]).await?;
    for (id, name) in &gone {
        audit::write(transaction, actor, at, revoked(*id, name)).await?;
    }
    Ok(())
}

/// Makes a key the configuration's; `true` when it was not there.
async fn add_configured(
    transaction: &DatabaseTransaction,
    hash: &SecretHash,
    at: EventTime,
) -> Result<bool, StoreError> {
    // Whatever it was made for: the configuration's may do everything.
    let sql = "
        UPDATE api_keys
        SET configured = TRUE, scopes = NULL, apps = NULL, expires_at = NULL, made_by = NULL,
            made_by_key = NULL
        WHERE hash = $1";
    if db::execute(transaction, sql, [hash.as_str().into()]).await? > 0 {
        return Ok(false);
    }
    let id = ApiKeyId::from_uuid(Uuid::now_v7());
    let sql = "
        INSERT INTO api_keys (id, name, hash, created_at, configured)
        VALUES ($1, $2, $3, $4, TRUE)";
    let values =
        [id.to_string().into(), CONFIGURED_NAME.into(), hash.as_str().into(), at.millis().into()];
    db::execute(transaction, sql, values).await?;
    let told = told(&Scopes::All, &Apps::All, None);
    let line = made(id, CONFIGURED_NAME).with(Change::between(&Value::Null, &told));
    audit::write(transaction, &Actor::HOST, at, line).await?;
    Ok(true)
}

fn made(id: ApiKeyId, name: &str) -> Line {
    Line::new(AuditAction::ApiKeyMade).on(id).named(name)
}

fn revoked(id: ApiKeyId, name: &str) -> Line {
    Line::new(AuditAction::ApiKeyRevoked).on(id).named(name)
}

fn told(scopes: &Scopes, apps: &Apps, expires_at: Option<EventTime>) -> Value {
    json!({ "scopes": scopes, "apps": apps.list(), "expiresAt": expires_at })
}

/// The column `scopes`: NULL stands for all.
fn scopes_text(scopes: &Scopes) -> Option<String> {
    (*scopes != Scopes::All).then(|| to_json(scopes))
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    let maker: Option<MemberId> = row.parse_opt("made_by")?;
    let key_apps: Option<Vec<_>> = row.json_opt("key_apps")?;
    let scopes: Option<Vec<String>> = row.json_opt("scopes")?;
    Ok(ApiKey {
        id: row.parse("id")?,
        name: row.get("name")?,
        scopes: scopes.map_or(Scopes::All, |scopes| Scopes::known(&scopes)),
        apps: key_apps.map_or(Apps::All, |list| Apps::Only(list.into_iter().collect())),
        created_at: row.time("created_at")?,
        expires_at: row.time_opt("expires_at")?,
        maker: maker.map(|id| grant(row).map(|grant| (id, grant))).transpose()?,
        configured: row.get("configured")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}
