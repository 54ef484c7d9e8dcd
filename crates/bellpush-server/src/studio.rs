//! `/studio`: the documents and files of Call Studio, the console.
//!
//! Every address below `/studio/` that is no file is one and the same document: Studio's own router
//! shows the screen. All its addresses are relative, so that it works below any path that a reverse
//! proxy puts before it.

use axum::{
    Router,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    cluster::web_files::hashed_files,
    http::{
        assets::{StudioManifest, studio_manifest},
        headers,
        problem::Problem,
    },
    server::Server,
    widget::html::{Nonce, Page, escape},
};

/// What Studio may use: the microphone for test calls, passkeys, and the clipboard.
const PERMISSIONS: &str = "microphone=(self), autoplay=(self), clipboard-write=(self), \
    publickey-credentials-create=(self), publickey-credentials-get=(self)";

/// The routes of Studio.
pub(crate) fn routes() -> Router<Server> {
    Router::new()
        .route("/", get(async || to("studio/")))
        .route("/studio", get(async || to("studio/")))
        .route("/studio/", get(document))
        .route("/studio/{*path}", get(document))
        .route("/studio/assets/{file}", hashed_files("studio"))
}

/// A redirect to a relative address.
fn to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, headers::value(address))]).into_response()
}

async fn document(uri: Uri) -> Result<Page, Problem> {
    let manifest = studio_manifest().ok_or_else(|| {
        Problem::unavailable("the web parts are not built; run cargo xtask build, then build again")
    })?;
    Ok(render(manifest, &base(uri.path())))
}

/// The way from an address up to `/studio/`, as a relative one.
fn base(path: &str) -> String {
    let below = path.strip_prefix("/studio/").unwrap_or_default();
    match below.matches('/').count() {
        0 => "./".to_owned(),
        depth => "../".repeat(depth),
    }
}

fn render(manifest: &StudioManifest, base: &str) -> Page {
    let nonce = Nonce::random();
    let styles: String = manifest
        .css
        .iter()
        .map(|css| format!("<link rel=\"stylesheet\" href=\"{}\" nonce=\"{nonce}\">", escape(css)))
        .collect();
    let preloads: String = manifest
        .preload
        .iter()
        .map(|js| format!("<link rel=\"modulepreload\" href=\"{}\" nonce=\"{nonce}\">", escape(js)))
        .collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><base href=\"{base}\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
         <title>Call Studio</title><link rel=\"icon\" href=\"{icon}\">{styles}{preloads}\
         <script type=\"module\" src=\"{js}\" nonce=\"{nonce}\"></script></head>\
         <body><div id=\"studio\"></div><noscript>Call Studio needs JavaScript.</noscript></body></html>",
        icon = escape(&manifest.icon),
        js = escape(&manifest.js),
    );
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; \
         style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; \
         font-src 'self'; frame-src 'self'; base-uri 'self'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    Page {
        status: StatusCode::OK,
        html,
        policy,
        permissions: PERMISSIONS,
        // Its addresses hold ids and filters, which are nobody else's business.
        referrer: "same-origin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_leads_from_every_address_up_to_studio() {
        let cases = [
            ("/studio/", "./"),
            ("/studio/apps", "./"),
            ("/studio/apps/app_1", "../"),
            ("/studio/apps/app_1/calls/", "../../../"),
        ];
        for (path, expected) in cases {
            assert_eq!(base(path), expected, "{path}");
        }
    }
}
