//! Browsers that are signed in.

use std::net::IpAddr;

use bellpush_core::{
    access::{Authority, SignInSettings},
    events::EventTime,
    ids::{MemberId, SignInId},
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    SecretHash,
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
    members::{Member, member},
    proofs::{self, LetInBy, SignInError},
};
use crate::{
    StoreError,
    db::{self, Row},
};

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// By password, and a code where they have any.
    Password,
    /// By passkey.
    Passkey,
    /// By single sign-on.
    Sso,
    /// By a link: as the first owner, invited, or back again.
    Link,
}

impl SignInWay {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Sso => "sso",
            Self::Link => "link",
        }
    }
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Its id; not what the browser shows.
    pub id: SignInId,
    /// Whose it is.
    pub member_id: MemberId,
    /// Browser and system, in words.
    pub device: String,
    /// The address that it was last used from.
    pub address: IpAddr,
    /// Since when.
    pub created_at: EventTime,
    /// When it was last used, within a minute.
    pub last_used_at: EventTime,
    /// Until when, at most.
    pub expires_at: EventTime,
    /// How they came in.
    pub way: SignInWay,
    /// When it was last proved who sits there.
    pub proved_at: EventTime,
}

/// A browser, and who sits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The browser.
    pub sign_in: SignIn,
    /// Who sits there, as of now.
    pub member: Member,
    /// Whether a second factor is needed, and they have none.
    pub lacks_second_factor: bool,
}

impl SignedIn {
    /// What they may do now: nothing while a second factor has to be added first.
    #[must_use]
    pub fn authority(&self) -> Authority {
        let grant = &self.member.grant;
        match self.lacks_second_factor {
            true => Authority::withheld(grant),
            false => Authority::of_member(grant),
        }
    }
}

/// A browser to be signed in.
#[derive(Debug, Clone)]
pub struct NewSignIn<'a> {
    /// What it shows from now on.
    pub token: &'a SecretHash,
    /// Browser and system, in words.
    pub device: &'a str,
    /// Where it is.
    pub address: IpAddr,
    /// Until when, at most.
    pub expires_at: EventTime,
    /// How they came in.
    pub way: SignInWay,
}

const SIGNED_IN: &str = "
    SELECT members.id, members.name, members.email, members.role, members.apps,
        members.password_hash IS NOT NULL AS has_password, members.created_at, members.last_seen_at,
        members.revision,
        sign_ins.id AS sign_in_id, sign_ins.device, sign_ins.address,
        sign_ins.created_at AS signed_in_at, sign_ins.last_used_at, sign_ins.expires_at,
        sign_ins.proved_at, sign_ins.way,
        EXISTS (
            SELECT 1
            FROM totp_keys
            WHERE member_id = members.id
              AND last_step IS NOT NULL
        ) AS has_totp,
        EXISTS (SELECT 1 FROM passkeys WHERE member_id = members.id) AS has_passkey,
        (SELECT value FROM settings WHERE key = 'sign_in') AS settings
    FROM sign_ins
    JOIN members ON members.id = sign_ins.member_id
    WHERE sign_ins.expires_at > $1
      AND sign_ins.last_used_at > $2";

impl Accounts {
    /// Signs a browser in, if what its owner was let in by is still what it was when it was judged.
    ///
    /// # Errors
    /// [`SignInError`] says why not.
    pub async fn sign_in(
        &self,
        member: &Member,
        new: &NewSignIn<'_>,
        by: LetInBy<'_>,
        actor: &Actor,
    ) -> Result<SignIn, SignInError> {
        let transaction = self.db().begin_access().await?;
        proofs::check(&transaction, member.id, by).await?;
        let at = db::now();
        let sign_in = insert(&transaction, member.id, new, at).await?;
        let way = new.way.as_str();
        let line = Line::new(AuditAction::SignedIn).on(member.id).named(new.device);
        let line = line.between(&(), &json!({ "way": way }));
        audit::write(&transaction, actor, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok(sign_in)
    }

    /// The browser that shows this token, and who sits there. One that was not used since `idle_since`
    /// is signed out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signed_in(
        &self,
        token: &SecretHash,
        now: EventTime,
        idle_since: EventTime,
    ) -> Result<Option<SignedIn>, StoreError> {
        self.find("sign_ins.token_hash", token.as_str(), (now, idle_since)).await
    }

    /// The same of a browser that is known already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signed_in_by_id(
        &self,
        id: SignInId,
        now: EventTime,
        idle_since: EventTime,
    ) -> Result<Option<SignedIn>, StoreError> {
        self.find("sign_ins.id", &id.to_string(), (now, idle_since)).await
    }

    async fn find(
        &self,
        column: &str,
        value: &str,
        (now, idle_since): (EventTime, EventTime),
    ) -> Result<Option<SignedIn>, StoreError> {
        let sql = format!("{SIGNED_IN} AND {column} = $3");
        let values = [now.millis().into(), idle_since.millis().into(), value.into()];
        db::one(&self.db().read, &sql, values).await?.as_ref().map(signed_in).transpose()
    }

    /// Keeps that a browser was used, and from where.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_sign_in_use(
        &self,
        sign_in: &SignIn,
        address: IpAddr,
        at: EventTime,
    ) -> Result<(), StoreError> {
        let transaction = self.db().begin().await?;
        let sql = "UPDATE sign_ins SET last_used_at = $2, address = $3 WHERE id = $1";
        let id = sign_in.id.to_string();
        let values = [id.into(), at.millis().into(), address.to_string().into()];
        db::execute(&transaction, sql, values).await?;
        let sql = "UPDATE members SET last_seen_at = $2 WHERE id = $1";
        let values = [sign_in.member_id.to_string().into(), at.millis().into()];
        db::execute(&transaction, sql, values).await?;
        Ok(db::commit(transaction).await?)
    }

    /// Keeps that it was proved again who sits at a browser, which shows another token from now on.
    /// `None` when it is signed out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn step_up(
        &self,
        id: SignInId,
        token: &SecretHash,
        actor: &Actor,
    ) -> Result<Option<EventTime>, StoreError> {
        let transaction = self.db().begin_access().await?;
        let at = db::now();
        let sql = "UPDATE sign_ins SET token_hash = $2, proved_at = $3 WHERE id = $1";
        let values = [id.to_string().into(), token.as_str().into(), at.millis().into()];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        audit::write(&transaction, actor, at, Line::new(AuditAction::SteppedUp).on(id)).await?;
        self.db().commit_access(transaction).await?;
        Ok(Some(at))
    }

    /// The browsers that a member is signed in with, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_ins(
        &self,
        member: MemberId,
        now: EventTime,
        idle_since: EventTime,
    ) -> Result<Vec<SignIn>, StoreError> {
        let sql = concat!(
            "
            SELECT ",
            db::columns!(sign_ins),
            "
            FROM sign_ins
            WHERE member_id = $1
              AND expires_at > $2
              AND last_used_at > $3
            ORDER BY id DESC"
        );
        let values = [member.to_string().into(), now.millis().into(), idle_since.millis().into()];
        db::readable(db::all(&self.db().read, sql, values).await?, sign_in)
    }

    /// Signs one browser of a member out; `false` when it is not signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sign_in(
        &self,
        member: MemberId,
        id: SignInId,
        action: AuditAction,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sign_ins WHERE member_id = $1 AND id = $2";
        let values = [member.to_string().into(), id.to_string().into()];
        Ok(self.end(sql, values, Line::new(action).on(id), actor).await? > 0)
    }

    /// Signs all browsers of a member out but this one; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_other_sign_ins(
        &self,
        member: MemberId,
        keep: SignInId,
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sign_ins WHERE member_id = $1 AND id <> $2";
        let values = [member.to_string().into(), keep.to_string().into()];
        self.end(sql, values, Line::new(AuditAction::SignInsEnded).on(member), actor).await
    }

    async fn end(
        &self,
        sql: &str,
        values: [sea_orm::Value; 2],
        line: Line,
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let transaction = self.db().begin_access().await?;
        let ended = db::execute(&transaction, sql, values).await?;
        if ended > 0 {
            audit::write(&transaction, actor, db::now(), line).await?;
            self.db().commit_access(transaction).await?;
        }
        Ok(ended)
    }

    /// Forgets browsers whose time is over; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_sign_ins(
        &self,
        now: EventTime,
        idle_since: EventTime,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sign_ins WHERE expires_at <= $1 OR last_used_at <= $2";
        let values = [now.millis().into(), idle_since.millis().into()];
        Ok(db::execute(&self.db().write, sql, values).await?)
    }
}

/// Makes a sign-in, by a proof of just now.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    member_id: MemberId,
    new: &NewSignIn<'_>,
    at: EventTime,
) -> Result<SignIn, StoreError> {
    let id = SignInId::from_uuid(Uuid::now_v7());
    let sql = "
        INSERT INTO sign_ins
            (id, member_id, token_hash, device, address, created_at, last_used_at, expires_at,
             proved_at, way)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $6, $8)";
    let values = [
        id.to_string().into(),
        member_id.to_string().into(),
        new.token.as_str().into(),
        new.device.into(),
        new.address.to_string().into(),
        at.millis().into(),
        new.expires_at.millis().into(),
        new.way.as_str().into(),
    ];
    db::execute(transaction, sql, values).await?;
    Ok(SignIn {
        id,
        member_id,
        device: new.device.into(),
        address: new.address,
        created_at: at,
        last_used_at: at,
        expires_at: new.expires_at,
        way: new.way,
        proved_at: at,
    })
}

fn signed_in(row: &Row) -> Result<SignedIn, StoreError> {
    let member = member(row)?;
    let sign_in = SignIn {
        id: row.parse("sign_in_id")?,
        member_id: member.id,
        device: row.get("device")?,
        address: row.parse("address")?,
        created_at: row.time("signed_in_at")?,
        last_used_at: row.time("last_used_at")?,
        expires_at: row.time("expires_at")?,
        way: row.word("way")?,
        proved_at: row.time("proved_at")?,
    };
    let settings: SignInSettings = row.json_opt("settings")?.unwrap_or_default();
    let has_any = row.get::<bool>("has_totp")? || row.get::<bool>("has_passkey")?;
    // What the provider asks for, it knows itself; a passkey is two things at once.
    let is_enough = matches!(sign_in.way, SignInWay::Sso | SignInWay::Passkey);
    let lacks_second_factor = settings.require_second_factor && !has_any && !is_enough;
    Ok(SignedIn { sign_in, member, lacks_second_factor })
}

fn sign_in(row: &Row) -> Result<SignIn, StoreError> {
    Ok(SignIn {
        id: row.parse("id")?,
        member_id: row.parse("member_id")?,
        device: row.get("device")?,
        address: row.parse("address")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time("last_used_at")?,
        expires_at: row.time("expires_at")?,
        way: row.word("way")?,
        proved_at: row.time("proved_at")?,
    })
}
