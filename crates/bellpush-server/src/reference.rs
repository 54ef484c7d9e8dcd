//! `/v1/docs`: the API, readably: a viewer of ours around the document of `/v1/openapi.json`.

use axum::{Router, http::StatusCode, routing::get};

use crate::{
    cluster::web_files::hashed_files,
    http::{assets::reference_manifest, problem::Problem},
    server::Server,
    widget::html::{Nonce, Page, escape},
};

/// The routes of the reference.
pub(crate) fn routes() -> Router<Server> {
    Router::new()
        .route("/v1/docs", get(document))
        .route("/v1/docs/assets/{file}", hashed_files("reference"))
}

async fn document() -> Result<Page, Problem> {
    let manifest = reference_manifest().ok_or_else(|| {
        Problem::unavailable("the web parts are not built; run cargo xtask build, then build again")
    })?;
    let nonce = Nonce::random();
    // Addresses are relative to `/v1/`, so that they hold below any path that a proxy puts before it.
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Bellpush API</title>\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"docs/{css}\">\
         <script type=\"module\" src=\"docs/{js}\" nonce=\"{nonce}\"></script></head>\
         <body><noscript>This page needs JavaScript.</noscript></body></html>",
        css = escape(&manifest.css),
        js = escape(&manifest.js),
    );
    // The viewer writes styles into its elements. There is nothing on this page that is not public.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; \
         style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; \
         font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    Ok(Page {
        status: StatusCode::OK,
        html,
        policy,
        permissions: "microphone=()",
        referrer: "same-origin",
    })
}
