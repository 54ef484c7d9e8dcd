//! Attempts to sign in, counted for all servers that share a database.

use bellpush_core::events::EventTime;

use super::secret_hash::SecretHash;
use crate::{Store, StoreError, db};

/// What attempts are counted by.
const MINUTE_MS: i64 = 60_000;

pub(crate) const COUNT: &str = "
    INSERT INTO sign_in_attempts (account, minute, attempts)
    VALUES ($1, $2, 1)
    ON CONFLICT (account, minute) DO UPDATE
    SET attempts = sign_in_attempts.attempts + 1
    RETURNING attempts";

pub(crate) const PAST: &str = "DELETE FROM sign_in_attempts WHERE minute < $1";

/// Attempts to sign in to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInAttempts {
    /// How many there were in this minute, with the one that was just counted.
    pub count: i64,
    /// Seconds until the next minute.
    pub seconds_left: u64,
}

impl Store {
    /// Counts an attempt to sign in to an account, by the clock that all servers share. What accounts are
    /// told apart by is kept as its hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_sign_in_attempt(&self, account: &str) -> Result<SignInAttempts, StoreError> {
        let now = self.clock().await?.millis();
        let account = SecretHash::of(account);
        let values = [account.as_str().into(), now.div_euclid(MINUTE_MS).into()];
        let row = db::one(&self.db().write, COUNT, values).await?;
        let row = row.ok_or(StoreError::Corrupt { column: "sign_in_attempts.attempts" })?;
        let left = MINUTE_MS - now.rem_euclid(MINUTE_MS);
        Ok(SignInAttempts {
            count: row.get("attempts")?,
            seconds_left: u64::try_from(left).unwrap_or_default().div_ceil(1_000),
        })
    }

    /// Forgets the attempts of minutes that are over; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_past_sign_in_attempts(&self, now: EventTime) -> Result<u64, StoreError> {
        let minute = now.millis().div_euclid(MINUTE_MS);
        // One more, for clocks that differ.
        Ok(db::execute(&self.db().write, PAST, [(minute - 1).into()]).await?)
    }
}
