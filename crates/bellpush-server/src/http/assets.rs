//! The built web parts, embedded in the binary: widget, loader, demo page, Call Studio and
//! the API's reference.
//!
//! The web build puts a brotli-compressed copy (`.br`) beside each file; it is served as it is to
//! browsers that accept it. File names carry a hash of their content, so that they may be cached
//! for ever; the loader and its parts alone keep their names.

use std::{borrow::Cow, sync::LazyLock};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bellpush_store::WebFile;
use rust_embed::RustEmbed;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

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

/// A file as it is sent: plain, and compressed where that makes it smaller.
#[derive(Debug, Clone)]
pub(crate) struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    /// Names its content, however it is sent.
    name: String,
}

impl File {
    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.plain.len() + self.brotli.as_ref().map_or(0, Bytes::len)
    }
}

impl From<WebFile> for File {
    fn from(WebFile { body, brotli }: WebFile) -> Self {
        let name = name_of(&Sha256::digest(&body).into());
        Self { plain: bytes(body), brotli: brotli.map(bytes), name }
    }
}

/// The paths of all embedded files whose names carry a hash of their content.
pub(crate) fn hashed() -> impl Iterator<Item = String> {
    let is_hashed = |path: &Cow<'static, str>| path.contains("/assets/") && !path.ends_with(".br");
    Dist::iter().filter(is_hashed).map(Cow::into_owned)
}

/// An embedded file as it is.
pub(crate) fn embedded(path: &str) -> Option<WebFile> {
    let brotli = Dist::get(&format!("{path}.br")).map(|file| file.data);
    Dist::get(path).map(|file| WebFile { body: file.data, brotli })
}

/// Serves an embedded file, compressed where the browser takes brotli.
#[must_use]
pub(crate) fn serve(path: &str, request: &HeaderMap, cache: Cache) -> Response {
    match find(path) {
        Some(file) => send(path, file, request, cache),
        None => Problem::not_found(format!("there is no file {path:?}")).into_response(),
    }
}

/// An embedded file to be sent.
pub(crate) fn find(path: &str) -> Option<File> {
    let plain = Dist::get(path)?;
    let name = name_of(&plain.metadata.sha256_hash());
    let brotli = Dist::get(&format!("{path}.br")).map(|file| bytes(file.data));
    Some(File { plain: bytes(plain.data), brotli, name })
}

/// Sends a file, compressed where the browser takes brotli.
#[must_use]
pub(crate) fn send(path: &str, file: File, request: &HeaderMap, cache: Cache) -> Response {
    let File { plain, brotli, name } = file;
    let compressed = brotli.filter(|_| super::headers::accepts_encoding(request, "br"));
    let is_compressed = compressed.is_some();
    // Copies of other bytes have other tags.
    let etag = if is_compressed { format!("\"{name}-br\"") } else { format!("\"{name}\"") };
    let unchanged = super::headers::knows(request, &name);
    let body = if unchanged { Body::empty() } else { Body::from(compressed.unwrap_or(plain)) };

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

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn name_of(hash: &[u8; 32]) -> String {
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
