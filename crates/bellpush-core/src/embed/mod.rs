//! What a page that embeds the widget has to be like, read from outside: from the page as it is served, and
//! from the server's own documents as they arrive behind whatever stands in front of it
//! (docs: embedding).
//!
//! Nothing is fetched here, and no script of the page is run: what a script adds later can't be seen,
//! and is said to be unknown.

mod content_policy;
mod document;
mod finding;
mod own;
mod permissions_policy;
mod snippet;
mod theirs;
mod visit;

#[cfg(test)]
mod tests;

use url::Url;

use crate::{events::EventTime, ids::AppId, origin::AllowedOrigin, schema::forms};

pub use document::{Document, Frame};
pub use finding::{Finding, Owner, Subject, Verdict};
pub use visit::{Visit, VisitProblem, visited_page};

forms! {
    /// The address of a page.
    pub PageAddress: text_in_form("page-address", "https or http, with a host").examples(["https://shop.example/contact"]);
}

/// The address of a page out of what was typed, without a user name or password.
#[must_use]
pub fn page_address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    // An address with a host takes both.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_fragment(None);
    is_web.then_some(url)
}

/// What `allow` of a widget's iframe should hold.
pub const ALLOW: &str = "microphone; autoplay; clipboard-write; screen-wake-lock";

/// An answer to a GET, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The address that answered, after all redirects.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers, with their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: String,
}

impl Fetched {
    /// All values of a header, joined as RFC 9110 section 5.3 joins them.
    fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(given, _)| given == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// What the server knows of itself and of the app.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The app.
    pub app_id: AppId,
    /// The server's origin, as browsers reach it.
    pub server: &'a AllowedOrigin,
    /// Who may embed the app's widget.
    pub allowed_origins: &'a [AllowedOrigin],
    /// The app's widget keys, with when they were made.
    pub keys: &'a [(String, EventTime)],
}

/// What was fetched; where there is no answer, why.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The page, and the frames in it that lead to the widget, from the outside in. Empty where the page
    /// could not be read.
    pub chain: &'a [Document],
    /// Why the page could not be read.
    pub unread: Option<&'a str>,
    /// The widget's document, by the server's public address.
    pub widget: Result<&'a Fetched, &'a str>,
    /// The loader, by the server's public address.
    pub loader: Result<&'a Fetched, &'a str>,
}

/// What would keep the widget from working in that page, check by check.
#[must_use]
pub fn examine(seen: &Seen<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = theirs::examine(seen, facts);
    findings.extend(own::examine(seen, facts));
    findings
}
