//! `GET /w/{appId}/code`: the document of the app's custom code.
//!
//! Its own policy makes it a sandbox with an opaque origin, even when it is opened by itself: it can
//! reach neither the widget nor any cookie, storage or microphone. It has its own address because a
//! frame made of `srcdoc` would inherit the widget's strict policy.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bellpush_core::ids::AppId;
use bellpush_store::Store;

use super::html::{Page, escape};
use crate::http::{assets, client_ip::LimitKey, limits::Limits, problem::Problem};

/// What custom code may do: run scripts and load from `https`. It may not navigate the page, open
/// windows or show dialogs. Who may frame it is added: a browser checks all ancestors, the page that
/// embeds the widget included.
const POLICY: &str = "sandbox allow-scripts; default-src 'none'; \
    script-src 'self' 'unsafe-inline' https:; style-src 'unsafe-inline' https:; img-src https: data:; \
    font-src https: data:; connect-src https:; media-src https:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";

/// Serves the document.
pub(crate) async fn code(
    State(store): State<Store>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    Path(app_id): Path<String>,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let unknown = || Problem::not_found("there is no such app");
    let manifest = assets::widget_manifest().ok_or_else(unknown)?;
    let app_id: AppId = app_id.parse().map_err(|_| unknown())?;
    let app = store.app(app_id).await?.ok_or_else(unknown)?;
    let code = &app.settings.custom_code;
    let html = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><title>{}</title>\
         <script src=\"/{}\"></script>{}</head><body>{}</body></html>",
        escape(&app.settings.name),
        escape(&manifest.sandbox),
        code.head,
        code.body,
    );
    let page = Page {
        status: StatusCode::OK,
        html,
        policy: app
            .settings
            .allowed_origins
            .iter()
            .fold(POLICY.to_owned(), |policy, origin| policy + " " + origin.as_str()),
        permissions: "microphone=(), camera=(), geolocation=(), display-capture=(), payment=()",
    };
    Ok(page.into_response())
}
