//! Connections that end while requests are on them: what the endpoint has not processed is sent again
//! at once, and all else is a failed attempt.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::delivery::FailureClass;
use bellpush_delivery::client::{ClientSettings, WebhookClient};
use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    support::{quick, raw_endpoint},
    tls::{Scripted, acceptor, client, client_with, post_within},
};

pub(crate) const WITHIN: Duration = Duration::from_secs(10);
pub(crate) const THANKS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nthanks";

/// Reads one request of ours; `false` when there is none any more.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n{}") {
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    true
}

/// An endpoint of HTTP/1.1, with the connections and the requests that it has seen. `talk` gets each
/// connection with its number, from 1.
async fn endpoint<F>(
    talk: impl Fn(TcpStream, usize, Arc<AtomicUsize>) -> F + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (accepted, seen) = (Arc::clone(&connections), Arc::clone(&requests));
    let address = raw_endpoint(move |stream| {
        let number = accepted.fetch_add(1, Ordering::SeqCst) + 1;
        talk(stream, number, Arc::clone(&seen))
    })
    .await;
    (format!("http://{address}/"), connections, requests)
}

fn plain() -> WebhookClient {
    WebhookClient::new(&quick().client).unwrap()
}

#[tokio::test]
async fn a_request_on_a_connection_that_was_used_and_closes_without_a_byte_is_sent_again() {
    // Reads the second request, as one whose close crosses it does, and says nothing.
    let (url, connections, requests) = endpoint(|mut stream, number, seen| async move {
        while read_request(&mut stream).await {
            let so_far = seen.fetch_add(1, Ordering::SeqCst);
            if number == 1 && so_far == 1 {
                return;
            }
            stream.write_all(THANKS).await.unwrap();
        }
    })
    .await;
    let client = plain();
    for _ in 0..3 {
        let outcome = post_within(&client, &url, WITHIN).await;
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_request_that_was_sent_again_goes_to_a_new_connection_and_not_to_another_idle_one() {
    // Of two idle connections, both are dead; they are reset once a request comes.
    let (url, connections, _) = endpoint(|mut stream, number, _| async move {
        let mut first = true;
        while read_request(&mut stream).await {
            if number <= 2 && !std::mem::take(&mut first) {
                stream.set_zero_linger().unwrap();
                return;
            }
            // So that two requests are on the way at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.write_all(THANKS).await.unwrap();
        }
    })
    .await;
    let client = plain();
    let both = tokio::join!(post_within(&client, &url, WITHIN), post_within(&client, &url, WITHIN));
    assert_eq!((both.0.status, both.1.status), (Some(200), Some(200)));
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!(outcome.status, Some(200), "{}", outcome.detail);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_request_on_a_new_connection_that_breaks_is_a_failed_attempt() {
    let (url, _, requests) = endpoint(|mut stream, _, seen| async move {
        read_request(&mut stream).await;
        seen.fetch_add(1, Ordering::SeqCst);
    })
    .await;
    let outcome = post_within(&plain(), &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert_eq!(outcome.detail, "no valid answer: the endpoint closed the connection instead");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_whose_answer_has_begun_is_not_sent_again() {
    for begun in [&b"H"[..], b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ntha"] {
        let (url, _, requests) = endpoint(move |mut stream, _, seen| async move {
            while read_request(&mut stream).await {
                if seen.fetch_add(1, Ordering::SeqCst) == 1 {
                    stream.write_all(begun).await.unwrap();
                    return;
                }
                stream.write_all(THANKS).await.unwrap();
            }
        })
        .await;
        let client = plain();
        assert_eq!(post_within(&client, &url, WITHIN).await.status, Some(200));
        let outcome = post_within(&client, &url, WITHIN).await;
        assert_eq!(outcome.failure, Some(FailureClass::Protocol), "{begun:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 2, "{begun:?}");
    }
}

#[tokio::test]
async fn a_connection_is_not_used_for_longer_than_the_endpoint_says_that_it_keeps_it() {
    for (said, connections_after) in [("timeout=1", 2), ("timeout=60", 1), ("timeout=60, max=0", 2)]
    {
        let answer =
            format!("HTTP/1.1 200 OK\r\nkeep-alive: {said}\r\ncontent-length: 6\r\n\r\nthanks");
        let (url, connections, _) = endpoint(move |mut stream, _, _| {
            let answer = answer.clone();
            async move {
                while read_request(&mut stream).await {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        })
        .await;
        let client = plain();
        assert_eq!(post_within(&client, &url, WITHIN).await.status, Some(200));
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(post_within(&client, &url, WITHIN).await.status, Some(200));
        assert_eq!(connections.load(Ordering::SeqCst), connections_after, "{said}");
    }
}

#[tokio::test]
async fn connections_to_a_host_are_opened_a_few_at_a_time() {
    let opening = Arc::<AtomicUsize>::default();
    let most = Arc::<AtomicUsize>::default();
    let (now, highest) = (Arc::clone(&opening), Arc::clone(&most));
    let (acceptor, certificate) = acceptor(&["http/1.1"]);
    let address = raw_endpoint(move |stream| {
        let (acceptor, now, highest) = (acceptor.clone(), Arc::clone(&now), Arc::clone(&highest));
        async move {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            let accepted = acceptor.accept(stream).await;
            now.fetch_sub(1, Ordering::SeqCst);
            let Ok(mut stream) = accepted else { return };
            let mut read = Vec::new();
            while !read.windows(2).any(|two| two == b"{}") {
                stream.read_buf(&mut read).await.unwrap();
            }
            // Takes its time, so that nobody waits for it.
            tokio::time::sleep(Duration::from_secs(1)).await;
            stream.write_all(THANKS).await.unwrap();
        }
    })
    .await;
    let client = Arc::new(resolved(&certificate));
    let url = format!("https://hooks.example:{}/", address.port());
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (client, url) = (Arc::clone(&client), url.clone());
        requests.spawn(async move { post_within(&client, &url, WITHIN).await.status });
    }
    assert!(requests.join_all().await.into_iter().all(|status| status == Some(200)));
    let most = most.load(Ordering::SeqCst);
    assert!(most < 40, "{most} handshakes at once");
}

#[tokio::test]
async fn nobody_fails_who_waits_while_connections_are_opened_slowly_one_after_the_other() {
    let (acceptor, certificate) = acceptor(&["http/1.1"]);
    let address = raw_endpoint(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            while read_request(&mut stream).await {
                tokio::time::sleep(Duration::from_secs(2)).await;
                stream.write_all(THANKS).await.unwrap();
            }
        }
    })
    .await;
    let settings = ClientSettings { connect_timeout: Duration::from_secs(1), ..quick().client };
    let resolver = Scripted::new(&[&["127.0.0.1"]]);
    let client = Arc::new(client_with(&settings, resolver, &[&certificate]));
    let url = format!("https://hooks.example:{}/", address.port());
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (client, url) = (Arc::clone(&client), url.clone());
        // An attempt's time begins when its own connection does.
        let within = Duration::from_secs(3);
        requests.spawn(async move { post_within(&client, &url, within).await });
    }
    for outcome in requests.join_all().await {
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn a_request_on_a_connection_that_was_opened_for_nobody_and_closes_is_sent_again() {
    let opened = Arc::<tokio::sync::Notify>::default();
    let second = Arc::clone(&opened);
    let (connections, (acceptor, certificate)) =
        (Arc::<AtomicUsize>::default(), acceptor(&["http/1.1"]));
    let accepted = Arc::clone(&connections);
    let address = raw_endpoint(move |stream| {
        let number = accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let (acceptor, second) = (acceptor.clone(), Arc::clone(&second));
        async move {
            if number == 2 {
                // Meanwhile the request for which it is has been answered on the first one.
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            let mut stream = acceptor.accept(stream).await.unwrap();
            if number == 2 {
                second.notify_one();
                // As one whose close crosses the request.
                read_request(&mut stream).await;
                return;
            }
            let mut answered = 0;
            while read_request(&mut stream).await {
                answered += 1;
                let close = if number == 1 && answered == 2 { "connection: close\r\n" } else { "" };
                let head = format!("HTTP/1.1 200 OK\r\n{close}content-length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let (client, url) =
        (resolved(&certificate), format!("https://hooks.example:{}/", address.port()));
    let both = tokio::join!(post_within(&client, &url, WITHIN), post_within(&client, &url, WITHIN));
    assert_eq!((both.0.status, both.1.status), (Some(200), Some(200)));
    opened.notified().await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

/// Trusts this certificate, and finds every name on this machine.
fn resolved(certificate: &CertificateDer<'static>) -> WebhookClient {
    client(quick().client.addresses, Scripted::new(&[&["127.0.0.1"]]), &[certificate])
}

pub(crate) type Http2 = h2::server::Connection<TlsStream<TcpStream>, bytes::Bytes>;

/// An endpoint of HTTP/2. `talk` gets each connection with its number, from 1.
pub(crate) async fn http2_endpoint<F>(
    talk: impl Fn(Http2, usize) -> F + Send + Sync + 'static,
) -> (WebhookClient, String)
where
    F: Future<Output = ()> + Send + 'static,
{
    let talk = Arc::new(talk);
    tls_endpoint(&["h2"], move |stream, number| {
        let talk = Arc::clone(&talk);
        async move { talk(h2::server::handshake(stream).await.unwrap(), number).await }
    })
    .await
}

/// An endpoint that agrees to one of these protocols. `talk` gets each stream with its number, from 1.
pub(crate) async fn tls_endpoint<F>(
    protocols: &[&str],
    talk: impl Fn(TlsStream<TcpStream>, usize) -> F + Send + Sync + 'static,
) -> (WebhookClient, String)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (acceptor, certificate): (TlsAcceptor, _) = acceptor(protocols);
    let (accepted, talk) = (AtomicUsize::new(0), Arc::new(talk));
    let address = raw_endpoint(move |stream| {
        let number = accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let (acceptor, talk) = (acceptor.clone(), Arc::clone(&talk));
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            talk(stream, number).await;
        }
    })
    .await;
    (resolved(&certificate), format!("https://hooks.example:{}/", address.port()))
}

pub(crate) fn thank(mut respond: h2::server::SendResponse<bytes::Bytes>) {
    respond.send_response(http::Response::new(()), true).unwrap();
}

/// Until the client has gone.
async fn serve_all(mut connection: Http2) {
    while let Some(Ok((_, respond))) = connection.accept().await {
        thank(respond);
    }
}

#[tokio::test]
async fn a_stream_that_is_refused_is_sent_again_and_costs_no_attempt() {
    let (client, url) = http2_endpoint(|mut connection, _| async move {
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        respond.send_reset(h2::Reason::REFUSED_STREAM);
        serve_all(connection).await;
    })
    .await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
}

#[tokio::test]
async fn an_endpoint_that_refuses_every_stream_is_failing_after_all() {
    let (client, url) = http2_endpoint(|mut connection, _| async move {
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        }
    })
    .await;
    let begun = Instant::now();
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_that_is_reset_for_another_reason_is_a_failed_attempt() {
    let seen = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&seen);
    let (client, url) = http2_endpoint(move |mut connection, _| {
        let counted = Arc::clone(&counted);
        async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                respond.send_reset(h2::Reason::INTERNAL_ERROR);
            }
        }
    })
    .await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stream_that_goaway_leaves_in_and_that_breaks_is_a_failed_attempt() {
    let seen = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&seen);
    let (client, url) = http2_endpoint(move |mut connection, _| {
        let counted = Arc::clone(&counted);
        async move {
            // Its stream is the last one that the endpoint takes, and then the connection ends.
            let Some(Ok((_, _respond))) = connection.accept().await else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            connection.abrupt_shutdown(h2::Reason::NO_ERROR);
            _ = std::future::poll_fn(|cx| connection.poll_closed(cx)).await;
        }
    })
    .await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert_eq!(seen.load(Ordering::SeqCst), 1, "{}", outcome.detail);
}

#[tokio::test]
async fn a_request_on_a_connection_of_http_2_that_ends_without_a_word_is_sent_again() {
    let (client, url) = http2_endpoint(|mut connection, number| async move {
        let (_, respond) = connection.accept().await.unwrap().unwrap();
        thank(respond);
        if number == 1 {
            // The second is read, and the socket closed on it.
            _ = connection.accept().await;
            return;
        }
        serve_all(connection).await;
    })
    .await;
    for _ in 0..3 {
        let outcome = post_within(&client, &url, WITHIN).await;
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn a_head_of_http_2_that_is_too_large_is_called_that_and_not_asked_for_again() {
    let seen = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&seen);
    let (client, url) = http2_endpoint(move |mut connection, _| {
        let counted = Arc::clone(&counted);
        async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let large = "y".repeat(70_000);
                let response = http::Response::builder().header("x", large).body(()).unwrap();
                _ = respond.send_response(response, true);
            }
        }
    })
    .await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert!(outcome.detail.contains("larger than 64 KiB"), "{}", outcome.detail);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}
