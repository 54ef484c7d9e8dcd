//! From what somebody shows to a browser that is signed in.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bellpush_core::{
    access::Email,
    events::EventTime,
    ids::{MemberId, PasskeyId},
};
use bellpush_store::{
    Accounts, Actor, Ceremony, LetInBy, Member, Proofs, SecondFactors, SignIn, SignInError,
    SignInWay, Store, Who,
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use webauthn_rs::prelude::PublicKeyCredential;

use super::{
    arrival::Arrival,
    cookie::{Cookies, SetCookie},
    passkeys::{Passkeys, shown},
    password::Passwords,
    proved_until, totp,
};
use crate::{
    clock::{later, now},
    http::{limits::Limits, problem::Problem},
    tokens::{CeremonyToken, SignInToken},
};

/// Characters of a name, at most.
const MAX_NAME_CHARS: usize = 100;
/// How long somebody may take from one step of a way in to the next.
const CEREMONY: Duration = Duration::from_secs(10 * 60);
/// Somebody whose password fits, and who has to show a second thing.
const SECOND_FACTOR: &str = "second_factor";
/// Somebody who was asked for a passkey.
const PASSKEY: &str = "passkey";

/// Where people come in. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(super) store: Store,
    pub(super) accounts: Accounts,
    cookies: Cookies,
    passwords: Passwords,
    pub(super) passkeys: Passkeys,
    pub(super) limits: Arc<Limits>,
}

/// Somebody who is to become a member, checked.
#[derive(Debug)]
pub(crate) struct NewPerson {
    pub(crate) name: String,
    pub(crate) email: Email,
    pub(crate) password: SecretString,
}

/// How far somebody has come.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The browser is signed in.
    SignedIn,
    /// One of these has to be shown, too.
    SecondFactor { pending: CeremonyToken, ways: Vec<SecondFactorWay> },
}

/// What can be shown besides a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SecondFactorWay {
    /// A code from a telephone.
    Totp,
    /// A code on paper.
    BackupCode,
    /// A passkey, which is enough by itself.
    Passkey,
}

/// What a browser is asked, and what to go on with.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) ceremony: CeremonyToken,
    pub(crate) public_key: Value,
}

/// A proof of who sits there.
pub(crate) enum Proof {
    /// The password.
    Password(SecretString),
    /// A code from a telephone, or on paper.
    Code(String),
    /// A passkey.
    Passkey { ceremony: String, credential: Value },
}

impl Entrance {
    pub(crate) fn new(
        store: Store,
        cookies: Cookies,
        passkeys: Passkeys,
        limits: Arc<Limits>,
    ) -> Self {
        let accounts = store.accounts();
        Self { store, accounts, cookies, passwords: Passwords::default(), passkeys, limits }
    }

    /// Whether there can be passkeys.
    pub(crate) const fn has_passkeys(&self) -> bool {
        self.passkeys.are_possible()
    }

    /// A browser at the door.
    pub(crate) fn arrival(&self, headers: &HeaderMap, address: IpAddr) -> Arrival {
        Arrival::new(headers, address)
    }

    /// The cookie for a browser that was let in.
    pub(crate) fn cookie(&self, arrival: &Arrival) -> SetCookie {
        self.cookies.set(&arrival.token)
    }

    /// Takes a browser's cookie away.
    pub(crate) fn no_cookie(&self) -> SetCookie {
        self.cookies.clear()
    }

    /// Checks what a person is to be known by, and hashes their password.
    ///
    /// # Errors
    /// 422 with the field.
    pub(crate) async fn person(
        &self,
        name: &str,
        email: Email,
        password: SecretString,
    ) -> Result<NewPerson, Problem> {
        let name = person_name(name)?;
        let about = [name.clone(), email.to_string()];
        let password = self.passwords.hash(password, about).await?;
        Ok(NewPerson { name, email, password })
    }

    /// The hash of a new password of somebody who is called so.
    ///
    /// # Errors
    /// 422 when it is not good enough.
    pub(crate) async fn new_password(
        &self,
        name: &str,
        email: &Email,
        password: SecretString,
    ) -> Result<SecretString, Problem> {
        self.passwords.hash(password, [name.to_owned(), email.to_string()]).await
    }

    /// Looks at e-mail address and password, and signs the browser in if nothing else has to be shown.
    ///
    /// # Errors
    /// 401 when they don't fit, which says not whether there is such an account; 429 after too many.
    pub(crate) async fn by_password(
        &self,
        email: &str,
        password: SecretString,
        arrival: &Arrival,
    ) -> Result<Progress, Problem> {
        self.limits.sign_in_to(email, &self.store).await?;
        self.check_way().await?;
        // What is no address has no account: it takes as long.
        let account = match email.parse::<Email>() {
            Ok(email) => self.accounts.by_email(&email).await?,
            Err(_) => None,
        };
        let hash = account.as_ref().and_then(|(_, hash)| hash.clone());
        let fits = self.passwords.verify(password, hash).await?;
        let Some((member, Some(hash))) = account.filter(|_| fits) else {
            let email: String = email.chars().take(MAX_NAME_CHARS).collect();
            return self.refuse(&email, &Actor::stranger(arrival.address), NO_FIT).await;
        };
        let factors = self.accounts.second_factors(member.id).await?;
        let (proofs, ways) = (Proofs::of(&hash, &factors), ways(&factors));
        if ways.is_empty() {
            self.let_in(&member, arrival, LetInBy::Password(&proofs)).await?;
            return Ok(Progress::SignedIn);
        }
        let state = serde_json::to_string(&proofs);
        let state = state.map_err(|_| Problem::internal("the sign-in can't be kept"))?;
        let pending = self.begin(SECOND_FACTOR, Some(member.id), &state).await?;
        Ok(Progress::SecondFactor { pending, ways })
    }

    /// Signs a browser in whose password has fit, by a code.
    ///
    /// # Errors
    /// 401 when it does not fit, or took too long; 429 after too many.
    pub(crate) async fn by_code(
        &self,
        pending: &str,
        code: &str,
        arrival: &Arrival,
    ) -> Result<(), Problem> {
        let over = || Problem::sign_in_refused("this took too long; begin with the password again");
        let pending = CeremonyToken::parse(pending).ok_or_else(over)?.hash();
        let begun = self.accounts.ceremony(&pending, SECOND_FACTOR, now()).await?;
        let begun = begun.ok_or_else(over)?;
        let proofs: Proofs = serde_json::from_str(&begun.state).map_err(|_| over())?;
        let member = self.member(begun.member_id).await?.ok_or_else(over)?;
        self.limits.code_of(member.id, &self.store).await?;
        let actor = acting(&member, arrival.address);
        if !self.is_code(&member, code, &actor).await? {
            return self.refuse(member.email.as_str(), &actor, "this code does not fit").await;
        }
        self.accounts.go_on(&pending, SECOND_FACTOR, now()).await?.ok_or_else(over)?;
        self.let_in(&member, arrival, LetInBy::Password(&proofs)).await
    }

    /// Asks a browser for a passkey.
    ///
    /// # Errors
    /// 409 where there can't be any.
    pub(crate) async fn ask_for_passkey(&self) -> Result<Asked, Problem> {
        let (public_key, state) = self.passkeys.ask()?;
        Ok(Asked { ceremony: self.begin(PASSKEY, None, &state).await?, public_key })
    }

    /// Signs a browser in by a passkey.
    ///
    /// # Errors
    /// 401 when it proves nothing.
    pub(crate) async fn by_passkey(
        &self,
        ceremony: &str,
        credential: Value,
        arrival: &Arrival,
    ) -> Result<(), Problem> {
        self.check_way().await?;
        let Some((member, passkey)) = self.holder(ceremony, credential).await? else {
            return self.refuse("", &Actor::stranger(arrival.address), NO_PASSKEY).await;
        };
        self.let_in(&member, arrival, LetInBy::Passkey(passkey)).await
    }

    /// Has it proved again who sits at a browser. The browser gets another cookie.
    ///
    /// # Errors
    /// 401 when it is no proof, 429 after too many.
    pub(crate) async fn step_up(
        &self,
        member: &Member,
        sign_in: &SignIn,
        proof: Proof,
        actor: &Actor,
    ) -> Result<(EventTime, SetCookie), Problem> {
        self.limits.proof_at(sign_in.id, &self.store).await?;
        let (fits, wrong) = match proof {
            Proof::Password(password) => {
                let account = self.accounts.by_email(&member.email).await?;
                let hash = account.and_then(|(_, hash)| hash);
                (self.passwords.verify(password, hash).await?, "this is not your password")
            }
            Proof::Code(code) => {
                (self.is_code(member, &code, actor).await?, "this code does not fit")
            }
            Proof::Passkey { ceremony, credential } => {
                let holder = self.holder(&ceremony, credential).await?;
                (holder.is_some_and(|(holder, _)| holder.id == member.id), NO_PASSKEY)
            }
        };
        if !fits {
            return self.refuse(member.email.as_str(), actor, wrong).await;
        }
        let token = SignInToken::random();
        let proved_at = self.accounts.step_up(sign_in.id, &token.hash(), actor).await?;
        let proved_at = proved_at
            .ok_or_else(|| Problem::signed_out("you are not signed in any more; sign in again"))?;
        let until = proved_until(&SignIn { proved_at, ..sign_in.clone() });
        Ok((until, self.cookies.set(&token)))
    }

    /// Who holds the passkey that a browser shows, and which it is.
    async fn holder(
        &self,
        ceremony: &str,
        credential: Value,
    ) -> Result<Option<(Member, PasskeyId)>, Problem> {
        let Some(token) = CeremonyToken::parse(ceremony) else { return Ok(None) };
        let Some(begun) = self.accounts.go_on(&token.hash(), PASSKEY, now()).await? else {
            return Ok(None);
        };
        let credential: PublicKeyCredential = shown(credential)?;
        let Some((member, id)) = self.passkeys.identify(&credential) else { return Ok(None) };
        let passkey = self.accounts.passkey(&id).await?;
        let Some(passkey) = passkey.filter(|it| it.member_id.uuid() == member) else {
            return Ok(None);
        };
        let Some(kept) = self.passkeys.prove(&begun.state, &credential, &passkey)? else {
            return Ok(None);
        };
        self.accounts.record_passkey_use(passkey.id, &kept).await?;
        let member = self.member(Some(passkey.member_id)).await?;
        Ok(member.map(|member| (member, passkey.id)))
    }

    /// Whether this is a code of theirs, which it is once.
    async fn is_code(&self, member: &Member, code: &str, actor: &Actor) -> Result<bool, Problem> {
        if let Some((sealed, true)) = self.accounts.totp_key(member.id).await? {
            let key = self.store.open_totp_key(member.id, &sealed)?;
            if let Some(step) = totp::step_of(&key, code, now())? {
                return Ok(self.accounts.take_totp_step(member.id, step).await?);
            }
        }
        Ok(self.accounts.take_backup_code(member.id, &totp::hash_of(code), actor).await?)
    }

    /// Where single sign-on is the only way in, there is no other.
    async fn check_way(&self) -> Result<(), Problem> {
        if self.accounts.sign_in_settings().await?.require_sso {
            return Err(Problem::sso_required(SignInError::SsoRequired.to_string()));
        }
        Ok(())
    }

    async fn member(&self, id: Option<MemberId>) -> Result<Option<Member>, Problem> {
        match id {
            Some(id) => Ok(self.accounts.member(id).await?),
            None => Ok(None),
        }
    }

    pub(super) async fn begin(
        &self,
        kind: &str,
        member_id: Option<MemberId>,
        state: &str,
    ) -> Result<CeremonyToken, Problem> {
        let token = CeremonyToken::random();
        let ceremony = Ceremony { kind: kind.into(), member_id, state: state.into() };
        self.accounts.begin_ceremony(&token.hash(), &ceremony, later(now(), CEREMONY)).await?;
        Ok(token)
    }

    async fn let_in(
        &self,
        member: &Member,
        arrival: &Arrival,
        by: LetInBy<'_>,
    ) -> Result<(), Problem> {
        let actor = acting(member, arrival.address);
        let way = match by {
            LetInBy::Password(_) => SignInWay::Password,
            LetInBy::Passkey(_) => SignInWay::Passkey,
        };
        match self.accounts.sign_in(member, &arrival.new_sign_in(way), by, &actor).await {
            Ok(_) => Ok(()),
            Err(error @ SignInError::SsoRequired) => Err(Problem::sso_required(error.to_string())),
            Err(error @ SignInError::Changed) => {
                self.refuse(member.email.as_str(), &actor, &error.to_string()).await
            }
            Err(SignInError::Store(error)) => Err(error.into()),
        }
    }

    async fn refuse<T>(&self, email: &str, actor: &Actor, detail: &str) -> Result<T, Problem> {
        self.accounts.record_refused_sign_in(email, actor).await?;
        Err(Problem::sign_in_refused(detail))
    }
}

const NO_FIT: &str = "this e-mail address and password don't fit";
const NO_PASSKEY: &str = "this passkey does not let you in; try again, or use another way";

fn acting(member: &Member, address: IpAddr) -> Actor {
    let (who, name) = (Who::Member(member.id), Some(member.name.clone()));
    Actor { who, name, address: Some(address) }
}

fn ways(factors: &SecondFactors) -> Vec<SecondFactorWay> {
    let has_totp = factors.totp_since.is_some();
    let has_codes = has_totp && factors.backup_codes > 0;
    [
        (has_totp, SecondFactorWay::Totp),
        (has_codes, SecondFactorWay::BackupCode),
        (!factors.passkeys.is_empty(), SecondFactorWay::Passkey),
    ]
    .into_iter()
    .filter_map(|(has, way)| has.then_some(way))
    .collect()
}

/// A person's name.
///
/// # Errors
/// 422.
pub(crate) fn person_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let is_name = (1..=MAX_NAME_CHARS).contains(&name.chars().count())
        && !name.contains(|char: char| char.is_control());
    if !is_name {
        let detail = format!("a name has 1 to {MAX_NAME_CHARS} characters, and none of control");
        return Err(Problem::invalid(detail).at("/name"));
    }
    Ok(name.to_owned())
}
