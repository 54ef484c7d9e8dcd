//! Challenges that were answered: each answer is good for one session, at whichever server.

use bellpush_core::events::EventTime;

use crate::{Store, StoreError, db};

/// What marks of challenges are made with.
const PURPOSE: &str = "challenges";

impl Store {
    /// The key that all nodes mark their challenges with. It stays as it is when the master key is
    /// rotated.
    #[must_use]
    pub fn challenge_key(&self) -> [u8; 32] {
        self.data_key().derive(PURPOSE)
    }

    /// Takes note that a challenge was answered; `false` when it was before. To be called for challenges
    /// of ours alone: what is noted is kept until it expires.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_challenge(
        &self,
        challenge: &str,
        expires_at: EventTime,
    ) -> Result<bool, StoreError> {
        let sql = "
            INSERT INTO solved_challenges (challenge, expires_at)
            VALUES ($1, $2)
            ON CONFLICT (challenge) DO NOTHING";
        let values = [challenge.into(), expires_at.millis().into()];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }

    /// Forgets answered challenges that have expired; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_challenges(&self, now: EventTime) -> Result<u64, StoreError> {
        let sql = "DELETE FROM solved_challenges WHERE expires_at <= $1";
        Ok(db::execute(&self.db().write, sql, [now.millis().into()]).await?)
    }
}
