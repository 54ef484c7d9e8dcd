//! Tokens that let the server's own pages show a preview: short-lived, of one app, made by the API.

use std::time::Duration;

use axum::http::StatusCode;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bellpush_core::{events::EventTime, ids::AppId};
use bellpush_store::Store;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::{Right, Sessions},
    maker::Maker,
};
use crate::{
    clock::{later, now},
    http::problem::Problem,
    tokens::ToldToken,
};

/// How long a preview may be begun with a token.
const LIFETIME: Duration = Duration::from_secs(300);
const PREFIX: &str = "pt_";

/// A token for previews of an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewToken {
    /// The token: the `preview` parameter of the widget's address.
    #[schema(value_type = String, example = "pt_…")]
    token: ToldToken,
    /// Until when a preview can be begun with it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
}

impl PreviewToken {
    /// A new one.
    ///
    /// # Errors
    /// 500 when there is no randomness.
    pub(crate) fn new(store: &Store, app_id: AppId, maker: Maker) -> Result<Self, Problem> {
        let expires_at = later(now(), LIFETIME);
        let text = format!("{} {maker}", expires_at.millis());
        let sealed = store.seal_token(&purpose(app_id), &text)?;
        let bytes = STANDARD
            .decode(sealed)
            .map_err(|_| Problem::internal("a preview token can't be written"))?;
        Ok(Self { token: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into(), expires_at })
    }

    /// Reads a token as it comes back; `None` for one that is not one of this app, or is too old.
    fn read(store: &Store, app_id: AppId, token: Option<&str>) -> Option<Maker> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(token?.strip_prefix(PREFIX)?).ok()?;
            let text = store.open_token(&purpose(app_id), &STANDARD.encode(bytes))?;
            let text = text.expose_secret();
            let (expires_at, maker) = text.split_once(' ')?;
            Some((expires_at.parse::<i64>().ok()?, Maker::read(maker)?))
        };
        read().filter(|(expires_at, _)| now().millis() < *expires_at).map(|(_, maker)| maker)
    }
}

impl Sessions {
    /// Who made the token that a preview of an app is begun with: they must be signed in still, or be a
    /// valid key, and be permitted to begin one now.
    ///
    /// # Errors
    /// 403 for a token that is not one of this app, is too old, or whose maker is gone or may not.
    pub(crate) async fn maker_of_preview(
        &self,
        app_id: AppId,
        token: Option<&str>,
    ) -> Result<Maker, Problem> {
        let invalid = || {
            Problem::preview_token_invalid(
                "a preview needs a token that is less than 5 minutes old, of somebody who is signed \
                 in, or of a valid API key; make one with POST /v1/apps/{appId}/preview-tokens",
            )
        };
        let maker = PreviewToken::read(&self.store, app_id, token).ok_or_else(invalid)?;
        match self.check_maker(maker, Right { app_id, preview: true }).await {
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Err(invalid()),
            checked => checked.map(|()| maker),
        }
    }
}

fn purpose(app_id: AppId) -> String {
    format!("preview:{app_id}")
}
