use proptest::prelude::*;

use super::*;
use crate::{events::EventTime, ids::AppId, origin::AllowedOrigin};

const SERVER: &str = "https://calls.example";
const PAGE: &str = "https://shop.example/contact";
const KEY: &str = "wk_current";

fn app_id() -> AppId {
    "app_01920000000070008000000000000001".parse().unwrap()
}

/// A page that works, and a server that is seen as it is. Tests break one thing.
struct Case {
    page: Fetched,
    frame: Option<Fetched>,
    widget: Result<Fetched, String>,
    loader: Result<Fetched, String>,
    origins: Vec<AllowedOrigin>,
    keys: Vec<(String, EventTime)>,
}

fn answer(url: &str, headers: &[(&str, &str)], body: &str) -> Fetched {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fetched {
        url: url.parse().unwrap(),
        status: 200,
        headers: headers.iter().map(text).collect(),
        body: body.to_owned(),
    }
}

fn script(more: &str) -> String {
    let app = app_id();
    format!(
        "<!doctype html><script {more} async src=\"{SERVER}/embed.js\" data-app=\"{app}\" \
         data-key=\"{KEY}\"></script>"
    )
}

fn iframe(more: &str) -> String {
    format!("<iframe src=\"{SERVER}/w/{}?key={KEY}\" {more}></iframe>", app_id())
}

const OWN_POLICY: &str = "default-src 'none'; script-src 'nonce-x' 'strict-dynamic'; \
    style-src 'self' 'nonce-x'; connect-src 'self'; frame-ancestors https://shop.example";

impl Case {
    fn of(body: &str) -> Self {
        let widget = answer(
            SERVER,
            &[
                ("content-security-policy", OWN_POLICY),
                ("permissions-policy", "microphone=(self), autoplay=(self)"),
                ("cross-origin-embedder-policy", "credentialless"),
            ],
            "",
        );
        let loader = answer(
            SERVER,
            &[
                ("content-type", "text/javascript"),
                ("cross-origin-resource-policy", "cross-origin"),
            ],
            "",
        );
        Self {
            page: answer(PAGE, &[], body),
            frame: None,
            widget: Ok(widget),
            loader: Ok(loader),
            origins: vec!["https://shop.example".parse().unwrap()],
            keys: vec![(KEY.to_owned(), EventTime::from_millis(1_740_787_200_000).unwrap())],
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.page.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn widget_with(mut self, name: &str, value: Option<&str>) -> Self {
        let headers = &mut self.widget.as_mut().unwrap().headers;
        headers.retain(|(given, _)| given != name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    fn examine(&self) -> Vec<Finding> {
        let server: AllowedOrigin = SERVER.parse().unwrap();
        let mut chain = vec![Document::read(&self.page, SERVER)];
        if let Some(frame) = &self.frame {
            let inner = chain[0].frames().next().cloned();
            chain[0].inner = inner;
            chain.push(Document::read(frame, SERVER));
        }
        let seen = Seen {
            chain: &chain,
            unread: None,
            widget: self.widget.as_ref().map_err(String::as_str),
            loader: self.loader.as_ref().map_err(String::as_str),
        };
        let facts = Facts {
            app_id: app_id(),
            server: &server,
            allowed_origins: &self.origins,
            keys: &self.keys,
        };
        examine(&seen, &facts)
    }

    /// What is not as it should be.
    fn faults(&self) -> Vec<(Subject, Verdict, Owner, Option<String>)> {
        let findings = self.examine().into_iter();
        let faults = findings.filter(|finding| finding.verdict != Verdict::Pass);
        faults.map(|it| (it.subject, it.verdict, it.owner, it.fix)).collect()
    }

    /// The only fault, and the line that mends it.
    #[track_caller]
    fn only(&self, subject: Subject, owner: Owner, fix: &str) {
        let fix = (!fix.is_empty()).then(|| fix.to_owned());
        assert_eq!(self.faults(), [(subject, Verdict::Fail, owner, fix)], "{:#?}", self.examine());
    }
}

#[test]
fn pages_that_work_have_no_fault() {
    for body in [script(""), iframe(&format!("allow=\"{ALLOW}\""))] {
        assert_eq!(Case::of(&body).faults(), []);
        for policy in [
            "default-src 'self'; frame-src https://calls.example; script-src https://calls.example",
            "frame-src https:; script-src 'self' *.example",
            "child-src https://calls.example; script-src-elem https://calls.example",
            "img-src 'none'",
        ] {
            let case = Case::of(&body).with("content-security-policy", policy);
            assert_eq!(case.faults(), [], "{policy}");
        }
        for policy in [
            "microphone=*",
            "microphone=(self \"https://calls.example\"), camera=()",
            "camera=()",
            "microphone=(\"https://*.example\")",
        ] {
            assert_eq!(Case::of(&body).with("permissions-policy", policy).faults(), [], "{policy}");
        }
        let case = Case::of(&body).with("cross-origin-embedder-policy", "require-corp");
        assert_eq!(case.faults(), []);
        // Who may show the page itself is another matter.
        assert_eq!(Case::of(&body).with("x-frame-options", "DENY").faults(), []);
    }
}

#[test]
fn a_policy_of_the_page_that_blocks_the_frame_is_named_with_the_line_that_opens_it() {
    for (policy, line) in [
        ("frame-src 'none'", "frame-src https://calls.example"),
        (
            "frame-src 'self' https://a.example",
            "frame-src 'self' https://a.example https://calls.example",
        ),
        ("child-src 'self'", "child-src 'self' https://calls.example"),
        ("default-src 'self'; script-src *", "frame-src 'self' https://calls.example"),
    ] {
        let case = Case::of(&script("")).with("content-security-policy", policy);
        case.only(Subject::FramePolicy, Owner::Page, line);
    }
    // Each of several policies has to let it in, and those in the text as well.
    let case = Case::of(&script(""))
        .with("content-security-policy", "frame-src *")
        .with("content-security-policy", "frame-src 'self'");
    case.only(Subject::FramePolicy, Owner::Page, "frame-src 'self' https://calls.example");
    let meta = "<meta http-equiv=Content-Security-Policy content=\"frame-src 'self'\">";
    let case = Case::of(&format!("{meta}{}", script("")));
    case.only(Subject::FramePolicy, Owner::Page, "frame-src 'self' https://calls.example");
    let reported = Case::of(&script(""))
        .with("content-security-policy-report-only", "frame-src 'none'; script-src 'none'");
    assert_eq!(reported.faults(), []);
}

#[test]
fn a_policy_that_blocks_the_script_is_a_fault_only_where_the_script_is() {
    let policy = "script-src 'self'";
    let case = Case::of(&script("")).with("content-security-policy", policy);
    case.only(Subject::ScriptPolicy, Owner::Page, "script-src 'self' https://calls.example");
    let frame = Case::of(&iframe(&format!("allow=\"{ALLOW}\"")));
    assert_eq!(frame.with("content-security-policy", policy).faults(), []);
    let nonces = "script-src 'nonce-abc' 'strict-dynamic'";
    let right = Case::of(&script("nonce=abc")).with("content-security-policy", nonces);
    assert_eq!(right.faults(), []);
    let without = Case::of(&script("")).with("content-security-policy", nonces);
    let line = "<script nonce=\"…\" src=\"https://calls.example/embed.js\" …>";
    without.only(Subject::ScriptPolicy, Owner::Page, line);
}

#[test]
fn a_permissions_policy_that_keeps_the_microphone_is_given_with_the_server_in_it() {
    for (policy, line) in [
        ("microphone=()", "Permissions-Policy: microphone=(self \"https://calls.example\")"),
        ("microphone=(self)", "Permissions-Policy: microphone=(self \"https://calls.example\")"),
        ("microphone=self", "Permissions-Policy: microphone=(self \"https://calls.example\")"),
        (
            "camera=(), microphone=(self \"https://a.example\")",
            "Permissions-Policy: microphone=(self \"https://a.example\" \"https://calls.example\")",
        ),
        (
            "microphone=(\"https://*.calls.example\")",
            "Permissions-Policy: microphone=(self \"https://*.calls.example\" \"https://calls.example\")",
        ),
    ] {
        let case = Case::of(&script("")).with("permissions-policy", policy);
        case.only(Subject::PermissionsPolicy, Owner::Page, line);
    }
    // In the syntax of the header before it: browsers leave all of it aside.
    let case = Case::of(&script("")).with("permissions-policy", "microphone 'none'");
    let [(subject, verdict, ..)] = &case.faults()[..] else { panic!("{:?}", case.faults()) };
    assert_eq!((*subject, *verdict), (Subject::PermissionsPolicy, Verdict::Unknown));
}

#[test]
fn frames_that_let_too_little_through_are_named() {
    let line = format!("allow=\"{ALLOW}\"");
    for more in ["", "allow=\"autoplay\"", "allow=\"microphone 'none'\"", "allow='microphones'"] {
        Case::of(&iframe(more)).only(Subject::Allow, Owner::Page, &line);
    }
    // It works, and is of an older kind.
    let older = Case::of(&iframe("allow=\"microphone; autoplay; clipboard-write\"")).examine();
    let allow = older.iter().find(|it| it.subject == Subject::Allow).unwrap();
    assert_eq!((allow.verdict, allow.fix.as_deref()), (Verdict::Pass, Some(&*line)));
    assert!(allow.sentence.contains("screen-wake-lock"), "{}", allow.sentence);
    let sandboxed = iframe(&format!("{line} sandbox=\"allow-scripts\""));
    let line = "sandbox=\"allow-scripts allow-same-origin\"";
    Case::of(&sandboxed).only(Subject::Sandbox, Owner::Page, line);
    let case = Case::of(&script("")).with("content-security-policy", "sandbox allow-same-origin");
    case.only(Subject::Sandbox, Owner::Page, "sandbox allow-same-origin allow-scripts");
}

#[test]
fn a_plain_page_and_one_of_another_origin_are_refused() {
    let mut case = Case::of(&script(""));
    case.page.url = "http://shop.example/contact".parse().unwrap();
    let faults = case.faults();
    let subjects: Vec<_> = faults.iter().map(|fault| fault.0).collect();
    assert_eq!(subjects, [Subject::Https, Subject::Origin]);
    assert_eq!(faults[0].3.as_deref(), Some("https://shop.example/contact"));
    let mut case = Case::of(&script(""));
    case.page.url = "https://www.shop.example/".parse().unwrap();
    case.only(Subject::Origin, Owner::App, "https://www.shop.example");
}

#[test]
fn snippets_of_another_app_server_or_key_are_named_with_what_belongs_there() {
    let other = "app_01920000000070008000000000000002";
    let body = script("").replace(&app_id().to_string(), other);
    Case::of(&body).only(Subject::App, Owner::Page, &format!("data-app=\"{}\"", app_id()));
    let old = script("").replace("https://calls.example", "http://old.example:8080");
    Case::of(&old).only(Subject::App, Owner::Page, "src=\"https://calls.example/embed.js\"");
    let stale = script("").replace(KEY, "wk_deleted");
    Case::of(&stale).only(Subject::WidgetKey, Owner::Page, "data-key=\"wk_current\"");
    let frame = iframe(&format!("allow=\"{ALLOW}\"")).replace("?key=wk_current", "");
    Case::of(&frame).only(Subject::WidgetKey, Owner::Page, "key=\"wk_current\"");
    let age = Case::of(&script("")).examine();
    let key = age.iter().find(|it| it.subject == Subject::WidgetKey).unwrap();
    assert!(key.sentence.contains("2025-03-01"), "{}", key.sentence);
    // A tag manager's way: everything in the address.
    let app = app_id();
    let address = format!("<script src='{SERVER}/embed.js?app={app}&amp;key={KEY}'></script>");
    assert_eq!(Case::of(&address).faults(), []);
}

#[test]
fn what_a_script_may_add_later_is_unknown_and_no_fault() {
    for body in [
        "<p>Nothing here</p>".to_owned(),
        format!("<script>mount('{}')</script>", app_id()),
        // Neither of these is the widget in the page.
        format!("<!-- {} -->", script("")),
        format!("<textarea>{}</textarea>", script("")),
        script("type=\"text/plain\""),
        script("type=\"text/plain\"").replace(&app_id().to_string(), ""),
    ] {
        let faults = Case::of(&body).faults();
        let snippet = faults.iter().find(|fault| fault.0 == Subject::Snippet);
        assert_eq!(snippet.map(|it| it.1), Some(Verdict::Unknown), "{body}: {faults:?}");
    }
}

#[test]
fn every_page_around_a_nested_frame_has_to_let_the_microphone_through() {
    let outer = |more: &str| format!("<iframe src=\"https://inner.example/talk\" {more}></iframe>");
    let nested = |more: &str| {
        let mut case = Case::of(&outer(more));
        case.frame = Some(answer("https://inner.example/talk", &[], &script("")));
        case.origins.push("https://inner.example".parse().unwrap());
        let policy = OWN_POLICY.replace("shop.example", "shop.example https://inner.example");
        case.widget_with("content-security-policy", Some(&policy))
    };
    let line = format!("allow=\"{ALLOW}\"");
    assert_eq!(nested(&line).faults(), []);
    nested("").only(Subject::Allow, Owner::Page, &line);
    let case = nested(&line).with("permissions-policy", "microphone=(self)");
    let fix = "Permissions-Policy: microphone=(self \"https://inner.example\")";
    case.only(Subject::PermissionsPolicy, Owner::Page, fix);
    // A frame of the page's own origin has what the page has.
    let mut own = Case::of("<iframe src=\"/talk\"></iframe>");
    own.frame = Some(answer("https://shop.example/talk", &[], &script("")));
    assert_eq!(own.faults(), []);
    let mut case = nested(&line);
    case.origins.pop();
    case.only(Subject::Origin, Owner::App, "https://inner.example");
}

#[test]
fn what_a_proxy_does_to_the_servers_own_policies_is_the_servers() {
    let case = || Case::of(&script(""));
    let policy = "content-security-policy";
    case().widget_with(policy, None).widget_with("x-frame-options", Some("SAMEORIGIN")).only(
        Subject::Framing,
        Owner::Server,
        "X-Frame-Options: SAMEORIGIN",
    );
    case().widget_with(policy, None).only(Subject::Framing, Owner::Server, "");
    let mut added = case();
    let line = (policy.to_owned(), "frame-ancestors 'self'".to_owned());
    added.widget.as_mut().unwrap().headers.push(line);
    added.only(Subject::Framing, Owner::Server, "Content-Security-Policy: frame-ancestors 'self'");
    let mut added = case();
    let line = (policy.to_owned(), "script-src https://cdn.example".to_owned());
    added.widget.as_mut().unwrap().headers.push(line);
    let fix = "Content-Security-Policy: script-src https://cdn.example";
    added.only(Subject::Framing, Owner::Server, fix);
    // Browsers leave it aside where there is frame-ancestors.
    assert_eq!(case().widget_with("x-frame-options", Some("DENY")).faults(), []);
    case().widget_with("permissions-policy", Some("microphone=()")).only(
        Subject::OwnPermissions,
        Owner::Server,
        "Permissions-Policy: microphone=(self), autoplay=(self)",
    );
    case()
        .with("cross-origin-embedder-policy", "credentialless")
        .widget_with("cross-origin-embedder-policy", None)
        .only(
            Subject::EmbedderPolicy,
            Owner::Server,
            "Cross-Origin-Embedder-Policy: credentialless",
        );
    let mut kept = case();
    kept.loader.as_mut().unwrap().headers[1].1 = "same-origin".to_owned();
    kept.only(Subject::Loader, Owner::Server, "Cross-Origin-Resource-Policy: cross-origin");
    let mut elsewhere = case();
    elsewhere.loader.as_mut().unwrap().headers[0].1 = "text/html".to_owned();
    elsewhere.only(Subject::Loader, Owner::Server, "");
    let mut elsewhere = case();
    elsewhere.widget.as_mut().unwrap().status = 502;
    elsewhere.only(Subject::Server, Owner::Server, "");
}

#[test]
fn a_server_that_does_not_reach_itself_says_nothing_of_visitors() {
    let mut case = Case::of(&script(""));
    case.widget = Err("no answer within 10000 ms".to_owned());
    case.loader = Err("no answer within 10000 ms".to_owned());
    let faults = case.faults();
    assert!(faults.iter().all(|fault| fault.1 == Verdict::Unknown), "{faults:?}");
    assert_eq!(faults.len(), 2);
}

#[test]
fn addresses_of_pages_are_those_of_the_web() {
    let read = |text: &str| page_address(text).map(String::from);
    assert_eq!(read("https://a.example/b?c#d").as_deref(), Some("https://a.example/b?c"));
    assert_eq!(read("https://user:pass@a.example").as_deref(), Some("https://a.example/"));
    for text in ["", "shop.example", "ftp://a.example", "javascript:alert(1)", "data:text/html,x"] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_that_a_page_sends_breaks_the_check(
        body in ".{0,200}",
        policy in "[ -~]{0,120}",
        permissions in "[ -~]{0,80}",
        attributes in "[ -~]{0,60}",
    ) {
        let body = format!("{body}{}{}", iframe(&attributes), script(&attributes));
        let case = Case::of(&body)
            .with("content-security-policy", &policy)
            .with("permissions-policy", &permissions)
            .widget_with("content-security-policy", Some(&policy));
        prop_assert!(case.examine().len() > 5);
    }
}
