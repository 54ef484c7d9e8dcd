//! From a password to a browser that is signed in.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bellpush_core::{access::Email, events::EventTime};
use bellpush_store::{Accounts, Actor, Member, NewSignIn, SecretHash, SignIn, Who};
use secrecy::SecretString;

use super::{LIFETIME, Passwords, cookie::Cookies, device, proved_until};
use crate::{
    clock::{later, now},
    http::{client_ip::limit_key, limits::Limits, problem::Problem},
    tokens::SignInToken,
};

/// Characters of a name, at most.
const MAX_NAME_CHARS: usize = 100;

/// Where people come in. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    accounts: Accounts,
    cookies: Cookies,
    passwords: Passwords,
    limits: Arc<Limits>,
}

/// A browser that is to be signed in.
#[derive(Debug)]
pub(crate) struct Arrival {
    token: SignInToken,
    hash: SecretHash,
    device: String,
    address: IpAddr,
    expires_at: EventTime,
}

impl Arrival {
    fn new(headers: &HeaderMap, address: IpAddr) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let token = SignInToken::random();
        Self {
            hash: token.hash(),
            token,
            device: device::describe(agent.unwrap_or_default()),
            address,
            expires_at: later(now(), LIFETIME),
        }
    }

    /// For the store.
    pub(crate) fn new_sign_in(&self) -> NewSignIn<'_> {
        NewSignIn {
            token: &self.hash,
            device: &self.device,
            address: self.address,
            expires_at: self.expires_at,
        }
    }
}

/// The header that gives a browser its cookie, or takes it away.
pub(crate) type SetCookie = [(HeaderName, HeaderValue); 1];

/// Somebody who is to become a member, checked.
#[derive(Debug)]
pub(crate) struct NewPerson {
    pub(crate) name: String,
    pub(crate) email: Email,
    pub(crate) password: SecretString,
}

impl Entrance {
    pub(crate) fn new(accounts: Accounts, cookies: Cookies, limits: Arc<Limits>) -> Self {
        Self { accounts, cookies, passwords: Passwords::default(), limits }
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

    /// The hash of a member's new password.
    ///
    /// # Errors
    /// 422 when it is not good enough.
    pub(crate) async fn new_password(
        &self,
        member: &Member,
        password: SecretString,
    ) -> Result<SecretString, Problem> {
        let about = [member.name.clone(), member.email.to_string()];
        self.passwords.hash(password, about).await
    }

    /// Signs a browser in by e-mail address and password.
    ///
    /// # Errors
    /// 401 when they don't fit, which says not whether there is such an account; 429 after too many.
    pub(crate) async fn by_password(
        &self,
        email: &str,
        password: SecretString,
        arrival: &Arrival,
    ) -> Result<SignIn, Problem> {
        self.limits.sign_in(limit_key(arrival.address), email)?;
        // What is no address has no account: it takes as long.
        let account = match email.parse::<Email>() {
            Ok(email) => self.accounts.by_email(&email).await?,
            Err(_) => None,
        };
        let hash = account.as_ref().and_then(|(_, hash)| hash.clone());
        let fits = self.passwords.verify(password, hash).await?;
        match account {
            Some((member, _)) if fits => {
                let actor = Actor {
                    who: Who::Member(member.id),
                    name: Some(member.name.clone()),
                    address: Some(arrival.address),
                };
                Ok(self.accounts.sign_in(&member, &arrival.new_sign_in(), &actor).await?)
            }
            _ => {
                let email: String = email.chars().take(MAX_NAME_CHARS).collect();
                let actor = Actor::stranger(arrival.address);
                self.accounts.record_refused_sign_in(&email, &actor).await?;
                Err(Problem::sign_in_refused("this e-mail address and password don't fit"))
            }
        }
    }

    /// Has it proved again who sits at a browser, by their password. The browser gets another cookie.
    ///
    /// # Errors
    /// 401 when it is not the password, 429 after too many.
    pub(crate) async fn step_up(
        &self,
        member: &Member,
        sign_in: &SignIn,
        password: SecretString,
        actor: &Actor,
    ) -> Result<(EventTime, SetCookie), Problem> {
        self.limits.sign_in(limit_key(sign_in.address), member.email.as_str())?;
        let account = self.accounts.by_email(&member.email).await?;
        let hash = account.and_then(|(_, hash)| hash);
        if !self.passwords.verify(password, hash).await? {
            self.accounts.record_refused_sign_in(member.email.as_str(), actor).await?;
            return Err(Problem::sign_in_refused("this is not your password"));
        }
        let token = SignInToken::random();
        let proved_at = self.accounts.step_up(sign_in.id, &token.hash(), actor).await?;
        let proved_at = proved_at
            .ok_or_else(|| Problem::signed_out("you are not signed in any more; sign in again"))?;
        let until = proved_until(&SignIn { proved_at, ..sign_in.clone() });
        Ok((until, self.cookies.set(&token)))
    }
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
