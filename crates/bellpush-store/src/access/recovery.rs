//! How an owner comes back who has lost every way in: by a link that is made on the host alone.

use std::time::Duration;

use bellpush_core::{
    access::{Change, Email, Grant},
    events::EventTime,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    SecretHash, Who,
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
    members::{Member, MemberError, NewMember, by_email, insert, told},
    second_factors,
    sign_ins::{self, NewSignIn, SignIn},
};
use crate::{StoreError, db};

impl Accounts {
    /// Makes a link by which the person with this address becomes an owner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_recovery_link(
        &self,
        token: &SecretHash,
        email: &Email,
        valid: Duration,
    ) -> Result<(), StoreError> {
        let transaction = self.db().begin_access().await?;
        let at = db::now();
        let millis = i64::try_from(valid.as_millis()).unwrap_or(i64::MAX);
        let expires_at = at.millis().saturating_add(millis);
        let sql = "INSERT INTO recovery_links (token_hash, email, expires_at) VALUES ($1, $2, $3)";
        let values = [token.as_str().into(), email.as_str().into(), expires_at.into()];
        db::execute(&transaction, sql, values).await?;
        let line = Line::new(AuditAction::RecoveryLinkMade).named(email.as_str());
        audit::write(&transaction, &Actor::HOST, at, line).await?;
        Ok(self.db().commit_access(transaction).await?)
    }

    /// Whom a link is for, if it is valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recovery_link(
        &self,
        token: &SecretHash,
        now: EventTime,
    ) -> Result<Option<Email>, StoreError> {
        let sql = "SELECT email FROM recovery_links WHERE token_hash = $1 AND expires_at > $2";
        let values = [token.as_str().into(), now.millis().into()];
        let row = db::one(&self.db().read, sql, values).await?;
        row.map(|row| row.parse("email")).transpose()
    }

    /// Makes the person with the link's address an owner, with this password and no other way in, and
    /// signs the browser in and all others out. The link is dead then. Whom a provider of single sign-on means
    /// is forgotten, until one comes with this address anew. API keys stay: programs live by them.
    ///
    /// # Errors
    /// [`MemberError::DeadLink`], or when the database fails.
    pub async fn recover(
        &self,
        token: &SecretHash,
        password: &SecretString,
        sign_in: &NewSignIn<'_>,
    ) -> Result<(Member, SignIn), MemberError> {
        let transaction = self.db().begin_access().await?;
        let at = db::now();
        let sql = "
            DELETE FROM recovery_links
            WHERE token_hash = $1
              AND expires_at > $2
            RETURNING email";
        let values = [token.as_str().into(), at.millis().into()];
        let row = db::one(&transaction, sql, values).await?.ok_or(MemberError::DeadLink)?;
        let email: Email = row.parse("email")?;
        let present = by_email(&transaction, &email).await?;
        let member = match present.clone() {
            Some((member, _)) => {
                let id = || member.id.to_string().into();
                let sql = "
                    UPDATE members
                    SET role = 'owner', apps = NULL, password_hash = $2, updated_at = $3,
                        revision = revision + 1
                    WHERE id = $1";
                let password = password.expose_secret().into();
                db::execute(&transaction, sql, [id(), password, at.millis().into()]).await?;
                second_factors::remove_all(&transaction, member.id).await?;
                for sql in [
                    "DELETE FROM sign_ins WHERE member_id = $1",
                    "DELETE FROM sso_identities WHERE member_id = $1",
                ] {
                    db::execute(&transaction, sql, [id()]).await?;
                }
                let revision = member.revision + 1;
                Member { grant: Grant::OWNER, has_password: true, revision, ..member }
            }
            None => {
                let name = email.as_str().split('@').next().unwrap_or_default();
                let new = NewMember { name, email: &email, password: Some(password) };
                insert(&transaction, &new, Grant::OWNER, at).await?
            }
        };
        let made = sign_ins::insert(&transaction, member.id, sign_in, at).await?;
        let before = present.map_or(Value::Null, |(member, _)| told(&member));
        let mut changes = Change::between(&before, &told(&member));
        changes.extend(["/password", "/secondFactors"].map(Change::of_secret));
        let who = Who::Member(member.id);
        let address = Some(sign_in.address);
        let actor = Actor { who, name: Some(member.name.clone()), address };
        let line = Line::new(AuditAction::Recovered).on(member.id).named(&member.name);
        audit::write(&transaction, &actor, at, line.with(changes)).await?;
        self.db().commit_access(transaction).await?;
        Ok((member, made))
    }
}
