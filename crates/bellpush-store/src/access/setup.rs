//! The first owner, by a link that proves access to the host.

use bellpush_core::access::{Change, Grant};
use serde_json::Value;

use super::{
    SecretHash,
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
    members::{Member, MemberError, NewMember, insert, owners, told},
    sign_ins::{self, NewSignIn, SignIn},
};
use crate::{StoreError, db};

/// Links that are valid at once, at most: the newest.
const MAX_LINKS: i64 = 20;

impl Accounts {
    /// Makes a link valid by which the first owner is made; `false` when there is an owner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_setup_link(&self, token: &SecretHash) -> Result<bool, StoreError> {
        let transaction = self.db().begin_access().await?;
        if owners(&transaction, 1).await? > 0 {
            return Ok(false);
        }
        let at = db::now();
        let sql = "INSERT INTO setup_links (token_hash, created_at) VALUES ($1, $2)";
        db::execute(&transaction, sql, [token.as_str().into(), at.millis().into()]).await?;
        let sql = "
            DELETE FROM setup_links
            WHERE token_hash NOT IN (
                SELECT token_hash
                FROM setup_links
                ORDER BY created_at DESC, token_hash
                LIMIT $1
            )";
        db::execute(&transaction, sql, [MAX_LINKS.into()]).await?;
        let line = Line::new(AuditAction::SetupLinkMade);
        audit::write(&transaction, &Actor::HOST, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok(true)
    }

    /// Whether a link is valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_setup_link(&self, token: &SecretHash) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS found FROM setup_links WHERE token_hash = $1";
        let row = db::one(&self.db().read, sql, [token.as_str().into()]).await?;
        Ok(row.is_some() && !self.has_owner().await?)
    }

    /// Makes the first owner by a link, and signs the browser in. All links are dead from then on.
    ///
    /// # Errors
    /// [`MemberError::DeadLink`], or when the database fails: the link is as it was then.
    pub async fn set_up(
        &self,
        token: &SecretHash,
        new: &NewMember<'_>,
        sign_in: &NewSignIn<'_>,
        actor: &Actor,
    ) -> Result<(Member, SignIn), MemberError> {
        let transaction = self.db().begin_access().await?;
        let sql = "SELECT 1 AS found FROM setup_links WHERE token_hash = $1";
        let is_link = db::one(&transaction, sql, [token.as_str().into()]).await?.is_some();
        if !is_link || owners(&transaction, 1).await? > 0 {
            return Err(MemberError::DeadLink);
        }
        let at = db::now();
        let owner = insert(&transaction, new, Grant::OWNER, at).await?;
        let sign_in = sign_ins::insert(&transaction, owner.id, sign_in, at).await?;
        db::execute(&transaction, "DELETE FROM setup_links", []).await?;
        let line = Line::new(AuditAction::SetUp).on(owner.id).named(&owner.name);
        let line = line.with(Change::between(&Value::Null, &told(&owner)));
        audit::write(&transaction, actor, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok((owner, sign_in))
    }
}
