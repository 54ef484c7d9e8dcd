//! Members: people with a role.

use bellpush_core::{
    access::{Authority, Change, Email, Grant},
    events::EventTime,
    ids::MemberId,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::{
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
    grant_columns::{apps_text, grant},
};
use crate::{
    Edit, Expected, Outdated, StoreError,
    db::{self, Row},
    revision::Subject,
};

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: Email,
    /// Their role, and for which apps.
    pub grant: Grant,
    /// Whether they sign in by password.
    pub has_password: bool,
    /// Since when they are a member.
    pub created_at: EventTime,
    /// When they were last here, within a minute.
    pub last_seen_at: Option<EventTime>,
    /// Counts the changes of name and role, from 1.
    pub revision: u64,
}

/// A member to be.
#[derive(Debug, Clone)]
pub struct NewMember<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their e-mail address.
    pub email: &'a Email,
    /// The hash of their password, if they have one.
    pub password: Option<&'a SecretString>,
}

/// Why a member was not made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is no such member.
    #[error("there is no such member")]
    Unknown,
    /// Somebody has this address already.
    #[error("there is a member with this e-mail address already")]
    EmailTaken,
    /// It would raise somebody, or concerns somebody, above who does it.
    #[error("nobody grants a role above their own, or changes somebody above them")]
    AboveOwnRank,
    /// There would be no owner any more.
    #[error("this is the last owner; make somebody else an owner first")]
    LastOwner,
    /// Somebody has changed the member meanwhile.
    #[error(transparent)]
    Outdated(#[from] Outdated),
    /// The link is not valid: it was used, has expired, was taken back, or never was one.
    #[error("this link is not valid: it was used, has expired or was taken back")]
    DeadLink,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for MemberError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

const COLUMNS: &str = "id, name, email, role, apps, password_hash IS NOT NULL AS has_password, \
     created_at, last_seen_at, revision";

impl Accounts {
    /// Whether there is an owner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_owner(&self) -> Result<bool, StoreError> {
        Ok(owners(&self.db().read, 1).await? > 0)
    }

    /// All members, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM members ORDER BY id");
        db::readable(db::all(&self.db().read, &sql, []).await?, member)
    }

    /// A member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn member(&self, id: MemberId) -> Result<Option<Member>, StoreError> {
        find(&self.db().read, id).await
    }

    /// The member with this address, and the hash of the password, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_email(
        &self,
        email: &Email,
    ) -> Result<Option<(Member, Option<SecretString>)>, StoreError> {
        by_email(&self.db().read, email).await
    }

    /// Gives a member another name.
    ///
    /// # Errors
    /// [`MemberError::Unknown`], or when the database fails.
    pub async fn rename_member(
        &self,
        id: MemberId,
        name: &str,
        actor: &Actor,
    ) -> Result<Member, MemberError> {
        let transaction = self.db().begin_access().await?;
        let before = find(&transaction, id).await?.ok_or(MemberError::Unknown)?;
        let at = db::now();
        let mut after = Member { name: name.into(), ..before.clone() };
        let line = updated(&before, &mut after);
        let sql = "UPDATE members SET name = $2, updated_at = $3, revision = $4 WHERE id = $1";
        let values =
            [id.to_string().into(), name.into(), at.millis().into(), db::number(after.revision)];
        db::execute(&transaction, sql, values).await?;
        audit::write_update(&transaction, actor, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok(after)
    }

    /// Gives a member another role, or other apps.
    ///
    /// # Errors
    /// [`MemberError`] says why not.
    pub async fn grant_member(
        &self,
        id: MemberId,
        grant: Grant,
        by: (&Authority, Edit<'_>),
    ) -> Result<Member, MemberError> {
        let (authority, Edit { actor, expected }) = by;
        let transaction = self.db().begin_access().await?;
        let before = find(&transaction, id).await?.ok_or(MemberError::Unknown)?;
        check_revision(&transaction, &before, expected).await?;
        for grant in [&before.grant, &grant] {
            if !authority.covers(&Authority::of_member(grant)) {
                return Err(MemberError::AboveOwnRank);
            }
        }
        if before.grant.is_owner() && !grant.is_owner() {
            another_owner(&transaction).await?;
        }
        let at = db::now();
        let after = regrant(&transaction, &before, grant, (actor, at)).await?;
        self.db().commit_access(transaction).await?;
        Ok(after)
    }

    /// Removes a member: the browsers are signed out, and the API keys that the member made are
    /// revoked. `by` needs no authority over itself.
    ///
    /// # Errors
    /// [`MemberError`] says why not.
    pub async fn remove_member(
        &self,
        id: MemberId,
        by: (&Authority, Edit<'_>),
    ) -> Result<(), MemberError> {
        let (authority, Edit { actor, expected }) = by;
        let transaction = self.db().begin_access().await?;
        let before = find(&transaction, id).await?.ok_or(MemberError::Unknown)?;
        check_revision(&transaction, &before, expected).await?;
        let is_oneself = actor.who == super::Who::Member(id);
        if !is_oneself && !authority.covers(&Authority::of_member(&before.grant)) {
            return Err(MemberError::AboveOwnRank);
        }
        if before.grant.is_owner() {
            another_owner(&transaction).await?;
        }
        let own = || [id.to_string().into()];
        let sql = "DELETE FROM api_keys WHERE made_by = $1";
        let keys = db::execute(&transaction, sql, own()).await?;
        db::execute(&transaction, "DELETE FROM members WHERE id = $1", own()).await?;
        let gone = json!({ "revokedApiKeys": keys });
        let mut changes = Change::between(&told(&before), &serde_json::Value::Null);
        changes.extend(Change::between(&serde_json::Value::Null, &gone));
        let line = Line::new(AuditAction::MemberRemoved).on(id).named(&before.name);
        audit::write(&transaction, actor, db::now(), line.with(changes)).await?;
        self.db().commit_access(transaction).await?;
        Ok(())
    }

    /// Sets a member's password, and signs out all browsers but the one that is named.
    ///
    /// # Errors
    /// [`MemberError::Unknown`], or when the database fails.
    pub async fn set_password(
        &self,
        id: MemberId,
        password: &SecretString,
        keep: bellpush_core::ids::SignInId,
        actor: &Actor,
    ) -> Result<(), MemberError> {
        let transaction = self.db().begin_access().await?;
        let member = find(&transaction, id).await?.ok_or(MemberError::Unknown)?;
        let at = db::now();
        let sql = "UPDATE members SET password_hash = $2, updated_at = $3 WHERE id = $1";
        let password = password.expose_secret().into();
        db::execute(&transaction, sql, [id.to_string().into(), password, at.millis().into()])
            .await?;
        let sql = "DELETE FROM sign_ins WHERE member_id = $1 AND id <> $2";
        db::execute(&transaction, sql, [id.to_string().into(), keep.to_string().into()]).await?;
        let line = Line::new(AuditAction::PasswordSet).on(id).named(&member.name);
        let line = line.with(vec![Change::of_secret("/password")]);
        audit::write(&transaction, actor, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok(())
    }
}

/// Makes a member.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    new: &NewMember<'_>,
    grant: Grant,
    at: EventTime,
) -> Result<Member, MemberError> {
    let id = MemberId::from_uuid(Uuid::now_v7());
    let sql = "
        INSERT INTO members (id, name, email, role, apps, password_hash, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT (email) DO NOTHING";
    let values = [
        id.to_string().into(),
        new.name.into(),
        new.email.as_str().into(),
        grant.role().as_str().into(),
        apps_text(grant.apps()).into(),
        new.password.map(|password| password.expose_secret().to_owned()).into(),
        at.millis().into(),
    ];
    if db::execute(transaction, sql, values).await? == 0 {
        return Err(MemberError::EmailTaken);
    }
    Ok(Member {
        id,
        name: new.name.into(),
        email: new.email.clone(),
        grant,
        has_password: new.password.is_some(),
        created_at: at,
        last_seen_at: None,
        revision: 1,
    })
}

/// The member with this address, and the hash of the password.
pub(super) async fn by_email(
    connection: &impl ConnectionTrait,
    email: &Email,
) -> Result<Option<(Member, Option<SecretString>)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, password_hash FROM members WHERE email = $1");
    let row = db::one(connection, &sql, [email.as_str().into()]).await?;
    let with_password = |row: &Row| {
        let password: Option<String> = row.get("password_hash")?;
        Ok((member(row)?, password.map(SecretString::from)))
    };
    row.as_ref().map(with_password).transpose()
}

/// What the audit trail tells of a member.
pub(super) fn told(member: &Member) -> serde_json::Value {
    let Member { name, email, grant, .. } = member;
    json!({ "name": name, "email": email, "role": grant.role(), "apps": grant.apps().list() })
}

/// How many owners there are, counted up to a limit.
pub(super) async fn owners(
    connection: &impl ConnectionTrait,
    limit: i64,
) -> Result<usize, StoreError> {
    let sql = "SELECT id FROM members WHERE role = 'owner' LIMIT $1";
    Ok(db::all(connection, sql, [limit.into()]).await?.len())
}

async fn another_owner(transaction: &DatabaseTransaction) -> Result<(), MemberError> {
    if owners(transaction, 2).await? < 2 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}

pub(super) async fn find(
    connection: &impl ConnectionTrait,
    id: MemberId,
) -> Result<Option<Member>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM members WHERE id = $1");
    let row = db::one(connection, &sql, [id.to_string().into()]).await?;
    row.as_ref().map(member).transpose()
}

/// Gives a member another role or other apps, and writes that down.
pub(super) async fn regrant(
    transaction: &DatabaseTransaction,
    before: &Member,
    grant: Grant,
    (actor, at): (&Actor, EventTime),
) -> Result<Member, StoreError> {
    let mut after = Member { grant, ..before.clone() };
    let line = updated(before, &mut after);
    let sql = "
        UPDATE members
        SET role = $2, apps = $3, updated_at = $4, revision = $5
        WHERE id = $1";
    let values = [
        after.id.to_string().into(),
        after.grant.role().as_str().into(),
        apps_text(after.grant.apps()).into(),
        at.millis().into(),
        db::number(after.revision),
    ];
    db::execute(transaction, sql, values).await?;
    audit::write_update(transaction, actor, at, line).await?;
    Ok(after)
}

/// The line of an update, which makes another revision if it changes something.
fn updated(before: &Member, after: &mut Member) -> Line {
    let changes = Change::between(&told(before), &told(after));
    let line = Line::new(AuditAction::MemberUpdated).on(after.id).named(&after.name).with(changes);
    after.revision = before.revision + u64::from(line.has_changes());
    line
}

async fn check_revision(
    transaction: &DatabaseTransaction,
    present: &Member,
    expected: Expected,
) -> Result<(), MemberError> {
    let actions = &[AuditAction::MemberUpdated, AuditAction::Recovered];
    let subject = Subject { id: Some(&present.id.to_string()), actions };
    expected.check(transaction, present.revision, subject).await
}

pub(super) fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        id: row.parse("id")?,
        name: row.get("name")?,
        email: row.parse("email")?,
        grant: grant(row)?,
        has_password: row.get("has_password")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time_opt("last_seen_at")?,
        revision: row.count("revision")?,
    })
}
