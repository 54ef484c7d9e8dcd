//! What operators look at.

use std::time::Duration;

use bellpush_test_support::{
    answer::{self, Answer},
    postgres::Database,
    server::Options,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::shop::{Shop, refused};

async fn get(shop: &Shop, path: &str) -> Answer {
    Answer::to(answer::client().get(format!("{}{path}", shop.server.url()))).await.unwrap()
}

#[tokio::test]
async fn a_server_says_that_it_is_up_and_ready() {
    let shop = Shop::open().await;
    for path in ["/healthz", "/readyz"] {
        get(&shop, path).await.expect(200).unwrap();
    }
}

#[tokio::test]
async fn metrics_are_in_the_format_of_prometheus_and_count_calls_and_refusals() {
    let shop = Shop::with(Options::sqlite().with("--sessions-per-minute", "1")).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    assert_eq!(shop.embed.ask(&shop.embed.request(&json!({}))).await.unwrap().status, 429);
    let answer = shop.api.get("/metrics").await.unwrap().expect(200).unwrap();
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text();
    for line in ["bellpush_calls_live 1", "bellpush_rate_limited_total{what=\"sessions\"} 1"] {
        assert!(text.lines().any(|found| found == line), "no {line} in:\n{text}");
    }
    for secret in [&widget.session.token, &shop.embed.key, &call.call_id] {
        assert!(!text.contains(secret.as_str()), "{secret} is in the metrics");
    }
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let value = line.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
        assert!(matches!(value, Some(Ok(_))), "{line}");
    }
}

#[tokio::test]
async fn secrets_and_context_are_not_in_the_log() {
    let shop = Shop::with(Options::sqlite().with("--log-level", "trace,hyper=info")).await;
    let answer = shop.document(&[("orderId", "SECRET-ORDER")]).await;
    answer.expect(200).unwrap();
    let widget = shop.embed.open(json!({ "orderId": "SECRET-ORDER" })).await.unwrap();
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    let log = shop.server.log().unwrap();
    assert!(log.contains("ready"), "there is no log");
    for secret in ["SECRET-ORDER", &widget.session.token, &shop.embed.key] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn the_openapi_document_describes_every_operation_in_words() {
    let shop = Shop::open().await;
    let document: Value = get(&shop, "/v1/openapi.json").await.json().unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/v1/"), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            assert!(!operation["summary"].as_str().unwrap_or("").is_empty(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_demo_is_there_when_it_is_asked_for_and_stays_the_same_over_restarts() {
    let mut shop = Shop::with(Options::sqlite().with("--demo", "true")).await;
    let page = get(&shop, "/demo").await.expect(200).unwrap();
    let demo = |page: &Answer| {
        let html = page.text();
        let (_, script) = html.split_once("id=\"bellpush-demo\">").unwrap();
        serde_json::from_str::<Value>(script.split_once("</script>").unwrap().0).unwrap()
    };
    let before = demo(&page);
    let path =
        format!("/w/{}?key={}", before["appId"].as_str().unwrap(), before["key"].as_str().unwrap());
    let widget = get(&shop, &path).await.expect(200).unwrap();
    assert!(widget.header("content-security-policy").contains(&shop.server.own_origin()));
    shop.server.terminate().await.unwrap();
    shop.server.restart().await.unwrap();
    assert_eq!(demo(&get(&shop, "/demo").await), before);
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_cut_off() {
    let shop = Shop::open().await;
    let address = shop.server.url().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(45), stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection is still open after 45 s");
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn what_runs_here_is_told_to_who_is_known() {
    let shop = Shop::open().await;
    let system = shop.read("/v1/system").await;
    let expected =
        json!({ "version": env!("CARGO_PKG_VERSION"), "store": "sqlite", "mail": false });
    assert_eq!(system, expected);
    refused(&shop.api.with_key("bp_1").get("/v1/system").await.unwrap(), 401, "api-key-invalid");
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database).with("--smtp-url", "smtp://127.0.0.1:9");
    let shop = Shop::with(options.with("--mail-from", "bellpush@example.com")).await;
    let system = shop.read("/v1/system").await;
    assert_eq!((&system["store"], &system["mail"]), (&json!("postgres"), &json!(true)));
}

#[tokio::test]
async fn a_part_of_a_path_that_is_no_text_is_not_found_anywhere() {
    let shop = Shop::open().await;
    let document: Value = get(&shop, "/v1/openapi.json").await.json().unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let parts: Vec<&str> = path.split('/').collect();
        for at in (0..parts.len()).filter(|at| parts[*at].starts_with('{')) {
            let mut parts = parts.clone();
            parts[at] = "%FF";
            let path = parts.join("/").replace("{appId}", &shop.app.id);
            for method in item.as_object().unwrap().keys() {
                let Ok(method) = method.to_uppercase().parse() else { continue };
                let request = shop.api.request(method, &path).json(&serde_json::json!({}));
                let answer = bellpush_test_support::answer::Answer::to(request).await.unwrap();
                let kind = answer.header("content-type").to_owned();
                assert_eq!(kind, "application/problem+json", "{path}: {}", answer.text());
                assert!([401, 403, 404].contains(&answer.status), "{path}: {}", answer.text());
                asked += 1;
            }
        }
    }
    assert!(asked > 50, "{asked} operations");
    for path in ["/w/%FF", "/w/%FF/code", "/w/%FF/code/preview"] {
        assert_eq!(get(&shop, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_parameter_of_a_query_that_does_not_fit_is_named() {
    let shop = Shop::open().await;
    let app = format!("/v1/apps/{}", shop.app.id);
    for (path, parameter) in [
        ("/calls?limit=abc", "limit"),
        ("/calls?limit=-1", "limit"),
        ("/calls?limit=0", "limit"),
        ("/calls?state=foo", "state"),
        ("/calls?rating=300", "rating"),
        ("/calls?minDuration=x", "minDuration"),
        ("/calls?from=yesterday", "from"),
        ("/calls?preview=2", "preview"),
        ("/calls?context=x", "context"),
        ("/events?from=x", "from"),
    ] {
        let answer = shop.api.get(&format!("{app}{path}")).await.unwrap();
        refused(&answer, 422, "invalid");
        let problem: Value = answer.json().unwrap();
        assert_eq!(problem["parameter"], parameter, "{path}: {problem}");
        assert_eq!(problem.get("pointer"), None, "{path}: {problem}");
    }
    for (path, parameter) in [
        ("/v1/lookup?q=", "q"),
        ("/v1/lookup", "q"),
        ("/v1/configuration?appId=1", "appId"),
        ("/v1/configuration?app=1", "app"),
        ("/v1/holidays/DE", "year"),
        ("/v1/audit?limit=x", "limit"),
    ] {
        let answer = shop.api.get(path).await.unwrap();
        refused(&answer, 422, "invalid");
        let problem: Value = answer.json().unwrap();
        assert_eq!(problem["parameter"], parameter, "{path}: {problem}");
    }
}
