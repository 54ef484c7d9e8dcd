//! `/v1/sign-in-settings`: how people may sign in.

use axum::extract::State;
use bellpush_core::access::SignInSettings;
use bellpush_store::{Accounts, SignInWay, Store};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    access::{Caller, Identity},
    http::{
        body::{JsonBody, parse_value},
        problem::Problem,
        revisions::{IfMatch, Revised},
    },
};

/// Characters of a client's secret, at most.
const MAX_SECRET_CHARS: usize = 1_000;

/// How people may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInSettingsView {
    #[serde(flatten)]
    settings: SignInSettings,
    /// Whether a secret is kept for the provider of single sign-on. It is never shown.
    has_client_secret: bool,
}

/// How people may sign in, as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInSettingsBody {
    #[serde(flatten)]
    settings: SignInSettings,
    /// The secret of this server at the provider of single sign-on; left out, it stays. Another issuer
    /// wants it anew.
    #[schema(min_length = 1, max_length = 1000)]
    client_secret: Option<String>,
}

/// Read how people may sign in
#[utoipa::path(
    get, path = "/v1/sign-in-settings", operation_id = "readSignInSettings", tag = "sign-in",
    responses((status = 200, body = SignInSettingsView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(accounts): State<Accounts>,
) -> Result<Revised<SignInSettingsView>, Problem> {
    let (settings, revision) = accounts.sign_in_settings_with_revision().await?;
    let has_client_secret = store.sso_client_secret().await?.is_some();
    Ok(Revised::new(revision, SignInSettingsView { settings, has_client_secret }))
}

/// Replace how people may sign in
///
/// To make single sign-on the only way in, one has to have come by it oneself: browsers that came otherwise
/// are signed out.
#[utoipa::path(
    put, path = "/v1/sign-in-settings", operation_id = "saveSignInSettings", tag = "sign-in",
    params(IfMatch),
    request_body = SignInSettingsBody,
    responses(
        (status = 200, body = SignInSettingsView),
        (status = 409, description = "You did not come by single sign-on, or `secrets-required`: the issuer is another, and `clientSecret` is missing"),
    )
)]
pub(crate) async fn save(
    caller: Caller,
    State(store): State<Store>,
    if_match: IfMatch,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Revised<SignInSettingsView>, Problem> {
    let secret = take_secret(&mut body)?;
    let settings: SignInSettings = parse_value(body)?;
    settings.check()?;
    let came_otherwise = match caller.identity() {
        Identity::Person(it) => it.sign_in.way != SignInWay::Sso,
        Identity::Key(_) => false,
    };
    if settings.require_sso && came_otherwise {
        let detail = "sign in by single sign-on first, so that you know that it lets you in";
        return Err(Problem::conflict(detail).at("/requireSso"));
    }
    let actor = caller.actor();
    let edit = if_match.edit(&actor);
    let revision = store.save_sign_in_settings(&settings, secret.as_ref(), edit).await?;
    let has_client_secret = store.sso_client_secret().await?.is_some();
    Ok(Revised::new(revision, SignInSettingsView { settings, has_client_secret }))
}

/// Takes the secret out of a body: it is no setting, and is kept apart from them.
fn take_secret(body: &mut Value) -> Result<Option<SecretString>, Problem> {
    match body.as_object_mut().and_then(|fields| fields.remove("clientSecret")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(secret)) if (1..=MAX_SECRET_CHARS).contains(&secret.chars().count()) => {
            Ok(Some(secret.into()))
        }
        Some(_) => {
            let detail = format!("a secret has 1 to {MAX_SECRET_CHARS} characters");
            Err(Problem::invalid(detail).at("/clientSecret"))
        }
    }
}
