//! Ways in that somebody is in the middle of: each goes on once, until its time is over.

use bellpush_core::{events::EventTime, ids::MemberId};

use super::{SecretHash, accounts::Accounts};
use crate::{
    StoreError,
    db::{self, Row},
};

/// What is to be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    /// What kind it is.
    pub kind: String,
    /// Whose it is, where that is known.
    pub member_id: Option<MemberId>,
    /// What it goes on with, as JSON.
    pub state: String,
}

impl Accounts {
    /// Keeps what is to be gone on with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_ceremony(
        &self,
        token: &SecretHash,
        ceremony: &Ceremony,
        expires_at: EventTime,
    ) -> Result<(), StoreError> {
        let sql = "
            INSERT INTO ceremonies (token_hash, kind, member_id, state, expires_at)
            VALUES ($1, $2, $3, $4, $5)";
        let values = [
            token.as_str().into(),
            ceremony.kind.as_str().into(),
            ceremony.member_id.map(|id| id.to_string()).into(),
            ceremony.state.as_str().into(),
            expires_at.millis().into(),
        ];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Goes on with something of this kind, which is gone then, whatever comes of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn go_on(
        &self,
        token: &SecretHash,
        kind: &str,
        now: EventTime,
    ) -> Result<Option<Ceremony>, StoreError> {
        let sql = "
            DELETE FROM ceremonies
            WHERE token_hash = $1
              AND kind = $2
              AND expires_at > $3
            RETURNING kind, member_id, state";
        let values = [token.as_str().into(), kind.into(), now.millis().into()];
        db::one(&self.db().write, sql, values).await?.as_ref().map(ceremony).transpose()
    }

    /// The same, which can be gone on with again: as when a code was mistyped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ceremony(
        &self,
        token: &SecretHash,
        kind: &str,
        now: EventTime,
    ) -> Result<Option<Ceremony>, StoreError> {
        let sql = "
            SELECT kind, member_id, state
            FROM ceremonies
            WHERE token_hash = $1
              AND kind = $2
              AND expires_at > $3";
        let values = [token.as_str().into(), kind.into(), now.millis().into()];
        db::one(&self.db().read, sql, values).await?.as_ref().map(ceremony).transpose()
    }

    /// Forgets what nobody went on with; says how much.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_ceremonies(&self, now: EventTime) -> Result<u64, StoreError> {
        let mut removed = 0;
        for sql in [
            "DELETE FROM ceremonies WHERE expires_at <= $1",
            "DELETE FROM recovery_links WHERE expires_at <= $1",
        ] {
            removed += db::execute(&self.db().write, sql, [now.millis().into()]).await?;
        }
        Ok(removed)
    }
}

fn ceremony(row: &Row) -> Result<Ceremony, StoreError> {
    Ok(Ceremony {
        kind: row.get("kind")?,
        member_id: row.parse_opt("member_id")?,
        state: row.get("state")?,
    })
}
