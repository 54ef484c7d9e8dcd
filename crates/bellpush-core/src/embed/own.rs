//! The server's side: its own documents, as they arrive behind what stands in front of it.

use content_security_policy::{CspList, Destination, Policy, PolicyDisposition, PolicySource};
use url::Url;

use super::{
    Facts, Fetched, Finding, Seen, Subject,
    content_policy::{Load, blocking, directive, lets_embed},
    permissions_policy::PermissionsPolicy,
    theirs::url_of,
};

pub(super) fn examine(seen: &Seen<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = vec![server(seen.widget, facts)];
    if let Ok(widget) = seen.widget
        && let Some(own) = url_of(facts.server)
        && widget.status == 200
    {
        findings.push(framing(widget, &own, seen, facts));
        findings.push(permissions(widget, &own));
    }
    findings.push(loader(seen));
    findings
}

fn server(widget: Result<&Fetched, &str>, facts: &Facts<'_>) -> Finding {
    let server = facts.server;
    match widget {
        Err(why) => Finding::unknown(
            Subject::Server,
            format!(
                "{server} could not be asked from the server itself ({why}). Visitors may reach it."
            ),
        ),
        Ok(widget) if widget.status == 200 => {
            Finding::pass(Subject::Server, format!("{server} answers with the widget."))
        }
        Ok(_) if facts.keys.is_empty() => Finding::fail(
            Subject::Server,
            "The app has no widget key, and so no page has a widget.",
        ),
        Ok(widget) => Finding::fail(
            Subject::Server,
            format!(
                "{server} answers with status {} in place of the widget: a proxy in front of the server \
                 may lead elsewhere.",
                widget.status
            ),
        ),
    }
}

fn framing(widget: &Fetched, own: &Url, seen: &Seen<'_>, facts: &Facts<'_>) -> Finding {
    let header = widget.header("content-security-policy").unwrap_or_default();
    let policies = CspList::parse(&header, PolicySource::Header, PolicyDisposition::Enforce);
    let ancestors = |policy: &Policy| directive(policy, "frame-ancestors").map(<[String]>::to_vec);
    let frame_options = widget.header("x-frame-options");
    if !policies.0.iter().any(|policy| ancestors(policy).is_some()) {
        // Where there is frame-ancestors, browsers leave the older header aside.
        return match frame_options {
            Some(value) => Finding::fail(
                Subject::Framing,
                "The server's Content-Security-Policy does not arrive, and a header comes in its place \
                 by which browsers show the widget in no page of another site. Let the one through, and \
                 take the other away.",
            )
            .fix(format!("X-Frame-Options: {value}")),
            None => Finding::fail(
                Subject::Framing,
                "The server's Content-Security-Policy does not arrive: a proxy in front of it takes the \
                 header away, and any page may embed the widget.",
            ),
        };
    }
    let allowed = |origin: &Url| {
        let origin = origin.origin().ascii_serialization();
        facts.allowed_origins.iter().any(|it| it.as_str() == origin)
    };
    let pages: Vec<_> = seen.chain.iter().map(|document| &document.url).collect();
    for policy in &policies.0 {
        let refused = ancestors(policy).and_then(|sources| {
            pages.iter().find(|page| allowed(page) && !lets_embed(&sources, own, page))
        });
        if let Some(page) = refused {
            let origin = page.origin().ascii_serialization();
            return added(policy, &format!("{origin}, which the app allows, may not embed it"));
        }
    }
    // The first one is the server's own. Others were added on the way, and all of them count.
    for policy in policies.0.iter().skip(1) {
        let alone = CspList(vec![policy.clone()]);
        for (destination, path) in [
            (Destination::Script, "/widget/assets/widget.js"),
            (Destination::Style, "/widget/assets/widget.css"),
            (Destination::None, "/v1/widget/sessions"),
        ] {
            let Ok(url) = own.join(path) else { continue };
            let load = Load { destination, url: &url, nonce: "", integrity: "" };
            if !blocking(&alone, own, load).is_empty() {
                return added(policy, "the widget's own parts are not loaded");
            }
        }
    }
    let more = match frame_options {
        Some(value) => {
            format!(" Something adds X-Frame-Options: {value}, which browsers leave aside.")
        }
        None => String::new(),
    };
    Finding::pass(Subject::Framing, format!("The server's policy arrives as it was sent.{more}"))
}

fn added(policy: &Policy, what: &str) -> Finding {
    Finding::fail(
        Subject::Framing,
        format!(
            "The server's Content-Security-Policy was changed on the way, and by it {what}. A proxy in \
             front of the server adds this line, or keeps an old one: take it away there."
        ),
    )
    .fix(format!("Content-Security-Policy: {policy}"))
}

fn permissions(widget: &Fetched, own: &Url) -> Finding {
    let header = widget.header("permissions-policy");
    let policy = PermissionsPolicy::read(header.as_deref());
    if policy.allows(own, own) {
        return Finding::pass(
            Subject::OwnPermissions,
            "The server's Permissions-Policy lets the widget use the microphone.",
        );
    }
    Finding::fail(
        Subject::OwnPermissions,
        format!(
            "A proxy in front of the server sends Permissions-Policy: {}, which keeps the microphone \
             from the widget's own document. Let the server's own through.",
            header.unwrap_or_default()
        ),
    )
    .fix("Permissions-Policy: microphone=(self), autoplay=(self)")
}

fn loader(seen: &Seen<'_>) -> Finding {
    let loader = match seen.loader {
        Ok(loader) => loader,
        Err(why) => {
            let sentence =
                format!("The loader could not be asked for from the server itself ({why}).");
            return Finding::unknown(Subject::Loader, sentence);
        }
    };
    let kind = loader.header("content-type").unwrap_or_default();
    let resource_policy = loader.header("cross-origin-resource-policy");
    let demanded = seen.chain.iter().any(|document| {
        document.embedder_policy.as_deref().is_some_and(|it| it.starts_with("require-corp"))
    });
    if loader.status != 200 || !kind.contains("javascript") {
        let sentence = format!(
            "In place of the loader comes an answer of status {} and type {kind:?}: a proxy in front of \
             the server may lead elsewhere.",
            loader.status
        );
        return Finding::fail(Subject::Loader, sentence);
    }
    match resource_policy.as_deref() {
        Some("cross-origin") => {
            Finding::pass(Subject::Loader, "The loader arrives as a script for other sites.")
        }
        None if !demanded => {
            Finding::pass(Subject::Loader, "The loader arrives as a script for other sites.")
        }
        _ => Finding::fail(
            Subject::Loader,
            "By the header that arrives with the loader, browsers keep it from pages of other sites: a \
             proxy in front of the server has changed it.",
        )
        .fix("Cross-Origin-Resource-Policy: cross-origin"),
    }
}
