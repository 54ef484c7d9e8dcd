//! Pages that embed a widget: checked from outside, and reported by visits.

use axum::{
    Router,
    http::{HeaderMap, HeaderName, Uri},
    response::{IntoResponse, Redirect, Response},
};
use bellpush_test_support::{
    answer::{Answer, client},
    server::Options,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::shop::{EVIL, ORIGIN, Shop, refused};

/// A site whose pages all have these headers and this text; `/moved` leads on to `/there`.
async fn site(headers: &[(&'static str, String)], html: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    map.insert("content-type", "text/html; charset=utf-8".parse().unwrap());
    let html = html.to_owned();
    let app = Router::new().fallback(move |uri: Uri| {
        let (map, html) = (map.clone(), html.clone());
        async move {
            match uri.path() {
                "/moved" => Redirect::temporary("/there").into_response(),
                "/circle" => Redirect::temporary("/circle").into_response(),
                "/inside" => Redirect::temporary("http://10.0.0.1/secret").into_response(),
                "/none" => axum::http::StatusCode::NOT_FOUND.into_response(),
                _ => (map, html).into_response() as Response,
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}

async fn allow(shop: &Shop, origins: &[&str]) {
    shop.change(json!({ "allowedOrigins": origins })).await.expect(200).unwrap();
}

async fn check(shop: &Shop, url: &str) -> Value {
    let path = format!("/v1/apps/{}/embed-checks", shop.app.id);
    shop.api.post(&path, &json!({ "url": url })).await.unwrap().expect(200).unwrap().json().unwrap()
}

/// The checks that failed, with whose setting it is and the line that mends it.
fn faults(report: &Value) -> Vec<(String, String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| finding["verdict"] == "fail")
        .map(|it| (text(&it["check"]), text(&it["owner"]), text(&it["fix"])))
        .collect()
}

fn script(shop: &Shop) -> String {
    let (server, app, key) = (shop.server.own_origin(), &shop.app.id, &shop.embed.key);
    format!("<script async src='{server}/embed.js' data-app='{app}' data-key='{key}'></script>")
}

#[tokio::test]
async fn a_page_that_works_has_no_fault_also_behind_a_redirect() {
    let shop = Shop::open().await;
    let origin = site(&[], &script(&shop)).await;
    allow(&shop, &[&origin]).await;
    let report = check(&shop, &format!("{origin}/moved")).await;
    assert_eq!(report["ok"], true, "{report:#}");
    assert_eq!(report["documents"], json!([format!("{origin}/there")]));
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().all(|it| it["verdict"] == "pass"), "{report:#}");
    // The server's own documents were asked for, and came.
    for check in ["server", "framing", "own_permissions", "loader"] {
        assert!(findings.iter().any(|it| it["check"] == check), "{check}: {report:#}");
    }
}

#[tokio::test]
async fn each_fault_is_named_with_its_owner_and_the_line_that_mends_it() {
    let shop = Shop::open().await;
    let server = shop.server.own_origin();
    let name = |value: &str| value.to_owned();
    let policies = site(
        &[
            ("content-security-policy", name("default-src 'self'")),
            ("permissions-policy", name("microphone=(self)")),
        ],
        &script(&shop),
    )
    .await;
    let stripped =
        format!("<iframe src='{server}/w/{}?key=wk_old' allow='autoplay'></iframe>", shop.app.id);
    let stripped = site(&[], &stripped).await;
    allow(&shop, &[&policies, &stripped]).await;
    let microphone = format!("Permissions-Policy: microphone=(self \"{server}\")");
    assert_eq!(
        faults(&check(&shop, &policies).await),
        [
            (name("frame_policy"), name("page"), format!("frame-src 'self' {server}")),
            (name("script_policy"), name("page"), format!("script-src 'self' {server}")),
            (name("permissions_policy"), name("page"), microphone),
        ]
    );
    let key = format!("key=\"{}\"", shop.embed.key);
    let line = "allow=\"microphone; autoplay; clipboard-write; screen-wake-lock\"";
    assert_eq!(
        faults(&check(&shop, &stripped).await),
        [(name("widget_key"), name("page"), key), (name("allow"), name("page"), name(line)),]
    );
    allow(&shop, &[ORIGIN]).await;
    let found = faults(&check(&shop, &stripped).await);
    assert_eq!(found[0], (name("origin"), name("app"), stripped));
}

#[tokio::test]
async fn a_widget_in_a_frame_of_the_page_is_found_and_every_page_around_it_counts() {
    let shop = Shop::open().await;
    let inner = site(&[], &script(&shop)).await;
    let outer = |more: &str| format!("<iframe src='{inner}/talk' {more}></iframe>");
    let good =
        site(&[], &outer("allow=microphone;autoplay;clipboard-write;screen-wake-lock")).await;
    let bad = site(&[("permissions-policy", "microphone=()".into())], &outer("")).await;
    allow(&shop, &[&inner, &good, &bad]).await;
    let report = check(&shop, &good).await;
    assert_eq!(report["documents"], json!([format!("{good}/"), format!("{inner}/talk")]));
    assert_eq!(faults(&report), [], "{report:#}");
    let found = faults(&check(&shop, &bad).await);
    let found: Vec<_> = found.iter().map(|(check, ..)| check.as_str()).collect();
    assert_eq!(found, ["allow", "permissions_policy"]);
    allow(&shop, &[&inner]).await;
    assert_eq!(faults(&check(&shop, &good).await), [("origin".into(), "app".into(), good)]);
}

#[tokio::test]
async fn addresses_that_may_not_be_called_are_not_read_by_any_way() {
    let shop = Shop::open().await;
    let origin = site(&[], "<iframe src='http://10.0.0.1/frame'></iframe>").await;
    for url in ["http://10.0.0.1/", "http://169.254.169.254/latest", "https://127.0.0.1:1/"] {
        let report = check(&shop, url).await;
        assert_eq!(report["documents"], json!([]), "{url}");
        assert_eq!(report["findings"][0]["check"], "page", "{url}");
        assert_eq!(report["findings"][0]["verdict"], "fail", "{url}");
    }
    let sentence = |report: &Value| report["findings"][0]["sentence"].as_str().unwrap().to_owned();
    let inside = sentence(&check(&shop, &format!("{origin}/inside")).await);
    assert!(inside.contains("a private address"), "{inside}");
    let circle = sentence(&check(&shop, &format!("{origin}/circle")).await);
    assert!(circle.contains("redirects more than 5 times"), "{circle}");
    let none = sentence(&check(&shop, &format!("{origin}/none")).await);
    assert!(none.contains("404"), "{none}");
    // Of a page whose frames can't be read, the page itself is.
    assert_eq!(check(&shop, &origin).await["documents"], json!([format!("{origin}/")]));

    let path = format!("/v1/apps/{}/embed-checks", shop.app.id);
    for url in ["", "shop.example", "ftp://shop.example", "javascript:alert(1)"] {
        let answer = shop.api.post(&path, &json!({ "url": url })).await.unwrap();
        assert_eq!(refused(&answer, 422, "invalid").pointer.as_deref(), Some("/url"), "{url}");
    }
    let strict = Shop::with(Options::sqlite().with("--allow-loopback-endpoints", "false")).await;
    let report = check(&strict, &origin).await;
    assert!(sentence(&report).contains("a loopback address"), "{report:#}");
}

async fn report(shop: &Shop, more: Value) -> Answer {
    let mut visit = json!({
        "appId": shop.app.id, "key": shop.embed.key, "origin": ORIGIN, "path": "/contact",
        "microphone": true, "frames": 1, "loader": true,
    });
    visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let url = format!("{}/v1/widget/visits", shop.server.url());
    Answer::to(client().post(url).json(&visit)).await.unwrap()
}

#[tokio::test]
async fn a_visit_reports_its_page_and_nothing_that_names_the_visitor() {
    let shop = Shop::open().await;
    let list = format!("/v1/apps/{}/embed-reports", shop.app.id);
    assert_eq!(shop.read(&list).await, json!({ "items": [] }));
    report(&shop, json!({ "microphone": false })).await.expect(204).unwrap();
    report(&shop, json!({})).await.expect(204).unwrap();
    report(&shop, json!({ "path": "/orders/48151623/zoe@shop.example?t=1" }))
        .await
        .expect(204)
        .unwrap();
    let items = shop.read(&list).await["items"].clone();
    let pages: Vec<_> = items.as_array().unwrap().iter().map(|it| it["page"].clone()).collect();
    assert_eq!(pages, [format!("{ORIGIN}/orders/…/…"), format!("{ORIGIN}/contact")]);
    assert_eq!(items[1]["microphone"], true);
    assert_eq!(items[1]["problem"], Value::Null);

    refused(&report(&shop, json!({ "key": "wk_wrong" })).await, 401, "widget-key-invalid");
    refused(&report(&shop, json!({ "origin": EVIL })).await, 403, "origin-not-allowed");
    refused(&report(&shop, json!({ "visitor": "Zoe" })).await, 422, "invalid");
    assert_eq!(shop.read(&list).await["items"], items);
}

#[tokio::test]
async fn a_browser_that_asks_for_the_widget_in_vain_is_reported_with_its_page() {
    let shop = Shop::open().await;
    let list = format!("/v1/apps/{}/embed-reports", shop.app.id);
    let ask = async |key: &str, referer: &str, destination: &str| {
        let url = format!("{}/w/{}", shop.server.url(), shop.app.id);
        let request = client().get(url).query(&[("key", key)]).header("referer", referer);
        Answer::to(request.header("sec-fetch-dest", destination)).await.unwrap()
    };
    // Whoever opens the address itself is no page.
    ask(&shop.embed.key, "https://mail.example/inbox", "document").await;
    ask(&shop.embed.key, &format!("{ORIGIN}/contact"), "iframe").await.expect(200).unwrap();
    ask(&shop.embed.key, "https://staging.example/contact", "iframe").await.expect(200).unwrap();
    ask("wk_deleted", &format!("{ORIGIN}/old"), "iframe").await.expect(401).unwrap();
    let two = |it: &Value| it["items"].as_array().is_some_and(|items| items.len() == 2);
    let items = shop.wait_for(&list, two).await["items"].clone();
    let mut found: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["page"].as_str().unwrap(), it["problem"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    let old = format!("{ORIGIN}/old");
    assert_eq!(found, [(&*old, "widget_key"), ("https://staging.example/contact", "origin")]);
}
