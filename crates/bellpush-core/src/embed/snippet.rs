//! The widget's script or iframe in a page's text.

use std::collections::BTreeMap;

use url::Url;

/// An iframe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it leads.
    pub address: Url,
    pub(super) allow: Option<String>,
    pub(super) sandbox: Option<String>,
}

/// How the widget is brought into a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) kind: SnippetKind,
    /// The address in it.
    pub(super) address: Url,
    pub(super) app: Option<String>,
    pub(super) key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SnippetKind {
    Loader {
        nonce: String,
        integrity: String,
        /// A type that no browser runs: a consent tool makes a script of it later.
        held_back: Option<String>,
    },
    Frame(Frame),
}

/// The loader, if this script is one: of this server, or of another one with settings of ours.
pub(super) fn loader(
    attributes: &BTreeMap<String, String>,
    base: &Url,
    server: &str,
) -> Option<Snippet> {
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    let address = base.join(attribute("src")?.trim()).ok()?;
    if !address.path().ends_with("/embed.js") {
        return None;
    }
    let setting = |attribute_name: &str, name: &str| {
        let parameter = || address.query_pairs().find(|(key, _)| key == name);
        let written = attribute(attribute_name).map(ToOwned::to_owned);
        written.or_else(|| parameter().map(|(_, value)| value.into_owned()))
    };
    let (app, key) = (setting("data-app", "app"), setting("data-key", "key"));
    let is_ours = address.origin().ascii_serialization() == server
        || app.as_deref().is_some_and(|app| app.starts_with("app_"));
    let kind = SnippetKind::Loader {
        nonce: attribute("nonce").unwrap_or_default().to_owned(),
        integrity: attribute("integrity").unwrap_or_default().to_owned(),
        held_back: attribute("type").filter(|it| !is_script(it)).map(ToOwned::to_owned),
    };
    is_ours.then_some(Snippet { kind, address, app, key })
}

/// Types of scripts that browsers run.
fn is_script(kind: &str) -> bool {
    let kind = kind.trim().to_ascii_lowercase();
    matches!(&*kind, "" | "module") || kind.ends_with("/javascript") || kind.ends_with("ecmascript")
}

/// The widget's own frame, or else the frame as it was.
pub(super) fn widget_frame(frame: Frame, server: &str) -> Result<Snippet, Box<Frame>> {
    let app = frame.address.path().strip_prefix("/w/").map(ToOwned::to_owned);
    let is_ours = app.as_deref().is_some_and(|app| {
        app.starts_with("app_") || frame.address.origin().ascii_serialization() == server
    });
    if !is_ours {
        return Err(Box::new(frame));
    }
    let key = frame.address.query_pairs().find(|(name, _)| name == "key");
    let key = key.map(|(_, value)| value.into_owned());
    Ok(Snippet { address: frame.address.clone(), kind: SnippetKind::Frame(frame), app, key })
}
