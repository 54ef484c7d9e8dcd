//! The widget's document and that of the custom code: who may frame them, what may run in them, and
//! that nothing a visitor writes becomes markup.

use bellpush_test_support::{
    answer::{self, Answer},
    server::Options,
};
use serde_json::{Value, json};

use crate::shop::{EVIL, ORIGIN, Shop, refused};

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

fn config(answer: &Answer) -> Value {
    let html = answer.text();
    let script = between(&html, "id=\"bellpush-config\"", "</script>");
    serde_json::from_str(script.split_once('>').unwrap().1).unwrap()
}

fn frame_ancestors(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors ")).unwrap_or("").into()
}

#[tokio::test]
async fn the_widget_may_be_framed_by_the_allowed_origins_and_runs_its_own_scripts_alone() {
    let shop = Shop::open().await;
    shop.change(json!({ "allowedOrigins": [ORIGIN, "https://b.example:8443"] })).await;
    let answer = shop.document(&[("orderId", "A-1")]).await.expect(200).unwrap();
    let policy = answer.header("content-security-policy").to_owned();
    let nonce = between(&policy, "'nonce-", "'").to_owned();
    let expected = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' \
         'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; media-src 'self' blob: \
         mediastream:; font-src 'self'; frame-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors {ORIGIN} https://b.example:8443"
    );
    assert_eq!(policy, expected);
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1);
    assert_eq!(answer.header("x-frame-options"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(nonce.len() >= 22, "{nonce} is short");
    let html = answer.text();
    assert_eq!(html.matches("<script").count(), 3);
    assert_eq!(html.matches(&format!("nonce=\"{nonce}\"")).count(), 4, "{html}");

    let again = shop.document(&[("orderId", "A-1")]).await;
    let other = between(again.header("content-security-policy"), "'nonce-", "'").to_owned();
    assert_ne!(nonce, other);
}

#[tokio::test]
async fn the_widget_may_speak_to_servers_that_join_later() {
    let urls = "https://*.calls.example.com,https://node9.example.com:8443";
    let shop = Shop::with(Options::sqlite().with("--node-urls", urls)).await;
    let answer = shop.document(&[]).await.expect(200).unwrap();
    let policy = answer.header("content-security-policy");
    let allowed = between(policy, "connect-src ", ";");
    assert_eq!(allowed, "'self' https://*.calls.example.com https://node9.example.com:8443");
}

#[tokio::test]
async fn the_widget_is_told_what_it_shows() {
    let shop = Shop::open().await;
    let survey = json!({ "questions": [{ "id": "q", "label": "How?" }], "commentLabel": null });
    let button = json!({ "label": "Shop", "states": ["ended"], "action": "link", "url": "https://shop.example/" });
    let settings = json!({ "survey": survey, "customButtons": [button], "language": "de" });
    shop.change(settings).await.expect(200).unwrap();
    let parameters = [("orderId", "A-1"), ("theme", "dark"), ("origin", ORIGIN)];
    let answer = shop.document(&parameters).await.expect(200).unwrap();
    let mut config = config(&answer);
    let server_time = config["serverTime"].take();
    assert!(server_time.as_str().unwrap().ends_with('Z'));
    // Without a document of its own, it is the one that follows from the settings.
    let design = config["design"].take();
    assert_eq!(design["languages"], json!(["de"]));
    assert_eq!(design["states"]["ended"].as_array().unwrap().last().unwrap()["type"], "button");
    let expected = json!({
        "appId": shop.app.id,
        "key": shop.embed.key,
        "preview": false,
        "serverTime": null,
        "language": null,
        "defaultLanguage": "de",
        "theme": "dark",
        "context": { "orderId": "A-1" },
        "session": null,
        "destination": null,
        "allowedOrigins": [ORIGIN],
        "design": null,
        "designVersion": null,
        "extras": true,
        "consentHashes": {},
        "codeUrl": null,
        "hours": { "open": true, "changes": [] },
    });
    assert_eq!(config, expected);
    assert!(
        answer.text().contains("<link rel=\"modulepreload\" href=\"/widget/assets/extras-"),
        "what draws the button is fetched beside the script"
    );
}

#[tokio::test]
async fn a_widget_that_shows_what_every_one_shows_needs_no_more_for_it() {
    let shop = Shop::open().await;
    shop.change(json!({ "customButtons": [] })).await.expect(200).unwrap();
    let answer = shop.document(&[]).await.expect(200).unwrap();
    assert_eq!(config(&answer)["extras"], false);
    assert!(!answer.text().contains("modulepreload"));
}

#[tokio::test]
async fn without_allowed_origins_nobody_may_frame_the_widget() {
    let shop = Shop::open().await;
    shop.change(json!({ "allowedOrigins": [] })).await.expect(200).unwrap();
    let answer = shop.document(&[]).await.expect(200).unwrap();
    assert_eq!(frame_ancestors(&answer), "'none'");
}

#[tokio::test]
async fn a_preview_may_be_framed_by_the_server_alone() {
    let shop = Shop::open().await;
    let token = shop.preview_token().await;
    let answer = shop.document(&[("preview", &token)]).await.expect(200).unwrap();
    assert_eq!(frame_ancestors(&answer), shop.server.own_origin());
    assert_eq!(config(&answer)["preview"], true);
    assert_eq!(config(&answer)["previewToken"], token);
}

#[tokio::test]
async fn a_trusted_session_binds_the_document_to_its_origin_and_context() {
    let shop = Shop::open().await;
    shop.change(json!({ "allowedOrigins": [ORIGIN, "https://b.example"] })).await;
    let session = shop
        .api
        .create_session(&json!({
            "appId": shop.app.id, "origin": "https://b.example", "context": { "orderId": "B-1" },
        }))
        .await
        .unwrap();
    let parameters = [("session", session.token.as_str()), ("orderId", "forged")];
    let answer = shop.document(&parameters).await.expect(200).unwrap();
    assert_eq!(frame_ancestors(&answer), "https://b.example");
    assert_eq!(config(&answer)["context"], json!({ "orderId": "B-1" }));
    assert_eq!(config(&answer)["session"], session.token);
}

#[tokio::test]
async fn an_address_that_is_wrong_is_answered_with_a_page_that_says_so_and_runs_nothing() {
    let shop = Shop::open().await;
    let unknown = "app_01920000000070008000000000000001";
    let page = |path: String| {
        let address = format!("{}/w/{path}", shop.server.url());
        async move { Answer::to(answer::client().get(address)).await.unwrap() }
    };
    let key = &shop.embed.key;
    let forged = format!("{}?key=wk_{}", shop.app.id, "A".repeat(43));
    for (path, status) in [
        (shop.app.id.clone(), 401),
        (format!("{}?key=", shop.app.id), 401),
        (forged, 401),
        (format!("{unknown}?key={key}"), 404),
        (format!("nonsense?key={key}"), 404),
        (format!("{}?key={key}&session=st_x", shop.app.id), 401),
        (format!("{}?key={key}&destination=dest_x", shop.app.id), 422),
    ] {
        let answer = page(path.clone()).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.text().contains("role=\"alert\""), "{path}");
        assert!(!answer.text().contains("<script"), "{path}: {}", answer.text());
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
        assert!(!policy.contains("script-src"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn nothing_that_a_page_or_an_owner_writes_becomes_markup() {
    const ATTACK: &str = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let shop = Shop::open().await;
    let settings = json!({
        "name": ATTACK,
        "survey": { "questions": [{ "id": ATTACK.chars().take(64).collect::<String>(), "label": ATTACK }] },
        "customButtons": [{ "label": ATTACK, "action": "copy", "text": ATTACK, "states": ["ended"] }],
    });
    shop.change(settings).await.expect(200).unwrap();
    let harmless = |answer: &Answer| {
        let html = answer.text();
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("<img"), "{html}");
        html.matches("<script").count()
    };

    let parameters = [("orderId", ATTACK), ("lang", ATTACK), ("theme", ATTACK), ("origin", ATTACK)];
    let answer = shop.document(&parameters).await.expect(200).unwrap();
    assert_eq!(harmless(&answer), 3);
    let config = config(&answer);
    assert_eq!(config["context"]["orderId"], ATTACK);
    let states = &config["design"]["states"];
    assert_eq!(states["survey"][1]["questions"][0]["label"]["en"], ATTACK);
    assert_eq!(states["ended"][4]["effect"]["text"], ATTACK);
    let html = answer.text();
    let language = between(&html, "<html lang=\"", " data-theme=");
    assert!(!language.trim_end_matches('"').contains(['"', '<', '>']), "{language}");
    assert!(!answer.header("content-security-policy").contains("alert"));

    for parameters in [
        vec![(ATTACK, "v")],
        vec![("session", ATTACK)],
        vec![("destination", ATTACK)],
        vec![("orderId", ATTACK), ("orderId", ATTACK)],
    ] {
        let answer = shop.document(&parameters).await;
        assert!(matches!(answer.status, 401 | 422), "{}", answer.status);
        assert_eq!(harmless(&answer), 0);
    }
    let mut address = format!("{}/w/", shop.server.url());
    for byte in ATTACK.bytes() {
        address.push_str(&format!("%{byte:02X}"));
    }
    for address in [
        format!("{address}?key=x"),
        format!("{}/w/{}?key=%3Cscript%3E", shop.server.url(), shop.app.id),
    ] {
        let answer = Answer::to(answer::client().get(address)).await.unwrap();
        assert!(matches!(answer.status, 401 | 404), "{}", answer.status);
        assert_eq!(harmless(&answer), 0);
    }
}

#[tokio::test]
async fn custom_code_runs_in_a_sandbox_even_when_it_is_opened_by_itself() {
    let shop = Shop::open().await;
    let code = json!({ "head": "<style>b{}</style>", "body": "<script>hello()</script>" });
    shop.change(json!({ "customCode": code })).await.expect(200).unwrap();
    let address = format!("{}/w/{}/code", shop.server.url(), shop.app.id);
    let answer = Answer::to(answer::client().get(&address)).await.unwrap().expect(200).unwrap();
    let policy = answer.header("content-security-policy");
    let directives: Vec<&str> = policy.split("; ").collect();
    assert!(directives.contains(&"sandbox allow-scripts"), "{policy}");
    // The widget's own frame is within the page's, and all ancestors count.
    let ancestors = format!("frame-ancestors 'self' {ORIGIN}");
    assert!(directives.contains(&ancestors.as_str()), "{policy}");
    assert!(directives.contains(&"default-src 'none'"), "{policy}");
    assert!(!policy.contains("allow-same-origin") && !policy.contains("allow-top-navigation"));
    assert_eq!(answer.header("x-frame-options"), "");
    assert!(answer.header("permissions-policy").contains("microphone=()"));
    assert!(answer.text().contains("<script>hello()</script>"));
    assert!(answer.text().contains("<style>b{}</style>"));

    // Beside the code of a preview stands what tells the console: no other page may frame it.
    let preview =
        Answer::to(answer::client().get(format!("{address}/preview?origin={ORIGIN}"))).await;
    let preview = preview.unwrap().expect(200).unwrap();
    assert_eq!(frame_ancestors(&preview), "'self'");
    let policy = preview.header("content-security-policy");
    assert!(policy.starts_with("sandbox allow-scripts; default-src 'none'"), "{policy}");
    let (console, bridge) = (preview.text().find("/console-"), preview.text().find("/sandbox-"));
    assert!(console.is_some() && console < bridge, "it has to hear before the code does");
    assert!(!answer.text().contains("/console-"));

    let unknown = address.replace(&shop.app.id, "app_01920000000070008000000000000001");
    let answer = Answer::to(answer::client().get(unknown)).await.unwrap();
    refused(&answer, 404, "not-found");
}

#[tokio::test]
async fn custom_code_can_be_shown_from_an_origin_where_there_is_nothing_else() {
    const CODE: &str = "https://code.example:8080";
    let shop = Shop::with(Options::sqlite().with("--code-url", CODE)).await;
    shop.change(json!({ "customCode": { "body": "<script>hello()</script>" } })).await;
    let answer = shop.document(&[]).await.expect(200).unwrap();
    let document = format!("{CODE}/w/{}/code", shop.app.id);
    assert_eq!(config(&answer)["codeUrl"], document);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains(&format!("; frame-src {CODE};")), "{policy}");

    let at_code = |path: String, host: &'static str| {
        let request = answer::client().get(format!("{}{path}", shop.server.url()));
        async move { Answer::to(request.header("host", host)).await.unwrap() }
    };
    let code = format!("/w/{}/code", shop.app.id);
    let answer = at_code(code.clone(), "CODE.example:8080").await.expect(200).unwrap();
    let ancestors = format!("'self' {} {ORIGIN}", shop.server.own_origin());
    assert_eq!(frame_ancestors(&answer), ancestors);
    at_code(format!("{code}/preview"), "code.example:8080").await.expect(200).unwrap();
    for path in ["/v1/openapi.json", "/embed.js", "/demo", "/metrics", "/healthz"] {
        refused(&at_code(path.into(), "code.example:8080").await, 404, "not-found");
    }
    let widget = format!("/w/{}?key={}", shop.app.id, shop.embed.key);
    refused(&at_code(widget.clone(), "code.example:8080").await, 404, "not-found");
    // Under its own name the server is as before.
    at_code(widget, "calls.example").await.expect(200).unwrap();
    at_code(code, "calls.example").await.expect(200).unwrap();
}

#[tokio::test]
async fn a_page_of_another_site_may_open_the_document_as_a_frame() {
    let shop = Shop::open().await;
    let address = format!("{}/w/{}?key={}", shop.server.url(), shop.app.id, shop.embed.key);
    let request = answer::client().get(address);
    let request = request.header("sec-fetch-site", "cross-site").header("referer", EVIL);
    let answer = Answer::to(request).await.unwrap().expect(200).unwrap();
    // It is the browser that keeps others from framing it.
    assert_eq!(frame_ancestors(&answer), ORIGIN);
}

#[tokio::test]
async fn no_document_of_the_widget_tells_its_address_to_anybody() {
    let shop = Shop::open().await;
    let session = shop.widget().await.session.token;
    let code = format!("{}/w/{}/code", shop.server.url(), shop.app.id);
    let code = bellpush_test_support::answer::client().get(code);
    for answer in [
        shop.document(&[("session", &session)]).await,
        shop.document(&[]).await,
        shop.document(&[("session", "st_wrong")]).await,
        bellpush_test_support::answer::Answer::to(code).await.unwrap(),
    ] {
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn many_long_origins_fit_into_the_headers_that_proxies_take() {
    let shop = Shop::open().await;
    let origins: Vec<String> =
        (0..64).map(|n| format!("https://{n:02}{0}.{0}.example", "a".repeat(61))).collect();
    shop.change(json!({ "allowedOrigins": origins })).await.expect(200).unwrap();
    let code = format!("{}/w/{}/code", shop.server.url(), shop.app.id);
    let client = bellpush_test_support::answer::client;
    for origin in &origins {
        let by_address = shop.document(&[("origin", origin)]).await.expect(200).unwrap();
        assert_eq!(frame_ancestors(&by_address), *origin);
        let code = client().get(&code).query(&[("origin", origin)]);
        let code = bellpush_test_support::answer::Answer::to(code).await.unwrap();
        assert_eq!(frame_ancestors(&code), format!("'self' {origin}"));
    }
    let by_referrer = client()
        .get(format!("{}/w/{}", shop.server.url(), shop.app.id))
        .query(&[("key", &shop.embed.key)])
        .header("referer", format!("{}/", origins[63]));
    let by_referrer = bellpush_test_support::answer::Answer::to(by_referrer).await.unwrap();
    assert_eq!(frame_ancestors(&by_referrer), origins[63]);
    for origin in [crate::shop::EVIL, ""] {
        let answer = shop.document(&[("origin", origin)]).await.expect(200).unwrap();
        let policy = answer.header("content-security-policy");
        assert!(policy.len() <= 3 * 1024 && !policy.contains("evil"), "{policy}");
    }
}
