//! The built web parts, embedded in the binary: widget, loader, demo page, Call Studio and
//! the API's reference.
//!
//! The web build puts a brotli-compressed copy (`.br`) beside each file; it is served as it is to
//! browsers that accept it. File names carry a hash of their content, so that they may be cached
//! for ever; the loader and its parts alone keep their names.

use std::sync::LazyLock;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::{Deserialize, de::DeserializeOwned};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Where the build put the widget's files.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WidgetManifest {
    /// The entry script, below `widget/`.
    pub(crate) js: String,
    /// The style sheet, below `widget/`.
    pub(crate) css: String,
    /// What draws a design document of an app's own, and what that imports, below `widget/`.
    pub(crate) extras: Vec<String>,
    /// The bridge of the custom-code sandbox, below `widget/`.
    pub(crate) sandbox: String,
    /// What tells Call Studio what custom code says in a preview, below `widget/`.
    pub(crate) console: String,
}

/// Where the widget's files are; `None` when the web parts were not built.
#[must_use]
pub(crate) fn widget_manifest() -> Option<&'static WidgetManifest> {
    static MANIFEST: LazyLock<Option<WidgetManifest>> =
        LazyLock::new(|| manifest("widget/manifest.json"));
    MANIFEST.as_ref()
}

/// Where the build put Studio's files, below `studio/`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StudioManifest {
    /// The entry script.
    pub(crate) js: String,
    /// The scripts that the entry script imports.
    pub(crate) preload: Vec<String>,
    /// The style sheets.
    pub(crate) css: Vec<String>,
    /// The icon.
    pub(crate) icon: String,
}

/// Where Studio's files are; `None` when the web parts were not built.
#[must_use]
pub(crate) fn studio_manifest() -> Option<&'static StudioManifest> {
    static MANIFEST: LazyLock<Option<StudioManifest>> =
        LazyLock::new(|| manifest("studio/manifest.json"));
    MANIFEST.as_ref()
}

/// Where the build put the files of the API's reference, below `reference/`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReferenceManifest {
    /// The entry script.
    pub(crate) js: String,
    /// The style sheet.
    pub(crate) css: String,
}

/// Where the reference's files are; `None` when the web parts were not built.
#[must_use]
pub(crate) fn reference_manifest() -> Option<&'static ReferenceManifest> {
    static MANIFEST: LazyLock<Option<ReferenceManifest>> =
        LazyLock::new(|| manifest("reference/manifest.json"));
    MANIFEST.as_ref()
}

fn manifest<T: DeserializeOwned>(path: &str) -> Option<T> {
    let file = Dist::get(path)?;
    serde_json::from_slice(&file.data).ok()
}

/// How long browsers may keep a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    /// Its name changes with its content.
    Forever,
    /// Its name stays.
    FiveMinutes,
}

/// An embedded file as text.
#[must_use]
pub(crate) fn text(path: &str) -> Option<String> {
    let file = Dist::get(path)?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// Serves an embedded file, compressed where the browser takes brotli.
#[must_use]
pub(crate) fn serve(path: &str, request: &HeaderMap, cache: Cache) -> Response {
    let Some(plain) = Dist::get(path) else {
        return Problem::not_found(format!("there is no file {path:?}")).into_response();
    };
    let compressed = super::headers::accepts_encoding(request, "br")
        .then(|| Dist::get(&format!("{path}.br")))
        .flatten();
    let (name, is_compressed) = (content_name(&plain), compressed.is_some());
    // Copies of other bytes have other tags.
    let etag = if is_compressed { format!("\"{name}-br\"") } else { format!("\"{name}\"") };
    let unchanged = super::headers::knows(request, &name);
    let body = if unchanged { Body::empty() } else { body(compressed.unwrap_or(plain)) };

    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::ETAG, super::headers::value(&etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(match cache {
            Cache::Forever => "public, max-age=31536000, immutable",
            Cache::FiveMinutes => "public, max-age=300",
        }),
    );
    // Among the files are the scripts of workers.
    let (name, policy) = super::headers::EMBEDDER_POLICY;
    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(policy));
    if is_compressed && !unchanged {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// Serves the loader or a part of it. Any page may read it: modules, `crossorigin` and subresource
/// integrity ask for that.
#[must_use]
pub(crate) fn serve_to_pages(path: &str, request: &HeaderMap) -> Response {
    let mut response = serve(path, request, Cache::FiveMinutes);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn body(file: EmbeddedFile) -> Body {
    match file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(Bytes::from_static(bytes)),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    }
}

/// Names the content of a file, however it is sent.
fn content_name(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    hash[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_outside_the_folder_finds_nothing() {
        for path in ["../package.json", "/etc/passwd", "widget/../../package.json", ""] {
            let response = serve(path, &HeaderMap::new(), Cache::Forever);
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn each_copy_of_a_file_has_a_tag_of_its_own() {
        let tag = |coding: &'static str| {
            let wanted = (header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
            let response = serve("embed.js", &HeaderMap::from_iter([wanted]), Cache::FiveMinutes);
            let is_coded = response.headers().contains_key(header::CONTENT_ENCODING);
            (response.headers().get(header::ETAG).cloned().unwrap(), is_coded)
        };
        let ((plain, is_coded), (compressed, is_compressed)) = (tag("gzip"), tag("br"));
        assert!(!is_coded);
        assert_eq!(plain != compressed, is_compressed);
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, compressed)]);
        let again = serve("embed.js", &known, Cache::FiveMinutes);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn the_loader_and_its_parts_are_readable_by_every_page_also_when_unchanged() {
        let first = serve_to_pages("embed.js", &HeaderMap::new());
        let known = first.headers().get(header::ETAG).cloned().unwrap();
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, known)]);
        for response in [first, serve_to_pages("embed.js", &again)] {
            let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(allowed.unwrap(), "*", "{}", response.status());
        }
    }
}
