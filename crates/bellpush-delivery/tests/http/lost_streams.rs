//! Endpoints of HTTP/2 that lose streams: on one connection, or on each.

use bellpush_core::delivery::FailureClass;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{
    connections::{WITHIN, tls_endpoint},
    stream_limits::{frame, settings},
    tls::post_within,
};

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
