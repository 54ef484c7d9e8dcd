//! A page as it is served: its policies, and the frames and scripts that stand in its text.

use std::collections::BTreeMap;

use content_security_policy::{CspList, PolicyDisposition, PolicySource};
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use url::Url;

use super::{
    facts::Fetched,
    permissions_policy::PermissionsPolicy,
    snippet::{Frame, Snippet, loader, widget_frame},
};

/// A page that was read.
#[derive(Debug)]
pub struct Document {
    /// Its address.
    pub url: Url,
    /// The frame by which the next document of a chain stands in it, if that is not the widget's own.
    pub inner: Option<Frame>,
    /// The enforced policies of its headers, and those of its text.
    pub(super) policies: CspList,
    pub(super) permissions: PermissionsPolicy,
    pub(super) embedder_policy: Option<String>,
    pub(super) snippets: Vec<Snippet>,
    frames: Vec<Frame>,
    body: String,
}

impl Document {
    /// Reads a page. Frames of this server are the widget's own.
    #[must_use]
    pub fn read(page: &Fetched, server: &str) -> Self {
        let header = page.header("content-security-policy").unwrap_or_default();
        let mut policies =
            CspList::parse(&header, PolicySource::Header, PolicyDisposition::Enforce);
        let mut base = page.url.clone();
        let mut has_base = false;
        let (mut snippets, mut frames) = (Vec::new(), Vec::new());
        let mut emitter = DefaultEmitter::default();
        // Otherwise the text of scripts would be read as tags.
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(page.body.as_str(), emitter) {
            let Ok(token) = token;
            let Token::StartTag(tag) = token else { continue };
            let attributes = attributes(&tag);
            let attribute = |name: &str| attributes.get(name).map(String::as_str);
            match &**tag.name {
                b"base" if !has_base => {
                    if let Some(joined) = attribute("href").and_then(|it| page.url.join(it).ok()) {
                        (base, has_base) = (joined, true);
                    }
                }
                b"meta" => {
                    let names = attribute("http-equiv").unwrap_or_default();
                    if names.eq_ignore_ascii_case("content-security-policy") {
                        let text = attribute("content").unwrap_or_default();
                        policies.append(CspList::parse(
                            text,
                            PolicySource::Meta,
                            PolicyDisposition::Enforce,
                        ));
                    }
                }
                b"script" => snippets.extend(loader(&attributes, &base, server)),
                b"iframe" => {
                    let address = attribute("src").and_then(|it| base.join(it.trim()).ok());
                    let Some(address) = address else { continue };
                    let frame = Frame {
                        address,
                        allow: attribute("allow").map(ToOwned::to_owned),
                        sandbox: attribute("sandbox").map(ToOwned::to_owned),
                    };
                    match widget_frame(frame, server) {
                        Ok(snippet) => snippets.push(snippet),
                        Err(frame) => frames.push(*frame),
                    }
                }
                _ => {}
            }
        }
        Self {
            url: page.url.clone(),
            inner: None,
            policies,
            permissions: PermissionsPolicy::read(page.header("permissions-policy").as_deref()),
            embedder_policy: page.header("cross-origin-embedder-policy"),
            snippets,
            frames,
            body: page.body.clone(),
        }
    }

    /// Whether the widget's script or frame stands in its text.
    #[must_use]
    pub fn has_snippet(&self) -> bool {
        !self.snippets.is_empty()
    }

    /// The widget key that stands in it.
    #[must_use]
    pub fn widget_key(&self) -> Option<&str> {
        self.snippets.iter().find_map(|snippet| snippet.key.as_deref())
    }

    /// Other frames that could hold the widget.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| matches!(frame.address.scheme(), "http" | "https"))
    }

    /// Its origin, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(super) fn mentions(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

fn attributes(tag: &StartTag<()>) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect()
}
