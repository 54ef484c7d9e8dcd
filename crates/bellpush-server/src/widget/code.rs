//! `GET /w/{appId}/code`: the document of the app's custom code.
//!
//! Its own policy makes it a sandbox with an opaque origin, even when it is opened by itself: it can
//! reach neither the widget nor any cookie, storage or microphone. It has its own address because a
//! frame made of `srcdoc` would inherit the widget's strict policy.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bellpush_core::{ids::AppId, origin::AllowedOrigin};
use bellpush_store::{App, Store};
use url::form_urlencoded;

use super::{
    ancestors::{embedder, with_ancestors},
    html::{NO_REFERRER, Page, escape},
};
use crate::{
    api::path::PathIds,
    config::ServerConfig,
    http::{
        assets::{self, WidgetManifest},
        client_ip::LimitKey,
        limits::Limits,
        problem::Problem,
    },
};

/// What custom code may do: run scripts and load from `https`. It may not navigate the page, open
/// windows or show dialogs. Who may frame it is added: a browser checks all ancestors, the page that
/// embeds the widget included.
const POLICY: &str = "sandbox allow-scripts; default-src 'none'; \
    script-src 'self' 'unsafe-inline' https:; style-src 'unsafe-inline' https:; img-src https: data:; \
    font-src https: data:; connect-src https:; media-src https:; base-uri 'none'; \
    form-action 'none'; frame-ancestors";

/// Keeps the origin of custom code to the code: whatever runs there finds no API, and no widget to
/// pose as.
pub(crate) async fn on_its_own_origin(
    State(origin): State<AllowedOrigin>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_for_code = host.is_some_and(|host| is_host_of(&origin, host));
    let path = request.uri().path();
    let is_code =
        path.starts_with("/w/") && (path.ends_with("/code") || path.ends_with("/code/preview"));
    if is_for_code && !is_code && !path.starts_with("/widget/assets/") {
        return Problem::not_found("only custom code is shown from here").into_response();
    }
    next.run(request).await
}

/// Whether a `Host` header means this origin: host names have no case, and a scheme's own port may
/// stand there or not.
fn is_host_of(origin: &AllowedOrigin, host: &str) -> bool {
    let Some((scheme, authority)) = origin.as_str().split_once("://") else { return false };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    bare(host) == bare(authority)
}

/// Serves the document of previews: beside the code stands what tells Call Studio what it says, and so
/// only the server's own pages may frame it.
pub(crate) async fn preview(
    State(store): State<Store>,
    State(limits): State<Arc<Limits>>,
    State(config): State<Arc<ServerConfig>>,
    LimitKey(address): LimitKey,
    PathIds(app_id): PathIds<String>,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let (manifest, app) = shown(&store, &app_id).await?;
    let console = format!("<script src=\"/{}\"></script>", escape(&manifest.console));
    Ok(page(&config, manifest, &app, &console, &[], None).into_response())
}

/// Serves the document.
pub(crate) async fn code(
    State(store): State<Store>,
    State(limits): State<Arc<Limits>>,
    State(config): State<Arc<ServerConfig>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    PathIds(app_id): PathIds<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let (manifest, app) = shown(&store, &app_id).await?;
    let query = query.unwrap_or_default();
    let origin = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "origin");
    let embedder = embedder(origin.as_ref().map(|(_, origin)| &**origin), &headers);
    let origins = &app.settings.allowed_origins;
    Ok(page(&config, manifest, &app, "", origins, embedder.as_deref()).into_response())
}

/// The app whose code is shown, and what is shown with it.
async fn shown(store: &Store, app_id: &str) -> Result<(&'static WidgetManifest, App), Problem> {
    let unknown = || Problem::not_found("there is no such app");
    let manifest = assets::widget_manifest().ok_or_else(unknown)?;
    let app_id: AppId = app_id.parse().map_err(|_| unknown())?;
    let app = store.app(app_id).await?.ok_or_else(unknown)?;
    Ok((manifest, app))
}

fn page(
    config: &ServerConfig,
    manifest: &WidgetManifest,
    app: &App,
    before: &str,
    origins: &[AllowedOrigin],
    embedder: Option<&str>,
) -> Page {
    let code = &app.settings.custom_code;
    let html = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><title>{}</title>{before}\
         <script src=\"/{}\"></script>{}</head><body>{}</body></html>",
        escape(&app.settings.name),
        escape(&manifest.sandbox),
        code.head,
        code.body,
    );
    Page {
        status: StatusCode::OK,
        html,
        policy: with_ancestors(
            match &config.code_origin {
                Some(_) => format!("{POLICY} 'self' {}", config.own_origin),
                None => format!("{POLICY} 'self'"),
            },
            origins,
            embedder,
        ),
        permissions: "microphone=(), camera=(), geolocation=(), display-capture=(), payment=()",
        referrer: NO_REFERRER,
    }
}
