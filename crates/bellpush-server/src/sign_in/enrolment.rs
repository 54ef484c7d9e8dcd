//! What members add to prove who they are by: codes from a telephone, and passkeys.

use bellpush_core::ids::SignInId;
use bellpush_store::{Actor, Member};
use secrecy::SecretString;
use serde_json::Value;

use super::{
    entrance::{Asked, Entrance},
    totp,
};
use crate::{clock::now, http::problem::Problem, tokens::CeremonyToken};

/// A member who adds a passkey.
const NEW_PASSKEY: &str = "new_passkey";

impl Entrance {
    /// Makes a key for codes, which is not in use before a code of it was shown: the key, and what
    /// authenticators read.
    ///
    /// # Errors
    /// 409 when one is in use.
    pub(crate) async fn new_totp_key(
        &self,
        member: &Member,
    ) -> Result<(SecretString, String), Problem> {
        let key = totp::new_key();
        let sealed = self.store.seal_totp_key(member.id, &key)?;
        if !self.accounts.put_totp_key(member.id, &sealed).await? {
            return Err(Problem::conflict("codes are in use already; remove them first"));
        }
        let url = totp::url(&key, &member.email)?;
        Ok((key, url))
    }

    /// Takes the key for codes into use, by a code of it. Returns codes on paper.
    ///
    /// # Errors
    /// 422 when the code does not fit, 409 when there is nothing to confirm.
    pub(crate) async fn confirm_totp(
        &self,
        member: &Member,
        code: &str,
        by: (SignInId, &Actor),
    ) -> Result<Vec<String>, Problem> {
        let nothing = || Problem::conflict("there is no new key for codes; ask for one first");
        self.limits.proof_at(by.0, &self.store).await?;
        let key = self.accounts.totp_key(member.id).await?;
        let (sealed, _) = key.filter(|(_, in_use)| !in_use).ok_or_else(nothing)?;
        let key = self.store.open_totp_key(member.id, &sealed)?;
        let step = totp::step_of(&key, code, now())?.ok_or_else(|| {
            Problem::invalid("this code does not fit; look whether the clocks are right")
                .at("/code")
        })?;
        let (codes, hashes) = totp::backup_codes();
        if !self.accounts.confirm_totp(member.id, (&sealed, step), &hashes, by).await? {
            return Err(nothing());
        }
        Ok(codes)
    }

    /// New codes on paper, in place of those of before.
    ///
    /// # Errors
    /// 409 where no codes are in use.
    pub(crate) async fn renew_backup_codes(
        &self,
        member: &Member,
        by: (SignInId, &Actor),
    ) -> Result<Vec<String>, Problem> {
        if self.accounts.second_factors(member.id).await?.totp_since.is_none() {
            return Err(Problem::conflict("codes on paper are for those who have codes"));
        }
        let (codes, hashes) = totp::backup_codes();
        self.accounts.renew_backup_codes(member.id, &hashes, by).await?;
        Ok(codes)
    }

    /// Asks a member's browser for a new passkey.
    ///
    /// # Errors
    /// 409 where there can't be any.
    pub(crate) async fn ask_for_new_passkey(&self, member: &Member) -> Result<Asked, Problem> {
        let present = self.accounts.second_factors(member.id).await?.passkeys;
        let (public_key, state) = self.passkeys.ask_for_new(member, &present)?;
        Ok(Asked { ceremony: self.begin(NEW_PASSKEY, Some(member.id), &state).await?, public_key })
    }

    /// Takes a new passkey of a member: what the authenticator calls it, and what is kept of it.
    ///
    /// # Errors
    /// 422 when it is none.
    pub(crate) async fn take_new_passkey(
        &self,
        member: &Member,
        ceremony: &str,
        credential: Value,
    ) -> Result<(String, String), Problem> {
        let over = || Problem::invalid("this took too long; begin again").at("/ceremony");
        let token = CeremonyToken::parse(ceremony).ok_or_else(over)?;
        let begun = self.accounts.go_on(&token.hash(), NEW_PASSKEY, now()).await?;
        let begun = begun.filter(|it| it.member_id == Some(member.id)).ok_or_else(over)?;
        let made = self.passkeys.take_new(&begun.state, credential)?;
        Ok((made.credential_id, made.credential))
    }
}
