//! What members prove who they are by, besides a password: codes from a telephone, codes on paper, and
//! passkeys.

use bellpush_core::{
    access::Change,
    events::EventTime,
    ids::{MemberId, PasskeyId, SignInId},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::{
    SecretHash,
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
};
use crate::{
    StoreError,
    db::{self, Row},
};

/// What a member has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// Since when there is the key for codes from a telephone; `None`: none are taken.
    pub totp_since: Option<EventTime>,
    /// How many codes on paper are left.
    pub backup_codes: usize,
    /// Passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
}

impl SecondFactors {
    /// Whether there is any.
    #[must_use]
    pub fn any(&self) -> bool {
        self.totp_since.is_some() || !self.passkeys.is_empty()
    }
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub member_id: MemberId,
    /// What its owner calls it.
    pub name: String,
    /// Its public key and counter, as JSON.
    pub credential: String,
    /// When it was added.
    pub created_at: EventTime,
    /// When it was last used.
    pub last_used_at: Option<EventTime>,
}

/// A passkey to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewPasskey<'a> {
    /// What the authenticator calls it, as base64url.
    pub credential_id: &'a str,
    /// Its public key and counter, as JSON.
    pub credential: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
}

const PASSKEYS: &str =
    "SELECT id, member_id, name, credential, created_at, last_used_at FROM passkeys";

impl Accounts {
    /// What a member has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn second_factors(&self, member: MemberId) -> Result<SecondFactors, StoreError> {
        of_member(&self.db().read, member).await
    }

    /// Keeps a new key for codes, sealed; it is not in use before a code of it was shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_totp_key(&self, member: MemberId, sealed: &str) -> Result<bool, StoreError> {
        let sql = "
            INSERT INTO totp_keys (member_id, sealed, created_at)
            VALUES ($1, $2, $3)
            ON CONFLICT (member_id) DO UPDATE
            SET sealed = excluded.sealed,
                created_at = excluded.created_at
            WHERE totp_keys.last_step IS NULL";
        let values = [member.to_string().into(), sealed.into(), db::now().millis().into()];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }

    /// The key for codes, sealed, and whether it is in use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn totp_key(&self, member: MemberId) -> Result<Option<(String, bool)>, StoreError> {
        let sql = "
            SELECT sealed, last_step IS NOT NULL AS in_use
            FROM totp_keys
            WHERE member_id = $1";
        let row = db::one(&self.db().read, sql, [member.to_string().into()]).await?;
        row.map(|row| Ok((row.get("sealed")?, row.get("in_use")?))).transpose()
    }

    /// Takes the code of a step, once; `false` for a step that is not after the last one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_totp_step(&self, member: MemberId, step: i64) -> Result<bool, StoreError> {
        let sql = "
            UPDATE totp_keys
            SET last_step = $2
            WHERE member_id = $1
              AND last_step < $2";
        let values = [member.to_string().into(), step.into()];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }

    /// Takes the key for codes, as it was sealed, into use, by the code of a step, and gives the member new codes
    /// on paper. Other browsers are signed out. `false` when there is another key, or it is in use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_totp(
        &self,
        member: MemberId,
        (sealed, step): (&str, i64),
        codes: &[SecretHash],
        by: (SignInId, &Actor),
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_access().await?;
        let sql = "
            UPDATE totp_keys
            SET last_step = $2
            WHERE member_id = $1
              AND sealed = $3
              AND last_step IS NULL";
        let values = [member.to_string().into(), step.into(), sealed.into()];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(false);
        }
        replace_codes(&transaction, member, codes).await?;
        finish(self, transaction, member, AuditAction::TotpAdded, None, by).await?;
        Ok(true)
    }

    /// Takes codes from a telephone away, and those on paper. Other browsers are signed out. `false`
    /// when there were none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_totp(
        &self,
        member: MemberId,
        by: (SignInId, &Actor),
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_access().await?;
        let sql = "DELETE FROM totp_keys WHERE member_id = $1";
        if db::execute(&transaction, sql, [member.to_string().into()]).await? == 0 {
            return Ok(false);
        }
        replace_codes(&transaction, member, &[]).await?;
        finish(self, transaction, member, AuditAction::TotpRemoved, None, by).await?;
        Ok(true)
    }

    /// Gives a member new codes on paper; those of before are worth nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_backup_codes(
        &self,
        member: MemberId,
        codes: &[SecretHash],
        by: (SignInId, &Actor),
    ) -> Result<(), StoreError> {
        let transaction = self.db().begin_access().await?;
        replace_codes(&transaction, member, codes).await?;
        finish(self, transaction, member, AuditAction::BackupCodesRenewed, None, by).await
    }

    /// Takes a code on paper, once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_backup_code(
        &self,
        member: MemberId,
        code: &SecretHash,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_access().await?;
        let sql = "DELETE FROM backup_codes WHERE member_id = $1 AND code_hash = $2";
        let values = [member.to_string().into(), code.as_str().into()];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(false);
        }
        let line = Line::new(AuditAction::BackupCodeUsed).on(member);
        audit::write(&transaction, actor, db::now(), line).await?;
        self.db().commit_access(transaction).await?;
        Ok(true)
    }

    /// Adds a passkey. Other browsers are signed out. `None` when the authenticator's name for it is
    /// taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_passkey(
        &self,
        member: MemberId,
        new: NewPasskey<'_>,
        by: (SignInId, &Actor),
    ) -> Result<Option<Passkey>, StoreError> {
        let transaction = self.db().begin_access().await?;
        let (id, at) = (PasskeyId::from_uuid(Uuid::now_v7()), db::now());
        let sql = "
            INSERT INTO passkeys (id, member_id, credential_id, credential, name, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING";
        let values = [
            id.to_string().into(),
            member.to_string().into(),
            new.credential_id.into(),
            new.credential.into(),
            new.name.into(),
            at.millis().into(),
        ];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        finish(self, transaction, member, AuditAction::PasskeyAdded, Some(new.name), by).await?;
        Ok(Some(Passkey {
            id,
            member_id: member,
            name: new.name.into(),
            credential: new.credential.into(),
            created_at: at,
            last_used_at: None,
        }))
    }

    /// The passkey that the authenticator calls so, as base64url.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkey(&self, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        let sql = format!("{PASSKEYS} WHERE credential_id = $1");
        let row = db::one(&self.db().read, &sql, [credential_id.into()]).await?;
        row.as_ref().map(passkey).transpose()
    }

    /// Keeps that a passkey was used, and its counter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_passkey_use(
        &self,
        id: PasskeyId,
        credential: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE passkeys SET credential = $2, last_used_at = $3 WHERE id = $1";
        let values = [id.to_string().into(), credential.into(), db::now().millis().into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Removes a passkey of a member. Other browsers are signed out. `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_passkey(
        &self,
        member: MemberId,
        id: PasskeyId,
        by: (SignInId, &Actor),
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_access().await?;
        let sql = "DELETE FROM passkeys WHERE member_id = $1 AND id = $2 RETURNING name";
        let values = [member.to_string().into(), id.to_string().into()];
        let Some(row) = db::one(&transaction, sql, values).await? else { return Ok(false) };
        let name: String = row.get("name")?;
        finish(self, transaction, member, AuditAction::PasskeyRemoved, Some(&name), by).await?;
        Ok(true)
    }
}

/// What a member has.
pub(super) async fn of_member(
    connection: &impl ConnectionTrait,
    member: MemberId,
) -> Result<SecondFactors, StoreError> {
    let own = || [member.to_string().into()];
    let sql = "SELECT created_at FROM totp_keys WHERE member_id = $1 AND last_step IS NOT NULL";
    let totp = db::one(connection, sql, own()).await?;
    let totp_since = totp.map(|row| row.time("created_at")).transpose()?;
    let sql = "SELECT code_hash FROM backup_codes WHERE member_id = $1";
    let backup_codes = db::all(connection, sql, own()).await?.len();
    let sql = format!("{PASSKEYS} WHERE member_id = $1 ORDER BY id");
    let passkeys = db::read(db::all(connection, &sql, own()).await?, passkey)?;
    Ok(SecondFactors { totp_since, backup_codes, passkeys })
}

/// Takes away all that a member proves who they are by.
pub(super) async fn remove_all(
    transaction: &DatabaseTransaction,
    member: MemberId,
) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM totp_keys WHERE member_id = $1",
        "DELETE FROM backup_codes WHERE member_id = $1",
        "DELETE FROM passkeys WHERE member_id = $1",
    ] {
        db::execute(transaction, sql, [member.to_string().into()]).await?;
    }
    Ok(())
}

/// Signs the other browsers out, and writes down what was done.
async fn finish(
    accounts: &Accounts,
    transaction: DatabaseTransaction,
    member: MemberId,
    action: AuditAction,
    name: Option<&str>,
    (keep, actor): (SignInId, &Actor),
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sign_ins WHERE member_id = $1 AND id <> $2";
    let values = [member.to_string().into(), keep.to_string().into()];
    db::execute(&transaction, sql, values).await?;
    let line = Line::new(action).on(member).with(vec![Change::of_secret("/secondFactors")]);
    let line = match name {
        Some(name) => line.named(name),
        None => line,
    };
    audit::write(&transaction, actor, db::now(), line).await?;
    Ok(accounts.db().commit_access(transaction).await?)
}

async fn replace_codes(
    connection: &impl ConnectionTrait,
    member: MemberId,
    codes: &[SecretHash],
) -> Result<(), StoreError> {
    let sql = "DELETE FROM backup_codes WHERE member_id = $1";
    db::execute(connection, sql, [member.to_string().into()]).await?;
    for code in codes {
        let sql = "INSERT INTO backup_codes (member_id, code_hash) VALUES ($1, $2)";
        let values = [member.to_string().into(), code.as_str().into()];
        db::execute(connection, sql, values).await?;
    }
    Ok(())
}

fn passkey(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        id: row.parse("id")?,
        member_id: row.parse("member_id")?,
        name: row.get("name")?,
        credential: row.get("credential")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}
