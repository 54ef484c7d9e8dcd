//! Endpoints of HTTP/2 that lose streams: on one connection, or on each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bellpush_core::delivery::FailureClass;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{
    connections::{Http2, THANKS, WITHIN, http2_endpoint, read_request, thank, tls_endpoint},
    stream_limits::{frame, settings},
    tls::post_within,
};

#[tokio::test]
async fn a_connection_that_went_silent_is_not_used_again() {
    let (client, url) = http2_endpoint(|mut connection, number| async move {
        let (_, respond) = connection.accept().await.unwrap().unwrap();
        thank(respond);
        while let Some(Ok((_, respond))) = connection.accept().await {
            if number == 1 {
                // As where the machine is gone: not even a PING is answered.
                std::future::pending().await
            }
            thank(respond);
        }
    })
    .await;
    assert_eq!(post_within(&client, &url, WITHIN).await.status, Some(200));
    let lost = post_within(&client, &url, Duration::from_millis(500)).await;
    assert_eq!((lost.failure, lost.status), (Some(FailureClass::TimedOut), None));
    for _ in 0..2 {
        let outcome = post_within(&client, &url, Duration::from_secs(5)).await;
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn a_request_that_one_connection_refuses_is_sent_over_another_one() {
    let refused = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&refused);
    let (client, url) = http2_endpoint(move |mut connection, number| {
        let counted = Arc::clone(&counted);
        async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                if number == 1 {
                    counted.fetch_add(1, Ordering::SeqCst);
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                } else {
                    thank(respond);
                }
            }
        }
    })
    .await;
    for _ in 0..3 {
        let outcome = post_within(&client, &url, WITHIN).await;
        assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
    }
    // The first may have come before the endpoint had said how many it takes.
    let refused = refused.load(Ordering::SeqCst);
    assert!(refused <= 2, "{refused} streams were refused");
}

/// Takes no stream at all, and says why.
async fn go_away(stream: TlsStream<TcpStream>, reason: h2::Reason, words: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    writer.write_all(&settings(100)).await.unwrap();
    reader.read_exact(&mut [0; 24]).await.unwrap();
    let mut head = [0; 9];
    while reader.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        reader.read_exact(&mut payload).await.unwrap();
        if kind == 1 {
            let said = [&[0; 4], &u32::from(reason).to_be_bytes()[..], words].concat();
            writer.write_all(&frame(7, 0, 0, &said)).await.unwrap();
            writer.flush().await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_wants_http_1_gets_that() {
    for by_goaway in [false, true] {
        let streams = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&streams);
        let (client, url) = tls_endpoint(&["h2", "http/1.1"], move |mut stream, _| {
            let counted = Arc::clone(&counted);
            async move {
                if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                    while read_request(&mut stream).await {
                        stream.write_all(THANKS).await.unwrap();
                    }
                    return;
                }
                if by_goaway {
                    counted.fetch_add(1, Ordering::SeqCst);
                    return go_away(stream, h2::Reason::HTTP_1_1_REQUIRED, b"").await;
                }
                let mut connection: Http2 = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    respond.send_reset(h2::Reason::HTTP_1_1_REQUIRED);
                }
            }
        })
        .await;
        for _ in 0..3 {
            let outcome = post_within(&client, &url, WITHIN).await;
            assert_eq!((outcome.failure, outcome.status), (None, Some(200)), "{}", outcome.detail);
        }
        assert_eq!(streams.load(Ordering::SeqCst), 1, "by GOAWAY: {by_goaway}");
    }
}

#[tokio::test]
async fn what_an_endpoint_adds_to_goaway_is_in_no_word_of_ours() {
    let (client, url) = tls_endpoint(&["h2"], |stream, _| {
        go_away(stream, h2::Reason::ENHANCE_YOUR_CALM, b"you sent Bearer hush-4c1d")
    })
    .await;
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!((outcome.failure, outcome.status), (Some(FailureClass::Protocol), None));
    assert!(outcome.detail.contains("the endpoint ended the connection"), "{}", outcome.detail);
    assert!(!outcome.detail.contains("hush"), "{}", outcome.detail);
}
