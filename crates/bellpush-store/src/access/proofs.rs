//! What somebody was let in by: between the moment when it was judged and the one when their browser is signed in,
//! it may have become another.

use std::fmt::Write as _;

use bellpush_core::ids::{MemberId, PasskeyId};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{SecretHash, second_factors, second_factors::SecondFactors, settings};
use crate::{StoreError, db};

/// What a member proves who they are by, as a hash: another one says that some of it is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proofs(String);

impl Proofs {
    /// Of the hash of a password, and what there is besides. Codes on paper, of which one goes with each use, are
    /// not looked at.
    #[must_use]
    pub fn of(password: &SecretString, factors: &SecondFactors) -> Self {
        let mut all = password.expose_secret().to_owned();
        if let Some(since) = factors.totp_since {
            let _ = write!(all, "\n{}", since.millis());
        }
        for passkey in &factors.passkeys {
            let _ = write!(all, "\n{}", passkey.id);
        }
        Self(SecretHash::of(&all).as_str().to_owned())
    }
}

/// What somebody was let in by.
#[derive(Debug, Clone, Copy)]
pub enum LetInBy<'a> {
    /// The password, and a code where they have any; with all that they had when the password was judged.
    Password(&'a Proofs),
    /// A passkey.
    Passkey(PasskeyId),
}

/// Why somebody is not signed in who has proved who they are.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Single sign-on has become the only way in.
    #[error("single sign-on is the only way in here")]
    SsoRequired,
    /// What they have shown is not any more what they are known by.
    #[error("what you sign in with has just changed; begin again")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SignInError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Refuses what does not let a member in any more.
pub(super) async fn check(
    transaction: &DatabaseTransaction,
    member: MemberId,
    by: LetInBy<'_>,
) -> Result<(), SignInError> {
    if settings::read(transaction).await?.0.require_sso {
        return Err(SignInError::SsoRequired);
    }
    let factors = second_factors::of_member(transaction, member).await?;
    let stands = match by {
        LetInBy::Password(judged) => {
            let sql = "SELECT password_hash FROM members WHERE id = $1";
            let row = db::one(transaction, sql, [member.to_string().into()]).await?;
            let hash: Option<String> = match row {
                Some(row) => row.get("password_hash")?,
                None => None,
            };
            hash.is_some_and(|hash| Proofs::of(&hash.into(), &factors) == *judged)
        }
        LetInBy::Passkey(id) => factors.passkeys.iter().any(|passkey| passkey.id == id),
    };
    stands.then_some(()).ok_or(SignInError::Changed)
}
