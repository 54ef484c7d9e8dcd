//! Tokens that let the server's own pages show a preview: short-lived, of one app, made by the API.

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, SignInId},
};
use bellpush_store::Store;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::{later, now},
    http::problem::Problem,
};

/// How long a preview may be begun with a token.
const LIFETIME: Duration = Duration::from_secs(300);
const PREFIX: &str = "pt_";

/// A token for previews of an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewToken {
    /// The token: the `preview` parameter of the widget's address.
    #[schema(example = "pt_…")]
    token: String,
    /// Until when a preview can be begun with it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
}

impl PreviewToken {
    /// A new one. A preview that is begun with it ends with that sign-in.
    ///
    /// # Errors
    /// 500 when there is no randomness.
    pub(crate) fn new(
        store: &Store,
        app_id: AppId,
        sign_in: Option<SignInId>,
    ) -> Result<Self, Problem> {
        let expires_at = later(now(), LIFETIME);
        let sign_in = sign_in.map(|id| format!(" {id}")).unwrap_or_default();
        let text = format!("{}{sign_in}", expires_at.millis());
        let sealed = store.seal_token(&purpose(app_id), &text)?;
        let bytes = STANDARD
            .decode(sealed)
            .map_err(|_| Problem::internal("a preview token can't be written"))?;
        Ok(Self { token: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)), expires_at })
    }

    /// Checks a token as it comes back, and says with which sign-in its preview ends.
    ///
    /// # Errors
    /// 403 for a token that is not one of this app, or is too old.
    pub(crate) fn check(
        store: &Store,
        app_id: AppId,
        token: Option<&str>,
    ) -> Result<Option<SignInId>, Problem> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(token?.strip_prefix(PREFIX)?).ok()?;
            let text = store.open_token(&purpose(app_id), &STANDARD.encode(bytes))?;
            let text = text.expose_secret();
            let (expires_at, sign_in) = match text.split_once(' ') {
                Some((expires_at, id)) => (expires_at, Some(id.parse::<SignInId>().ok()?)),
                None => (text, None),
            };
            Some((expires_at.parse::<i64>().ok()?, sign_in))
        };
        if let Some((_, sign_in)) = read().filter(|(expires_at, _)| now().millis() < *expires_at) {
            return Ok(sign_in);
        }
        Err(Problem::preview_token_invalid(
            "a preview needs a token that is less than 5 minutes old; make one with POST \
             /v1/apps/{appId}/preview-tokens",
        ))
    }
}

fn purpose(app_id: AppId) -> String {
    format!("preview:{app_id}")
}
