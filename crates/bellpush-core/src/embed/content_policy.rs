//! A page's `Content-Security-Policy`: whether it lets something in, and the line that would.

use content_security_policy::{
    CspList, Destination, Directive, Initiator, ParserMetadata, Policy, PolicyDisposition,
    PolicySource, Request, Violates,
};
use url::Url;

/// What a page loads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) destination: Destination,
    pub(super) url: &'a Url,
    pub(super) nonce: &'a str,
    pub(super) integrity: &'a str,
}

/// A policy that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocking {
    /// The directive, as it is.
    pub(super) directive: String,
    /// The directive that would let it in.
    pub(super) fix: String,
    /// Whether it stands in the text of the page, and not in its headers.
    pub(super) in_text: bool,
}

/// The policies that block a load of a page.
pub(super) fn blocking(policies: &CspList, page: &Url, load: Load<'_>) -> Vec<Blocking> {
    let request = Request {
        url: load.url.clone(),
        current_url: load.url.clone(),
        origin: page.origin(),
        redirect_count: 0,
        destination: load.destination,
        initiator: Initiator::None,
        nonce: load.nonce.to_owned(),
        integrity_metadata: load.integrity.to_owned(),
        parser_metadata: ParserMetadata::ParserInserted,
    };
    let blocks = |policy: &Policy| match policy.does_request_violate_policy(&request) {
        Violates::Directive(directive) => Some(Blocking {
            directive: directive.to_string(),
            fix: opened(&directive, load),
            in_text: policy.source == PolicySource::Meta,
        }),
        Violates::DoesNotViolate => None,
    };
    policies.0.iter().filter_map(blocks).collect()
}

/// The directive with the address' origin among its sources.
fn opened(directive: &Directive, load: Load<'_>) -> String {
    let name = match (load.destination, &*directive.name) {
        (Destination::IFrame, "default-src") => "frame-src",
        (Destination::Script, "default-src") => "script-src",
        (_, name) => name,
    };
    // Where nonces decide, hosts are ignored: the tag needs the page's nonce.
    if directive.value.iter().any(|source| source == "'strict-dynamic'") {
        return format!("<script nonce=\"…\" src=\"{}\" …>", load.url);
    }
    let kept = directive.value.iter().filter(|source| !source.eq_ignore_ascii_case("'none'"));
    let origin = load.url.origin().ascii_serialization();
    let sources: Vec<_> = kept.cloned().chain([origin]).collect();
    format!("{name} {}", sources.join(" "))
}

/// Whether `frame-ancestors` with these sources lets an ancestor in: its sources are matched as those of
/// other directives are (CSP 3 section 6.4.2).
pub(super) fn lets_embed(sources: &[String], own: &Url, ancestor: &Url) -> bool {
    let text = format!("frame-src {}", sources.join(" "));
    let policies = CspList::parse(&text, PolicySource::Header, PolicyDisposition::Enforce);
    let load = Load { destination: Destination::IFrame, url: ancestor, nonce: "", integrity: "" };
    blocking(&policies, own, load).is_empty()
}

/// The value of a directive.
pub(super) fn directive<'a>(policy: &'a Policy, name: &str) -> Option<&'a [String]> {
    policy.directive_set.iter().find(|it| it.name == name).map(|it| it.value.as_slice())
}
