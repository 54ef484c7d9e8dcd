//! What is asked of a provider, and what of its answer is believed.

use std::collections::HashMap;

use bellpush_core::access::{Email, SsoSettings, TimeFault, check_times};
use chrono::DateTime;
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthType, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::http::{HttpClient, HttpError, IssuerClient};
use crate::clock::now;

/// Algorithms of signatures that are taken: with keys that the provider publishes.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims beside those that the standard names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    claims: HashMap<String, Value>,
}

impl AdditionalClaims for Others {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type OidcClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a provider was of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// It can't be asked, or its answer can't be read.
    #[error("{0}")]
    Unreachable(String),
    /// What it says is not to be believed.
    #[error("{0}")]
    Untrusted(String),
    /// Its token is of another time.
    #[error(transparent)]
    Time(#[from] TimeFault),
}

/// A provider, as its document describes it now.
pub(super) struct Provider<'a> {
    client: OidcClient,
    http: IssuerClient,
    /// Where groups mean something.
    groups_claim: Option<&'a str>,
}

/// Where a browser is sent, and what to go on with.
pub(super) struct Question {
    pub(super) url: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// What is believed of somebody.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) groups: Vec<String>,
    email: Option<String>,
    email_verified: bool,
    name: Option<String>,
}

impl Claims {
    /// Their address, if the provider has verified it.
    pub(super) fn verified_email(&self) -> Option<Email> {
        self.email.as_deref().filter(|_| self.email_verified)?.parse().ok()
    }

    /// Their name, or else what their address begins with.
    pub(super) fn name(&self) -> String {
        let by_email = || self.email.as_deref().and_then(|it| it.split('@').next());
        let name = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let name = name.or_else(by_email).unwrap_or("member");
        name.chars().filter(|char| !char.is_control()).take(100).collect()
    }
}

impl<'a> Provider<'a> {
    /// Reads the provider's document and its keys.
    pub(super) async fn discover(
        http: &HttpClient,
        sso: &'a SsoSettings,
        secret: Option<SecretString>,
        callback: String,
    ) -> Result<Self, ProviderError> {
        let issuer = IssuerUrl::new(sso.issuer.clone()).map_err(unreachable)?;
        let http = http.for_issuer(issuer.url()).await;
        let metadata = CoreProviderMetadata::discover_async(issuer, &http).await;
        let metadata = metadata.map_err(|error| failed(&error))?;
        http.check_scheme(metadata.authorization_endpoint().url().scheme())
            .map_err(|error| failed(&error))?;
        let by_body = metadata
            .token_endpoint_auth_methods_supported()
            .is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client =
            Client::from_provider_metadata(metadata, ClientId::new(sso.client_id.clone()), secret)
                .set_redirect_uri(RedirectUrl::new(callback).map_err(unreachable)?)
                .set_auth_type(if by_body { AuthType::RequestBody } else { AuthType::BasicAuth });
        Ok(Self { client, http, groups_claim: sso.map_groups.then_some(sso.groups_claim.as_str()) })
    }

    /// What a browser is to ask the provider, with this state.
    pub(super) fn ask(&self, state: &str) -> Question {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(state.to_owned());
        let asked = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || state.clone(),
                Nonce::new_random,
            )
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge);
        let (url, _, nonce) = asked.url();
        let (nonce, verifier) = (nonce.secret().clone(), verifier.into_secret());
        Question { url: url.into(), nonce, verifier }
    }

    /// Exchanges a code for what the provider says of somebody.
    pub(super) async fn claims(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Claims, ProviderError> {
        let exchange = self.client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let exchange = exchange.map_err(unreachable)?;
        let tokens = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&self.http)
            .await
            .map_err(|error| failed(&error))?;
        let untrusted = |why: String| ProviderError::Untrusted(why);
        let token = tokens.id_token().ok_or_else(|| untrusted("there is no ID token".into()))?;
        // Times are looked at below, with leeway: the library has none.
        let believer = self
            .client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(|| DateTime::UNIX_EPOCH)
            .set_issue_time_verifier_fn(|_| Ok(()));
        let claims = token.claims(&believer, &Nonce::new(nonce.to_owned()));
        let claims = claims.map_err(|error| untrusted(chain(&error)))?;
        let seconds = |time: DateTime<chrono::Utc>| time.timestamp();
        let (issued, expires) = (seconds(claims.issue_time()), seconds(claims.expiration()));
        check_times(issued, expires, now().millis() / 1_000)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|error| untrusted(error.to_string()))?;
            let key = token.signing_key(&believer).map_err(|error| untrusted(error.to_string()))?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
            if found.map_err(|error| untrusted(error.to_string()))? != *expected {
                return Err(untrusted("the access token is another one's".into()));
            }
        }
        let mut found = Claims {
            subject: claims.subject().to_string(),
            groups: self.groups(&claims.additional_claims().claims),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified() == Some(true),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        };
        let lacks_groups = self.groups_claim.is_some() && found.groups.is_empty();
        let lacks_email = found.email.is_none() || !found.email_verified;
        if lacks_groups || lacks_email || found.name.is_none() {
            match self.add_user_info(&tokens, &mut found).await {
                // Whom it means is known, and may be a member.
                Err(error) if !lacks_groups && found.email.is_some() => {
                    tracing::warn!(%error, "the provider does not say more of somebody");
                }
                asked => asked?,
            }
        }
        Ok(found)
    }

    /// Many providers say more where it is asked for.
    async fn add_user_info(
        &self,
        tokens: &Tokens,
        found: &mut Claims,
    ) -> Result<(), ProviderError> {
        let subject = openidconnect::SubjectIdentifier::new(found.subject.clone());
        let Ok(request) = self.client.user_info(tokens.access_token().clone(), Some(subject))
        else {
            return Ok(());
        };
        let info: UserInfoClaims<Others, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(|error| failed(&error))?;
        let email = info.email().map(|email| email.to_string());
        if found.email.is_none() {
            found.email = email;
            found.email_verified = info.email_verified() == Some(true);
        } else if email.is_none() || email == found.email {
            found.email_verified |= info.email_verified() == Some(true);
        }
        if found.groups.is_empty() {
            found.groups = self.groups(&info.additional_claims().claims);
        }
        if found.name.is_none() {
            let name = info.name().and_then(|name| name.get(None));
            found.name = name.map(|name| name.to_string());
        }
        Ok(())
    }

    /// The groups, where they mean something: a list of texts, or one text.
    fn groups(&self, claims: &HashMap<String, Value>) -> Vec<String> {
        match self.groups_claim.and_then(|claim| claims.get(claim)) {
            Some(Value::Array(groups)) => {
                groups.iter().filter_map(|group| group.as_str().map(ToOwned::to_owned)).collect()
            }
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        }
    }
}

fn unreachable(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::Unreachable(error.to_string())
}

/// What a request that failed says of the provider.
fn failed(error: &(dyn std::error::Error + 'static)) -> ProviderError {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    let is_forbidden = |error: &(dyn std::error::Error + 'static)| {
        matches!(error.downcast_ref(), Some(HttpError::Forbidden(_)))
    };
    if causes.any(is_forbidden) {
        return ProviderError::Untrusted(chain(error));
    }
    ProviderError::Unreachable(chain(error))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !told.contains(&words) {
            told.push_str(": ");
            told.push_str(&words);
        }
        cause = error.source();
    }
    told.chars().filter(|char| !char.is_control()).take(300).collect()
}
