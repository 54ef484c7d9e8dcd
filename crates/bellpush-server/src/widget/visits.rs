//! `POST /v1/widget/visits`: where a widget is shown, and what the page lets it have.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use bellpush_core::{
    embed::{Visit, visited_page},
    ids::AppId,
    origin::AllowedOrigin,
};
use bellpush_store::Store;
use serde::Deserialize;
use utoipa::ToSchema;

use super::keys::check_widget_key;
use crate::{
    embed::EmbedReports,
    http::{body::JsonBody, client_ip::LimitKey, limits::Limits, problem::Problem},
};

/// What a widget says of the page around it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewVisit {
    /// The app.
    app_id: AppId,
    /// A widget key of the app.
    key: String,
    /// The origin of the page.
    origin: AllowedOrigin,
    /// Its path, as far as it is known. What in it may name somebody is not kept.
    path: Option<String>,
    /// Whether the page lets the widget have the microphone; `null` where the browser does not tell.
    microphone: Option<bool>,
    /// How many pages are around the widget; `null` where the browser does not tell.
    frames: Option<u8>,
    /// Whether the loader has brought it in.
    loader: bool,
}

/// Report a visit
///
/// For the widget itself: where it is shown, and whether the page lets it have the microphone. It says
/// nothing of the visitor.
#[utoipa::path(
    post, path = "/v1/widget/visits", operation_id = "reportVisit", tag = "widget",
    request_body = NewVisit,
    responses(
        (status = 204, description = "Kept, in place of what was reported of that page before"),
        (status = 401, description = "The widget key is not valid"),
        (status = 403, description = "The origin is not allowed"),
        (status = 429, description = "Too many requests"),
    )
)]
pub(crate) async fn create(
    State(store): State<Store>,
    State(reports): State<EmbedReports>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    request: Request,
) -> Result<StatusCode, Problem> {
    limits.request(address)?;
    let JsonBody(new) = JsonBody::<NewVisit>::from_request(request, &()).await?;
    check_widget_key(&store, new.app_id, &new.key).await?;
    let app = store.app(new.app_id).await?;
    let app = app.ok_or_else(|| Problem::not_found("there is no such app"))?;
    if !app.settings.allows(&new.origin) {
        let detail = format!("{} is not an allowed origin of this app", new.origin);
        return Err(Problem::origin_not_allowed(detail).at("/origin"));
    }
    let visit = Visit {
        page: visited_page(&new.origin, new.path.as_deref()),
        problem: None,
        microphone: new.microphone,
        frames: new.frames,
        loader: Some(new.loader),
    };
    reports.keep(app.id, visit).await?;
    Ok(StatusCode::NO_CONTENT)
}
