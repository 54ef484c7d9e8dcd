//! One address can't use up what all visitors share: connections, streams, look-ups.

use std::time::{Duration, Instant};

use bellpush_test_support::{
    SOON,
    answer::{self, Answer},
    eventually,
    server::Options,
};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::shop::{Shop, refused};

/// A connection with a request whose body never comes.
async fn slow_body(shop: &Shop, path: &str, head: &str) -> TcpStream {
    let address = shop.server.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 1000\r\n{head}\r\n{{"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Whether the server has closed a connection, with or without an answer.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match tokio::time::timeout(Duration::from_millis(5), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(_)) => {}
            Err(_) => return false,
        }
    }
}

#[tokio::test]
async fn slow_bodies_of_one_address_keep_nobody_out() {
    let shop = Shop::with(Options::sqlite().without("--max-connections-per-address")).await;
    let mut streams = Vec::new();
    for index in 0..200 {
        let path = ["/v1/widget/sessions", "/v1/widget/events"][index % 2];
        streams.push(slow_body(&shop, path, "").await);
    }
    let health = answer::client().get(format!("{}/healthz", shop.server.url()));
    Answer::to(health.timeout(Duration::from_secs(5))).await.unwrap().expect(200).unwrap();
    let mut open = 0;
    for stream in &mut streams {
        open += usize::from(!is_closed(stream).await);
    }
    assert!(open <= 64, "{open} of 200 are still open");
    // A visitor of the same address gets in as well.
    shop.widget().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let shop = Shop::open().await;
    let api_key = shop.api.request(Method::POST, "/").build().unwrap();
    let api_key = api_key.headers()["authorization"].to_str().unwrap().to_owned();
    let began = Instant::now();
    let call = "/v1/calls/call_01920000000070008000000000000001/leave";
    let token = shop.widget().await.session.token;
    let mut streams = vec![
        slow_body(&shop, "/v1/widget/sessions", "").await,
        slow_body(&shop, "/v1/widget/events", "").await,
        slow_body(&shop, call, "").await,
        slow_body(&shop, "/v1/apps", &format!("authorization: {api_key}\r\n")).await,
        slow_body(&shop, "/v1/calls", &format!("authorization: Bearer {token}\r\n")).await,
    ];
    // Some bytes now and then make no difference.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for stream in &mut streams {
        stream.write_all(b" ").await.unwrap();
    }
    for mut stream in streams {
        let mut text = String::new();
        let read = tokio::time::timeout(SOON, stream.read_to_string(&mut text)).await;
        assert!(read.is_ok(), "the connection is still open");
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(text.contains("urn:bellpush:problem:request-timeout"), "{text}");
    }
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_limit_is_looked_at_before_a_body_is_waited_for() {
    let options =
        Options::sqlite().with("--sessions-per-minute", "1").with("--events-per-minute", "1");
    let shop = Shop::with(options).await;
    shop.widget().await;
    let mut stream = slow_body(&shop, "/v1/widget/sessions", "").await;
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    assert!(text.starts_with("HTTP/1.1 429"), "{text}");
    // Events are limited by address at twenty times the rate of a session.
    let mut refused = 0;
    for _ in 0..25 {
        let request = answer::client().post(format!("{}/v1/widget/events", shop.server.url()));
        let answer = Answer::to(request.json(&json!({ "token": "st_", "events": [] }))).await;
        refused += usize::from(answer.unwrap().status == 429);
    }
    assert!(refused > 0, "nothing was limited");
    let mut stream = slow_body(&shop, "/v1/widget/events", "").await;
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    assert!(text.starts_with("HTTP/1.1 429"), "{text}");
}

#[tokio::test]
async fn who_has_yet_to_show_who_they_are_is_not_read_beyond_a_limit() {
    let options =
        Options::sqlite().with("--sign-ins-per-minute", "1").with("--requests-per-minute", "9");
    let shop = Shop::with(options).await;
    let ask = async |path: &str, body: String| {
        let request = answer::client().post(format!("{}{path}", shop.server.url())).body(body);
        Answer::to(request.header("content-type", "application/json")).await.unwrap()
    };
    let refused_at_once = async |path: &str| {
        let mut stream = slow_body(&shop, path, "").await;
        let mut text = String::new();
        let read = stream.read_to_string(&mut text);
        let read = tokio::time::timeout(Duration::from_secs(5), read).await;
        assert!(read.is_ok(), "{path} waits for the body");
        assert!(text.starts_with("HTTP/1.1 429"), "{path}: {text}");
    };
    // Of an address four times as many as of an account. What can't be read counts as well.
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(20_000));
    refused(&ask("/v1/sign-in", large.clone()).await, 413, "too-large");
    for _ in 0..3 {
        refused(&ask("/v1/sign-in/passkey", "{".to_owned()).await, 400, "malformed");
    }
    for path in ["/v1/sign-in", "/v1/sign-in/passkey"] {
        refused_at_once(path).await;
    }
    refused(&ask("/v1/setup", large).await, 413, "too-large");
    let link = json!({ "token": format!("su_{}", "A".repeat(43)) }).to_string();
    for _ in 0..8 {
        refused(&ask("/v1/setup/check", link.clone()).await, 403, "setup-link-invalid");
    }
    for path in [
        "/v1/sign-in/code",
        "/v1/setup/check",
        "/v1/setup",
        "/v1/recovery/check",
        "/v1/recovery",
        "/v1/invitations/check",
        "/v1/invitations/accept",
    ] {
        refused_at_once(path).await;
    }
}

#[tokio::test]
async fn a_fifth_stream_of_a_call_ends_the_oldest() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let path = format!("/v1/calls/{}/events", call.call_id);
    let mut streams = Vec::new();
    for _ in 0..5 {
        let stream = widget.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let mut first = streams.remove(0);
    let ended = async { while first.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(SOON, ended).await.unwrap();
    // The others go on to the end of the call.
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    for mut stream in streams {
        let mut text = Vec::new();
        let all = async {
            while let Some(chunk) = stream.chunk().await.unwrap() {
                text.extend_from_slice(&chunk);
            }
        };
        tokio::time::timeout(SOON, all).await.unwrap();
        assert!(String::from_utf8_lossy(&text).contains("call_ended"), "{text:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_origin_is_taken_off_the_list() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let path = format!("/v1/calls/{}/events", call.call_id);
    let mut stream = widget.request(Method::GET, &path).send().await.unwrap();
    // A change of something else leaves it.
    shop.change(json!({ "name": "Other" })).await.expect(200).unwrap();
    shop.change(json!({ "allowedOrigins": ["https://new.example"] })).await.expect(200).unwrap();
    let ended = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(SOON, ended).await.unwrap();
    let answer = widget.request(Method::GET, &path);
    refused(&Answer::to(answer).await.unwrap(), 401, "session-expired");
}

#[tokio::test]
async fn guesses_are_stopped_before_the_database_is_asked_and_calls_can_be_left() {
    let shop = Shop::with(Options::sqlite().with("--requests-per-minute", "20")).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let guess = |n: usize| {
        let key = format!("bp_{n:040}");
        answer::client().get(format!("{}/v1/apps", shop.server.url())).bearer_auth(key)
    };
    let mut last = 401;
    for n in 0..40 {
        last = Answer::to(guess(n)).await.unwrap().status;
    }
    assert_eq!(last, 429);
    refused(&shop.api.get("/v1/apps").await.unwrap(), 429, "rate-limited");
    let thief = widget.with_token(&format!("st_{}", "x".repeat(43)));
    let unknown = "call_01920000000070008000000000000001";
    refused(&thief.hang_up(unknown).await.unwrap(), 429, "rate-limited");
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
}

#[tokio::test]
async fn who_knows_a_live_call_guesses_no_more_tokens_by_it_than_without() {
    let shop = Shop::with(Options::sqlite().with("--requests-per-minute", "20")).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let mut statuses = Vec::new();
    for n in 0..40 {
        let thief = widget.with_token(&format!("st_{n:043}"));
        statuses.push(thief.hang_up(&call.call_id).await.unwrap().status);
    }
    assert_eq!(statuses.first(), Some(&401));
    assert_eq!(statuses.last(), Some(&429));
    // Its visitor is known, and leaves all the same.
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
}

#[tokio::test]
async fn metrics_are_for_those_who_show_a_token_or_at_an_address_of_their_own() {
    let token = "a-token-for-prometheus";
    let shop = Shop::with(Options::sqlite().with("--metrics-token", token)).await;
    let url = format!("{}/metrics", shop.server.url());
    let ask = async |token: Option<&str>| {
        let request = answer::client().get(&url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Answer::to(request).await.unwrap()
    };
    refused(&ask(None).await, 401, "api-key-invalid");
    refused(&ask(Some("another-token-for-it")).await, 401, "api-key-invalid");
    assert!(ask(Some(token)).await.expect(200).unwrap().text().contains("bellpush_"));
    shop.metrics().await;

    let port = bellpush_test_support::ports::free_port().unwrap();
    let own = format!("127.0.0.1:{port}");
    let shop = Shop::with(Options::sqlite().with("--metrics-listen", &own)).await;
    let metrics = eventually("metrics", SOON, async || {
        Ok(Answer::to(answer::client().get(format!("http://{own}/metrics"))).await.ok())
    });
    assert!(metrics.await.unwrap().expect(200).unwrap().text().contains("bellpush_"));
    refused(&shop.api.get("/metrics").await.unwrap(), 404, "not-found");
    let other = answer::client().get(format!("http://{own}/v1/apps"));
    refused(&Answer::to(other).await.unwrap(), 404, "not-found");
}
