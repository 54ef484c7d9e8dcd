//! Endpoints of HTTP/2 that take few streams at once, or none at first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::delivery::FailureClass;
use bellpush_delivery::client::{Outcome, WebhookClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::server::TlsStream;

use crate::{
    connections::{Http2, WITHIN, thank, tls_endpoint},
    tls::post_within,
};

/// Sends so many requests at once.
async fn post_many(client: &Arc<WebhookClient>, url: &str, count: usize) -> Vec<Outcome> {
    let mut requests = JoinSet::new();
    for _ in 0..count {
        let (client, url) = (Arc::clone(client), url.to_owned());
        requests.spawn(async move { post_within(&client, &url, WITHIN).await });
    }
    requests.join_all().await
}

#[tokio::test]
async fn an_endpoint_of_one_stream_a_connection_gets_further_connections_a_few_at_a_time() {
    let (open, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let seen = Arc::clone(&most);
    let (client, url) = tls_endpoint(&["h2"], move |stream, _| {
        let (open, most) = (Arc::clone(&open), Arc::clone(&most));
        async move {
            let mut builder = h2::server::Builder::new();
            let builder = builder.max_concurrent_streams(1);
            let mut connection: Http2 = builder.handshake(stream).await.unwrap();
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            while let Some(Ok((_, respond))) = connection.accept().await {
                tokio::spawn(async move {
                    sleep(Duration::from_millis(500)).await;
                    thank(respond);
                });
            }
        }
    })
    .await;
    let begun = Instant::now();
    for outcome in post_many(&Arc::new(client), &url, 32).await {
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
    // One after the other would take 16 s.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let most = seen.load(Ordering::SeqCst);
    assert!((2..=32).contains(&most), "{most} connections");
}

/// A frame of HTTP/2.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// SETTINGS that allow so many streams at once.
pub(crate) fn settings(streams: u32) -> Vec<u8> {
    frame(4, 0, 0, &[&[0, 3], &streams.to_be_bytes()[..]].concat())
}

/// Refuses every stream at first, and takes a hundred after a while. Answers each of these with 200.
async fn late(stream: TlsStream<TcpStream>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    writer.write_all(&settings(0)).await.unwrap();
    let (answers, mut to_send) = tokio::sync::mpsc::unbounded_channel();
    let (more, is_open) = (answers.clone(), Arc::<AtomicBool>::default());
    let opened = Arc::clone(&is_open);
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        opened.store(true, Ordering::SeqCst);
        _ = more.send(settings(100));
    });
    tokio::spawn(async move {
        while let Some(frame) = to_send.recv().await {
            if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
    });
    reader.read_exact(&mut [0; 24]).await.unwrap();
    let mut head = [0; 9];
    while reader.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        reader.read_exact(&mut payload).await.unwrap();
        match (kind, flags & 1) {
            (4, 0) => _ = answers.send(frame(4, 1, 0, &[])),
            // What was sent before the SETTINGS were read: REFUSED_STREAM.
            (1, _) if !is_open.load(Ordering::SeqCst) => {
                _ = answers.send(frame(3, 0, u32::from_be_bytes(stream), &[0, 0, 0, 7]));
            }
            (0, _) if !is_open.load(Ordering::SeqCst) => {}
            (0 | 1, 1) => _ = answers.send(frame(1, 5, u32::from_be_bytes(stream), &[0x88])),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_streams_later_gets_what_waited_and_nobody_waits_who_gave_up() {
    let (client, url) = tls_endpoint(&["h2"], |stream, _| late(stream)).await;
    let hasty = post_within(&client, &url, Duration::from_millis(300)).await;
    assert_eq!((hasty.failure, hasty.status), (Some(FailureClass::TimedOut), None));
    for outcome in post_many(&Arc::new(client), &url, 8).await {
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
}
