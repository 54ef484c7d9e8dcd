//! `GET /w/{appId}/code`: the document of the app's custom code.
//!
//! Its own policy makes it a sandbox with an opaque origin, even when it is opened by itself: it can
//! reach neither the widget nor any cookie, storage or microphone. It has its own address because a
//! frame made of `srcdoc` would inherit the widget's strict policy.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bellpush_core::ids::AppId;

use super::html::{Page, escape};
use crate::{Server, http::problem::Problem};

/// What custom code may do: run scripts and load from `https`. It may not navigate the page, open
/// windows or show dialogs. Who may frame it is added: a browser checks all ancestors, the page that
/// embeds the widget included.
const POLICY: &str = "sandbox allow-scripts; default-src 'none'; \
    script-src 'self' 'unsafe-inline' https:; style-src 'unsafe-inline' https:; img-src https: data:; \
    font-src https: data:; connect-src https:; media-src https:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";

/// Serves the document.
pub(crate) async fn code(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(app_id): Path<String>,
) -> Result<Response, Problem> {
    server.limits.request(server.limit_key(peer, &headers))?;
    let unknown = || Problem::not_found("there is no such app");
    let manifest = server.manifest.as_ref().ok_or_else(unknown)?;
    let app_id: AppId = app_id.parse().map_err(|_| unknown())?;
    let app = server.store.app(app_id).await?.ok_or_else(unknown)?;
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
