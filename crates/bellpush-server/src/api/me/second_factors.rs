//! What one proves who one is by, besides a password.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{events::EventTime, ids::PasskeyId};
use bellpush_store::{Accounts, NewPasskey, Passkey, SecondFactors};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    access::Person,
    api::path::PathIds,
    http::{body::JsonBody, no_store::NoStore, problem::Problem},
    sign_in::{Asked, Entrance, person_name},
};

/// What one proves who one is by, besides a password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondFactorsView {
    /// Whether codes from a telephone are taken.
    totp: bool,
    /// How many codes on paper are left.
    backup_codes_left: usize,
    /// Passkeys, oldest first.
    passkeys: Vec<PasskeyView>,
}

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyView {
    /// Its id.
    #[schema(value_type = String)]
    id: PasskeyId,
    /// What its owner calls it.
    name: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was last used; `null`: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<EventTime>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        let Passkey { id, name, created_at, last_used_at, .. } = passkey;
        Self { id, name, created_at, last_used_at }
    }
}

/// A new key for codes.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpKey {
    /// The key, in base32, for those who type it.
    secret: String,
    /// What authenticators read from a QR code.
    #[schema(example = "otpauth://totp/…")]
    url: String,
}

/// A code from a telephone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// Six digits.
    #[schema(max_length = 20, example = "123456")]
    code: String,
}

/// Codes on paper.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackupCodes {
    /// Each works once. They are shown this once.
    backup_codes: Vec<String>,
}

/// What a browser is asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyChallenge {
    /// To be sent with the answer.
    ceremony: String,
    /// For `navigator.credentials`, with its binary values as base64url
    /// (`PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`).
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    public_key: Value,
}

impl From<Asked> for PasskeyChallenge {
    fn from(asked: Asked) -> Self {
        Self { ceremony: asked.ceremony.reveal().to_owned(), public_key: asked.public_key }
    }
}

/// A passkey to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyDraft {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100, example = "Laptop")]
    name: String,
    /// As the challenge has it.
    #[schema(max_length = 200)]
    ceremony: String,
    /// What the browser answered, as its `toJSON` gives it.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    credential: Value,
}

/// Read what you prove who you are by
#[utoipa::path(
    get, path = "/v1/me/second-factors", operation_id = "readSecondFactors", tag = "me",
    responses((status = 200, body = SecondFactorsView))
)]
pub(crate) async fn read(
    person: Person,
    State(accounts): State<Accounts>,
) -> Result<Json<SecondFactorsView>, Problem> {
    let factors = accounts.second_factors(person.member()?.id).await?;
    let SecondFactors { totp_since, backup_codes, passkeys } = factors;
    let passkeys = passkeys.into_iter().map(Into::into).collect();
    Ok(Json(SecondFactorsView {
        totp: totp_since.is_some(),
        backup_codes_left: backup_codes,
        passkeys,
    }))
}

/// Make a key for codes
///
/// It is not in use before a code of it is shown.
#[utoipa::path(
    post, path = "/v1/me/totp", operation_id = "beginTotp", tag = "me",
    responses(
        (status = 201, body = TotpKey),
        (status = 409, description = "Codes are in use already"),
    )
)]
pub(crate) async fn begin_totp(
    person: Person,
    State(entrance): State<Entrance>,
) -> Result<(StatusCode, NoStore<TotpKey>), Problem> {
    let (key, url) = entrance.new_totp_key(person.member()?).await?;
    let answer = TotpKey { secret: key.expose_secret().to_owned(), url };
    Ok((StatusCode::CREATED, NoStore(answer)))
}

/// Take the key for codes into use
///
/// By a code of it. All other browsers are signed out. The answer holds codes for when the telephone is
/// lost.
#[utoipa::path(
    put, path = "/v1/me/totp", operation_id = "confirmTotp", tag = "me",
    request_body = TotpCode,
    responses(
        (status = 200, body = BackupCodes),
        (status = 409, description = "There is no new key"),
    )
)]
pub(crate) async fn confirm_totp(
    person: Person,
    State(entrance): State<Entrance>,
    JsonBody(TotpCode { code }): JsonBody<TotpCode>,
) -> Result<NoStore<BackupCodes>, Problem> {
    let by = (person.sign_in()?.id, &person.actor());
    let backup_codes = entrance.confirm_totp(person.member()?, &code, by).await?;
    Ok(NoStore(BackupCodes { backup_codes }))
}

/// Remove codes
///
/// Those from the telephone and those on paper. All other browsers are signed out.
#[utoipa::path(
    delete, path = "/v1/me/totp", operation_id = "removeTotp", tag = "me",
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There were none"),
    )
)]
pub(crate) async fn remove_totp(
    person: Person,
    State(accounts): State<Accounts>,
) -> Result<StatusCode, Problem> {
    let by = (person.sign_in()?.id, &person.actor());
    if !accounts.remove_totp(person.member()?.id, by).await? {
        return Err(Problem::not_found("you have no codes"));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Make new codes on paper
///
/// Those of before are worth nothing.
#[utoipa::path(
    post, path = "/v1/me/backup-codes", operation_id = "renewBackupCodes", tag = "me",
    responses(
        (status = 201, body = BackupCodes),
        (status = 409, description = "You have no codes from a telephone"),
    )
)]
pub(crate) async fn renew_backup_codes(
    person: Person,
    State(entrance): State<Entrance>,
) -> Result<(StatusCode, NoStore<BackupCodes>), Problem> {
    let by = (person.sign_in()?.id, &person.actor());
    let backup_codes = entrance.renew_backup_codes(person.member()?, by).await?;
    Ok((StatusCode::CREATED, NoStore(BackupCodes { backup_codes })))
}

/// Ask for a new passkey
#[utoipa::path(
    post, path = "/v1/me/passkeys/challenge", operation_id = "beginPasskey", tag = "me",
    responses(
        (status = 201, body = PasskeyChallenge),
        (status = 409, description = "The server is not reached in a way that allows passkeys"),
    )
)]
pub(crate) async fn begin_passkey(
    person: Person,
    State(entrance): State<Entrance>,
) -> Result<(StatusCode, NoStore<PasskeyChallenge>), Problem> {
    let asked = entrance.ask_for_new_passkey(person.member()?).await?;
    Ok((StatusCode::CREATED, NoStore(asked.into())))
}

/// Add a passkey
///
/// All other browsers are signed out.
#[utoipa::path(
    post, path = "/v1/me/passkeys", operation_id = "addPasskey", tag = "me",
    request_body = PasskeyDraft,
    responses(
        (status = 201, body = PasskeyView),
        (status = 409, description = "It is there already"),
    )
)]
pub(crate) async fn add_passkey(
    person: Person,
    State(accounts): State<Accounts>,
    State(entrance): State<Entrance>,
    JsonBody(PasskeyDraft { name, ceremony, credential }): JsonBody<PasskeyDraft>,
) -> Result<(StatusCode, Json<PasskeyView>), Problem> {
    let (name, member) = (person_name(&name)?, person.member()?);
    let (credential_id, credential) =
        entrance.take_new_passkey(member, &ceremony, credential).await?;
    let new = NewPasskey { credential_id: &credential_id, credential: &credential, name: &name };
    let by = (person.sign_in()?.id, &person.actor());
    let added = accounts.add_passkey(member.id, new, by).await?;
    let added = added.ok_or_else(|| Problem::conflict("this passkey is there already"))?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Remove a passkey
///
/// All other browsers are signed out.
#[utoipa::path(
    delete, path = "/v1/me/passkeys/{passkeyId}", operation_id = "removePasskey", tag = "me",
    params(("passkeyId" = String, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn remove_passkey(
    person: Person,
    State(accounts): State<Accounts>,
    PathIds(id): PathIds<PasskeyId>,
) -> Result<StatusCode, Problem> {
    let by = (person.sign_in()?.id, &person.actor());
    if !accounts.remove_passkey(person.member()?.id, id, by).await? {
        return Err(Problem::not_found(format!("you have no passkey {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}
