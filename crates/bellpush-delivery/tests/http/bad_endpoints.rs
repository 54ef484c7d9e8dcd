//! Endpoints that misbehave: each failure has its class, its time bound, and its words.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use bellpush_core::delivery::FailureClass;
use bellpush_delivery::client::{Outcome, WebhookClient};
use flate2::{Compression, write::GzEncoder};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    connections::{self, tls_endpoint},
    support::{Sink, quick, raw_endpoint},
    tls::post_within,
};

async fn post(url: &str) -> Outcome {
    let client = WebhookClient::new(&quick().client).unwrap();
    post_within(&client, url, Duration::from_secs(2)).await
}

async fn post_raw<F>(talk: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Outcome
where
    F: Future<Output = ()> + Send + 'static,
{
    post(&format!("http://{}/", raw_endpoint(talk).await)).await
}

/// Reads a request of ours: a head, and the body `{}`.
async fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n{}") {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn of_an_error_whose_body_breaks_off_it_is_known_that_it_was_cut() {
    for (length, is_cut) in [(4, false), (1_000, true)] {
        let answer = post_raw(move |mut stream| async move {
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 500 Oops\r\ncontent-length: {length}\r\n\r\nhalf");
            let _ = stream.write_all(head.as_bytes()).await;
        })
        .await;
        assert_eq!((answer.failure, answer.status), (Some(FailureClass::Status), Some(500)));
        assert_eq!((answer.is_cut, answer.detail.as_str()), (is_cut, "half"));
    }
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let answer = post(&format!("http://{address}/")).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Connect), None));
    assert!(answer.detail.contains("refused"), "{}", answer.detail);
}

#[tokio::test]
async fn a_reset_connection_is_a_broken_protocol() {
    let answer = post_raw(|mut stream| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Protocol), None));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_broken_protocol() {
    for nonsense in
        ["SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 twohundred OK\r\n\r\n", "\0\0\0\0\r\n\r\n"]
    {
        let answer = post_raw(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(nonsense.as_bytes()).await.unwrap();
        })
        .await;
        assert_eq!(answer.failure, Some(FailureClass::Protocol), "{nonsense:?}");
    }
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    let answer = post_raw(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x-more: and more and more\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(answer.failure, Some(FailureClass::Protocol));
}

#[tokio::test]
async fn a_head_with_too_much_in_it_is_told_by_what_is_too_much() {
    let many = "x: y\r\n".repeat(101);
    let large = format!("x: {}\r\n", "y".repeat(300_000));
    for (headers, words) in [(many, "more than 100 headers"), (large, "larger than 64 KiB")] {
        let answer = post_raw(move |mut stream| {
            let head = format!("HTTP/1.1 500 Oh\r\n{headers}\r\n");
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.read_u8().await;
            }
        })
        .await;
        assert_eq!(answer.failure, Some(FailureClass::Protocol), "{words}");
        assert!(answer.detail.contains(words), "{}", answer.detail);
    }
}

#[tokio::test]
async fn a_packed_body_and_one_with_the_line_ends_of_windows_are_kept_as_text() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"the signature\r\ndoes not fit").unwrap();
    let packed = packed.finish().unwrap();
    let sink = Sink::answering(move |_| {
        let packed = packed.clone();
        async move { (StatusCode::BAD_REQUEST, [(header::CONTENT_ENCODING, "gzip")], packed) }
    })
    .await;
    assert_eq!(post(&sink.url()).await.detail, "the signature\ndoes not fit");
}

#[tokio::test]
async fn an_endpoint_whose_clock_shows_another_time_is_told_of_when_it_refuses() {
    let sink = Sink::answering(|_| async {
        (StatusCode::UNAUTHORIZED, [(header::DATE, "Sat, 01 Mar 2031 09:30:00 GMT")], "too old")
    })
    .await;
    let answer = post(&sink.url()).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Status), Some(401)));
    assert!(answer.detail.starts_with("This server's clock is"), "{}", answer.detail);
    assert!(answer.detail.contains("behind the endpoint's"), "{}", answer.detail);
    assert!(answer.detail.ends_with("\n\ntoo old"), "{}", answer.detail);
}

#[tokio::test]
async fn of_a_huge_answer_only_the_beginning_is_read() {
    let begun = Instant::now();
    // Without end: whoever read it all would never be done.
    let answer = post_raw(|mut stream| async move {
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
        let _ = stream.write_all(head).await;
        while stream.write_all(&[b'x'; 1_024]).await.is_ok() {}
    })
    .await;
    assert_eq!((answer.failure, answer.status), (None, Some(200)));
    assert_eq!(answer.detail, "x".repeat(4_096));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_answer_that_drips_is_not_waited_for_longer_than_the_total_time() {
    let begun = Instant::now();
    let answer = post_raw(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while stream.write_all(b".").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::TimedOut), Some(200)));
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_a_success() {
    let answer = post_raw(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf").await;
    })
    .await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Protocol), Some(200)));
}

#[tokio::test]
async fn an_answer_with_headers_as_nobody_should_write_them_any_more_is_one() {
    for line in ["x-note: a\r\n b", "x-note : a"] {
        let answer = post_raw(move |mut stream| async move {
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\n{line}\r\ncontent-length: 4\r\n\r\nfine");
            stream.write_all(head.as_bytes()).await.unwrap();
        })
        .await;
        assert_eq!((answer.failure, answer.status), (None, Some(200)), "{}", answer.detail);
        assert_eq!(answer.detail, "fine", "{line}");
    }
}

#[tokio::test]
async fn an_answer_without_length_is_one_though_tls_ends_without_a_word() {
    for (head, failure) in [
        ("HTTP/1.0 200 OK\r\n\r\nfine", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfine", Some(FailureClass::Protocol)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n",
            Some(FailureClass::Protocol),
        ),
    ] {
        let (client, url) = tls_endpoint(&["http/1.1"], move |mut stream, _| async move {
            assert!(connections::read_request(&mut stream).await);
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        })
        .await;
        let answer = post_within(&client, &url, Duration::from_secs(5)).await;
        assert_eq!((answer.failure, answer.status), (failure, Some(200)), "{}", answer.detail);
        assert!(answer.is_cut && answer.detail.contains("fine") == failure.is_none());
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let elsewhere = Sink::healthy().await;
    let there = elsewhere.url();
    let sink = Sink::answering(move |_| {
        let there = there.clone();
        async move { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, there)]).into_response() }
    })
    .await;
    let answer = post(&sink.url()).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Status), Some(307)));
    assert_eq!((sink.received().len(), elsewhere.received().len()), (1, 0));
}

#[tokio::test]
async fn what_an_endpoint_says_is_kept_without_control_characters_and_its_wish_for_patience_too() {
    let sink = Sink::answering(|_| async {
        let headers = [(header::RETRY_AFTER, "77")];
        (StatusCode::SERVICE_UNAVAILABLE, headers, "busy\0\x1b[2J now\n")
    })
    .await;
    let answer = post(&sink.url()).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Status), Some(503)));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(77)));
    assert_eq!(answer.detail, "busy\u{fffd}\u{fffd}[2J now\n");
}
