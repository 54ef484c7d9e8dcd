//! What a page that embeds the widget has to be like, read from outside: from the page as it is served, and
//! from the server's own documents as they arrive behind whatever stands in front of it
//! (docs: embedding).
//!
//! Nothing is fetched here, and no script of the page is run: what a script adds later can't be seen,
//! and is said to be unknown.

mod content_policy;
mod document;
mod facts;
mod finding;
mod own;
mod permissions_policy;
mod seen;
mod snippet;
mod theirs;
mod visit;

#[cfg(test)]
mod tests;

use url::Url;

use crate::schema::forms;

pub use document::Document;
pub use facts::{ALLOW, Facts, Fetched};
pub use finding::{Finding, Owner, Subject, Verdict};
pub use seen::Seen;
pub use snippet::Frame;
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

/// What would keep the widget from working in that page, check by check.
#[must_use]
pub fn examine(seen: &Seen<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = theirs::examine(seen, facts);
    findings.extend(own::examine(seen, facts));
    findings
}
