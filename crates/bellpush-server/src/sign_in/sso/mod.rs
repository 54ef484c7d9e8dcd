//! Single sign-on by OpenID Connect: the code flow with PKCE and a nonce. The provider's document and keys
//! are read anew each time, so that a change of keys needs nothing.

mod http;
mod provider;
mod return_to;

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bellpush_core::access::{Apps, Grant, SignInSettings, SsoSettings};
use bellpush_delivery::client::system_tls;
use bellpush_store::{
    Accounts, Actor, Ceremony, SignInWay, SsoArrival, SsoError, SsoIdentity, Store, StoreError,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::return_to::ReturnTo;
use self::{
    http::HttpClient,
    provider::{Claims, Provider, ProviderError},
};
use super::{
    arrival::Arrival,
    cookie::{Cookies, SetCookie},
};
use crate::{
    clock::{later, now},
    config::ServerConfig,
    tokens::{CeremonyToken, ToldToken},
};

/// How long somebody may be at the provider.
const AWAY: Duration = Duration::from_secs(10 * 60);
/// Somebody who was sent to the provider.
const SSO: &str = "sso";
/// Where the provider sends people back to.
const CALLBACK: &str = "/v1/sign-in/sso/callback";

/// Single sign-on. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Sso {
    store: Store,
    accounts: Accounts,
    cookies: Cookies,
    http: Option<Arc<HttpClient>>,
    own_origin: String,
}

/// Why single sign-on let nobody in. Each has a word, by which the console tells what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SsoFailure {
    /// It is not set up.
    #[error("single sign-on is not set up")]
    NotSetUp,
    /// The provider can't be asked.
    #[error("the provider can't be reached, or does not answer as it should: {0}")]
    Unreachable(String),
    /// The provider said no.
    #[error("the provider let nobody in: {0}")]
    Refused(String),
    /// The browser is another one, or it took too long.
    #[error("this sign-in was not begun in this browser, or took too long; try again")]
    Interrupted,
    /// What the provider said is not to be believed.
    #[error("what the provider said can't be believed: {0}")]
    Untrusted(String),
    /// The clocks differ.
    #[error("{0}")]
    Clocks(String),
    /// The provider has not verified the address.
    #[error("the provider has not verified your e-mail address")]
    EmailUnverified,
    /// Addresses of this domain don't get in.
    #[error("e-mail addresses of {0} are not allowed here")]
    Domain(String),
    /// No group has a role.
    #[error("none of your groups has a role here")]
    NoRole,
    /// There is no such member.
    #[error("there is no member for this account; ask for an invitation")]
    NoMember,
    /// The store failed.
    #[error("the server can't use its database right now; try again in a moment")]
    Store(#[from] StoreError),
}

impl SsoFailure {
    /// Its word.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::NotSetUp => "sso-not-set-up",
            Self::Unreachable(_) => "sso-unreachable",
            Self::Refused(_) => "sso-refused",
            Self::Interrupted => "sso-interrupted",
            Self::Untrusted(_) => "sso-untrusted",
            Self::Clocks(_) => "sso-clocks",
            Self::EmailUnverified => "sso-email-unverified",
            Self::Domain(_) => "sso-domain",
            Self::NoRole => "sso-no-role",
            Self::NoMember => "sso-no-member",
            Self::Store(_) => "unavailable",
        }
    }
}

impl From<ProviderError> for SsoFailure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unreachable(why) => Self::Unreachable(why),
            ProviderError::Untrusted(why) => Self::Untrusted(why),
            ProviderError::Time(fault) => Self::Clocks(fault.to_string()),
        }
    }
}

impl From<SsoError> for SsoFailure {
    fn from(error: SsoError) -> Self {
        match error {
            SsoError::NoMember | SsoError::OtherAccount => Self::NoMember,
            SsoError::Changed => Self::Interrupted,
            SsoError::Store(error) => Self::Store(error),
        }
    }
}

/// What is kept while somebody is at the provider.
#[derive(Debug, Serialize, Deserialize)]
struct Away {
    nonce: ToldToken,
    verifier: ToldToken,
    return_to: ReturnTo,
}

/// What a provider sends back by the browser.
#[derive(Debug, Deserialize)]
pub(crate) struct Returned {
    pub(crate) state: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
}

impl Sso {
    pub(crate) fn new(store: Store, cookies: Cookies, config: &ServerConfig) -> Self {
        let accounts = store.accounts();
        let http = system_tls().inspect_err(|error| tracing::error!(%error, "no single sign-on"));
        let http = http.ok().map(|tls| Arc::new(HttpClient::new(tls, config.addresses.clone())));
        Self { store, accounts, cookies, http, own_origin: config.own_origin.to_string() }
    }

    /// Where to send a browser that wants in, and the cookie by which it is known again.
    pub(crate) async fn begin(
        &self,
        return_to: ReturnTo,
    ) -> Result<(String, SetCookie), SsoFailure> {
        let (_, sso, _) = self.settings().await?;
        let provider = self.provider(&sso).await?;
        let token = CeremonyToken::random();
        let asked = provider.ask(token.reveal());
        let away = Away { nonce: asked.nonce.into(), verifier: asked.verifier.into(), return_to };
        let state = serde_json::to_string(&away)
            .map_err(|error| SsoFailure::Unreachable(error.to_string()))?;
        let ceremony = Ceremony { kind: SSO.into(), member_id: None, state };
        self.accounts.begin_ceremony(&token.hash(), &ceremony, later(now(), AWAY)).await?;
        Ok((asked.url, self.cookies.set_away(&token, AWAY)))
    }

    /// Signs a browser in that comes back from the provider: where it wanted to go.
    pub(crate) async fn finish(
        &self,
        returned: Returned,
        headers: &HeaderMap,
        arrival: &Arrival,
    ) -> Result<ReturnTo, SsoFailure> {
        let token = returned.state.as_deref().and_then(CeremonyToken::parse);
        let token = token.ok_or(SsoFailure::Interrupted)?;
        // Another browser's sign-in must not become this one's.
        if !self.cookies.is_away(headers, &token) {
            return Err(SsoFailure::Interrupted);
        }
        let begun = self.accounts.go_on(&token.hash(), SSO, now()).await?;
        let begun = begun.ok_or(SsoFailure::Interrupted)?;
        let finished = self.take(returned, &begun, arrival).await;
        // A return that belongs to no sign-in tried nothing, and is not written down: anybody can send many.
        match &finished {
            Ok(_) | Err(SsoFailure::Interrupted | SsoFailure::NotSetUp | SsoFailure::Store(_)) => {}
            Err(failure) => {
                let actor = Actor::stranger(arrival.address);
                self.accounts.record_refused_sso(failure.word(), &actor).await?;
            }
        }
        finished
    }

    async fn take(
        &self,
        returned: Returned,
        begun: &Ceremony,
        arrival: &Arrival,
    ) -> Result<ReturnTo, SsoFailure> {
        let away: Away = serde_json::from_str(&begun.state).map_err(|_| SsoFailure::Interrupted)?;
        let Some(code) = returned.code else {
            let why = returned.error_description.or(returned.error);
            return Err(SsoFailure::Refused(plain(&why.unwrap_or_default())));
        };
        let (settings, sso, revision) = self.settings().await?;
        let provider = self.provider(&sso).await?;
        let claims = provider.claims(&code, away.verifier.reveal(), away.nonce.reveal()).await?;
        self.let_in((&settings, revision), &sso, &claims, arrival).await?;
        Ok(away.return_to)
    }

    async fn let_in(
        &self,
        (settings, revision): (&SignInSettings, u64),
        sso: &SsoSettings,
        claims: &Claims,
        arrival: &Arrival,
    ) -> Result<(), SsoFailure> {
        let email = claims.verified_email();
        if let Some(email) = &email
            && !settings.allows_domain(email.domain())
        {
            return Err(SsoFailure::Domain(email.domain().to_owned()));
        }
        let mapped = sso.map_groups.then(|| sso.grant_of(&claims.groups));
        let grant = match mapped {
            Some(None) => return Err(SsoFailure::NoRole),
            Some(Some(grant)) => Some(grant),
            None => None,
        };
        let by_default = sso.new_members.and_then(|role| Grant::new(role, Apps::All).ok());
        let arrival_of = SsoArrival {
            settings: revision,
            identity: SsoIdentity { issuer: &sso.issuer, subject: &claims.subject },
            name: &claims.name(),
            email: email.as_ref(),
            grant: grant.clone(),
            new_member: grant.or(by_default),
        };
        let new = arrival.new_sign_in(SignInWay::Sso);
        match self.accounts.sso_sign_in(&arrival_of, &new).await {
            // They might have got in with a verified address.
            Err(SsoError::NoMember) if email.is_none() => Err(SsoFailure::EmailUnverified),
            Err(error @ SsoError::OtherAccount) => {
                tracing::warn!(address = email.as_ref().map(|email| email.as_str()), "{error}");
                Err(error.into())
            }
            result => result.map(drop).map_err(Into::into),
        }
    }

    async fn settings(&self) -> Result<(SignInSettings, SsoSettings, u64), SsoFailure> {
        let (settings, revision) = self.accounts.sign_in_settings_with_revision().await?;
        let sso = settings.sso.clone().ok_or(SsoFailure::NotSetUp)?;
        Ok((settings, sso, revision))
    }

    async fn provider<'a>(&'a self, sso: &'a SsoSettings) -> Result<Provider<'a>, SsoFailure> {
        let no_tls = || SsoFailure::Unreachable("this server can't use TLS".into());
        let http = self.http.as_deref().ok_or_else(no_tls)?;
        let secret = self.store.sso_client_secret().await?;
        let callback = format!("{}{CALLBACK}", self.own_origin);
        Ok(Provider::discover(http, sso, secret, callback).await?)
    }
}

/// A provider's words, short and without what could pass for more.
fn plain(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(200).collect()
}
