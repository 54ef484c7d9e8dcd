//! `/v1/sign-in`, `/v1/sign-out` and `/v1/step-up`: how people get in, and out.

mod settings;
mod sso;

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use bellpush_core::events::EventTime;
use bellpush_store::{Accounts, AuditAction};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::me::PasskeyChallenge;
use crate::{
    access::Person,
    http::{
        body::JsonBody,
        client_ip::{ClientIp, LimitKey},
        limits::Limits,
        no_store::NoStore,
        problem::Problem,
        small_body::{AttemptBody, CodeBody},
    },
    server::Server,
    sign_in::{Entrance, Progress, Proof, SecondFactorWay},
};

/// The routes of signing in.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(options, sign_in))
        .routes(routes!(by_code))
        .routes(routes!(begin_passkey))
        .routes(routes!(by_passkey))
        .routes(routes!(sign_out))
        .routes(routes!(step_up))
        .routes(routes!(sso::begin))
        .routes(routes!(sso::finish))
        .routes(routes!(settings::read, settings::save))
}

/// The ways in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInOptions {
    /// Nobody can sign in yet: the link for the first owner was printed where the server was started.
    needs_owner: bool,
    /// By e-mail address and password.
    password: bool,
    /// By passkey. The server has to be reached by `https` and a host name.
    passkeys: bool,
    /// By single sign-on; `null`: it is not set up.
    sso: Option<SsoOption>,
}

/// Single sign-on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SsoOption {
    /// What it is called.
    name: String,
    /// Where the browser goes for it; `?returnTo=` names the page of Call Studio that it comes back to.
    url: &'static str,
}

/// Where a browser stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInAnswer {
    state: SignInState,
    /// For `secondFactor`: what can be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<Vec<SecondFactorWay>>,
    /// For `secondFactor`: to be sent with the code, within ten minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
}

/// Where a browser stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SignInState {
    /// It is signed in.
    SignedIn,
    /// The password fits; something else has to be shown, too.
    SecondFactor,
    /// It is not signed in: single sign-on is the only way in.
    SingleSignOn,
}

impl SignInAnswer {
    pub(super) const SIGNED_IN: NoStore<Self> =
        NoStore(Self { state: SignInState::SignedIn, ways: None, pending: None });
    pub(super) const SINGLE_SIGN_ON: NoStore<Self> =
        NoStore(Self { state: SignInState::SingleSignOn, ways: None, pending: None });
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The e-mail address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// The password.
    #[schema(max_length = 256)]
    password: String,
}

/// A code, after the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeAfterPassword {
    /// As the answer to the password has it.
    #[schema(max_length = 200)]
    pending: String,
    /// A code from the telephone, or one on paper.
    #[schema(max_length = 40)]
    code: String,
}

/// What a browser answers when it is asked for a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyShown {
    /// As the challenge has it.
    #[schema(max_length = 200)]
    ceremony: String,
    /// What the browser answered, as its `toJSON` gives it.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    credential: Value,
}

/// A proof of who sits there: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofBody {
    /// The password.
    #[schema(max_length = 256)]
    password: Option<String>,
    /// A code from the telephone, or one on paper.
    #[schema(max_length = 40)]
    code: Option<String>,
    /// A passkey, by a challenge of `POST /v1/sign-in/passkey/challenge`.
    passkey: Option<PasskeyShown>,
}

impl ProofBody {
    fn read(self) -> Result<Proof, Problem> {
        match (self.password, self.code, self.passkey) {
            (Some(password), None, None) => Ok(Proof::Password(password.into())),
            (None, Some(code), None) => Ok(Proof::Code(code)),
            (None, None, Some(PasskeyShown { ceremony, credential })) => {
                Ok(Proof::Passkey { ceremony, credential })
            }
            _ => Err(Problem::invalid("send one of password, code and passkey")),
        }
    }
}

/// Until when the proof is good.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proved {
    /// Until when no other is asked for.
    #[schema(value_type = String, format = DateTime)]
    stepped_up_until: EventTime,
}

/// Read the ways to sign in
#[utoipa::path(
    get, path = "/v1/sign-in", operation_id = "readSignInOptions", tag = "sign-in",
    responses((status = 200, body = SignInOptions))
)]
pub(crate) async fn options(
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
) -> Result<NoStore<SignInOptions>, Problem> {
    limits.request(address)?;
    let needs_owner = !accounts.has_owner().await?;
    let settings = accounts.sign_in_settings().await?;
    let (password, passkeys) =
        (!settings.require_sso, entrance.has_passkeys() && !settings.require_sso);
    let sso = settings.sso.map(|sso| SsoOption { name: sso.name, url: sso::PATH });
    Ok(NoStore(SignInOptions { needs_owner, password, passkeys, sso }))
}

/// Sign in by password
///
/// The browser gets a cookie, unless something else has to be shown, too.
#[utoipa::path(
    post, path = "/v1/sign-in", operation_id = "signIn", tag = "sign-in",
    request_body = Credentials,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 401, description = "They don't fit"),
    )
)]
pub(crate) async fn sign_in(
    State(entrance): State<Entrance>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    AttemptBody(Credentials { email, password }): AttemptBody<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let arrival = entrance.arrival(&headers, address);
    Ok(match entrance.by_password(&email, password.into(), &arrival).await? {
        Progress::SignedIn => (entrance.cookie(&arrival), SignInAnswer::SIGNED_IN).into_response(),
        Progress::SecondFactor { pending, ways } => NoStore(SignInAnswer {
            state: SignInState::SecondFactor,
            ways: Some(ways),
            pending: Some(pending.reveal().to_owned()),
        })
        .into_response(),
    })
}

/// Sign in by a code, after the password
///
/// From a telephone or on paper; each works once.
#[utoipa::path(
    post, path = "/v1/sign-in/code", operation_id = "signInByCode", tag = "sign-in",
    request_body = CodeAfterPassword,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 401, description = "It does not fit, or took too long"),
    )
)]
pub(crate) async fn by_code(
    State(entrance): State<Entrance>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    CodeBody(CodeAfterPassword { pending, code }): CodeBody<CodeAfterPassword>,
) -> Result<impl IntoResponse, Problem> {
    let arrival = entrance.arrival(&headers, address);
    entrance.by_code(&pending, &code, &arrival).await?;
    Ok((entrance.cookie(&arrival), SignInAnswer::SIGNED_IN))
}

/// Ask for a passkey
#[utoipa::path(
    post, path = "/v1/sign-in/passkey/challenge", operation_id = "beginPasskeySignIn", tag = "sign-in",
    responses(
        (status = 201, body = PasskeyChallenge),
        (status = 409, description = "The server is not reached in a way that allows passkeys"),
    )
)]
pub(crate) async fn begin_passkey(
    State(entrance): State<Entrance>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
) -> Result<(StatusCode, NoStore<PasskeyChallenge>), Problem> {
    limits.request(address)?;
    Ok((StatusCode::CREATED, NoStore(entrance.ask_for_passkey().await?.into())))
}

/// Sign in by a passkey
///
/// It is enough by itself: it proves which device it is, and who holds it.
#[utoipa::path(
    post, path = "/v1/sign-in/passkey", operation_id = "signInByPasskey", tag = "sign-in",
    request_body = PasskeyShown,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 401, description = "It proves nothing"),
    )
)]
pub(crate) async fn by_passkey(
    State(entrance): State<Entrance>,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    AttemptBody(PasskeyShown { ceremony, credential }): AttemptBody<PasskeyShown>,
) -> Result<impl IntoResponse, Problem> {
    let arrival = entrance.arrival(&headers, address);
    entrance.by_passkey(&ceremony, credential, &arrival).await?;
    Ok((entrance.cookie(&arrival), SignInAnswer::SIGNED_IN))
}

/// Sign out
#[utoipa::path(
    post, path = "/v1/sign-out", operation_id = "signOut", tag = "sign-in",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn sign_out(
    person: Person,
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
) -> Result<impl IntoResponse, Problem> {
    let sign_in = person.sign_in()?;
    let action = AuditAction::SignedOut;
    accounts.end_sign_in(sign_in.member_id, sign_in.id, action, &person.actor()).await?;
    Ok((StatusCode::NO_CONTENT, entrance.no_cookie()))
}

/// Prove again who you are
///
/// Some operations want to know it within the last ten minutes. The browser gets another cookie.
#[utoipa::path(
    post, path = "/v1/step-up", operation_id = "stepUp", tag = "sign-in",
    request_body = ProofBody,
    responses(
        (status = 200, body = Proved),
        (status = 401, description = "It is no proof, or you are not signed in"),
    )
)]
pub(crate) async fn step_up(
    person: Person,
    State(entrance): State<Entrance>,
    JsonBody(proof): JsonBody<ProofBody>,
) -> Result<impl IntoResponse, Problem> {
    let (member, sign_in) = (person.member()?, person.sign_in()?);
    let proved = entrance.step_up(member, sign_in, proof.read()?, &person.actor()).await?;
    let (stepped_up_until, cookie) = proved;
    Ok((cookie, Json(Proved { stepped_up_until })))
}
