//! The page's side: what stands in its text, and what its web server sends.

use content_security_policy::Destination;
use url::Url;

use super::{
    ALLOW, Document, Facts, Finding, Frame, Owner, Seen, Subject,
    content_policy::{Blocking, Load, blocking, directive},
    permissions_policy::PermissionsPolicy,
    snippet::{Snippet, SnippetKind},
};
use crate::origin::AllowedOrigin;

pub(super) fn examine(seen: &Seen<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let [outer, ..] = seen.chain else {
        let why = seen.unread.unwrap_or("there was no answer");
        return vec![Finding::fail(Subject::Page, format!("The page could not be read: {why}."))];
    };
    let Some(holder) = seen.chain.last() else { return Vec::new() };
    let snippet = holder.snippets.first();
    let mut findings = vec![
        Finding::pass(Subject::Page, format!("{} answers.", outer.url)),
        https(seen.chain),
        origin(seen.chain, facts),
        snippet_of(holder, snippet, seen.chain.len() > 1, facts),
    ];
    if let Some(snippet) = snippet {
        findings.push(app(snippet, facts));
        findings.push(widget_key(snippet, facts));
        findings.push(allow(seen.chain, snippet));
        findings.push(sandbox(seen.chain, snippet));
    }
    let Some(server) = url_of(facts.server) else { return findings };
    findings.push(frame_policy(seen.chain, facts, &server));
    findings.extend(script_policy(holder, snippet, &server));
    findings.push(permissions(seen.chain, &server));
    findings.push(embedder_policy(holder, seen));
    findings
}

/// An origin as an address: what policies are held against.
pub(super) fn url_of(origin: &AllowedOrigin) -> Option<Url> {
    Url::parse(origin.as_str()).ok()
}

fn https(chain: &[Document]) -> Finding {
    match chain.iter().find(|document| document.origin().parse::<AllowedOrigin>().is_err()) {
        None => Finding::pass(Subject::Https, "The page is a secure one."),
        Some(document) => {
            let mut secure = document.url.clone();
            // An address of plain HTTP takes the other scheme.
            let fix = secure.set_scheme("https").is_ok().then(|| secure.to_string());
            let sentence = format!(
                "{} is not served by HTTPS, and browsers give such pages no microphone.",
                document.url
            );
            Finding { fix, ..Finding::fail(Subject::Https, sentence) }
        }
    }
}

fn origin(chain: &[Document], facts: &Facts<'_>) -> Finding {
    let allowed = |origin: &str| facts.allowed_origins.iter().any(|it| it.as_str() == origin);
    let mut missing: Vec<_> = chain.iter().map(Document::origin).collect();
    missing.retain(|origin| !allowed(origin));
    missing.dedup();
    if missing.is_empty() {
        return Finding::pass(Subject::Origin, "The page is among the app's allowed origins.");
    }
    let sentence = format!(
        "The app's allowed origins lack {}: browsers show no widget there. Add {}.",
        missing.join(" and "),
        if missing.len() == 1 { "it" } else { "both: every page around the widget is asked for" }
    );
    Finding::fail(Subject::Origin, sentence).fix(missing.join("\n"))
}

fn snippet_of(
    holder: &Document,
    snippet: Option<&Snippet>,
    nested: bool,
    facts: &Facts<'_>,
) -> Finding {
    let place = if nested { format!("in the frame {}", holder.url) } else { "in the page".into() };
    match snippet.map(|snippet| &snippet.kind) {
        Some(SnippetKind::Loader { held_back: Some(kind), .. }) => Finding::unknown(
            Subject::Snippet,
            format!(
                "The script stands {place} with the type {kind:?}: browsers do not run it before \
                 something, such as a consent tool, makes a script of it."
            ),
        ),
        Some(SnippetKind::Loader { .. }) => {
            Finding::pass(Subject::Snippet, format!("The script stands {place}."))
        }
        Some(SnippetKind::Frame(_)) => {
            Finding::pass(Subject::Snippet, format!("The iframe stands {place}."))
        }
        None if holder.mentions(&facts.app_id.to_string()) => Finding::unknown(
            Subject::Snippet,
            "The app's id stands in a script of the page, which can't be followed from here. See what \
             real visits report.",
        ),
        None => Finding::unknown(
            Subject::Snippet,
            "The widget is not in the page as it is served. A tag manager or another script may add it \
             later: see what real visits report.",
        ),
    }
}

fn app(snippet: &Snippet, facts: &Facts<'_>) -> Finding {
    let own = facts.app_id.to_string();
    let server = snippet.address.origin().ascii_serialization();
    if server != facts.server.as_str() {
        let mut address = snippet.address.clone();
        if let Some(right) = url_of(facts.server) {
            // Both are addresses with hosts, so that all three can be taken over.
            _ = address.set_scheme(right.scheme());
            _ = address.set_host(right.host_str());
            _ = address.set_port(right.port());
        }
        let sentence = format!("It names the server {server}, not {}.", facts.server);
        return Finding::fail(Subject::App, sentence).fix(format!("src=\"{address}\""));
    }
    match &snippet.app {
        Some(app) if *app == own => Finding::pass(Subject::App, "It names this app."),
        Some(app) => {
            let fix = match snippet.kind {
                SnippetKind::Loader { .. } => format!("data-app=\"{own}\""),
                SnippetKind::Frame(_) => {
                    format!("src=\"{}\"", snippet.address.as_str().replace(&**app, &own))
                }
            };
            Finding::fail(Subject::App, format!("It names the app {app}, not this one.")).fix(fix)
        }
        None => Finding::unknown(
            Subject::App,
            "The script names no app: another one of the page mounts the widget.",
        ),
    }
}

fn widget_key(snippet: &Snippet, facts: &Facts<'_>) -> Finding {
    let newest = facts.keys.iter().max_by_key(|(_, made)| made.millis());
    let attribute = match snippet.kind {
        SnippetKind::Loader { .. } => "data-key",
        SnippetKind::Frame(_) => "key",
    };
    let fixed = |finding: Finding| match newest {
        Some((key, _)) => finding.fix(format!("{attribute}=\"{key}\"")),
        None => finding,
    };
    match &snippet.key {
        None if snippet.app.is_none() => {
            Finding::unknown(Subject::WidgetKey, "The script names no widget key.")
        }
        None => fixed(Finding::fail(Subject::WidgetKey, "It names no widget key.")),
        Some(key) => match facts.keys.iter().find(|(known, _)| known == key) {
            Some((_, made)) => {
                let day = made.timestamp().strftime("%Y-%m-%d");
                let sentence = format!("Its widget key is one of the app, made on {day}.");
                Finding::pass(Subject::WidgetKey, sentence)
            }
            None => fixed(Finding::fail(
                Subject::WidgetKey,
                "Its widget key is none of the app: it was deleted since, or is another app's.",
            )),
        },
    }
}

/// The frame in each document that leads to the next one, and at last to the widget; the loader's own is
/// none of the page's.
fn frames_in<'a>(
    chain: &'a [Document],
    snippet: &'a Snippet,
) -> impl Iterator<Item = Option<&'a Frame>> {
    let own = match &snippet.kind {
        SnippetKind::Frame(frame) => Some(frame),
        SnippetKind::Loader { .. } => None,
    };
    chain.iter().map(move |document| document.inner.as_ref().or(own))
}

/// The frames on the way to the widget.
fn frames<'a>(chain: &'a [Document], snippet: &'a Snippet) -> impl Iterator<Item = &'a Frame> {
    frames_in(chain, snippet).flatten()
}

fn allow(chain: &[Document], snippet: &Snippet) -> Finding {
    let line = format!("allow=\"{ALLOW}\"");
    let mut older = None;
    // A frame of the page's own origin has what the page has.
    let asked = chain.iter().zip(frames_in(chain, snippet));
    let asked = asked.filter_map(|(document, frame)| {
        frame.filter(|frame| frame.address.origin() != document.url.origin())
    });
    for frame in asked {
        let granted = frame.allow.as_deref().unwrap_or_default();
        if !grants(granted, "microphone", &frame.address) {
            let sentence = format!("The iframe of {} lacks allow=\"microphone\".", frame.address);
            return Finding::fail(Subject::Allow, sentence).fix(line);
        }
        let lacks = ALLOW.split("; ").find(|feature| !grants(granted, feature, &frame.address));
        older = older.or(lacks);
    }
    match (older, &snippet.kind) {
        (Some(feature), _) => {
            let sentence = format!(
                "The microphone is let through. The iframe is of an older kind: it lacks {feature}."
            );
            Finding::pass(Subject::Allow, sentence).fix(line)
        }
        (None, SnippetKind::Loader { .. }) => {
            Finding::pass(Subject::Allow, "The loader writes its iframe with all that it needs.")
        }
        (None, SnippetKind::Frame(_)) => {
            Finding::pass(Subject::Allow, "The iframe lets through all that the widget uses.")
        }
    }
}

/// Whether an `allow` lets a feature through to an address.
fn grants(allow: &str, feature: &str, address: &Url) -> bool {
    let origin = address.origin().ascii_serialization();
    allow.split(';').any(|part| {
        let mut words = part.split_ascii_whitespace();
        if words.next() != Some(feature) {
            return false;
        }
        let mut to = words.peekable();
        to.peek().is_none() || to.any(|word| word == "*" || word == "'src'" || word == origin)
    })
}

fn sandbox(chain: &[Document], snippet: &Snippet) -> Finding {
    const NEEDED: [&str; 2] = ["allow-scripts", "allow-same-origin"];
    let lacks = |tokens: &str| {
        let has = |it: &str| tokens.split_ascii_whitespace().any(|token| token == it);
        NEEDED.into_iter().find(|it| !has(it))
    };
    for frame in frames(chain, snippet) {
        let Some(tokens) = &frame.sandbox else { continue };
        if let Some(token) = lacks(tokens) {
            let sentence = format!("The iframe of {} is sandboxed without {token}.", frame.address);
            let fix = format!("sandbox=\"{tokens} {token}\"");
            return Finding::fail(Subject::Sandbox, sentence).fix(fix);
        }
    }
    for document in chain {
        let policies = document.policies.0.iter();
        for tokens in policies.filter_map(|policy| directive(policy, "sandbox")) {
            let tokens = tokens.join(" ");
            if let Some(token) = lacks(&tokens) {
                let sentence =
                    format!("The policy of {} sandboxes it without {token}.", document.url);
                let fix = format!("sandbox {tokens} {token}");
                return Finding::fail(Subject::Sandbox, sentence).fix(fix);
            }
        }
    }
    Finding::pass(Subject::Sandbox, "Nothing on the way is sandboxed too much.")
}

/// What each document of the chain loads: the next one, and the last one the widget.
fn loaded<'a>(
    chain: &'a [Document],
    last: &'a Url,
) -> impl Iterator<Item = (&'a Document, &'a Url)> {
    chain.iter().map(move |document| {
        (document, document.inner.as_ref().map_or(last, |inner| &inner.address))
    })
}

fn frame_policy(chain: &[Document], facts: &Facts<'_>, server: &Url) -> Finding {
    let widget = server.join(&format!("/w/{}", facts.app_id)).unwrap_or_else(|_| server.clone());
    for (document, url) in loaded(chain, &widget) {
        let load = Load { destination: Destination::IFrame, url, nonce: "", integrity: "" };
        let found = blocking(&document.policies, &document.url, load);
        if !found.is_empty() {
            let sentence = blocked(document, &found, "frame");
            return Finding::fail(Subject::FramePolicy, sentence).fix(fixes(&found));
        }
    }
    Finding::pass(Subject::FramePolicy, "The page's policies let the widget's frame in.")
}

fn script_policy(holder: &Document, snippet: Option<&Snippet>, server: &Url) -> Option<Finding> {
    let (nonce, integrity, is_there) = match snippet.map(|snippet| &snippet.kind) {
        Some(SnippetKind::Loader { nonce, integrity, .. }) => (&**nonce, &**integrity, true),
        Some(SnippetKind::Frame(_)) => return None,
        None => ("", "", false),
    };
    let url = server.join("/embed.js").ok()?;
    let load = Load { destination: Destination::Script, url: &url, nonce, integrity };
    let found = blocking(&holder.policies, &holder.url, load);
    if found.is_empty() {
        return Some(Finding::pass(
            Subject::ScriptPolicy,
            "The page's policies let the loader in.",
        ));
    }
    let sentence = blocked(holder, &found, "script");
    let finding = if is_there {
        Finding::fail(Subject::ScriptPolicy, sentence)
    } else {
        let more = "An iframe of your own, or a script that is trusted already, is let in.";
        Finding::unknown(Subject::ScriptPolicy, format!("{sentence} {more}"))
    };
    Some(finding.fix(fixes(&found)))
}

fn blocked(document: &Document, found: &[Blocking], what: &str) -> String {
    let named: Vec<_> = found
        .iter()
        .map(|one| {
            let place = if one.in_text { "in its text" } else { "in its headers" };
            format!("{} ({place})", one.directive)
        })
        .collect();
    format!(
        "The Content-Security-Policy of {} blocks the widget's {what}: {}.",
        document.url,
        named.join(", and ")
    )
}

fn fixes(found: &[Blocking]) -> String {
    found.iter().map(|one| one.fix.as_str()).collect::<Vec<_>>().join("\n")
}

fn permissions(chain: &[Document], server: &Url) -> Finding {
    let mut unreadable = None;
    for (document, url) in loaded(chain, server) {
        if document.permissions == PermissionsPolicy::Unreadable {
            unreadable = Some(document);
        }
        if !document.permissions.allows(&document.url, url) {
            let origin = url.origin().ascii_serialization();
            let sentence = format!(
                "The Permissions-Policy of {} keeps the microphone from {origin}.",
                document.url
            );
            let fix = document.permissions.opened_for(&[origin]);
            return Finding::fail(Subject::PermissionsPolicy, sentence).fix(fix);
        }
    }
    match unreadable {
        Some(document) => Finding::unknown(
            Subject::PermissionsPolicy,
            format!(
                "The Permissions-Policy of {} can't be read, and browsers leave it aside as a whole.",
                document.url
            ),
        ),
        None => Finding::pass(
            Subject::PermissionsPolicy,
            "The page's Permissions-Policy lets the widget have the microphone.",
        ),
    }
}

fn embedder_policy(holder: &Document, seen: &Seen<'_>) -> Finding {
    let demands = holder.embedder_policy.as_deref().unwrap_or_default();
    if !demands.starts_with("require-corp") && !demands.starts_with("credentialless") {
        return Finding::pass(Subject::EmbedderPolicy, "The page demands nothing of its frames.");
    }
    match seen.widget {
        Err(_) => Finding::unknown(
            Subject::EmbedderPolicy,
            "The page shows only frames with a policy of the same kind. Whether the server's arrives \
             could not be seen.",
        ),
        Ok(widget) if widget.header("cross-origin-embedder-policy").is_some() => Finding::pass(
            Subject::EmbedderPolicy,
            "The page shows only frames with a policy of the same kind, which the widget has. Safari \
             shows none.",
        ),
        Ok(_) => Finding::fail(
            Subject::EmbedderPolicy,
            "The page shows only frames with a policy of the same kind, and the server's own does not \
             arrive: a proxy in front of it takes the header away.",
        )
        .of(Owner::Server)
        .fix("Cross-Origin-Embedder-Policy: credentialless"),
    }
}
