//! Invitations: each makes one member, once, until it expires.

use bellpush_core::{
    access::{Authority, Change, Email, Grant},
    events::EventTime,
    ids::{ApiKeyId, InvitationId, MemberId},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    SecretHash, Who,
    accounts::Accounts,
    api_keys,
    audit::{self, Actor, AuditAction, Line},
    grant_columns::{apps_text, grant},
    members::{Member, MemberError, NewMember, insert, told},
    settings,
    sign_ins::{self, NewSignIn, SignIn},
};
use crate::{
    StoreError,
    db::{self, Row},
};

/// An invitation to become a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: Email,
    /// The role that they will have, and for which apps.
    pub grant: Grant,
    /// The member who invited them; `None`: a key of the installation's own.
    pub invited_by: Option<MemberId>,
    /// The key by which it was made, and with which it goes.
    pub made_by_key: Option<ApiKeyId>,
    /// When it was made.
    pub created_at: EventTime,
    /// Until when it is valid.
    pub expires_at: EventTime,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct InvitationDraft<'a> {
    /// What its link shows.
    pub token: &'a SecretHash,
    /// Who is invited.
    pub email: &'a Email,
    /// The role that they will have, and for which apps.
    pub grant: Grant,
    /// On whose account it is: who made it, or who made the API key by which it was made.
    pub invited_by: Option<MemberId>,
    /// The key by which it is made, if it is by one.
    pub made_by_key: Option<ApiKeyId>,
    /// Until when it is valid.
    pub expires_at: EventTime,
}

const COLUMNS: &str = "id, email, role, apps, invited_by, made_by_key, created_at, expires_at";

impl Accounts {
    /// Invites somebody. Earlier invitations of theirs are dead then.
    ///
    /// # Errors
    /// [`MemberError::AboveOwnRank`], [`MemberError::EmailTaken`], or when the database fails.
    pub async fn invite(
        &self,
        new: InvitationDraft<'_>,
        by: (&Authority, &Actor),
    ) -> Result<Invitation, MemberError> {
        let (authority, actor) = by;
        let InvitationDraft { token, email, grant, invited_by, made_by_key, expires_at } = new;
        let transaction = self.db().begin_access().await?;
        if !authority.covers(&Authority::of_member(&grant)) {
            return Err(MemberError::AboveOwnRank);
        }
        let sql = "SELECT 1 AS found FROM members WHERE email = $1";
        if db::one(&transaction, sql, [email.as_str().into()]).await?.is_some() {
            return Err(MemberError::EmailTaken);
        }
        for earlier in of_email(&transaction, email).await? {
            if !authority.covers(&Authority::of_member(&earlier.grant)) {
                return Err(MemberError::AboveOwnRank);
            }
        }
        let sql = "DELETE FROM invitations WHERE email = $1";
        db::execute(&transaction, sql, [email.as_str().into()]).await?;
        let (id, at) = (InvitationId::from_uuid(Uuid::now_v7()), db::now());
        let sql = "
            INSERT INTO invitations
                (id, token_hash, email, role, apps, invited_by, created_at, expires_at, made_by_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = [
            id.to_string().into(),
            token.as_str().into(),
            email.as_str().into(),
            grant.role().as_str().into(),
            apps_text(grant.apps()).into(),
            invited_by.map(|id| id.to_string()).into(),
            at.millis().into(),
            expires_at.millis().into(),
            made_by_key.map(|id| id.to_string()).into(),
        ];
        db::execute(&transaction, sql, values).await?;
        let (email, created_at) = (email.clone(), at);
        let made = Invitation { id, email, grant, invited_by, made_by_key, created_at, expires_at };
        let changes = Change::between(&Value::Null, &told_of(&made));
        let line = Line::new(AuditAction::InvitationMade).on(id).named(made.email.as_str());
        audit::write(&transaction, actor, at, line.with(changes)).await?;
        self.db().commit_access(transaction).await?;
        Ok(made)
    }

    /// The invitations that are valid, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invitations(&self, now: EventTime) -> Result<Vec<Invitation>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM invitations WHERE expires_at > $1 ORDER BY id");
        db::readable(db::all(&self.db().read, &sql, [now.millis().into()]).await?, invitation)
    }

    /// The invitation with this token, if it can be taken: it is valid, who made it may still make it, and its
    /// address is allowed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invitation_by_token(
        &self,
        token: &SecretHash,
        now: EventTime,
    ) -> Result<Option<Invitation>, StoreError> {
        by_token(&self.db().read, token, now).await
    }

    /// Takes an invitation back; `false` when there is none.
    ///
    /// # Errors
    /// [`MemberError::AboveOwnRank`], or when the database fails.
    pub async fn delete_invitation(
        &self,
        id: InvitationId,
        by: (&Authority, &Actor),
    ) -> Result<bool, MemberError> {
        let (authority, actor) = by;
        let transaction = self.db().begin_access().await?;
        let sql = format!("DELETE FROM invitations WHERE id = $1 RETURNING {COLUMNS}");
        let Some(row) = db::one(&transaction, &sql, [id.to_string().into()]).await? else {
            return Ok(false);
        };
        let gone = invitation(&row)?;
        if !authority.covers(&Authority::of_member(&gone.grant)) {
            return Err(MemberError::AboveOwnRank);
        }
        let changes = Change::between(&told_of(&gone), &Value::Null);
        let line = Line::new(AuditAction::InvitationDeleted).on(id).named(gone.email.as_str());
        audit::write(&transaction, actor, db::now(), line.with(changes)).await?;
        self.db().commit_access(transaction).await?;
        Ok(true)
    }

    /// Makes a member by an invitation, which is dead from then on, and signs the browser in. What the
    /// inviter may not grant any more is not granted. Where single sign-on is the only way in, or without a
    /// password, the member has none, and no browser is signed in.
    ///
    /// # Errors
    /// [`MemberError::DeadLink`], [`MemberError::EmailTaken`], or when the database fails.
    pub async fn accept_invitation(
        &self,
        token: &SecretHash,
        (name, password): (&str, Option<&secrecy::SecretString>),
        sign_in: &NewSignIn<'_>,
        actor: &Actor,
    ) -> Result<(Member, Option<SignIn>), MemberError> {
        let transaction = self.db().begin_access().await?;
        let at = db::now();
        let invitation = by_token(&transaction, token, at).await?.ok_or(MemberError::DeadLink)?;
        let require_sso = settings::read(&transaction).await?.0.require_sso;
        let password = password.filter(|_| !require_sso);
        let new = NewMember { name, email: &invitation.email, password };
        let member = insert(&transaction, &new, invitation.grant, at).await?;
        let sql = "DELETE FROM invitations WHERE id = $1";
        db::execute(&transaction, sql, [invitation.id.to_string().into()]).await?;
        let sign_in = match password {
            Some(_) => Some(sign_ins::insert(&transaction, member.id, sign_in, at).await?),
            None => None,
        };
        let who = Who::Member(member.id);
        let actor = Actor { who, name: Some(member.name.clone()), address: actor.address };
        let changes = Change::between(&Value::Null, &told(&member));
        let line = Line::new(AuditAction::InvitationAccepted).on(member.id).named(&member.name);
        audit::write(&transaction, &actor, at, line.with(changes)).await?;
        self.db().commit_access(transaction).await?;
        Ok((member, sign_in))
    }

    /// Forgets invitations that have expired; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_invitations(&self, now: EventTime) -> Result<u64, StoreError> {
        let sql = "DELETE FROM invitations WHERE expires_at <= $1";
        Ok(db::execute(&self.db().write, sql, [now.millis().into()]).await?)
    }
}

async fn by_token(
    connection: &impl sea_orm::ConnectionTrait,
    token: &SecretHash,
    now: EventTime,
) -> Result<Option<Invitation>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM invitations WHERE token_hash = $1 AND expires_at > $2");
    let values = [token.as_str().into(), now.millis().into()];
    let row = db::one(connection, &sql, values).await?;
    let Some(found) = row.as_ref().map(invitation).transpose()? else { return Ok(None) };
    let allowed = settings::read(connection).await?.0.allows_domain(found.email.domain());
    Ok((allowed && may_be_made(connection, &found, now).await?).then_some(found))
}

/// Whether who has made an invitation may do so still.
async fn may_be_made(
    connection: &impl sea_orm::ConnectionTrait,
    invitation: &Invitation,
    now: EventTime,
) -> Result<bool, StoreError> {
    let present = if let Some(key) = invitation.made_by_key {
        api_keys::valid(connection, key, now).await?.map(|key| key.authority())
    } else if let Some(inviter) = invitation.invited_by {
        let sql = "SELECT role, apps FROM members WHERE id = $1";
        let row = db::one(connection, sql, [inviter.to_string().into()]).await?;
        row.as_ref().map(grant).transpose()?.map(|grant| Authority::of_member(&grant))
    } else {
        return Ok(true);
    };
    let granted = Authority::of_member(&invitation.grant);
    Ok(present.is_some_and(|present| present.covers(&granted)))
}

async fn of_email(
    connection: &impl sea_orm::ConnectionTrait,
    email: &Email,
) -> Result<Vec<Invitation>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM invitations WHERE email = $1");
    db::read(db::all(connection, &sql, [email.as_str().into()]).await?, invitation)
}

fn told_of(invitation: &Invitation) -> Value {
    let Invitation { email, grant, expires_at, .. } = invitation;
    let (role, apps) = (grant.role(), grant.apps().list());
    json!({ "email": email, "role": role, "apps": apps, "expiresAt": expires_at })
}

fn invitation(row: &Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.parse("id")?,
        email: row.parse("email")?,
        grant: grant(row)?,
        invited_by: row.parse_opt("invited_by")?,
        made_by_key: row.parse_opt("made_by_key")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}
